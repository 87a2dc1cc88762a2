/**
 * The table of changes that wait for their time as kysely sees it (`migrations/0018-scheduled-changes.sql`).
 *
 * It creates nothing and maps nothing. Invariant: `draft` is read as a value and parsed before it is used; a build that
 * no longer knows what is in it refuses the change at its time and says so.
 */
import type { ColumnType } from 'kysely'

type ScheduledChangeTable = {
  id: string
  practice: string
  starts_at: number
  draft: ColumnType<unknown, string, never>
  /** What it came to when it was made, a sentence each. */
  changes: string[]
  notice: string
  reason: string | null
  /** The lockout guard was overridden when it was made. */
  overridden: boolean
  actor_kind: 'admin' | 'user' | 'cli'
  actor_id: string
  actor_name: string
  /** From where it was made. */
  address: string | null
  created_at: number
  settled_at: number | null
  outcome: 'applied' | 'refused' | 'cancelled' | null
  /** Why it was refused, in words. */
  detail: string | null
}

/** The tables of the schedule by name. */
export type ScheduleTables = { scheduled_change: ScheduledChangeTable }
