/**
 * Sessions of the admin origin: of own accounts, opened by `own-account-sign-in.ts`, and of people, opened by what they
 * proved on their way from the application; found by a cookie's token, ended by sign-out, idleness or age.
 *
 * It writes no cookie (`cookie.ts`) and judges no policy (`admin/api/admission.ts`). Invariant: the token is new at
 * each sign-in and only its hash is stored; what a person holds is asked of the directory at each request. The token
 * against forged requests is derived from the session's, not stored.
 */
import { hash } from 'node:crypto'
import type { VerifiedFactor } from '../../policies/access-request.ts'
import type { Address } from '../../policies/address.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { sameText } from '../../runtime/fleet-seal.ts'
import { hashToken, newToken } from '../../runtime/token.ts'
import { createGatehouseGrants } from '../directory/gatehouse-grants.ts'
import type { AdminAccount } from '../store/admin-accounts.ts'
import {
  type AdminSession,
  endAdminSession,
  findAdminSession,
  openAdminSession,
  touchAdminSession,
} from '../store/admin-sessions.ts'
import type { Store } from '../store/database.ts'
import { type Actor, appendEvent } from '../store/events.ts'
import type { SessionRow } from '../store/sessions.ts'
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
import { absoluteMs, createOwnSignIn, type OwnSignIn, type OwnSignInParts } from './own-account-sign-in.ts'

/** After how long without a request an admin session ends. */
export const idleMs: DurationMs = 30 * 60_000
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

/** The sessions. Every call rejects with a `Fault` when the database cannot be had. */
export type AdminSessions = OwnSignIn & {
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

/** The sessions kept in `store`. */
export function createAdminSessions(options: OwnSignInParts): AdminSessions {
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
