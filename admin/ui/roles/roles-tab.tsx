/**
 * Roles & permissions: what each role grants, what that comes to for one person, and where gateways ask for it.
 *
 * Who has which role is Users'. Invariant: view, role, person and search are in the address; nothing is saved but through
 * a review that lists what it changes.
 */
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Icon } from '../parts/icons.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { modeNames } from '../parts/tag.tsx'
import { Views } from '../parts/views.tsx'
import { usePractice } from '../practice.ts'
import { generalQuery, rolesQuery } from '../queries.ts'
import { ImportView } from './import-view.tsx'
import { Matrix } from './matrix.tsx'
import { PersonView } from './person-view.tsx'
import { RoleEditor } from './role-editor.tsx'
import { RoleTable } from './role-table.tsx'
import { catalogueQuery } from './roles-queries.ts'
import { RouteMap } from './route-map.tsx'
import { RouteProposal } from './route-proposal.tsx'

const route = getRouteApi('/practices/$practice/roles')

const views = [
  { view: undefined, name: 'Roles' },
  { view: 'person', name: 'One person' },
  { view: 'routes', name: 'Route map' },
  { view: 'proposal', name: 'Proposed routes' },
  { view: 'import', name: 'Import' },
] as const

function ModeNotice() {
  const { id } = usePractice()
  const { data } = useQuery(generalQuery(id))
  const mode = data?.controls.permission.mode ?? 'enforce'
  if (mode === 'enforce') return null
  return (
    <p className="gh-banner gh-tone-warn">
      <Icon name="warning" size={18} />
      <span className="gh-banner-text">
        <strong>Permissions: {modeNames[mode]}.</strong>{' '}
        {mode === 'off'
          ? 'No gateway looks at roles: everyone reaches every page.'
          : 'What a role lacks is recorded, and nobody is refused for it.'}{' '}
        Switch it in{' '}
        <Link to="/practices/$practice/general" params={{ practice: id }} className="gh-banner-link">
          General settings
        </Link>
        .
      </span>
    </p>
  )
}

function RolesView() {
  const practice = usePractice()
  const { role } = route.useSearch()
  const roles = useQuery(rolesQuery(practice.id))
  const catalogue = useQuery(catalogueQuery)
  if (roles.isError) return <Failed error={roles.error} again={roles.refetch} />
  if (catalogue.isError) return <Failed error={catalogue.error} again={catalogue.refetch} />
  if (roles.data === undefined || catalogue.data === undefined)
    return <Loading rows={6} label="Loading the roles" />
  const all = {
    roles: roles.data.roles,
    revision: roles.data.revision,
    catalogue: catalogue.data.permissions,
  }
  if (role !== undefined) return <RoleEditor key={role} id={role} {...all} />
  return (
    <>
      <RoleTable {...all} />
      <Matrix {...all} />
    </>
  )
}

/** The tab. */
export function RolesTab() {
  const { view } = route.useSearch()
  return (
    <>
      <div className="gh-page-head">
        <h1>Roles & permissions</h1>
        <p>What each role may do in the application, and what that comes to.</p>
      </div>
      <Views views={views} view={view} />
      <ModeNotice />
      {view === undefined && <RolesView />}
      {view === 'person' && <PersonView />}
      {view === 'routes' && <RouteMap />}
      {view === 'proposal' && <RouteProposal />}
      {view === 'import' && <ImportView />}
    </>
  )
}
