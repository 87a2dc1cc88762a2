/**
 * What is recorded of refusals, enforced and monitored, under reference codes; all of it goes to the reports.
 *
 * It changes no decision. Invariant: bounded, and aggregated as SPEC §9 says (one per user, address, reason and minute;
 * repeats share the code and are counted), so that a client that knocks every second costs a record a minute; and what
 * is recorded is enough to ask `decide` again. Queries, bodies and unmapped path segments are never recorded.
 */
import { type Decision, type Reason, reasons } from '../policies/decision.ts'
import type { Instant } from '../policies/instant.ts'
import type { Log } from '../runtime/log.ts'
import type { Report } from '../runtime/records.ts'
import { newReferenceCode } from '../runtime/token.ts'
import { type BoundedMap, createBoundedMap } from './bounded-map.ts'
import type { Exchange } from './exchange.ts'
import { type Directory, failingOf, type Question, recordedQuestion, scopeOf } from './questions.ts'
import type { Reports } from './reports.ts'

/** Records. Nothing here throws. */
export type VerdictLog = {
  /** Records a refusal and answers its reference code; repeats within a minute share one. */
  refused(exchange: Exchange, question: Question | null, decision: Decision, at: Instant): string
  /** Records the refusal of a machine, as `refused` does. A machine's policy is its own lists: nothing to replay. */
  refusedToken(exchange: Exchange, refused: RefusedToken, decision: Decision, at: Instant): string
  /** Records what monitored controls would have refused. */
  monitored(exchange: Exchange, question: Question, decision: Decision, at: Instant): void
  /** Sends how often what was recorded came again; called about once a minute. */
  flush(): void
}

/** A machine that was refused: by token id, in which practice, on which route, and all that refused. */
export type RefusedToken = {
  readonly token: string
  readonly practice: string
  readonly route: string
  readonly failing: readonly Reason[]
}

/** What a verdict log needs. `gateway`: this gateway's id. */
export type VerdictLogParts = {
  readonly gateway: string
  readonly directory: Directory
  readonly reports: Reports
  readonly log: Log
}

type Refusal = Extract<Report, { kind: 'refusal' }>

/** One that was recorded. `count`: how often so far; `told`: how much of that is known; `last`: when it came last. */
type Recorded = {
  readonly minute: number
  readonly code: string
  /** What is sent for repeats in monitor mode, which have no code. */
  readonly monitored: Refusal | null
  count: number
  told: number
  last: Instant
}

const minuteMs = 60_000
const refusalsMax = 20_000

/** Whether what the route asks for is what the reason is about. */
const isOfRoute = (reason: Reason): boolean =>
  reasons[reason].control === 'permission' || reasons[reason].control === 'two-factor'

/**
 * What repeats share a code by. The practices are in it, since each reads its own log; so is the route where the reason
 * is one of the route's, since a code must not explain another permission than the one that was missing.
 */
const keyOf = (
  { directory }: VerdictLogParts,
  exchange: Exchange,
  question: Question | null,
  reason: Reason,
  mode: string,
): string => {
  if (question === null) return `${mode} ${reason} ${exchange.client.text}`
  const { practices } = scopeOf(directory, question)
  const routes = isOfRoute(reason) ? question.requirements.map(({ id }) => id).join(' ') : ''
  const { user } = question.session.record
  return `${mode} ${reason} ${exchange.client.text} ${user} ${practices.join(',')} ${routes}`
}

const refusalOf = (
  { gateway }: VerdictLogParts,
  exchange: Exchange,
  question: Question | null,
  reason: Reason,
  at: Instant,
): Omit<Refusal, 'code' | 'monitored' | 'practice' | 'route' | 'revision' | 'failing'> => ({
  kind: 'refusal',
  at,
  gateway,
  user: question?.session.record.user ?? null,
  session: question?.session.record.id ?? null,
  address: exchange.client.text,
  upstream: exchange.upstream.id,
  method: exchange.method,
  verdict: reasons[reason].verdict,
  reason,
  control: reasons[reason].control,
})

/** What came again, until it is sent. At most `refusalsMax` wait; then they are sent early. */
function createRepeats(reports: Reports) {
  const repeats = new Set<Recorded>()
  const flush = (): void => {
    for (const one of repeats) {
      const { code, count, told, last: at, monitored } = one
      if (monitored === null) reports.add({ kind: 'repeat', code, count, at })
      else reports.add({ ...monitored, at, count: count - told })
      one.told = count
    }
    repeats.clear()
  }
  const again = (one: Recorded, at: Instant): void => {
    if (repeats.size >= refusalsMax && !repeats.has(one)) flush()
    one.count += 1
    one.last = at
    repeats.add(one)
  }
  return { again, flush }
}

/** Records refusals of machines; a code is one token's at one address, for one reason and one route. */
const refusedTokens =
  (
    parts: VerdictLogParts,
    codes: BoundedMap<string, Recorded>,
    notes: {
      again(one: Recorded, at: Instant): void
      recorded(key: string, code: string, at: Instant, monitored: Refusal | null): void
    },
  ): VerdictLog['refusedToken'] =>
  (exchange, { token, practice, route, failing }, decision, at) => {
    const { reason, revision } = decision
    const key = `token ${reason} ${exchange.client.text} ${token} ${route}`
    const before = codes.peek(key)
    if (before?.minute === Math.floor(at / minuteMs)) {
      notes.again(before, at)
      return before.code
    }
    const code = newReferenceCode()
    notes.recorded(key, code, at, null)
    parts.reports.add({
      ...refusalOf(parts, exchange, null, reason, at),
      ...{ code, monitored: false, practice, route, revision, token, failing: [...failing] },
      asked: recordedQuestion(parts.directory, null, at),
    })
    const address = exchange.client.text
    parts.log.info({ reference: code, reason, route, token, address }, 'a service token was refused')
    return code
  }

/** A verdict log, empty. */
export function createVerdictLog(parts: VerdictLogParts): VerdictLog {
  const { directory, reports } = parts
  const codes = createBoundedMap<string, Recorded>(refusalsMax)
  const { again, flush } = createRepeats(reports)
  const recorded = (key: string, code: string, at: Instant, monitored: Refusal | null): void =>
    codes.set(key, { minute: Math.floor(at / minuteMs), code, monitored, count: 1, told: 1, last: at })
  return {
    flush,
    refused(exchange, question, decision, at) {
      const minute = Math.floor(at / minuteMs)
      const key = keyOf(parts, exchange, question, decision.reason, 'refused')
      const before = codes.peek(key)
      if (before?.minute === minute) {
        again(before, at)
        return before.code
      }
      const code = newReferenceCode()
      recorded(key, code, at, null)
      // An instant of the decision's own, even if a window has begun since: there a replay agrees.
      const judgedAt = Math.min(at, decision.validUntil - 1)
      const failing =
        question === null
          ? { practice: null, route: '', reasons: [decision.reason] }
          : failingOf(directory, question, decision, judgedAt)
      const refusal = {
        ...refusalOf(parts, exchange, question, decision.reason, at),
        code,
        monitored: false,
        practice: failing.practice,
        route: failing.route,
        revision: decision.revision,
        failing: [...failing.reasons],
        asked: recordedQuestion(directory, question, judgedAt),
      }
      reports.add(refusal)
      const { reason, route, user, address } = refusal
      parts.log.info({ reference: code, reason, route, user, address }, 'refused')
      return code
    },
    refusedToken: refusedTokens(parts, codes, { again, recorded }),
    monitored(exchange, question, decision, at) {
      const minute = Math.floor(at / minuteMs)
      for (const reason of decision.wouldRefuse) {
        const key = keyOf(parts, exchange, question, reason, 'monitored')
        const before = codes.peek(key)
        if (before?.minute === minute) {
          again(before, at)
          continue
        }
        const { practices } = scopeOf(directory, question)
        const refusal: Refusal = {
          ...refusalOf(parts, exchange, question, reason, at),
          code: null,
          monitored: true,
          practice: practices.length === 1 ? (practices[0] ?? null) : null,
          route: question.requirements[0]?.id ?? '',
          revision: decision.revision,
          failing: [...decision.wouldRefuse],
        }
        recorded(key, '', at, refusal)
        reports.add(refusal)
      }
    },
  }
}
