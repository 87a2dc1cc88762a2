/**
 * Changes that wait for their time: the next one first, each with the way to withdraw it; and what became of earlier ones.
 *
 * Planning one is `schedule-dialog.tsx`. Invariant: a time is told as the practice's wall will show it; one that was
 * refused at its time says why.
 */
import { Button } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { lazy, Suspense } from 'react'
import { api } from '../api-client.ts'
import { ConfirmDialog } from '../parts/confirm-dialog.tsx'
import { tell } from '../parts/follow-save.tsx'
import { Icon } from '../parts/icons.tsx'
import { useKept, useOpened } from '../parts/opened.ts'
import type { Extra } from '../parts/saving.ts'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { type General, topicKey } from '../queries.ts'
import { ChangeList } from '../review/change-list.tsx'
import { type Scheduled, scheduleQuery } from './general-queries.ts'

const ScheduleDialog = lazy(async () => ({ default: (await import('./schedule-dialog.tsx')).ScheduleDialog }))

const outcomes = {
  applied: { name: 'Started', tone: 'good' },
  refused: { name: 'Refused', tone: 'bad' },
  cancelled: { name: 'Withdrawn', tone: 'neutral' },
} as const

function Waiting(props: {
  readonly one: Scheduled
  readonly people: General['named']
  readonly onWithdraw: () => void
}) {
  const { one, people } = props
  const mayEdit = usePractice().may('gw.security.settings.edit')
  return (
    <li className="gh-scheduled">
      <div>
        <p>
          <Icon name="clock" /> <strong>{one.startsText}</strong>{' '}
          <span className="gh-faint">
            <When at={one.startsAt} />
          </span>
        </p>
        <ChangeList sentences={one.changes} people={people} />
        <p className="gh-sub">
          Planned by {one.by} <When at={one.createdAt} />
          {one.reason !== null && `: ${one.reason}`}
        </p>
        {one.notice !== '' && <p className="gh-sub">People are told: “{one.notice}”</p>}
      </div>
      <Button size="xs" variant="default" disabled={!mayEdit} onClick={props.onWithdraw}>
        Withdraw
        <span className="gh-unseen"> what starts {one.startsText}</span>
      </Button>
    </li>
  )
}

function Settled({ settled }: { readonly settled: readonly Scheduled[] }) {
  if (settled.length === 0) return null
  return (
    <details className="gh-details gh-card-foot">
      <summary>What became of earlier ones</summary>
      <ul className="gh-plain-list">
        {settled.map((one) => {
          const outcome = outcomes[one.outcome ?? 'cancelled']
          return (
            <li key={one.id}>
              <Tag tone={outcome.tone}>{outcome.name}</Tag> {one.startsText}: {one.changes.join('; ')}
              {one.detail !== null && <span className="gh-sub">{one.detail}</span>}
            </li>
          )
        })}
      </ul>
    </details>
  )
}

function WithdrawDialog({ one, onClose }: { readonly one: Scheduled; readonly onClose: () => void }) {
  const practice = usePractice()
  const client = useQueryClient()
  const reload = () => client.invalidateQueries({ queryKey: topicKey(practice.id) })
  const save = async (extra: Extra) => {
    const json = extra.reason === undefined ? {} : { reason: extra.reason }
    const param = { practice: practice.id, id: one.id }
    await parseResponse(api.practices[':practice']['scheduled-changes'][':id'].cancel.$post({ param, json }))
    tell('The start is withdrawn', 'Everything stays as it is.')
    await reload()
  }
  return (
    <ConfirmDialog
      title={`Withdraw what starts ${one.startsText}?`}
      act="Withdraw"
      save={save}
      reload={() => void reload()}
      onClose={onClose}
    >
      <p>It will not start. Whoever was told about it is not told of this.</p>
      <ChangeList sentences={one.changes} />
    </ConfirmDialog>
  )
}

/** The card. */
export function ScheduleCard({ general }: { readonly general: General }) {
  const practice = usePractice()
  const { name, id, key, open, close } = useOpened()
  const { data: schedule } = useQuery(scheduleQuery(practice.id))
  const scheduled = schedule?.waiting ?? general.scheduled
  const withdrawn = useKept(
    name === 'withdraw' ? key : null,
    scheduled.find((one) => one.id === id),
  )
  return (
    <section className="gh-card" id="scheduled" aria-labelledby="scheduled-title">
      <div className="gh-card-head">
        <h2 id="scheduled-title">Planned starts</h2>
        <Button
          size="xs"
          variant="default"
          disabled={!practice.may('gw.security.settings.edit')}
          onClick={() => open('plan')}
        >
          Plan a start
        </Button>
      </div>
      {scheduled.length === 0 ? (
        <p className="gh-faint gh-card-foot">
          Nothing waits. Plan a start to tell people first, such as “enforce from Monday 06:00”; until then it
          can be withdrawn.
        </p>
      ) : (
        <ul className="gh-rows">
          {scheduled.map((one) => (
            <Waiting
              key={one.id}
              one={one}
              people={general.named}
              onWithdraw={() => open('withdraw', one.id)}
            />
          ))}
        </ul>
      )}
      <Settled settled={schedule?.settled ?? []} />
      {name === 'plan' && (
        <Suspense fallback={null}>
          <ScheduleDialog general={general} onClose={close} />
        </Suspense>
      )}
      {withdrawn !== undefined && <WithdrawDialog one={withdrawn} onClose={close} />}
    </section>
  )
}
