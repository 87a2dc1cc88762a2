/**
 * The tables of machines and of emergencies as kysely sees them (`migrations/0017-…`, `0027-…`).
 *
 * It maps nothing, like `tables.ts`, which takes these in. Invariant: no column here holds a token or a code, only
 * hashes of them.
 */

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

/** The tables of machines and emergencies by name. */
export type MachineTables = { service_token: ServiceTokenTable }
