/**
 * An exported file of security events (NDJSON, whole) checked by itself: no database, only the events, checkpoints that
 * were kept elsewhere, and the control plane's public key.
 *
 * It is not `verifyChain`, which sees the columns and the head too. Invariant: the file is read line by line, whatever its
 * size; a line that is no event breaks the chain like an altered one.
 */
import canonicalize from 'canonicalize'
import { z } from 'zod'
import { createVerifier } from '../../runtime/signing.ts'
import {
  type Break,
  type Checkpoint,
  checkLink,
  type EventRow,
  findForged,
  type Link,
} from '../store/event-link.ts'

/** What the check found. `from`: the number of the file's first event; what came before it is not judged. */
export type FileCheck = {
  readonly ok: boolean
  readonly practice: string | null
  readonly from: number
  readonly checked: number
  /** The newest event that a checkpoint vouches for; 0: none does. */
  readonly vouchedTo: number
  readonly brokenAt: number | null
  readonly why: string
}

const partSchema = z.object({ kind: z.string(), id: z.string(), name: z.string() })
const eventSchema = z.looseObject({
  practice: z.string(),
  seq: z.number().int().positive(),
  at: z.number().int(),
  action: z.string(),
  origin: z.string(),
  actor: partSchema,
  target: partSchema.nullable(),
  prev: z.string(),
  hash: z.string(),
})

const rowOf = (line: string): EventRow | null => {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return null
  }
  const parsed = eventSchema.safeParse(value)
  if (!parsed.success) return null
  const { hash, ...said } = parsed.data
  const { actor, target } = said
  return {
    ...{ practice: said.practice, seq: said.seq, at: said.at, action: said.action, origin: said.origin },
    ...{ actor_kind: actor.kind, actor_id: actor.id, actor_name: actor.name },
    target_kind: target?.kind ?? null,
    target_id: target?.id ?? null,
    target_name: target?.name ?? null,
    ...{ prev_hash: said.prev, hash, body: canonicalize(said) ?? '' },
  }
}

type Walked = { readonly first: EventRow | null; readonly last: Link; readonly broken: Break | null }

async function walk(lines: AsyncIterable<string>, points: readonly Checkpoint[]): Promise<Walked> {
  let first: EventRow | null = null
  let last: Link = { seq: 0, hash: '' }
  let outside: ReadonlyMap<number, string> = new Map()
  for await (const line of lines) {
    if (line.trim() === '') continue
    const row = rowOf(line)
    if (row === null)
      return {
        first,
        last,
        broken: { at: last.seq + 1, why: `event ${last.seq + 1} was altered: it is no event` },
      }
    if (first === null) {
      first = row
      outside = new Map(
        points.filter((one) => one.practice === row.practice).map((one) => [one.seq, one.hash]),
      )
      // What came before the first line is not in the file.
      last = { seq: row.seq - 1, hash: row.prev_hash }
    }
    const broken =
      row.practice === first.practice
        ? checkLink(row, last, { own: new Map(), outside })
        : { at: last.seq + 1, why: `event ${last.seq + 1} is of another practice, ${row.practice}` }
    if (broken !== null) return { first, last, broken }
    last = { seq: row.seq, hash: row.hash }
  }
  return { first, last, broken: null }
}

/**
 * Checks the lines of one chain's export against `points`. `publicKey` must be a raw Ed25519 key in base64url; throws
 * where it is none.
 */
export async function checkEventFile(
  lines: AsyncIterable<string>,
  points: readonly Checkpoint[],
  publicKey: string,
): Promise<FileCheck> {
  const verifier = createVerifier(publicKey)
  if (verifier === null) throw new Error('not a public key')
  const { first, last, broken } = await walk(lines, points)
  const mine = points.filter((point) => point.practice === first?.practice)
  const beyond = mine.find((point) => point.seq > last.seq)
  const cut: Break | null =
    beyond === undefined
      ? null
      : {
          at: last.seq + 1,
          why: `a checkpoint kept elsewhere names event ${beyond.seq}: the file was cut short`,
        }
  const found = broken ?? findForged(mine, verifier) ?? cut
  const from = first?.seq ?? 0
  const checked = first === null ? 0 : last.seq - from + 1
  const vouchedTo = Math.max(
    0,
    ...mine.filter(({ seq }) => seq >= from && seq <= last.seq).map(({ seq }) => seq),
  )
  const facts = { practice: first?.practice ?? null, from, checked, vouchedTo }
  if (found !== null) return { ok: false, ...facts, brokenAt: found.at, why: found.why }
  const vouched =
    vouchedTo === 0 ? 'no checkpoint vouches for any' : `checkpoints vouch for all up to ${vouchedTo}`
  return { ok: true, ...facts, brokenAt: null, why: `${checked} events, none altered or missing; ${vouched}` }
}
