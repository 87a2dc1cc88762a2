/**
 * Opening and changing gateway sessions: what gateways ask for when somebody signs in, steps or leaves.
 *
 * It does not judge requests; gateways do, with the record answered here. A proved sign-in carries the present
 * revocation epochs; an adopted cookie carries 0, as does a sign-in told of by a proxy that is not clearly newer; one
 * whose session was ended is ended again, so that losing the companion cookie undoes nothing. Opening is idempotent by
 * the token's hash.
 */

import { sql } from 'kysely'
import type { VerifiedFactor } from '../../policies/access-request.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { type ChangeSession, type OpenSession, signInSkewMs } from '../../runtime/internal.ts'
import { endedHere, type SessionEnd } from '../../runtime/records.ts'
import { newToken } from '../../runtime/token.ts'
import { appFactor } from '../claimed-factor.ts'
import type { Deed } from '../deed.ts'
import { findOrProvision, findUser, type KnownPerson, type Provisioning } from '../directory/directory.ts'
import { isOpen, readOpenWays } from '../own-sign-in/open-ways.ts'
import { noteAddress } from '../store/address-use.ts'
import type { Store, Tx } from '../store/database.ts'
import { type Actor, appendEvent } from '../store/events.ts'
import { announceSession } from '../store/outbox.ts'
import { retiredPracticesOf } from '../store/retired-practices.ts'
import { findSession, insertSession, markEnded, markHeld, type SessionRow } from '../store/sessions.ts'
import { endAdopted } from './revocations.ts'
import { epochIn } from './session-epochs.ts'
import { appendBeyondLimit, endBeyondLimit, lockSessionsOf } from './session-limit.ts'

/** A session opened, or why not. `changed`: practices whose members record is new. */
export type OpeningOutcome =
  | { readonly outcome: 'opened'; readonly session: SessionRow; readonly changed: readonly string[] }
  | { readonly outcome: 'unknown-user' }
  | { readonly outcome: 'suspended' }
  /** They may not sign in so: their practice has closed that way. */
  | { readonly outcome: 'way-closed' }

/** How long an application's own credential may live: so long a revocation refuses adopted cookies (SPEC §2). */
const appCredentialMs: DurationMs = 30 * 86_400_000

/** The longest a session may last where no practice says so. */
const unboundPracticeMs: DurationMs = 12 * 3_600_000

/** Ends after which the same cookie of the same user is not adopted again. */
const finalEnds: readonly SessionEnd[] = [
  'signed-out',
  'app-signed-out',
  'revoked',
  'limit',
  'expired',
  'refused',
]

type Membership = {
  readonly practice: string
  readonly suspended: boolean
  readonly epoch: number
  readonly revoked_at: number | null
  readonly absolute: number
}

const membershipsOf = (tx: Tx, user: string): Promise<readonly Membership[]> =>
  tx
    .selectFrom('membership as m')
    .innerJoin('practice as p', 'p.id', 'm.practice')
    .innerJoin('policy_revision as r', (join) =>
      join.onRef('r.practice', '=', 'p.id').onRef('r.revision', '=', 'p.revision'),
    )
    .select(['m.practice', 'm.suspended', 'm.epoch', 'm.revoked_at'])
    .select(sql<number>`(r.document #>> '{sessions,absoluteMs}')::bigint`.as('absolute'))
    .where('m.user_id', '=', user)
    .orderBy('m.practice')
    .execute()

/** Methods of which no sign-in was seen here: what was ended stays so, whoever goes on vouching. */
const isUnseen = ({ method }: Pick<OpenSession, 'method'>): boolean =>
  method === 'adopted' || method === 'trusted-header'

/**
 * The epoch that a session opened by `request` carries in a practice: the member's own where the sign-in is proved, else
 * 0, which any revocation refuses. `revokedAt`: of the last revocation there, `null`: never. A sign-in that an identity
 * proxy tells of must lie clearly after it, and not ahead of our clock.
 */
export function epochAtOpening(
  { epoch, revokedAt }: { readonly epoch: number; readonly revokedAt: Instant | null },
  request: Pick<OpenSession, 'method' | 'signedInAt'>,
  at: Instant,
): number {
  if (revokedAt === null || !isUnseen(request)) return epoch
  const { signedInAt } = request
  if (signedInAt === undefined) return revokedAt + appCredentialMs < at ? epoch : 0
  return signedInAt > revokedAt + signInSkewMs && signedInAt <= at + signInSkewMs ? epoch : 0
}

const epochsOf = (
  memberships: readonly Membership[],
  request: OpenSession,
  at: Instant,
): Record<string, number> =>
  Object.fromEntries(
    memberships.map(({ practice, epoch, revoked_at }) => [
      practice,
      epochAtOpening({ epoch, revokedAt: revoked_at }, request, at),
    ]),
  )

const retiredEpochs = async (tx: Tx, user: string): Promise<Record<string, number>> =>
  Object.fromEntries((await retiredPracticesOf(tx, user)).map((practice) => [practice, endedHere]))

/** What became of the newest session that this very cookie of this user had before. */
async function earlierSession(tx: Tx, request: OpenSession, user: string): Promise<SessionRow | null> {
  if (!isUnseen(request) || request.cookieHash === null) return null
  const row = await tx
    .selectFrom('session')
    .selectAll()
    .where('cookie_hash', '=', request.cookieHash)
    .where('user_id', '=', user)
    .where('upstream', '=', request.upstream)
    .where('token_hash', '!=', request.tokenHash)
    .orderBy('started_at', 'desc')
    // One that goes on under another token began when its ended rest did.
    .orderBy(sql`ended_at is null`, 'desc')
    // When it has ended too, its end counts: each renewal and each end is a version more.
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row ?? null
}

/** Where the session of this cookie was ended for one practice only, it stays so. */
async function inheritEpochs(tx: Tx, session: SessionRow, earlier: SessionRow): Promise<SessionRow> {
  const gone = Object.entries(earlier.epochs).filter(([, epoch]) => epoch === endedHere)
  if (gone.length === 0) return session
  return tx
    .updateTable('session')
    .set({ epochs: JSON.stringify({ ...session.epochs, ...Object.fromEntries(gone) }) })
    .where('token_hash', '=', session.token_hash)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** An adopted session takes over what its cookie had come to: ended stays ended, held stays held. */
async function inherit(
  tx: Tx,
  session: SessionRow,
  earlier: SessionRow | null,
  at: Instant,
): Promise<SessionRow> {
  if (earlier === null) return session
  const over = earlier.ended_why !== null && finalEnds.includes(earlier.ended_why)
  if (over || (earlier.ended_why === null && earlier.absolute_deadline <= at))
    return (await markEnded(tx, session.token_hash, earlier.ended_why ?? 'expired', at)) ?? session
  const kept = await inheritEpochs(tx, session, earlier)
  if (earlier.held && earlier.ended_why === null)
    return (await markHeld(tx, kept.token_hash, { reason: earlier.held_reason ?? '' })) ?? kept
  return kept
}

/** A sign-in over a session that had its second factor proved this short a while ago keeps it. */
const keptFactorMs: DurationMs = 10 * 60_000

/**
 * The factor of the session that this sign-in replaces, where the same person proved it in the same browser a moment ago:
 * their sign-in had waited too long, or its answer was for a script. Without it they would be asked in a circle.
 */
async function keepFactor(
  tx: Tx,
  request: OpenSession,
  session: SessionRow,
  replaced: SessionRow | null,
  at: Instant,
): Promise<SessionRow> {
  if (replaced === null || replaced.user_id !== session.user_id || replaced.upstream !== session.upstream)
    return session
  const { factor_method, factor_verified_at } = replaced
  if (factor_method === null || factor_verified_at === null) return session
  if (isUnseen(request) || factor_verified_at + keptFactorMs <= at) return session
  // Revoked since by its epoch alone: whoever comes now may not be who proved it.
  const isRevoked = Object.entries(session.epochs).some(([id, epoch]) => epochIn(replaced.epochs, id) < epoch)
  if (isRevoked) return session
  return tx
    .updateTable('session')
    .set({ factor_method, factor_verified_at })
    .where('token_hash', '=', session.token_hash)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/**
 * The factor that came with this very sign-in; `null`: none, and what the session has stays. One that is only claimed takes
 * the place of no other: it may not be trusted, and whoever just proved their own would be asked in a circle.
 */
async function giveFactor(tx: Tx, session: SessionRow, factor: VerifiedFactor | null): Promise<SessionRow> {
  if (factor === null) return session
  const isClaimed = factor.method === 'app' || factor.method === 'google'
  if (isClaimed && session.factor_method !== null) return session
  return tx
    .updateTable('session')
    .set({ factor_method: factor.method, factor_verified_at: factor.verifiedAt })
    .where('token_hash', '=', session.token_hash)
    .returningAll()
    .executeTakeFirstOrThrow()
}

async function appendOpened(
  tx: Tx,
  session: SessionRow,
  person: KnownPerson,
  practices: readonly string[],
  replaced: string | null,
): Promise<void> {
  const actor: Actor = { kind: 'user', id: person.user, name: person.name }
  const chains: readonly (string | null)[] = practices.length === 0 ? [null] : practices
  for (const practice of chains)
    await appendEvent(tx, {
      actor,
      origin: 'auto',
      at: session.started_at,
      address: session.address_first,
      practice,
      action: session.method === 'adopted' ? 'session.adopted' : 'session.opened',
      target: { kind: 'user', id: person.user, name: person.name },
      before: replaced === null ? null : { session: replaced },
      after: {
        session: session.id,
        method: session.method,
        upstream: session.upstream,
        address: session.address_first,
        device: session.device,
        ...(session.factor_method === null ? {} : { factor: session.factor_method }),
        ...(session.ended_why === null ? {} : { ended: session.ended_why }),
        ...(session.held ? { held: true } : {}),
      },
    })
}

async function storeSession(
  tx: Tx,
  request: OpenSession,
  person: KnownPerson,
  memberships: readonly Membership[],
  factor: VerifiedFactor | null,
  at: Instant,
): Promise<OpeningOutcome> {
  const lasts =
    memberships.length === 0 ? unboundPracticeMs : Math.max(...memberships.map((one) => one.absolute))
  const inserted = await insertSession(tx, {
    id: `ses_${newToken().slice(0, 22)}`,
    tokenHash: request.tokenHash,
    cookieHash: request.cookieHash,
    user: person.user,
    upstream: request.upstream,
    appUser: request.identity.appUser,
    method: request.method,
    // Where somebody belongs nowhere any more, the gateway tells them why by these; they let nobody in.
    epochs: { ...(await retiredEpochs(tx, person.user)), ...epochsOf(memberships, request, at) },
    startedAt: at,
    absoluteDeadline: at + lasts,
    address: request.address,
    device: request.device.toWellFormed().replaceAll('\0', ''),
  })
  if (inserted === null) return repeated(tx, request, person)
  const own = await inherit(tx, inserted, await earlierSession(tx, request, person.user), at)
  const replaced = request.replaces === null ? null : await markEnded(tx, request.replaces, 'replaced', at)
  const kept = await keepFactor(tx, request, own, replaced, at)
  // Of a cookie that was only shown, nothing is believed: whoever stole it would have its factor too.
  const claimed = isUnseen(request) || request.method === 'token' ? null : appFactor(request.identity.amr, at)
  const session = await giveFactor(tx, kept, factor ?? claimed)
  await announceSession(tx, session.token_hash, at)
  if (replaced !== null) await announceSession(tx, replaced.token_hash, at)
  await noteAddress(tx, person.user, request.address, at)
  const practices = memberships.map(({ practice }) => practice)
  const beyond = await endBeyondLimit(tx, session, at)
  await appendOpened(tx, session, person, practices, replaced?.id ?? null)
  await appendBeyondLimit(tx, beyond, session, at)
  return { outcome: 'opened', session, changed: person.changed }
}

/** The same request once more: the session it opened the first time. */
async function repeated(tx: Tx, request: OpenSession, person: KnownPerson): Promise<OpeningOutcome> {
  const session = await findSession(tx, request.tokenHash)
  if (session === null || session.user_id !== person.user || session.upstream !== request.upstream)
    throw new Error('one token hash for two sessions')
  return { outcome: 'opened', session, changed: person.changed }
}

/** Whether the practice of the application, or else all of theirs, leave the way open by which they signed in here. */
async function isWayOpen(
  tx: Tx,
  { method, identity }: OpenSession,
  memberships: readonly Membership[],
): Promise<boolean> {
  if (method !== 'own-password' && method !== 'own-passkey' && method !== 'own-oidc') return true
  const fixed = identity.practices.map(({ id }) => id)
  const asked = fixed.length > 0 ? fixed : memberships.map(({ practice }) => practice)
  return isOpen(await readOpenWays(tx, asked), method)
}

/**
 * Opens the session a gateway asks for, with its person and memberships made where `provisioning` says so.
 * `suspended`: the person is, or is so in every practice they belong to. `factor`: proved with the sign-in.
 */
export function openSession(
  store: Store,
  request: OpenSession,
  provisioning: Provisioning,
  at: Instant,
  factor: VerifiedFactor | null = null,
): Promise<OpeningOutcome> {
  const deed: Deed = {
    actor: { kind: 'system', id: request.upstream, name: request.upstream },
    origin: 'auto',
    at,
    address: request.address,
  }
  return store.transaction(async (tx) => {
    // First of all: whoever waits here holds nothing that others wait for.
    const known = await findUser(tx, request.upstream, request.identity.appUser)
    if (known !== null) await lockSessionsOf(tx, known)
    const person = await findOrProvision(tx, request.upstream, request.identity, provisioning, deed)
    if (person === null) return { outcome: 'unknown-user' }
    const memberships = await membershipsOf(tx, person.user)
    const everywhere = memberships.length > 0 && memberships.every(({ suspended }) => suspended)
    if (person.suspended || everywhere) return { outcome: 'suspended' }
    if (!(await isWayOpen(tx, request, memberships))) return { outcome: 'way-closed' }
    return storeSession(tx, request, person, memberships, factor, at)
  })
}

async function change(tx: Tx, wish: ChangeSession, at: Instant): Promise<SessionRow | null> {
  switch (wish.to) {
    case 'ended':
      return markEnded(tx, wish.tokenHash, wish.why, at)
    case 'held':
      return markHeld(tx, wish.tokenHash, { reason: wish.reason })
    case 'live':
      return markHeld(tx, wish.tokenHash, null)
  }
}

const actions = { ended: 'session.ended', held: 'session.held', live: 'session.released' } as const

/** Ends, holds or releases a session; the session as it is afterwards, `null`: there is none such. Repeating is fine. */
export function changeSession(store: Store, wish: ChangeSession, at: Instant): Promise<SessionRow | null> {
  return store.transaction(async (tx) => {
    const owner = wish.to === 'live' ? await findSession(tx, wish.tokenHash) : null
    if (owner !== null) await lockSessionsOf(tx, owner.user_id)
    const session = await change(tx, wish, at)
    if (session === null) return findSession(tx, wish.tokenHash)
    await announceSession(tx, session.token_hash, at)
    if (wish.to === 'ended' && finalEnds.includes(wish.why)) await endAdopted(tx, session, wish.why, at)
    const beyond = wish.to === 'live' ? await endBeyondLimit(tx, session, at) : []
    const person = await tx
      .selectFrom('app_user')
      .select('name')
      .where('id', '=', session.user_id)
      .executeTakeFirstOrThrow()
    const memberships = await tx
      .selectFrom('membership')
      .select('practice')
      .where('user_id', '=', session.user_id)
      .orderBy('practice')
      .execute()
    for (const { practice } of memberships)
      await appendEvent(tx, {
        actor: { kind: 'user', id: session.user_id, name: person.name },
        origin: 'auto',
        at,
        practice,
        action: actions[wish.to],
        target: { kind: 'user', id: session.user_id, name: person.name },
        before: null,
        after: { session: session.id, why: wish.to === 'ended' ? wish.why : session.held_reason },
        address: session.address_last,
      })
    await appendBeyondLimit(tx, beyond, session, at)
    return session
  })
}
