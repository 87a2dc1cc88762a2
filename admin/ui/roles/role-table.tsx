/**
 * The roles of a practice in a table, with the ways to add, copy, rename and remove one.
 *
 * What a role grants is edited in `role-editor.tsx`. Invariant: every act opens a dialog first, which the address
 * names.
 */
import { Button } from '@mantine/core'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Icon } from '../parts/icons.tsx'
import { useKept, useOpened } from '../parts/opened.ts'
import { Blank } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import type { Role } from '../queries.ts'
import { lengthText } from '../times.ts'
import { CreateRoleDialog, RemoveRoleDialog, RoleSettingsDialog } from './role-dialogs.tsx'

const route = getRouteApi('/practices/$practice/roles')

type Asked =
  | { readonly act: 'create'; readonly copyOf: Role | null }
  | { readonly act: 'settings' | 'remove'; readonly role: Role }

/** The dialog that the address names, where its role is there. */
function askedIn(name: string | null, id: string, roles: readonly Role[]): Asked | undefined {
  const role = roles.find((one) => one.id === id)
  if (name === 'create' && (id === '' || role !== undefined)) return { act: 'create', copyOf: role ?? null }
  if ((name === 'settings' || name === 'remove') && role !== undefined) return { act: name, role }
  return undefined
}

function Sessions({ role }: { readonly role: Role }) {
  if (role.idleMs === null && role.absoluteMs === null)
    return <span className="gh-faint">as the practice says</span>
  return (
    <>
      {role.idleMs !== null && `${lengthText(role.idleMs)} idle`}
      {role.idleMs !== null && role.absoluteMs !== null && ', '}
      {role.absoluteMs !== null && `${lengthText(role.absoluteMs)} at most`}
    </>
  )
}

function Row({ role, onAsk }: { readonly role: Role; readonly onAsk: (asked: Asked) => void }) {
  const mayEdit = usePractice().may('gw.roles.edit')
  return (
    <tr>
      <th scope="row" data-label="Role">
        <Link from={route.id} to="." search={{ role: role.id }} className="gh-link">
          {role.name}
        </Link>
      </th>
      <td data-label="People" className="gh-number">
        {role.members}
      </td>
      <td data-label="Permissions">
        <span className="gh-tags">
          <span className="gh-numbers">{role.included.length} included</span>
          {role.blocked.length > 0 && <Tag tone="warn">{role.blocked.length} without effect</Tag>}
        </span>
      </td>
      <td data-label="Sessions end">
        <Sessions role={role} />
      </td>
      <td className="gh-row-acts">
        <Button
          size="compact-sm"
          variant="subtle"
          disabled={!mayEdit}
          aria-label={`Copy ${role.name}`}
          onClick={() => onAsk({ act: 'create', copyOf: role })}
        >
          Copy
        </Button>
        <Button
          size="compact-sm"
          variant="subtle"
          disabled={!mayEdit}
          aria-label={`Rename ${role.name}`}
          onClick={() => onAsk({ act: 'settings', role })}
        >
          Rename
        </Button>
        <Button
          size="compact-sm"
          variant="subtle"
          color="red"
          disabled={!mayEdit}
          aria-label={`Remove ${role.name}`}
          onClick={() => onAsk({ act: 'remove', role })}
        >
          Remove
        </Button>
      </td>
    </tr>
  )
}

const columns = ['Role', 'People', 'Permissions', 'Sessions end'] as const

/** The card. */
export function RoleTable(props: { readonly roles: readonly Role[]; readonly revision: number }) {
  const { roles, revision } = props
  const mayEdit = usePractice().may('gw.roles.edit')
  const { name, id, key, open, close } = useOpened('dialog')
  const asked = useKept(key, askedIn(name, id, roles))
  const ask = (one: Asked) => open(one.act, one.act === 'create' ? one.copyOf?.id : one.role.id)
  const add = (
    <Button
      size="sm"
      leftSection={<Icon name="plus" />}
      disabled={!mayEdit}
      onClick={() => ask({ act: 'create', copyOf: null })}
    >
      Add role
    </Button>
  )
  return (
    <section className="gh-card" aria-labelledby="roles-title">
      <div className="gh-card-head">
        <h2 id="roles-title">Roles</h2>
        {add}
      </div>
      {roles.length === 0 ? (
        <Blank icon="people" title="No role yet">
          A role says what its people may do. Add one, or import the roles that you have elsewhere.
        </Blank>
      ) : (
        <table className="gh-table">
          <caption className="gh-unseen">Roles</caption>
          <thead>
            <tr>
              {columns.map((name) => (
                <th key={name} scope="col" className={name === 'People' ? 'gh-number' : undefined}>
                  {name}
                </th>
              ))}
              <th scope="col">
                <span className="gh-unseen">Change</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {roles.map((role) => (
              <Row key={role.id} role={role} onAsk={ask} />
            ))}
          </tbody>
        </table>
      )}
      {asked?.act === 'create' && (
        <CreateRoleDialog roles={roles} copyOf={asked.copyOf} revision={revision} onClose={close} />
      )}
      {asked?.act === 'settings' && (
        <RoleSettingsDialog role={asked.role} revision={revision} onClose={close} />
      )}
      {asked?.act === 'remove' && (
        <RemoveRoleDialog role={asked.role} roles={roles} revision={revision} onClose={close} />
      )}
    </section>
  )
}
