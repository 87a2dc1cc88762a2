/**
 * Chooses how long events are kept, and sets or lifts the legal hold.
 *
 * It forgets nothing itself: a job does, later. Invariant: what a shorter time would let go is said before it is saved.
 */
import { Checkbox, NumberInput, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { tell } from '../parts/follow-save.tsx'
import { type Extra, reasonOf } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { topicKey } from '../queries.ts'
import type { Retention } from './retention-queries.ts'

type Choice = Pick<Retention, 'years' | 'held' | 'heldWhy'>

/** Saves a choice over the version that is shown; the message says so with the way back. */
function useRetention(retention: Retention) {
  const practice = usePractice()
  const client = useQueryClient()
  const reload = () => client.invalidateQueries({ queryKey: topicKey(practice.id, 'retention') })
  const put = (version: number, json: Choice & Extra) =>
    parseResponse(
      api.practices[':practice']['security-events'].retention.$put({
        param: { practice: practice.id },
        header: { 'if-match': `"${version}"` },
        json,
      }),
    )
  const save = async (choice: Choice, extra: Extra) => {
    const { version } = await put(retention.version, { ...choice, ...reasonOf(extra) })
    const { years, held, heldWhy } = retention
    tell('How long events are kept is saved', '', async () => {
      await put(version, { years, held, heldWhy })
      await reload()
    })
    await reload()
  }
  return { save, reload }
}

/** The dialog. */
export function RetentionDialog({
  retention,
  onClose,
}: {
  readonly retention: Retention
  readonly onClose: () => void
}) {
  const [years, setYears] = useState(retention.years)
  const [held, setHeld] = useState(retention.held)
  const [heldWhy, setHeldWhy] = useState(retention.heldWhy)
  const { save, reload } = useRetention(retention)
  const isYears = Number.isInteger(years) && years >= 1 && years <= 100
  return (
    <ConfirmDialog
      title="How long events are kept"
      act="Save"
      danger={isYears && years < retention.years && !held}
      canAct={isYears && (!held || heldWhy.trim() !== '')}
      save={(extra) => save({ years, held, heldWhy: held ? heldWhy : '' }, extra)}
      reload={() => void reload()}
      onClose={onClose}
    >
      <NumberInput
        label="Years"
        description="1 to 100. HIPAA asks for six."
        min={1}
        max={100}
        allowDecimal={false}
        value={years}
        error={isYears ? null : 'Enter 1 to 100.'}
        onChange={(value) => setYears(Number(value))}
      />
      {isYears && years < retention.years && !held && (
        <p className="gh-warn-text">
          Events that are older than {years} {years === 1 ? 'year' : 'years'} are forgotten for good within a
          day. Export them first if anybody may ask for them.
        </p>
      )}
      <Checkbox
        label="Legal hold"
        description="Nothing is forgotten until it is lifted."
        checked={held}
        onChange={(event) => setHeld(event.currentTarget.checked)}
      />
      {held && (
        <TextInput
          label="What the hold is for"
          description="Stands in the record, such as a case number."
          required
          maxLength={500}
          value={heldWhy}
          onChange={(event) => setHeldWhy(event.currentTarget.value)}
        />
      )}
    </ConfirmDialog>
  )
}
