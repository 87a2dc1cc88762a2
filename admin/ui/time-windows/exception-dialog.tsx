/**
 * Adds a closure or a one-off opening, or edits one: which days, which hours, for whom.
 *
 * Weekly windows have a dialog of their own. Invariant: every problem the API finds is shown at its field, and a
 * conflict or a lockout keeps what was typed.
 */
import { NativeSelect, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { AudienceField, audienceOf, audienceText } from '../parts/audience-field.tsx'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { problemAt, type ShownProblem } from '../problem.ts'
import { type TimeException, topicKey } from '../queries.ts'
import { TimeForm } from './time-form.tsx'

type Fields = {
  readonly kind: TimeException['kind']
  readonly label: string
  readonly from: string
  readonly to: string
  readonly start: string
  readonly end: string
  readonly audience: string
}

const shownFields = ['kind', 'label', 'from', 'to', 'start', 'end', 'audience']
const routes = api.practices[':practice']['time-exceptions']

type Days = { readonly from: string; readonly to: string }

const started = (exception: TimeException | null, days: Days | null): Fields => ({
  kind: exception?.kind ?? 'closure',
  label: exception?.label ?? '',
  from: exception?.from ?? days?.from ?? '',
  to: exception?.to ?? days?.to ?? '',
  start: exception?.start ?? '00:00',
  end: exception?.end ?? '24:00',
  audience: audienceText(exception?.audience ?? 'practice'),
})

function useExceptionSave(exception: TimeException | null, revision: number, fields: Fields) {
  const practice = usePractice()
  const client = useQueryClient()
  return async (extra: Extra) => {
    const to = fields.to === '' ? fields.from : fields.to
    const json = { ...fields, to, audience: audienceOf(fields.audience), ...extra }
    const header = { 'if-match': `"${revision}"` }
    const param = { practice: practice.id }
    const { sequence } = await (exception === null
      ? parseResponse(routes.$post({ param, header: {}, json }))
      : parseResponse(routes[':id'].$patch({ param: { ...param, id: exception.id }, header, json })))
    followSave(`“${fields.label}” is ${exception === null ? 'added' : 'saved'}`, sequence)
    await client.invalidateQueries({ queryKey: topicKey(practice.id) })
  }
}

type FieldsProps = {
  readonly fields: Fields
  readonly problem: ShownProblem | null
  readonly set: (change: Partial<Fields>) => void
}

function ExceptionFields({ fields, problem, set }: FieldsProps) {
  const text = (name: 'label' | 'from' | 'to' | 'start' | 'end') => ({
    value: fields[name],
    error: problemAt(problem, name),
    onChange: (event: { readonly currentTarget: { readonly value: string } }) =>
      set({ [name]: event.currentTarget.value }),
  })
  return (
    <>
      <NativeSelect
        label="Kind"
        description="A closure beats every window; an opening beats every closure."
        value={fields.kind}
        onChange={(event) => set({ kind: event.currentTarget.value === 'opening' ? 'opening' : 'closure' })}
      >
        <option value="closure">Closure</option>
        <option value="opening">One-off opening</option>
      </NativeSelect>
      <TextInput label="Label" description="Such as Christmas." maxLength={80} {...text('label')} />
      <div className="gh-pair">
        <TextInput label="First day" type="date" description="Or the only one." {...text('from')} />
        <TextInput label="Last day" type="date" description="Empty: only the first." {...text('to')} />
      </div>
      <div className="gh-pair">
        <TextInput label="From" description="00:00 to 24:00 is all day." maxLength={5} {...text('start')} />
        <TextInput label="Until" description="On each of these days." maxLength={5} {...text('end')} />
      </div>
      <AudienceField
        description="Whom it concerns."
        value={fields.audience}
        error={problemAt(problem, 'audience')}
        onChange={(audience) => set({ audience })}
      />
    </>
  )
}

/** The dialog; draw it while it is open. `exception` `null`: a new one, on `days`. `revision`: what an edit is made from. */
export function ExceptionDialog(props: {
  readonly exception: TimeException | null
  readonly days: Days | null
  readonly revision: number
  readonly onClose: () => void
}) {
  const { exception, onClose } = props
  const [fields, setFields] = useState(() => started(exception, props.days))
  const save = useExceptionSave(exception, props.revision, fields)
  const set = (change: Partial<Fields>) => setFields((now) => ({ ...now, ...change }))
  return (
    <TimeForm
      title={exception === null ? 'Add a closure or opening' : `Edit “${exception.label}”`}
      fields={shownFields}
      save={save}
      onClose={onClose}
    >
      {(problem) => <ExceptionFields fields={fields} problem={problem} set={set} />}
    </TimeForm>
  )
}
