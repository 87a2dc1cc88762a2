/**
 * Security events: who changed what, written in the transaction of the change, in one hash chain per practice.
 *
 * It is not logging and not the decision log. The chain's head row is locked while an event is appended, so that
 * events of a practice have one order; each event's hash covers the canonical JSON (RFC 8785) of everything it
 * says, its number and the hash before it. One chain for all practices was refused: every change anywhere would
 * queue behind every other. Verification is `event-chain.ts`.
 */
import { hash } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { Instant } from '../../policies/instant.ts'
import type { Rows, Tx } from './database.ts'

/** The chain of what concerns no single practice. No practice can be called so. */
export const gatewayChain = '~gateway'

/** Who did it. `id` is a user's (`usr_…`), an account's (`adm_…`), a gateway's, or a fixed word for machines. */
export type Actor = {
  readonly kind: 'user' | 'admin' | 'gateway' | 'system' | 'cli'
  readonly id: string
  readonly name: string
}

/** Gatehouse itself, as an actor. */
export const systemActor: Actor = { kind: 'system', id: 'gatehouse', name: 'Gatehouse' }

/** By which way it was done. */
export type Origin = 'ui' | 'api' | 'cli' | 'auto' | 'import'

/** What it was done to; `null` id where the name says all. */
export type Target = { readonly kind: string; readonly id: string; readonly name: string }

/** An event to append. `practice: null` goes to the gateway's own chain. */
export type EventDraft = {
  readonly practice: string | null
  readonly at: Instant
  readonly actor: Actor
  readonly origin: Origin
  /** Dotted, past tense: `policy.edited`, `user.revoked`, `session.opened`. */
  readonly action: string
  readonly target: Target | null
  /** What was and what is, only the parts that changed; `null` where there is none. Secrets are redacted. */
  readonly before: unknown
  readonly after: unknown
  readonly reason?: string | null
  readonly policyVersion?: number | null
  readonly requestId?: string | null
  /** From where it was done, canonical text. */
  readonly address?: string | null
}

/** An event as it stands in the chain. `prev` is the hash of the one before; `''` for the first. */
export type SecurityEvent = {
  readonly practice: string
  readonly seq: number
  readonly at: Instant
  readonly actor: Actor
  readonly origin: Origin
  readonly action: string
  readonly target: Target | null
  readonly before: unknown
  readonly after: unknown
  readonly reason: string | null
  readonly policyVersion: number | null
  readonly requestId: string | null
  readonly address: string | null
  readonly prev: string
}

const secretName =
  /^(password|passphrase|secret|token|cookie|code|codes|recoveryCodes|privateKey|authorization|hash)$|(Password|Secret|Token|Hash|Cookie|Key)$/
const textMax = 4_000
const depthMax = 12

const cleanText = (text: string): string => {
  const whole = text.toWellFormed().replaceAll('\0', '')
  return whole.length > textMax ? `${whole.slice(0, textMax)}…`.toWellFormed() : whole
}

/** `value` as JSON with every secret replaced, texts cut at 4,000 characters, at most 12 levels deep. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return cleanText(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value === 'boolean') return value
  if (value === null || typeof value !== 'object') return null
  if (depth >= depthMax) return '[deeper]'
  if (Array.isArray(value)) return value.map((part) => redact(part, depth + 1))
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .map(([name, part]) => [cleanText(name), redactField(name, part, depth)]),
  )
}

const redactField = (name: string, part: unknown, depth: number): unknown =>
  part !== null && secretName.test(name.slice(name.lastIndexOf('.') + 1))
    ? '[redacted]'
    : redact(part, depth + 1)

/** The hash of an event's canonical text: SHA-256, base64url. */
export const eventHash = (body: string): string => hash('sha256', body, 'base64url')

function bodyOf(draft: EventDraft, practice: string, seq: number, prev: string): string {
  const event: SecurityEvent = {
    practice,
    seq,
    prev,
    at: draft.at,
    actor: {
      kind: draft.actor.kind,
      id: cleanText(draft.actor.id),
      name: cleanText(draft.actor.name),
    },
    origin: draft.origin,
    action: draft.action,
    target:
      draft.target === null
        ? null
        : {
            kind: draft.target.kind,
            id: cleanText(draft.target.id),
            name: cleanText(draft.target.name),
          },
    before: redact(draft.before),
    after: redact(draft.after),
    reason: draft.reason == null ? null : cleanText(draft.reason),
    policyVersion: draft.policyVersion ?? null,
    requestId: draft.requestId ?? null,
    address: draft.address ?? null,
  }
  const body = canonicalize(event)
  if (body === undefined) throw new Error(`event ${draft.action} has no canonical form`)
  return body
}

/**
 * Appends an event to its chain and answers its number and hash. Holds the chain until the transaction ends:
 * append last, and for several practices in the order of their ids.
 */
export async function appendEvent(
  tx: Tx,
  draft: EventDraft,
): Promise<{ readonly seq: number; readonly hash: string }> {
  const practice = draft.practice ?? gatewayChain
  const head = await tx
    .insertInto('event_head')
    .values({ practice, seq: 1, hash: '' })
    .onConflict((oc) => oc.column('practice').doUpdateSet((eb) => ({ seq: eb('event_head.seq', '+', 1) })))
    .returning(['seq', 'hash'])
    .executeTakeFirstOrThrow()
  const body = bodyOf(draft, practice, head.seq, head.hash)
  const bodyHash = eventHash(body)
  const target = draft.target
  await tx
    .insertInto('security_event')
    .values({
      practice,
      seq: head.seq,
      at: draft.at,
      action: draft.action,
      origin: draft.origin,
      actor_kind: draft.actor.kind,
      actor_id: cleanText(draft.actor.id),
      actor_name: cleanText(draft.actor.name),
      target_kind: target?.kind ?? null,
      target_id: target === null ? null : cleanText(target.id),
      target_name: target === null ? null : cleanText(target.name),
      prev_hash: head.hash,
      hash: bodyHash,
      body,
    })
    .execute()
  await tx.updateTable('event_head').set({ hash: bodyHash }).where('practice', '=', practice).execute()
  return { seq: head.seq, hash: bodyHash }
}

/**
 * Which events to list; absent: all. `practice: null`: the gateway's own chain. `type` matches an action or its
 * first parts (`policy` finds `policy.edited`). `from` inclusive, `to` exclusive.
 */
export type EventFilter = {
  readonly practice: string | null
  readonly type?: string | undefined
  readonly actor?: string | undefined
  readonly target?: string | undefined
  readonly from?: Instant | undefined
  readonly to?: Instant | undefined
}

/**
 * Where a page of events lies: before a number going back (newest first; `null`: from the newest), or after a
 * number going on (oldest first; 0: from the first). At most `countMax` (1–1,000).
 */
export type EventPage = { readonly countMax: number } & (
  | { readonly before: number | null }
  | { readonly after: number }
)

/** An event with the hash it has in its chain. */
export type ListedEvent = SecurityEvent & { readonly hash: string }

/** One page of the events of one chain, in the page's order. */
export async function listEvents(
  rows: Rows,
  filter: EventFilter,
  page: EventPage,
): Promise<readonly ListedEvent[]> {
  let query = rows
    .selectFrom('security_event')
    .select(['body', 'hash'])
    .where('practice', '=', filter.practice ?? gatewayChain)
    .orderBy('seq', 'after' in page ? 'asc' : 'desc')
    .limit(page.countMax)
  const type = filter.type
  if ('after' in page) query = query.where('seq', '>', page.after)
  else if (page.before !== null) query = query.where('seq', '<', page.before)
  if (type !== undefined)
    query = query.where((eb) =>
      eb.or([eb('action', '=', type), eb(eb.fn('starts_with', ['action', eb.val(`${type}.`)]), '=', true)]),
    )
  if (filter.actor !== undefined) query = query.where('actor_id', '=', filter.actor)
  if (filter.target !== undefined) query = query.where('target_id', '=', filter.target)
  if (filter.from !== undefined) query = query.where('at', '>=', filter.from)
  if (filter.to !== undefined) query = query.where('at', '<', filter.to)
  const found = await query.execute()
  return found.map((row) => ({ ...(JSON.parse(row.body) as SecurityEvent), hash: row.hash }))
}
