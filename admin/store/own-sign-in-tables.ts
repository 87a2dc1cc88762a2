/**
 * The tables of signing in here as kysely sees them (`migrations/0010-own-sign-in.sql`, `0011-own-passwords.sql`).
 *
 * It creates nothing. Invariant: no token and no password is in them, only hashes. A column per step of a sign-in and not a
 * table per step: one sign-in is one thing, and its steps come in one order.
 */
import type { FactorMethod } from '../../policies/access-request.ts'
import type { SignInMethod } from '../../runtime/records.ts'

/** By what somebody signs in here. */
export type OwnMethod = Extract<SignInMethod, `own-${string}`>

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
  /** What a passkey is to answer; `null`: nothing was asked, or it was answered. */
  passkey_challenge: string | null
  /** Who it is for the directory, once proved. */
  app_user: string | null
  person_name: string | null
  person_email: string | null
  proof_hash: string | null
  proof_ends_at: number | null
  /** The hash of the companion that the proof was taken for. */
  used_for: string | null
  /** By what it was proved. */
  method: OwnMethod | null
  /** Whose sign-in it is where it was proved here; `null`: a provider names them by `app_user`. */
  user_id: string | null
  /** The second factor that was proved with it. */
  factor_method: FactorMethod | null
  factor_verified_at: number | null
}

type OwnPasswordTable = { user_id: string; password_hash: string; set_at: number }

type PasswordLinkTable = { link_hash: string; user_id: string; made_at: number; ends_at: number }

type PasswordTriesTable = { key: string; level: number; last_at: number; free_at: number }

/** The tables of signing in here by name. */
export type OwnSignInTables = {
  own_sign_in: OwnSignInTable
  own_password: OwnPasswordTable
  password_link: PasswordLinkTable
  password_tries: PasswordTriesTable
}
