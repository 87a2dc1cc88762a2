/**
 * A request as it comes before the judge, and what all its judgements share.
 *
 * It decides nothing. Invariant: a credential that is worth nothing is known as such in one place, for public routes
 * and judged ones alike.
 */
import type { reasons } from '../policies/decision.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Log } from '../runtime/log.ts'
import type { Asserter } from './assertion.ts'
import type { Companion } from './companion.ts'
import type { Endings } from './endings.ts'
import type { Changes, Exchange, Judgement } from './exchange.ts'
import type { Carried, Identified } from './identity/identify.ts'
import type { KeptPermits } from './kept-permits.ts'
import type { LastSeen } from './last-seen.ts'
import type { JudgeCounters } from './metrics.ts'
import { type Directory, isRevokedEverywhere, plainDecision } from './questions.ts'
import type { Refusals } from './refusals.ts'
import type { Duties } from './route-duties.ts'
import type { ServiceTokens } from './service-tokens.ts'
import type { MirroredSession, Sessions } from './sessions.ts'
import type { Site, SiteIdentity } from './site.ts'
import type { Traffic } from './traffic.ts'
import type { VerdictLog } from './verdict-log.ts'

/** What the judge needs. */
export type JudgeParts = {
  readonly sites: ReadonlyMap<string, Site>
  readonly companion: Companion
  readonly sessions: Sessions
  readonly endings: Endings
  readonly lastSeen: LastSeen
  readonly permits: KeptPermits
  readonly directory: Directory
  readonly asserter: Asserter
  readonly refusals: Refusals
  readonly verdicts: VerdictLog
  readonly traffic: Traffic
  readonly counters: JudgeCounters
  readonly machines: ServiceTokens
  readonly observedBytesMax: number
  readonly clock: Clock
  readonly log: Log
  /** Whether knowledge is fresh enough to decide with. */
  isAlive(): boolean
  /** Reads the members of these practices anew, for this user's sake. Never rejects. */
  catchUp(practices: readonly string[], user: string): Promise<void>
}

/** Somebody with a session. */
export type Session = Extract<Identified, { kind: 'session' }>

/** A request as judged: what it owes, and what it carries. */
export type Case = {
  readonly parts: JudgeParts
  readonly site: Site
  readonly identity: SiteIdentity
  readonly exchange: Exchange
  readonly duties: Duties
  readonly carried: Carried
}

/** Lets a request pass that is judged no further. */
export const forward = (changes: Changes): Judgement => ({
  act: 'forward',
  changes,
  held: null,
  standing: null,
})

/** A credential that may not reach the application on any route. */
export const isWorthless = ({ directory }: JudgeParts, session: MirroredSession): boolean =>
  session.record.ended !== null || session.record.held || isRevokedEverywhere(directory, session)

/** Tells the application that the session of the credential that came is over, unless it ended that itself. */
export function tellApplication({ identity, carried }: Case, { record }: MirroredSession): void {
  const { credential } = carried
  if (typeof credential !== 'string' && record.ended?.why !== 'app-signed-out') identity.tellEnded(credential)
}

/** Whether the credential that came serves another, live session of the same person: an application kept it over a sign-in. */
function servesAnother({ parts, identity, carried }: Case, { tokenHash, record }: MirroredSession): boolean {
  const { credential } = carried
  if (typeof credential === 'string') return false
  return identity.bonded(credential.hash).some((other) => {
    const session = other === tokenHash ? null : parts.sessions.known(other)
    if (session === null || session === 'absent' || session.record.appUser !== record.appUser) return false
    const { ended, startedAt } = session.record
    return ended === null && startedAt >= record.startedAt && !isRevokedEverywhere(parts.directory, session)
  })
}

/**
 * Whether the browser's session goes on under another token, or its person has signed in again since: what it has by now must
 * not be taken away.
 */
export const isReplaced = (of: Case, session: MirroredSession): boolean =>
  session.record.ended?.why === 'replaced' || servesAnother(of, session)

/** A page that still comes with the old companion has missed the new one; a script's answer may only be late. */
export const staleCompanion = ({ parts, exchange }: Case): readonly string[] =>
  exchange.kind === 'navigation' ? [parts.companion.take(exchange.secure)] : []

/** Refuses somebody of whom the directory knows nothing. */
export function refuseNobody(
  { parts, exchange }: Case,
  reason: keyof typeof reasons,
  setCookies: readonly string[],
): Judgement {
  const decision = plainDecision(reason)
  parts.counters.decided(decision, 'enforce', 0)
  return { act: 'answer', response: parts.refusals.refuse(exchange, null, decision, setCookies), decision }
}
