/**
 * The table of members with their second factors.
 *
 * It resets nothing itself. Invariant: every state is a word; why a second factor is required is told by name of the
 * role or person, so that an admin knows which part of the requirement to change.
 */
import { Button } from '@mantine/core'
import { factorName } from '../parts/factor-words.ts'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import type { FactorStatus } from '../queries.ts'
import { useNow } from '../times.ts'
import { stateWords } from './states.ts'

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
      {person.status === 'locked' && <span className="gh-sub">too many wrong codes</span>}
    </>
  )
}

function Methods({ person }: { readonly person: FactorStatus }) {
  if (person.methods.length === 0) return <span className="gh-faint">none</span>
  const left = person.recoveryCodesLeft
  return (
    <>
      <span>{person.methods.map(factorName).join(', ')}</span>
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

function Row({ person, onReset }: { readonly person: FactorStatus; readonly onReset: () => void }) {
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

/** The table. */
export function PeopleTable(props: {
  readonly people: readonly FactorStatus[]
  readonly onReset: (person: FactorStatus) => void
}) {
  return (
    <table className="gh-table">
      <caption className="gh-unseen">Members and their second factors</caption>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Status</th>
          <th scope="col">Method</th>
          <th scope="col">Last verified</th>
          <th scope="col">Required</th>
          <th scope="col">
            <span className="gh-unseen">Reset</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {props.people.map((person) => (
          <Row key={person.user} person={person} onReset={() => props.onReset(person)} />
        ))}
      </tbody>
    </table>
  )
}
