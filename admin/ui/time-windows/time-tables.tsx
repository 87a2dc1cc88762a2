/**
 * Windows of an audience, and closures and openings, as tables (as cards on a phone), with edit and delete.
 *
 * They load nothing. Invariant: a delete is asked first and made from the revision shown; the API refuses one that would
 * leave somebody in scope without hours.
 */
import { ActionIcon } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { Icon } from '../parts/icons.tsx'
import { useKept, useOpened } from '../parts/opened.ts'
import type { Extra } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { type TimeException, type TimeWindow, topicKey } from '../queries.ts'

const routes = api.practices[':practice']

type Removable = { readonly kind: 'window' | 'exception'; readonly id: string; readonly name: string }

function RemoveDialog(props: {
  readonly item: Removable
  readonly revision: number
  readonly onClose: () => void
}) {
  const { item, revision } = props
  const practice = usePractice()
  const client = useQueryClient()
  const reload = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  const save = async (extra: Extra) => {
    const target = {
      param: { practice: practice.id, id: item.id },
      header: { 'if-match': `"${revision}"` },
      query: { ...extra },
    }
    const { sequence } = await parseResponse(
      item.kind === 'window'
        ? routes['time-windows'][':id'].$delete(target)
        : routes['time-exceptions'][':id'].$delete(target),
    )
    followSave(`“${item.name}” is deleted`, sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      key={item.id}
      title={`Delete “${item.name}”?`}
      act="Delete"
      danger
      save={save}
      reload={() => void reload()}
      onClose={props.onClose}
    >
      <p>Whoever is in scope and has no other hours then is refused, live connections included.</p>
    </ConfirmDialog>
  )
}

function Acts(props: { readonly name: string; readonly onEdit: () => void; readonly onDelete: () => void }) {
  const mayEdit = usePractice().may('gw.time.edit')
  return (
    <td className="gh-row-acts">
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Edit ${props.name}`}
        disabled={!mayEdit}
        onClick={props.onEdit}
      >
        <Icon name="edit" />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Delete ${props.name}`}
        disabled={!mayEdit}
        onClick={props.onDelete}
      >
        <Icon name="trash" />
      </ActionIcon>
    </td>
  )
}

const Head = ({ titles, caption }: { readonly titles: readonly string[]; readonly caption: string }) => (
  <>
    <caption className="gh-unseen">{caption}</caption>
    <thead>
      <tr>
        {titles.map((title) => (
          <th key={title} scope="col">
            {title}
          </th>
        ))}
        <th scope="col">
          <span className="gh-unseen">Edit or delete</span>
        </th>
      </tr>
    </thead>
  </>
)

const nameOf = ({ label, audienceName, sentence }: TimeWindow): string =>
  label ?? `${audienceName} ${sentence}`

/** Windows of one audience, one by one. */
export function WindowsTable(props: {
  readonly windows: readonly TimeWindow[]
  readonly revision: number
  readonly onEdit: (window: TimeWindow) => void
}) {
  const { name, id, open, close } = useOpened()
  const found = props.windows.find((one) => one.id === id)
  const asked = useKept(
    name === 'window-delete' ? id : null,
    found && { kind: 'window' as const, id, name: nameOf(found) },
  )
  return (
    <>
      <table className="gh-table">
        <Head caption={`${props.windows.length} windows`} titles={['Hours', 'Label']} />
        <tbody>
          {props.windows.map((window) => {
            return (
              <tr key={window.id}>
                <td data-label="Hours">
                  <span className="gh-strong">{window.sentence}</span>
                </td>
                <td data-label="Label">{window.label ?? <span className="gh-faint">none</span>}</td>
                <Acts
                  name={nameOf(window)}
                  onEdit={() => props.onEdit(window)}
                  onDelete={() => open('window-delete', window.id)}
                />
              </tr>
            )
          })}
        </tbody>
      </table>
      {asked !== undefined && (
        <RemoveDialog key={asked.id} item={asked} revision={props.revision} onClose={close} />
      )}
    </>
  )
}

/** Closures and openings; those that are over stay listed, faint. */
export function ExceptionsTable(props: {
  readonly exceptions: readonly TimeException[]
  readonly revision: number
  readonly onEdit: (exception: TimeException) => void
}) {
  const { name, id, open, close } = useOpened()
  const found = props.exceptions.find((one) => one.id === id)
  const asked = useKept(
    name === 'exception-delete' ? id : null,
    found && { kind: 'exception' as const, id, name: found.label },
  )
  return (
    <>
      <table className="gh-table">
        <Head
          caption={`${props.exceptions.length} closures and openings`}
          titles={['Label', 'Days and hours', 'Audience']}
        />
        <tbody>
          {props.exceptions.map((exception) => (
            <tr key={exception.id} className={exception.past ? 'gh-row-off' : ''}>
              <td data-label="Label">
                <span className="gh-strong">{exception.label}</span>
              </td>
              <td data-label="Days and hours">
                {exception.sentence}
                {exception.past && <span className="gh-sub">over</span>}
              </td>
              <td data-label="Audience">{exception.audienceName}</td>
              <Acts
                name={exception.label}
                onEdit={() => props.onEdit(exception)}
                onDelete={() => open('exception-delete', exception.id)}
              />
            </tr>
          ))}
        </tbody>
      </table>
      {asked !== undefined && (
        <RemoveDialog key={asked.id} item={asked} revision={props.revision} onClose={close} />
      )}
    </>
  )
}
