/**
 * Service tokens as rows: listing them for people, and as gateways get them.
 *
 * Making and revoking them is `admin/service-tokens.ts`. Invariant: what a list shows cannot be used as a token; a token
 * that was revoked or ran out stays known for a week, so that its use is recorded under its name.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { TokenRecord } from '../../runtime/records.ts'
import type { Rows, Tx } from './database.ts'
import type { ReportOf } from './reports.ts'

/** A service token as people see it. `null` lists: anything, anywhere. */
export type ListedToken = {
  readonly id: string
  readonly name: string
  readonly owner: { readonly id: string; readonly name: string }
  readonly prefix: string
  readonly routes: readonly string[] | null
  readonly methods: readonly string[] | null
  readonly ranges: readonly string[] | null
  readonly permissions: readonly string[]
  readonly createdAt: Instant
  readonly createdByName: string
  readonly expiresAt: Instant
  readonly revokedAt: Instant | null
  readonly revokedByName: string | null
  readonly lastUsedAt: Instant | null
  readonly lastAddress: string | null
}

const rememberedMs: DurationMs = 7 * 86_400_000

const listed = (rows: Rows, practice: string) =>
  rows
    .selectFrom('service_token as t')
    .innerJoin('app_user as u', 'u.id', 't.owner_id')
    .selectAll('t')
    .select('u.name as owner_name')
    .where('t.practice', '=', practice)

type Row = Awaited<ReturnType<ReturnType<typeof listed>['execute']>>[number]

const listedOf = (row: Row): ListedToken => ({
  id: row.id,
  name: row.name,
  owner: { id: row.owner_id, name: row.owner_name },
  prefix: row.prefix,
  routes: row.routes,
  methods: row.methods,
  ranges: row.ranges,
  permissions: row.permissions,
  createdAt: row.created_at,
  createdByName: row.created_by_name,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
  revokedByName: row.revoked_by_name,
  lastUsedAt: row.last_used_at,
  lastAddress: row.last_address,
})

/** The tokens of a practice, newest first. */
export async function listTokens(rows: Rows, practice: string): Promise<readonly ListedToken[]> {
  const found = await listed(rows, practice).orderBy('t.created_at', 'desc').orderBy('t.id').execute()
  return found.map(listedOf)
}

/** One token of a practice, or `null`. */
export async function findToken(rows: Rows, practice: string, id: string): Promise<ListedToken | null> {
  const row = await listed(rows, practice).where('t.id', '=', id).executeTakeFirst()
  return row === undefined ? null : listedOf(row)
}

/** How many of a practice's tokens are in force at `at`. */
export async function countTokens(rows: Rows, practice: string, at: Instant): Promise<number> {
  const row = await rows
    .selectFrom('service_token')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('practice', '=', practice)
    .where('revoked_at', 'is', null)
    .where('expires_at', '>', at)
    .executeTakeFirstOrThrow()
  return row.count
}

/** The tokens that gateways must know of a practice at `at`, in order of their ids. */
export async function tokenRecords(
  rows: Rows,
  practice: string,
  at: Instant,
): Promise<readonly TokenRecord[]> {
  const found = await rows
    .selectFrom('service_token')
    .selectAll()
    .where('practice', '=', practice)
    .where('expires_at', '>', at - rememberedMs)
    .where((eb) => eb.or([eb('revoked_at', 'is', null), eb('revoked_at', '>', at - rememberedMs)]))
    .orderBy('id')
    .execute()
  return found.map((row) => ({
    id: row.id,
    name: row.name,
    hash: row.hash,
    routes: row.routes ?? 'anything',
    methods: row.methods ?? 'anything',
    ranges: row.ranges ?? 'anywhere',
    permissions: row.permissions,
    revoked: row.revoked_at !== null,
    expiresAt: row.expires_at,
  }))
}

/** Moves tokens' last use forward. */
export async function applyTokensUsed(tx: Tx, reports: readonly ReportOf<'token-used'>[]): Promise<void> {
  // One order for all transactions, so that two of them cannot wait for each other.
  const ordered = [...reports].sort((a, b) => (a.token < b.token ? -1 : 1))
  for (const { token, at, address } of ordered)
    await tx
      .updateTable('service_token')
      .set({ last_used_at: at, last_address: address })
      .where('id', '=', token)
      .where((eb) => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<=', at)]))
      .execute()
}
