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
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { ProviderRules } from '../../runtime/config-own-sign-in.ts'
import type { AppIdentity, BeginSignIn, FinishSignIn } from '../../runtime/internal.ts'
import { hashToken, newToken } from '../../runtime/token.ts'
import { foldId, type Provisioning } from '../directory.ts'
import { type OpeningOutcome, openSession } from '../session-opening.ts'
import type { Store } from '../store/database.ts'

/** How one upstream's people sign in here. `practice`: the one that unknown people would join, `null`: none. */
export type OwnUpstream = {
  readonly providers: readonly ProviderRules[]
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
}

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

/** Notes who somebody is; the bearer text of the proof, good for 60 s and once. `null`: the sign-in is over. */
export async function layProof(
  store: Store,
  token: string,
  { appUser, name, email }: ProvedPerson,
  at: Instant,
): Promise<string | null> {
  const proof = newToken()
  const row = await store.read((rows) =>
    rows
      .updateTable('own_sign_in')
      .set({ app_user: appUser, person_name: name, person_email: email })
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
      .returning(['app_user', 'person_name', 'person_email', 'to_path'])
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
  if (proved === undefined || proved.app_user === null) return { opened: { outcome: 'no-proof' }, to: null }
  const { app_user: appUser, person_name: name, person_email: email } = proved
  if (email !== null && foldId(email) === foldId(appUser))
    await tieByLogin(store, request.upstream, appUser, at)
  const identity: AppIdentity = {
    ...{ appUser, kind: 'staff', name, email, amr: [] },
    practices: own.practice === null ? [] : [{ id: own.practice, roles: [] }],
  }
  const { upstream, tokenHash, address, device, replaces } = request
  const opened = await openSession(
    store,
    { upstream, identity, method: 'own-oidc', tokenHash, cookieHash: null, address, device, replaces },
    own.provisioning,
    at,
  )
  return { opened, to: proved.to_path }
}
