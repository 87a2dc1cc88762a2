/**
 * Delivers what waits for webhooks, each message by one control plane at a time, again with growing pauses, not for ever;
 * and keeps how it went, without the message, for thirty days.
 *
 * Signing and sending is `webhook-send.ts`. Invariant: as with mail, a message is claimed before it is tried and no
 * transaction is open meanwhile; a message whose webhook is no longer configured is given up, not kept for later.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Log } from '../../runtime/log.ts'
import type { Rows, Store, Tx } from '../store/database.ts'
import { claimMs, pauseAfter, pauseMaxMs, triesMax } from './retry-pauses.ts'
import { sendWebhook, type WebhookOutcome, type WebhookTargets } from './webhook-send.ts'

/** What became of a message at one try, for the metrics. */
export type WebhookCount = 'delivered' | 'retried' | 'given-up'

/** What delivery works with. `count`: told once for each try. */
export type WebhookParts = {
  readonly store: Store
  readonly targets: WebhookTargets
  readonly now: () => Instant
  readonly log: Log
  readonly countWebhook: (outcome: WebhookCount) => void
}

const batchMax = 10
const keptMs: DurationMs = 30 * 86_400_000

type Claimed = {
  readonly id: string
  readonly endpoint: string
  readonly body: string
  readonly tries: number
}

async function claim(tx: Tx, at: Instant): Promise<readonly Claimed[]> {
  const due = tx
    .selectFrom('webhook_delivery')
    .select('id')
    .where('state', '=', 'waiting')
    .where((eb) => eb.or([eb('due_at', '<=', at), eb('due_at', '>', at + pauseMaxMs)]))
    .orderBy('due_at')
    .limit(batchMax)
    .forUpdate()
    .skipLocked()
  return tx
    .updateTable('webhook_delivery')
    .set((eb) => ({ due_at: at + claimMs, tries: eb('tries', '+', 1) }))
    .where('id', 'in', due)
    .returning(['id', 'endpoint', 'body', 'tries'])
    .execute()
}

const send = (parts: WebhookParts, { id, endpoint, body }: Claimed): Promise<WebhookOutcome> => {
  const target = parts.targets.get(endpoint)
  if (target === undefined) return Promise.resolve({ outcome: 'gone', answer: 'no longer configured' })
  return sendWebhook(target, { id, text: body }, parts.now())
}

async function settle(parts: WebhookParts, claimed: Claimed, tried: WebhookOutcome): Promise<void> {
  const { store, now, log, countWebhook } = parts
  const { id, endpoint, tries } = claimed
  const at = now()
  const told = { last_at: at, last_answer: tried.answer }
  const later = tried.outcome === 'later' && tries < triesMax
  const state = tried.outcome === 'delivered' ? 'delivered' : 'given-up'
  await store.read((rows) =>
    rows
      .updateTable('webhook_delivery')
      .set(later ? { ...told, due_at: at + pauseAfter(tries) } : { ...told, state, body: '' })
      .where('id', '=', id)
      .execute(),
  )
  const fields = { webhook: endpoint, delivery: id, tries, answer: tried.answer }
  if (later) log.warn(fields, 'a webhook was not delivered: tried again later')
  else if (state === 'given-up') log.error(fields, 'a webhook was given up: see notifications.webhooks')
  countWebhook(later ? 'retried' : state)
}

/** Tries up to ten messages that are due, side by side; answers how many. Rejects with a `Fault`: nothing is lost then. */
export async function deliverWebhooks(parts: WebhookParts): Promise<number> {
  const claimed = await parts.store.transaction((tx) => claim(tx, parts.now()))
  await Promise.all(claimed.map(async (one) => settle(parts, one, await send(parts, one))))
  return claimed.length
}

/** Forgets deliveries that ended, or were queued, more than thirty days ago; answers how many. */
export async function forgetDeliveries(store: Store, at: Instant): Promise<number> {
  const { numDeletedRows } = await store.read((rows) =>
    rows
      .deleteFrom('webhook_delivery')
      .where('queued_at', '<', at - keptMs)
      .executeTakeFirst(),
  )
  return Number(numDeletedRows)
}

/** How one message fared. */
export type ListedDelivery = {
  readonly id: string
  readonly endpoint: string
  readonly topic: string
  readonly state: 'waiting' | 'delivered' | 'given-up'
  readonly queuedAt: Instant
  readonly tries: number
  readonly lastAt: Instant | null
  readonly lastAnswer: string | null
}

/** The newest `countMax` deliveries of a practice, the newest first. */
export const listDeliveries = (
  rows: Rows,
  practice: string,
  countMax: number,
): Promise<readonly ListedDelivery[]> =>
  rows
    .selectFrom('webhook_delivery')
    .select(['id', 'endpoint', 'topic', 'state', 'queued_at as queuedAt', 'tries'])
    .select(['last_at as lastAt', 'last_answer as lastAnswer'])
    .where('practice', '=', practice)
    .orderBy('queued_at', 'desc')
    .orderBy('id')
    .limit(countMax)
    .execute()
