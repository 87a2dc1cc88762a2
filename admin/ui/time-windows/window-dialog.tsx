/**
 * Adds a weekly window or edits one: days, start, end, audience, zone, from and until which day.
 *
 * Closures and openings have a dialog of their own. Invariant: every problem the API finds is shown at its field, and a
 * conflict or a lockout keeps what was typed.
 */
import { Button, Checkbox, Group, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { AudienceField, audienceOf, audienceText } from '../parts/audience-field.tsx'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { showMessage } from '../parts/told.ts'
import { usePractice } from '../practice.ts'
import { problemAt, type ShownProblem } from '../problem.ts'
import { type TimeWindow, topicKey } from '../queries.ts'
import { TimeForm } from './time-form.tsx'
import { ZoneField } from './zone-field.tsx'

const days = [
  { id: 'mon', name: 'Mon' },
  { id: 'tue', name: 'Tue' },
  { id: 'wed', name: 'Wed' },
  { id: 'thu', name: 'Thu' },
  { id: 'fri', name: 'Fri' },
  { id: 'sat', name: 'Sat' },
  { id: 'sun', name: 'Sun' },
] as const

type Fields = {
  readonly label: string
  readonly days: readonly string[]
  readonly start: string
  readonly end: string
  readonly audience: string
  readonly zone: string
  readonly validFrom: string
  readonly validTo: string
  readonly insteadOfRoleHours: boolean
}

const shownFields = ['label', 'days', 'start', 'end', 'audience', 'zone', 'validFrom', 'validTo']
const routes = api.practices[':practice']['time-windows']

const started = (window: TimeWindow | null, audience: string): Fields => ({
  label: window?.label ?? '',
  days: window?.days ?? ['mon', 'tue', 'wed', 'thu', 'fri'],
  start: window?.start ?? '08:00',
  end: window?.end ?? '18:00',
  audience: window === null ? audience : audienceText(window.audience),
  zone: window?.zone ?? '',
  validFrom: window?.validFrom ?? '',
  validTo: window?.validTo ?? '',
  insteadOfRoleHours: window?.insteadOfRoleHours ?? false,
})

const wishOf = (fields: Fields) => ({
  label: fields.label.trim() === '' ? null : fields.label,
  days: days.flatMap(({ id }) => (fields.days.includes(id) ? [id] : [])),
  start: fields.start.trim(),
  end: fields.end.trim(),
  audience: audienceOf(fields.audience),
  zone: fields.zone.trim() === '' ? null : fields.zone.trim(),
  validFrom: fields.validFrom === '' ? null : fields.validFrom,
  validTo: fields.validTo === '' ? null : fields.validTo,
  insteadOfRoleHours: fields.insteadOfRoleHours && fields.audience.startsWith('user:'),
})

function useWindowSave(window: TimeWindow | null, revision: number, fields: Fields) {
  const practice = usePractice()
  const client = useQueryClient()
  return async (extra: Extra) => {
    const json = { ...wishOf(fields), ...extra }
    const header = { 'if-match': `"${revision}"` }
    const param = { practice: practice.id }
    const { sequence, notes } = await (window === null
      ? parseResponse(routes.$post({ param, header: {}, json }))
      : parseResponse(routes[':id'].$patch({ param: { ...param, id: window.id }, header, json })))
    followSave(`The window is ${window === null ? 'added' : 'saved'}`, sequence)
    if (notes.length > 0)
      showMessage({
        title: 'Worth knowing',
        message: notes.join(' '),
        autoClose: 12_000,
        withBorder: true,
        closeButtonProps: { 'aria-label': 'Close message' },
      })
    await client.invalidateQueries({ queryKey: topicKey(practice.id) })
  }
}

type FieldsProps = {
  readonly fields: Fields
  readonly problem: ShownProblem | null
  readonly set: (change: Partial<Fields>) => void
}

function HoursFields({ fields, problem, set }: FieldsProps) {
  return (
    <>
      <Checkbox.Group
        label="Days"
        value={[...fields.days]}
        error={problemAt(problem, 'days')}
        onChange={(chosen) => set({ days: chosen })}
      >
        <Group gap="sm" mt="xs">
          {days.map(({ id, name }) => (
            <Checkbox key={id} value={id} label={name} />
          ))}
        </Group>
      </Checkbox.Group>
      <div className="gh-pair">
        <TextInput
          label="Start"
          description="Such as 08:00."
          value={fields.start}
          error={problemAt(problem, 'start')}
          maxLength={5}
          onChange={(event) => set({ start: event.currentTarget.value })}
        />
        <TextInput
          label="End"
          description="An earlier one is the next day’s."
          value={fields.end}
          error={problemAt(problem, 'end')}
          maxLength={5}
          onChange={(event) => set({ end: event.currentTarget.value })}
        />
      </div>
      <Group>
        <Button size="xs" variant="default" onClick={() => set({ start: '00:00', end: '24:00' })}>
          All day
        </Button>
      </Group>
    </>
  )
}

function UseFields({ fields, problem, set }: FieldsProps) {
  return (
    <>
      <AudienceField
        description="Whose hours these are. Hours of the practice, of roles and of a person add up."
        value={fields.audience}
        error={problemAt(problem, 'audience')}
        onChange={(audience) => set({ audience })}
      />
      {fields.audience.startsWith('user:') && (
        <Checkbox
          label="Instead of role hours"
          description="Only this person’s own windows count, not those of the practice and their roles."
          checked={fields.insteadOfRoleHours}
          onChange={(event) => set({ insteadOfRoleHours: event.currentTarget.checked })}
        />
      )}
      <div className="gh-pair">
        <TextInput
          label="First day"
          type="date"
          description="Empty: from now on."
          value={fields.validFrom}
          error={problemAt(problem, 'validFrom')}
          onChange={(event) => set({ validFrom: event.currentTarget.value })}
        />
        <TextInput
          label="Last day"
          type="date"
          description="Empty: for good."
          value={fields.validTo}
          error={problemAt(problem, 'validTo')}
          onChange={(event) => set({ validTo: event.currentTarget.value })}
        />
      </div>
      <ZoneField
        zone={fields.zone === '' ? null : fields.zone}
        error={problemAt(problem, 'zone')}
        onChange={(zone) => set({ zone: zone ?? '' })}
      />
      <TextInput
        label="Label"
        description="Optional."
        value={fields.label}
        error={problemAt(problem, 'label')}
        maxLength={80}
        onChange={(event) => set({ label: event.currentTarget.value })}
      />
    </>
  )
}

/** The dialog; draw it while it is open. `window` `null`: a new one, for `audience`. `revision`: what an edit is made from. */
export function WindowDialog(props: {
  readonly window: TimeWindow | null
  readonly audience: string
  readonly revision: number
  readonly onClose: () => void
}) {
  const { window, onClose } = props
  const [fields, setFields] = useState(() => started(window, props.audience))
  const save = useWindowSave(window, props.revision, fields)
  const set = (change: Partial<Fields>) => setFields((now) => ({ ...now, ...change }))
  return (
    <TimeForm
      title={window === null ? 'Add a window' : `Edit “${window.label ?? window.sentence}”`}
      fields={shownFields}
      save={save}
      onClose={onClose}
    >
      {(problem) => (
        <>
          <HoursFields fields={fields} problem={problem} set={set} />
          <UseFields fields={fields} problem={problem} set={set} />
        </>
      )}
    </TimeForm>
  )
}
