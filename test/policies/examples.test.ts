/**
 * Goal: the practice stories of policies/examples are true.
 * Method: each row is asked of `decide`, and `explain` must agree and have a remedy for every refusal.
 */
import { describe, expect, it } from 'vitest'
import type { AccessSubject, Member } from '../../policies/access-request.ts'
import { compile } from '../../policies/compile.ts'
import { decide } from '../../policies/decide.ts'
import { cautiousRoles } from '../../policies/examples/cautious-roles.ts'
import { clockChangeNight } from '../../policies/examples/clock-change-night.ts'
import { holidays } from '../../policies/examples/holidays.ts'
import { nightlySync } from '../../policies/examples/nightly-sync.ts'
import { peopleComeAndGo } from '../../policies/examples/people-come-and-go.ts'
import { phoneOnLte } from '../../policies/examples/phone-on-lte.ts'
import { refundStepUp } from '../../policies/examples/refund-step-up.ts'
import { remoteBiller } from '../../policies/examples/remote-biller.ts'
import { soloOffice } from '../../policies/examples/solo-office.ts'
import { type Story, type StoryRow, storyRoutes } from '../../policies/examples/story.ts'
import { trialRun } from '../../policies/examples/trial-run.ts'
import { twoLocations } from '../../policies/examples/two-locations.ts'
import { weekendEmergency } from '../../policies/examples/weekend-emergency.ts'
import { explain } from '../../policies/explain.ts'
import { type Instant, never } from '../../policies/instant.ts'
import { parseRoutes } from '../../policies/routes.ts'
import { loadSnapshot } from '../../policies/snapshot.ts'
import { addressOf } from '../support/policy-cases.ts'

const stories: readonly Story[] = [
  soloOffice,
  twoLocations,
  remoteBiller,
  weekendEmergency,
  nightlySync,
  phoneOnLte,
  clockChangeNight,
  holidays,
  refundStepUp,
  trialRun,
  peopleComeAndGo,
  cautiousRoles,
]

const compiledAt = Date.UTC(2026, 9, 20)
const parsed = parseRoutes('app', storyRoutes)
if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
const { table } = parsed

const memberOf = (story: Story, user: string): Member => {
  const person = story.people[user]
  if (person === undefined) throw new Error(`${story.title} has no ${user}`)
  const grants = (person.grants ?? []).map((grant, at) => ({
    id: `g${at}`,
    kind: grant.kind,
    range: grant.range ?? null,
    startsAt: Date.parse(grant.from),
    endsAt: grant.to === null ? never : Date.parse(grant.to),
  }))
  const plain = {
    name: user,
    login: user,
    email: null,
    roles: [],
    suspended: false,
    epoch: 0,
    factors: [],
    enrolBy: null,
  }
  return { ...plain, ...person, user, grants }
}

const subjectOf = (story: Story, row: StoryRow, at: Instant): AccessSubject => {
  if (row.who === 'anonymous' || row.who === 'indeterminate') return row.who
  const token = story.tokens?.[row.who]
  if (token !== undefined) {
    return { kind: 'token', id: row.who, revoked: false, expiresAt: Date.UTC(2027, 9, 20), ...token }
  }
  const { factor, session } = row
  const member = memberOf(story, row.who)
  return {
    kind: 'session',
    id: 's1',
    user: row.who,
    member,
    epoch: session?.epoch ?? member.epoch,
    held: session?.held ?? false,
    ended: false,
    startedAt: at - 600 * 60_000,
    lastSeenAt: at - (session?.idleMinutes ?? 1) * 60_000,
    factor:
      factor === undefined ? null : { method: factor.method, verifiedAt: at - factor.minutesAgo * 60_000 },
    deviceTrustedUntil: null,
    boundTo: null,
  }
}

const textOf = (at: Instant | null): string | null => (at === null ? null : new Date(at).toISOString())

describe.each(stories.map((story) => [story.title, story] as const))('%s', (_, story) => {
  it.each(
    story.table.map(
      (row) => [`${row.who} from ${row.from} at ${row.at} asks ${row.asks}: ${row.expect}`, row] as const,
    ),
  )('%s', (_title, row) => {
    const at = Date.parse(row.at)
    const document =
      story.practices.find(({ practice }) => practice.id === row.practice) ?? story.practices[0]!
    const compiled = compile(document, compiledAt)
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
    const snapshot = loadSnapshot(compiled.value, 1, table.requirements)
    const [method = '', path = ''] = row.asks.split(' ')
    const request = {
      method,
      route: table.find(method, 'app.example', path).id,
      address: addressOf(row.from),
      practice: document.practice.id,
      subject: subjectOf(story, row, at),
    }
    const decision = decide(snapshot, request, at)
    expect(decision.reason).toBe(row.expect)
    if (row.opensAt !== undefined) expect(textOf(decision.opensAt)).toBe(textOf(Date.parse(row.opensAt)))
    if (row.recorded !== undefined) expect(decision.wouldRefuse).toEqual(row.recorded)
    const { failing, remedies } = explain(snapshot, request, at)
    expect(failing[0] ?? 'ok').toBe(row.expect)
    expect(remedies.length > 0).toBe(decision.verdict !== 'permit')
  })
})
