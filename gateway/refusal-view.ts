/**
 * What a person is shown when a decision refuses them: the facts for the page, from what the gateway knows.
 *
 * Words are the catalogue's (`runtime/pages`), the shape for other clients is `refusal.ts`'s. Invariant: it shows only
 * the visitor's own address, practices and permissions, and asks nothing of anybody: it must render while everything
 * else is down.
 */

import { randomInt } from 'node:crypto'
import type { PracticeId } from '../policies/access-request.ts'
import type { Decision } from '../policies/decision.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import { holdsByRoles, permissionName } from '../policies/permissions.ts'
import { securityManagementPath } from '../runtime/pages/management-line.ts'
import { refusalTexts } from '../runtime/pages/texts-gateway.ts'
import { emergencyPlaces, kindOf, mayAskSignedIn, requestsPath, takesRequests } from './asking.ts'
import { brandOf } from './brand.ts'
import { emergencyEnd } from './emergency-shown.ts'
import { signInOf } from './engine.ts'
import type { Exchange, WholeResponse } from './exchange.ts'
import { practiceRows } from './practice-rows.ts'
import { answer, type Directory, goneOf, type Question, scopeOf } from './questions.ts'
import { type RefusalExtra, refuse, samePath } from './refusal.ts'
import { readableMoment, type ShownHours, shownHours } from './shown-hours.ts'

/** What goes into a refusal besides the decision. `question: null`: nobody, or nobody of the directory. */
export type Refusing = {
  readonly exchange: Exchange
  readonly question: Question | null
  readonly decision: Decision
  /** The reference code; `null`: none was made. */
  readonly code: string | null
  readonly setCookies: readonly string[]
  readonly at: Instant
  /** Where a second factor cures it: the step's path, and the same with the way back for whoever sent a form. */
  readonly step?: { readonly path: string; readonly confirm: string }
}

const jitterMaxMs: DurationMs = 15_000

type Told = Pick<Refusing, 'question' | 'decision' | 'at'>

/** The practice that the refusal is about: the first that refuses for this very reason; `null`: none is known. */
const practiceOf = (directory: Directory, { question, decision, at }: Told): PracticeId | null => {
  if (question === null) return null
  const { practices } = scopeOf(directory, question)
  const refuses = (practice: PracticeId): boolean =>
    answer(directory, { ...question, sources: onlyIn(practice) }, at).reason === decision.reason
  if (practices.length === 0) return goneOf(directory, question)
  return (practices.length > 1 ? practices.find(refuses) : undefined) ?? practices[0] ?? null
}

const onlyIn = (practice: PracticeId): Question['sources'] => ({
  placed: [practice],
  carried: null,
  doubtful: false,
})

const missingPermissions = ({ question, decision }: Refusing): readonly string[] => {
  if (question === null || decision.reason !== 'permission-missing') return []
  const ids = question.requirements.flatMap(({ permissions }) => {
    if (permissions === null) return []
    return 'any' in permissions ? permissions.any : permissions.all
  })
  return [...new Set(ids)]
}

const missingSentence = (permissions: readonly string[]): string =>
  refusalTexts.missing(permissions.map(permissionName))

/** What a person refused by the hour is told, ready to read; `null`: it is not the hour, or not known whose. */
export function hoursOf(directory: Directory, question: Question, at: Instant): ShownHours | null {
  const decision = answer(directory, question, at)
  if (decision.reason !== 'outside-time-window') return null
  const practice = practiceOf(directory, { question, decision, at })
  return practice === null
    ? null
    : shownHours(directory, { practice, user: question.session.record.user, opensAt: decision.opensAt, at })
}

/** When the page comes back: when it opens, with jitter, since everybody who waits for eight o'clock waits for the same second. */
export const returnAfter = (opensAt: Instant, at: Instant): DurationMs =>
  opensAt - at + randomInt(jitterMaxMs)

/** Emergency access as far as it concerns whoever is refused: where to take it, or until when it is on. */
function emergencyView(directory: Directory, refusing: Refusing) {
  const { exchange, question, at } = refusing
  if (question === null) return { emergency: null, emergencyUntil: null }
  // Back to a page that was read: what was sent is not sent again.
  const to = exchange.method === 'GET' ? exchange.target.raw : '/'
  const offered = emergencyPlaces(directory, question, at).length > 0 && to.length <= 1_000
  return {
    emergency: offered ? `/.gatehouse/second-factor?emergency=1&to=${encodeURIComponent(to)}` : null,
    emergencyUntil: emergencyEnd(directory, question.session.record.user, at),
  }
}

/** Where whoever is signed in asks for what refuses them here; `null`: it cannot be asked for, or the practice takes no requests. */
function askOf(refusing: Refusing, practice: PracticeId | null, directory: Directory): string | null {
  const { exchange, question, decision, code, at } = refusing
  const kind = kindOf(decision.reason)
  if (question === null || practice === null || kind === null) return null
  if (!mayAskSignedIn(question) || !takesRequests(directory, practice, kind, at)) return null
  const { raw } = exchange.target
  const to = exchange.method === 'GET' && raw.length <= 1_000 ? samePath(raw) : null
  const query = new URLSearchParams({
    practice,
    ...(code === null ? {} : { code }),
    ...(to === null ? {} : { to }),
  })
  return `${requestsPath}?${query}`
}

/** The way to Security Management for a session that is good and holds a part there; `null`: not for this one. */
function managementOf(directory: Directory, { question, decision, at }: Refusing): string | null {
  if (question === null || decision.control === 'session') return null
  const { user } = question.session.record
  const looksAfter = directory.practicesOf(user).some((practice) => {
    const member = directory.member(practice, user)
    const document = directory.practice(practice, at)?.snapshot.document
    return (
      member !== null &&
      !member.suspended &&
      document !== undefined &&
      holdsByRoles(document, member, 'gw.security.view')
    )
  })
  return looksAfter ? securityManagementPath : null
}

function viewOf(directory: Directory, refusing: Refusing): NonNullable<RefusalExtra['view']> {
  const { exchange, question, decision, at } = refusing
  const practice = practiceOf(directory, refusing)
  const snapshot = practice === null ? null : (directory.practice(practice, at)?.snapshot ?? null)
  const retired = practice === null ? null : directory.retired(practice)
  const name = snapshot?.practice.name ?? retired?.name ?? null
  const zone = snapshot?.practice.zone ?? 'UTC'
  return {
    practice: name === null || practice === null ? null : brandOf(exchange.upstream, practice, name),
    permissions: missingPermissions(refusing).map(permissionName),
    address: decision.control === 'ip' ? exchange.client.text : null,
    now: snapshot === null || decision.reason === 'outside-time-window' ? null : readableMoment(at, zone),
    contact: (snapshot?.document.requests.contact ?? retired?.contact) || null,
    practices:
      question === null ? [] : practiceRows(directory, { question, exchange, at, askedElsewhere: practice }),
    confirm: refusing.step?.confirm ?? null,
    ask: askOf(refusing, practice, directory),
    ...emergencyView(directory, refusing),
    management: managementOf(directory, refusing),
  }
}

/** The refusal in the form its client understands. A person without a session is sent to sign in instead. */
export function refuseWithPage(directory: Directory, refusing: Refusing): WholeResponse {
  const { exchange, question, decision, code, setCookies, at, step } = refusing
  const permissions = missingPermissions(refusing)
  const hours = exchange.kind === 'navigation' && question !== null ? hoursOf(directory, question, at) : null
  const extra: RefusalExtra = {
    ...(exchange.kind === 'navigation' ? { view: viewOf(directory, refusing) } : {}),
    ...(hours === null ? {} : { hours }),
    ...(step === undefined ? {} : { step: step.path }),
    ...(code === null ? {} : { code }),
    ...(permissions.length === 0 ? {} : { permissions, sentence: missingSentence(permissions) }),
    ...(setCookies.length === 0 ? {} : { setCookies }),
    ...(decision.opensAt === null ? {} : { returnAfterMs: returnAfter(decision.opensAt, at) }),
  }
  const facts = { ...exchange, target: exchange.target.raw, signIn: signInOf(exchange.upstream) }
  return refuse(facts, decision, extra)
}
