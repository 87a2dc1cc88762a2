/**
 * What a person is shown when a decision refuses them: the facts for the page, from what the gateway knows.
 *
 * Words are the catalogue's (`runtime/pages`), the shape for other clients is `refusal.ts`'s. Invariant: it shows only
 * the visitor's own address, practices and permissions, and asks nothing of anybody: it must render while everything
 * else is down.
 */
import { randomInt } from 'node:crypto'
import type { PracticeId } from '../policies/access-request.ts'
import type { Weekday } from '../policies/calendar.ts'
import type { Decision } from '../policies/decision.ts'
import { emergencyUntil } from '../policies/emergency.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import { holdsByRoles, permissionName } from '../policies/permissions.ts'
import { describeWeek } from '../policies/week.ts'
import type { AccessHours } from '../runtime/pages/access-page.ts'
import { securityManagementPath } from '../runtime/pages/management-line.ts'
import type { RefusalView } from '../runtime/pages/refusal-page.ts'
import { emergencyPlaces } from './asking.ts'
import { signInOf } from './engine.ts'
import type { Exchange, WholeResponse } from './exchange.ts'
import { answer, type Directory, type Question, scopeOf } from './questions.ts'
import { type RefusalExtra, refuse } from './refusal.ts'

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

/** Everybody who waits for eight o'clock does not come back in the same second. */
const jitterMaxMs: DurationMs = 15_000

const readable = (at: Instant, zone: string): string =>
  new Intl.DateTimeFormat('en-US', {
    ...{ weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short', timeZone: zone },
  }).format(at)

/** "2 d 3 h", "2 h 15 min", "1 min": the two largest units, rounded up to the minute. */
const spanText = (ms: DurationMs): string => {
  const minutes = Math.max(1, Math.ceil(ms / 60_000))
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(minutes / 1_440), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'min'],
  ]
  const shown = parts
    .slice(
      Math.max(
        0,
        parts.findIndex(([count]) => count > 0),
      ),
    )
    .slice(0, 2)
  return shown.flatMap(([count, unit]) => (count > 0 ? [`${count} ${unit}`] : [])).join(' ')
}

const dayNames: Readonly<Record<Weekday, string>> = {
  mon: 'Monday',
  tue: 'Tuesday',
  wed: 'Wednesday',
  thu: 'Thursday',
  fri: 'Friday',
  sat: 'Saturday',
  sun: 'Sunday',
}

type Told = Pick<Refusing, 'question' | 'decision' | 'at'>

/** The practice that the refusal is about: the first that refuses for this very reason; `null`: none is known. */
const practiceOf = (directory: Directory, { question, decision, at }: Told): PracticeId | null => {
  if (question === null) return null
  const { practices } = scopeOf(directory, question)
  const refuses = (practice: PracticeId): boolean =>
    answer(directory, { ...question, sources: onlyIn(practice) }, at).reason === decision.reason
  return (practices.length > 1 ? practices.find(refuses) : undefined) ?? practices[0] ?? null
}

const onlyIn = (practice: PracticeId): Question['sources'] => ({
  placed: [practice],
  carried: null,
  doubtful: false,
})

/** This week's approved times of the person who is refused by the hour, a line for each day that has any. */
const approvedTimes = (
  directory: Directory,
  { question, decision, at }: Told,
  practice: PracticeId | null,
): readonly string[] => {
  if (question === null || practice === null || decision.reason !== 'outside-time-window') return []
  const snapshot = directory.practice(practice, at)?.snapshot
  const member = directory.member(practice, question.session.record.user)
  if (snapshot === undefined || member === null) return []
  const lines = describeWeek(snapshot, member, at).days.flatMap(({ weekday, hours, isToday }) => {
    if (hours.length === 0) return []
    const times = hours.map(({ start, end }) => `${start}–${end}`).join(', ')
    return [`${dayNames[weekday]} ${times}${isToday ? ' (today)' : ''}`]
  })
  return lines.length > 0 ? lines : ['None this week']
}

const missingPermissions = ({ question, decision }: Refusing): readonly string[] => {
  if (question === null || decision.reason !== 'permission-missing') return []
  const ids = question.requirements.flatMap(({ permissions }) => {
    if (permissions === null) return []
    return 'any' in permissions ? permissions.any : permissions.all
  })
  return [...new Set(ids)]
}

const missingSentence = (permissions: readonly string[]): string => {
  const names = permissions.map((id) => `“${permissionName(id)}”`).join(', ')
  return `This needs ${permissions.length === 1 ? 'the permission' : 'one of the permissions'} ${names}, which your role does not have.`
}

const practiceLines = (directory: Directory, question: Question, at: Instant): RefusalView['practices'] =>
  directory.practicesOf(question.session.record.user).map((practice) => ({
    name: directory.practice(practice, at)?.snapshot.practice.name ?? practice,
    allowed: answer(directory, { ...question, sources: onlyIn(practice) }, at).verdict === 'permit',
    href: null,
  }))

/** What a person refused by the hour is told, ready to read; `null`: it is not the hour, or not known whose. */
export function hoursOf(
  directory: Directory,
  question: Question,
  at: Instant,
): {
  readonly hours: AccessHours
  /** After how long the page may come back by itself; `null`: the hours do not begin by themselves. */
  readonly returnAfterMs: DurationMs | null
} | null {
  const decision = answer(directory, question, at)
  if (decision.reason !== 'outside-time-window') return null
  const told = { question, decision, at }
  const practice = practiceOf(directory, told)
  const zone = practice === null ? 'UTC' : (directory.practice(practice, at)?.snapshot.practice.zone ?? 'UTC')
  const left = decision.opensAt === null ? null : decision.opensAt - at
  return {
    hours: {
      now: readable(at, zone),
      approvedTimes: approvedTimes(directory, told, practice),
      opens: left === null ? null : `${readable(at + left, zone)}, in ${spanText(left)}`,
    },
    returnAfterMs: left === null ? null : left + randomInt(jitterMaxMs),
  }
}

/** Emergency access as far as it concerns whoever is refused: where to take it, or until when it is on. */
function emergencyView(directory: Directory, refusing: Refusing, zone: string) {
  const { exchange, question, at } = refusing
  if (question === null) return { emergency: null, emergencyUntil: null }
  const { user } = question.session.record
  const ends = directory.practicesOf(user).flatMap((practice) => {
    const member = directory.member(practice, user)
    return member === null ? [] : (emergencyUntil(member, at) ?? [])
  })
  // Back to a page that was read: what was sent is not sent again.
  const to = exchange.method === 'GET' ? exchange.target.raw : '/'
  const offered = emergencyPlaces(directory, question, at).length > 0 && to.length <= 1_000
  return {
    emergency: offered ? `/.gatehouse/second-factor?emergency=1&to=${encodeURIComponent(to)}` : null,
    emergencyUntil: ends.length === 0 ? null : readable(Math.max(...ends), zone),
  }
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
  const zone = snapshot?.practice.zone ?? 'UTC'
  return {
    practice: snapshot?.practice.name ?? null,
    permissions: missingPermissions(refusing).map(permissionName),
    address: decision.control === 'ip' ? exchange.client.text : null,
    now: snapshot === null ? null : readable(at, zone),
    approvedTimes: approvedTimes(directory, refusing, practice),
    opens:
      decision.opensAt === null
        ? null
        : `${readable(decision.opensAt, zone)}, in ${spanText(decision.opensAt - at)}`,
    contact: snapshot?.document.requests.contact || null,
    practices: question === null ? [] : practiceLines(directory, question, at),
    confirm: refusing.step?.confirm ?? null,
    ...emergencyView(directory, refusing, zone),
    management: managementOf(directory, refusing),
  }
}

/** The refusal in the form its client understands. A person without a session is sent to sign in instead. */
export function refuseWithPage(directory: Directory, refusing: Refusing): WholeResponse {
  const { exchange, decision, code, setCookies, at, step } = refusing
  const permissions = missingPermissions(refusing)
  const extra: RefusalExtra = {
    ...(exchange.kind === 'navigation' ? { view: viewOf(directory, refusing) } : {}),
    ...(step === undefined ? {} : { step: step.path }),
    ...(code === null ? {} : { code }),
    ...(permissions.length === 0 ? {} : { permissions, sentence: missingSentence(permissions) }),
    ...(setCookies.length === 0 ? {} : { setCookies }),
    ...(decision.opensAt === null ? {} : { returnAfterMs: decision.opensAt - at + randomInt(jitterMaxMs) }),
  }
  const facts = { ...exchange, target: exchange.target.raw, signIn: signInOf(exchange.upstream) }
  return refuse(facts, decision, extra)
}
