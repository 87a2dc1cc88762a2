/**
 * The office heartbeat: a machine at the office says that it is there, and its allowlist entry follows its address.
 *
 * The move is a policy edit like any other, with its event and the lockout guard; why it is not held for a confirmation
 * and why admins move along is in `docs/decisions/0010`. Invariant: a beat never widens an entry beyond one address or
 * /64, never reaches another family, and of a stolen token the worst is ten moves a day, each an event.
 */

import { sql } from 'kysely'
import {
  type Address,
  isPrivate,
  networkOf,
  parseRange,
  type Range,
  rangeContains,
  rangeText,
} from '../../policies/address.ts'
import type { IpEntry, PolicyDocument } from '../../policies/document.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { hashToken } from '../../runtime/token.ts'
import { type EditOutcome, editPolicy } from '../policy-edit.ts'
import type { Rows, Store } from '../store/database.ts'
import { followable } from './heartbeat-tokens.ts'

/** What became of a beat. `refused`: it changed nothing, the sentence says why and what to do. */
export type Beat =
  | { readonly outcome: 'unknown-token' }
  | { readonly outcome: 'unchanged'; readonly range: string }
  | { readonly outcome: 'moved'; readonly range: string; readonly before: string }
  | { readonly outcome: 'too-many'; readonly retryAfterMs: DurationMs }
  | { readonly outcome: 'refused'; readonly sentence: string }

/** So long the address before still lets people in: not everybody's connection moves in the same minute. */
export const movedGraceMs: DurationMs = 15 * 60_000

const movesMax = 10
const movesWithinMs: DurationMs = 86_400_000
const seenEveryMs: DurationMs = 60_000

type Token = {
  readonly id: string
  readonly practice: string
  readonly prefix: string
  readonly entry: Pick<IpEntry, 'id' | 'label' | 'range' | 'expiresAt'> | null
  readonly lastBeatAt: Instant | null
  readonly lastAddress: string | null
}

/** The token with its entry as it is now: one statement, and the policy is not parsed for it. */
async function findToken(rows: Rows, token: string): Promise<Token | null> {
  const { rows: found } = await sql<Token>`
    select t.id, t.practice, t.prefix, t.last_beat_at as "lastBeatAt", t.last_address as "lastAddress",
      (select e.value from jsonb_array_elements(r.document -> 'ipEntries') e
        where e.value ->> 'id' = t.entry limit 1) as entry
    from heartbeat_token t
    join practice p on p.id = t.practice
    join policy_revision r on r.practice = p.id and r.revision = p.revision
    where t.token_hash = ${hashToken(token)} and t.revoked_at is null`.execute(rows)
  return found[0] ?? null
}

async function noteBeat(rows: Rows, token: Token, address: string, at: Instant): Promise<void> {
  const isNews = token.lastBeatAt === null || token.lastBeatAt <= at - seenEveryMs
  if (!isNews && token.lastAddress === address) return
  await rows
    .updateTable('heartbeat_token')
    .set({ last_beat_at: at, last_address: address })
    .where('id', '=', token.id)
    .execute()
}

/** Counts a move; after how long the next is allowed, `null`: now. */
async function countMove(rows: Rows, id: string, at: Instant): Promise<DurationMs | null> {
  const begun = at - movesWithinMs
  const counted = await rows
    .updateTable('heartbeat_token')
    .set((eb) => ({
      moves: eb
        .case()
        .when('moves_since', '<=', begun)
        .then(1)
        .else(eb('moves', '+', 1))
        .end(),
      moves_since: eb.case().when('moves_since', '<=', begun).then(at).else(eb.ref('moves_since')).end(),
    }))
    .where('id', '=', id)
    .where((eb) => eb.or([eb('moves_since', '<=', begun), eb('moves', '<', movesMax)]))
    .returning('id')
    .executeTakeFirst()
  if (counted !== undefined) return null
  const row = await rows
    .selectFrom('heartbeat_token')
    .select('moves_since')
    .where('id', '=', id)
    .executeTakeFirst()
  return Math.max(1_000, (row?.moves_since ?? at) + movesWithinMs - at)
}

/** Why an entry does not follow to an address; `null`: it does. */
function refusalOf(
  entry: NonNullable<Token['entry']>,
  range: Range,
  client: Address,
  at: Instant,
): string | null {
  if (entry.expiresAt !== null && entry.expiresAt <= at) return `"${entry.label}" has expired.`
  if (range.family !== client.family)
    return `"${entry.label}" is an IPv${range.family} entry: beat over IPv${range.family} (curl -${range.family}).`
  // Seen from behind a proxy that is not trusted, everybody has the proxy's address.
  if (isPrivate(client) && !isPrivate(range))
    return `${client.text} is a private address: the portal does not see the office's own. Check trustedProxies.`
  return null
}

const previousId = ({ id }: Pick<IpEntry, 'id'>): string => `${id.slice(0, 59)}_was`

/** The document with the entry moved, and the address before kept for a while beside it. */
function moved(document: PolicyDocument, id: string, client: Address, at: Instant): PolicyDocument {
  const entry = document.ipEntries.find((one) => one.id === id)
  const range = entry === undefined ? null : followable(entry)
  if (entry === undefined || range === null || rangeContains(range, client)) return document
  const previous: IpEntry = {
    ...entry,
    id: previousId(entry),
    label: `${entry.label.slice(0, 60)}, previous address`,
    expiresAt: Math.min(at + movedGraceMs, entry.expiresAt ?? Infinity),
    note: 'Kept for a quarter of an hour after the heartbeat moved the entry.',
    createdAt: at,
  }
  return {
    ...document,
    ipEntries: document.ipEntries
      .filter((one) => one.id !== previous.id)
      .flatMap((one) => {
        if (one.id !== id) return [one]
        const followed = { ...one, range: rangeText(networkOf(client)) }
        return one.on ? [followed, previous] : [followed]
      }),
  }
}

function beatOf(outcome: EditOutcome, before: string, range: string): Beat {
  switch (outcome.outcome) {
    case 'saved':
      return { outcome: 'moved', range, before }
    case 'unchanged':
      return { outcome: 'unchanged', range }
    case 'confirmation-pending':
      return {
        outcome: 'refused',
        sentence: 'A change of the policy waits to be confirmed: the next beat tries again.',
      }
    case 'lockout-risk':
      return { outcome: 'refused', sentence: 'Moving the entry would lock out an admin.' }
    case 'problems':
      return { outcome: 'refused', sentence: outcome.problems[0]?.sentence ?? 'The entry cannot be moved.' }
    case 'unknown-practice':
    case 'conflict':
    case 'last-security-admin':
    case 'sealed-codes-first':
    case 'weakens':
      return { outcome: 'refused', sentence: 'The entry cannot be moved.' }
  }
}

/** Takes a beat of `token` (of the right form) from `client`. Rejects only with a `Fault`. */
export async function takeBeat(store: Store, token: string, client: Address, at: Instant): Promise<Beat> {
  const found = await store.read((rows) => findToken(rows, token))
  if (found === null) return { outcome: 'unknown-token' }
  await store.read((rows) => noteBeat(rows, found, client.text, at))
  const { id, practice, entry } = found
  const range = entry === null ? undefined : parseRange(entry.range)?.range
  if (entry === null || range === undefined)
    return { outcome: 'refused', sentence: 'The entry of this heartbeat is gone. Make a new one.' }
  if (rangeContains(range, client)) return { outcome: 'unchanged', range: entry.range }
  const sentence = refusalOf(entry, range, client, at)
  if (sentence !== null) return { outcome: 'refused', sentence }
  const retryAfterMs = await store.read((rows) => countMove(rows, id, at))
  if (retryAfterMs !== null) return { outcome: 'too-many', retryAfterMs }
  const outcome = await editPolicy(store, {
    practice,
    ifRevision: null,
    deed: {
      actor: { kind: 'system', id, name: `Heartbeat token ${found.prefix}…` },
      origin: 'auto',
      at,
      address: client.text,
    },
    action: 'ip-entry.followed',
    target: { kind: 'ip-entry', id: entry.id, name: entry.label },
    follows: { from: range, to: client.text },
    change: (document) => moved(document, entry.id, client, at),
  })
  return beatOf(outcome, entry.range, rangeText(networkOf(client)))
}
