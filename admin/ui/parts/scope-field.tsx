/**
 * Chooses whom a control concerns: everyone, or roles and people by name; and who is exempt.
 *
 * It saves nothing. Invariant: what is not touched stays as it is, people by name and exemptions included; somebody
 * whose name is not known here is shown by their id, never dropped.
 */
import { Checkbox, NativeSelect, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { usePractice } from '../practice.ts'
import { type General, rolesQuery } from '../queries.ts'
import { PeoplePicker, type Person } from './people-picker.tsx'

/** Whom a control concerns. */
export type Scope = General['controls']['ip']['scope']

type Part = { readonly roles: readonly string[]; readonly users: readonly string[] }

const nobody: Part = { roles: [], users: [] }
const plain = ({ roles, users }: Part) => ({ roles: [...roles], users: [...users] })

/** The names of who is chosen now or was before. */
function useNames(named: readonly Person[]) {
  const [names, setNames] = useState<ReadonlyMap<string, string>>(
    () => new Map(named.map(({ user, name }) => [user, name])),
  )
  return {
    people: (users: readonly string[]): readonly Person[] =>
      users.map((user) => ({ user, name: names.get(user) ?? user })),
    learn: (people: readonly Person[]) =>
      setNames((known) => new Map([...known, ...people.map(({ user, name }) => [user, name] as const)])),
  }
}

type PartProps = {
  readonly what: { readonly roles: string; readonly people: string; readonly peopleMeans: string }
  readonly part: Part
  readonly named: readonly Person[]
  readonly set: (part: Part) => void
}

function PartFields({ what, part, named, set }: PartProps) {
  const practice = usePractice()
  const { data } = useQuery(rolesQuery(practice.id))
  const names = useNames(named)
  const roles = data?.roles ?? []
  const lost = part.roles.filter((id) => !roles.some((role) => role.id === id))
  return (
    <>
      <Checkbox.Group
        label={what.roles}
        value={[...part.roles]}
        onChange={(list) => set({ roles: list, users: part.users })}
      >
        <Stack gap="xs" mt="xs">
          {roles.map(({ id, name }) => (
            <Checkbox key={id} value={id} label={name} />
          ))}
          {data !== undefined &&
            lost.map((id) => <Checkbox key={id} value={id} label={`${id} (no role here)`} />)}
        </Stack>
      </Checkbox.Group>
      <PeoplePicker
        label={what.people}
        description={what.peopleMeans}
        people={names.people(part.users)}
        onChange={(people) => {
          names.learn(people)
          set({ roles: part.roles, users: people.map(({ user }) => user) })
        }}
      />
    </>
  )
}

const inScope = {
  roles: 'Roles in scope',
  people: 'People in scope',
  peopleMeans: 'By name, whatever their roles.',
}
const exempted = {
  roles: 'Exempt roles',
  people: 'Exempt people',
  peopleMeans: 'By name; this beats every role they have.',
}

/** The fields; `named`: the names of people who are in it already. */
export function ScopeField(props: {
  readonly label: string
  readonly description: string
  readonly scope: Scope
  readonly named: readonly Person[]
  readonly set: (scope: Scope) => void
}) {
  const { scope, named, set } = props
  const { include, exempt } = scope
  const spared = exempt.roles.length + exempt.users.length
  const [isExemptOpen] = useState(spared > 0)
  return (
    <>
      <NativeSelect
        label={props.label}
        description={props.description}
        value={include === 'everyone' ? 'everyone' : 'chosen'}
        onChange={(event) =>
          set({ include: event.currentTarget.value === 'everyone' ? 'everyone' : plain(nobody), exempt })
        }
      >
        <option value="everyone">Everyone</option>
        <option value="chosen">Chosen roles and people</option>
      </NativeSelect>
      {include !== 'everyone' && (
        <PartFields
          what={inScope}
          part={include}
          named={named}
          set={(part) => set({ include: plain(part), exempt })}
        />
      )}
      <details className="gh-details gh-exempt" open={isExemptOpen}>
        <summary>
          Exemptions <span className="gh-faint gh-numbers">{spared === 0 ? 'none' : spared}</span>
        </summary>
        <div className="gh-form">
          <p className="gh-faint">Somebody with several roles is exempt only if all of them are.</p>
          <PartFields
            what={exempted}
            part={exempt}
            named={named}
            set={(part) => set({ include, exempt: plain(part) })}
          />
        </div>
      </details>
    </>
  )
}
