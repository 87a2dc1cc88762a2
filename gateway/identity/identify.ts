/**
 * Who asks: from the application's cookies, its own word on them, and the companion. It judges nothing.
 *
 * no cookie, or a word of "nobody" → anonymous; readable two ways → anonymous, and expired; a patient → patient; no
 * clear word → indeterminate. A user, and the companion's session is
 * - live and the same user's → that session; the cookie is bound to it;
 * - another user's → that one is ended, then as without;
 * - none, unknown → adopted: level "password", epochs 0; unless an ended or held session had this cookie → that one.
 * An identity proxy's headers are read in place of both, by `trusted-header.ts`.
 * - a handshake without a token, where configuration says so, or people sign in here → the companion's session.
 *
 * Invariant: nobody else is identified but by a fresh word of the application. `look` is synchronous and says what it
 * lacks, so that a request for which all is mirrored waits for nothing. A chain of awaits was refused.
 */
import type { DurationMs } from '../../policies/instant.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { AppIdentity } from '../../runtime/internal.ts'
import type { SessionEnd } from '../../runtime/records.ts'
import type { Companion } from '../companion.ts'
import type { Endings } from '../endings.ts'
import type { Exchange } from '../exchange.ts'
import { practiceCookie } from '../practice.ts'
import type { MirroredSession, Sessions } from '../sessions.ts'
import type { Openings } from './adoption.ts'
import type { Bonds } from './bonds.ts'
import { type Credential, type CredentialReading, carriedCredential } from './credential.ts'
import type { Introspected, Introspector } from './introspect.ts'
import type { CookieMemory, KnownCookies } from './known-cookies.ts'
import type { RoleWord } from './role-word.ts'
import type { Vouching } from './trusted-header.ts'

/** Who asks. `renewed`: `Set-Cookie` lines of the application's that browser and application must hear of. */
export type Identified =
  | { readonly kind: 'anonymous'; readonly spoilt: boolean; readonly renewed: readonly string[] }
  | { readonly kind: 'patient'; readonly renewed: readonly string[] }
  | { readonly kind: 'indeterminate'; readonly why: string }
  | { readonly kind: 'unwelcome'; readonly reason: 'not-a-member' | 'user-suspended' }
  | {
      readonly kind: 'session'
      readonly session: MirroredSession
      /** Whether the session's companion came too; without it a second factor does not count. */
      readonly accompanied: boolean
      /** The companion's token to give to the browser; `null`: it has it, or shall not have it. */
      readonly give: string | null
      readonly renewed: readonly string[]
      /** The practice the application has them in now; absent: it names none. */
      readonly claimed?: string
    }

/** What a request carries. */
export type Carried = {
  readonly exchange: Exchange
  readonly lines: readonly string[]
  readonly credential: CredentialReading
  /** The companion's token hash. */
  readonly companion: string | null
  /** It names a person as only an identity proxy may, and does not come from one; to be counted. */
  readonly spoofed: boolean
  /** What is kept of the very same cookies; `null`: nothing, and perhaps not yet. */
  readonly known: KnownCookies | null
}

/** Identifies the people of one upstream. */
export type Identifier = {
  carried(exchange: Exchange, lines: readonly string[]): Carried
  /** At once where everything is mirrored; else `null`. */
  now(carried: Carried): Identified | null
  /** Asks for what is missing. Never rejects. */
  find(carried: Carried): Promise<Identified>
}

/** What identifying needs. */
export type IdentifierParts = {
  readonly upstream: string
  /** Which requests without a credential are known by the companion: handshakes of the same origin, or all but others. */
  readonly companionAlone: 'never' | 'handshakes' | 'always'
  readonly bindsValue: boolean
  /** Whether a credential that a sign-in was seen to make did not exist before it, so that it speaks for that sign-in alone. */
  readonly newAtSignIn: boolean
  /** Reads the headers of an identity proxy; `null`: people have a credential of the application. */
  readonly vouching: Vouching | null
  readonly companion: Companion
  readonly cookies: CookieMemory
  readonly introspector: Introspector
  readonly sessions: Sessions
  readonly bonds: Bonds
  readonly openings: Openings
  readonly endings: Endings
  readonly clock: Clock
  /** Takes the application's word on a session's person; absent: it is asked for who they are alone. */
  readonly roleWord?: RoleWord | null
  onMismatch(session: MirroredSession): void
  /** Whether `address` may cause one more look for a session that only a companion names. */
  mayLook(address: string): boolean
}

/** Something that must be asked for before `look` can answer. */
type Lack =
  | { readonly lacks: 'word' }
  | { readonly lacks: 'session'; readonly tokenHash: string }
  | { readonly lacks: 'bonds'; readonly hash: string }
  | { readonly lacks: 'adoption'; readonly identity: AppIdentity }

/** How long the requests of the page that was adopted may come without the companion that it was given. */
const samePageMs: DurationMs = 30_000
const stepsMax = 16

/** Ends after which the credential that came with the session is worth nothing any more. */
const finalEnds: ReadonlySet<SessionEnd> = new Set([
  'signed-out',
  'app-signed-out',
  'revoked',
  'limit',
  'expired',
  'refused',
])

const isSpent = ({ record }: MirroredSession): boolean =>
  record.held || (record.ended !== null && finalEnds.has(record.ended.why))

/** Whether its sign-in was seen here. */
const isProved = ({ record: { method } }: MirroredSession): boolean =>
  method !== 'adopted' && method !== 'trusted-header'

const anonymous: Identified = { kind: 'anonymous', spoilt: false, renewed: [] }
const spoilt: Identified = { kind: 'anonymous', spoilt: true, renewed: [] }

/** Whether a WebSocket handshake comes from a page of the very origin that it goes to (RFC 6455 §10.2). */
const isOwnHandshake = ({ upgrade, headers, host, secure }: Exchange): boolean => {
  const origins = headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === 'origin')
  const own = `${secure ? 'https' : 'http'}://${host}`
  return upgrade === 'websocket' && origins.length === 1 && origins[0] === own
}

type Known = {
  readonly credential: Credential
  readonly identity: AppIdentity
  readonly renewed: readonly string[]
}

/** The session of the companion as far as it is this user's here; `null`: none of use. */
function ownSession(
  parts: IdentifierParts,
  carried: Carried,
  identity: AppIdentity,
): MirroredSession | Lack | null {
  const { companion } = carried
  if (companion === null) return null
  const found = parts.sessions.known(companion)
  if (found === null) return { lacks: 'session', tokenHash: companion }
  if (found === 'absent' || found.record.upstream !== parts.upstream) return null
  if (found.record.appUser === identity.appUser) return found
  if (found.record.ended === null) {
    parts.onMismatch(found)
    void parts.endings.end(found, 'identity-mismatch')
  }
  return null
}

/** A session that is over, or held, and that the credential of this `hash` came with; `null`: there is none. */
function spentSession(
  parts: IdentifierParts,
  hash: string,
  appUser: string,
  own: MirroredSession | null,
  bonds: readonly string[],
): MirroredSession | Lack | null {
  for (const tokenHash of bonds) {
    if (tokenHash === own?.tokenHash) continue
    const other = parts.sessions.known(tokenHash)
    if (other === null) return { lacks: 'session', tokenHash }
    if (other === 'absent' || other.record.appUser !== appUser || !isSpent(other)) continue
    // An application that keeps its cookie over a sign-in: the later proved sign-in made it good again.
    const renewed = own !== null && isProved(own) && own.record.cookieHash === hash
    if (!renewed || own.record.startedAt < other.record.startedAt) return other
  }
  return null
}

/** The live session that serves a credential without its companion: adopted, or of the sign-in that made it; `null`: adopt. */
function servedSession(
  parts: IdentifierParts,
  carried: Carried,
  known: Known,
  bonds: readonly string[],
): Identified | Lack | null {
  const { exchange } = carried
  const { renewed } = known
  const adopted = parts.openings.adopted(known.credential)
  if (adopted !== null) {
    const session = parts.sessions.known(adopted.tokenHash)
    if (session === null) return { lacks: 'session', tokenHash: adopted.tokenHash }
    const samePage =
      parts.clock.monotonic() - adopted.at < samePageMs && adopted.address === exchange.client.text
    const isTheirs = session !== 'absent' && session.record.appUser === known.identity.appUser
    // Never with the companion: who asks may be another browser with a stolen cookie.
    if (isTheirs && session.record.ended === null && samePage)
      return { kind: 'session', session, accompanied: false, give: null, renewed }
  }
  // A page that is opened anew gets a companion of its own, so that a factor can be proved there.
  if (exchange.kind === 'navigation') return null
  for (const tokenHash of adopted === null ? bonds : [...bonds, adopted.tokenHash]) {
    const session = parts.sessions.known(tokenHash)
    if (session === null || session === 'absent' || session.record.ended !== null) continue
    const made = parts.newAtSignIn && session.record.cookieHash === known.credential.hash
    if (isProved(session) && !made) continue
    if (session.record.appUser === known.identity.appUser)
      return { kind: 'session', session, accompanied: false, give: null, renewed }
  }
  return null
}

const isLack = (value: object | null): value is Lack => value !== null && 'lacks' in value

function lookUser(parts: IdentifierParts, carried: Carried, known: Known): Identified | Lack {
  const { hash } = known.credential
  const { renewed } = known
  const own = ownSession(parts, carried, known.identity)
  if (isLack(own)) return own
  const bonds = parts.bindsValue ? parts.bonds.known(hash) : []
  if (bonds === null) return { lacks: 'bonds', hash }
  const spent = spentSession(parts, hash, known.identity.appUser, own, bonds)
  if (isLack(spent)) return spent
  if (spent !== null) return { kind: 'session', session: spent, accompanied: false, give: null, renewed }
  if (own !== null) {
    const tied = own.record.cookieHash === hash || bonds.includes(own.tokenHash)
    if (own.record.ended === null) {
      if (parts.bindsValue && !bonds.includes(own.tokenHash)) parts.bonds.add(hash, own.tokenHash, false)
      return { kind: 'session', session: own, accompanied: true, give: null, renewed }
    }
    // A sign-in that the proxy tells of anew is another one; the control plane says what it is worth.
    const isAnother = parts.vouching !== null && parts.bindsValue
    if (tied || (isSpent(own) && !isAnother))
      return { kind: 'session', session: own, accompanied: true, give: null, renewed }
  }
  const unwelcome = parts.openings.unwelcome(known.credential)
  if (unwelcome !== null) return { kind: 'unwelcome', reason: unwelcome }
  return servedSession(parts, carried, known, bonds) ?? { lacks: 'adoption', identity: known.identity }
}

/**
 * Whose companion it is, where there is no other credential: people signed in here, or this is a handshake whose
 * credential comes in a message. A page of another origin may send our cookie here with a handshake, which no browser
 * asks about first: only those of our own pages count.
 */
function lookCompanion(parts: IdentifierParts, { exchange, companion }: Carried): Identified | Lack {
  const { companionAlone: alone } = parts
  if (alone === 'never' || companion === null) return anonymous
  if ((alone === 'handshakes' || exchange.upgrade !== null) && !isOwnHandshake(exchange)) return anonymous
  const session = parts.sessions.known(companion)
  if (session === null) return { lacks: 'session', tokenHash: companion }
  if (session === 'absent' || session.record.upstream !== parts.upstream) return anonymous
  const { cookieHash: hash, appUser } = session.record
  const bonds = hash === null || !parts.bindsValue ? [] : parts.bonds.known(hash)
  if (hash !== null && bonds === null) return { lacks: 'bonds', hash }
  const spent = hash === null ? null : spentSession(parts, hash, appUser, session, bonds ?? [])
  if (isLack(spent)) return spent
  const accompanied = spent === null
  return { kind: 'session', session: spent ?? session, accompanied, give: null, renewed: [] }
}

/** A session with the practice that the application's word names. */
const claiming = <F extends Identified | Lack>(found: F, { practice }: AppIdentity): F =>
  practice != null && 'kind' in found && found.kind === 'session' ? { ...found, claimed: practice } : found

/** Who it is, or what is lacking to say so. `word`: the application's, where it was just asked for. */
function look(parts: IdentifierParts, carried: Carried, word: Introspected | null): Identified | Lack {
  const { credential } = carried
  if (credential === 'none') return lookCompanion(parts, carried)
  if (credential === 'doubtful') return spoilt
  const answer = word ?? parts.introspector.known(credential)
  if (answer === null) return { lacks: 'word' }
  switch (answer.kind) {
    case 'indeterminate':
      return { kind: 'indeterminate', why: answer.why }
    case 'anonymous':
      return { kind: 'anonymous', spoilt: false, renewed: answer.renewed }
    case 'known': {
      const { identity, renewed } = answer
      if (identity.kind === 'patient') return { kind: 'patient', renewed }
      const found = lookUser(parts, carried, { credential, identity, renewed })
      if (parts.roleWord != null && 'kind' in found && found.kind === 'session')
        parts.roleWord.note(found.session, identity)
      return claiming(found, identity)
    }
  }
}

async function findOut(parts: IdentifierParts, carried: Carried): Promise<Identified> {
  const { credential, exchange } = carried
  let word: Introspected | null = null
  for (let step = 0; step < stepsMax; step += 1) {
    const found = look(parts, carried, word)
    if (!isLack(found)) return found
    if (found.lacks === 'bonds') {
      const bonds = await parts.bonds.load(found.hash)
      // The store is away: go by what the control plane remembers of the credential.
      if (parts.bonds.known(found.hash) === null)
        return findOut({ ...parts, bonds: { ...parts.bonds, known: () => bonds } }, carried)
    } else if (found.lacks === 'session') {
      if (credential === 'none' && !parts.mayLook(exchange.client.text))
        return { kind: 'indeterminate', why: 'too many unknown companions from this address' }
      const session = await parts.sessions.load(found.tokenHash)
      if (session === 'unavailable') return { kind: 'indeterminate', why: 'session unavailable' }
    } else if (credential === 'none' || credential === 'doubtful') break
    else if (found.lacks === 'word') word = await parts.introspector.ask(credential, exchange.client.text)
    else {
      const opened = await parts.openings.adopt(exchange, credential, found.identity)
      if (opened.kind === 'unavailable') return { kind: 'indeterminate', why: 'session could not be opened' }
      if (opened.kind === 'unwelcome') return { kind: 'unwelcome', reason: opened.reason }
      const { session, token } = opened
      const renewed = word?.kind === 'known' ? word.renewed : []
      const give = session.record.ended === null && !session.record.held ? token : null
      const who = { kind: 'session', session, accompanied: token !== null, give, renewed } as const
      return claiming(who, found.identity)
    }
  }
  return { kind: 'indeterminate', why: 'identity keeps changing' }
}

/** What the request carries, read. */
function carriedBy(parts: IdentifierParts, exchange: Exchange, lines: readonly string[]): Carried {
  const known = parts.cookies.find(lines, exchange.secure)
  // A token or a proxy's headers are no cookies: those are read each time.
  if (known !== null) {
    const { credential, companion } = known
    return { exchange, lines, credential, companion, spoofed: false, known }
  }
  const { credential, spoofed } = parts.vouching?.(exchange) ?? {
    credential: carriedCredential(exchange, lines),
    spoofed: false,
  }
  const companion = parts.companion.read(lines, exchange.secure)
  return { exchange, lines, credential, companion, spoofed, known: null }
}

/** Whether all that identifies people of this application is in their cookies. */
const isInCookies = ({ vouching }: IdentifierParts, { upstream }: Exchange): boolean =>
  vouching === null && (upstream.identity?.bearer ?? null) === null

/** Keeps the cookies of somebody who came with all that their session has. */
function keepCookies(parts: IdentifierParts, carried: Carried, found: Identified): void {
  if (found.kind !== 'session' || !found.accompanied || found.give !== null) return
  const { exchange, lines } = carried
  if (carried.known !== null || !isInCookies(parts, exchange)) return
  const { secure, upstream } = exchange
  parts.cookies.keep(found.session.tokenHash, lines, (own) => ({
    secure,
    credential: carriedCredential(exchange, own),
    companion: parts.companion.read(own, secure),
    practice: practiceCookie(upstream.practice, own),
    said: null,
  }))
}

/** An identifier of one upstream. */
export const createIdentifier = (parts: IdentifierParts): Identifier => ({
  carried: (exchange, lines) => carriedBy(parts, exchange, lines),
  now(carried) {
    const found = look(parts, carried, null)
    if (isLack(found)) return null
    keepCookies(parts, carried, found)
    return found
  },
  find: (carried) => findOut(parts, carried),
})
