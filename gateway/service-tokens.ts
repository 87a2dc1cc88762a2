/**
 * Machines with a service token (SPEC §11): read from its own header, judged by `decide`, forwarded as who they are.
 *
 * It makes, keeps and logs no token: a gateway knows hashes. Invariant: on judged routes nothing passes but a permit of
 * `decide`; a token beside a person's credential is 400 on every route, so that no back end takes the request for the
 * person's; unknown, revoked and expired tokens get the same 401, byte for byte. The header itself never goes on
 * (`headers.ts`). Tokens in `Authorization` were refused: applications read that header.
 */
import type { ServiceToken } from '../policies/access-request.ts'
import { decideRoutes } from '../policies/decide-routes.ts'
import type { Decision, Reason } from '../policies/decision.ts'
import { failingReasons } from '../policies/explain.ts'
import type { Instant } from '../policies/instant.ts'
import { effectivePermissions } from '../policies/permissions.ts'
import type { Clock } from '../runtime/clock.ts'
import { type FailureText, failureTexts } from '../runtime/pages/texts-failures.ts'
import {
  gatewayProblemsPath,
  type MachineProblem,
  machineProblem,
  problemLink,
} from '../runtime/problem-kinds.ts'
import { hashToken, readServiceToken } from '../runtime/token.ts'
import type { Asserter } from './assertion.ts'
import { createBoundedMap } from './bounded-map.ts'
import type { Companion } from './companion.ts'
import { cookieLines } from './cookies.ts'
import type { Exchange, Judgement, RawHeaders, Standing, WholeResponse } from './exchange.ts'
import type { JudgeCounters } from './metrics.ts'
import { practiceScope, practiceSources } from './practice.ts'
import { type Directory, plainDecision } from './questions.ts'
import { answerFailure } from './refusal.ts'
import { refuseWithPage } from './refusal-view.ts'
import type { Reports } from './reports.ts'
import type { Duties } from './route-duties.ts'
import type { Site } from './site.ts'
import type { KnownToken } from './snapshots.ts'
import type { Traffic } from './traffic.ts'
import type { VerdictLog } from './verdict-log.ts'
import type { WindowCounter } from './window-counter.ts'

/** Judges machines. */
export type ServiceTokens = {
  /** Whether the request brings a token, in whatever form. */
  isCarried(exchange: Exchange): boolean
  /** The judgement on a request that brings one; `null`: no judged route, and nothing to say against it. */
  judge(site: Site, exchange: Exchange, duties: Duties): Judgement | null
}

/** What judging machines needs. `wrongTokens`: how many an address may try that are not accepted. */
export type TokenTools = {
  readonly directory: Directory
  readonly companion: Companion
  readonly asserter: Asserter
  readonly verdicts: VerdictLog
  readonly traffic: Traffic
  readonly reports: Reports
  readonly counters: JudgeCounters
  readonly clock: Clock
  readonly wrongTokens: WindowCounter
  /** The token of a hash as it is known now; `null`: none. */
  tokenOf(hash: string): KnownToken | null
}

/** A request of a machine. `hash`: what it is found by again while the exchange lives. */
type TokenQuestion = {
  readonly exchange: Exchange
  readonly duties: Duties
  readonly known: KnownToken
  readonly hash: string
  /** The request names another practice than the token's, or two. */
  readonly elsewhere: boolean
}

const usedMs = 60_000
const rememberedMax = 5_000

const problemOf = (status: number, name: MachineProblem, headers: readonly string[]): WholeResponse => {
  const { type, title, why, next } = machineProblem(name)
  return {
    status,
    headers: [
      ...['Cache-Control', 'no-store', 'Content-Type', 'application/problem+json'],
      ...['Link', problemLink(gatewayProblemsPath, name), ...headers],
    ],
    body: JSON.stringify({ type, title, status, detail: `${why} ${next}` }),
  }
}

const notAccepted = problemOf(401, 'token-not-accepted', ['WWW-Authenticate', 'Gatehouse-Token'])

/** What the same client gets that tries too many of them; tokens that are known go on passing. */
const tooMany = (remainingMs: number): WholeResponse =>
  problemOf(429, 'too-many-tokens', ['Retry-After', String(Math.max(1, Math.ceil(remainingMs / 1_000)))])

const said = (response: WholeResponse): Judgement => ({ act: 'answer', response, decision: null })

const failed = (exchange: Exchange, words: FailureText): Judgement =>
  said(answerFailure(exchange, { status: 400, ...words }))

const valuesOf = (headers: RawHeaders, wanted: string): readonly string[] =>
  headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === wanted)

/** Whether a person's credential of any kind comes along, readable or not. */
function isPersonal({ companion }: TokenTools, site: Site, exchange: Exchange): boolean {
  const lines = cookieLines(exchange.headers)
  if (companion.read(lines, exchange.secure) !== null) return true
  const carried = site.identity?.identifier.carried(exchange, lines)
  return carried !== undefined && (carried.credential !== 'none' || carried.spoofed)
}

/** Whether host, path, cookie or header name a practice that is not the token's. */
function isElsewhere(site: Site, exchange: Exchange, { practice }: ServiceToken): boolean {
  const sources = practiceSources(
    site.upstream.practice,
    exchange.host,
    exchange.target.readings,
    cookieLines(exchange.headers),
    { headers: exchange.headers, claimed: null },
  )
  const { practices } = practiceScope(sources, [practice])
  return (
    practices.some((one) => one !== practice) || (sources.carried !== null && sources.carried !== practice)
  )
}

/** The decision by what is known at `at`, and the reasons that are recorded with a refusal. */
function answer(
  directory: Directory,
  { exchange, duties, known, elsewhere }: TokenQuestion,
  at: Instant,
): { readonly decision: Decision; readonly failing: readonly Reason[] } {
  const plain = (reason: Reason) => ({ decision: plainDecision(reason), failing: [reason] })
  const { token } = known
  const practice = directory.practice(token.practice, at)
  if (practice === null)
    return plain(directory.retired(token.practice) === null ? 'practice-unknown' : 'practice-retired')
  if (elsewhere) return plain('not-a-member')
  const { snapshot, until } = practice
  const requests = duties.judged.map(({ id }) => ({
    ...{ method: exchange.method, route: id, address: exchange.client },
    ...{ practice: token.practice, subject: token },
  }))
  const asked = requests.map((request) => [{ snapshot, request }])
  const decision = decideRoutes(asked, false, at)
  return {
    decision: decision.validUntil <= until ? decision : { ...decision, validUntil: until },
    failing: [...new Set(requests.flatMap((request) => failingReasons(snapshot, request, at)))],
  }
}

/** What the application is told: which machine asks, and that it is one. Minted once per token and minute. */
function createTokenHeaders(directory: Directory, asserter: Asserter) {
  const minted = createBoundedMap<string, { readonly of: string; readonly headers: RawHeaders }>(
    rememberedMax,
  )
  return ({ token, name }: KnownToken, upstream: string, at: Instant): RawHeaders => {
    const snapshot = directory.practice(token.practice, at)?.snapshot
    const of = `${Math.floor(at / usedMs)} ${snapshot?.revision ?? 0} ${name} ${token.permissions.join(',')}`
    const key = `${upstream} ${token.id}`
    const before = minted.get(key)
    if (before?.of === of) return before.headers
    const granted = new Set(token.permissions)
    const effective =
      snapshot === undefined
        ? []
        : [...effectivePermissions(granted, snapshot.document.controls.permission).effective].sort()
    const headers = asserter.headers(
      {
        ...{ session: token.id, user: token.id, name, email: null, practice: token.practice },
        ...{ roles: [], permissions: effective, upstream, proved: 'service-token' },
      },
      at,
    )
    minted.set(key, { of, headers })
    return headers
  }
}

/** Counted whatever is wrong with the token: else the count would tell one that was good once from an invented one. */
const notAcceptedFrom = ({ wrongTokens }: TokenTools, { client }: Exchange): WholeResponse =>
  wrongTokens.take(client.text) ? notAccepted : tooMany(wrongTokens.remainingMs())

/** Refused, and recorded: what is no good any more looks as what never was. */
function refuseToken(tools: TokenTools, question: TokenQuestion, at: Instant): Judgement {
  const { decision, failing } = answer(tools.directory, question, at)
  const { exchange, known, duties } = question
  const { id: token, practice } = known.token
  const route = duties.judged[0]?.id ?? ''
  const code = tools.verdicts.refusedToken(exchange, { token, practice, route, failing }, decision, at)
  if (decision.reason === 'token-revoked' || decision.reason === 'token-expired')
    return { act: 'answer', response: notAcceptedFrom(tools, exchange), decision }
  const response = refuseWithPage(tools.directory, {
    ...{ exchange, question: null, decision, code, setCookies: [], at },
  })
  return { act: 'answer', response, decision }
}

/** Judged again in the sweep, by what is known of the token then. */
const standingOf = (tools: TokenTools, question: TokenQuestion, decision: Decision): Standing => ({
  decision,
  user: null,
  practices: [question.known.token.practice],
  session: question.known.token.id,
  again(at) {
    const known = tools.tokenOf(question.hash)
    return known === null
      ? plainDecision('token-revoked')
      : answer(tools.directory, { ...question, known }, at).decision
  },
})

/** The judge of machines of one gateway; `headerName` in any case. */
export function createServiceTokens(tools: TokenTools, headerName: string): ServiceTokens {
  const { directory, counters, clock, traffic } = tools
  const wanted = headerName.toLowerCase()
  const headersFor = createTokenHeaders(directory, tools.asserter)
  const told = createBoundedMap<string, Instant>(rememberedMax)
  const noteUse = ({ token }: KnownToken, address: string, at: Instant): void => {
    const minute = Math.floor(at / usedMs)
    if (told.get(token.id) === minute) return
    told.set(token.id, minute)
    tools.reports.add({ kind: 'token-used', token: token.id, at, address })
  }
  const pass = (site: Site, question: TokenQuestion, decision: Decision, at: Instant): Judgement => {
    const { exchange, known, duties } = question
    noteUse(known, exchange.client.text, at)
    traffic.permitted(known.token.practice)
    if (duties.judged.some(({ mapped }) => !mapped))
      traffic.unmapped(site.upstream.id, exchange.method, site.duties.template(exchange.target.path))
    return {
      act: 'forward',
      changes: {
        dropCookies: [],
        setRequest: headersFor(known, site.upstream.id, at),
        setCookies: [],
      },
      held: null,
      standing: standingOf(tools, question, decision),
    }
  }
  const judgeToken = (site: Site, exchange: Exchange, duties: Duties, text: string): Judgement => {
    const read = readServiceToken(text)
    const hash = read === null ? '' : hashToken(read)
    const known = read === null ? null : tools.tokenOf(hash)
    if (known === null) {
      counters.tokenNotAccepted()
      return said(notAcceptedFrom(tools, exchange))
    }
    const at = clock.now()
    const elsewhere = isElsewhere(site, exchange, known.token)
    const question: TokenQuestion = { exchange, duties, known, hash, elsewhere }
    const startedAt = clock.monotonic()
    const { decision } = answer(directory, question, at)
    counters.decided(decision, 'enforce', clock.monotonic() - startedAt)
    return decision.verdict === 'permit'
      ? pass(site, question, decision, at)
      : refuseToken(tools, question, at)
  }
  return {
    isCarried({ headers }) {
      for (let i = 0; i < headers.length; i += 2) {
        const name = headers[i] ?? ''
        if (name.length === wanted.length && name.toLowerCase() === wanted) return true
      }
      return false
    },
    judge(site, exchange, duties) {
      const [text, ...more] = valuesOf(exchange.headers, wanted)
      if (text === undefined) return null
      if (more.length > 0) return failed(exchange, failureTexts.severalTokens)
      if (isPersonal(tools, site, exchange)) return failed(exchange, failureTexts.sessionAndToken)
      return duties.judged.length === 0 ? null : judgeToken(site, exchange, duties, text)
    },
  }
}
