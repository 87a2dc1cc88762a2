/**
 * Find a screen, a person or a network by a few letters, and go there.
 *
 * Lists have searches of their own. Invariant: it changes nothing; people and networks are only asked for by whoever
 * may see them, and what is found leads to an address that shows the same to a colleague.
 */
import { Loader, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useId, useState } from 'react'
import { Dialog } from '../parts/confirm-dialog.tsx'
import { Icon, type IconName } from '../parts/icons.tsx'
import { foundPeopleQuery, type PracticeOfAdmin } from '../queries.ts'
import { groupsFor } from './navigation.ts'
import { foundEntriesQuery } from './shell-queries.ts'

type Found = {
  readonly id: string
  readonly kind: 'Screens' | 'People' | 'Networks'
  readonly icon: IconName
  readonly name: string
  readonly beside: string
  readonly go: () => Promise<void>
}

const kinds = ['Screens', 'People', 'Networks'] as const
const pauseMs = 150
const peopleMax = 6

function useFound(practice: PracticeOfAdmin, isOperator: boolean, typed: string) {
  const navigate = useNavigate()
  const params = { practice: practice.id }
  const [asked] = useDebouncedValue(typed.trim(), pauseMs)
  const enabled = asked.length >= 2 && practice.permissions.includes('gw.security.view')
  const people = useQuery({ ...foundPeopleQuery(practice.id, asked), enabled })
  const entries = useQuery({ ...foundEntriesQuery(practice.id, asked), enabled })
  const words = typed.trim().toLowerCase().split(/\s+/)
  const begins = (text: string, word: string) => ` ${text.toLowerCase()}`.includes(` ${word}`)
  const found: readonly Found[] = [
    ...groupsFor(isOperator)
      .flatMap(({ screens }) => screens)
      .filter(({ name, says }) => words.every((word) => begins(`${name} ${says}`, word)))
      .map(({ to, name, says, icon }) => ({
        ...{ id: to, kind: 'Screens' as const, icon, name, beside: says },
        go: () => navigate({ to, params }),
      })),
    ...(enabled ? (people.data?.members ?? []) : []).slice(0, peopleMax).map(({ user, name, login }) => ({
      ...{ id: user, kind: 'People' as const, icon: 'user' as const, name, beside: login },
      go: () => navigate({ to: '/practices/$practice/users', params, search: { text: login } }),
    })),
    ...(enabled ? (entries.data?.entries ?? []) : []).map(({ id, label, range }) => ({
      ...{ id, kind: 'Networks' as const, icon: 'network' as const, name: label, beside: range },
      go: () => navigate({ to: '/practices/$practice/ip-allowlist', params, search: { text: label } }),
    })),
  ]
  return { found, isBusy: enabled && (people.isFetching || entries.isFetching) }
}

/** The dialog: type, choose with the arrows, Enter. */
export function SearchDialog(props: {
  readonly practice: PracticeOfAdmin
  readonly isOperator: boolean
  readonly onClose: () => void
}) {
  const { practice, isOperator, onClose } = props
  const list = useId()
  const [typed, setTyped] = useState('')
  const [place, setPlace] = useState(0)
  const { found, isBusy } = useFound(practice, isOperator, typed)
  const chosen = found[Math.min(place, found.length - 1)]
  const go = (one: Found | undefined): void => {
    if (one === undefined) return
    onClose()
    void one.go()
  }
  const pressed = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (event.key === 'Enter') go(chosen)
    if (step === 0 || found.length === 0) return
    event.preventDefault()
    setPlace((Math.min(place, found.length - 1) + step + found.length) % found.length)
  }
  return (
    <Dialog title="Find" onClose={onClose}>
      <TextInput
        data-autofocus
        aria-label="Find a screen, a person or a network"
        placeholder="A screen, a person, a network"
        role="combobox"
        aria-expanded={found.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        {...(chosen === undefined ? {} : { 'aria-activedescendant': `${list}-${chosen.id}` })}
        leftSection={<Icon name="search" />}
        rightSection={isBusy ? <Loader size={14} /> : null}
        maxLength={80}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value)
          setPlace(0)
        }}
        onKeyDown={pressed}
      />
      <div id={list} role="listbox" aria-label="Found" className="gh-found">
        {kinds.map((kind) => (
          <FoundGroup key={kind} kind={kind} list={list} found={found} chosen={chosen} onGo={go} />
        ))}
      </div>
      {found.length === 0 && !isBusy && (
        <p role="status" className="gh-faint">
          Nothing here is called “{typed.trim()}”. People are found by name or sign-in name, networks by label
          or range.
        </p>
      )}
    </Dialog>
  )
}

function FoundGroup(props: {
  readonly kind: Found['kind']
  readonly list: string
  readonly found: readonly Found[]
  readonly chosen: Found | undefined
  readonly onGo: (one: Found) => void
}) {
  const { kind, list, chosen } = props
  const found = props.found.filter((one) => one.kind === kind)
  if (found.length === 0) return null
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of options has no element of its own
    <div role="group" aria-label={kind}>
      <div className="gh-found-title" aria-hidden="true">
        {kind}
      </div>
      {found.map((one) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
        <div
          key={one.id}
          id={`${list}-${one.id}`}
          role="option"
          aria-selected={one.id === chosen?.id}
          tabIndex={-1}
          className="gh-found-one"
          onClick={() => props.onGo(one)}
        >
          <Icon name={one.icon} />
          <span className="gh-strong">{one.name}</span>
          <span className="gh-faint gh-found-beside">{one.beside}</span>
        </div>
      ))}
    </div>
  )
}
