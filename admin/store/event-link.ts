/**
 * One link of the audit chain, judged by itself: does this event follow that one, and is it what was hashed and signed?
 *
 * Pure, so that rows of the database (`event-chain.ts`) and lines of an exported file (`admin/events/event-file.ts`) are judged
 * by the same words. Invariant: what is wrong is said of the first event that does not fit, with the one cause that
 * explains it; "broken" alone was refused, since a deleted event and an altered one ask for different questions.
 */
import canonicalize from 'canonicalize'
import type { Instant } from '../../policies/instant.ts'
import type { Verifier } from '../../runtime/signing.ts'
import { eventHash } from './events.ts'

/** A signed word of the control plane: event `seq` of this chain has this hash. */
export type Checkpoint = {
  readonly practice: string
  readonly seq: number
  readonly hash: string
  readonly at: Instant
  readonly signature: string
}

/** An event as it is stored: what was hashed, and the columns beside it. */
export type EventRow = {
  readonly practice: string
  readonly seq: number
  readonly at: number
  readonly action: string
  readonly origin: string
  readonly actor_kind: string
  readonly actor_id: string
  readonly actor_name: string
  readonly target_kind: string | null
  readonly target_id: string | null
  readonly target_name: string | null
  readonly prev_hash: string
  readonly hash: string
  readonly body: string
}

/** The last event that fitted; before the first: number 0 and no hash. */
export type Link = { readonly seq: number; readonly hash: string }

/** Where a chain breaks, and why, in a sentence. */
export type Break = { readonly at: number; readonly why: string }

/** Hashes by event number that checkpoints name: those beside the chain, and those kept elsewhere. */
export type Points = {
  readonly own: ReadonlyMap<number, string>
  readonly outside: ReadonlyMap<number, string>
}

/** What a checkpoint's signature covers. */
export const checkpointText = ({ practice, seq, hash, at }: Omit<Checkpoint, 'signature'>): string =>
  canonicalize({ kind: 'event-checkpoint', practice, seq, hash, at }) ?? ''

/** The first checkpoint that is not signed by the verifier's key; `null`: all are. */
export function findForged(points: readonly Checkpoint[], verifier: Verifier): Break | null {
  const bad = points.find((point) => !verifier.verify(checkpointText(point), point.signature))
  return bad === undefined
    ? null
    : { at: bad.seq, why: `the checkpoint of event ${bad.seq} is not signed by us` }
}

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

/** What is wrong with `row` as the event after `last`; `null`: it follows, and is what was written. */
export function checkLink(row: EventRow, last: Link, points: Points): Break | null {
  const wanted = last.seq + 1
  const seq = row.seq
  if (seq !== wanted) return { at: wanted, why: `event ${wanted} is missing: it was deleted` }
  if (eventHash(row.body) !== row.hash) return { at: seq, why: `event ${seq} was altered` }
  const said = readBody(row.body)
  if (said === null) return { at: seq, why: `event ${seq} was altered` }
  if (said['seq'] !== seq)
    return { at: seq, why: `event ${seq} was written as number ${String(said['seq'])}: re-ordered` }
  if (row.prev_hash !== last.hash)
    return { at: seq, why: `event ${seq} does not follow the one before it: one of them was replaced` }
  if (!columnsAgree(row, said)) return { at: seq, why: `a column of event ${seq} was altered` }
  const own = points.own.get(seq)
  if (own !== undefined && own !== row.hash)
    return { at: seq, why: `event ${seq} is not the one of the signed checkpoint: the chain was rewritten` }
  const outside = points.outside.get(seq)
  if (outside !== undefined && outside !== row.hash)
    return {
      at: seq,
      why: `event ${seq} is not the one of the checkpoint kept elsewhere: the chain was rewritten`,
    }
  return null
}
