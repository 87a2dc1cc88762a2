/**
 * How own accounts sign in: a password, a code or a passkey where they have one, either again, or a sealed code alone.
 *
 * It finds and ends no session (`admin-sessions.ts`). Invariant: a try is counted before anything is compared; whatever is
 * wrong with name or password, the answer is the same and takes as long; each sign-in opens a session under a new token,
 * of which only the hash is stored. Of failures the chain is told where there is such an account, and nowhere else.
 */
import type { VerifiedFactor } from '../../policies/access-request.ts'
import type { Address } from '../../policies/address.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Log } from '../../runtime/log.ts'
import { hashToken, newToken } from '../../runtime/token.ts'
import { verifyPassword } from '../passwords.ts'
import { checkSealedCode, isSealedCode, sealedSessionMs, spendSealedCode } from '../sealed-codes.ts'
import { type AdminAccount, findAdminByLogin } from '../store/admin-accounts.ts'
import { endAdminSession, openAdminSession } from '../store/admin-sessions.ts'
import type { Store, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import type { FactorKeyring } from '../two-factor/factor-keys.ts'
import type { RelyingParty } from '../webauthn.ts'
import { findLinked } from './linked-identities.ts'
import { acceptOwnCode, type OwnCodeOutcome, readOwnFactor } from './own-factors.ts'
import { acceptOwnPasskey, beginOwnAssertion, type Holder } from './own-passkeys.ts'
import type { TryLimits } from './try-limits.ts'
import { beginWaiting, findWaiting, takeWaiting } from './waiting-sign-in.ts'

/** After how long a session ends however busy it is. */
export const absoluteMs: DurationMs = 12 * 3_600_000

/** How a sign-in ended. `refused`: name or password; which one is not told. */
export type SignInOutcome =
  | { readonly outcome: 'signed-in'; readonly token: string }
  /** The password was right and a code is asked for; `token` names the sign-in that waits, for five minutes. */
  | { readonly outcome: 'second-step'; readonly token: string }
  | { readonly outcome: 'refused' }
  | { readonly outcome: 'too-many'; readonly retryAfterMs: DurationMs }

/** What a sign-in brings. `device`: the User-Agent, cut; shown, never trusted. */
export type SignInTry = {
  readonly login: string
  readonly password: string
  readonly address: Address
  readonly device: string
}

/** What became of a code or a passkey. `over`: this sign-in's five tries or minutes are gone. */
export type CodeOutcome =
  | { readonly outcome: 'signed-in'; readonly token: string }
  | { readonly outcome: 'wrong' | 'used' | 'over' }
  | { readonly outcome: 'too-many'; readonly retryAfterMs: DurationMs }

/** A code that somebody types, or what their browser made of a passkey (JSON text). `device`: as above. */
export type CodeTry = (
  | { readonly by: 'code'; readonly code: string }
  | { readonly by: 'passkey'; readonly answer: string }
) & { readonly address: Address; readonly device: string }

/** What a second step may be done with. `passkey`: what the browser is to be asked (JSON); `null`: none, or not here. */
export type SecondStep = { readonly app: boolean; readonly passkey: string | null }

/** Somebody for whom a provider vouched. `factorAt`: when it saw a second factor that counts here; `null`: it did not. */
export type ProviderTry = {
  readonly provider: string
  readonly subject: string
  readonly factorAt: Instant | null
  readonly address: Address
  readonly device: string
}

/** How own accounts come in. Every call rejects with a `Fault` when the database cannot be had. */
export type OwnSignIn = {
  readonly signIn: (attempt: SignInTry) => Promise<SignInOutcome>
  /** Signs in the account that is linked with who a provider says somebody is. */
  readonly signInAs: (attempt: ProviderTry) => Promise<SignInOutcome>
  /** What a sign-in that waits may go on with; `null`: it is over. Each call voids the challenge of the one before. */
  readonly askWaiting: (waiting: string) => Promise<SecondStep | null>
  /** What an own account that is in may prove itself with again. */
  readonly askAgain: (admin: InByAccount) => Promise<SecondStep>
  /** Judges the code or passkey of a sign-in that waits (`second-step`). */
  readonly finishSignIn: (waiting: string, attempt: CodeTry) => Promise<CodeOutcome>
  /** Judges a code or passkey of an own account that is in; its session goes on under a new token. */
  readonly proveAgain: (admin: InByAccount, attempt: CodeTry) => Promise<CodeOutcome>
}

/** Who is in, and in which session; of somebody who is no own account a code proves nothing. */
type InByAccount = {
  readonly account: { readonly kind: 'admin' | 'user'; readonly id: string; readonly name: string }
  readonly session: string
}

const tokenForm = /^[A-Za-z0-9_-]{43}$/

const signInEvent = (attempt: Pick<SignInTry, 'address' | 'device'>, at: Instant) => ({
  practice: null,
  at,
  origin: 'ui' as const,
  before: null,
  after: { device: attempt.device },
  address: attempt.address.text,
})

/** How a session of an own account opens: what was proved, and whether a sealed code opened it, with its own limits. */
type Opening = {
  readonly factor: VerifiedFactor | null
  readonly breakGlass?: boolean
  /** Whose word it was; absent: a password, or a sealed code. */
  readonly provider?: string
}

/** Opens the session of an own account; its token. */
async function open(
  tx: Tx,
  account: Pick<AdminAccount, 'id' | 'name'>,
  attempt: Pick<SignInTry, 'address' | 'device'>,
  opening: Opening,
  at: Instant,
): Promise<string> {
  const token = newToken()
  const { factor, breakGlass = false, provider } = opening
  await openAdminSession(tx, {
    id: `ads_${newToken().slice(0, 22)}`,
    tokenHash: hashToken(token),
    of: { account: account.id, factor, breakGlass },
    deadline: at + (breakGlass ? sealedSessionMs : absoluteMs),
    ...{ at, address: attempt.address.text, device: attempt.device },
  })
  await appendEvent(tx, {
    ...signInEvent(attempt, at),
    after: {
      device: attempt.device,
      factor: factor?.method ?? null,
      ...(breakGlass ? { breakGlass } : {}),
      provider,
    },
    actor: { kind: 'admin', id: account.id, name: account.name },
    action: 'admin.signed-in',
    target: null,
  })
  return token
}

/** A sealed code stands for password and second factor, once; somebody else may have been first. */
async function openByCode(
  store: Store,
  account: AdminAccount,
  attempt: SignInTry,
  code: string,
  at: Instant,
): Promise<SignInOutcome> {
  const opening: Opening = { factor: { method: 'recovery-code', verifiedAt: at }, breakGlass: true }
  const token = await store.transaction(async (tx) =>
    (await spendSealedCode(tx, code, account, attempt.address.text, at))
      ? open(tx, account, attempt, opening, at)
      : null,
  )
  return token === null ? { outcome: 'refused' } : { outcome: 'signed-in', token }
}

type CodeParts = Pick<OwnSignInParts, 'store' | 'keyring' | 'limits' | 'party'>

/** By what a browser's challenge is found: the hash of the token of its waiting sign-in, or its session. */
const browserOf = { waiting: hashToken, in: (session: string) => session }

async function accept(
  tx: Tx,
  { keyring, party }: CodeParts,
  holder: Holder,
  attempt: CodeTry,
  at: Instant,
): Promise<'passkey' | OwnCodeOutcome> {
  if (attempt.by === 'code') return acceptOwnCode(tx, keyring, holder.account, attempt.code, at)
  return party === null ? 'wrong' : acceptOwnPasskey(tx, party, holder, attempt.answer, at)
}

/** Judges a code or a passkey shown in `browser`; `then` is done with it in the same transaction. Of a wrong one the chain is told. */
async function judgeCode(
  parts: CodeParts,
  { account, browser }: { readonly account: Pick<AdminAccount, 'id' | 'name'>; readonly browser: string },
  attempt: CodeTry,
  at: Instant,
  then: (tx: Tx, factor: VerifiedFactor) => Promise<string>,
): Promise<CodeOutcome> {
  const counted = await parts.limits.beginCode(account.id)
  if (!counted.allowed) return { outcome: 'too-many', retryAfterMs: counted.retryAfterMs }
  const judged = await parts.store.transaction(async (tx): Promise<CodeOutcome> => {
    const accepted = await accept(tx, parts, { account: account.id, browser }, attempt, at)
    if (accepted !== 'wrong' && accepted !== 'used')
      return { outcome: 'signed-in', token: await then(tx, { method: accepted, verifiedAt: at }) }
    await appendEvent(tx, {
      ...signInEvent(attempt, at),
      after: {
        ...{ device: attempt.device, by: attempt.by },
        why: accepted === 'used' ? 'accepted before' : 'wrong',
      },
      actor: { kind: 'admin', id: account.id, name: account.name },
      action: 'admin.two-factor.failed',
      target: null,
    })
    return { outcome: accepted }
  })
  if (judged.outcome === 'signed-in') await counted.succeeded()
  return judged
}

/** Whether what was typed is the account's password, or one of its sealed codes; one hash's time in any case. */
async function provedBy(
  store: Store,
  account: AdminAccount | null,
  typed: string,
): Promise<{ readonly passes: boolean; readonly code: string | null }> {
  if (!isSealedCode(typed))
    return { passes: await verifyPassword(account?.passwordHash ?? null, typed), code: null }
  const code = await checkSealedCode(store, account?.id ?? '', typed)
  return { passes: code !== null, code }
}

/** Only of accounts that there are: a stranger's invented names must not fill the chain. */
const noteFailure = (
  store: Store,
  account: AdminAccount,
  attempt: SignInTry,
  at: Instant,
): Promise<unknown> =>
  store.transaction((tx) =>
    appendEvent(tx, {
      ...signInEvent(attempt, at),
      actor: { kind: 'system', id: 'sign-in', name: 'Somebody at the sign-in page' },
      action: 'admin.sign-in-failed',
      target: { kind: 'admin', id: account.id, name: account.name },
    }),
  )

/** What a sign-in stands on. */
export type OwnSignInParts = {
  readonly store: Store
  readonly now: () => Instant
  readonly limits: TryLimits
  readonly keyring: FactorKeyring
  /** Who asks for passkeys; `null`: browsers make none at this origin. */
  readonly party: RelyingParty | null
  readonly log: Log
}

/** What an account may be asked for in this browser. */
async function askStep({ store, party }: CodeParts, holder: Holder, at: Instant): Promise<SecondStep> {
  const { enrolledAt } = await store.read((rows) => readOwnFactor(rows, holder.account))
  const passkey = party === null ? null : await beginOwnAssertion(store, party, holder, at)
  return { app: enrolledAt !== null, passkey }
}

async function signInAs(
  store: Store,
  { provider, subject, factorAt, ...attempt }: ProviderTry,
  at: Instant,
): Promise<SignInOutcome> {
  const account = await store.read((rows) => findLinked(rows, provider, subject))
  if (account === null) return { outcome: 'refused' }
  if (factorAt === null && account.hasFactor)
    return { outcome: 'second-step', token: await beginWaiting(store, account, at) }
  const factor: VerifiedFactor | null =
    factorAt === null ? null : { method: 'app', verifiedAt: Math.min(factorAt, at) }
  const token = await store.transaction((tx) => open(tx, account, attempt, { factor, provider }, at))
  return { outcome: 'signed-in', token }
}

/** The sign-in of the own accounts in `store`. */
export const createOwnSignIn = (options: OwnSignInParts): OwnSignIn => {
  const { store, now, limits, log } = options
  return {
    async signIn(attempt) {
      const login = attempt.login.normalize('NFC').trim().toLowerCase()
      const account = await store.read((rows) => findAdminByLogin(rows, login))
      const counted = await limits.begin({ login, account: account?.id ?? null, address: attempt.address })
      if (!counted.allowed) return { outcome: 'too-many', retryAfterMs: counted.retryAfterMs }
      const { passes, code } = await provedBy(store, account, attempt.password)
      if (account !== null && passes && !account.suspended) {
        await counted.succeeded()
        if (code !== null) return openByCode(store, account, attempt, code, now())
        if (account.hasFactor)
          return { outcome: 'second-step', token: await beginWaiting(store, account, now()) }
        const at = now()
        const token = await store.transaction((tx) => open(tx, account, attempt, { factor: null }, at))
        return { outcome: 'signed-in', token }
      }
      // Not waited for: the time of the answer must not tell that there is such an account.
      if (account !== null)
        noteFailure(store, account, attempt, now()).catch((error: unknown) =>
          log.warn({ error }, 'a failed sign-in was not recorded'),
        )
      return { outcome: 'refused' }
    },

    signInAs: (attempt) => signInAs(store, attempt, now()),

    async askWaiting(waiting) {
      const at = now()
      const account = tokenForm.test(waiting) ? await findWaiting(store, waiting, at) : null
      if (account === null) return null
      return askStep(options, { account: account.id, browser: browserOf.waiting(waiting) }, at)
    },

    askAgain: ({ account, session }) =>
      askStep(options, { account: account.id, browser: browserOf.in(session) }, now()),

    async finishSignIn(waiting, attempt) {
      const at = now()
      const account = tokenForm.test(waiting) ? await takeWaiting(store, waiting, at) : null
      if (account === null) return { outcome: 'over' }
      const browser = browserOf.waiting(waiting)
      return judgeCode(options, { account, browser }, attempt, at, async (tx, factor) => {
        await tx.deleteFrom('admin_sign_in').where('token_hash', '=', hashToken(waiting)).execute()
        return open(tx, account, attempt, { factor }, at)
      })
    },

    async proveAgain({ account, session }, attempt) {
      const at = now()
      if (account.kind !== 'admin') return { outcome: 'over' }
      const browser = browserOf.in(session)
      return judgeCode(options, { account, browser }, attempt, at, async (tx, factor) => {
        const token = await open(tx, account, attempt, { factor }, at)
        await endAdminSession(tx, session, at)
        return token
      })
    },
  }
}
