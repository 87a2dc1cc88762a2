/**
 * Goal: what a gateway records of a refusal is enough: put to the stored documents again it comes to the same decision.
 * Method: random policies of two practices, people and routes; the question through JSON and its schema, then asked anew.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { askAgain, recordedSession, snapshotOf } from '../../admin/asked-again.ts'
import type { Exchange } from '../../gateway/exchange.ts'
import { answer, type Directory, type Question, recordedQuestion } from '../../gateway/questions.ts'
import type { MirroredSession } from '../../gateway/sessions.ts'
import { createVerdictLog } from '../../gateway/verdict-log.ts'
import type { Member, Session } from '../../policies/access-request.ts'
import { compile } from '../../policies/compile.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import type { RouteRequirement } from '../../policies/routes.ts'
import { loadSnapshot, type PolicySnapshot } from '../../policies/snapshot.ts'
import { silentLog } from '../../runtime/log.ts'
import {
  type RecordedQuestion,
  type Report,
  recordedQuestionSchema,
  reportSchema,
} from '../../runtime/records.ts'
import { addressOf, base, documents, instants, members, routes, sessions } from '../support/policy-cases.ts'

type Refusal = Extract<Report, { kind: 'refusal' }>

const guarded = [...routes.values()].filter((route) => !['public', 'login', 'logout'].includes(route.class))
const tz = process.versions.tz

const named = (document: PolicyDocument, id: string): PolicyDocument => ({
  ...document,
  practice: { ...document.practice, id },
})

const mirrored = (session: Session, epochs: Readonly<Record<string, number>>): MirroredSession => ({
  tokenHash: 'h',
  version: 1,
  wanted: 1,
  lastSeenAt: session.lastSeenAt,
  seenWrittenAt: 0,
  seenReadAt: 0,
  streams: false,
  assertion: null,
  record: {
    id: session.id,
    upstream: 'app',
    user: 'anna',
    appUser: '1',
    method: 'app-password',
    epochs,
    cookieHash: null,
    startedAt: session.startedAt,
    absoluteDeadline: session.startedAt,
    held: session.held,
    ended: session.ended ? { at: session.startedAt, why: 'signed-out' } : null,
    factor: session.factor,
    trustedDevices: session.deviceTrustedUntil === null ? {} : { oak: session.deviceTrustedUntil },
    address: '203.0.113.9',
  },
})

const poolSize = 40
const pool = fc.sample(documents, { numRuns: poolSize, seed: 9 })
const loaded = new Map<string, PolicySnapshot>()

/** The pool's policy `index` as the gateway of a practice runs it; compiled once, since that is what takes long. */
const policyOf = (id: string, index: number): { document: PolicyDocument; snapshot: PolicySnapshot } => {
  const document = named(pool[index]!, id)
  const known = loaded.get(`${id} ${index}`)
  if (known !== undefined) return { document, snapshot: known }
  const compiled = compile(document, base, tz)
  if (!compiled.ok) throw new Error('the small worlds compile')
  const snapshot = loadSnapshot(compiled.value, 7, routes)
  loaded.set(`${id} ${index}`, snapshot)
  return { document, snapshot }
}

const wildWorlds = fc.record({
  policies: fc.tuple(fc.nat(poolSize - 1), fc.nat(poolSize - 1)),
  members: fc.record({ oak: fc.option(members), elm: fc.option(members) }),
  session: sessions,
  requirements: fc.uniqueArray(fc.constantFrom<RouteRequirement>(...guarded), { minLength: 1, maxLength: 2 }),
  accompanied: fc.boolean(),
  picking: fc.boolean(),
  placed: fc.constantFrom<string[]>([], [], ['oak'], ['elm'], ['oak', 'elm']),
  address: fc.constantFrom('203.0.113.9', '198.51.100.3', '192.0.2.1', '2001:db8:0:1::5').map(addressOf),
  known: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
  at: fc.array(instants, { minLength: 4, maxLength: 4 }),
})
type World = typeof wildWorlds extends fc.Arbitrary<infer W> ? W : never

/** Mostly sessions that live, so that the later gates are asked too. */
const worlds = fc
  .tuple(wildWorlds, fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)))
  .map(([world, lives]): World => {
    if (!lives) return world
    const [first = 0, ...others] = world.at
    const lastSeenAt = first - 1_000
    const remembered = world.session.deviceTrustedUntil !== null
    const session = {
      ...world.session,
      ...{ held: false, ended: false, epoch: 1, startedAt: lastSeenAt, lastSeenAt },
      deviceTrustedUntil: remembered ? first + 900_000 : null,
      factor: remembered ? null : world.session.factor,
    }
    return { ...world, session, at: [first, ...others.map((_, index) => first + (index + 1) * 600_000)] }
  })

const stage = (world: World) => {
  const [oak, elm] = world.policies
  const policies = { oak: policyOf('oak', oak), elm: policyOf('elm', elm) }
  const stored = { oak: policies.oak.document, elm: policies.elm.document }
  const byId = new Map(Object.entries(policies).map(([id, { snapshot }]) => [id, snapshot]))
  const people = new Map<string, Member>(
    Object.entries(world.members).flatMap(([practice, member]) =>
      member === null ? [] : [[practice, { ...member, user: 'anna' }] as const],
    ),
  )
  const directory: Directory = {
    practice: (practice) => {
      const snapshot = world.known ? byId.get(practice) : undefined
      return snapshot === undefined ? null : { snapshot, until: Number.MAX_SAFE_INTEGER }
    },
    member: (practice) => people.get(practice) ?? null,
    practicesOf: () => [...people.keys()].sort(),
    retired: () => null,
  }
  const question: Question = {
    method: 'GET',
    requirements: world.requirements,
    address: world.address,
    session: mirrored(world.session, { oak: world.session.epoch }),
    accompanied: world.accompanied,
    sources: { placed: world.placed, carried: null, doubtful: false },
    picking: world.picking,
  }
  return { stored, directory, question }
}

/** What a gateway reports of the refusal, as it comes out of the hot store. */
const reported = (directory: Directory, question: Question, at: number): Refusal | null => {
  const sent: Report[] = []
  const reports = { add: (report: Report) => void sent.push(report) } as unknown as Parameters<
    typeof createVerdictLog
  >[0]['reports']
  const decision = answer(directory, question, at)
  if (decision.verdict === 'permit') return null
  const exchange = { method: 'GET', client: question.address, upstream: { id: 'app' } } as unknown as Exchange
  // As in life a little later than judged, and perhaps past the edge of a window.
  createVerdictLog({ gateway: 'g', directory, reports, log: silentLog }).refused(
    exchange,
    question,
    decision,
    Math.max(at, Math.min(at + 1, decision.validUntil)),
  )
  return reportSchema.parse(JSON.parse(JSON.stringify(sent[0]))) as Refusal
}

/** What the recorded question comes to on the stored documents; a reason where no policy is asked. */
const replayed = (asked: RecordedQuestion, stored: Readonly<Record<string, PolicyDocument>>) => {
  if (asked.practices.length === 0) return 'not-a-member'
  if (asked.practices.some(({ policy }) => policy === null)) return 'practice-unknown'
  const says = asked.practices.map((practice) => {
    const of = { document: stored[practice.practice], revision: 7 }
    const snapshot = snapshotOf(of, asked, practice.policy!.compiledAt)
    if (typeof snapshot === 'string') throw new Error(snapshot)
    return { snapshot, session: recordedSession(asked.session!, practice, { id: 'anna', name: 'Anna' }) }
  })
  return says
}
const place = ({ method, address }: Question) => ({ method, address: address.text })

it('a recorded question comes to the same decision, permits included', () => {
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(worlds, (world) => {
      const { stored, directory, question } = stage(world)
      const [first = 0] = world.at
      const says = replayed(recordedQuestion(directory, question, first), stored)
      for (const at of world.at) {
        const decision = answer(directory, question, at)
        seen.set(decision.reason, (seen.get(decision.reason) ?? 0) + 1)
        const asked = recordedQuestionSchema.parse(
          JSON.parse(JSON.stringify(recordedQuestion(directory, question, at))),
        )
        if (typeof says === 'string') expect(decision.reason).toBe(says)
        else expect(askAgain(asked, says, place(question), at)?.decision).toEqual(decision)
      }
    }),
    { numRuns: 200, seed: 3 },
  )
  for (const reason of ['ok', 'address-not-allowed', 'outside-time-window', 'session-idle', 'not-a-member'])
    expect(seen.get(reason) ?? 0, reason).toBeGreaterThan(5)
})

it('what is reported of a refusal replays to its reason, with every failing control and a cure', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(worlds, (world) => {
      const { stored, directory, question } = stage(world)
      for (const at of world.at) {
        const refusal = reported(directory, question, at)
        if (refusal === null) continue
        const { asked, reason, failing } = refusal
        if (asked === undefined) throw new Error('a refusal says what was asked')
        const says = replayed(asked, stored)
        if (typeof says === 'string') return void expect(reason).toBe(says)
        const finding = askAgain(asked, says, place(question), asked.at)
        expect(finding?.decision.reason).toBe(reason)
        const enforced = (finding?.failing ?? []).filter(({ monitored }) => !monitored)
        expect([...new Set(enforced.map((one) => one.reason))].sort()).toEqual([...failing].sort())
        expect(finding?.cures.length).toBeGreaterThan(0)
        seen.add(reason)
      }
    }),
    { numRuns: 80, seed: 3 },
  )
  expect(seen.size).toBeGreaterThan(5)
})

it('says nothing of the person but what gates look at', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const { directory, question } = stage(world)
      const asked = reported(directory, question, world.at[0] ?? 0)?.asked
      const keys = new Set<string>()
      JSON.stringify(asked ?? null, (key, value: unknown) => {
        keys.add(key)
        return value
      })
      for (const key of ['name', 'login', 'email', 'tokenHash', 'cookieHash', 'appUser', 'path', 'target'])
        expect(keys.has(key), key).toBe(false)
    }),
    { numRuns: 40, seed: 4 },
  )
})
