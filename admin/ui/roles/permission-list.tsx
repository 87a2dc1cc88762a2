/**
 * One of the two lists of the editor: included or available permissions, by component.
 *
 * It saves nothing: a press changes the draft. Invariant: what a permission needs is named before it is granted, and
 * where it is not enforced by any gateway is said beside its name.
 */
import { Button } from '@mantine/core'
import { Tag } from '../parts/tag.tsx'
import { type Draft, declaredNeeds } from './draft.ts'
import { Enforcement } from './enforcement.tsx'
import type { Permission } from './roles-queries.ts'

/** What every row needs to know. */
export type ListFacts = {
  readonly draft: Draft
  readonly byId: ReadonlyMap<string, Permission>
  readonly routes: ReadonlyMap<string, number> | null
  /** Of the draft: what is granted without effect, and what it would take. */
  readonly needs: ReadonlyMap<string, readonly string[]>
  readonly mayEdit: boolean
}

const nameIn = (byId: ReadonlyMap<string, Permission>, id: string): string => byId.get(id)?.name ?? id

function Needs({ permission, facts }: { readonly permission: Permission; readonly facts: ListFacts }) {
  const { draft, byId } = facts
  const missing = draft.has(permission.id)
    ? (facts.needs.get(permission.id) ?? []).filter((id) => id !== permission.id && !draft.has(id))
    : declaredNeeds(permission.id, byId).filter((id) => !draft.has(id))
  if (missing.length === 0) return null
  const names = missing.map((id) => nameIn(byId, id)).join(', ')
  const act = draft.has(permission.id) || missing.length > 1 ? 'Grant what it needs' : 'Grant both'
  return (
    <span className="gh-needs">
      <span className="gh-warn-text">needs {names}</span>
      {facts.mayEdit && (
        <Button
          size="compact-xs"
          variant="default"
          aria-label={`${act}: ${permission.name} with ${names}`}
          onClick={() => draft.grant([...missing, permission.id])}
        >
          {act}
        </Button>
      )}
    </span>
  )
}

function Row({ permission, facts }: { readonly permission: Permission; readonly facts: ListFacts }) {
  const { draft } = facts
  const { id, name } = permission
  const isIn = draft.has(id)
  const isChanged = draft.added.includes(id) || draft.removed.includes(id)
  return (
    <li className="gh-permission">
      <div className="gh-permission-text">
        <span className="gh-tags">
          <span className="gh-strong">{name}</span>
          {isChanged && <Tag tone="accent">{isIn ? 'new' : 'withdrawn'}</Tag>}
          <Enforcement
            at={permission.enforceableAt}
            routes={facts.routes === null ? null : (facts.routes.get(id) ?? 0)}
          />
        </span>
        <span className="gh-sub">{permission.description}</span>
        <Needs permission={permission} facts={facts} />
      </div>
      <Button
        size="compact-sm"
        variant="subtle"
        className="gh-fixed"
        disabled={!facts.mayEdit}
        aria-label={`${isIn ? 'Withdraw' : 'Grant'} ${name}`}
        {...(isIn ? { color: 'red' } : {})}
        onClick={() => (isIn ? draft.withdraw([id]) : draft.grant([id]))}
      >
        {isIn ? 'Withdraw' : 'Grant'}
      </Button>
    </li>
  )
}

/** The list; `blank` stands in an empty one. */
export function PermissionList(props: {
  readonly title: string
  readonly permissions: readonly Permission[]
  readonly facts: ListFacts
  readonly blank: string
}) {
  const { title, permissions, facts } = props
  const groups = [...new Set(permissions.map(({ group }) => group))]
  return (
    <section className="gh-card" aria-label={title}>
      <div className="gh-card-head">
        <h3 className="gh-card-title">
          {title} <span className="gh-faint gh-numbers">{permissions.length}</span>
        </h3>
      </div>
      {permissions.length === 0 && <p className="gh-faint gh-card-foot">{props.blank}</p>}
      {groups.map((group) => (
        <div key={group}>
          <h4 className="gh-permission-group">{group}</h4>
          <ul className="gh-rows" aria-label={`${title}: ${group}`}>
            {permissions
              .filter((one) => one.group === group)
              .map((permission) => (
                <Row key={permission.id} permission={permission} facts={facts} />
              ))}
          </ul>
        </div>
      ))}
    </section>
  )
}
