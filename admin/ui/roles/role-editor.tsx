/**
 * The editor of one role: Included and Available permissions, what a change brings and takes, review, save.
 *
 * Name and removal are `role-dialogs.tsx`'s. Invariant: the draft is kept until it is saved or discarded, leaving asks
 * first, and what it comes to is asked of the API, never guessed here.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useBlocker } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { Icon } from '../parts/icons.tsx'
import { SearchField } from '../parts/search-field.tsx'
import { Blank } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import type { Role } from '../queries.ts'
import { type Draft, useDraft } from './draft.ts'
import { routesPerPermission } from './enforcement.tsx'
import { LeaveDialog } from './leave-dialog.tsx'
import { PermissionList } from './permission-list.tsx'
import { ReviewDialog } from './review-dialog.tsx'
import { type Permission, type Preview, previewQuery, routesQuery } from './roles-queries.ts'

const route = getRouteApi('/practices/$practice/roles')

type EditorProps = {
  readonly id: string
  readonly roles: readonly Role[]
  readonly revision: number
  readonly catalogue: readonly Permission[]
}

const namedMax = 4

/** "A, B and 3 more". */
function listText(names: readonly string[]): string {
  const shown =
    names.length > namedMax ? [...names.slice(0, namedMax), `${names.length - namedMax} more`] : names
  return shown.length < 2 ? shown.join('') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}

function TakesAway(props: {
  readonly preview: Preview
  readonly draft: Draft
  readonly nameOf: (id: string) => string
}) {
  const { preview, draft, nameOf } = props
  const going = preview.takesAway.filter(({ id }) => !draft.has(id))
  if (going.length === 0) return null
  return (
    <section className="gh-banner gh-tone-warn" aria-label="What goes with it">
      <Icon name="warning" size={18} />
      <ul className="gh-banner-text gh-plain-list">
        {going.map(({ id, name, with: others }) => (
          <li key={id}>
            Without <strong>{name}</strong>, {listText(others.map(nameOf))}{' '}
            {others.length === 1 ? 'stays granted but has' : 'stay granted but have'} no effect.{' '}
            <Button size="compact-xs" variant="default" onClick={() => draft.withdraw(others)}>
              {others.length === 1 ? 'Withdraw it too' : 'Withdraw them too'}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  )
}

const countText = (count: number, what: string): string => `${count} ${what}`

function SaveBar({ draft, onReview }: { readonly draft: Draft; readonly onReview: () => void }) {
  if (!draft.isChanged) return null
  return (
    <section className="gh-save-bar" aria-label="Unsaved changes">
      <p role="status" className="gh-numbers">
        <strong>Not saved yet:</strong> {countText(draft.added.length, 'granted')},{' '}
        {countText(draft.removed.length, 'withdrawn')}
      </p>
      <Button variant="default" onClick={draft.discard}>
        Discard
      </Button>
      <Button onClick={onReview}>Review and save</Button>
    </section>
  )
}

function useFiltered(catalogue: readonly Permission[]) {
  const { text = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const settle = useCallback(
    (wanted: string) =>
      void navigate({
        search: (now) => ({ ...now, text: wanted === '' ? undefined : wanted }),
        replace: true,
      }),
    [navigate],
  )
  const words = text.toLowerCase()
  const shown = catalogue.filter(({ name, description, component }) =>
    `${name} ${description} ${component}`.toLowerCase().includes(words),
  )
  return { text, settle, shown }
}

function Lists(
  props: EditorProps & { readonly role: Role; readonly draft: Draft; readonly preview: Preview | undefined },
) {
  const practice = usePractice()
  const { draft, preview, catalogue } = props
  const { text, settle, shown } = useFiltered(catalogue)
  const { data: table } = useQuery(routesQuery(practice.id))
  const facts = {
    draft,
    byId: new Map(catalogue.map((one) => [one.id, one])),
    routes: routesPerPermission(table),
    needs: new Map((preview?.needs ?? []).map(({ id, with: needed }) => [id, needed])),
    mayEdit: practice.may('gw.roles.edit'),
  }
  const blank = text === '' ? '' : `Nothing here matches “${text}”.`
  return (
    <>
      <div className="gh-editor-search">
        <SearchField label="Search permissions" text={text} onSettle={settle} />
      </div>
      <div className="gh-two-lists">
        <PermissionList
          title="Included"
          permissions={shown.filter(({ id }) => draft.has(id))}
          facts={facts}
          blank={
            blank === '' ? 'The role grants nothing. Grant what its people need from the other list.' : blank
          }
        />
        <PermissionList
          title="Available"
          permissions={shown.filter(({ id }) => !draft.has(id))}
          facts={facts}
          blank={blank === '' ? 'The role grants everything there is.' : blank}
        />
      </div>
    </>
  )
}

function Editor(props: EditorProps & { readonly role: Role }) {
  const { role, catalogue, revision } = props
  const practice = usePractice()
  const draft = useDraft(role, catalogue)
  const names = new Map(catalogue.map((one) => [one.id, one.name]))
  const [isReviewing, setReviewing] = useState(false)
  const { data: preview } = useQuery({
    ...previewQuery(practice.id, role.id, draft.granted),
    enabled: draft.isChanged || role.blocked.length > 0,
  })
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) =>
      draft.isChanged && (next.pathname !== current.pathname || !staysOn(role.id, next.search)),
    enableBeforeUnload: () => draft.isChanged,
    withResolver: true,
  })
  return (
    <>
      <div className="gh-editor-head">
        <Link from={route.id} to="." search={{}} className="gh-link">
          All roles
        </Link>
        <h2>{role.name}</h2>
        <span className="gh-faint gh-numbers">
          {role.members === 1 ? '1 person has it' : `${role.members} people have it`}; a change bites on their
          next request.
        </span>
      </div>
      {preview !== undefined && draft.isChanged && (
        <TakesAway preview={preview} draft={draft} nameOf={(id) => names.get(id) ?? id} />
      )}
      <Lists {...props} draft={draft} preview={preview} />
      <SaveBar draft={draft} onReview={() => setReviewing(true)} />
      {isReviewing && (
        <ReviewDialog
          {...{ role, draft, revision, catalogue }}
          preview={preview}
          onClose={() => setReviewing(false)}
        />
      )}
      {leaving.status === 'blocked' && <LeaveDialog onLeave={leaving.proceed} onStay={leaving.reset} />}
    </>
  )
}

const staysOn = (role: string, search: unknown): boolean =>
  typeof search === 'object' && search !== null && 'role' in search && search.role === role

/** The editor, or that there is no such role. */
export function RoleEditor(props: EditorProps) {
  const role = props.roles.find(({ id }) => id === props.id)
  if (role !== undefined) return <Editor {...props} role={role} />
  return (
    <Blank
      icon="people"
      title="There is no such role"
      action={
        <Link from={route.id} to="." search={{}}>
          All roles
        </Link>
      }
    >
      It was removed, or the address is mistyped.
    </Blank>
  )
}
