/**
 * Creates a practice: name, id, zone, contact line, and a preset to start with.
 *
 * Its people come by signing in or by a file. Invariant: the id is made of the name until it is typed, and cannot be
 * changed afterwards, which is said; a preset that could not be applied leaves a practice with every control off.
 */
import { NativeSelect, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { Dialog } from '../parts/confirm-dialog.tsx'
import { FormEnd } from '../parts/form-end.tsx'
import { useSaving } from '../parts/saving.ts'
import { tellDone, tellFailed } from '../parts/told.ts'
import { problemAt, type ShownProblem } from '../problem.ts'
import { ZoneField } from './zone-field.tsx'

const shownFields = ['id', 'name', 'zone', 'contact']

/** The presets that need nothing set up before. */
const presets = [
  ['', 'None: every control off'],
  ['baseline', 'Baseline: permissions enforced'],
  ['two-factor-admins', '2FA for admins'],
  ['two-factor-everyone', '2FA for everyone'],
] as const

/** An id out of a name: "Maple Dental" is `maple-dental`. */
const slugOf = (name: string): string =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 64)

type Fields = {
  readonly name: string
  /** `null`: made of the name. */
  readonly id: string | null
  readonly zone: string
  readonly contact: string
  readonly preset: string
}

function useCreation(fields: Fields, onClose: () => void) {
  const client = useQueryClient()
  const navigate = useNavigate()
  return useSaving(async (extra) => {
    const { name, zone, contact, preset } = fields
    const id = fields.id ?? slugOf(name)
    const { reason } = extra
    const json = { id, name, zone, contact, ...(reason === undefined ? {} : { reason }) }
    const made = await parseResponse(api.practices.$post({ json }))
    if (preset !== '')
      await parseResponse(
        api.practices[':practice'].presets[':preset'].apply.$post({
          param: { practice: id, preset },
          header: { 'if-match': `"${made.revision}"` },
          json: {},
        }),
      ).catch(tellFailed)
    tellDone(`“${name}” is created`, 'Say next from where and when its people work.')
    onClose()
    await client.invalidateQueries({ queryKey: ['practices'] })
    await client.invalidateQueries({ queryKey: ['me'] })
    await navigate({ to: '/practices/$practice/general', params: { practice: id } })
  })
}

function NameFields(props: {
  readonly fields: Fields
  readonly problem: ShownProblem | null
  readonly set: (change: Partial<Fields>) => void
}) {
  const { fields, problem, set } = props
  return (
    <>
      <TextInput
        label="Name"
        value={fields.name}
        error={problemAt(problem, 'name')}
        required
        maxLength={80}
        data-autofocus
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <TextInput
        label="Id"
        description="Stands in addresses and in the configuration; it cannot be changed later."
        value={fields.id ?? slugOf(fields.name)}
        error={problemAt(problem, 'id')}
        required
        maxLength={64}
        spellCheck={false}
        onChange={(event) => set({ id: event.currentTarget.value })}
      />
    </>
  )
}

/** The dialog. */
export function CreatePracticeDialog({ onClose }: { readonly onClose: () => void }) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone
  const [fields, setFields] = useState<Fields>({ name: '', id: null, zone: here, contact: '', preset: '' })
  const saving = useCreation(fields, onClose)
  const { problem } = saving
  const set = (change: Partial<Fields>) => setFields((now) => ({ ...now, ...change }))
  return (
    <Dialog title="Create a practice" onClose={onClose}>
      <form
        className="gh-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void saving.run()
        }}
      >
        <NameFields fields={fields} problem={problem} set={set} />
        <ZoneField
          value={fields.zone}
          error={problemAt(problem, 'zone')}
          onChange={(zone) => set({ zone })}
        />
        <TextInput
          label="Whom people turn to"
          description="Shown where somebody is refused, such as “Nora at the front desk, 555-0100”."
          value={fields.contact}
          error={problemAt(problem, 'contact')}
          maxLength={200}
          onChange={(event) => set({ contact: event.currentTarget.value })}
        />
        <NativeSelect
          label="Preset"
          description="Those for networks and hours can be applied once there are some."
          value={fields.preset}
          onChange={(event) => set({ preset: event.currentTarget.value })}
        >
          {presets.map(([id, name]) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </NativeSelect>
        <FormEnd saving={saving} act="Create" fields={shownFields} onCancel={onClose} />
      </form>
    </Dialog>
  )
}
