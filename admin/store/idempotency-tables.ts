/**
 * The table of requests that may come twice, as kysely sees it (`migrations/0019-idempotency.sql`).
 *
 * It creates nothing. Invariant: no key and no readable answer is in it, only hashes and what lies sealed under the key.
 */

type IdempotencyKeyTable = {
  account: string
  key_hash: string
  request_hash: string
  begun_at: number
  /** Of the answer; `null`: it is still being worked at, or nobody knows how that ended. */
  status: number | null
  answer: Buffer | null
}

/** The table by name. */
export type IdempotencyTables = { idempotency_key: IdempotencyKeyTable }
