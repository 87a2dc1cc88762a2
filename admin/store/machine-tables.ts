/**
 * The tables of machines and of emergencies as kysely sees them (`migrations/0017-…`, `0027-…`).
 *
 * It maps nothing, like `tables.ts`, which takes these in. Invariant: no column here holds a token or a code, only
 * hashes of them.
 */
import type { Generated } from 'kysely'

type ServiceTokenTable = {
  id: string
  practice: string
  name: string
  owner_id: string
  hash: string
  prefix: string
  /** `null`: anything. */
  routes: string[] | null
  methods: string[] | null
  /** `null`: anywhere. */
  ranges: string[] | null
  permissions: string[]
  created_at: number
  created_by: string
  created_by_name: string
  expires_at: number
  revoked_at: number | null
  revoked_by_name: string | null
  last_used_at: number | null
  last_address: string | null
}

type EmergencyAccessTable = {
  id: string
  practice: string
  user_id: string
  grant_id: string
  reason: string
  address: string
  method: string
  started_at: number
  ends_at: number
  ended_at: Generated<number | null>
  ended_by_name: Generated<string | null>
  reviewed_at: Generated<number | null>
  reviewed_by: Generated<string | null>
  reviewed_by_name: Generated<string | null>
  review_note: Generated<string>
}

type SealedCodeTable = {
  id: string
  account: string
  /** argon2id. */
  code_hash: string
  made_at: number
  made_by_name: string
  used_at: Generated<number | null>
  used_from: Generated<string | null>
}

/** The tables of machines and emergencies by name. */
export type MachineTables = {
  service_token: ServiceTokenTable
  emergency_access: EmergencyAccessTable
  sealed_code: SealedCodeTable
}
