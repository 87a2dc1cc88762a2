/**
 * The banner of commit-confirm, above every tab: what waits and how long still, or what was taken back and why.
 *
 * It knows the server's answer only. Invariant: the time left is counted from what the server said was left, so that a
 * browser whose clock is wrong shows the same; it ticks silently, and screen readers hear the sentence once.
 */
import { Button } from '@mantine/core'
import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useEffect, useState } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { ConfirmationAhead } from '../parts/confirmation-ahead.tsx'
import { followSave } from '../parts/follow-save.tsx'
import { Icon } from '../parts/icons.tsx'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { type Extra, useSaving } from '../parts/saving.ts'
import { usePractice } from '../practice.ts'
import { type General, generalQuery, meQuery, topicKey } from '../queries.ts'

type Confirmation = NonNullable<General['confirmation']>
type Waiting = Extract<Confirmation, { state: 'waiting' }>
type Reverted = Extract<Confirmation, { state: 'reverted' }>

const routes = api.practices[':practice'].confirmation

const ask = async (client: QueryClient, practice: string): Promise<void> => {
  await Promise.all([
    client.invalidateQueries({ queryKey: topicKey(practice) }),
    client.invalidateQueries({ queryKey: meQuery.queryKey }),
  ])
}

/** What is left of `leftMs`, as of `toldAt`; once it is over, everything is asked again every second. */
function useLeft(leftMs: number, toldAt: number): number {
  const client = useQueryClient()
  const { id } = usePractice()
  const [end, setEnd] = useState(() => ({ toldAt, at: performance.now() + leftMs }))
  const [now, setNow] = useState(() => performance.now())
  if (end.toldAt !== toldAt) setEnd({ toldAt, at: performance.now() + leftMs })
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(performance.now())
      // Gateways have gone back by then; the record follows them within seconds.
      if (performance.now() >= end.at) void ask(client, id)
    }, 1_000)
    return () => clearInterval(timer)
  }, [end.at, client, id])
  return Math.min(leftMs, Math.max(0, end.at - now))
}

const minutesText = (ms: number): string => {
  const seconds = Math.ceil(ms / 1_000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

function Sentences({ label, of }: { readonly label: string; readonly of: readonly string[] }) {
  return (
    <details className="gh-details">
      <summary>{label}</summary>
      <ul className="gh-changes">
        {of.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </details>
  )
}

function useSettling({ revision, name }: Waiting) {
  const practice = usePractice()
  const client = useQueryClient()
  const target = { param: { practice: practice.id }, header: { 'if-match': `"${revision}"` } }
  const settle = (way: 'confirm' | 'revert') => async (extra: Extra) => {
    const json = extra.reason === undefined ? {} : { reason: extra.reason }
    const { sequence } = await parseResponse(routes[way].$post({ ...target, json }))
    followSave(way === 'confirm' ? `${name} is confirmed` : `${name} is taken back`, sequence)
    await ask(client, practice.id)
  }
  const reload = () => void ask(client, practice.id)
  return { confirm: useSaving(settle('confirm')), revert: useSaving(settle('revert')), reload }
}

function WaitingBanner({ waiting, toldAt }: { readonly waiting: Waiting; readonly toldAt: number }) {
  const { confirm, revert, reload } = useSettling(waiting)
  const left = useLeft(waiting.leftMs, toldAt)
  const problem = confirm.problem ?? revert.problem
  const isOver = left === 0
  return (
    <section className="gh-banner gh-tone-warn" aria-label="Waiting for confirmation">
      <Icon name="warning" size={18} />
      <div className="gh-banner-text">
        <p role="status">
          <strong>{waiting.sentence}</strong> Saved by {waiting.by}. Nothing else can be edited until then.
        </p>
        {waiting.refused !== null && (
          <p>The new policy would refuse you here: {waiting.refused}. Confirm from where it lets you in.</p>
        )}
        {!waiting.mine && <p>Whoever saved it, or a security admin, can confirm it.</p>}
        <Sentences label="What it changes" of={waiting.changes} />
        {problem !== null && (
          <ProblemNotice problem={problem} typedName="" onTypeName={() => undefined} onReload={reload} />
        )}
      </div>
      <div className="gh-banner-acts">
        <span role="timer" className="gh-numbers gh-strong" aria-label="Time left to confirm">
          {isOver ? 'Going back …' : minutesText(left)}
        </span>
        {waiting.mine && (
          <>
            <Button
              loading={confirm.isBusy}
              disabled={isOver || waiting.refused !== null}
              onClick={() => void confirm.run()}
            >
              Confirm
            </Button>
            <Button
              variant="default"
              loading={revert.isBusy}
              disabled={isOver}
              onClick={() => void revert.run()}
            >
              Revert now
            </Button>
          </>
        )}
      </div>
    </section>
  )
}

function AgainDialog(props: {
  readonly reverted: Reverted
  readonly revision: number
  readonly onClose: () => void
}) {
  const { reverted, revision, onClose } = props
  const practice = usePractice()
  const client = useQueryClient()
  const reload = () => ask(client, practice.id)
  const save = async (extra: Extra) => {
    const target = { param: { practice: practice.id }, header: { 'if-match': `"${revision}"` } }
    const { sequence } = await parseResponse(routes.again.$post({ ...target, json: { ...extra } }))
    followSave(`${reverted.name} is on again`, sequence)
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Review: ${reverted.name}`}
      act="Apply"
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <ConfirmationAhead />
      <ul aria-label="What changes" className="gh-changes">
        {reverted.changes.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </ConfirmDialog>
  )
}

function RevertedNotice({ reverted, revision }: { readonly reverted: Reverted; readonly revision: number }) {
  const mayEdit = usePractice().may('gw.security.settings.edit')
  const [isOpen, setOpen] = useState(false)
  const [isClosed, setClosed] = useState(false)
  if (isClosed) return null
  return (
    <section className="gh-banner gh-tone-warn" aria-label="Taken back">
      <Icon name="warning" size={18} />
      <p role="status" className="gh-banner-text">
        <strong>{reverted.sentence}</strong>
      </p>
      <div className="gh-banner-acts">
        {mayEdit && <Button onClick={() => setOpen(true)}>Turn on again</Button>}
        <Button variant="default" onClick={() => setClosed(true)}>
          Dismiss
        </Button>
      </div>
      {isOpen && <AgainDialog reverted={reverted} revision={revision} onClose={() => setOpen(false)} />}
    </section>
  )
}

/** The banner; nothing where nothing waits and nothing was taken back. */
export function ConfirmationBanner() {
  const practice = usePractice()
  const { data, dataUpdatedAt } = useQuery(generalQuery(practice.id))
  const confirmation = data?.confirmation ?? null
  if (data === undefined || confirmation === null) return null
  return confirmation.state === 'waiting' ? (
    <WaitingBanner key={confirmation.revision} waiting={confirmation} toldAt={dataUpdatedAt} />
  ) : (
    <RevertedNotice key={confirmation.revision} reverted={confirmation} revision={data.revision} />
  )
}
