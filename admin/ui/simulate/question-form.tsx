/**
 * The question of a simulation: who, from where, when, on which page, with which factor, beside which draft.
 *
 * It asks nothing itself. Invariant: what is asked is written to the address in one step, so that Back returns to the
 * question before and a link asks the same.
 */
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { factorName } from '../parts/factor-words.ts'
import { PeoplePicker, type Person } from '../parts/people-picker.tsx'
import { modeNames } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { generalQuery, presetsQuery } from '../queries.ts'
import { routesQuery } from './simulate-queries.ts'
import { factors, type SimulateSearch, triedControls } from './simulate-search.ts'

const controlNames = {
  ip: 'IP allowlist',
  time: 'Time windows',
  twoFactor: 'Two-factor',
  permission: 'Permissions',
} as const

/** What can be tried beside what is saved. */
function DraftField(props: {
  readonly value: string
  readonly hasWeek: boolean
  readonly onChange: (draft: string) => void
}) {
  const practice = usePractice()
  const { data: general } = useQuery(generalQuery(practice.id))
  const { data: presets } = useQuery(presetsQuery(practice.id))
  const planned = general?.scheduled ?? []
  const open = triedControls.filter((control) => general?.controls[control].mode !== 'enforce')
  return (
    <NativeSelect
      label="Beside what is saved"
      description="A change that nobody has saved."
      value={props.value}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    >
      <option value="">Only what is saved</option>
      {props.hasWeek && <option value="week">The week painted on Time windows</option>}
      {planned.length > 0 && (
        <optgroup label="A planned change">
          {planned.map(({ id, startsText, changes }) => (
            <option key={id} value={`planned:${id}`}>
              {startsText}: {changes[0]}
              {changes.length > 1 && ` and ${changes.length - 1} more`}
            </option>
          ))}
        </optgroup>
      )}
      <optgroup label="Enforce a control">
        {open.map((control) => (
          <option key={control} value={`enforce:${control}`}>
            {controlNames[control]}: {general === undefined ? '…' : modeNames[general.controls[control].mode]}{' '}
            → Enforce
          </option>
        ))}
      </optgroup>
      <optgroup label="Apply a preset">
        {(presets?.presets ?? []).map(({ id, name }) => (
          <option key={id} value={`preset:${id}`}>
            {name}
          </option>
        ))}
      </optgroup>
    </NativeSelect>
  )
}

function RouteField(props: { readonly value: string; readonly onChange: (route: string) => void }) {
  const practice = usePractice()
  const { data } = useQuery(routesQuery(practice.id))
  const routes = data?.routes ?? []
  const isListed = props.value === '' || routes.some(({ id }) => id === props.value)
  return (
    <NativeSelect
      label="Page"
      description="As the route table has it."
      value={props.value}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    >
      <option value="">Some page of staff</option>
      {!isListed && <option value={props.value}>{props.value}</option>}
      {routes.map(({ id, class: kind }) => (
        <option key={id} value={id}>
          {id}
          {kind === 'staff' ? '' : ` (${kind})`}
        </option>
      ))}
    </NativeSelect>
  )
}

function FactorField(props: { readonly value: string; readonly onChange: (factor: string) => void }) {
  return (
    <NativeSelect
      label="Second factor shown"
      description="Just before."
      value={props.value}
      onChange={(event) => props.onChange(event.currentTarget.value)}
    >
      <option value="">None</option>
      {factors.map((factor) => (
        <option key={factor} value={factor}>
          {factorName(factor)}
        </option>
      ))}
    </NativeSelect>
  )
}

type Fields = Readonly<Record<'user' | 'address' | 'at' | 'route' | 'factor' | 'draft', string>>

/** The fields as an address; a painted week stays with the draft that it is. */
function questionOf(fields: Fields, search: SimulateSearch): SimulateSearch {
  const given = (text: string) => (text.trim() === '' ? undefined : text.trim())
  const isWeek = fields.draft === 'week'
  return {
    user: given(fields.user),
    address: given(fields.address),
    at: given(fields.at),
    route: given(fields.route),
    factor: factors.find((one) => one === fields.factor),
    draft: given(fields.draft),
    ...(isWeek ? { week: search.week, hours: search.hours, zone: search.zone, own: search.own } : {}),
  }
}

/** The form; draw it with a key for the address, so that it follows Back. */
export function QuestionForm(props: {
  readonly search: SimulateSearch
  /** Where the admin is now; shown until another address is typed. */
  readonly ownAddress: string
  readonly person: Person | null
  readonly onAsk: (search: SimulateSearch) => void
}) {
  const { search, person } = props
  const { zone } = usePractice()
  const [people, setPeople] = useState<readonly Person[]>(person === null ? [] : [person])
  const [fields, setFields] = useState({
    address: search.address ?? props.ownAddress,
    at: search.at ?? '',
    route: search.route ?? '',
    factor: search.factor ?? '',
    draft: search.draft ?? '',
  })
  const set = (change: Partial<typeof fields>) => setFields((now) => ({ ...now, ...change }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    props.onAsk(questionOf({ ...fields, user: people[0]?.user ?? '' }, search))
  }
  return (
    <form className="gh-question" onSubmit={submit}>
      <PeoplePicker
        label="Person"
        description="As if freshly signed in."
        people={people}
        onChange={(chosen) => setPeople(chosen.slice(-1))}
      />
      <TextInput
        label="From the address"
        description="Such as 203.0.113.9."
        maxLength={64}
        spellCheck={false}
        value={fields.address}
        onChange={(event) => set({ address: event.currentTarget.value })}
      />
      <TextInput
        label="At"
        type="datetime-local"
        description={`The clocks of ${zone}; empty: now.`}
        value={fields.at}
        onChange={(event) => set({ at: event.currentTarget.value })}
      />
      <RouteField value={fields.route} onChange={(route) => set({ route })} />
      <FactorField value={fields.factor} onChange={(factor) => set({ factor })} />
      <DraftField
        value={fields.draft}
        hasWeek={search.week !== undefined}
        onChange={(draft) => set({ draft })}
      />
      <Button type="submit" disabled={people.length === 0}>
        Simulate
      </Button>
    </form>
  )
}
