/**
 * One act on the chosen entries: on, off, an end, delete; each after a question, as one change.
 *
 * What is chosen is the list's. Invariant: nothing is done before it is asked; a lockout or a conflict is shown in the
 * question, and what was chosen stays chosen.
 */
import { Button, Group, TextInput } from '@mantine/core'
import { useState } from 'react'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { useOpened } from '../parts/opened.ts'
import { usePractice } from '../practice.ts'
import type { Entry } from '../queries.ts'
import { instantOf } from '../times.ts'
import { type BulkAct, entriesText, useEntrySaves } from './entry-saves.ts'

const kinds = ['on', 'off', 'expire', 'remove'] as const
type Kind = (typeof kinds)[number]
const shownMax = 5

const words: Readonly<Record<Kind, readonly [button: string, title: (count: string) => string]>> = {
  on: ['Turn on', (count) => `Turn ${count} on?`],
  off: ['Turn off', (count) => `Turn ${count} off?`],
  expire: ['Set the end', (count) => `When ${count} expire`],
  remove: ['Delete', (count) => `Delete ${count}?`],
}

type BarProps = {
  readonly entries: readonly Entry[]
  readonly revision: number
  readonly onDone: () => void
  readonly reload: () => unknown
}

function BulkDialog(props: BarProps & { readonly kind: Kind; readonly onClose: () => void }) {
  const { entries, kind, onDone, onClose } = props
  const { zone } = usePractice()
  const saves = useEntrySaves(props.revision)
  const [expires, setExpires] = useState('')
  const acts: Readonly<Record<Kind, BulkAct>> = {
    on: { on: true },
    off: { on: false },
    expire: { expiresAt: expires === '' ? null : instantOf(expires, zone) },
    remove: { remove: true },
  }
  const [act, title] = words[kind]
  return (
    <ConfirmDialog
      title={title(entriesText(entries.length))}
      act={act}
      danger={kind === 'remove'}
      save={async (extra) => {
        await saves.many(
          entries.map(({ id }) => id),
          acts[kind],
          extra,
        )
        onDone()
      }}
      reload={() => void props.reload()}
      onClose={onClose}
    >
      <ul className="gh-plain-list">
        {entries.slice(0, shownMax).map(({ id, range, label }) => (
          <li key={id}>
            {label} <code>{range}</code>
          </li>
        ))}
        {entries.length > shownMax && <li className="gh-faint">and {entries.length - shownMax} more</li>}
      </ul>
      {kind === 'expire' && (
        <TextInput
          label="Expires"
          type="datetime-local"
          description={`Empty: never. Read as the time in ${zone}.`}
          value={expires}
          onChange={(event) => setExpires(event.currentTarget.value)}
        />
      )}
    </ConfirmDialog>
  )
}

/** The bar; draw it while something is chosen. */
export function BulkBar(props: BarProps & { readonly onClear: () => void }) {
  const { name, id, open, close } = useOpened()
  const kind = name === 'chosen' ? kinds.find((one) => one === id) : undefined
  return (
    <section className="gh-bulk" aria-label="Chosen entries">
      <span className="gh-strong" aria-live="polite">
        {entriesText(props.entries.length)} chosen
      </span>
      <Group gap="xs">
        {kinds.map((one) => (
          <Button key={one} size="xs" variant="default" onClick={() => open('chosen', one)}>
            {words[one][0]}
          </Button>
        ))}
        <Button size="xs" variant="subtle" onClick={props.onClear}>
          Choose none
        </Button>
      </Group>
      {kind !== undefined && <BulkDialog key={kind} {...props} kind={kind} onClose={close} />}
    </section>
  )
}
