/**
 * The tables of the audit chain: events, heads, checkpoints, and what keeping, forgetting and streaming them needs.
 *
 * Types only; the SQL is `0003-events.sql`, `0015-event-keeping.sql` and `0025-event-streams.sql`. What may be changed or
 * deleted there is the database's own rule, not a matter of these types.
 */
import type { Generated } from 'kysely'

type SecurityEventTable = {
  practice: string
  seq: number
  at: number
  action: string
  origin: string
  actor_kind: string
  actor_id: string
  actor_name: string
  target_kind: string | null
  target_id: string | null
  target_name: string | null
  prev_hash: string
  hash: string
  body: string
}

type EventHeadTable = {
  practice: string
  seq: number
  hash: string
  checkpoint_seq: Generated<number>
  checkpoint_at: Generated<number>
}

/** `number`: in the order in which they were made, over all chains. */
type EventCheckpointTable = {
  practice: string
  seq: number
  hash: string
  at: number
  signature: string
  number: Generated<number>
}

type EventRetentionTable = {
  practice: string
  years: number
  held: boolean
  held_why: string
  version: number
}

/** Everything up to `seq` was forgotten, `count` events; the event `seq` had this hash. */
type EventAnchorTable = {
  practice: string
  seq: number
  hash: string
  count: number
  at: number
  signature: string
}

type EventCheckTable = {
  practice: string
  seq: number
  ok: boolean
  why: string
  broken_at: number | null
  at: number
}

type EventStreamTable = {
  name: string
  leased_until: Generated<number>
  failures: Generated<number>
  next_try_at: Generated<number>
  sent_at: number | null
  last_error: string | null
}

type EventStreamCursorTable = {
  stream: string
  practice: string
  seq: number
  checkpoint_seq: Generated<number>
  moved_at: Generated<number>
}

/** The tables of the audit chain by name. */
export type EventTables = {
  security_event: SecurityEventTable
  event_head: EventHeadTable
  event_checkpoint: EventCheckpointTable
  event_retention: EventRetentionTable
  event_anchor: EventAnchorTable
  event_check: EventCheckTable
  event_stream: EventStreamTable
  event_stream_cursor: EventStreamCursorTable
  event_forgetting_wait: { practice: string; since: number }
}
