/**
 * One page of the members of a practice by name, searched and counted in the database.
 *
 * Everybody at once is `members.ts` (gateways get them, exports write them). Invariant: the cursor is the last member given
 * and the order is the database's own, so what is added or removed elsewhere shifts nothing; only a page of rows leaves
 * the database, however many members there are. Paging in memory was refused: it reads thousands to show a hundred.
 */
import { type RawBuilder, sql } from 'kysely'
import type { FactorMethod } from '../../policies/access-request.ts'
import type { Rows } from './database.ts'
import type { ListedMember } from './members.ts'

/** Which members. `text`: in name, login or e-mail, whatever the case; `cursor`: the last one of the page before. */
export type MemberQuery = {
  readonly practice: string
  readonly text?: string | undefined
  /** This person alone. */
  readonly user?: string | undefined
  /** Whoever has this role. */
  readonly role?: string | undefined
  readonly state?: 'active' | 'suspended' | undefined
  /** People of this practice alone, or of several. */
  readonly practices?: 'one' | 'several' | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

/** A member with the methods of their second factors. */
export type PagedMember = ListedMember & { readonly factors: readonly FactorMethod[] }

/** A page. `total`: how many are found in all; `nextCursor`: `null` on the last page. */
export type MemberPage = {
  readonly version: number
  readonly total: number
  readonly members: readonly PagedMember[]
  readonly nextCursor: string | null
}

// Suspended everywhere is suspended here.
const suspended = sql<boolean>`(m.suspended or u.suspended)`
const others = sql<number>`(select count(*) from membership o where o.user_id = m.user_id) - 1`

const found = (rows: Rows, { practice, text, user, role, state, practices }: MemberQuery) => {
  const wanted = text?.trim() ?? ''
  const within = (column: RawBuilder<string | null>) =>
    sql<boolean>`strpos(lower(${column}), lower(${wanted}::text)) > 0`
  return rows
    .selectFrom('membership as m')
    .innerJoin('app_user as u', 'u.id', 'm.user_id')
    .where('m.practice', '=', practice)
    .$if(wanted !== '', (query) =>
      query.where((eb) =>
        eb.or([within(sql`u.name`), within(sql`u.login`), within(sql`coalesce(u.email, '')`)]),
      ),
    )
    .$if(user !== undefined, (query) => query.where('m.user_id', '=', user ?? ''))
    .$if(role !== undefined, (query) => query.where(sql<boolean>`${role} = any(m.roles)`))
    .$if(state !== undefined, (query) => query.where(sql<boolean>`${suspended} = ${state === 'suspended'}`))
    .$if(practices !== undefined, (query) =>
      query.where(practices === 'several' ? sql<boolean>`${others} > 0` : sql<boolean>`${others} = 0`),
    )
}

async function readPage(rows: Rows, query: MemberQuery, after: string | null) {
  const { cursor = '', limit } = query
  return await found(rows, query)
    .select(['u.id', 'u.name', 'u.login', 'u.email', 'm.roles', 'm.epoch', 'm.created_at'])
    .select([
      suspended.as('suspended'),
      others.as('others'),
      sql<
        FactorMethod[]
      >`array(select distinct f.method from factor f where f.user_id = m.user_id order by 1)`.as('factors'),
    ])
    .$if(after !== null, (part) => part.where(sql<boolean>`(lower(u.name), u.id) > (${after}, ${cursor})`))
    .orderBy(sql`lower(u.name)`)
    .orderBy('u.id')
    .limit(limit + 1)
    .execute()
}

/** The page after `cursor`; `lost`: whoever it names is no member any more; `unknown`: there is no such practice. */
export async function readMemberPage(
  rows: Rows,
  query: MemberQuery,
): Promise<MemberPage | 'lost' | 'unknown'> {
  const { practice, cursor, limit } = query
  const head = await rows
    .selectFrom('practice')
    .select('members_version as version')
    .where('id', '=', practice)
    .executeTakeFirst()
  if (head === undefined) return 'unknown'
  const last =
    cursor === undefined
      ? null
      : await found(rows, { practice, limit })
          .select(sql<string>`lower(u.name)`.as('name'))
          .where('m.user_id', '=', cursor)
          .executeTakeFirst()
  if (last === undefined) return 'lost'
  const { total } = await found(rows, query)
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow()
  const members = await readPage(rows, query, last?.name ?? null)
  const shown = members.slice(0, limit)
  return {
    ...{ version: head.version, total },
    members: shown.map(({ id, others: otherPractices, created_at: createdAt, ...row }) => ({
      ...{ user: id, name: row.name, login: row.login, email: row.email, roles: row.roles, epoch: row.epoch },
      ...{ suspended: row.suspended, otherPractices, createdAt, factors: row.factors },
    })),
    nextCursor: members.length > limit ? (shown.at(-1)?.id ?? null) : null,
  }
}
