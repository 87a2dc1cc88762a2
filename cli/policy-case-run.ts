/**
 * Cases asked of a policy: what a gateway would answer, held against what is expected.
 *
 * Routes are found by the gateway's own `route-duties.ts` and `target.ts`, the answer is `decideRoutes`', the story
 * `explain`'s: there is no second rule book. Invariant: a request that the gateway would not judge (a public route) is
 * `ok`, and one that it would not even take never holds. Pure: no database, no clock, no network.
 */
import { createRouteDuties, type RouteDuties } from '../gateway/route-duties.ts'
import { parseTarget } from '../gateway/target.ts'
import type { AccessRequest, AccessSubject, Member } from '../policies/access-request.ts'
import { parseAddress } from '../policies/address.ts'
import { compile } from '../policies/compile.ts'
import { decideRoutes } from '../policies/decide-routes.ts'
import type { ControlMode, Decision, Reason, Verdict } from '../policies/decision.ts'
import type { PolicyDocument } from '../policies/document.ts'
import { explain } from '../policies/explain.ts'
import { type Instant, never } from '../policies/instant.ts'
import { loadSnapshot, type PolicySnapshot } from '../policies/snapshot.ts'
import type { UpstreamConfig } from '../runtime/config.ts'
import type { CaseFile, CasePerson, PolicyCase } from './policy-cases.ts'

/** A case as it was answered. */
export type CaseResult = {
  readonly holds: boolean
  /** What differs, a sentence each; empty: it holds. */
  readonly differences: readonly string[]
  readonly verdict: Verdict | null
  readonly reason: Reason | null
  /** What each control that does not let it pass says; those in monitor mode or off too. */
  readonly refusals: readonly { readonly mode: ControlMode; readonly sentence: string }[]
  /** The smallest change that would allow it; all of these together. */
  readonly cures: readonly string[]
}

type Found = Pick<CaseResult, 'refusals' | 'cures'> & { readonly decision: Decision | null }

const minuteMs = 60_000
const timeOf = (text: string | null): Instant => (text === null ? never : Date.parse(text))

const memberOf = (user: string, person: CasePerson): Member => ({
  user,
  name: person.name ?? user,
  login: user.toLowerCase(),
  email: null,
  roles: person.roles,
  suspended: person.suspended,
  epoch: person.epoch,
  factors: person.factors,
  enrolBy: person.enrolBy === null ? null : Date.parse(person.enrolBy),
  grants: person.grants.map(({ kind, range, from, to }, at) => ({
    ...{ id: `grant-${at}`, kind, range, startsAt: Date.parse(from), endsAt: timeOf(to) },
  })),
})

const plainPerson = (roles: readonly string[]): CasePerson => ({
  ...{ roles: [...roles], suspended: false, epoch: 0, factors: [], enrolBy: null, grants: [] },
})

const subjectOf = (file: CaseFile, asked: PolicyCase, practice: string, at: Instant): AccessSubject => {
  const { who, role, factor, session } = asked
  if (who === 'anonymous' || who === 'indeterminate') return who
  const token = who !== undefined && Object.hasOwn(file.tokens, who) ? file.tokens[who] : undefined
  if (who !== undefined && token !== undefined)
    return {
      ...{ kind: 'token', id: who, ...token },
      practice: token.practice ?? practice,
      expiresAt: timeOf(token.expiresAt),
    }
  const known = who !== undefined && Object.hasOwn(file.people, who) ? file.people[who] : undefined
  const member = memberOf(who ?? `somebody-${role}`, known ?? plainPerson(role === undefined ? [] : [role]))
  const lastSeenAt = at - (session?.idleMinutes ?? 1) * minuteMs
  return {
    kind: 'session',
    id: 'case',
    user: member.user,
    member,
    epoch: session?.epoch ?? member.epoch,
    held: session?.held ?? false,
    ended: false,
    // Signed in a minute before it was last seen, unless it showed its factor earlier still.
    startedAt: Math.min(lastSeenAt, at - (factor?.minutesAgo ?? 0) * minuteMs) - minuteMs,
    lastSeenAt,
    factor:
      factor === undefined ? null : { method: factor.method, verifiedAt: at - factor.minutesAgo * minuteMs },
    deviceTrustedUntil: null,
    boundTo: null,
  }
}

const explained = (snapshot: PolicySnapshot, requests: readonly AccessRequest[], at: Instant) => {
  const told = requests.map((request) => explain(snapshot, request, at))
  const refusals = told.flatMap(({ gates }) =>
    gates.flatMap(({ reason, mode, sentence }) => (reason === 'ok' ? [] : [{ mode, sentence }])),
  )
  const once = new Map(refusals.map((refusal) => [`${refusal.mode} ${refusal.sentence}`, refusal]))
  const cures = told.flatMap(({ remedies }) => remedies.map(({ sentence }) => sentence))
  return { refusals: [...once.values()], cures: [...new Set(cures)] }
}

const nothingAsked: Decision = {
  ...{ verdict: 'permit', reason: 'ok', control: null, revision: 0, validUntil: never, opensAt: null },
  wouldRefuse: [],
}

const notTaken = (sentence: string): Found => ({
  ...{ decision: null, refusals: [{ mode: 'enforce', sentence }], cures: [] },
})

const ask = (
  file: CaseFile,
  asked: PolicyCase,
  duties: RouteDuties,
  snapshotAt: (at: Instant) => PolicySnapshot,
): Found => {
  const at = Date.parse(asked.at)
  const address = parseAddress(asked.from)
  const [method = '', place = ''] = asked.asks.split(' ')
  const slash = place.indexOf('/')
  const host = place.slice(0, slash).toLowerCase()
  const parsed = parseTarget(method, place.slice(slash), host)
  if (!parsed.ok || address === null) return notTaken(parsed.ok ? 'Not an address.' : parsed.sentence)
  const { judged, picking, refused } = duties.find({ method, host, target: parsed.target })
  if (refused) return notTaken('The gateway refuses this path: back ends could read it in several ways.')
  if (judged.length === 0) return { decision: nothingAsked, refusals: [], cures: [] }
  const snapshot = snapshotAt(at)
  const practice = snapshot.practice.id
  const subject = subjectOf(file, asked, practice, at)
  const requests = judged.map(({ id: route }) => ({ method, route, address, practice, subject }))
  const decision = decideRoutes(
    requests.map((request) => [{ snapshot, request }]),
    picking,
    at,
  )
  return { decision, ...explained(snapshot, requests, at) }
}

const verdictWords: ReadonlySet<string> = new Set(['permit', 'challenge', 'deny', 'unavailable'])

const differencesOf = (asked: PolicyCase, decision: Decision | null): readonly string[] => {
  if (decision === null) return [`expected ${asked.expect}, but the gateway does not take this request`]
  const differences: string[] = []
  const got = verdictWords.has(asked.expect) ? decision.verdict : decision.reason
  if (got !== asked.expect)
    differences.push(`expected ${asked.expect}, got ${decision.verdict} (${decision.reason})`)
  if (asked.opensAt !== undefined) {
    const expected = asked.opensAt === null ? null : Date.parse(asked.opensAt)
    const opens = decision.opensAt === null ? 'not by itself' : new Date(decision.opensAt).toISOString()
    if (decision.opensAt !== expected)
      differences.push(`expected to open ${asked.opensAt ?? 'not by itself'}, got ${opens}`)
  }
  if (asked.recorded !== undefined && asked.recorded.join() !== decision.wouldRefuse.join())
    differences.push(
      `expected recorded [${asked.recorded.join(', ')}], got [${decision.wouldRefuse.join(', ')}]`,
    )
  return differences
}

const hourMs = 3_600_000

/** Answers each case of a checked file. `document` compiles; `upstreams` are those of the configuration, at least one. */
export const runCases = (
  file: CaseFile,
  document: PolicyDocument,
  upstreams: readonly UpstreamConfig[],
): readonly CaseResult[] => {
  const duties = new Map(upstreams.map((upstream) => [upstream.id, createRouteDuties(upstream)]))
  const routes = new Map([...duties.values()].flatMap(({ requirements }) => [...requirements]))
  const loaded = new Map<Instant, PolicySnapshot>()
  // Compiled within the hour before: as publishing would have, and long before the timetable ends.
  const snapshotAt = (at: Instant): PolicySnapshot => {
    const hour = Math.floor(at / hourMs) * hourMs
    const compiled = loaded.has(hour) ? null : compile(document, hour, process.versions.tz)
    if (compiled?.ok === false) throw new Error('the document was checked before and does not compile')
    const snapshot = loaded.get(hour) ?? (compiled === null ? null : loadSnapshot(compiled.value, 0, routes))
    if (snapshot === null) throw new Error('no snapshot')
    loaded.set(hour, snapshot)
    return snapshot
  }
  return file.cases.map((asked) => {
    const own = duties.get(asked.upstream ?? upstreams[0]?.id ?? '')
    const found = own === undefined ? notTaken('No such application.') : ask(file, asked, own, snapshotAt)
    const differences = differencesOf(asked, found.decision)
    const { decision, refusals, cures } = found
    const { verdict, reason } = decision ?? { verdict: null, reason: null }
    return { holds: differences.length === 0, differences, verdict, reason, refusals, cures }
  })
}
