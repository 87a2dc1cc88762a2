/**
 * A test message: a mail to whoever asks for it, or a message to one configured webhook, queued as any other.
 *
 * It sends nothing itself. Invariant: a mail goes to the address of who asks and to no other, so that nobody writes to
 * strangers with it; at most ten in ten minutes a practice, counted by their events; each is an event.
 */
import type { DurationMs } from '../../policies/instant.ts'
import { type Deed, eventOf } from '../deed.ts'
import type { Store, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { lockPractice, readPolicy } from '../store/practices.ts'
import { queueMail } from './mail-queue.ts'
import { queueTest } from './webhook-queue.ts'

const countMax = 10
const periodMs: DurationMs = 600_000
const action = 'notifications.tested'

/** What became of it. `to`: where it goes, as people read it. */
export type TestOutcome =
  | { readonly outcome: 'queued'; readonly to: string }
  | { readonly outcome: 'no-address' }
  | { readonly outcome: 'too-many'; readonly retryAfterMs: DurationMs }
  | { readonly outcome: 'unknown-practice' }

/** Where the mail of who acts goes; `null`: they have no address. Own accounts are written to if their login is one. */
async function addressOf(tx: Tx, { actor }: Deed, login: string): Promise<string | null> {
  if (actor.kind !== 'user') return login
  const row = await tx.selectFrom('app_user').select('email').where('id', '=', actor.id).executeTakeFirst()
  return row?.email ?? null
}

async function firstOfPeriod(tx: Tx, practice: string, since: number) {
  const found = await tx
    .selectFrom('security_event')
    .select('at')
    .where('practice', '=', practice)
    .where('action', '=', action)
    .where('at', '>', since)
    .orderBy('seq', 'desc')
    .limit(countMax)
    .execute()
  return found.length < countMax ? null : (found.at(-1)?.at ?? null)
}

/** Queues a test message by `webhook`, or by mail (`null`) to who asks, whose login is `login`. */
export const queueTestMessage = (
  store: Store,
  wish: {
    readonly practice: string
    readonly webhook: string | null
    readonly login: string
    readonly deed: Deed
  },
): Promise<TestOutcome> =>
  store.transaction(async (tx) => {
    const { practice: id, webhook, login, deed } = wish
    if ((await lockPractice(tx, id)) === null) return { outcome: 'unknown-practice' }
    const name = (await readPolicy(tx, id))?.document.practice.name ?? id
    const first = await firstOfPeriod(tx, id, deed.at - periodMs)
    if (first !== null) return { outcome: 'too-many', retryAfterMs: first + periodMs - deed.at }
    if (webhook !== null) await queueTest(tx, webhook, { id, name }, deed.at)
    const address = webhook === null ? await addressOf(tx, deed, login) : null
    if (webhook === null) {
      const text = `${deed.actor.name} asked for this at ${name}, to see whether mail of Gatehouse arrives. Nothing has to be done.`
      const mail = { to: address ?? '', subject: `A test of Gatehouse at ${name}`, text }
      if (!(await queueMail(tx, mail, deed.at))) return { outcome: 'no-address' }
    }
    await appendEvent(tx, {
      ...eventOf(deed),
      ...{ practice: id, action, target: { kind: 'practice', id, name }, before: null },
      after: { by: webhook === null ? 'mail' : `webhook ${webhook}` },
    })
    return { outcome: 'queued', to: address ?? `the webhook ${webhook}` }
  })
