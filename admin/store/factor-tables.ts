/**
 * The tables of the second factor as kysely sees them; columns named as in `migrations/0008-two-factor.sql`,
 * `0012-more-factors.sql`, `0041-vouched-passkeys.sql` and `0043-text-messages.sql`.
 *
 * It maps nothing, like `tables.ts`, which takes these in. Invariant: no column here holds a secret in the clear, a
 * code or a token. One file for all tables was refused: it would pass the length that a reader can keep in mind.
 */
import type { ColumnType, Generated } from 'kysely'
import type { FactorMethod } from '../../policies/access-request.ts'
import type { HandOver } from '../../runtime/internal.ts'

type FactorTable = {
  id: string
  user_id: string
  method: 'totp' | 'passkey' | 'sms'
  name: string
  key_id: string | null
  sealed: string | null
  last_step: number
  credential: string | null
  public_key: string | null
  counter: number | null
  transports: string[] | null
  /** The last two digits of the number that text messages go to. */
  ending: string | null
  /** Since when a passkey counts as phishing-resistant; `null`: not yet, or it is none. */
  vouched_at: Generated<number | null>
  enrolled_at: number
  last_verified_at: number
}

type RecoveryCodeTable = {
  user_id: string
  mark: string
  key_id: string
  issued_at: number
  used_at: number | null
}

type FactorTriesTable = { user_id: string; count: number; last_at: number; free_at: number }

type FactorTicketTable = {
  ticket_hash: string
  token_hash: string
  reason: HandOver['reason']
  origin: string
  to_path: string | null
  address: string
  ends_at: number
  used_at: number | null
  /** The way into the admin origin that this is a step of; `null`: it is none. */
  admin_entry: string | null
}

type FactorVisitTable = {
  id: string
  token_hash: string
  user_id: string
  reason: HandOver['reason']
  origin: string
  to_path: string | null
  ends_at: number
  tries: Generated<number>
  pending_id: string | null
  pending_key_id: string | null
  pending_sealed: string | null
  proved_method: FactorMethod | null
  proved_at: number | null
  challenge: string | null
  challenge_for: 'create' | 'show' | null
  admitted_by: Generated<string[]>
  /** As of its ticket. */
  admin_entry: string | null
}

type FactorProofTable = {
  proof_hash: string
  token_hash: string
  method: FactorMethod | null
  verified_at: number | null
  devices: ColumnType<Readonly<Record<string, number>>, string | undefined, string>
  ends_at: number
}

type EnrolmentCodeTable = {
  practice: string
  user_id: string
  mark: string
  given_by: string
  given_at: number
  ends_at: number
  used_at: number | null
}

type TrustedDeviceTable = {
  token_hash: string
  user_id: string
  practice: string
  epoch: number
  remembered_at: number
  ends_at: number
}

type TextCodeTable = {
  visit: string
  factor: string | null
  pending_id: string | null
  key_id: string | null
  sealed: string | null
  ending: string | null
  mark: string
  ends_at: number
  used_at: number | null
}

type TextSentTable = { user_id: string; practice: string; number_mark: string; sent_at: number }

/** The tables of the second factor by name. */
export type FactorTables = {
  factor: FactorTable
  recovery_code: RecoveryCodeTable
  factor_tries: FactorTriesTable
  factor_ticket: FactorTicketTable
  factor_visit: FactorVisitTable
  factor_proof: FactorProofTable
  enrolment_code: EnrolmentCodeTable
  trusted_device: TrustedDeviceTable
  text_code: TextCodeTable
  text_sent: TextSentTable
}
