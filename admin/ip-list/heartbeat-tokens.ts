/**
 * Tokens of machines at an office: made for one allowlist entry, listed, revoked.
 *
 * What a beat does is `heartbeats.ts`. Invariant: the token itself is answered once, when it is made, and lies here as a
 * hash only; making and revoking one are events in the transaction of the change. Tokens do not expire by themselves: an
 * office would lose its way in on a day nobody chose; one that has gone silent is listed as such.
 */
import { parseRange, type Range } from '../../policies/address.ts'
import type { IpEntry } from '../../policies/document.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { hashToken, newToken } from '../../runtime/token.ts'
import { type Deed, eventOf } from '../deed.ts'
import type { Rows, Store } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { lockPractice, readPolicy } from '../store/practices.ts'

/** How every token of this kind begins. */
const prefix = 'ghb_'

/** Whether a text can be a token at all. */
export const isHeartbeatToken = (text: string): boolean => /^ghb_[A-Za-z0-9_-]{43}$/.test(text)

const tokensMax = 20

/** After this without a beat a machine counts as silent. */
const silentAfterMs: DurationMs = 3_600_000

/** A token in the list. `silent`: no beat for an hour; `entry.label: null`: the entry is gone. */
export type ListedHeartbeat = {
  readonly id: string
  readonly prefix: string
  readonly entry: { readonly id: string; readonly label: string | null; readonly range: string | null }
  readonly createdBy: string
  readonly createdAt: Instant
  readonly lastBeatAt: Instant | null
  readonly lastAddress: string | null
  readonly silent: boolean
}

/** The range of an entry that can follow one machine: a single address or a /64; `null`: it is wider. */
export function followable(entry: IpEntry): Range | null {
  const range = parseRange(entry.range)?.range
  return range !== undefined && range.prefix >= (range.family === 4 ? 32 : 64) ? range : null
}

/** The tokens of a practice that hold, oldest first. */
export async function listHeartbeats(
  rows: Rows,
  practice: string,
  entries: readonly IpEntry[],
  at: Instant,
): Promise<readonly ListedHeartbeat[]> {
  const found = await rows
    .selectFrom('heartbeat_token')
    .selectAll()
    .where('practice', '=', practice)
    .where('revoked_at', 'is', null)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  const byId = new Map(entries.map((entry) => [entry.id, entry]))
  return found.map((row) => {
    const entry = byId.get(row.entry)
    return {
      id: row.id,
      prefix: row.prefix,
      entry: { id: row.entry, label: entry?.label ?? null, range: entry?.range ?? null },
      createdBy: row.created_by_name,
      createdAt: row.created_at,
      lastBeatAt: row.last_beat_at,
      lastAddress: row.last_address,
      silent: (row.last_beat_at ?? row.created_at) <= at - silentAfterMs,
    }
  })
}

/** A token made, shown this once; or why not. */
export type HeartbeatMade =
  | { readonly outcome: 'made'; readonly id: string; readonly token: string; readonly entry: IpEntry }
  | { readonly outcome: 'unknown-entry' }
  | { readonly outcome: 'refused'; readonly sentence: string }

/** Makes a token for an entry of one address or /64. */
export function createHeartbeat(
  store: Store,
  { practice, entry: id, deed }: { readonly practice: string; readonly entry: string; readonly deed: Deed },
): Promise<HeartbeatMade> {
  return store.transaction(async (tx): Promise<HeartbeatMade> => {
    if ((await lockPractice(tx, practice)) === null) return { outcome: 'unknown-entry' }
    const policy = await readPolicy(tx, practice)
    const entry = policy?.document.ipEntries.find((one) => one.id === id)
    if (entry === undefined) return { outcome: 'unknown-entry' }
    if (followable(entry) === null)
      return {
        outcome: 'refused',
        sentence: `"${entry.label}" is a whole range. Make an entry of one address for the office first.`,
      }
    const held = await listHeartbeats(tx, practice, [], deed.at)
    if (held.length >= tokensMax)
      return { outcome: 'refused', sentence: `There are ${tokensMax} of them. Revoke one first.` }
    const token = `${prefix}${newToken()}`
    const made = { id: `hbt_${newToken().slice(0, 16)}`, prefix: token.slice(0, prefix.length + 4) }
    await tx
      .insertInto('heartbeat_token')
      .values({
        ...made,
        practice,
        entry: id,
        token_hash: hashToken(token),
        created_by: deed.actor.id,
        created_by_name: deed.actor.name,
        created_at: deed.at,
      })
      .execute()
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'heartbeat.created',
      target: { kind: 'heartbeat', id: made.id, name: entry.label },
      before: null,
      after: { entry: id, begins: made.prefix },
    })
    return { outcome: 'made', id: made.id, token, entry }
  })
}

/** Revokes a token: its next beat is a stranger's. `false`: there is none such that holds. */
export function revokeHeartbeat(
  store: Store,
  { practice, id, deed }: { readonly practice: string; readonly id: string; readonly deed: Deed },
): Promise<boolean> {
  return store.transaction(async (tx) => {
    const row = await tx
      .updateTable('heartbeat_token')
      .set({ revoked_at: deed.at })
      .where('practice', '=', practice)
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .returning(['entry', 'prefix', 'last_address'])
      .executeTakeFirst()
    if (row === undefined) return false
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'heartbeat.revoked',
      target: { kind: 'heartbeat', id, name: row.prefix },
      before: { entry: row.entry, begins: row.prefix, lastAddress: row.last_address },
      after: null,
    })
    return true
  })
}
