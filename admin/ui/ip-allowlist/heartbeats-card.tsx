/**
 * Heartbeats: machines at an office that keep its entry at the address they beat from; made with the ready line for cron.
 *
 * Beats themselves go to the portal. Invariant: the token is on the page once; one that has not beaten for an hour is
 * marked, since its office may be shut out soon.
 */
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { KeptDialog, Secret } from '../parts/kept-secret.tsx'
import { useOpened } from '../parts/opened.ts'
import { type Extra, reasonOf } from '../parts/saving.ts'
import { Tag } from '../parts/tag.tsx'
import { tellDone } from '../parts/told.ts'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { topicKey } from '../queries.ts'
import { type Heartbeat, heartbeatsQuery } from './allowlist-queries.ts'

const one = api.practices[':practice']

type Made = { readonly setUp: string; readonly cronLine: string }

function useReload(): () => Promise<void> {
  const practice = usePractice()
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: topicKey(practice.id, 'ip-entries', 'heartbeats') })
}

function MadeDialog({ made, onClose }: { readonly made: Made; readonly onClose: () => void }) {
  return (
    <KeptDialog title="The heartbeat’s lines" kept="Both lines are on the machine" onClose={onClose}>
      <p>On a machine at the office that is always on, as the user whose crontab it will be:</p>
      <Secret label="First, once: keeps the token in a file that only its user may read" text={made.setUp} />
      <Secret label="Then this line into its crontab (crontab -e)" text={made.cronLine} />
      <p className="gh-faint">The token is not shown again. A beat goes out every five minutes.</p>
    </KeptDialog>
  )
}

function MakeDialog(props: {
  readonly id: string
  readonly onMade: (made: Made) => void
  readonly onClose: () => void
}) {
  const practice = usePractice()
  const reload = useReload()
  const save = async (extra: Extra) => {
    const param = { practice: practice.id, id: props.id }
    const route = one['ip-entries'][':id'].heartbeats
    props.onMade(await parseResponse(route.$post({ param, json: reasonOf(extra) })))
    await reload()
  }
  return (
    <ConfirmDialog
      title="Keep this entry up to date by a heartbeat"
      act="Make it"
      save={save}
      reload={() => void reload()}
      onClose={props.onClose}
    >
      <p>
        For an office whose provider changes its address: a machine there beats every five minutes, and the
        entry follows to where it beats from, each time as a security event.
      </p>
      <p className="gh-faint">
        Whoever has its token can move this entry to their own address: keep it well.
      </p>
    </ConfirmDialog>
  )
}

function RevokeDialog({ beat, onClose }: { readonly beat: Heartbeat; readonly onClose: () => void }) {
  const practice = usePractice()
  const reload = useReload()
  const save = async (extra: Extra) => {
    const param = { practice: practice.id, id: beat.id }
    await parseResponse(one.heartbeats[':id'].revoke.$post({ param, json: reasonOf(extra) }))
    tellDone('The heartbeat is revoked')
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Revoke the heartbeat of “${beat.entry.label ?? 'an entry that is gone'}”?`}
      act="Revoke"
      danger
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>Its beats are refused from now on; the entry stays where it is.</p>
    </ConfirmDialog>
  )
}

function Item({ beat }: { readonly beat: Heartbeat }) {
  const mayEdit = usePractice().may('gw.ip.edit')
  const { open } = useOpened()
  const { entry, lastBeatAt, lastAddress, silent } = beat
  return (
    <li className="gh-item">
      <div className="gh-item-text">
        <p>
          <span className="gh-strong">{entry.label ?? 'An entry that is gone'}</span>{' '}
          {entry.range !== null && <code>{entry.range}</code>}{' '}
          {entry.label === null ? (
            <Tag tone="bad">beats are refused</Tag>
          ) : silent ? (
            <Tag tone="warn">silent</Tag>
          ) : (
            <Tag tone="good">beating</Tag>
          )}
        </p>
        <p className="gh-faint">
          {lastBeatAt === null ? (
            'Has never beaten.'
          ) : (
            <>
              Last beat <When at={lastBeatAt} /> from <code>{lastAddress}</code>.
            </>
          )}{' '}
          Token <code>{beat.prefix}…</code>, made by {beat.createdBy} <When at={beat.createdAt} />.
        </p>
      </div>
      <Button size="xs" variant="default" disabled={!mayEdit} onClick={() => open('revoke-beat', beat.id)}>
        Revoke<span className="gh-unseen"> the heartbeat of {entry.label}</span>
      </Button>
    </li>
  )
}

function Beats({ beats }: { readonly beats: readonly Heartbeat[] }) {
  return (
    <section className="gh-card" aria-labelledby="beats-title">
      <div className="gh-card-head">
        <h2 id="beats-title">Heartbeats</h2>
      </div>
      <ul className="gh-rows">
        {beats.map((beat) => (
          <Item key={beat.id} beat={beat} />
        ))}
      </ul>
    </section>
  )
}

/** The card where there are some, and the dialogs that the entries' menus open. */
export function HeartbeatsCard() {
  const practice = usePractice()
  const { data } = useQuery(heartbeatsQuery(practice.id))
  const { name, id, close } = useOpened()
  const [made, setMade] = useState<Made | null>(null)
  const beats = data?.heartbeats ?? []
  const asked = beats.find((beat) => beat.id === id)
  return (
    <>
      {beats.length > 0 && <Beats beats={beats} />}
      {name === 'heartbeat' && practice.may('gw.ip.edit') && (
        <MakeDialog id={id} onMade={setMade} onClose={close} />
      )}
      {name === 'revoke-beat' && asked !== undefined && <RevokeDialog beat={asked} onClose={close} />}
      {made !== null && <MadeDialog made={made} onClose={() => setMade(null)} />}
    </>
  )
}
