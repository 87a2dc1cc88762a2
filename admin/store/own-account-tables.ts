/**
 * The tables of own accounts' links, second factors and waiting sign-ins as kysely sees them
 * (`migrations/0023-own-accounts.sql`, `0042-admin-identities.sql`, `0043-text-messages.sql`, `0051-admin-passkeys.sql`).
 *
 * It creates nothing. Invariant: no column here holds a secret in the clear, a code or a token. Their own tables and not
 * those of people (`factor-tables.ts`): an own account belongs to no practice, and a mistake there must not reach here.
 */
import type { Generated } from 'kysely'

type AdminLinkTable = { token_hash: string; account: string; ends_at: number }

type AdminFactorTable = {
  account: string
  key_id: string
  sealed: string
  last_step: number
  enrolled_at: number
  last_verified_at: number
}

type AdminFactorPendingTable = { account: string; key_id: string; sealed: string; ends_at: number }

type AdminRecoveryCodeTable = { account: string; mark: string; key_id: string; used_at: number | null }

type AdminSignInTable = { token_hash: string; account: string; ends_at: number; tries: Generated<number> }

type AdminIdentityTable = { account: string; provider: string; subject: string; linked_at: number }

type AdminProviderVisitTable = { token_hash: string; provider: string; return_to: string; ends_at: number }

type AdminPasskeyTable = {
  id: string
  account: string
  name: string
  credential: string
  public_key: string
  counter: number
  transports: string[]
  synced: boolean
  enrolled_at: number
  last_verified_at: number
}

type AdminPasskeyChallengeTable = {
  holder: string
  account: string
  purpose: 'create' | 'show'
  challenge: string
  ends_at: number
}

/** The tables by name. */
export type OwnAccountTables = {
  admin_link: AdminLinkTable
  admin_factor: AdminFactorTable
  admin_factor_pending: AdminFactorPendingTable
  admin_recovery_code: AdminRecoveryCodeTable
  admin_sign_in: AdminSignInTable
  admin_identity: AdminIdentityTable
  admin_provider_visit: AdminProviderVisitTable
  admin_passkey: AdminPasskeyTable
  admin_passkey_challenge: AdminPasskeyChallengeTable
}
