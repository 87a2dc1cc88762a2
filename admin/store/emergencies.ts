/**
 * Uses of emergency access as rows: listed, found, counted.
 *
 * Taking, ending and reviewing them is `admin/emergency-access.ts`. Invariant: whether one is still on is judged at an
 * instant, not by a job.
 */
import type { Instant } from '../../policies/instant.ts'
import type { Rows } from './database.ts'
import { gatewayChain } from './events.ts'

/** One use of emergency access. `state`: `on`, or `over`, by itself or ended early. */
export type EmergencyUse = {
  readonly id: string
  readonly user: {
    readonly id: string
    readonly name: string
    readonly login: string
    readonly email: string | null
  }
  readonly grant: string
  readonly reason: string
  readonly address: string
  readonly method: string
  readonly startedAt: Instant
  readonly endsAt: Instant
  readonly state: 'on' | 'over'
  readonly endedByName: string | null
  readonly reviewedAt: Instant | null
  readonly reviewedByName: string | null
  readonly reviewNote: string
}

const listed = (rows: Rows, practice: string) =>
  rows
    .selectFrom('emergency_access as e')
    .innerJoin('app_user as u', 'u.id', 'e.user_id')
    .selectAll('e')
    .select(['u.name', 'u.login', 'u.email'])
    .where('e.practice', '=', practice)

type Row = Awaited<ReturnType<ReturnType<typeof listed>['execute']>>[number]

const emergencyOf = (row: Row, at: Instant): EmergencyUse => ({
  id: row.id,
  user: { id: row.user_id, name: row.name, login: row.login, email: row.email },
  grant: row.grant_id,
  reason: row.reason,
  address: row.address,
  method: row.method,
  startedAt: row.started_at,
  endsAt: row.ended_at ?? row.ends_at,
  state: row.ended_at === null && row.ends_at > at ? 'on' : 'over',
  endedByName: row.ended_by_name,
  reviewedAt: row.reviewed_at,
  reviewedByName: row.reviewed_by_name,
  reviewNote: row.review_note,
})

/** The uses in a practice, newest first, at most `countMax`. */
export async function listEmergencies(
  rows: Rows,
  practice: string,
  countMax: number,
  at: Instant,
): Promise<readonly EmergencyUse[]> {
  const found = await listed(rows, practice)
    .orderBy('e.started_at', 'desc')
    .orderBy('e.id')
    .limit(countMax)
    .execute()
  return found.map((row) => emergencyOf(row, at))
}

/** One use, or `null`. */
export async function findEmergency(
  rows: Rows,
  practice: string,
  id: string,
  at: Instant,
): Promise<EmergencyUse | null> {
  const row = await listed(rows, practice).where('e.id', '=', id).executeTakeFirst()
  return row === undefined ? null : emergencyOf(row, at)
}

/** How often the user has used it in the practice since `since`. */
export async function countEmergencies(
  rows: Rows,
  practice: string,
  user: string,
  since: Instant,
): Promise<number> {
  const row = await rows
    .selectFrom('emergency_access')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('practice', '=', practice)
    .where('user_id', '=', user)
    .where('started_at', '>', since)
    .executeTakeFirstOrThrow()
  return row.count
}

type Whose = { readonly chains: readonly string[]; readonly accounts?: readonly string[] }

const lastAt = async (rows: Rows, { chains, accounts }: Whose, action: string): Promise<Instant | null> => {
  const row = await rows
    .selectFrom('security_event')
    .select(({ fn }) => fn.max('at').as('at'))
    .where('practice', 'in', chains)
    .where('action', '=', action)
    .$if(accounts !== undefined, (query) => query.where('target_id', 'in', [...(accounts ?? []), '']))
    .executeTakeFirst()
  return row?.at ?? null
}

/** Own accounts whose codes open this practice; what others do is not told here. */
const accountsOf = async (rows: Rows, practice: string): Promise<readonly string[]> => {
  const found = await rows
    .selectFrom('admin_account as a')
    .leftJoin('admin_grant as g', (join) =>
      join.onRef('g.account', '=', 'a.id').on('g.practice', '=', practice),
    )
    .select('a.id')
    .where((eb) => eb.or([eb('a.every_practice', '=', true), eb('g.practice', 'is not', null)]))
    .execute()
  return found.map(({ id }) => id)
}

/**
 * When each of the ways in was last seen to be used; `null`: never. A code counts where its account reaches the practice; an
 * override is of the whole host.
 */
export const readDrill = async (
  rows: Rows,
  practice: string,
): Promise<{
  readonly usedAt: Instant | null
  readonly codeUsedAt: Instant | null
  readonly overrideAt: Instant | null
}> => ({
  usedAt: await lastAt(rows, { chains: [practice] }, 'break-glass.used'),
  codeUsedAt: await lastAt(
    rows,
    { chains: [gatewayChain], accounts: await accountsOf(rows, practice) },
    'break-glass.code-used',
  ),
  overrideAt: await lastAt(rows, { chains: [practice, gatewayChain] }, 'host-override.on'),
})
