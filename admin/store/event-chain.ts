/**
 * Whether a chain of security events is whole, and the signed checkpoints that let one say so.
 *
 * It repairs nothing. Checked: every hash, every link, every number, the columns that people filter by against what
 * was hashed, the head kept apart (a chain cut short), and the checkpoints' signatures (a chain rewritten whole by
 * somebody who can compute hashes but has no key). Checking only the newest events was refused: the tampered row
 * is the one nobody looks at.
 */
import canonicalize from 'canonicalize'
import type { Selectable } from 'kysely'
import type { Instant } from '../../policies/instant.ts'
import { createVerifier, type Signer, type Verifier } from '../../runtime/signing.ts'
import type { Rows, Store, Tx } from './database.ts'
import { eventHash, gatewayChain } from './events.ts'
import type { Tables } from './tables.ts'

/** What a check found. `brokenAt`: the number of the first event that does not fit; `null` with `ok`. */
export type ChainCheck = {
  readonly ok: boolean
  /** How many events fitted. */
  readonly checked: number
  readonly brokenAt: number | null
  /** A sentence: what is wrong, or that nothing is. */
  readonly why: string
}

type EventRow = Selectable<Tables['security_event']>
type Checkpoint = Selectable<Tables['event_checkpoint']>
type Cursor = { readonly seq: number; readonly hash: string }
type Break = { readonly at: number; readonly why: string }

const pageMax = 2_000

const checkpointText = (point: Omit<Checkpoint, 'signature'>): string =>
  canonicalize({
    kind: 'event-checkpoint',
    practice: point.practice,
    seq: point.seq,
    hash: point.hash,
    at: point.at,
  }) ?? ''

/** Columns that must say what the hashed text says. */
function columnsAgree(row: EventRow, said: Readonly<Record<string, unknown>>): boolean {
  const columns = canonicalize({
    practice: row.practice,
    seq: row.seq,
    at: row.at,
    action: row.action,
    origin: row.origin,
    prev: row.prev_hash,
    actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
    target:
      row.target_kind === null ? null : { kind: row.target_kind, id: row.target_id, name: row.target_name },
  })
  const { practice, seq, at, action, origin, prev, actor, target } = said
  return columns === canonicalize({ practice, seq, at, action, origin, prev, actor, target })
}

function readBody(body: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}

function checkRow(row: EventRow, last: Cursor, points: ReadonlyMap<number, string>): Break | null {
  const wanted = last.seq + 1
  if (row.seq !== wanted) return { at: wanted, why: `event ${wanted} is missing` }
  if (row.prev_hash !== last.hash)
    return { at: row.seq, why: `event ${row.seq} does not follow the one before it: replaced or re-ordered` }
  if (eventHash(row.body) !== row.hash) return { at: row.seq, why: `event ${row.seq} was altered` }
  const said = readBody(row.body)
  if (said === null || !columnsAgree(row, said))
    return { at: row.seq, why: `a column of event ${row.seq} was altered` }
  const point = points.get(row.seq)
  if (point !== undefined && point !== row.hash)
    return {
      at: row.seq,
      why: `event ${row.seq} is not the one of the signed checkpoint: the chain was rewritten`,
    }
  return null
}

/** What is wrong with the end of the chain, given the last event that fitted. */
function checkEnd(
  last: Cursor,
  head: Selectable<Tables['event_head']> | undefined,
  points: readonly Checkpoint[],
): Break | null {
  const beyond = points.find((point) => point.seq > last.seq)
  if (beyond !== undefined)
    return { at: last.seq + 1, why: `a signed checkpoint names event ${beyond.seq}: the chain was cut short` }
  if (head === undefined)
    return last.seq === 0 ? null : { at: last.seq, why: 'the head of the chain is missing' }
  if (head.seq > last.seq)
    return { at: last.seq + 1, why: `event ${last.seq + 1} is missing: the chain was cut short` }
  if (head.seq < last.seq || head.hash !== last.hash)
    return { at: last.seq, why: 'the head of the chain does not fit its last event' }
  if (head.checkpoint_seq > 0 && !points.some((point) => point.seq === head.checkpoint_seq))
    return { at: head.checkpoint_seq, why: `the checkpoint of event ${head.checkpoint_seq} is missing` }
  return null
}

function forged(points: readonly Checkpoint[], verifier: Verifier): Break | null {
  const bad = points.find((point) => !verifier.verify(checkpointText(point), point.signature))
  return bad === undefined
    ? null
    : { at: bad.seq, why: `the checkpoint of event ${bad.seq} is not signed by us` }
}

async function walk(tx: Tx, practice: string, points: ReadonlyMap<number, string>) {
  let last: Cursor = { seq: 0, hash: '' }
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
      const broken = checkRow(row, last, points)
      if (broken !== null) return { last, broken }
      last = { seq: row.seq, hash: row.hash }
    }
    if (page.length < pageMax) return { last, broken: null }
  }
}

/**
 * Checks the whole chain of `practice` (`null`: the gateway's own) on one view of the database; 100,000 events take
 * a few seconds. `publicKey` (raw Ed25519, base64url) is the control plane's; `null` skips the signatures only.
 */
export function verifyChain(
  store: Store,
  practice: string | null,
  publicKey: string | null,
): Promise<ChainCheck> {
  const chain = practice ?? gatewayChain
  return store.snapshot(async (tx) => {
    const points = await tx
      .selectFrom('event_checkpoint')
      .selectAll()
      .where('practice', '=', chain)
      .orderBy('seq')
      .execute()
    const head = await tx
      .selectFrom('event_head')
      .selectAll()
      .where('practice', '=', chain)
      .executeTakeFirst()
    const { last, broken } = await walk(tx, chain, new Map(points.map((point) => [point.seq, point.hash])))
    const verifier = publicKey === null ? null : createVerifier(publicKey)
    if (publicKey !== null && verifier === null) throw new Error('not a public key')
    const found =
      broken ?? checkEnd(last, head, points) ?? (verifier === null ? null : forged(points, verifier))
    return found === null
      ? { ok: true, checked: last.seq, brokenAt: null, why: `${last.seq} events, none altered or missing` }
      : { ok: false, checked: last.seq, brokenAt: found.at, why: found.why }
  })
}

/** Every chain there is: practices' ids, and `~gateway`. */
export async function listChains(rows: Rows): Promise<readonly string[]> {
  const found = await rows.selectFrom('event_head').select('practice').orderBy('practice').execute()
  return found.map((row) => row.practice)
}

/** Signs the heads that moved since their last checkpoint, at most 500; answers how many. */
export function writeCheckpoints(store: Store, signer: Signer, at: Instant): Promise<number> {
  return store.transaction(async (tx) => {
    const moved = await tx
      .selectFrom('event_head')
      .selectAll()
      .whereRef('seq', '>', 'checkpoint_seq')
      .orderBy('practice')
      .limit(500)
      .forUpdate()
      .execute()
    for (const { practice, seq, hash } of moved) {
      const point = { practice, seq, hash, at }
      const signature = signer.sign(checkpointText(point))
      await tx
        .insertInto('event_checkpoint')
        .values({ ...point, signature })
        .execute()
      await tx
        .updateTable('event_head')
        .set({ checkpoint_seq: seq })
        .where('practice', '=', practice)
        .execute()
    }
    return moved.length
  })
}
