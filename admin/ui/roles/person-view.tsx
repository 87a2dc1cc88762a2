/**
 * What one person may do, with the reason for each: granted by which role, blocked by what, asked for where.
 *
 * It changes nothing. Invariant: the API's own sentence is shown; a grant without effect and a permission that no gateway
 * enforces are never called effective and enforced.
 */
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { PeoplePicker } from '../parts/people-picker.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { rolesQuery } from '../queries.ts'
import { Enforcement } from './enforcement.tsx'
import { type Held, type HeldPermission, heldQuery } from './roles-queries.ts'

const route = getRouteApi('/practices/$practice/roles')

const shows = [
  { show: undefined, name: 'Granted', fits: ({ grantedBy }: HeldPermission) => grantedBy.length > 0 },
  {
    show: 'blocked',
    name: 'Without effect',
    fits: ({ grantedBy, effective }: HeldPermission) => grantedBy.length > 0 && !effective,
  },
  { show: 'missing', name: 'Not granted', fits: ({ grantedBy }: HeldPermission) => grantedBy.length === 0 },
] as const

function State({ held }: { readonly held: HeldPermission }) {
  if (held.effective) return <Tag tone="good">effective</Tag>
  return held.grantedBy.length > 0 ? <Tag tone="warn">without effect</Tag> : <Tag>not granted</Tag>
}

function Routes({ routes }: { readonly routes: readonly string[] }) {
  if (routes.length === 0) return null
  return (
    <details className="gh-details gh-sub">
      <summary>{routes.length === 1 ? '1 route asks for it' : `${routes.length} routes ask for it`}</summary>
      <ul className="gh-plain-list">
        {routes.map((one) => (
          <li key={one}>
            <code>{one}</code>
          </li>
        ))}
      </ul>
    </details>
  )
}

function Table({ permissions }: { readonly permissions: readonly HeldPermission[] }) {
  return (
    <table className="gh-table">
      <caption className="gh-unseen">Permissions of this person</caption>
      <thead>
        <tr>
          <th scope="col">Permission</th>
          <th scope="col">Comes to</th>
          <th scope="col">Why</th>
          <th scope="col">Enforced</th>
        </tr>
      </thead>
      <tbody>
        {permissions.map((held) => (
          <tr key={held.id}>
            <th scope="row" data-label="Permission">
              <span>
                {held.name}
                <span className="gh-sub">{held.component}</span>
              </span>
            </th>
            <td data-label="Comes to" className="gh-nowrap">
              <State held={held} />
            </td>
            <td data-label="Why">
              <div>
                {held.sentence}
                <Routes routes={held.routes} />
              </div>
            </td>
            <td data-label="Enforced">
              <Enforcement at={held.enforceableAt} routes={held.routes.length} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Found({ held }: { readonly held: Held }) {
  const practice = usePractice()
  const { show } = route.useSearch()
  const { data } = useQuery(rolesQuery(practice.id))
  const nameOf = (id: string): string => data?.roles.find((role) => role.id === id)?.name ?? id
  const fits = shows.find((one) => one.show === show)?.fits ?? shows[0].fits
  const permissions = held.permissions.filter(fits)
  return (
    <section className="gh-card" aria-labelledby="held-title">
      <div className="gh-card-head">
        <div className="gh-tags">
          <h2 id="held-title">{held.name}</h2>
          {held.roles.length === 0 && <span className="gh-faint">no role</span>}
          {held.roles.map((id) => (
            <Tag key={id}>{nameOf(id)}</Tag>
          ))}
        </div>
      </div>
      <nav className="gh-states" aria-label="Which permissions">
        {shows.map((one) => (
          <Link
            key={one.name}
            from={route.id}
            to="."
            search={(now) => ({ ...now, show: one.show })}
            resetScroll={false}
            className="gh-state"
            activeOptions={{ exact: true, includeSearch: true }}
            {...(one.show === show ? { 'aria-current': 'page' as const } : {})}
          >
            {one.name}{' '}
            <span className="gh-tab-count gh-numbers">{held.permissions.filter(one.fits).length}</span>
          </Link>
        ))}
      </nav>
      {permissions.length === 0 ? (
        <Blank icon="check" title="None">
          {show === 'blocked'
            ? 'Everything that is granted to this person has effect.'
            : 'There is nothing of this kind for this person.'}
        </Blank>
      ) : (
        <Table permissions={permissions} />
      )}
    </section>
  )
}

function Person({ user }: { readonly user: string }) {
  const practice = usePractice()
  const held = useQuery(heldQuery(practice.id, user))
  if (held.isPending) return <Loading rows={6} label="Loading the permissions" />
  if (held.isError) return <Failed error={held.error} again={held.refetch} />
  return <Found held={held.data} />
}

/** The view. */
export function PersonView() {
  const practice = usePractice()
  const { user } = route.useSearch()
  const navigate = route.useNavigate()
  const { data: held } = useQuery({ ...heldQuery(practice.id, user ?? ''), enabled: user !== undefined })
  return (
    <>
      <section className="gh-card gh-padded" aria-label="Whose permissions">
        <PeoplePicker
          label="Person"
          description="What all their roles together come to, and why."
          people={user === undefined ? [] : [{ user, name: held?.name ?? user }]}
          onChange={(people) =>
            void navigate({
              search: (now) => ({
                ...now,
                view: 'person',
                user: people.findLast((one) => one.user !== user)?.user,
              }),
            })
          }
        />
      </section>
      {user === undefined ? (
        <Blank icon="user" title="Choose somebody">
          Their permissions appear here, each with the roles that grant it, what blocks it and where gateways
          ask for it.
        </Blank>
      ) : (
        <Person user={user} />
      )}
    </>
  )
}
