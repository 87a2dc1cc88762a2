/**
 * Answers of asking first: the impact of a draft, and one person's way through the gates.
 *
 * Who is refused is `policies/impact.ts`, why is `policies/explain.ts`. Invariant: nothing is saved, and whatever is said
 * was asked of the gates that the gateways run. A draft that could not be saved is refused with its Problems, as a save
 * of it would be.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AccessRequest, Member, Session } from '../../policies/access-request.ts'
import { type Address, parseAddress } from '../../policies/address.ts'
import { compile } from '../../policies/compile.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { decisionTimeline, explain } from '../../policies/explain.ts'
import type { Impact, ImpactLine } from '../../policies/impact.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { RouteId, RouteRequirement } from '../../policies/routes.ts'
import { loadSnapshot, type PolicySnapshot } from '../../policies/snapshot.ts'
import { momentText } from '../../policies/timetable-zone.ts'
import { applyDraft, type Draft, rolesIn, settingsDraftSchema } from '../policy-draft.ts'
import { type Forecast, forecastPolicy } from '../policy-forecast.ts'
import { reasonWords } from '../reason-words.ts'
import { findScheduled } from '../store/scheduled.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { forecastRoutes, type Simulated } from './contract/forecast.ts'
import { etagOf } from './paging.ts'
import type { PolicyView } from './policy-views.ts'
import { invalid, refusal } from './refusals.ts'

const linesMax = 200
const networksMax = 20
/** Timetables are compiled a year ahead; further away nothing could be said. */
const simulatedMs: DurationMs = 400 * 86_400_000
const timelineMs: DurationMs = 7 * 86_400_000
const stepsMax = 200

const lineAnswer = (practice: string, line: ImpactLine) => ({
  user: line.user,
  name: line.name,
  control: line.control,
  reason: line.reason,
  because: reasonWords(line.reason),
  count: line.count,
  lastAt: line.lastAt,
  networks: line.networks.slice(0, networksMax).map(({ range, count }) => ({
    range,
    count,
    add:
      line.reason === 'address-not-allowed'
        ? {
            method: 'POST' as const,
            path: `/api/practices/${practice}/ip-entries`,
            body: { range, label: `Network of ${line.name}`.slice(0, 80) },
          }
        : null,
  })),
})

const impactAnswer = (practice: string, impact: Impact | null) =>
  impact === null
    ? null
    : {
        asked: impact.asked,
        skipped: impact.skipped,
        refused: impact.refused.slice(0, linesMax).map((line) => lineAnswer(practice, line)),
        allowed: impact.allowed
          .slice(0, linesMax)
          .map((line) => lineAnswer(practice, line))
          // What was in the way is no network to list any more.
          .map((line) => ({
            ...line,
            networks: line.networks.map((network) => ({ ...network, add: null })),
          })),
      }

/** The document that a draft makes, compiled; refuses with every Problem. */
function drafted(document: PolicyDocument, draft: Draft, at: Instant): PolicyDocument {
  const made = applyDraft(document, draft, at)
  if ('problems' in made) throw invalid(made.problems)
  const compiled = compile(made, at, process.versions.tz)
  if (!compiled.ok) throw invalid(compiled.problems)
  return compiled.value.document
}

/** The draft's people exist here and its roles are roles of the drafted document. */
function assertPeople(document: PolicyDocument, draft: Draft, members: readonly Member[]): void {
  const known = new Set(members.map(({ user }) => user))
  const roles = new Set(document.roles.map(({ id }) => id))
  const problems = (draft.members ?? []).flatMap((member, at) => [
    ...(known.has(member.user)
      ? []
      : [{ path: `members[${at}].user`, sentence: 'there is no such member in this practice' }]),
    ...member.roles
      .filter((role) => !roles.has(role))
      .map((role) => ({
        path: `members[${at}].roles`,
        sentence: `there is no role ${role} in this practice`,
      })),
  ])
  if (problems.length > 0) throw invalid(problems)
}

const membersOf = async (plane: ApiPlane, practice: string): Promise<readonly Member[]> =>
  (await plane.views.people(practice)).members

const forecastAnswer = (practice: string, forecast: Forecast) => ({
  revision: forecast.revision,
  changes: [...forecast.changes],
  lockedOut: forecast.lockedOut.map(({ name, address, sentence }) => ({ name, address, sentence })),
  lastSecurityAdmin: forecast.lastSecurityAdmin,
  toBeConfirmed: forecast.toBeConfirmed,
  waitsUntil: forecast.waiting?.confirmBy ?? null,
  live: impactAnswer(practice, forecast.live),
  recorded: impactAnswer(practice, forecast.recorded),
})

/** Some page of staff, of which nothing is asked but the practice's own controls. */
const somePage: RouteRequirement = {
  id: '(some page)',
  class: 'staff',
  stepUp: null,
  permissions: null,
  mapped: true,
  unmapped: null,
  paths: 'lenient',
}

type Asked = {
  readonly member: Member
  readonly address: Address
  readonly route: RouteId
  readonly method: string
  readonly factor: NonNullable<Session['factor']>['method'] | null
  readonly at: Instant
}

/** Somebody who has signed in at `from`. Later than the question: nothing runs out while it is asked. */
const requestOf = ({ member, address, route, method, factor }: Asked, practice: string, from: Instant) => {
  const request: AccessRequest = {
    ...{ method, route, address, practice },
    subject: {
      ...{ kind: 'session', id: 'simulation', user: member.user, member, epoch: member.epoch },
      ...{ held: false, ended: false, startedAt: from, lastSeenAt: from, boundTo: null },
      factor: factor === null ? null : { method: factor, verifiedAt: from },
      deviceTrustedUntil: null,
    },
  }
  return request
}

/** The verdicts of seven days, one line for as long as verdict and reason stay. */
function timelineOf(snapshot: PolicySnapshot, asked: Asked) {
  const { id, zone } = snapshot.practice
  const until = asked.at + timelineMs
  const steps = decisionTimeline(snapshot, requestOf(asked, id, until), asked.at, stepsMax)
  const lines: Simulated['timeline'] = []
  for (const { at, decision } of steps) {
    if (at >= until) break
    const { verdict, reason } = decision
    if (lines.at(-1)?.reason !== reason)
      lines.push({ at, text: momentText(zone, at), verdict, reason, because: reasonWords(reason) })
  }
  const knownUntil = steps.at(-1)?.decision.validUntil ?? asked.at
  return { timeline: lines, timelineUntil: Math.min(until, knownUntil) }
}

/** When a gate may answer otherwise by time alone. */
function untilOf(snapshot: PolicySnapshot, until: Instant) {
  return until >= snapshot.knownUntil
    ? { until: null, untilText: null }
    : { until, untilText: momentText(snapshot.practice.zone, until) }
}

function simulated(snapshot: PolicySnapshot, asked: Asked): Simulated {
  const { decision, gates, remedies } = explain(
    snapshot,
    requestOf(asked, snapshot.practice.id, asked.at),
    asked.at,
  )
  const { verdict, reason, control, opensAt } = decision
  return {
    ...{ verdict, reason, control, opensAt, because: reasonWords(reason) },
    gates: gates.map((gate) => ({
      ...{ gate: gate.gate, control: gate.control, mode: gate.mode },
      ...{ passes: gate.reason === 'ok', reason: gate.reason, sentence: gate.sentence },
      ...untilOf(snapshot, gate.until),
    })),
    remedies: remedies.map(({ by, sentence }) => ({ by, sentence })),
    ...timelineOf(snapshot, asked),
  }
}

function snapshotOf(
  plane: ApiPlane,
  document: PolicyDocument,
  revision: number,
  at: Instant,
): PolicySnapshot {
  const compiled = compile(document, at, process.versions.tz)
  if (!compiled.ok) throw invalid(compiled.problems)
  return loadSnapshot(compiled.value, revision, new Map([...plane.routes, [somePage.id, somePage]]))
}

function routeCalled(plane: ApiPlane, id: string | undefined): RouteId {
  if (id === undefined) return somePage.id
  if (!plane.routes.has(id)) throw refusal('not-found', 'There is no such route in the configuration.')
  return id
}

async function askedPerson(plane: ApiPlane, view: PolicyView, user: string): Promise<Member> {
  const members = await membersOf(plane, view.document.practice.id)
  const member = members.find((one) => one.user === user)
  if (member === undefined) throw refusal('not-found', 'There is no such member in this practice.')
  return member
}

/** The draft that is asked about; `undefined`: only what is saved. */
async function draftAsked(
  plane: ApiPlane,
  practice: string,
  { draft, scheduled }: { readonly draft?: Draft | undefined; readonly scheduled?: string | undefined },
): Promise<Draft | undefined> {
  if (scheduled === undefined) return draft
  if (draft !== undefined)
    throw invalid([{ path: 'scheduled', sentence: 'ask about a draft or about a planned change, not both' }])
  const found = await plane.store.read((rows) => findScheduled(rows, scheduled))
  if (found === null || found.practice !== practice || found.settledAt !== null)
    throw refusal('not-found', 'There is no such change that waits in this practice.')
  return settingsDraftSchema.parse(found.draft)
}

function answerSimulation(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(forecastRoutes.simulate, async (c) => {
    const { practice } = c.req.valid('param')
    const body = c.req.valid('json')
    const { user, address: text, at = plane.now(), route: wanted, method, factor } = body
    if (Math.abs(at - plane.now()) > simulatedMs)
      throw invalid([{ path: 'at', sentence: 'choose a time within 400 days of now' }])
    const view = await plane.views.read(practice)
    const member = await askedPerson(plane, view, user)
    const route = routeCalled(plane, wanted)
    const address = parseAddress(text)
    if (address === null) throw invalid([{ path: 'address', sentence: 'write an address like 203.0.113.9' }])
    const asked: Asked = { member, address, route, method, factor, at }
    const { document, revision } = view
    const draft = await draftAsked(plane, practice, body)
    const other = draft === undefined ? null : drafted(document, draft, at)
    const roles = draft === undefined ? undefined : rolesIn(draft)?.get(user)
    const drawn = roles === undefined ? asked : { ...asked, member: { ...member, roles } }
    return c.json(
      {
        ...{ revision, name: member.name, at, route, zone: document.practice.zone },
        saved: simulated(snapshotOf(plane, document, revision, at), asked),
        draft: other === null ? null : simulated(snapshotOf(plane, other, revision, at), drawn),
      },
      200,
    )
  })
}

/** Adds the answers. */
export function answerForecast(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(forecastRoutes.impact, async (c) => {
    const { practice } = c.req.valid('param')
    const draft = c.req.valid('json')
    const { document: saved } = await plane.views.read(practice)
    const deed = deedOf(c, plane, undefined)
    const document = drafted(saved, draft, deed.at)
    assertPeople(document, draft, await membersOf(plane, practice))
    const roles = rolesIn(draft)
    const wish = { document, deed, routes: plane.routes, ...(roles === undefined ? {} : { roles }) }
    const forecast = await plane.store.snapshot((tx) => forecastPolicy(tx, wish))
    if (forecast === null) throw refusal('not-found', 'There is no such practice.')
    c.header('etag', etagOf(forecast.revision))
    return c.json(forecastAnswer(practice, forecast), 200)
  })
  answerSimulation(app, plane)
}
