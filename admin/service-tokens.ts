/**
 * Service tokens made and revoked: machines get a name, an owner, a scope and an end (SPEC §11).
 *
 * Whether somebody may do it was asked before (`admin/api`); gateways judge their use. Invariant: the token is in the
 * answer of its making and nowhere else; a scope that is everything is spelled, never left out (L6); row, event and
 * announcement are one transaction. Editing one was refused: a wider scope on a token that is out already would need
 * nobody's hand at the machine.
 */
import { parseRange, rangeText } from '../policies/address.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import { unknownPermission } from '../policies/permissions.ts'
import type { Checked, Problem } from '../policies/problem.ts'
import { hashToken, newServiceToken, newToken, servicePrefixOf } from '../runtime/token.ts'
import { type Deed, eventOf } from './deed.ts'
import type { Store, Tx } from './store/database.ts'
import { appendEvent } from './store/events.ts'
import { announceMembers } from './store/outbox.ts'
import { lockPractice } from './store/practices.ts'
import { countTokens, findToken, type ListedToken } from './store/service-tokens.ts'

/** How long a token lasts at most: a year. */
export const tokenLastsMaxMs: DurationMs = 366 * 86_400_000
/** How many tokens of a practice may be in force at one time. */
const tokensMax = 100

/** A token to make. */
export type TokenWish = {
  readonly name: string
  /** The member who answers for it, by user id. */
  readonly owner: string
  readonly routes: readonly string[] | 'anything'
  readonly methods: readonly string[] | 'anything'
  readonly ranges: readonly string[] | 'anywhere'
  readonly permissions: readonly string[]
  readonly expiresAt: Instant
}

/** What became of it. `token` is shown once. */
export type TokenMade =
  | {
      readonly outcome: 'made'
      readonly token: string
      readonly listed: ListedToken
      readonly announced: number
    }
  | { readonly outcome: 'unknown-practice' }
  | { readonly outcome: 'problems'; readonly problems: readonly Problem[] }

/** What became of a revocation; `unchanged`: it was revoked before. */
export type TokenRevoked =
  | {
      readonly outcome: 'revoked' | 'unchanged'
      readonly listed: ListedToken
      readonly announced: number | null
    }
  | { readonly outcome: 'unknown' }

const checkRanges = (ranges: TokenWish['ranges']): Checked<string[] | null> => {
  if (ranges === 'anywhere') return { ok: true, value: null }
  const read = ranges.map((text) => parseRange(text))
  const problems = read.flatMap((one, at) =>
    one === null ? [{ path: `ranges[${at}]`, sentence: 'is no address and no range' }] : [],
  )
  if (problems.length > 0) return { ok: false, problems }
  const texts = read.flatMap((one) => (one === null ? [] : [rangeText(one.range)]))
  return { ok: true, value: [...new Set(texts)] }
}

/** Everything that is wrong with a wish, each with its path. `routes`: the ids that configuration has. */
function problemsOf(wish: TokenWish, routes: ReadonlySet<string>, at: Instant): readonly Problem[] {
  const ranges = checkRanges(wish.ranges)
  const unknown = (path: string, sentence: string, is: boolean): readonly Problem[] =>
    is ? [{ path, sentence }] : []
  return [
    ...unknown('name', 'give it a name', wish.name.trim() === ''),
    ...(wish.routes === 'anything'
      ? []
      : wish.routes.flatMap((id, i) =>
          unknown(`routes[${i}]`, 'is no route of the configuration', !routes.has(id)),
        )),
    ...(['routes', 'methods', 'ranges'] as const).flatMap((path) =>
      unknown(
        path,
        `an empty list means nothing: write ${path === 'ranges' ? '"anywhere"' : '"anything"'}, or name some`,
        wish[path].length === 0,
      ),
    ),
    ...wish.permissions.flatMap((id, i) => {
      const sentence = id.startsWith('gw.')
        ? 'is for people in Security Management, not for machines'
        : unknownPermission(id)
      return sentence === null ? [] : [{ path: `permissions[${i}]`, sentence }]
    }),
    ...(ranges.ok ? [] : ranges.problems),
    ...unknown('expiresAt', 'lies in the past', wish.expiresAt <= at),
    ...unknown('expiresAt', 'is more than a year away', wish.expiresAt > at + tokenLastsMaxMs),
  ]
}

async function isMember(tx: Tx, practice: string, user: string): Promise<boolean> {
  const row = await tx
    .selectFrom('membership')
    .select('user_id')
    .where('practice', '=', practice)
    .where('user_id', '=', user)
    .executeTakeFirst()
  return row !== undefined
}

const scopeOf = ({ owner, routes, methods, ranges, permissions, expiresAt }: TokenWish) => ({
  ...{ owner, routes, methods, ranges, permissions, expiresAt },
})

async function insert(
  tx: Tx,
  practice: string,
  wish: TokenWish,
  deed: Deed,
): Promise<{ readonly id: string; readonly token: string }> {
  const id = `tok_${newToken().slice(0, 22)}`
  const token = newServiceToken()
  const ranges = checkRanges(wish.ranges)
  if (!ranges.ok) throw new Error('invariant: ranges were checked')
  await tx
    .insertInto('service_token')
    .values({
      ...{ id, practice, name: wish.name.trim(), owner_id: wish.owner },
      ...{ hash: hashToken(token), prefix: servicePrefixOf(token) },
      routes: wish.routes === 'anything' ? null : [...new Set(wish.routes)],
      methods: wish.methods === 'anything' ? null : [...new Set(wish.methods)],
      ranges: ranges.value,
      permissions: [...new Set(wish.permissions)],
      ...{ created_at: deed.at, created_by: deed.actor.id, created_by_name: deed.actor.name },
      expires_at: wish.expiresAt,
      ...{ revoked_at: null, revoked_by_name: null, last_used_at: null, last_address: null },
    })
    .execute()
  return { id, token }
}

/** Makes a token of a practice. `routes`: the ids that configuration has. */
export const makeToken = (
  store: Store,
  wish: { readonly practice: string; readonly deed: Deed; readonly routes: ReadonlySet<string> },
  token: TokenWish,
): Promise<TokenMade> =>
  store.transaction(async (tx) => {
    const { practice, deed, routes } = wish
    if ((await lockPractice(tx, practice)) === null) return { outcome: 'unknown-practice' }
    const problems = [...problemsOf(token, routes, deed.at)]
    if (!(await isMember(tx, practice, token.owner)))
      problems.push({ path: 'owner', sentence: 'is no member of this practice' })
    if ((await countTokens(tx, practice, deed.at)) >= tokensMax)
      problems.push({ path: '', sentence: `a practice has at most ${tokensMax} tokens: revoke one first` })
    if (problems.length > 0) return { outcome: 'problems', problems }
    const made = await insert(tx, practice, token, deed)
    const { announced } = await announceMembers(tx, practice, deed.at)
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'token.created',
      target: { kind: 'token', id: made.id, name: token.name.trim() },
      before: null,
      after: scopeOf(token),
    })
    const listed = await findToken(tx, practice, made.id)
    if (listed === null) throw new Error(`invariant: ${made.id} was just made`)
    return { outcome: 'made', token: made.token, listed, announced }
  })

/** Revokes a token from its next request on; what it has open is cut. */
export const revokeToken = (
  store: Store,
  { practice, id, deed }: { readonly practice: string; readonly id: string; readonly deed: Deed },
): Promise<TokenRevoked> =>
  store.transaction(async (tx) => {
    if ((await lockPractice(tx, practice)) === null) return { outcome: 'unknown' }
    const before = await findToken(tx, practice, id)
    if (before === null) return { outcome: 'unknown' }
    if (before.revokedAt !== null) return { outcome: 'unchanged', listed: before, announced: null }
    await tx
      .updateTable('service_token')
      .set({ revoked_at: deed.at, revoked_by_name: deed.actor.name })
      .where('id', '=', id)
      .execute()
    const { announced } = await announceMembers(tx, practice, deed.at)
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'token.revoked',
      target: { kind: 'token', id, name: before.name },
      before: { revoked: false },
      after: { revoked: true },
    })
    const listed = (await findToken(tx, practice, id)) ?? before
    return { outcome: 'revoked', listed, announced }
  })
