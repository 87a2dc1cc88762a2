/**
 * Adoption: a session for a credential that the application knows and the gateway saw no sign-in of.
 *
 * The application's word names the person; the control plane opens the session with epochs of 0, so that any earlier
 * revocation holds. Invariant: one credential is adopted once at a time, and not again while its adopted session
 * serves; a companion is handed out once, so that a factor proved with it raises one browser; who the directory does not
 * want is remembered, so that knocking does not reach the control plane. Letting the cookie pass without a session was
 * refused: nobody could then see or end it.
 */
import type { DurationMs } from '../../policies/instant.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { AppIdentity, ControlPlane, OpenSession, SealedRecord } from '../../runtime/internal.ts'
import { createBoundedMap } from '../bounded-map.ts'
import { mintToken } from '../companion.ts'
import type { Exchange } from '../exchange.ts'
import type { MirroredSession, Sessions } from '../sessions.ts'
import type { Bonds } from './bonds.ts'
import { bindsValue, type Credential } from './credential.ts'

/** How a session was asked for and what came of it; `unwelcome`: the directory does not want this person. */
export type Opened =
  | { readonly kind: 'opened'; readonly session: MirroredSession; readonly token: string }
  | { readonly kind: 'unwelcome'; readonly reason: 'not-a-member' | 'user-suspended' }
  | { readonly kind: 'unavailable' }

/** An adoption that this gateway made. Its token is kept nowhere: it went to the browser that was adopted. */
export type Adopted = {
  readonly tokenHash: string
  readonly address: string
  readonly at: DurationMs
}

/** Opens sessions at the control plane. */
export type Openings = {
  /** Opens one and takes its records in. Never rejects. */
  open(exchange: Exchange, identity: AppIdentity, wish: OpeningWish): Promise<Opened>
  /**
   * Adopts a credential. Those who ask at the same time get the same session, and only one of them its token; the others
   * `token: null`, since they need not be the same browser. Never rejects.
   */
  adopt(
    exchange: Exchange,
    credential: Credential,
    identity: AppIdentity,
  ): Promise<Opened | (Omit<Extract<Opened, { kind: 'opened' }>, 'token'> & { readonly token: null })>
  /** The adoption this gateway made of a credential, or `null`. */
  adopted(credential: Credential): Adopted | null
  /** Who was not wanted a moment ago, or `null`. */
  unwelcome(credential: Credential): 'not-a-member' | 'user-suspended' | null
}

/** What differs between a sign-in and an adoption. */
export type OpeningWish = Pick<OpenSession, 'method' | 'replaces'> & { readonly credential: Credential }

/** What openings need. `apply` takes records in; `mayAdopt`: not while the hot store is unseeded (SPEC §11). */
export type OpeningParts = {
  readonly controlPlane: ControlPlane | null
  readonly sessions: Sessions
  readonly bonds: Bonds
  readonly clock: Clock
  apply(records: readonly SealedRecord[]): void
  mayAdopt(): boolean
  onFault(error: unknown): void
}

const rememberedMax = 20_000
const unwelcomeMs: DurationMs = 5_000

/** What the browser calls itself: printable ASCII, at most 300 characters; shown to admins, never trusted. */
export const deviceOf = (exchange: Exchange): string => {
  for (let i = 0; i < exchange.headers.length; i += 2)
    if (exchange.headers[i]?.toLowerCase() === 'user-agent')
      return (exchange.headers[i + 1] ?? '').replace(/[^\x20-\x7e]/g, '?').slice(0, 300)
  return ''
}

/** How a session is opened for a credential that no sign-in was seen of. */
const unseenMethod = ({ upstream }: Exchange): 'adopted' | 'trusted-header' =>
  (upstream.identity?.trustedHeader ?? null) === null ? 'adopted' : 'trusted-header'

/** Whether a sign-in was seen here that made this credential. */
const isSeen = ({ method }: OpeningWish): boolean => method !== 'adopted' && method !== 'trusted-header'

async function openOnce(
  parts: OpeningParts,
  exchange: Exchange,
  identity: AppIdentity,
  wish: OpeningWish,
): Promise<Opened> {
  const { controlPlane, sessions, bonds } = parts
  if (controlPlane === null || (!isSeen(wish) && !parts.mayAdopt())) return { kind: 'unavailable' }
  const { identity: rules } = exchange.upstream
  const binds = rules === null || bindsValue(rules)
  const { hash: cookieHash, signedInAt } = wish.credential
  const { token, tokenHash } = mintToken()
  try {
    const answer = await controlPlane.openSession({
      upstream: exchange.upstream.id,
      identity,
      method: wish.method,
      tokenHash,
      cookieHash: binds ? cookieHash : null,
      address: exchange.client.text,
      device: deviceOf(exchange),
      replaces: wish.replaces,
      ...(signedInAt === undefined ? {} : { signedInAt }),
    })
    if (answer.outcome === 'unknown-user') return { kind: 'unwelcome', reason: 'not-a-member' }
    if (answer.outcome === 'suspended') return { kind: 'unwelcome', reason: 'user-suspended' }
    parts.apply(answer.records)
    const session = sessions.apply(answer.session)
    if (session === null || session.tokenHash !== tokenHash) return { kind: 'unavailable' }
    if (binds) bonds.add(cookieHash, tokenHash, isSeen(wish))
    return { kind: 'opened', session, token }
  } catch (error) {
    parts.onFault(error)
    return { kind: 'unavailable' }
  }
}

/** Openings of one upstream. */
export function createOpenings(parts: OpeningParts): Openings {
  const adopted = createBoundedMap<string, Adopted>(rememberedMax)
  const unwelcome = createBoundedMap<
    string,
    { readonly reason: 'not-a-member' | 'user-suspended'; readonly until: number }
  >(rememberedMax)
  const flights = new Map<string, Promise<Opened>>()

  const fly = async (exchange: Exchange, credential: Credential, identity: AppIdentity): Promise<Opened> => {
    const opened = await openOnce(parts, exchange, identity, {
      method: unseenMethod(exchange),
      replaces: null,
      credential,
    })
    const at = parts.clock.monotonic()
    if (opened.kind === 'unwelcome')
      unwelcome.set(credential.hash, { reason: opened.reason, until: at + unwelcomeMs })
    if (opened.kind === 'opened') {
      const { tokenHash } = opened.session
      adopted.set(credential.hash, { tokenHash, address: exchange.client.text, at })
    }
    return opened
  }

  return {
    open: (exchange, identity, wish) => openOnce(parts, exchange, identity, wish),
    adopt(exchange, credential, identity) {
      const under = flights.get(credential.hash)
      if (under !== undefined)
        return under.then((opened) => (opened.kind === 'opened' ? { ...opened, token: null } : opened))
      const flight = fly(exchange, credential, identity).finally(() => flights.delete(credential.hash))
      flights.set(credential.hash, flight)
      return flight
    },
    adopted: (credential) => adopted.get(credential.hash) ?? null,
    unwelcome(credential) {
      const found = unwelcome.peek(credential.hash)
      return found !== undefined && found.until > parts.clock.monotonic() ? found.reason : null
    },
  }
}
