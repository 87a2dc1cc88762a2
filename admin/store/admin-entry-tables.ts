/**
 * The table of the way into the admin origin as kysely sees it (`migrations/0013-admin-entry.sql`).
 *
 * It creates nothing. Invariant: tickets, begin cookies and proofs are here as hashes only. One row for the whole way and
 * not a table per step: an entry is one thing, and its steps come in one order.
 */
import type { FactorMethod } from '../../policies/access-request.ts'

type AdminEntryTable = {
  ticket_hash: string
  /** The gateway session (`ses_…`) that it began in; it keeps its id when a second factor renews its token. */
  session: string
  /** Where at the admin origin they want to go; `null`: its first page. */
  to_path: string | null
  ends_at: number
  /** Of the cookie of the browser that came with the ticket; `null`: none has come yet. */
  begin_hash: string | null
  proof_hash: string | null
  proof_method: FactorMethod | null
  proved_at: number | null
}

/** The tables of the way in by name. */
export type AdminEntryTables = { admin_entry: AdminEntryTable }
