/**
 * Goal: what a gateway records of a refusal is enough: put to the stored documents again it comes to the recorded reason.
 * Method: random policies of two practices, people and routes; the question through JSON and its schema, then asked anew.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { askAgain, recordedSession, snapshotOf } from '../../admin/asked-again.ts'
import type { Exchange } from '../../gateway/exchange.ts'
import { answer, type Directory, type Question } from '../../gateway/questions.ts'
import type { MirroredSession } from '../../gateway/sessions.ts'
import { createVerdictLog } from '../../gateway/verdict-log.ts'
import type { Member, Session } from '../../policies/access-request.ts'
import { compile } from '../../policies/compile.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import type { RouteRequirement } from '../../policies/routes.ts'
import { loadSnapshot } from '../../policies/snapshot.ts'
import { silentLog } from '../../runtime/log.ts'
import { type Report, reportSchema } from '../../runtime/records.ts'
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

const worlds = fc.record({
  documents: fc.tuple(documents, documents),
  members: fc.record({ oak: fc.option(members), elm: fc.option(members) }),
  session: sessions,
  requirements: fc.uniqueArray(fc.constantFrom<RouteRequirement>(...guarded), { minLength: 1, maxLength: 2 }),
  accompanied: fc.boolean(),
  picking: fc.boolean(),
  placed: fc.constantFrom<string[]>([], [], ['oak'], ['elm'], ['oak', 'elm']),
  address: fc.constantFrom('203.0.113.9', '198.51.100.3', '192.0.2.1', '2001:db8:0:1::5').map(addressOf),
  known: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, fc.constant(false)),
  at: instants,
})
type World = typeof worlds extends fc.Arbitrary<infer W> ? W : never

const stage = (world: World) => {
  const stored = { oak: named(world.documents[0], 'oak'), elm: named(world.documents[1], 'elm') }
  const snapshots = Object.entries(stored).map(([id, document]) => {
    const compiled = compile(document, base, tz)
    if (!compiled.ok) throw new Error('the small worlds compile')
    return [id, loadSnapshot(compiled.value, 7, routes)] as const
  })
  const byId = new Map(snapshots)
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

it('the replay of a recorded refusal comes to the recorded reason', () => {
  const seen = new Map<string, number>()
  fc.assert(
    fc.property(worlds, (world) => {
      const { stored, directory, question } = stage(world)
      const refusal = reported(directory, question, world.at)
      if (refusal === null) return
      const { asked, reason } = refusal
      if (asked === undefined) throw new Error('a refusal says what was asked')
      if (asked.practices.length === 0) return void expect(reason).toBe('not-a-member')
      if (asked.practices.some(({ policy }) => policy === null))
        return void expect(reason).toBe('practice-unknown')
      const says = asked.practices.map((practice) => {
        const document = stored[practice.practice as 'oak' | 'elm']
        const snapshot = snapshotOf({ document, revision: 7 }, asked, practice.policy!.compiledAt)
        if (typeof snapshot === 'string') throw new Error(snapshot)
        return { snapshot, session: recordedSession(asked.session!, practice, { id: 'anna', name: 'Anna' }) }
      })
      const place = { method: refusal.method, address: refusal.address }
      const finding = askAgain(asked, says, place, asked.at)
      expect(finding?.decision.reason).toBe(reason)
      expect(finding?.failing.filter(({ monitored }) => !monitored).map((one) => one.reason)).toContain(
        reason,
      )
      expect(finding?.cures.length).toBeGreaterThan(0)
      seen.set(reason, (seen.get(reason) ?? 0) + 1)
    }),
    { numRuns: 200, seed: 3 },
  )
  for (const reason of ['address-not-allowed', 'outside-time-window', 'session-idle', 'permission-missing'])
    expect(seen.get(reason) ?? 0, reason).toBeGreaterThan(2)
})

it('says nothing of the person but what gates look at', () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const { directory, question } = stage(world)
      const asked = reported(directory, question, world.at)?.asked
      const keys = new Set<string>()
      JSON.stringify(asked ?? null, (key, value: unknown) => {
        keys.add(key)
        return value
      })
      for (const key of ['name', 'login', 'email', 'tokenHash', 'cookieHash', 'appUser', 'path', 'target'])
        expect(keys.has(key), key).toBe(false)
    }),
    { numRuns: 60, seed: 4 },
  )
})
