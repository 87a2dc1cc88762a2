/**
 * How far a saved change has come: saved, published, in force on every live gateway.
 *
 * Gateways acknowledge sequences in their reports; a gateway that has been silent for `gatewaySilentMs` is not
 * counted as live. "Everywhere" is never claimed while no gateway is live.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Rows, Tx } from './database.ts'

/** After how long without an acknowledgement a gateway no longer counts as live. */
export const gatewaySilentMs: DurationMs = 15_000

/** How far a change has come. `announced` is the number its save answered. */
export type PublishState = {
  readonly announced: number
  readonly state: 'saved' | 'published' | 'everywhere'
  /** The sequence gateways must acknowledge; `null` until published. */
  readonly sequence: number | null
  /** Live gateways that acknowledged it, of how many live ones. */
  readonly active: number
  readonly gateways: number
  readonly savedAt: Instant
  readonly publishedAt: Instant | null
  /** When the last live gateway acknowledged; `null` until then. */
  readonly enforcedAt: Instant | null
}

/** A gateway as its acknowledgements show it. */
export type GatewayState = { readonly gateway: string; readonly sequence: number; readonly at: Instant }

/** Gateways that acknowledged anything within `gatewaySilentMs` before `at`. */
export async function listLiveGateways(rows: Rows, at: Instant): Promise<readonly GatewayState[]> {
  return rows
    .selectFrom('gateway_ack')
    .selectAll()
    .where('at', '>', at - gatewaySilentMs)
    .orderBy('gateway')
    .execute()
}

/** The state of the change that was announced under this number; `null`: unknown, or older than a day. */
export async function readPublishState(
  rows: Rows,
  announced: number,
  at: Instant,
): Promise<PublishState | null> {
  const row = await rows.selectFrom('outbox').selectAll().where('id', '=', announced).executeTakeFirst()
  if (row === undefined) return null
  const gateways = await listLiveGateways(rows, at)
  const sequence = row.sequence
  const active = sequence === null ? 0 : gateways.filter((gateway) => gateway.sequence >= sequence).length
  const everywhere = sequence !== null && gateways.length > 0 && active === gateways.length
  return {
    announced,
    state: everywhere ? 'everywhere' : sequence === null ? 'saved' : 'published',
    sequence,
    active,
    gateways: gateways.length,
    savedAt: row.saved_at,
    publishedAt: row.published_at,
    // An acknowledgement may come before the publisher's own commit; then its time stands in for the note of it.
    enforcedAt: everywhere ? (row.enforced_at ?? Math.max(...gateways.map((gateway) => gateway.at))) : null,
  }
}

/** The number under which the newest change of a policy or its members was announced; `null`: older than a day. */
export async function lastAnnounced(rows: Rows, practice: string): Promise<number | null> {
  const row = await rows
    .selectFrom('outbox')
    .select((eb) => eb.fn.max('id').as('id'))
    .where('part', '=', practice)
    .where('kind', 'in', ['policy', 'members'])
    .executeTakeFirst()
  return row?.id ?? null
}

/** Notes when changes became enforced everywhere: all that every live gateway has acknowledged by now. */
export async function markEnforced(tx: Tx, at: Instant): Promise<void> {
  const gateways = await listLiveGateways(tx, at)
  if (gateways.length === 0) return
  const least = Math.min(...gateways.map((gateway) => gateway.sequence))
  await tx
    .updateTable('outbox')
    .set({ enforced_at: at })
    .where('sequence', '<=', least)
    .where('enforced_at', 'is', null)
    .execute()
}
