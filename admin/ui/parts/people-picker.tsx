/**
 * Chooses people by name: who is chosen as a list with a way to remove each, and a field that searches the practice.
 *
 * It saves nothing. Invariant: everything goes by keyboard (type, arrows, Enter; each chosen one has a button to remove
 * them), and the search is the API's, so that nobody is out of reach in a large practice. One field of pills was
 * refused: only the last of them can be removed without a mouse.
 */
import { Combobox, TextInput, useCombobox } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, useId, useState } from 'react'
import { usePractice } from '../practice.ts'
import { foundPeopleQuery, type Member } from '../queries.ts'
import { Icon } from './icons.tsx'

/** Somebody who can be chosen. */
export type Person = { readonly user: string; readonly name: string }

const pauseMs = 150

function Chosen(props: {
  readonly label: string
  readonly people: readonly Person[]
  readonly remove: (user: string) => void
}) {
  if (props.people.length === 0) return null
  return (
    <ul className="gh-chosen" aria-label={`${props.label}: chosen`}>
      {props.people.map(({ user, name }) => (
        <li key={user}>
          <span>{name}</span>
          <button type="button" aria-label={`Remove ${name}`} onClick={() => props.remove(user)}>
            <Icon name="cross" size={14} />
          </button>
        </li>
      ))}
    </ul>
  )
}

/** The people that the search finds and that are not chosen yet. */
function useFound(text: string, chosen: readonly Person[]) {
  const practice = usePractice()
  const [settled] = useDebouncedValue(text.trim(), pauseMs)
  const { data, isError, isPlaceholderData } = useQuery(foundPeopleQuery(practice.id, settled))
  const taken = new Set(chosen.map(({ user }) => user))
  const isSettled = settled === text.trim() && !isPlaceholderData
  return { isError, isSettled, found: data?.members.filter(({ user }) => !taken.has(user)) ?? null }
}

function Options(props: {
  readonly labelledBy: string
  readonly text: string
  readonly found: readonly Member[] | null
  readonly isError: boolean
}) {
  const { found, isError } = props
  const nobody = props.text.trim() === '' ? 'Nobody else' : 'Nobody found'
  return (
    <Combobox.Options labelledBy={props.labelledBy} mah={220} className="gh-scroll">
      {(found === null || found.length === 0) && (
        <Combobox.Empty>
          {isError ? 'People cannot be loaded just now.' : found === null ? 'Loading …' : nobody}
        </Combobox.Empty>
      )}
      {(found ?? []).map(({ user, name, login }) => (
        <Combobox.Option key={user} value={user}>
          {name} <span className="gh-faint">{login}</span>
        </Combobox.Option>
      ))}
    </Combobox.Options>
  )
}

/** The field; `people` are chosen, in the order in which they were. */
export function PeoplePicker(props: {
  readonly label: string
  readonly description: string
  readonly people: readonly Person[]
  readonly onChange: (people: readonly Person[]) => void
}) {
  const { label, people, onChange } = props
  const [text, setText] = useState('')
  const { found, isError, isSettled } = useFound(text, people)
  const labelId = useId()
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() })
  const pick = (user: string): void => {
    const person = found?.find((one) => one.user === user)
    if (person === undefined) return
    onChange([...people, { user, name: person.name }])
    setText('')
    combobox.closeDropdown()
  }
  const enter = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter') return
    // Never the form's: who searches has not finished it.
    event.preventDefault()
    const [only, ...others] = isSettled && text.trim() !== '' ? (found ?? []) : []
    if (combobox.getSelectedOptionIndex() === -1 && only !== undefined && others.length === 0) pick(only.user)
  }
  return (
    <div className="gh-picker">
      <Combobox store={combobox} onOptionSubmit={pick} withinPortal={false} position="bottom-start">
        <Combobox.Target withExpandedAttribute>
          <TextInput
            label={<span id={labelId}>{label}</span>}
            description={props.description}
            aria-autocomplete="list"
            placeholder="Search by name"
            autoComplete="off"
            maxLength={80}
            leftSection={<Icon name="search" />}
            value={text}
            onChange={(event) => {
              setText(event.currentTarget.value)
              combobox.openDropdown()
              combobox.updateSelectedOptionIndex()
            }}
            onKeyDown={enter}
            onClick={() => combobox.openDropdown()}
            onBlur={() => combobox.closeDropdown()}
          />
        </Combobox.Target>
        <Combobox.Dropdown>
          <Options labelledBy={labelId} text={text} found={found} isError={isError} />
        </Combobox.Dropdown>
      </Combobox>
      <Chosen
        label={label}
        people={people}
        remove={(user) => onChange(people.filter((one) => one.user !== user))}
      />
    </div>
  )
}
