/**
 * The matrix: components in rows, roles in columns; a component opens to its permissions.
 *
 * It edits nothing: a column leads to the role. Invariant: each mark is a word for those who do not see it, and a grant
 * that something blocks is never shown as granted.
 */
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Fragment, useCallback } from 'react'
import { Icon } from '../parts/icons.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Blank } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import type { Role } from '../queries.ts'
import { Enforcement, routesPerPermission } from './enforcement.tsx'
import { type Permission, routesQuery } from './roles-queries.ts'

const route = getRouteApi('/practices/$practice/roles')

type Grants = {
  readonly included: ReadonlySet<string>
  readonly blocked: ReadonlyMap<string, readonly string[]>
}

const grantsOf = (role: Role): Grants => ({
  included: new Set(role.included),
  blocked: new Map(role.blocked.map(({ id, by }) => [id, by])),
})

function Count({ grants, of }: { readonly grants: Grants; readonly of: readonly Permission[] }) {
  const count = of.filter(({ id }) => grants.included.has(id)).length
  const blocked = of.filter(({ id }) => grants.blocked.has(id)).length
  return (
    <td className={count === 0 && blocked === 0 ? 'gh-faint' : undefined}>
      <span className="gh-numbers">
        {count === of.length ? 'all' : count === 0 ? 'none' : `${count} of ${of.length}`}
      </span>
      {blocked > 0 && <span className="gh-sub gh-warn-text">{blocked} without effect</span>}
    </td>
  )
}

function Mark(props: {
  readonly grants: Grants
  readonly id: string
  readonly nameOf: (id: string) => string
}) {
  const { grants, id, nameOf } = props
  if (grants.included.has(id))
    return (
      <td className="gh-mark gh-mark-yes">
        <Icon name="check" />
        <span className="gh-unseen">granted</span>
      </td>
    )
  const by = grants.blocked.get(id)
  if (by === undefined)
    return (
      <td className="gh-mark gh-faint">
        <span aria-hidden="true">–</span>
        <span className="gh-unseen">not granted</span>
      </td>
    )
  return (
    <td className="gh-mark gh-warn-text" title={`Granted, but blocked by ${by.map(nameOf).join(', ')}`}>
      <Icon name="warning" />
      <span className="gh-unseen">granted, but blocked by {by.map(nameOf).join(', ')}</span>
    </td>
  )
}

function useShown(catalogue: readonly Permission[]) {
  const { text = '', open = '' } = route.useSearch()
  const words = text.toLowerCase()
  const fits = ({ name, description }: Permission): boolean =>
    `${name} ${description}`.toLowerCase().includes(words)
  const shown = catalogue.filter((one) => text === '' || fits(one))
  const components = [...new Set(shown.map(({ component }) => component))]
  const opened = new Set(open.split(',').filter((name) => name !== ''))
  return { text, opened, shown, components, isOpen: (name: string) => text !== '' || opened.has(name) }
}

function ComponentRow(props: {
  readonly name: string
  readonly of: readonly Permission[]
  readonly grants: readonly Grants[]
  readonly isOpen: boolean
  readonly canClose: boolean
  readonly opened: ReadonlySet<string>
}) {
  const { name, of, isOpen, opened } = props
  const next = isOpen ? [...opened].filter((one) => one !== name) : [...opened, name]
  return (
    <tr className="gh-matrix-component">
      <th scope="row">
        {props.canClose ? (
          <Link
            from={route.id}
            to="."
            search={(now) => ({ ...now, open: next.length === 0 ? undefined : next.join(',') })}
            resetScroll={false}
            className="gh-matrix-open"
            aria-expanded={isOpen}
            activeOptions={{ exact: true, includeSearch: true }}
          >
            <span className={isOpen ? 'gh-turn gh-turned' : 'gh-turn'}>
              <Icon name="chevron" />
            </span>
            {name} <span className="gh-faint gh-numbers">{of.length}</span>
          </Link>
        ) : (
          <>
            {name} <span className="gh-faint gh-numbers">{of.length}</span>
          </>
        )}
      </th>
      {props.grants.map((grants, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the columns of one row do not move
        <Count key={place} grants={grants} of={of} />
      ))}
    </tr>
  )
}

function Body(props: {
  readonly roles: readonly Role[]
  readonly catalogue: readonly Permission[]
  readonly nameOf: (id: string) => string
}) {
  const practice = usePractice()
  const { text, opened, shown, components, isOpen } = useShown(props.catalogue)
  const { data: table } = useQuery(routesQuery(practice.id))
  const routes = routesPerPermission(table)
  const grants = props.roles.map(grantsOf)
  return (
    <tbody>
      {components.map((name) => {
        const of = shown.filter(({ component }) => component === name)
        return (
          <Fragment key={name}>
            <ComponentRow {...{ name, of, grants, opened }} isOpen={isOpen(name)} canClose={text === ''} />
            {isOpen(name) &&
              of.map((permission) => (
                <tr key={permission.id}>
                  <th scope="row">
                    <span className="gh-matrix-name">{permission.name}</span>
                    <Enforcement
                      at={permission.enforceableAt}
                      routes={routes === null ? null : (routes.get(permission.id) ?? 0)}
                    />
                  </th>
                  {grants.map((of, place) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: the columns of one row do not move
                    <Mark key={place} grants={of} id={permission.id} nameOf={props.nameOf} />
                  ))}
                </tr>
              ))}
          </Fragment>
        )
      })}
    </tbody>
  )
}

/** The card. */
export function Matrix(props: {
  readonly roles: readonly Role[]
  readonly catalogue: readonly Permission[]
}) {
  const { roles, catalogue } = props
  const { text, components } = useShown(catalogue)
  const navigate = route.useNavigate()
  const settle = useCallback(
    (wanted: string) =>
      void navigate({
        search: (now) => ({ ...now, text: wanted === '' ? undefined : wanted }),
        replace: true,
      }),
    [navigate],
  )
  const names = new Map(catalogue.map(({ id, name }) => [id, name]))
  if (roles.length === 0) return null
  return (
    <section className="gh-card" aria-labelledby="matrix-title">
      <div className="gh-card-head">
        <h2 id="matrix-title">Permissions by role</h2>
        <SearchField label="Search permissions" text={text} onSettle={settle} />
      </div>
      {components.length === 0 ? (
        <Blank icon="search" title={`No permission matches “${text}”`}>
          Search looks at names and descriptions of the {catalogue.length} permissions.
        </Blank>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls sideways must be reached by keyboard
        <section className="gh-matrix-scroll" aria-label="Matrix of permissions and roles" tabIndex={0}>
          <table className="gh-matrix">
            <thead>
              <tr>
                <th scope="col">Component</th>
                {roles.map(({ id, name }) => (
                  <th key={id} scope="col">
                    <Link from={route.id} to="." search={{ role: id }} className="gh-link">
                      {name}
                    </Link>
                  </th>
                ))}
              </tr>
            </thead>
            <Body roles={roles} catalogue={catalogue} nameOf={(id) => names.get(id) ?? id} />
          </table>
        </section>
      )}
    </section>
  )
}
