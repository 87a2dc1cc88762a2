/**
 * The table of members with their second factors.
 *
 * It resets nothing itself. Invariant: every state is a word; why a second factor is required is told by name of the
 * role or person, so that an admin knows which part of the requirement to change.
 */
import { Button } from '@mantine/core'
import { getRouteApi, Link } from '@tanstack/react-router'
import { factorName } from '../parts/factor-words.ts'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import type { FactorStatus } from '../queries.ts'
import { useNow } from '../times.ts'
import { gapWords } from './gap-words.ts'
import { stateWords } from './states.ts'

const route = getRouteApi('/practices/$practice/two-factor')

const fewCodes = 3

function State({ person }: { readonly person: FactorStatus }) {
  const { name, tone } = stateWords[person.status]
  const now = useNow()
  const { deadline } = person
  return (
    <>
      <Tag tone={tone}>{name}</Tag>
      {person.status === 'required-not-set-up' && (
        <span className="gh-sub">
          {deadline === null || deadline <= now ? (
            'before they get in'
          ) : (
            <>
              by <When at={deadline} as="date" />
            </>
          )}
        </span>
      )}
      {person.status === 'locked' && (
        <span className="gh-sub">
          too many wrong codes
          {person.lockedUntil !== null && (
            <>
              , until <When at={person.lockedUntil} as="date" />
            </>
          )}
        </span>
      )}
      <Gaps person={person} />
    </>
  )
}

/** What is missing, beyond what the state says. */
function Gaps({ person }: { readonly person: FactorStatus }) {
  const beyond = person.gaps.filter((gap) => gap !== 'not-set-up')
  if (beyond.length === 0) return null
  return (
    <span className="gh-sub gh-warn-text">
      {beyond.map((gap) => gapWords[gap].name.toLowerCase()).join(', ')}
    </span>
  )
}

const keepers: Readonly<Record<NonNullable<FactorStatus['source']>, string | null>> = {
  gateway: null,
  app: 'kept by the application',
  provider: 'kept by the sign-in provider',
}

function Methods({ person }: { readonly person: FactorStatus }) {
  if (person.methods.length === 0) return <span className="gh-faint">none</span>
  const left = person.recoveryCodesLeft
  const keeper = person.source === null ? null : keepers[person.source]
  return (
    <>
      <span>{person.methods.map(factorName).join(', ')}</span>
      {keeper !== null && <span className="gh-sub">{keeper}</span>}
      <span className={`gh-sub gh-numbers ${left < fewCodes ? 'gh-warn-text' : ''}`}>
        {left === 1 ? '1 recovery code left' : `${left} recovery codes left`}
      </span>
    </>
  )
}

const whyOf = ({ requiredBy }: FactorStatus): string => {
  if (requiredBy === null) return 'not required'
  const { everyone, roles, named } = requiredBy
  return [
    ...(everyone ? ['whole practice'] : []),
    ...(roles.length > 0 ? [`${roles.length === 1 ? 'role' : 'roles'} ${roles.join(', ')}`] : []),
    ...(named ? ['by name'] : []),
  ].join('; ')
}

function Row(props: {
  readonly person: FactorStatus
  readonly onReset: () => void
  readonly onCode: () => void
}) {
  const { person, onReset, onCode } = props
  const mayReset = usePractice().may('gw.two-factor.reset')
  return (
    <tr>
      <td data-label="Name">
        <span className="gh-strong">{person.name}</span>
        <span className="gh-sub">{person.login}</span>
      </td>
      <td data-label="Status">
        <State person={person} />
      </td>
      <td data-label="Method">
        <Methods person={person} />
      </td>
      <td data-label="Last verified">
        {person.lastVerifiedAt === null ? (
          <span className="gh-faint">never</span>
        ) : (
          <When at={person.lastVerifiedAt} />
        )}
      </td>
      <td data-label="Required">
        <span className={person.requiredBy === null ? 'gh-faint' : ''}>{whyOf(person)}</span>
      </td>
      <td className="gh-row-acts">
        <Button
          size="compact-sm"
          variant="subtle"
          disabled={!mayReset}
          aria-label={`Enrolment code for ${person.name}`}
          onClick={onCode}
        >
          Enrolment code
        </Button>
        {(person.methods.length > 0 || person.recoveryCodesLeft > 0) && (
          <Button
            size="compact-sm"
            variant="subtle"
            color="red"
            disabled={!mayReset}
            aria-label={`Reset 2FA of ${person.name}`}
            onClick={onReset}
          >
            Reset 2FA
          </Button>
        )}
      </td>
    </tr>
  )
}

/** A column that the list is sorted by, once pressed; pressed again, the other way round. */
function SortedHead({
  sort,
  children,
}: {
  readonly sort: 'name' | 'status' | 'verified'
  readonly children: string
}) {
  const now = route.useSearch()
  const isSorted = (now.sort ?? 'name') === sort
  const isDown = isSorted && now.order === 'desc'
  return (
    <th scope="col" {...(isSorted ? { 'aria-sort': isDown ? 'descending' : 'ascending' } : {})}>
      <Link
        from={route.id}
        to="."
        search={{
          ...now,
          after: undefined,
          from: undefined,
          sort: sort === 'name' ? undefined : sort,
          order: isSorted && !isDown ? 'desc' : undefined,
        }}
        resetScroll={false}
        className="gh-sort"
        activeOptions={{ exact: true, includeSearch: true }}
      >
        {children}
        <span aria-hidden="true">{isSorted ? (isDown ? ' ↓' : ' ↑') : ''}</span>
      </Link>
    </th>
  )
}

/** The table. */
export function PeopleTable(props: {
  readonly people: readonly FactorStatus[]
  readonly onReset: (person: FactorStatus) => void
  readonly onCode: (person: FactorStatus) => void
}) {
  return (
    <table className="gh-table">
      <caption className="gh-unseen">Members and their second factors</caption>
      <thead>
        <tr>
          <SortedHead sort="name">Name</SortedHead>
          <SortedHead sort="status">Status</SortedHead>
          <th scope="col">Method</th>
          <SortedHead sort="verified">Last verified</SortedHead>
          <th scope="col">Required</th>
          <th scope="col">
            <span className="gh-unseen">Change</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {props.people.map((person) => (
          <Row
            key={person.user}
            person={person}
            onReset={() => props.onReset(person)}
            onCode={() => props.onCode(person)}
          />
        ))}
      </tbody>
    </table>
  )
}
