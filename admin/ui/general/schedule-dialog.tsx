/**
 * Plans the start of a change: what, when on the practice's wall, what people are told; with the same review as a save.
 *
 * What waits is `schedule-card.tsx`'s. Invariant: the time is the practice's, never the browser's, and what is planned is
 * a switch or a preset alone, so that everything else may be edited until then.
 */
import { NativeSelect, Textarea, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { tell } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { modeNames } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { type General, type Mode, presetsQuery, topicKey } from '../queries.ts'
import { ReviewDialog } from '../review/review-dialog.tsx'
import type { Draft } from '../review/review-queries.ts'
import { fullTime, instantOf, wallTime } from '../times.ts'
import { type Control, controlNames } from './control-summary.tsx'

const dayMs = 86_400_000
const controls: readonly Control[] = ['ip', 'time', 'twoFactor', 'permission']
const modes: readonly Mode[] = ['enforce', 'monitor', 'off']

/** Six o'clock of the next Monday on the practice's wall. */
function nextMonday(now: number, zone: string): string {
  for (let days = 1; days <= 7; days += 1) {
    const day = wallTime(now + days * dayMs, zone).slice(0, 10)
    if (new Date(`${day}T00:00Z`).getUTCDay() === 1) return `${day}T06:00`
  }
  return ''
}

type Wish = { readonly what: string; readonly mode: Mode; readonly when: string; readonly notice: string }

const isControl = (what: string): what is Control => controls.some((one) => one === what)

const draftOf = ({ what, mode }: Wish): Draft =>
  isControl(what) ? { controls: { [what]: { mode } } } : { preset: what as NonNullable<Draft['preset']> }

function Fields({ wish, set }: { readonly wish: Wish; readonly set: (wish: Wish) => void }) {
  const practice = usePractice()
  const { data: presets } = useQuery(presetsQuery(practice.id))
  return (
    <>
      <div className="gh-pair">
        <NativeSelect
          label="What"
          description="A control, or a preset as a whole."
          value={wish.what}
          onChange={(event) => set({ ...wish, what: event.currentTarget.value })}
        >
          <optgroup label="Controls">
            {controls.map((control) => (
              <option key={control} value={control}>
                {controlNames[control]}
              </option>
            ))}
          </optgroup>
          <optgroup label="Presets">
            {(presets?.presets ?? [])
              .filter(({ problems }) => problems.length === 0)
              .map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
          </optgroup>
        </NativeSelect>
        {isControl(wish.what) && (
          <NativeSelect
            label="Becomes"
            description="From that time on."
            value={wish.mode}
            onChange={(event) => set({ ...wish, mode: event.currentTarget.value as Mode })}
          >
            {modes.map((mode) => (
              <option key={mode} value={mode}>
                {modeNames[mode]}
              </option>
            ))}
          </NativeSelect>
        )}
      </div>
      <TextInput
        label="Starts"
        description={`As the clock on the practice’s wall shows it (${practice.zone}).`}
        type="datetime-local"
        required
        value={wish.when}
        onChange={(event) => set({ ...wish, when: event.currentTarget.value })}
      />
      <Textarea
        label="Notice"
        description="Optional; mailed to the people concerned where mail is configured."
        autosize
        minRows={2}
        maxLength={500}
        value={wish.notice}
        onChange={(event) => set({ ...wish, notice: event.currentTarget.value })}
      />
    </>
  )
}

/** The dialog; draw it while it is open. */
export function ScheduleDialog({
  general,
  onClose,
}: {
  readonly general: General
  readonly onClose: () => void
}) {
  const practice = usePractice()
  const client = useQueryClient()
  const [wish, setWish] = useState<Wish>(() => ({
    what: 'ip',
    mode: 'enforce',
    when: nextMonday(Date.now(), practice.zone),
    notice: '',
  }))
  const startsAt = instantOf(wish.when, practice.zone)
  const reload = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  const draft = draftOf(wish)
  const save = async (extra: Extra) => {
    if (startsAt === null) return
    const param = { practice: practice.id }
    const header = { 'if-match': `"${general.revision}"` }
    const json = { startsAt, draft, notice: wish.notice.trim(), ...extra }
    const made = await parseResponse(
      api.practices[':practice']['scheduled-changes'].$post({ param, header, json }),
    )
    tell('The start is planned', made.startsText)
    await reload()
  }
  return (
    <ReviewDialog
      title="Plan a start"
      act="Plan"
      draft={draft}
      revision={general.revision}
      canAct={startsAt !== null}
      people={general.named}
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <Fields wish={wish} set={setWish} />
      {startsAt !== null && (
        <p className="gh-faint">
          Starts {fullTime(startsAt, practice.zone)}. It is checked now, and once more at its time.
        </p>
      )}
    </ReviewDialog>
  )
}
