/**
 * The step of a held sign-in on the application's origin: it asks for access, waits, and goes on when it is granted.
 *
 * Invariant: a parked answer is released only to a navigation with its companion, after `decide` permitted with what
 * is known at that moment; requests for access are judged by the control plane, and its word alone releases nothing.
 * Nothing here ends a session but the person's own wish: who waits for a gateway that lags must not lose the sign-in.
 */
import type { RouteRequirement } from '../policies/routes.ts'
import type { Clock } from '../runtime/clock.ts'
import type { AccessStandings, ControlPlane } from '../runtime/internal.ts'
import type { Log } from '../runtime/log.ts'
import { type AccessView, accessPage } from '../runtime/pages/access-page.ts'
import { pagePolicy } from '../runtime/pages/page.ts'
import type { ParkedAnswer } from '../runtime/records.ts'
import { away, notOurs, stale, tooOften } from './access-failures.ts'
import { type AccessForm, formToken, readAccessForm } from './access-form.ts'
import { type AskKind, askableKind, releasedQuestion } from './asking.ts'
import type { Companion } from './companion.ts'
import { cookieLines } from './cookies.ts'
import type { Endings } from './endings.ts'
import type { Exchange, Judgement, WholeResponse } from './exchange.ts'
import { expiredCredential } from './forwarding.ts'
import { type Credential, readCredential } from './identity/credential.ts'
import type { Parked } from './parked.ts'
import { answer, type Directory, plainDecision, type Question } from './questions.ts'
import { answerFailure, samePath } from './refusal.ts'
import { hoursOf } from './refusal-view.ts'
import { type Refusals, stepPath } from './refusals.ts'
import type { Duties } from './route-duties.ts'
import type { MirroredSession, Sessions } from './sessions.ts'
import type { WindowCounter } from './window-counter.ts'

/** What the step needs. */
export type AccessStepParts = {
  readonly companion: Companion
  readonly sessions: Sessions
  readonly endings: Endings
  readonly directory: Directory
  readonly controlPlane: ControlPlane | null
  readonly parked: Parked
  /** The requirement that sign-ins are judged by. */
  readonly signIn: RouteRequirement
  readonly refusals: Refusals
  /** How often one browser, and one address, may ask. */
  readonly rate: WindowCounter
  readonly clock: Clock
  readonly log: Log
  /** Whether knowledge is fresh enough to decide with. */
  isAlive(): boolean
  endSession(credential: Credential): Promise<void>
}

/** The step of one upstream. */
export type AccessStep = {
  /**
   * What somebody gets whose sign-in is held and may yet be released: pages lead to the step, all that is judged is
   * refused. `companion`: its token's hash. `null`: no such companion, or nothing that the step concerns. Never rejects.
   */
  gate(exchange: Exchange, duties: Duties, companion: string): Judgement | null | Promise<Judgement | null>
  answer(exchange: Exchange): Promise<Judgement>
}

/** Somebody at the step. */
type Visit = {
  readonly parts: AccessStepParts
  readonly exchange: Exchange
  readonly token: string
  readonly session: MirroredSession
  readonly question: Question
  /** A same-origin path where they were going. */
  readonly to: string | null
  readonly code: string | null
  readonly wantsForm: boolean
}

const waitS = 10

const seeOther = (location: string, setCookies: readonly string[] = []): WholeResponse => ({
  status: 303,
  headers: [
    'Cache-Control',
    'no-store',
    'Location',
    location,
    ...setCookies.flatMap((one) => ['Set-Cookie', one]),
  ],
  body: '',
})

const again = (response: WholeResponse): WholeResponse => ({
  ...response,
  headers: [...response.headers, 'Refresh', String(waitS)],
})

const signInPage = ({ upstream }: Exchange): string => upstream.identity?.signInPage ?? '/'

function sessionHere(parts: AccessStepParts, exchange: Exchange, tokenHash: string) {
  const found = parts.sessions.known(tokenHash)
  // Unknown companions cost a look elsewhere: nobody may cause those without end.
  if (found === null && parts.rate.take(`address ${exchange.client.text}`))
    return parts.sessions.load(tokenHash)
  return found
}

/** Takes the application's credential out of a browser that came with one. */
const expiredOf = (exchange: Exchange): readonly string[] => {
  const names = exchange.upstream.identity?.cookies ?? []
  const reading = readCredential(exchange.upstream.id, names, cookieLines(exchange.headers))
  return reading === 'none' ? [] : expiredCredential(exchange)
}

const usable = (exchange: Exchange, found: MirroredSession | string | null): MirroredSession | null =>
  found !== null &&
  typeof found === 'object' &&
  found.record.ended === null &&
  found.record.upstream === exchange.upstream.id
    ? found
    : null

/** The status and target of a parked answer as a page that is opened now may follow it. */
function released(exchange: Exchange, parked: ParkedAnswer, to: string | null): WholeResponse {
  const base = `${exchange.secure ? 'https' : 'http'}://${exchange.host}`
  const target =
    parked.location === null ? null : URL.parse(parked.location, `${base}${exchange.target.path}`)
  const path =
    target === null || target.origin !== base
      ? null
      : samePath(`${target.pathname}${target.search}${target.hash}`)
  const response = seeOther(to ?? path ?? '/', parked.setCookies)
  return path !== null && to === null && parked.status === 302 ? { ...response, status: 302 } : response
}

async function standingsOf(
  { parts, exchange, session }: Visit,
  kind: AskKind,
): Promise<AccessStandings | null> {
  if (parts.controlPlane === null) return null
  try {
    return await parts.controlPlane.accessStandings(session.tokenHash, kind, exchange.client.text)
  } catch (error) {
    parts.log.warn({ error }, 'where requests for access stand could not be asked')
    return null
  }
}

/** The same page without what was typed: `extra` is added to its query. */
function addressOf({ code, to }: Visit, extra: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({
    ...(code === null ? {} : { code }),
    ...(to === null ? {} : { to }),
    ...extra,
  })
  return query.size === 0 ? stepPath : `${stepPath}?${query}`
}

const readable = (at: number, zone: string): string =>
  new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeStyle: 'short', timeZone: zone }).format(at)

function rowsOf({ parts }: Visit, { standings }: AccessStandings): AccessView['rows'] {
  const at = parts.clock.now()
  return standings.map(({ practice, name, status, note, askAgainAt, takes, contact }) => {
    const later = askAgainAt !== null && askAgainAt > at ? askAgainAt : null
    const zone = parts.directory.practice(practice, at)?.snapshot.practice.zone ?? 'UTC'
    return {
      ...{ practice, name, status, note, contact },
      askAgain: later === null ? null : `at ${readable(later, zone)}`,
      open: takes && later === null && (status === 'not-requested' || status === 'rejected'),
    }
  })
}

type Shown = { readonly problem: string | null; readonly reason: string; readonly again: boolean }

const nothingWrong: Shown = { problem: null, reason: '', again: false }

/** A waiting page asks often; a form comes back once, when the hours begin, since somebody may be typing. */
const refreshOf = (state: AccessView['state'], returnAfterMs: number | null): readonly string[] => {
  if (state !== 'ask') return ['Refresh', String(waitS)]
  return returnAfterMs === null ? [] : ['Refresh', String(Math.ceil(returnAfterMs / 1_000))]
}

function pageOf(visit: Visit, kind: AskKind, standings: AccessStandings, shown: Shown): WholeResponse {
  const rows = rowsOf(visit, standings)
  const waits = rows.some(({ status }) => status === 'pending' || status === 'approved')
  const state = shown.again ? 'again' : waits && !visit.wantsForm && shown.problem === null ? 'wait' : 'ask'
  const told = hoursOf(visit.parts.directory, visit.question, visit.parts.clock.now())
  const view: AccessView = {
    ...{ state, kind, rows, code: visit.code, problem: shown.problem, reason: shown.reason },
    address: visit.exchange.client.text,
    hours: told?.hours ?? null,
    token: formToken(visit.token),
    here: addressOf(visit),
    askMore: addressOf(visit, { ask: 'more' }),
  }
  const headers = [
    ...['Cache-Control', 'no-store', 'Content-Type', 'text/html; charset=utf-8'],
    ...['Content-Security-Policy', pagePolicy, 'X-Content-Type-Options', 'nosniff'],
    ...['Referrer-Policy', 'same-origin', ...refreshOf(state, told?.returnAfterMs ?? null)],
  ]
  return { status: shown.problem === null ? 200 : 422, headers, body: accessPage(view) }
}

/** What the person sees while they may not go on. */
async function showStep(visit: Visit, kind: AskKind, shown: Shown): Promise<WholeResponse> {
  const standings = await standingsOf(visit, kind)
  if (standings === null)
    return again(
      answerFailure(visit.exchange, {
        ...stale,
        sentence:
          'Where your request stands could not be found out just now. This page tries again by itself.',
      }),
    )
  return pageOf(visit, kind, standings, shown)
}

/** Goes on: the answer of the application that waited. Where there is none any more, they sign in again. */
async function release(visit: Visit): Promise<WholeResponse> {
  const { parts, exchange, session, token } = visit
  if (parts.controlPlane === null) return again(answerFailure(exchange, stale))
  const taken = await parts.parked.take(token)
  if (taken === null) {
    // Another tab, or another gateway, may have gone on a moment ago.
    await parts.sessions.nudge(session.tokenHash, session.version + 1)
    if (!session.record.held && session.record.ended === null) return seeOther(visit.to ?? '/')
    const kind = (await standingsOf(visit, 'ip')) ?? { standings: [], refused: null }
    return pageOf(visit, 'ip', kind, { ...nothingWrong, again: true })
  }
  try {
    const sealed = await parts.controlPlane.changeSession({ to: 'live', tokenHash: session.tokenHash })
    const live = sealed === null ? null : parts.sessions.apply(sealed)
    if (live === null || live.record.held || live.record.ended !== null)
      return seeOther(signInPage(exchange), [parts.companion.take(exchange.secure)])
    live.lastSeenAt = Math.max(live.lastSeenAt, parts.clock.now())
    return released(exchange, taken.answer, visit.to)
  } catch (error) {
    parts.log.warn({ error, session: session.record.id }, 'a held sign-in could not be released')
    await taken.putBack()
    return again(answerFailure(exchange, stale))
  }
}

/** Permitted, to be asked for, or refused by something that no request cures. */
async function visitPage(visit: Visit): Promise<WholeResponse> {
  const { parts, exchange, question } = visit
  const at = parts.clock.now()
  const decision = answer(parts.directory, question, at)
  if (decision.verdict === 'permit') return release(visit)
  const kind = askableKind(parts.directory, question, at)
  if (kind === null) return again(parts.refusals.refuse(exchange, question, decision, []))
  return showStep(visit, kind, nothingWrong)
}

/** Ends the held sign-in, here and at the application, and leaves nothing of it in the browser. */
async function leave({ parts, exchange, session, token }: Visit): Promise<WholeResponse> {
  const taken = await parts.parked.take(token).catch(() => null)
  const credential = taken === null ? null : { hash: '', pairs: taken.answer.pairs }
  await Promise.all([
    parts.endings.end(session, 'signed-out'),
    credential === null ? null : parts.endSession(credential),
  ])
  return seeOther(signInPage(exchange), [
    ...expiredCredential(exchange),
    parts.companion.take(exchange.secure),
  ])
}

async function ask(visit: Visit, form: Extract<AccessForm, { does: 'ask' }>): Promise<WholeResponse> {
  const { parts, exchange, session, question } = visit
  const kind = askableKind(parts.directory, question, parts.clock.now())
  // Granted in the meantime, or beyond asking: the page itself says so.
  if (kind === null || parts.controlPlane === null) return seeOther(addressOf(visit))
  const { reason } = form
  if (form.problem !== null) return showStep(visit, kind, { problem: form.problem, reason, again: false })
  const own = new Set(parts.directory.practicesOf(session.record.user))
  const practices = form.practices.filter((practice) => own.has(practice))
  if (practices.length === 0) return answerFailure(exchange, notOurs)
  try {
    const { tokenHash } = session
    const address = exchange.client.text
    const asked = await parts.controlPlane.askAccess({ tokenHash, kind, address, practices, reason })
    if (asked.refused === null) return seeOther(addressOf(visit))
    return pageOf(visit, kind, asked, { problem: asked.refused, reason, again: false })
  } catch (error) {
    parts.log.warn({ error, session: session.record.id }, 'a request for access could not be sent')
    return answerFailure(exchange, away)
  }
}

const questionOf = (parts: AccessStepParts, exchange: Exchange, session: MirroredSession): Question => ({
  method: exchange.method,
  requirements: [parts.signIn],
  address: exchange.client,
  session,
  accompanied: true,
  sources: { placed: [], carried: null, doubtful: false },
  picking: true,
})

/** Where they were going, from the page's own address: visible ASCII, since browsers skip tabs in front of a second slash. */
function wishedPath(text: string | null): string | null {
  if (text === null || !/^[\x21-\x7e]+$/.test(text) || text.toLowerCase().startsWith('/.gatehouse'))
    return null
  return samePath(text)
}

const visitOf = (
  parts: AccessStepParts,
  exchange: Exchange,
  token: string,
  session: MirroredSession,
): Visit => {
  const query = new URLSearchParams(exchange.target.query)
  const code = query.get('code')
  const to = wishedPath(query.get('to'))
  return {
    ...{ parts, exchange, token, session },
    question: releasedQuestion(questionOf(parts, exchange, session), parts.clock.now()),
    to,
    code: code !== null && /^GH-[0-9A-Z]{4}-[0-9A-Z]{4}$/.test(code) ? code : null,
    wantsForm: query.get('ask') === 'more',
  }
}

async function answerStep(parts: AccessStepParts, exchange: Exchange): Promise<WholeResponse> {
  const lines = cookieLines(exchange.headers)
  const token = parts.companion.token(lines, exchange.secure)
  const tokenHash = parts.companion.read(lines, exchange.secure)
  if (token === null || tokenHash === null) return seeOther(signInPage(exchange))
  const session = usable(exchange, await sessionHere(parts, exchange, tokenHash))
  if (session === null) return seeOther(signInPage(exchange))
  const visit = visitOf(parts, exchange, token, session)
  if (!session.record.held) return seeOther(visit.to ?? '/')
  if (!parts.rate.take(`browser ${tokenHash}`)) return answerFailure(exchange, tooOften)
  if (!parts.isAlive()) return again(answerFailure(exchange, stale))
  if (exchange.method === 'GET') {
    if (exchange.kind === 'navigation') return visitPage(visit)
    return parts.refusals.hold(
      exchange,
      questionOf(parts, exchange, session),
      plainDecision('sign-in-held'),
      [],
      false,
    )
  }
  const form = await readAccessForm(exchange, token)
  if (form === null) return answerFailure(exchange, notOurs)
  return form.does === 'leave' ? leave(visit) : ask(visit, form)
}

/** The refusal of whoever is at a page or route while held; `null`: the step would not help them. */
function gateHeld(parts: AccessStepParts, exchange: Exchange, session: MirroredSession): Judgement | null {
  const question = questionOf(parts, exchange, session)
  const at = parts.clock.now()
  const wish = releasedQuestion(question, at)
  const helps =
    answer(parts.directory, wish, at).verdict === 'permit' || askableKind(parts.directory, wish, at) !== null
  if (!helps) return null
  const decision = plainDecision('sign-in-held')
  const response = parts.refusals.hold(exchange, question, decision, expiredOf(exchange), false)
  return { act: 'answer', response, decision }
}

const isPage = ({ kind, method }: Exchange): boolean => kind === 'navigation' && method === 'GET'

/** The step of one upstream. */
export const createAccessStep = (parts: AccessStepParts): AccessStep => ({
  gate(exchange, duties, companion) {
    const concerned =
      duties.judged.length > 0 || (isPage(exchange) && duties.login === null && !duties.logout)
    if (!concerned || !parts.isAlive()) return null
    const judge = (found: MirroredSession | string | null): Judgement | null => {
      const session = usable(exchange, found)
      return session?.record.held === true ? gateHeld(parts, exchange, session) : null
    }
    const found = sessionHere(parts, exchange, companion)
    return found instanceof Promise ? found.then(judge) : judge(found)
  },
  answer: async (exchange) => ({
    act: 'answer',
    response: await answerStep(parts, exchange),
    decision: null,
  }),
})
