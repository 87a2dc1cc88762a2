/**
 * The entries as a table (as cards on a phone): range, label, audience, expiry, use, on or off, edit, delete.
 *
 * It loads nothing. Invariant: on/off is saved at once; where that would lock somebody out it becomes a dialog that
 * names them, and the switch stays as it was.
 */
import { ActionIcon, Switch } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { Icon } from '../parts/icons.tsx'
import type { Extra } from '../parts/saving.ts'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { problemOf, type ShownProblem } from '../problem.ts'
import { type Entry, topicKey } from '../queries.ts'
import { useNow } from '../times.ts'

type Asked =
  | { readonly act: 'delete'; readonly entry: Entry }
  | { readonly act: 'switch'; readonly entry: Entry; readonly problem: ShownProblem }

const route = api.practices[':practice']['ip-entries'][':id']
const counted = new Intl.NumberFormat('en-GB')

/** Saves that this table makes; each follows its sequence and reloads the practice. */
function useEntrySaves(revision: number) {
  const practice = usePractice()
  const client = useQueryClient()
  const target = (entry: Entry) => ({
    param: { practice: practice.id, id: entry.id },
    header: { 'if-match': `"${revision}"` },
  })
  const settled = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  return {
    turn: async (entry: Entry, extra: Extra) => {
      const on = !entry.on
      const saved = await parseResponse(route.$patch({ ...target(entry), json: { on, ...extra } }))
      followSave(`“${entry.label}” is ${on ? 'on' : 'off'}`, saved.sequence)
      await settled()
    },
    remove: async (entry: Entry, extra: Extra) => {
      const saved = await parseResponse(route.$delete({ ...target(entry), query: { ...extra } }))
      followSave(`“${entry.label}” is deleted`, saved.sequence)
      await settled()
    },
  }
}

function Label({ entry }: { readonly entry: Entry }) {
  const [nearest] = entry.overlaps
  const relations = { same: 'same network as', inside: 'contains', around: 'lies within' }
  return (
    <>
      <span className="gh-strong">{entry.label}</span>
      {entry.note !== '' && <span className="gh-sub">{entry.note}</span>}
      {nearest !== undefined && (
        <span className="gh-sub">
          {relations[nearest.relation]} “{nearest.label}”
          {entry.overlaps.length > 1 && ` and ${entry.overlaps.length - 1} more`}
        </span>
      )}
    </>
  )
}

function Expiry({ entry }: { readonly entry: Entry }) {
  const now = useNow()
  if (entry.expiresAt === null) return <span className="gh-faint">never</span>
  if (entry.expiresAt <= now) return <Tag tone="bad">expired</Tag>
  return <When at={entry.expiresAt} as="date" />
}

function Row(props: {
  readonly entry: Entry
  readonly isBusy: boolean
  readonly onTurn: () => void
  readonly onEdit: () => void
  readonly onDelete: () => void
}) {
  const { entry } = props
  const mayEdit = usePractice().may('gw.ip.edit')
  return (
    <tr className={entry.on ? '' : 'gh-row-off'}>
      <td data-label="Range">
        <code>{entry.range}</code>
      </td>
      <td data-label="Label">
        <Label entry={entry} />
      </td>
      <td data-label="Audience">{entry.audienceName}</td>
      <td data-label="Expires">
        <Expiry entry={entry} />
      </td>
      <td data-label="Last match">
        {entry.lastMatchedAt === null ? (
          <span className="gh-faint">never</span>
        ) : (
          <When at={entry.lastMatchedAt} />
        )}
      </td>
      <td data-label="Hits 7 d" className="gh-number">
        {counted.format(entry.hits7d)}
      </td>
      <td data-label="On">
        <Switch
          aria-label={`${entry.label} is on`}
          checked={entry.on}
          disabled={!mayEdit || props.isBusy}
          onChange={props.onTurn}
        />
      </td>
      <td className="gh-row-acts">
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Edit ${entry.label}`}
          disabled={!mayEdit}
          onClick={props.onEdit}
        >
          <Icon name="edit" />
        </ActionIcon>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={`Delete ${entry.label}`}
          disabled={!mayEdit}
          onClick={props.onDelete}
        >
          <Icon name="trash" />
        </ActionIcon>
      </td>
    </tr>
  )
}

/** The table; `revision` is what its edits are made from. */
export function EntriesTable(props: {
  readonly entries: readonly Entry[]
  readonly revision: number
  readonly total: number
  readonly onEdit: (entry: Entry) => void
  readonly reload: () => unknown
}) {
  const saves = useEntrySaves(props.revision)
  const [busyId, setBusyId] = useState<string | null>(null)
  const [asked, setAsked] = useState<Asked | null>(null)
  const turn = async (entry: Entry) => {
    setBusyId(entry.id)
    try {
      await saves.turn(entry, {})
    } catch (error) {
      setAsked({ act: 'switch', entry, problem: problemOf(error) })
    } finally {
      setBusyId(null)
    }
  }
  return (
    <>
      <table className="gh-table">
        <caption className="gh-unseen">
          {props.entries.length} of {props.total} entries
        </caption>
        <thead>
          <tr>
            <th scope="col">Range</th>
            <th scope="col">Label</th>
            <th scope="col">Audience</th>
            <th scope="col">Expires</th>
            <th scope="col">Last match</th>
            <th scope="col" className="gh-number">
              Hits 7 d
            </th>
            <th scope="col">On</th>
            <th scope="col">
              <span className="gh-unseen">Edit or delete</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {props.entries.map((entry) => (
            <Row
              key={entry.id}
              entry={entry}
              isBusy={busyId === entry.id}
              onTurn={() => void turn(entry)}
              onEdit={() => props.onEdit(entry)}
              onDelete={() => setAsked({ act: 'delete', entry })}
            />
          ))}
        </tbody>
      </table>
      {asked !== null && (
        <AskedDialog asked={asked} saves={saves} reload={props.reload} onClose={() => setAsked(null)} />
      )}
    </>
  )
}

function AskedDialog(props: {
  readonly asked: Asked
  readonly saves: ReturnType<typeof useEntrySaves>
  readonly reload: () => unknown
  readonly onClose: () => void
}) {
  const { asked, saves } = props
  const { entry } = asked
  const isDelete = asked.act === 'delete'
  const turned = entry.on ? 'off' : 'on'
  return (
    <ConfirmDialog
      key={`${asked.act} ${entry.id}`}
      title={isDelete ? `Delete “${entry.label}”?` : `Turn “${entry.label}” ${turned}?`}
      act={isDelete ? 'Delete' : `Turn ${turned}`}
      danger={isDelete}
      firstProblem={asked.act === 'switch' ? asked.problem : null}
      save={(extra) => (isDelete ? saves.remove(entry, extra) : saves.turn(entry, extra))}
      reload={() => void props.reload()}
      onClose={props.onClose}
    >
      <p>
        <code>{entry.range}</code> serves {entry.audienceName} and let people in{' '}
        {counted.format(entry.hits7d)} times in the last seven days.
        {isDelete && ' Turning it off instead keeps it for later.'}
      </p>
    </ConfirmDialog>
  )
}
