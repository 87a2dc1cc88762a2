/**
 * The difference that a draft makes, before it is saved.
 *
 * It is worked out by the API. Invariant: what starts or stops to work is listed beside what is granted or withdrawn,
 * since one permission blocks another.
 */
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import type { Extra } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { type Role, topicKey } from '../queries.ts'
import type { Draft } from './draft.ts'
import type { Permission, Preview } from './roles-queries.ts'

const routes = api.practices[':practice'].roles

function Names(props: { readonly title: string; readonly sign: string; readonly names: readonly string[] }) {
  if (props.names.length === 0) return null
  return (
    <div>
      <h3 className="gh-review-title">{props.title}</h3>
      <ul className="gh-review" aria-label={props.title}>
        {props.names.map((name) => (
          <li key={name}>
            <span aria-hidden="true" className="gh-faint">
              {props.sign}
            </span>{' '}
            {name}
          </li>
        ))}
      </ul>
    </div>
  )
}

/** The review of `draft`. */
export function ReviewDialog(props: {
  readonly role: Role
  readonly draft: Draft
  readonly revision: number
  readonly catalogue: readonly Permission[]
  readonly preview: Preview | undefined
  readonly onClose: () => void
}) {
  const { role, draft, revision, preview } = props
  const practice = usePractice()
  const client = useQueryClient()
  const names = new Map(props.catalogue.map(({ id, name }) => [id, name]))
  const named = (ids: readonly string[]) => ids.map((id) => names.get(id) ?? id)
  const reload = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  const save = async (extra: Extra) => {
    const target = {
      param: { practice: practice.id, role: role.id },
      header: { 'if-match': `"${revision}"` },
    }
    const json = { permissions: [...draft.granted], ...extra }
    const { sequence } = await parseResponse(routes[':role'].permissions.$put({ ...target, json }))
    await reload()
    draft.discard()
    followSave(`Permissions of ${role.name} are saved`, sequence)
  }
  const also = (ids: readonly string[], listed: readonly string[]) =>
    named(ids.filter((id) => !listed.includes(id)))
  return (
    <ConfirmDialog
      title={`Review: ${role.name}`}
      act="Save"
      save={save}
      reload={() => void reload()}
      onClose={props.onClose}
    >
      <p>
        {role.members === 1 ? '1 person has' : `${role.members} people have`} this role. The change bites on
        their next request; nobody is signed out.
      </p>
      <Names title="Granted" sign="+" names={named(draft.added)} />
      <Names title="Withdrawn" sign="−" names={named(draft.removed)} />
      {preview !== undefined && (
        <>
          <Names title="Works again because of it" sign="+" names={also(preview.nowEffective, draft.added)} />
          <Names
            title="Stays granted, but has no effect any more"
            sign="−"
            names={also(preview.noLongerEffective, draft.removed)}
          />
          <Names
            title="Granted without effect until what it needs is granted too"
            sign="!"
            names={preview.needs
              .filter(({ id }) => draft.added.includes(id))
              .map(
                ({ name, id, with: needed }) =>
                  `${name} needs ${named(needed.filter((one) => one !== id)).join(', ')}`,
              )}
          />
        </>
      )}
    </ConfirmDialog>
  )
}
