/**
 * The tables around the allowlist and the directory as kysely sees them; columns as in
 * `migrations/0016-lists.sql` and `0026-directory.sql`.
 *
 * It maps nothing, like `tables.ts`, which takes these in. Invariant: a token is here as its hash only. One file for all
 * tables was refused: it would pass the length that a reader can keep in mind.
 */
import type { Generated } from 'kysely'

type HeartbeatTokenTable = {
  id: string
  practice: string
  entry: string
  token_hash: string
  /** Its first characters, by which people tell tokens apart. */
  prefix: string
  created_by: string
  created_by_name: string
  created_at: number
  last_beat_at: number | null
  last_address: string | null
  /** Moves since `moves_since`, which begins anew after a day. */
  moves: Generated<number>
  moves_since: Generated<number>
  revoked_at: number | null
}

type AddressCardDismissalTable = {
  practice: string
  network: string
  dismissed_at: number
  dismissed_by: string
}

type FormerMemberTable = { practice: string; user_id: string; epoch: number; left_at: number }

type PracticeFeatureOffTable = {
  practice: string
  feature: 'ip' | 'time' | 'permission'
  off_at: number
  off_by: string
}

/** Every table of the lists by name. */
export type ListTables = {
  practice_feature_off: PracticeFeatureOffTable
  former_member: FormerMemberTable
  heartbeat_token: HeartbeatTokenTable
  address_card_dismissal: AddressCardDismissalTable
}
