/**
 * Changes a practice's name and time zone, from the revision that the list shows.
 *
 * Its id stays. Invariant: another zone moves every window on the clock, which is said before it is saved; what would lock
 * an admin out is refused by the API like any edit.
 */
import { TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import type { PracticeLine } from './practice-queries.ts'
import { ZoneField } from './zone-field.tsx'

/** The dialog. */
export function EditPracticeDialog(props: { readonly practice: PracticeLine; readonly onClose: () => void }) {
  const { practice, onClose } = props
  const client = useQueryClient()
  const [name, setName] = useState(practice.name)
  const [zone, setZone] = useState(practice.zone)
  const reload = async () => {
    await client.invalidateQueries({ queryKey: ['practices'] })
    await client.invalidateQueries({ queryKey: ['practice', practice.id] })
    await client.invalidateQueries({ queryKey: ['me'] })
  }
  const save = async (extra: Extra) => {
    const saved = await parseResponse(
      api.practices[':practice'].$patch({
        param: { practice: practice.id },
        header: { 'if-match': `"${practice.revision}"` },
        json: {
          ...(name === practice.name ? {} : { name }),
          ...(zone === practice.zone ? {} : { zone }),
          ...extra,
        },
      }),
    )
    followSave(`“${name}” is changed`, saved.sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Edit “${practice.name}”`}
      act="Save"
      canAct={name.trim() !== '' && (name !== practice.name || zone !== practice.zone)}
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <TextInput
        label="Name"
        value={name}
        required
        maxLength={80}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <ZoneField value={zone} error={null} onChange={setZone} />
      {zone !== practice.zone && (
        <p className="gh-warn-text">
          Every time window is read on this clock from the next request on: who is open now may be closed.
        </p>
      )}
      <p className="gh-faint">
        A practice is not removed, since its security events must be kept. One that leaves is retired, from
        the list.
      </p>
    </ConfirmDialog>
  )
}
