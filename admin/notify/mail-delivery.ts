/**
 * Sends what waits in the mail queue: each mail by one control plane at a time, again with growing pauses, not for ever.
 *
 * How a mail gets out is `mailer.ts`. Invariant: a mail is claimed for two minutes before it is tried, no transaction is
 * open meanwhile, and its row is deleted once it was sent or given up. Holding the row locked while a server answers was
 * refused: the database ends such transactions, and the mail would go out twice. A crash in between may still do that;
 * the message id is then the same.
 */
import type { Instant } from '../../policies/instant.ts'
import type { Log } from '../../runtime/log.ts'
import type { Rows, Store, Tx } from '../store/database.ts'
import type { FactorKeyring } from '../two-factor/factor-keys.ts'
import { openMail } from './mail-seal.ts'
import type { Mailer, MailOutcome, OutgoingMail } from './mailer.ts'
import { claimMs, pauseAfter, pauseMaxMs, triesMax } from './retry-pauses.ts'

/** What became of mails, for the metrics. */
export type MailCount = 'sent' | 'retried' | 'given-up' | 'dropped'

/** What delivery works with. `count`: told once for each try. */
export type MailParts = {
  readonly store: Store
  readonly mailer: Mailer
  /** What opens mails that were sealed when they were queued. */
  readonly keyring: FactorKeyring
  readonly now: () => Instant
  readonly log: Log
  readonly count: (outcome: MailCount) => void
}

const batchMax = 10

type Waiting = Omit<OutgoingMail, 'subject' | 'text'> & {
  readonly tries: number
  readonly subject: string | null
  readonly body: string | null
  readonly keyId: string | null
  readonly sealed: string | null
}

/** A mail that waited, to be read; or what becomes of one that cannot be. */
function opened(
  keyring: FactorKeyring,
  waiting: Waiting,
): { readonly mail: OutgoingMail } | { readonly failed: MailOutcome } {
  const { id, to, queuedAt, subject, body, keyId, sealed } = waiting
  if (keyId === null || sealed === null)
    return { mail: { id, to, queuedAt, subject: subject ?? '', text: body ?? '' } }
  // Another control plane may have a newer ring, and this one may yet get it: the mail is not ours to throw away.
  if (keyring.under(keyId, 'mail') === null)
    return { failed: { outcome: 'later', why: `no key "${keyId}" here opens it` } }
  try {
    return { mail: { id, to, queuedAt, ...openMail(keyring, keyId, sealed, to) } }
  } catch {
    return { failed: { outcome: 'refused', why: 'it was altered since it was queued' } }
  }
}

async function claim(tx: Tx, at: Instant): Promise<readonly Waiting[]> {
  const due = tx
    .selectFrom('mail')
    .select('id')
    .where((eb) => eb.or([eb('due_at', '<=', at), eb('due_at', '>', at + pauseMaxMs)]))
    .orderBy('due_at')
    .limit(batchMax)
    .forUpdate()
    .skipLocked()
  return tx
    .updateTable('mail')
    .set((eb) => ({ due_at: at + claimMs, tries: eb('tries', '+', 1) }))
    .where('id', 'in', due)
    .returning(['id', 'to_address as to', 'subject', 'body', 'key_id as keyId', 'sealed'])
    .returning(['queued_at as queuedAt', 'tries'])
    .execute()
}

async function settle(parts: MailParts, mail: Waiting, outcome: MailOutcome): Promise<void> {
  const { store, now, log, count } = parts
  const { id, tries } = mail
  if (outcome.outcome === 'later' && tries < triesMax) {
    const dueAt = now() + pauseAfter(tries)
    await store.read((rows) => rows.updateTable('mail').set({ due_at: dueAt }).where('id', '=', id).execute())
    log.warn({ mail: id, tries, why: outcome.why }, 'a mail was not sent: tried again later')
    return count('retried')
  }
  await store.read((rows) => rows.deleteFrom('mail').where('id', '=', id).execute())
  if (outcome.outcome === 'sent' || outcome.outcome === 'dropped') return count(outcome.outcome)
  log.error({ mail: id, tries, why: outcome.why }, 'a mail was given up')
  count('given-up')
}

/** Tries up to ten mails that are due, side by side; answers how many. Rejects with a `Fault`: nothing is lost then. */
export async function deliverMails(parts: MailParts): Promise<number> {
  const claimed = await parts.store.transaction((tx) => claim(tx, parts.now()))
  await Promise.all(
    claimed.map(async (waiting) => {
      const read = opened(parts.keyring, waiting)
      return settle(parts, waiting, 'mail' in read ? await parts.mailer(read.mail) : read.failed)
    }),
  )
  return claimed.length
}

/** How many mails wait, for the metrics. */
export async function countWaitingMails(rows: Rows): Promise<number> {
  const row = await rows
    .selectFrom('mail')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  return row.count
}
