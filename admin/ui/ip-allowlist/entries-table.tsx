/**
 * The entries as a table (as cards on a phone): range, label, audience, expiry, use, on or off, edit, delete; sorted by a
 * column, chosen for one act on many.
 *
 * It loads nothing. Invariant: on/off is saved at once; where that would lock somebody out it becomes a dialog that
 * names them, and the switch stays as it was.
 */
import { ActionIcon, Checkbox, Menu, Switch } from '@mantine/core'
import { useState } from 'react'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { Icon } from '../parts/icons.tsx'
import { useKept, useOpened } from '../parts/opened.ts'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { problemOf, type ShownProblem } from '../problem.ts'
import type { Entry } from '../queries.ts'
import { useNow } from '../times.ts'
import { useEntrySaves } from './entry-saves.ts'
import { SortableHead } from './sortable-head.tsx'

const soonMs = 14 * 86_400_000
const counted = new Intl.NumberFormat('en-GB')

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
  return (
    <span className="gh-tags">
      <When at={entry.expiresAt} as="date" />
      {entry.expiresAt - now < soonMs && <Tag tone="warn">soon</Tag>}
    </span>
  )
}

function LastMatch({ entry }: { readonly entry: Entry }) {
  return (
    <span className="gh-tags">
      {entry.lastMatchedAt === null ? (
        <span className="gh-faint">never</span>
      ) : (
        <When at={entry.lastMatchedAt} />
      )}
      {entry.stale !== null && (
        <span title={entry.stale}>
          <Tag tone="warn">unused</Tag>
          <span className="gh-unseen">{entry.stale}</span>
        </span>
      )}
    </span>
  )
}

function Acts({ entry, onDelete }: { readonly entry: Entry; readonly onDelete: () => void }) {
  const { open } = useOpened()
  const mayEdit = usePractice().may('gw.ip.edit')
  return (
    <td className="gh-row-acts">
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Edit ${entry.label}`}
        disabled={!mayEdit}
        onClick={() => open('edit', entry.id)}
      >
        <Icon name="edit" />
      </ActionIcon>
      <Menu position="bottom-end" width={250} shadow="md" disabled={!mayEdit}>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`More for ${entry.label}`}
            disabled={!mayEdit}
          >
            <Icon name="chevron" />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown aria-label={`More for ${entry.label}`}>
          <Menu.Item leftSection={<Icon name="clock" />} onClick={() => open('heartbeat', entry.id)}>
            Keep it up to date by a heartbeat
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="trash" />} onClick={onDelete}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </td>
  )
}

type RowProps = {
  readonly entry: Entry
  readonly isBusy: boolean
  readonly isChosen: boolean
  readonly onChoose: () => void
  readonly onTurn: () => void
  readonly onDelete: () => void
}

function Row({ entry, isBusy, isChosen, onChoose, onTurn, onDelete }: RowProps) {
  const mayEdit = usePractice().may('gw.ip.edit')
  return (
    <tr className={entry.on ? '' : 'gh-row-off'} aria-selected={isChosen}>
      <td data-label="Choose">
        <Checkbox
          size="xs"
          aria-label={`Choose ${entry.label}`}
          checked={isChosen}
          disabled={!mayEdit}
          onChange={onChoose}
        />
      </td>
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
        <LastMatch entry={entry} />
      </td>
      <td data-label="Hits 7 d" className="gh-number">
        {counted.format(entry.hits7d)}
      </td>
      <td data-label="People 30 d" className="gh-number">
        {counted.format(entry.users30d)}
      </td>
      <td data-label="On">
        <Switch
          aria-label={`${entry.label} is on`}
          checked={entry.on}
          disabled={!mayEdit || isBusy}
          onChange={onTurn}
        />
      </td>
      <Acts entry={entry} onDelete={onDelete} />
    </tr>
  )
}

function Head(props: { readonly allChosen: boolean; readonly isSome: boolean; readonly onAll: () => void }) {
  const mayEdit = usePractice().may('gw.ip.edit')
  return (
    <thead>
      <tr>
        <th scope="col">
          <span className="gh-narrow">Choose</span>
          <Checkbox
            size="xs"
            aria-label="Choose all of this page"
            checked={props.allChosen}
            indeterminate={props.isSome && !props.allChosen}
            disabled={!mayEdit}
            onChange={props.onAll}
          />
        </th>
        <SortableHead sort="range" name="Range" />
        <SortableHead sort="label" name="Label" />
        <th scope="col">Audience</th>
        <SortableHead sort="expires" name="Expires" />
        <SortableHead sort="matched" name="Last match" />
        <th scope="col" className="gh-number">
          Hits 7 d
        </th>
        <th scope="col" className="gh-number">
          People 30 d
        </th>
        <th scope="col">On</th>
        <th scope="col">
          <span className="gh-unseen">Edit or delete</span>
        </th>
      </tr>
    </thead>
  )
}

type Asked = {
  readonly act: 'delete' | 'switch'
  readonly entry: Entry
  readonly problem: ShownProblem | null
}

/** The table; `revision` is what its edits are made from. */
export function EntriesTable(props: {
  readonly entries: readonly Entry[]
  readonly revision: number
  readonly total: number
  readonly chosen: ReadonlySet<string>
  readonly onChoose: (chosen: readonly string[]) => void
  readonly reload: () => unknown
}) {
  const { entries, chosen, onChoose } = props
  const saves = useEntrySaves(props.revision)
  const [busyId, setBusyId] = useState<string | null>(null)
  const { name, id, key, open, openWith, problem, close } = useOpened()
  const isAsked = name === 'delete' || name === 'switch'
  const entry = useKept(
    isAsked ? key : null,
    entries.find((one) => one.id === id),
  )
  const turn = async (one: Entry) => {
    setBusyId(one.id)
    try {
      await saves.turn(one, {})
    } catch (error) {
      openWith('switch', one.id, problemOf(error))
    } finally {
      setBusyId(null)
    }
  }
  const choose = (ticked: string) =>
    onChoose(chosen.has(ticked) ? [...chosen].filter((one) => one !== ticked) : [...chosen, ticked])
  const allChosen = entries.every((one) => chosen.has(one.id))
  return (
    <>
      <table className="gh-table gh-entries">
        <caption className="gh-unseen">
          {entries.length} of {props.total} entries
        </caption>
        <Head
          allChosen={allChosen}
          isSome={chosen.size > 0}
          onAll={() => onChoose(allChosen ? [] : entries.map((one) => one.id))}
        />
        <tbody>
          {entries.map((one) => (
            <Row
              key={one.id}
              entry={one}
              isBusy={busyId === one.id}
              isChosen={chosen.has(one.id)}
              onChoose={() => choose(one.id)}
              onTurn={() => void turn(one)}
              onDelete={() => open('delete', one.id)}
            />
          ))}
        </tbody>
      </table>
      {entry !== undefined && (
        <AskedDialog
          asked={{ act: name === 'delete' ? 'delete' : 'switch', entry, problem }}
          saves={saves}
          reload={props.reload}
          onClose={close}
        />
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
      firstProblem={asked.problem}
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
