/**
 * Sessions of the admin origin: of own accounts, opened by a password, and of people, opened by what they proved on
 * their way from the application; found by a cookie's token, ended by sign-out, idleness or age.
 *
 * It writes no cookie (`cookie.ts`) and judges no policy (`admin/api/admission.ts`). Invariant: the token is new at
 * each sign-in and only its hash is stored; whatever is wrong with name or password, the answer is the same and
 * takes as long; what a person holds is asked of the directory at each request. The token against forged requests
 * is derived from the session's, not stored.
 */
import { hash } from 'node:crypto'
import type { VerifiedFactor } from '../../policies/access-request.ts'
import type { Address } from '../../policies/address.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { sameText } from '../../runtime/fleet-seal.ts'
import type { Log } from '../../runtime/log.ts'
import { hashToken, newToken } from '../../runtime/token.ts'
import { createGatehouseGrants } from '../gatehouse-grants.ts'
import { verifyPassword } from '../passwords.ts'
import { checkSealedCode, isSealedCode, sealedSessionMs, spendSealedCode } from '../sealed-codes.ts'
import { listAddresses } from '../store/address-use.ts'
import { type AdminAccount, findAdminByLogin } from '../store/admin-accounts.ts'
import {
  type AdminSession,
  endAdminSession,
  findAdminSession,
  openAdminSession,
  touchAdminSession,
} from '../store/admin-sessions.ts'
import type { Store, Tx } from '../store/database.ts'
import { type Actor, appendEvent } from '../store/events.ts'
import type { SessionRow } from '../store/sessions.ts'
import type { FactorKeyring } from '../two-factor/factor-keys.ts'
import {
  beginAgain,
  type EntryOutcome,
  type EntryPlace,
  type GrantsOf,
  grantsOfEntrant,
  hasPart,
  type Opened,
  openEntry,
  takeEntryProof,
} from './entries.ts'
import { acceptOwnCode } from './own-factors.ts'
import type { TryLimits } from './try-limits.ts'
import { beginWaiting, takeWaiting } from './waiting-sign-in.ts'

/** After how long without a request an admin session ends. */
export const idleMs: DurationMs = 30 * 60_000
/** After how long it ends however busy it is. */
export const absoluteMs: DurationMs = 12 * 3_600_000
const touchMs: DurationMs = 60_000

/** Who acts: an own account, or a person of practices. `practices`: their `gw.…` permissions in each. */
export type Administrator = Pick<AdminAccount, 'id' | 'login' | 'name' | 'practices'> & {
  readonly kind: 'admin' | 'user'
  /** Whether there is a second factor to ask for. */
  readonly hasFactor: boolean
}

/** Somebody signed in to the admin plane. */
export type Admin = {
  readonly account: Administrator
  readonly session: string
  /** What was proved at the admin origin, and when; `null`: nothing but a password. */
  readonly factor: VerifiedFactor | null
  /** A sealed code opened it: no address and no hour refuses it. */
  readonly breakGlass: boolean
  /** The gateway session that a person's stands on; `null`: an own account. */
  readonly gateway: SessionRow | null
  /** When this session was last used before now. */
  readonly lastSeenAt: Instant
  /** What unsafe requests repeat in `X-Gatehouse-Csrf`. */
  readonly csrf: string
  /** When the session ends however busy it is. */
  readonly endsAt: Instant
}

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

/** What became of a code. `over`: this sign-in's five tries or minutes are gone. */
export type CodeOutcome =
  | { readonly outcome: 'signed-in'; readonly token: string }
  | { readonly outcome: 'wrong' | 'used' | 'over' }
  | { readonly outcome: 'too-many'; readonly retryAfterMs: DurationMs }

/** A code that somebody types. `device`: as above. */
export type CodeTry = { readonly code: string; readonly address: Address; readonly device: string }

/** The sessions. Every call rejects with a `Fault` when the database cannot be had. */
export type AdminSessions = {
  readonly signIn: (attempt: SignInTry) => Promise<SignInOutcome>
  /** Judges the code of a sign-in that waits (`second-step`). */
  readonly finishSignIn: (waiting: string, attempt: CodeTry) => Promise<CodeOutcome>
  /** Judges a code of an own account that is in; its session goes on under a new token. */
  readonly proveAgain: (admin: Admin, attempt: CodeTry) => Promise<CodeOutcome>
  /** Who holds the token, or `null`. `renews`: this is a person's doing and puts off the idle end. */
  readonly find: (token: string, address: Address, renews: boolean) => Promise<Admin | null>
  readonly signOut: (token: string) => Promise<void>
  /** Ends a session that a policy has found to be over. */
  readonly end: (session: string) => Promise<void>
  /** Takes a gateway's ticket in this browser. */
  readonly beginEntry: (ticket: string, place: EntryPlace) => Promise<EntryOutcome>
  /** Begins anew for a person who is in and must prove a second factor again; `null`: their session is over. */
  readonly beginAgain: (admin: Admin, place: EntryPlace, to: string) => Promise<Opened | null>
  /** Opens the session of whoever brings a proof in the browser that began; `null`: no such proof, or no part here. */
  readonly enter: (arrival: Arrival) => Promise<{ readonly token: string; readonly to: string } | null>
}

/** A browser that comes back with a proof. `device`: the User-Agent, cut; shown, never trusted. */
export type Arrival = {
  readonly proof: string
  readonly begin: string
  readonly address: Address
  readonly device: string
}

/** Who acts, as events name them. */
export const actorOf = ({ kind, id, name }: Administrator): Actor => ({ kind, id, name })

const tokenForm = /^[A-Za-z0-9_-]{43}$/
const csrfOf = (token: string): string => hash('sha256', `admin csrf ${token}`, 'base64url')

/** Whether `sent` is the session's token against forged requests; compares in constant time. */
export const isCsrf = (admin: Admin, sent: string | undefined): boolean =>
  sent !== undefined && sameText(sent, admin.csrf)

async function hasBeenAt(store: Store, account: string, address: Address, at: Instant): Promise<boolean> {
  const used = await store.read((rows) => listAddresses(rows, [account], at))
  return used.get(account)?.includes(address.text) ?? false
}

const signInEvent = (attempt: Pick<SignInTry, 'address' | 'device'>, at: Instant) => ({
  practice: null,
  at,
  origin: 'ui' as const,
  before: null,
  after: { device: attempt.device },
  address: attempt.address.text,
})

/** How a session of an own account opens: what was proved, and whether a sealed code opened it, with its own limits. */
type Opening = { readonly factor: VerifiedFactor | null; readonly breakGlass?: boolean }

/** Opens the session of an own account; its token. */
async function open(
  tx: Tx,
  account: Pick<AdminAccount, 'id' | 'name'>,
  attempt: Pick<SignInTry, 'address' | 'device'>,
  opening: Opening,
  at: Instant,
): Promise<string> {
  const token = newToken()
  const { factor, breakGlass = false } = opening
  await openAdminSession(tx, {
    id: `ads_${newToken().slice(0, 22)}`,
    tokenHash: hashToken(token),
    of: { account: account.id, factor, breakGlass },
    deadline: at + (breakGlass ? sealedSessionMs : absoluteMs),
    ...{ at, address: attempt.address.text, device: attempt.device },
  })
  await appendEvent(tx, {
    ...signInEvent(attempt, at),
    after: { device: attempt.device, factor: factor?.method ?? null, ...(breakGlass ? { breakGlass } : {}) },
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

type CodeParts = {
  readonly store: Store
  readonly keyring: FactorKeyring
  readonly limits: TryLimits
}

/** Judges a code; `then` is done with it in the same transaction. Of a wrong one the chain is told. */
async function judgeCode(
  { store, keyring, limits }: CodeParts,
  account: Pick<AdminAccount, 'id' | 'name'>,
  attempt: CodeTry,
  at: Instant,
  then: (tx: Tx, factor: VerifiedFactor) => Promise<string>,
): Promise<CodeOutcome> {
  const counted = await limits.beginCode(account.id)
  if (!counted.allowed) return { outcome: 'too-many', retryAfterMs: counted.retryAfterMs }
  const judged = await store.transaction(async (tx): Promise<CodeOutcome> => {
    const accepted = await acceptOwnCode(tx, keyring, account.id, attempt.code, at)
    if (accepted === 'totp' || accepted === 'recovery-code')
      return { outcome: 'signed-in', token: await then(tx, { method: accepted, verifiedAt: at }) }
    await appendEvent(tx, {
      ...signInEvent(attempt, at),
      after: { device: attempt.device, why: accepted === 'used' ? 'accepted before' : 'wrong' },
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

/** Who holds a session, with what they hold now. */
async function administratorOf(
  store: Store,
  { holder }: AdminSession,
  grantsOf: GrantsOf,
): Promise<Administrator> {
  if (holder.kind === 'admin') {
    const { id, login, name, practices, hasFactor } = holder.account
    return { kind: 'admin', id, login, name, practices, hasFactor }
  }
  const practices = await store.read((rows) => grantsOfEntrant(rows, holder, grantsOf))
  return { kind: 'user', ...holder.person, practices, hasFactor: true }
}

/** The chains that tell of a person's coming and going: of the practices that they may look after, in order. */
const chainsOf = ({ kind, practices }: Administrator): readonly (string | null)[] =>
  kind === 'admin' || practices === 'every' ? [null] : Object.keys(practices).sort()

async function close(
  store: Store,
  session: AdminSession,
  account: Administrator,
  at: Instant,
): Promise<void> {
  await store.transaction(async (tx) => {
    await endAdminSession(tx, session.id, at)
    for (const practice of chainsOf(account))
      await appendEvent(tx, {
        ...{ practice, at, actor: actorOf(account), origin: 'ui', action: 'admin.signed-out' },
        ...{ target: null, before: null, after: null },
      })
  })
}

/** Opens the session of somebody who proved a second factor on their way in. */
const enterWith = (
  store: Store,
  { proof, begin, address, device }: Arrival,
  grantsOf: GrantsOf,
  at: Instant,
): Promise<{ readonly token: string; readonly to: string } | null> =>
  store.transaction(async (tx) => {
    const proved = await takeEntryProof(tx, { proof, begin }, at)
    if (proved === null) return null
    const { entrant, factor, to } = proved
    const practices = await grantsOfEntrant(tx, entrant, grantsOf)
    if (!hasPart(practices)) return null
    const { person, gateway } = entrant
    const token = newToken()
    await openAdminSession(tx, {
      id: `ads_${newToken().slice(0, 22)}`,
      tokenHash: hashToken(token),
      of: { user: person.id, gatewaySession: gateway.id, factor },
      deadline: Math.min(at + absoluteMs, gateway.absolute_deadline),
      ...{ at, address: address.text, device },
    })
    const account: Administrator = { kind: 'user', ...person, practices, hasFactor: true }
    for (const practice of chainsOf(account))
      await appendEvent(tx, {
        ...{ practice, at, actor: actorOf(account), origin: 'ui', action: 'admin.signed-in' },
        ...{ target: null, before: null, address: address.text },
        after: { device, session: gateway.id, factor: factor.method },
      })
    return { token, to }
  })

type SessionParts = {
  readonly store: Store
  readonly now: () => Instant
  readonly limits: TryLimits
  readonly keyring: FactorKeyring
  readonly log: Log
}

/** How own accounts sign in: a password, a code where they have a second factor, and a code again. */
const createOwnSignIn = (
  options: SessionParts,
): Pick<AdminSessions, 'signIn' | 'finishSignIn' | 'proveAgain'> => {
  const { store, now, limits, log } = options
  return {
    async signIn(attempt) {
      const login = attempt.login.normalize('NFC').trim().toLowerCase()
      const account = await store.read((rows) => findAdminByLogin(rows, login))
      const known = await hasBeenAt(store, account?.id ?? 'nobody', attempt.address, now())
      const counted = await limits.begin(login, attempt.address, known)
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

    async finishSignIn(waiting, attempt) {
      const at = now()
      const account = tokenForm.test(waiting) ? await takeWaiting(store, waiting, at) : null
      if (account === null) return { outcome: 'over' }
      return judgeCode(options, account, attempt, at, async (tx, factor) => {
        await tx.deleteFrom('admin_sign_in').where('token_hash', '=', hashToken(waiting)).execute()
        return open(tx, account, attempt, { factor }, at)
      })
    },

    async proveAgain({ account, session }, attempt) {
      const at = now()
      if (account.kind !== 'admin') return { outcome: 'over' }
      return judgeCode(options, account, attempt, at, async (tx, factor) => {
        const token = await open(tx, account, attempt, { factor }, at)
        await endAdminSession(tx, session, at)
        return token
      })
    },
  }
}

/** The sessions kept in `store`. */
export function createAdminSessions(options: SessionParts): AdminSessions {
  const { store, now } = options
  const grantsOf = createGatehouseGrants()
  const read = async (token: string, at: Instant): Promise<AdminSession | null> =>
    tokenForm.test(token) ? store.read((rows) => findAdminSession(rows, hashToken(token), at)) : null
  return {
    ...createOwnSignIn(options),

    async find(token, address, renews) {
      const at = now()
      const found = await read(token, at)
      if (found === null) return null
      if (at - found.lastSeenAt >= idleMs) {
        await store.read((rows) => endAdminSession(rows, found.id, at))
        return null
      }
      if (renews && (at - found.lastSeenAt >= touchMs || found.address !== address.text))
        await store.read((rows) => touchAdminSession(rows, found, address.text, at))
      return {
        account: await administratorOf(store, found, grantsOf),
        session: found.id,
        factor: found.factor,
        breakGlass: found.breakGlass,
        gateway: found.holder.kind === 'user' ? found.holder.gateway : null,
        lastSeenAt: found.lastSeenAt,
        csrf: csrfOf(token),
        endsAt: found.deadline,
      }
    },

    async signOut(token) {
      const at = now()
      const found = await read(token, at)
      if (found !== null) await close(store, found, await administratorOf(store, found, grantsOf), at)
    },

    end: (session) => store.read((rows) => endAdminSession(rows, session, now())),

    beginEntry: (ticket, place) => openEntry(store, ticket, place, grantsOf, now()),

    beginAgain: async ({ gateway }, place, to) =>
      gateway === null ? null : beginAgain(store, { ...place, session: gateway.id, to }, now()),

    enter: (arrival) => enterWith(store, arrival, grantsOf, now()),
  }
}
