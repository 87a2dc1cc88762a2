/**
 * How long a practice's security events are kept, the legal hold, and the forgetting itself.
 *
 * The decision log has its own, shorter time (`jobs.ts`). Invariant: events go by whole segments, from the oldest to one
 * that a checkpoint ends; a signed anchor with that event's hash is written first, in the same transaction, and the
 * database lets rows go for no other reason (docs/decisions/0008). What a configured stream has not got waits for it, 30
 * days at most. Deleting what is old row by row was refused: a chain with honest gaps cannot be told from one with
 * dishonest ones.
 */
import canonicalize from 'canonicalize'
import type { Instant } from '../../policies/instant.ts'
import type { Signer } from '../../runtime/signing.ts'
import { type Deed, eventOf, ownDeed } from '../deed.ts'
import type { Rows, Store, Tx } from './database.ts'
import { appendEvent, gatewayChain } from './events.ts'
import { listLagging, type Outlet, waitsFor } from './forgetting-waits.ts'

/** How long events are kept. `held`: nothing is forgotten meanwhile. `version` grows with each change, from 1. */
export type Retention = {
  readonly years: number
  readonly held: boolean
  readonly heldWhy: string
  readonly version: number
}

/** A mean Gregorian year; the database reckons with the same. */
const yearMs = 31_556_952_000
const eventsMax = 20_000
const standard: Retention = { years: 6, held: false, heldWhy: '', version: 1 }

/** What an anchor's signature covers. */
export const anchorText = (anchor: {
  readonly practice: string
  readonly seq: number
  readonly hash: string
  readonly count: number
  readonly at: Instant
}): string => {
  const { practice, seq, hash, count, at } = anchor
  return canonicalize({ kind: 'event-anchor', practice, seq, hash, count, at }) ?? ''
}

/** How long the events of a chain are kept; six years unless somebody chose otherwise. */
export async function readRetention(rows: Rows, practice: string): Promise<Retention> {
  const row = await rows
    .selectFrom('event_retention')
    .selectAll()
    .where('practice', '=', practice)
    .executeTakeFirst()
  return row === undefined
    ? standard
    : { years: row.years, held: row.held, heldWhy: row.held_why, version: row.version }
}

/**
 * Chooses how long a practice's events are kept (1 to 100 years), and whether a legal hold stands; with its event.
 * `conflict`: somebody else chose in between, and `current` is theirs.
 */
export function saveRetention(
  store: Store,
  wish: { readonly practice: string; readonly from: number; readonly deed: Deed } & Pick<
    Retention,
    'years' | 'held' | 'heldWhy'
  >,
): Promise<
  | { readonly outcome: 'saved'; readonly retention: Retention }
  | { readonly outcome: 'conflict'; readonly current: Retention }
> {
  const { practice, from, deed, years, held, heldWhy } = wish
  return store.transaction(async (tx) => {
    await tx
      .selectFrom('event_head')
      .select('seq')
      .where('practice', '=', practice)
      .forUpdate()
      .executeTakeFirst()
    const before = await readRetention(tx, practice)
    if (before.version !== from) return { outcome: 'conflict', current: before }
    const after: Retention = { years, held, heldWhy: held ? heldWhy : '', version: from + 1 }
    const row = { years, held, held_why: after.heldWhy, version: after.version }
    await tx
      .insertInto('event_retention')
      .values({ practice, ...row })
      .onConflict((oc) => oc.column('practice').doUpdateSet(row))
      .execute()
    const said = ({ years: kept, held: hold, heldWhy: why }: Retention) => ({ years: kept, held: hold, why })
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'events.retention-changed',
      target: { kind: 'practice', id: practice, name: practice },
      before: said(before),
      after: said(after),
    })
    return { outcome: 'saved', retention: after }
  })
}

type SegmentEnd = { readonly seq: number; readonly hash: string }

/** The end of the segments that may go: the newest checkpoint with only old events before it, and no more than fits. */
async function findSegmentEnd(
  tx: Tx,
  practice: string,
  anchored: number,
  before: Instant,
): Promise<SegmentEnd | undefined> {
  const kept = await tx
    .selectFrom('security_event')
    .select((eb) => eb.fn.min('seq').as('seq'))
    .where('practice', '=', practice)
    .where('at', '>', before)
    .executeTakeFirst()
  // The aggregate is null where nothing is young enough to be kept.
  const first: number | null = kept?.seq ?? null
  const ends = tx
    .selectFrom('event_checkpoint')
    .select(['seq', 'hash'])
    .where('practice', '=', practice)
    .where('seq', '>', anchored)
    .$if(first !== null, (query) => query.where('seq', '<', first ?? 0))
  const fitting = await ends
    .where('seq', '<=', anchored + eventsMax)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return fitting ?? (await ends.orderBy('seq').limit(1).executeTakeFirst())
}

async function forgetThrough(
  tx: Tx,
  practice: string,
  end: SegmentEnd,
  signer: Signer,
  at: Instant,
): Promise<{ readonly count: number; readonly first: number }> {
  const going = await tx
    .selectFrom('security_event')
    .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.min('seq').as('first')])
    .where('practice', '=', practice)
    .where('seq', '<=', end.seq)
    .executeTakeFirstOrThrow()
  const anchor = { practice, ...end, count: going.count, at }
  await tx
    .insertInto('event_anchor')
    .values({ ...anchor, signature: signer.sign(anchorText(anchor)) })
    .execute()
  await tx.deleteFrom('security_event').where('practice', '=', practice).where('seq', '<=', end.seq).execute()
  await tx
    .deleteFrom('event_checkpoint')
    .where('practice', '=', practice)
    .where('seq', '<', end.seq)
    .execute()
  return going
}

/** What forgetting works with: anchors are signed; what `streams` have not got waits for them. */
export type Forgetting = { readonly signer: Signer; readonly streams: readonly Outlet[] }

/**
 * Forgets the oldest segments of one chain that have been kept their time, about 20,000 events at most; with its event.
 * Answers how many events went; 0 under a legal hold, and while a stream that has not got them is waited for.
 */
export function forgetEvents(
  store: Store,
  { signer, streams }: Forgetting,
  practice: string,
  at: Instant,
): Promise<number> {
  return store.transaction(async (tx) => {
    await tx
      .selectFrom('event_head')
      .select('seq')
      .where('practice', '=', practice)
      .forUpdate()
      .executeTakeFirst()
    const { years, held } = await readRetention(tx, practice)
    if (held) return 0
    const anchor = await tx
      .selectFrom('event_anchor')
      .select((eb) => eb.fn.max('seq').as('seq'))
      .where('practice', '=', practice)
      .executeTakeFirst()
    const end = await findSegmentEnd(tx, practice, anchor?.seq ?? 0, at - years * yearMs)
    const lagging = end === undefined ? [] : await listLagging(tx, practice, end.seq, streams)
    if ((await waitsFor(tx, practice, lagging, at)) || end === undefined) return 0
    const { count, first } = await forgetThrough(tx, practice, end, signer, at)
    await appendEvent(tx, {
      ...eventOf(ownDeed(at)),
      practice: practice === gatewayChain ? null : practice,
      action: 'events.forgotten',
      target: null,
      before: null,
      after: {
        ...{ first, last: end.seq, count, years },
        ...(lagging.length === 0 ? {} : { undelivered: [...lagging] }),
      },
    })
    return count
  })
}
