/**
 * Sessions of own accounts: opened by a password, found by a cookie's token, ended by sign-out, idleness or
 * age.
 *
 * It is not a gateway session (those are people of a practice) and writes no cookie (`cookie.ts`). Invariant:
 * the token is new at each sign-in and only its hash is stored; whatever is wrong with name or password, the
 * answer is the same and takes as long. The token against forged requests is derived from the session's, not
 * stored.
 */
import { hash } from 'node:crypto'
import type { Address } from '../../policies/address.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { sameText } from '../../runtime/fleet-seal.ts'
import type { Log } from '../../runtime/log.ts'
import { hashToken, newToken } from '../../runtime/token.ts'
import { verifyPassword } from '../passwords.ts'
import { checkSealedCode, isSealedCode, sealedSessionMs, spendSealedCode } from '../sealed-codes.ts'
import { listAddresses } from '../store/address-use.ts'
import {
  type AdminAccount,
  type AdminSession,
  endAdminSession,
  findAdminByLogin,
  findAdminSession,
  openAdminSession,
  touchAdminSession,
} from '../store/admin-accounts.ts'
import type { Store } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import type { TryLimits } from './try-limits.ts'

/** After how long without a request an admin session ends. */
export const idleMs: DurationMs = 30 * 60_000
/** After how long it ends however busy it is. */
export const absoluteMs: DurationMs = 12 * 3_600_000
const touchMs: DurationMs = 60_000

/** Somebody signed in to the admin plane. */
export type Admin = {
  readonly account: AdminAccount
  readonly session: string
  /** What unsafe requests repeat in `X-Gatehouse-Csrf`. */
  readonly csrf: string
  /** When the session ends however busy it is. */
  readonly endsAt: Instant
}

/** How a sign-in ended. `refused`: name or password; which one is not told. */
export type SignInOutcome =
  | { readonly outcome: 'signed-in'; readonly token: string; readonly admin: Admin }
  | { readonly outcome: 'refused' }
  | { readonly outcome: 'too-many'; readonly retryAfterMs: DurationMs }

/** What a sign-in brings. `device`: the User-Agent, cut; shown, never trusted. */
export type SignInTry = {
  readonly login: string
  readonly password: string
  readonly address: Address
  readonly device: string
}

/** The sessions. Every call rejects with a `Fault` when the database cannot be had. */
export type AdminSessions = {
  readonly signIn: (attempt: SignInTry) => Promise<SignInOutcome>
  /** Who holds the token, or `null`. `renews`: this is a person's doing and puts off the idle end. */
  readonly find: (token: string, address: Address, renews: boolean) => Promise<Admin | null>
  readonly signOut: (token: string) => Promise<void>
}

const tokenForm = /^[A-Za-z0-9_-]{43}$/
const csrfOf = (token: string): string => hash('sha256', `admin csrf ${token}`, 'base64url')

/** Whether `sent` is the session's token against forged requests; compares in constant time. */
export const isCsrf = (admin: Admin, sent: string | undefined): boolean =>
  sent !== undefined && sameText(sent, admin.csrf)

async function hasBeenAt(store: Store, account: string, address: Address, at: Instant): Promise<boolean> {
  const used = await store.read((rows) => listAddresses(rows, [account], at))
  return used.get(account)?.includes(address.text) ?? false
}

const signInEvent = (attempt: SignInTry, at: Instant) => ({
  practice: null,
  at,
  origin: 'ui' as const,
  before: null,
  after: { device: attempt.device },
  address: attempt.address.text,
})

/** `code`: the sealed code that was typed instead of the password; `null`: none. */
async function open(
  store: Store,
  account: AdminAccount,
  attempt: SignInTry,
  at: Instant,
  code: string | null = null,
): Promise<SignInOutcome> {
  const token = newToken()
  const session = `ads_${newToken().slice(0, 22)}`
  const endsAt = at + (code === null ? absoluteMs : sealedSessionMs)
  const opened = await store.transaction(async (tx) => {
    if (code !== null && !(await spendSealedCode(tx, code, account, attempt.address.text, at))) return false
    await openAdminSession(tx, {
      id: session,
      tokenHash: hashToken(token),
      account: account.id,
      at,
      deadline: endsAt,
      address: attempt.address.text,
      device: attempt.device,
    })
    await appendEvent(tx, {
      ...signInEvent(attempt, at),
      actor: { kind: 'admin', id: account.id, name: account.name },
      action: 'admin.signed-in',
      target: null,
    })
    return true
  })
  if (!opened) return { outcome: 'refused' }
  return { outcome: 'signed-in', token, admin: { account, session, csrf: csrfOf(token), endsAt } }
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

async function close(store: Store, session: AdminSession, at: Instant): Promise<void> {
  const { account } = session
  await store.transaction(async (tx) => {
    await endAdminSession(tx, session.id, at)
    await appendEvent(tx, {
      practice: null,
      at,
      actor: { kind: 'admin', id: account.id, name: account.name },
      origin: 'ui',
      action: 'admin.signed-out',
      target: null,
      before: null,
      after: null,
    })
  })
}

/** The sessions kept in `store`. */
export function createAdminSessions(options: {
  readonly store: Store
  readonly now: () => Instant
  readonly limits: TryLimits
  readonly log: Log
}): AdminSessions {
  const { store, now, limits, log } = options
  const read = async (token: string, at: Instant): Promise<AdminSession | null> =>
    tokenForm.test(token) ? store.read((rows) => findAdminSession(rows, hashToken(token), at)) : null
  return {
    async signIn(attempt) {
      const login = attempt.login.normalize('NFC').trim().toLowerCase()
      const account = await store.read((rows) => findAdminByLogin(rows, login))
      const known = await hasBeenAt(store, account?.id ?? 'nobody', attempt.address, now())
      const counted = await limits.begin(login, attempt.address, known)
      if (!counted.allowed) return { outcome: 'too-many', retryAfterMs: counted.retryAfterMs }
      const sealed = isSealedCode(attempt.password)
      const code = sealed ? await checkSealedCode(store, account?.id ?? '', attempt.password) : null
      if (account !== null && code !== null && !account.suspended) {
        await counted.succeeded()
        return open(store, account, attempt, now(), code)
      }
      const passes = !sealed && (await verifyPassword(account?.passwordHash ?? null, attempt.password))
      if (account !== null && passes && !account.suspended) {
        await counted.succeeded()
        return open(store, account, attempt, now())
      }
      // Not waited for: the time of the answer must not tell that there is such an account.
      if (account !== null)
        noteFailure(store, account, attempt, now()).catch((error: unknown) =>
          log.warn({ error }, 'a failed sign-in was not recorded'),
        )
      return { outcome: 'refused' }
    },

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
      return { account: found.account, session: found.id, csrf: csrfOf(token), endsAt: found.deadline }
    },

    async signOut(token) {
      const at = now()
      const found = await read(token, at)
      if (found !== null) await close(store, found, at)
    },
  }
}
