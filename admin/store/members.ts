/**
 * Members of a practice: as gateways get them, and as the directory lists them.
 *
 * A member is suspended if the person is, anywhere, or only here. Changing one is `admin/directory/directory.ts`; raising
 * an epoch is `admin/sessions/revocations.ts`. The record is built from what is committed at the moment, so it is never
 * older than the version it carries.
 */
import { sql } from 'kysely'
import type { FactorMethod, Grant, Member } from '../../policies/access-request.ts'
import type { Instant } from '../../policies/instant.ts'
import type { MembersRecord, TokenRecord } from '../../runtime/records.ts'
import type { Rows } from './database.ts'

/** A member in the directory's list. */
export type ListedMember = {
  readonly user: string
  readonly name: string
  readonly login: string
  readonly email: string | null
  readonly roles: readonly string[]
  readonly suspended: boolean
  readonly epoch: number
  /** "Also in N other practices". */
  readonly otherPractices: number
  readonly createdAt: Instant
}

const suspended = sql<boolean>`m.suspended or u.suspended`.as('suspended')

/** Everyone's, or one user's. */
type Whose = string | 'everyone'

async function grantsOf(
  rows: Rows,
  practice: string,
  whose: Whose,
  at: Instant,
): Promise<ReadonlyMap<string, Grant[]>> {
  const found = await rows
    .selectFrom('access_grant')
    .selectAll()
    .where('practice', '=', practice)
    .$if(whose !== 'everyone', (query) => query.where('user_id', '=', whose))
    .where('withdrawn_at', 'is', null)
    .where('ends_at', '>', at)
    .orderBy('id')
    .execute()
  const grants = new Map<string, Grant[]>()
  for (const row of found) {
    const grant = {
      id: row.id,
      kind: row.kind,
      range: row.range,
      startsAt: row.starts_at,
      endsAt: row.ends_at,
    }
    const list = grants.get(row.user_id)
    if (list === undefined) grants.set(row.user_id, [grant])
    else list.push(grant)
  }
  return grants
}

async function findMembers(
  rows: Rows,
  practice: string,
  whose: Whose,
  at: Instant,
): Promise<readonly Member[]> {
  const grants = await grantsOf(rows, practice, whose, at)
  const found = await rows
    .selectFrom('membership as m')
    .innerJoin('app_user as u', 'u.id', 'm.user_id')
    .leftJoin('factor as f', 'f.user_id', 'm.user_id')
    .select(['u.id', 'u.name', 'u.login', 'u.email', 'm.roles', 'm.epoch', 'm.enrol_by'])
    .select(suspended)
    .select(
      sql<FactorMethod[]>`array_remove(array_agg(distinct f.method order by f.method), null)`.as('factors'),
    )
    .where('m.practice', '=', practice)
    .$if(whose !== 'everyone', (query) => query.where('m.user_id', '=', whose))
    // `membership` is a view, of which the database knows no key: everything that is selected stands here.
    .groupBy(['m.user_id', 'u.id', 'm.roles', 'm.epoch', 'm.enrol_by', 'm.suspended'])
    .orderBy('u.id')
    .execute()
  return found.map((row) => ({
    user: row.id,
    name: row.name,
    login: row.login,
    email: row.email,
    roles: row.roles,
    suspended: row.suspended,
    epoch: row.epoch,
    factors: row.factors,
    enrolBy: row.enrol_by,
    grants: grants.get(row.id) ?? [],
  }))
}

/** The members version of a practice; `null`: no such practice. */
export async function readMembersVersion(rows: Rows, practice: string): Promise<number | null> {
  const head = await rows
    .selectFrom('practice')
    .select('members_version')
    .where('id', '=', practice)
    .executeTakeFirst()
  return head?.members_version ?? null
}

/** Everyone of a practice as decisions see them, with the version; `null`: no such practice. */
export async function readMembers(
  rows: Rows,
  practice: string,
  at: Instant,
): Promise<{ readonly version: number; readonly members: readonly Member[] } | null> {
  // The version is read first: members read after it can only be newer, never older than it says.
  const version = await readMembersVersion(rows, practice)
  if (version === null) return null
  return { version, members: await findMembers(rows, practice, 'everyone', at) }
}

/** One member of a practice as decisions see them; `null`: no such member. */
export async function findMember(
  rows: Rows,
  practice: string,
  user: string,
  at: Instant,
): Promise<Member | null> {
  const [member] = await findMembers(rows, practice, user, at)
  return member ?? null
}

/** The record gateways get of `readMembers`' answer and the practice's service tokens. */
export const membersRecordOf = (
  practice: string,
  members: readonly Member[],
  tokens: readonly TokenRecord[],
): MembersRecord => ({
  practice,
  members: members.map((member) => ({ ...member })),
  ...(tokens.length === 0 ? {} : { tokens: [...tokens] }),
})

/** The members of a practice by name, with the members version that an edit must name; `null`: no such practice. */
export async function listMembers(
  rows: Rows,
  practice: string,
): Promise<{ readonly version: number; readonly members: readonly ListedMember[] } | null> {
  const version = await readMembersVersion(rows, practice)
  if (version === null) return null
  const found = await rows
    .selectFrom('membership as m')
    .innerJoin('app_user as u', 'u.id', 'm.user_id')
    .select(['u.id', 'u.name', 'u.login', 'u.email', 'm.roles', 'm.epoch', 'm.created_at'])
    .select(suspended)
    .select(sql<number>`(select count(*) from membership o where o.user_id = m.user_id) - 1`.as('others'))
    .where('m.practice', '=', practice)
    .orderBy(sql`lower(u.name)`)
    .orderBy('u.id')
    .execute()
  return {
    version,
    members: found.map((row) => ({
      user: row.id,
      name: row.name,
      login: row.login,
      email: row.email,
      roles: row.roles,
      suspended: row.suspended,
      epoch: row.epoch,
      otherPractices: row.others,
      createdAt: row.created_at,
    })),
  }
}

/** The e-mail addresses of the members who are not suspended, each once, at most `countMax`. */
export async function listMailAddresses(
  rows: Rows,
  practice: string,
  countMax: number,
): Promise<readonly string[]> {
  const found = await rows
    .selectFrom('membership as m')
    .innerJoin('app_user as u', 'u.id', 'm.user_id')
    .select('u.email')
    .distinct()
    .where('m.practice', '=', practice)
    .where('m.suspended', '=', false)
    .where('u.suspended', '=', false)
    .where('u.email', 'is not', null)
    .orderBy('u.email')
    .limit(countMax)
    .execute()
  return found.flatMap(({ email }) => email ?? [])
}
