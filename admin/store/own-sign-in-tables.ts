/**
 * The table of sign-ins at the portal as kysely sees it (`migrations/0010-own-sign-in.sql`).
 *
 * It creates nothing. Invariant: no token is in it, only hashes. A column per step and not a table per step: one sign-in is
 * one thing, and its steps come in one order.
 */

type OwnSignInTable = {
  begin_hash: string
  upstream: string
  origin: string
  to_path: string | null
  ends_at: number
  /** Of the portal's cookie; `null`: no browser has come yet. */
  browser_hash: string | null
  /** The provider that they were last sent to, and the name of that try. */
  provider: string | null
  attempt: string | null
  /** Who it is for the directory, once proved. */
  app_user: string | null
  person_name: string | null
  person_email: string | null
  proof_hash: string | null
  proof_ends_at: number | null
  /** The hash of the companion that the proof was taken for. */
  used_for: string | null
}

/** The tables of signing in here by name. */
export type OwnSignInTables = { own_sign_in: OwnSignInTable }
