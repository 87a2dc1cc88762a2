/**
 * A sign-in at the portal from its beginning to its session: begun by a gateway, opened by one browser, proved, brought
 * back; each step once.
 *
 * It asks no provider (`provider.ts`) and judges nobody; the gateway does. Invariant: a sign-in is opened by one browser of
 * the portal and taken by one browser of the application, the one that began; what a provider was sent is derived from
 * the portal cookie's own token, so that neither another browser nor who reads the database can answer it. Signed,
 * stateless states were refused: they cannot be single use.
 */
import { hkdfSync } from 'node:crypto'
import type { VerifiedFactor } from '../../policies/access-request.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { ProviderRules } from '../../runtime/config-own-sign-in.ts'
import type { AppIdentity, BeginSignIn, FinishSignIn } from '../../runtime/internal.ts'
import { hashToken, newToken } from '../../runtime/token.ts'
import { foldId, type Provisioning } from '../directory/directory.ts'
import { type OpeningOutcome, openSession } from '../sessions/session-opening.ts'
import type { Store, Tx } from '../store/database.ts'
import type { OwnMethod } from '../store/own-sign-in-tables.ts'

/** How one upstream's people sign in here. `practice`: the one that unknown people would join, `null`: none. */
export type OwnUpstream = {
  readonly providers: readonly ProviderRules[]
  /** Whether people may sign in with a password that Gatehouse keeps. */
  readonly password: boolean
  /** Whether they may sign in with a passkey that they made here. */
  readonly passkey: boolean
  readonly provisioning: Provisioning
  readonly practice: string | null
}

/** Somebody signing in at the portal. */
export type SignInVisit = {
  readonly beginHash: string
  readonly upstream: string
  readonly origin: string
}

/** What a provider is sent and must answer; 43 characters each. */
export type Challenge = { readonly state: string; readonly nonce: string; readonly verifier: string }

/** Who a provider says somebody is. `email`: verified, else `null`. */
export type ProvedPerson = {
  readonly appUser: string
  readonly name: string | null
  readonly email: string | null
  /** When the provider saw a second factor of theirs; `null`: it tells of none. */
  readonly factorAt: Instant | null
}

/** Who signed in at the portal, and by what; `factor`: proved with it. A `user` is of the directory. */
export type Proved = { readonly factor: VerifiedFactor | null } & (
  | { readonly method: Exclude<OwnMethod, 'own-oidc'>; readonly user: string; readonly login: string }
  | { readonly method: 'own-oidc'; readonly person: ProvedPerson }
)

const openMs: DurationMs = 60_000
const visitMs: DurationMs = 600_000
const proofMs: DurationMs = 60_000

/** Notes a beginning, to be opened within a minute; repeating it changes nothing. */
export async function beginSignIn(store: Store, request: BeginSignIn, at: Instant): Promise<void> {
  await store.read((rows) =>
    rows
      .insertInto('own_sign_in')
      .values({
        begin_hash: request.beginHash,
        upstream: request.upstream,
        origin: request.origin,
        to_path: request.to,
        ends_at: at + openMs,
      })
      .onConflict((oc) => oc.column('begin_hash').doNothing())
      .execute(),
  )
}

/** Opens what was begun, once, for ten minutes; the bearer text of the portal's cookie. `null`: there is none to open. */
export async function openSignIn(store: Store, beginHash: string, at: Instant): Promise<string | null> {
  const token = newToken()
  const row = await store.read((rows) =>
    rows
      .updateTable('own_sign_in')
      .set({ browser_hash: hashToken(token), ends_at: at + visitMs })
      .where('begin_hash', '=', beginHash)
      .where('browser_hash', 'is', null)
      .where('ends_at', '>', at)
      .returning('begin_hash')
      .executeTakeFirst(),
  )
  return row === undefined ? null : token
}

/** The sign-in of the browser with this token; `null`: none, or it is over, or proved already. */
export async function findSignIn(store: Store, token: string, at: Instant): Promise<SignInVisit | null> {
  const row = await store.read((rows) =>
    rows
      .selectFrom('own_sign_in')
      .select(['begin_hash', 'upstream', 'origin'])
      .where('browser_hash', '=', hashToken(token))
      .where('proof_hash', 'is', null)
      .where('ends_at', '>', at)
      .executeTakeFirst(),
  )
  return row === undefined ? null : { beginHash: row.begin_hash, upstream: row.upstream, origin: row.origin }
}

const derived = (token: string, attempt: string, label: string): string =>
  Buffer.from(hkdfSync('sha256', token, attempt, `gatehouse own sign-in ${label} 1`, 32)).toString(
    'base64url',
  )

const challengeOf = (token: string, attempt: string): Challenge => ({
  state: derived(token, attempt, 'state'),
  nonce: derived(token, attempt, 'nonce'),
  verifier: derived(token, attempt, 'verifier'),
})

/** Begins a try with a provider, in place of any before; what to send it. `null`: the sign-in is over. */
export async function beginAttempt(
  store: Store,
  token: string,
  provider: string,
  at: Instant,
): Promise<Challenge | null> {
  const attempt = newToken()
  const row = await store.read((rows) =>
    rows
      .updateTable('own_sign_in')
      .set({ provider, attempt })
      .where('browser_hash', '=', hashToken(token))
      .where('proof_hash', 'is', null)
      .where('ends_at', '>', at)
      .returning('begin_hash')
      .executeTakeFirst(),
  )
  return row === undefined ? null : challengeOf(token, attempt)
}

/** Ends the try with a provider, whatever comes of it; what that was sent. `null`: none runs with this provider. */
export function takeAttempt(
  store: Store,
  token: string,
  provider: string,
  at: Instant,
): Promise<Challenge | null> {
  return store.transaction(async (tx) => {
    const row = await tx
      .selectFrom('own_sign_in')
      .select(['begin_hash', 'attempt'])
      .where('browser_hash', '=', hashToken(token))
      .where('provider', '=', provider)
      .where('proof_hash', 'is', null)
      .where('ends_at', '>', at)
      .forUpdate()
      .executeTakeFirst()
    if (row === undefined || row.attempt === null) return null
    await tx
      .updateTable('own_sign_in')
      .set({ provider: null, attempt: null })
      .where('begin_hash', '=', row.begin_hash)
      .execute()
    return challengeOf(token, row.attempt)
  })
}

const provedColumns = (proved: Proved) => ({
  method: proved.method,
  factor_method: proved.factor?.method ?? null,
  factor_verified_at: proved.factor?.verifiedAt ?? null,
  ...(proved.method === 'own-oidc'
    ? {
        ...{ user_id: null, app_user: proved.person.appUser },
        ...{ person_name: proved.person.name, person_email: proved.person.email },
      }
    : { user_id: proved.user, app_user: proved.login, person_name: null, person_email: null }),
})

/** Notes who somebody is; the bearer text of the proof, good for 60 s and once. `null`: the sign-in is over. */
export async function layProof(
  store: Store,
  token: string,
  proved: Proved,
  at: Instant,
): Promise<string | null> {
  const proof = newToken()
  const row = await store.read((rows) =>
    rows
      .updateTable('own_sign_in')
      .set(provedColumns(proved))
      .set({ proof_hash: hashToken(proof), proof_ends_at: at + proofMs })
      .where('browser_hash', '=', hashToken(token))
      .where('proof_hash', 'is', null)
      .where('ends_at', '>', at)
      .returning('begin_hash')
      .executeTakeFirst(),
  )
  return row === undefined ? null : proof
}

/** What the proof says of whoever began; taken for one session. `undefined`: there is none such, or it has run out. */
const takeProof = (store: Store, request: FinishSignIn, at: Instant) =>
  store.read((rows) =>
    rows
      .updateTable('own_sign_in')
      .set({ used_for: request.tokenHash })
      .where('begin_hash', '=', request.beginHash)
      .where('proof_hash', '=', request.proofHash)
      .where('upstream', '=', request.upstream)
      .where('proof_ends_at', '>', at)
      .where(({ or, eb }) => or([eb('used_for', 'is', null), eb('used_for', '=', request.tokenHash)]))
      .returning(['app_user', 'person_name', 'person_email', 'to_path', 'method', 'user_id'])
      .returning(['factor_method', 'factor_verified_at'])
      .executeTakeFirst(),
  )

/**
 * Ties a verified address to the person of the directory whose login name it is, where it is tied to nobody here yet. The
 * login name is given once and follows no application's word, as the address kept beside it does.
 */
async function tieByLogin(store: Store, upstream: string, appUser: string, at: Instant): Promise<void> {
  await store.transaction(async (tx) => {
    const person = await tx
      .selectFrom('app_user')
      .select('id')
      .where('login', '=', foldId(appUser))
      .executeTakeFirst()
    if (person === undefined) return
    await tx
      .insertInto('app_identity')
      .values({
        ...{ upstream, folded: foldId(appUser), app_user: appUser },
        ...{ user_id: person.id, created_at: at },
      })
      .onConflict((oc) => oc.doNothing())
      .execute()
  })
}

const nameHere = (tx: Tx, upstream: string, user: string) =>
  tx
    .selectFrom('app_identity')
    .select('app_user')
    .where('upstream', '=', upstream)
    .where('user_id', '=', user)
    .orderBy('created_at')
    .orderBy('folded')
    .executeTakeFirst()

/**
 * By what name this upstream knows a person who proved here who they are; given now where it knows none: the login name,
 * or, where that is somebody else's there, the directory's own id.
 */
function nameOf(
  store: Store,
  upstream: string,
  person: { readonly user: string; readonly login: string },
  at: Instant,
): Promise<string> {
  const { user, login } = person
  return store.transaction(async (tx) => {
    for (const appUser of [login, user]) {
      const known = await nameHere(tx, upstream, user)
      if (known !== undefined) return known.app_user
      const given = { upstream, folded: foldId(appUser), app_user: appUser, user_id: user, created_at: at }
      await tx
        .insertInto('app_identity')
        .values(given)
        .onConflict((oc) => oc.doNothing())
        .execute()
    }
    return (await nameHere(tx, upstream, user))?.app_user ?? user
  })
}

type TakenProof = NonNullable<Awaited<ReturnType<typeof takeProof>>>

/** The proof's person as their upstream calls them. */
async function identityOf(
  store: Store,
  { upstream }: FinishSignIn,
  proved: TakenProof,
  at: Instant,
): Promise<Pick<AppIdentity, 'appUser' | 'name' | 'email'>> {
  const { app_user: login, user_id: user, person_name: name, person_email: email } = proved
  const appUser = login ?? ''
  if (user !== null)
    return { appUser: await nameOf(store, upstream, { user, login: appUser }, at), name: null, email: null }
  if (email !== null && foldId(email) === foldId(appUser)) await tieByLogin(store, upstream, appUser, at)
  return { appUser, name, email }
}

/** What became of a proof brought back. `to`: where they were going. */
export type SignInOutcome = {
  readonly opened: OpeningOutcome | { readonly outcome: 'no-proof' }
  readonly to: string | null
}

/** Takes a proof and opens its session; idempotent by the session's token. */
export async function finishSignIn(
  store: Store,
  request: FinishSignIn,
  own: OwnUpstream,
  at: Instant,
): Promise<SignInOutcome> {
  const proved = await takeProof(store, request, at)
  if (proved === undefined || proved.app_user === null || proved.method === null)
    return { opened: { outcome: 'no-proof' }, to: null }
  const { method, factor_method, factor_verified_at } = proved
  const identity: AppIdentity = {
    ...(await identityOf(store, request, proved, at)),
    ...{ kind: 'staff', amr: [] },
    practices: own.practice === null ? [] : [{ id: own.practice, roles: [] }],
  }
  const { upstream, tokenHash, address, device, replaces } = request
  const opened = await openSession(
    store,
    { upstream, identity, method, tokenHash, cookieHash: null, address, device, replaces },
    own.provisioning,
    at,
    factor_method === null || factor_verified_at === null
      ? null
      : { method: factor_method, verifiedAt: factor_verified_at },
  )
  return { opened, to: proved.to_path }
}
