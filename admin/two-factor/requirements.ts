/**
 * Of whom a practice requires a second factor, since when, and until when they may still come without one.
 *
 * It lets nobody in and keeps nobody out: the gates read `enrolBy` from the members record. Invariant: grace starts when
 * somebody without a factor is first required, ends when they are not or have one, and is given once: not again after a
 * reset. Counting grace from a first refusal was refused: whoever stays away would keep it for ever.
 */
import { sql } from 'kysely'
import type { Member } from '../../policies/access-request.ts'
import { parseAddress } from '../../policies/address.ts'
import { viewOf } from '../../policies/decide.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { isInScope } from '../../policies/gates.ts'
import type { Instant } from '../../policies/instant.ts'
import { loadSnapshot, type PolicySnapshot } from '../../policies/snapshot.ts'
import type { Rows, Tx } from '../store/database.ts'

/** Whether a practice requires a second factor of somebody with these roles. */
export type Requirement = (who: { readonly user: string; readonly roles: readonly string[] }) => boolean

/** A document's controls and addresses made ready to be asked, without its hours: no question here is about these. */
export const snapshotWithoutHours = (document: PolicyDocument, at: Instant): PolicySnapshot =>
  loadSnapshot(
    {
      schema: 1,
      document,
      compiledAt: at,
      tzdata: '',
      knownFrom: 0,
      knownUntil: 0,
      timelines: [],
    },
    1,
    new Map(),
  )

const somewhere = parseAddress('0.0.0.0')

/** Whom a document requires a second factor of: those in scope, while the control is enforced. */
export function requirementOf(document: PolicyDocument, at: Instant): Requirement {
  if (document.controls.twoFactor.mode !== 'enforce' || somewhere === null) return () => false
  const snapshot = snapshotWithoutHours({ ...document, ipEntries: [] }, at)
  const practice = document.practice.id
  return ({ user, roles }) => {
    const member: Member = {
      user,
      name: '',
      login: '',
      email: null,
      roles,
      suspended: false,
      epoch: 0,
      factors: [],
      enrolBy: null,
      grants: [],
    }
    const subject = {
      kind: 'session' as const,
      id: 'requirement',
      user,
      member,
      epoch: 0,
      held: false,
      ended: false,
      startedAt: at,
      lastSeenAt: at,
      factor: null,
      deviceTrustedUntil: null,
      boundTo: null,
    }
    const request = { method: 'GET', route: '', address: somewhere, practice, subject }
    return isInScope(viewOf(snapshot, request, at), 'two-factor')
  }
}

/** The newest policy of a practice without its lists, on which no scope depends; `null`: there is no such practice. */
export async function readScopes(rows: Rows, practice: string): Promise<PolicyDocument | null> {
  const row = await rows
    .selectFrom('practice as p')
    .innerJoin('policy_revision as r', (join) =>
      join.onRef('r.practice', '=', 'p.id').onRef('r.revision', '=', 'p.revision'),
    )
    .select(
      sql<PolicyDocument>`r.document || '{"ipEntries": [], "timeWindows": [], "exceptions": []}'::jsonb`.as(
        'document',
      ),
    )
    .where('p.id', '=', practice)
    .executeTakeFirst()
  return row?.document ?? null
}

type Standing = {
  readonly user: string
  readonly roles: readonly string[]
  readonly since: Instant | null
  readonly enrolBy: Instant | null
  readonly spent: boolean
  readonly enrolled: boolean
}

const standingsOf = (rows: Rows, practice: string, users: readonly string[] | 'everyone') =>
  rows
    .selectFrom('membership as m')
    .select(['m.user_id as user', 'm.roles', 'm.required_since as since', 'm.enrol_by as enrolBy'])
    .select('m.grace_spent as spent')
    .select(sql<boolean>`exists (select from factor f where f.user_id = m.user_id)`.as('enrolled'))
    .where('m.practice', '=', practice)
    .$if(users !== 'everyone', (query) =>
      query.where(sql<boolean>`m.user_id = any(${users === 'everyone' ? [] : [...users]}::text[])`),
    )
    .execute()

type Wanted = Pick<Standing, 'user' | 'since' | 'enrolBy'>

function wantedOf(one: Standing, isRequired: Requirement, graceMs: number, at: Instant): Wanted | null {
  const since = one.enrolled || !isRequired(one) ? null : (one.since ?? at)
  const enrolBy = since === null || one.spent ? null : since + graceMs
  return since === one.since && enrolBy === one.enrolBy ? null : { user: one.user, since, enrolBy }
}

/**
 * Works out again since when and until when members may come without a second factor, under the newest policy and
 * roles (`known`: that policy, where the caller has it). True: a deadline changed, so the members record must be announced (the caller does). One read, at most one
 * write: of 20,000 members about 0.1 s where nothing changes, under a second where all do.
 */
export async function refreshRequirements(
  tx: Tx,
  practice: string,
  users: readonly string[] | 'everyone',
  at: Instant,
  known: PolicyDocument | null = null,
): Promise<boolean> {
  const document = known ?? (await readScopes(tx, practice))
  if (document === null) return false
  const isRequired = requirementOf(document, at)
  const { graceMs } = document.controls.twoFactor
  const standings: readonly Standing[] = await standingsOf(tx, practice, users)
  const wanted = standings.flatMap((one) => wantedOf(one, isRequired, graceMs, at) ?? [])
  if (wanted.length === 0) return false
  await sql`
    update membership m set required_since = w.since, enrol_by = w.enrol_by
    from unnest(
      ${wanted.map(({ user }) => user)}::text[],
      ${wanted.map(({ since }) => since)}::bigint[],
      ${wanted.map(({ enrolBy }) => enrolBy)}::bigint[]
    ) as w (user_id, since, enrol_by)
    where m.practice = ${practice} and m.user_id = w.user_id`.execute(tx)
  return true
}
