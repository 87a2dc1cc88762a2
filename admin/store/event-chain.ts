/**
 * Whether a chain of security events is whole, and what the newest whole check found.
 *
 * It repairs nothing. Checked: every hash, every link, every number, the columns that people filter by against what
 * was hashed, the head kept apart (a chain cut short), signed checkpoints, in the database and elsewhere (a chain
 * rewritten whole by somebody who can compute hashes but has no key), and the anchor from which a chain goes on whose
 * oldest events were forgotten. Checking only the newest events was refused: the tampered row is the one nobody looks at.
 */
import type { Selectable } from 'kysely'
import type { Instant } from '../../policies/instant.ts'
import { createVerifier, type Verifier } from '../../runtime/signing.ts'
import type { Rows, Store, Tx } from './database.ts'
import { type Break, type Checkpoint, checkLink, findForged, type Link, type Points } from './event-link.ts'
import { anchorText } from './event-retention.ts'
import { gatewayChain } from './events.ts'
import type { Tables } from './tables.ts'

/** What a check found. `brokenAt`: the number of the first event that does not fit; `null` with `ok`. */
export type ChainCheck = {
  readonly ok: boolean
  /** How many events fitted. */
  readonly checked: number
  /** The number of the last event that fitted. */
  readonly upTo: number
  readonly brokenAt: number | null
  /** A sentence: what is wrong, or that nothing is. */
  readonly why: string
}

type Anchor = Selectable<Tables['event_anchor']>
type Head = Selectable<Tables['event_head']>

const pageMax = 2_000

/** What is wrong with the end of the chain, given the last event that fitted. */
function checkEnd(
  last: Link,
  head: Head | undefined,
  own: readonly Checkpoint[],
  outside: readonly Checkpoint[],
): Break | null {
  const cut = last.seq + 1
  const beyond = own.find((point) => point.seq > last.seq)
  if (beyond !== undefined)
    return { at: cut, why: `a signed checkpoint names event ${beyond.seq}: the chain was cut short` }
  const further = outside.find((point) => point.seq > last.seq)
  if (further !== undefined)
    return { at: cut, why: `a checkpoint kept elsewhere names event ${further.seq}: the chain was cut short` }
  if (head === undefined)
    return last.seq === 0 ? null : { at: last.seq, why: 'the head of the chain is missing' }
  if (head.seq > last.seq) return { at: cut, why: `event ${cut} is missing: the chain was cut short` }
  if (head.seq < last.seq || head.hash !== last.hash)
    return { at: last.seq, why: 'the head of the chain does not fit its last event' }
  if (head.checkpoint_seq > 0 && !own.some((point) => point.seq === head.checkpoint_seq))
    return { at: head.checkpoint_seq, why: `the checkpoint of event ${head.checkpoint_seq} is missing` }
  return null
}

/** What is wrong with how the chain begins: an anchor not signed by us, or events below it. */
async function checkStart(
  tx: Tx,
  chain: string,
  anchor: Anchor | undefined,
  verifier: Verifier | null,
): Promise<Break | null> {
  if (anchor === undefined) return null
  if (verifier !== null && !verifier.verify(anchorText(anchor), anchor.signature))
    return { at: anchor.seq, why: `that events up to ${anchor.seq} were forgotten is not signed by us` }
  const below = await tx
    .selectFrom('security_event')
    .select('seq')
    .where('practice', '=', chain)
    .where('seq', '<=', anchor.seq)
    .orderBy('seq')
    .executeTakeFirst()
  return below === undefined
    ? null
    : { at: below.seq, why: `event ${below.seq} was forgotten, and is there again: it was put back` }
}

async function walk(tx: Tx, practice: string, start: Link, points: Points) {
  let last = start
  for (;;) {
    const page = await tx
      .selectFrom('security_event')
      .selectAll()
      .where('practice', '=', practice)
      .where('seq', '>', last.seq)
      .orderBy('seq')
      .limit(pageMax)
      .execute()
    for (const row of page) {
      const broken = checkLink(row, last, points)
      if (broken !== null) return { last, broken }
      last = { seq: row.seq, hash: row.hash }
    }
    if (page.length < pageMax) return { last, broken: null }
  }
}

const bySeq = (points: readonly Checkpoint[]): ReadonlyMap<number, string> =>
  new Map(points.map((point) => [point.seq, point.hash]))

const readBeside = async (tx: Tx, chain: string) => ({
  points: await tx
    .selectFrom('event_checkpoint')
    .selectAll()
    .where('practice', '=', chain)
    .orderBy('seq')
    .execute(),
  head: await tx.selectFrom('event_head').selectAll().where('practice', '=', chain).executeTakeFirst(),
  anchor: await tx
    .selectFrom('event_anchor')
    .selectAll()
    .where('practice', '=', chain)
    .orderBy('seq', 'desc')
    .executeTakeFirst(),
})

const verifierOf = (publicKey: string | null): Verifier | null => {
  if (publicKey === null) return null
  const verifier = createVerifier(publicKey)
  if (verifier === null) throw new Error('not a public key')
  return verifier
}

const wholeSentence = (checked: number, anchor: Anchor | undefined): string =>
  anchor === undefined
    ? `${checked} events, none altered or missing`
    : `${checked} events after number ${anchor.seq}, none altered or missing; older ones were kept their time and forgotten`

/**
 * Checks the whole chain of `practice` (`null`: the gateway's own) on one view of the database; 100,000 events take
 * a few seconds. `publicKey` (raw Ed25519, base64url) is the control plane's; `null` skips the signatures only.
 * `outside`: checkpoints kept elsewhere, of any chain; those of forgotten events say nothing any more.
 */
export function verifyChain(
  store: Store,
  practice: string | null,
  publicKey: string | null,
  outside: readonly Checkpoint[] = [],
): Promise<ChainCheck> {
  const chain = practice ?? gatewayChain
  const verifier = verifierOf(publicKey)
  const elsewhere = outside.filter((point) => point.practice === chain)
  return store.snapshot(async (tx) => {
    const { points, head, anchor } = await readBeside(tx, chain)
    const start: Link = anchor === undefined ? { seq: 0, hash: '' } : { seq: anchor.seq, hash: anchor.hash }
    const early = await checkStart(tx, chain, anchor, verifier)
    const maps: Points = { own: bySeq(points), outside: bySeq(elsewhere) }
    const walked = early === null ? await walk(tx, chain, start, maps) : { last: start, broken: early }
    const { last } = walked
    const found =
      walked.broken ??
      checkEnd(last, head, points, elsewhere) ??
      (verifier === null ? null : findForged([...points, ...elsewhere], verifier))
    const checked = last.seq - start.seq
    return found === null
      ? { ok: true, checked, upTo: last.seq, brokenAt: null, why: wholeSentence(checked, anchor) }
      : { ok: false, checked, upTo: last.seq, brokenAt: found.at, why: found.why }
  })
}

/** Every chain there is: practices' ids, and `~gateway`. */
export async function listChains(rows: Rows): Promise<readonly string[]> {
  const found = await rows.selectFrom('event_head').select('practice').orderBy('practice').execute()
  return found.map((row) => row.practice)
}

/**
 * Checks the chain whose last check is oldest, if it is older than `everyMs`, and keeps what it found; answers the
 * chain and what was found, `null` where none is due.
 */
export async function checkNextChain(
  store: Store,
  publicKey: string,
  at: Instant,
  everyMs: number,
): Promise<{ readonly practice: string; readonly check: ChainCheck } | null> {
  const due = await store.read((rows) =>
    rows
      .selectFrom('event_head as h')
      .leftJoin('event_check as c', 'c.practice', 'h.practice')
      .select('h.practice')
      .where((eb) => eb.or([eb('c.at', 'is', null), eb('c.at', '<=', at - everyMs), eb('c.at', '>', at)]))
      .orderBy('c.at', (order) => order.asc().nullsFirst())
      .orderBy('h.practice')
      .limit(1)
      .executeTakeFirst(),
  )
  if (due === undefined) return null
  const { practice } = due
  const check = await verifyChain(store, practice, publicKey)
  const found = { seq: check.upTo, ok: check.ok, why: check.why, broken_at: check.brokenAt, at }
  await store.read((rows) =>
    rows
      .insertInto('event_check')
      .values({ practice, ...found })
      .onConflict((oc) => oc.column('practice').doUpdateSet(found))
      .execute(),
  )
  return { practice, check }
}

/** What is known of a practice's chain without checking it now; `badge` says it in a few words. */
export async function readStanding(rows: Rows, practice: string) {
  const head = await rows
    .selectFrom('event_head')
    .selectAll()
    .where('practice', '=', practice)
    .executeTakeFirst()
  const check = await rows
    .selectFrom('event_check')
    .selectAll()
    .where('practice', '=', practice)
    .executeTakeFirst()
  const anchor = await rows
    .selectFrom('event_anchor')
    .select((eb) => eb.fn.max('seq').as('seq'))
    .where('practice', '=', practice)
    .executeTakeFirst()
  const badge =
    check === undefined
      ? 'not verified yet'
      : check.ok
        ? `verified to #${check.seq}`
        : `broken at #${check.broken_at ?? check.seq}`
  return {
    events: head?.seq ?? 0,
    verified:
      check === undefined
        ? null
        : { intact: check.ok, to: check.seq, brokenAt: check.broken_at, sentence: check.why, at: check.at },
    checkpoint:
      head === undefined || head.checkpoint_seq === 0
        ? null
        : { number: head.checkpoint_seq, at: head.checkpoint_at },
    // The aggregate is null where nothing was forgotten.
    forgottenTo: anchor?.seq ?? 0,
    badge,
  }
}
