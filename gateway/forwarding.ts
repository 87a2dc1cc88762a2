/**
 * What is changed on the way of a request that may pass: who asks, told to the application; cookies, to the browser.
 *
 * It decides nothing. Invariant: a credential that is worth nothing any more is removed before forwarding and expired
 * in the browser; a credential that the application renewed while it was asked reaches both sides; the companion
 * goes to the browser only. Header hygiene is the engine's (`headers.ts`).
 */
import type { PracticeId } from '../policies/access-request.ts'
import type { Instant } from '../policies/instant.ts'
import { effectivePermissions } from '../policies/permissions.ts'
import { rolePartsOf } from '../policies/snapshot.ts'
import type { Asserter } from './assertion.ts'
import type { Companion } from './companion.ts'
import { expiredCookie, readSetCookie, replaceCookies } from './cookies.ts'
import type { Changes, Exchange, RawHeaders } from './exchange.ts'
import { readyChanges } from './headers.ts'
import type { Carried, Identified } from './identity/identify.ts'
import { type Directory, type Question, scopeOf } from './questions.ts'

/** Nothing is changed. */
export const unchanged: Changes = { dropCookies: [], setRequest: [], setCookies: [] }

/** Headers to set so that the application's token, where it has one, is not forwarded; an empty value removes it. */
export const withoutToken = (exchange: Exchange): RawHeaders =>
  (exchange.upstream.identity?.bearer ?? null) === null ? [] : ['authorization', '']

const sessionCookies = (exchange: Exchange): readonly string[] => exchange.upstream.identity?.cookies ?? []

/** Where a cookie that came here may have been set for with `Domain=`: this host, and the nearest three it lies in. */
const domainsOf = (host: string): readonly string[] => {
  const labels = host.replace(/:\d*$/, '').split('.')
  if (labels.length < 2 || labels.every((label) => /^\d*$/.test(label))) return []
  return labels.slice(0, -1).flatMap((_, at) => (at < 4 ? [labels.slice(at).join('.')] : []))
}

/**
 * `Set-Cookie` values that take the cookies `names` out of the browser, those too that were set for sibling hosts with
 * `Domain=`: of two with one name, one left behind would lock its person out for good.
 */
export const expiredCookies = ({ host, secure }: Exchange, names: readonly string[]): readonly string[] =>
  names.flatMap((name) => {
    const own = expiredCookie(name, secure)
    return name.startsWith('__Host-')
      ? [own]
      : [own, ...domainsOf(host).map((one) => `${own}; Domain=${one}`)]
  })

/** `Set-Cookie` values that take the application's credential out of the browser. */
export const expiredCredential = (exchange: Exchange): readonly string[] =>
  expiredCookies(exchange, sessionCookies(exchange))

/** Forwarded without its credential; `expire`: it is worth nothing, and the browser shall forget it. */
export const withoutCredential = (
  exchange: Exchange,
  companion: Companion | null,
  expire: boolean,
): Changes => ({
  dropCookies: sessionCookies(exchange),
  setRequest: withoutToken(exchange),
  setCookies: expire
    ? [...expiredCredential(exchange), ...(companion === null ? [] : [companion.take(exchange.secure)])]
    : [],
})

/** Forwarded without any cookie or token: parsers could read them in two ways. */
export const withoutCookies = (exchange: Exchange): Changes => ({
  dropCookies: sessionCookies(exchange),
  setRequest: ['cookie', '', ...withoutToken(exchange)],
  setCookies: expiredCredential(exchange),
})

/** Whether a request with these changes goes on without the credential that it came with. */
export const losesCredential = ({ dropCookies, setRequest }: Changes): boolean =>
  dropCookies.length > 0 || setRequest.some((name, i) => i % 2 === 0 && name === 'authorization')

const renewedCookie = (carried: Carried, renewed: readonly string[], at: Instant): RawHeaders => {
  if (renewed.length === 0) return []
  const values = new Map<string, string>()
  for (const line of renewed) {
    const change = readSetCookie(line, at)
    if (change !== null) values.set(change.name, change.cleared ? '' : change.value)
  }
  return ['cookie', replaceCookies(carried.lines, values)]
}

/** Cookies of a request that passes: what the application renewed, and the companion where it is to be given. */
export function cookieChanges(carried: Carried, who: Identified, companion: Companion, at: Instant): Changes {
  const renewed = 'renewed' in who ? who.renewed : []
  const give = who.kind === 'session' ? who.give : null
  if (renewed.length === 0 && give === null) return unchanged
  return {
    dropCookies: [],
    setRequest: renewedCookie(carried, renewed, at),
    setCookies: [...renewed, ...(give === null ? [] : [companion.give(give, carried.exchange.secure)])],
  }
}

function permissionsIn(
  directory: Directory,
  question: Question,
  practice: PracticeId,
  at: Instant,
): readonly string[] {
  const known = directory.practice(practice, at)
  const member = directory.member(practice, question.session.record.user)
  if (known === null || member === null) return []
  const granted = new Set(rolePartsOf(known.snapshot, member).flatMap((part) => [...part.granted]))
  return [...effectivePermissions(granted, known.snapshot.document.controls.permission).effective].sort()
}

const minuteMs = 60_000

/** Until when headers that were minted at `at` are sent. */
export const toldUntil = (at: Instant): Instant => (Math.floor(at / minuteMs) + 1) * minuteMs

/**
 * Who asks, as headers for the application; minted once per session, practice, member, policy and minute. Where several
 * practices were asked, no practice is named, and no roles.
 */
export function identityHeaders(
  directory: Directory,
  asserter: Asserter,
  question: Question,
  upstream: string,
  at: Instant,
): Changes {
  const { session, accompanied } = question
  const { record, assertion } = session
  const { practices, resolved } = scopeOf(directory, question)
  const [first] = practices
  const member = first === undefined ? null : directory.member(first, record.user)
  if (first === undefined || member === null) return unchanged
  const snapshot = directory.practice(first, at)?.snapshot ?? null
  const until = toldUntil(at)
  // The very things that they were minted from: what is changed is another one.
  if (
    assertion?.until === until &&
    assertion.member === member &&
    assertion.snapshot === snapshot &&
    assertion.record === record &&
    assertion.resolved === resolved &&
    assertion.accompanied === accompanied
  )
    return assertion.changes
  const { method, startedAt } = record
  const setRequest = asserter.headers(
    {
      session: record.id,
      user: member.user,
      name: member.name,
      email: member.email,
      practice: resolved ? first : null,
      roles: resolved ? member.roles : [],
      permissions: resolved ? permissionsIn(directory, question, first, at) : [],
      upstream,
      // What was proved elsewhere with this session says nothing of a browser without its companion.
      proved: { method, startedAt, factor: accompanied ? record.factor : null },
    },
    at,
  )
  const changes = readyChanges({ dropCookies: [], setRequest, setCookies: [] })
  session.assertion = { until, member, snapshot, record, resolved, accompanied, changes }
  return changes
}
