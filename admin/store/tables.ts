/**
 * The tables as kysely sees them: one type per table of `migrations/*.sql`, columns named as there.
 *
 * It creates nothing (the SQL files do) and maps nothing: instants and sequences arrive as numbers because the
 * pool parses bigint so. jsonb columns are read as values and written as JSON text. An ORM's entities were
 * refused: the SQL is the schema, and these types only repeat it.
 */
import type { ColumnType, Generated, GeneratedAlways } from 'kysely'
import type { FactorMethod } from '../../policies/access-request.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import type { RecordedQuestion, SessionEnd, SignInMethod } from '../../runtime/records.ts'
import type { AdminEntryTables } from './admin-entry-tables.ts'
import type { EventTables } from './event-tables.ts'
import type { FactorTables } from './factor-tables.ts'
import type { IdempotencyTables } from './idempotency-tables.ts'
import type { LearnedTables } from './learned-routes.ts'
import type { ListTables } from './list-tables.ts'
import type { MachineTables } from './machine-tables.ts'
import type { NotifyTables } from './notify-tables.ts'
import type { OwnAccountTables } from './own-account-tables.ts'
import type { OwnSignInTables } from './own-sign-in-tables.ts'
import type { ScheduleTables } from './schedule-tables.ts'

/** A jsonb column: a value when read, JSON text when written. */
type Json<T> = ColumnType<T, string, string>

type PracticeTable = {
  id: string
  name: string
  revision: number
  members_version: Generated<number>
  version_base: Generated<number>
  created_at: number
}

/** Every practice; `practice` is a view of those that are not retired, and `membership` one of their people. */
type PracticeRecordTable = PracticeTable & {
  retired_at: number | null
  retired_by: string | null
  retired_by_name: string | null
  retired_reason: string | null
  retired_contact: string | null
}

type PolicyRevisionTable = {
  practice: string
  revision: number
  document: Json<PolicyDocument>
  author_id: string
  author_name: string
  saved_at: number
  confirm_by: number | null
  predecessor: number | null
  /** Of the document, written by the database itself: what is asked of every practice at once. */
  zone: GeneratedAlways<string>
  controls: GeneratedAlways<PolicyDocument['controls']>
  expiries: GeneratedAlways<readonly number[]>
}

type AppUserTable = {
  id: string
  name: string
  login: string
  email: string | null
  suspended: Generated<boolean>
  created_at: number
  /** An admin wrote name or e-mail: no application's word takes their place. */
  kept: Generated<boolean>
}

type AppIdentityTable = {
  upstream: string
  folded: string
  app_user: string
  user_id: string
  created_at: number
}

type MembershipTable = {
  practice: string
  user_id: string
  roles: string[]
  suspended: Generated<boolean>
  epoch: Generated<number>
  revoked_at: number | null
  enrol_by: number | null
  required_since: number | null
  grace_spent: Generated<boolean>
  created_at: number
}

type AccessGrantTable = {
  id: string
  practice: string
  user_id: string
  kind: 'ip' | 'time' | 'break-glass'
  range: string | null
  starts_at: number
  ends_at: number
  given_by: string
  withdrawn_at: number | null
}

type AccessRequestTable = {
  id: string
  practice: string
  user_id: string
  network: string
  address: string
  kind: 'ip' | 'time'
  status: Generated<'pending' | 'approved' | 'rejected' | 'withdrawn' | 'expired' | 'lapsed'>
  reason: string
  repeats: Generated<number>
  created_at: number
  asked_at: number
  expires_at: number
  decided_at: number | null
  decided_by: string | null
  decided_by_name: string | null
  note: Generated<string>
  grant_id: string | null
  entry_id: string | null
  entry_ends_at: number | null
  reminded_at: number | null
}

type SettingTable = { key: string; value: Json<unknown> }

type SessionTable = {
  id: string
  token_hash: string
  cookie_hash: string | null
  user_id: string
  upstream: string
  app_user: string
  method: SignInMethod
  epochs: Json<Readonly<Record<string, number>>>
  version: Generated<number>
  started_at: number
  last_seen_at: number
  absolute_deadline: number
  held: Generated<boolean>
  held_reason: string | null
  ended_at: number | null
  ended_why: SessionEnd | null
  factor_method: FactorMethod | null
  factor_verified_at: number | null
  trusted_devices: ColumnType<Readonly<Record<string, number>>, string | undefined, string>
  address_first: string
  address_last: string
  device: string
  streams: Generated<number>
  /** As the browser called it that came to Security Management; `null`: none has, or it was before that was kept. */
  application: string | null
}

type AdminAccountTable = {
  id: string
  login: string
  name: string
  /** `null`: none has been set by the account's link yet. */
  password_hash: string | null
  every_practice: boolean
  suspended: Generated<boolean>
  created_at: number
  password_changed_at: number
}

type AdminGrantTable = { account: string; practice: string; permissions: string[] }

type AdminSessionTable = {
  id: string
  token_hash: string
  /** An own account's, or, where `null`, a person's who came from the application by `gateway_session`. */
  account: string | null
  user_id: string | null
  gateway_session: string | null
  factor_method: FactorMethod | null
  factor_verified_at: number | null
  break_glass: Generated<boolean>
  created_at: number
  last_seen_at: number
  deadline: number
  ended_at: number | null
  address_first: string
  address_last: string
  device: string
}

type AddressUseTable = { subject: string; address: string; first_at: number; last_at: number }

type OutboxTable = {
  id: Generated<number>
  kind: 'policy' | 'members' | 'session' | 'canary'
  part: string
  saved_at: number
  sequence: number | null
  published_at: number | null
  enforced_at: number | null
}

type PublicationTable = {
  key: string
  kind: 'policy' | 'members' | 'session' | 'practices' | 'canary'
  part: string
  sequence: number
  version: number
  text: string
  expires_at: number | null
}

type PublicationStateTable = { only_row: Generated<boolean>; sequence: number; practices_version: number }

type GatewayAckTable = { gateway: string; sequence: number; at: number }

type ReportCursorTable = { stream: string; position: string }

type DecisionLogTable = {
  id: Generated<number>
  code: string | null
  monitored: boolean
  at: number
  last_at: number
  minute: number
  count: Generated<number>
  gateway: string
  practice: string | null
  user_id: string | null
  session: string | null
  token: ColumnType<string | null, string | null | undefined, string | null>
  address: string
  upstream: string
  method: string
  route: string
  verdict: string
  reason: string
  control: string | null
  revision: number
  failing: string[]
  asked: ColumnType<RecordedQuestion | null, string | null | undefined, string | null>
}

type EntryHitTable = { practice: string; entry: string; day: number; count: number; last_at: number }

type PermitCountTable = { practice: string; hour: number; count: number }

type TrafficFactTable = {
  practice: string
  user_id: string
  address: string
  route: string
  bucket: number
  assurance: string
  at: number
}

type UnmappedRouteTable = {
  upstream: string
  method: string
  template: string
  /** What is odd about the path; empty: nothing, and no route maps it. */
  odd: string
  count: number
  first_at: number
  last_at: number
}

/** `number`: of the last batch taken from `source`, one run of one gateway; `lost`: batches that never came. */
type ReportSourceTable = {
  source: string
  number: number
  lost: Generated<number>
  at: number
}

/** Every table by name. */
export type Tables = AdminEntryTables &
  EventTables &
  FactorTables &
  IdempotencyTables &
  LearnedTables &
  ListTables &
  MachineTables &
  NotifyTables &
  OwnAccountTables &
  OwnSignInTables &
  ScheduleTables & {
    practice: PracticeTable
    practice_record: PracticeRecordTable
    membership_record: MembershipTable
    policy_revision: PolicyRevisionTable
    app_user: AppUserTable
    app_identity: AppIdentityTable
    membership: MembershipTable
    access_grant: AccessGrantTable
    access_request: AccessRequestTable
    setting: SettingTable
    session: SessionTable
    admin_account: AdminAccountTable
    admin_grant: AdminGrantTable
    admin_session: AdminSessionTable
    address_use: AddressUseTable
    outbox: OutboxTable
    publication: PublicationTable
    publication_state: PublicationStateTable
    gateway_ack: GatewayAckTable
    report_cursor: ReportCursorTable
    decision_log: DecisionLogTable
    entry_hit: EntryHitTable
    permit_count: PermitCountTable
    traffic_fact: TrafficFactTable
    unmapped_route: UnmappedRouteTable
    report_source: ReportSourceTable
    canary: { only_row: Generated<boolean>; round: number; saved_at: number }
    canary_answer: { gateway: string; round: number; reason: string; at: number }
  }
