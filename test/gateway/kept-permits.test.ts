/**
 * Goal: a permit is given again only where deciding anew would permit, whatever changed between; and it is given again.
 * Method: random histories of changes over real snapshots, each kept permit held against `answer`; then a whole gateway,
 * where one change after the other must show with the very next request.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createKeptPermits } from '../../gateway/kept-permits.ts'
import type { PracticeSources } from '../../gateway/practice.ts'
import { answer, type Directory, type Question } from '../../gateway/questions.ts'
import type { Duties } from '../../gateway/route-duties.ts'
import type { MirroredSession } from '../../gateway/sessions.ts'
import type { Member } from '../../policies/access-request.ts'
import { parseAddress } from '../../policies/address.ts'
import { type CompiledPolicy, compile } from '../../policies/compile.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { never } from '../../policies/instant.ts'
import { parseRoutes } from '../../policies/routes.ts'
import { loadSnapshot, type PolicySnapshot } from '../../policies/snapshot.ts'
import { newDocument } from '../../policies/standard-roles.ts'
import type { SessionRecord } from '../../runtime/records.ts'
import type { Client } from '../support/client.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'
import { plainMember } from '../support/plain-member.ts'

const practices = ['lakeview', 'riverside'] as const
const addresses = ['192.0.2.7', '198.51.100.9'] as const
const opening = Date.UTC(2026, 10, 23, 15)

const parsed = parseRoutes('app', [
  { match: 'GET /patients/:id', any: ['view-patient-window'] },
  { match: 'GET /payments', any: ['view-payments-dashboard'] },
])
if (!parsed.ok) throw new Error('invariant: routes parse')
const { table } = parsed

const dutiesOf = (path: string): Duties => ({
  judged: [table.find('GET', 'app.example', path)],
  ...{ picking: false, background: false, login: null, logout: false, refused: false },
})
const duties = ['/patients/7', '/payments'].map(dutiesOf)

/** A policy that lists the first address, or both; that closes at noon, or never; where the desk may see patients, or not. */
type Rules = { readonly both: boolean; readonly closes: boolean; readonly sees: boolean }

const compiledOf = (practice: string, { both, closes, sees }: Rules): CompiledPolicy => {
  const document = newDocument({ id: practice, name: practice, zone: 'UTC' }, 'standard')
  const { ip, time, permission, twoFactor } = document.controls
  for (const control of [ip, time, permission, twoFactor]) control.mode = 'enforce'
  document.ipEntries = addresses.slice(0, both ? 2 : 1).map((range, at) => ({
    ...{
      id: `entry-${at}`,
      range,
      label: 'Office',
      audience: 'practice' as const,
      on: true,
      expiresAt: null,
    },
    ...{ note: '', createdBy: 'test', createdAt: 0 },
  }))
  document.timeWindows = (['mon', 'tue'] as const).map((day) => ({
    ...{ id: day, label: null, audience: 'practice' as const, days: [day], start: '00:00', zone: null },
    ...{ end: closes ? '16:00' : '24:00', validFrom: null, validTo: null, insteadOfRoleHours: false },
  }))
  if (!sees)
    for (const role of document.roles)
      role.permissions = role.permissions.filter((id) => id !== 'view-patient-window')
  const compiled = compile(document, opening)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  return compiled.value
}

const compiledOnce = new Map<string, CompiledPolicy>()

/** A snapshot of its own each time, as a gateway loads it. */
const snapshotOf = (practice: string, revision: number, rules: Rules): PolicySnapshot => {
  const key = JSON.stringify([practice, rules])
  const compiled = compiledOnce.get(key) ?? compiledOf(practice, rules)
  compiledOnce.set(key, compiled)
  return loadSnapshot(compiled, revision, table.requirements)
}

const recordOf = (change: Partial<SessionRecord>): SessionRecord => ({
  ...{ id: 'ses_1', user: 'usr_ann', appUser: 'ann', upstream: 'app', method: 'app-password' },
  ...{ startedAt: opening, address: addresses[0], device: '', cookieHash: null, epochs: {} },
  ...{
    factor: { method: 'totp', verifiedAt: opening },
    trustedDevices: {},
    held: false,
    ended: null,
    absoluteDeadline: never,
  },
  ...change,
})

type Step =
  | {
      readonly does: 'ask'
      readonly route: number
      readonly from: number
      readonly in: number
      readonly alone: boolean
    }
  | { readonly does: 'save'; readonly in: number; readonly rules: Rules }
  | { readonly does: 'member'; readonly in: number; readonly change: Partial<Member> | null }
  | { readonly does: 'session'; readonly change: Partial<SessionRecord> }
  | { readonly does: 'doubt'; readonly by: number }
  | { readonly does: 'wait'; readonly ms: number }
  | { readonly does: 'retire' }

const inside = fc.nat(1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({
      does: fc.constant('ask' as const),
      route: fc.nat(1),
      from: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.constant(1)),
      in: fc.constantFrom(0, 0, 1, 2, 3, 3, 4),
      alone: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
    }),
  },
  fc.record({
    does: fc.constant('save' as const),
    in: inside,
    rules: fc.record({ both: fc.boolean(), closes: fc.boolean(), sees: fc.boolean() }),
  }),
  fc.record({
    does: fc.constant('member' as const),
    in: inside,
    change: fc.constantFrom(
      null,
      {},
      { suspended: true },
      { epoch: 1 },
      { roles: ['hygienist'] },
      { roles: [] },
    ),
  }),
  fc.record({
    does: fc.constant('session' as const),
    change: fc.constantFrom<Partial<SessionRecord>>(
      {},
      { held: true },
      { factor: null },
      { epochs: { riverside: 1 } },
      { ended: { at: opening, why: 'revoked' } },
    ),
  }),
  fc.record({ does: fc.constant('doubt' as const), by: fc.nat(1) }),
  fc.constant({ does: 'retire' as const }),
  fc.record({
    does: fc.constant('wait' as const),
    ms: fc.oneof(fc.integer({ min: 0, max: 30 * 60_000 }), fc.integer({ min: -60_000, max: 12 * 3_600_000 })),
  }),
)

const usual: Rules = { both: true, closes: false, sees: true }
/** What requests say of their practice. */
const said: readonly PracticeSources[] = [
  { placed: [], carried: 'riverside', doubtful: false },
  { placed: ['lakeview'], carried: null, doubtful: false },
  { placed: [], carried: null, doubtful: true },
  { placed: [], carried: null, doubtful: false },
  // One that they are no member of, and that may be gone.
  { placed: [], carried: 'northgate', doubtful: false },
]

const createWorld = () => {
  const snapshots = new Map<string, PolicySnapshot>()
  const members = new Map<string, Member>()
  const retired = new Set<string>()
  let memberships: readonly string[] = []
  const setMember = (practice: string, change: Partial<Member> | null): void => {
    const wasIn = members.has(practice)
    if (change === null) members.delete(practice)
    else members.set(practice, plainMember('usr_ann', ['front-desk'], { factors: ['totp'], ...change }))
    if (wasIn !== members.has(practice)) memberships = [...members.keys()].sort()
  }
  for (const practice of practices) {
    snapshots.set(practice, snapshotOf(practice, 1, usual))
    setMember(practice, {})
  }
  const directory: Directory = {
    practice: (practice) => {
      const snapshot = snapshots.get(practice)
      return snapshot === undefined ? null : { snapshot, until: never }
    },
    member: (practice) => members.get(practice) ?? null,
    practicesOf: () => memberships,
    retired: (practice) => (retired.has(practice) ? { name: practice, contact: '' } : null),
  }
  const session: MirroredSession = {
    ...{ tokenHash: 'hash', record: recordOf({}), version: 1, wanted: 1, lastSeenAt: opening },
    ...{ seenWrittenAt: 0, seenReadAt: 0, streams: false, assertion: null },
  }
  return { directory, session, snapshots, retired, setMember, permits: createKeptPermits(directory, 10) }
}

const credential = 'none' as const

describe('a permit that was kept', () => {
  test('says what deciding anew would say, in every history', () => {
    let found = 0
    let passed = 0
    const run = (steps: readonly Step[]): void => {
      const { directory, session, snapshots, retired, setMember, permits } = createWorld()
      let at = opening
      let revision = 1
      for (const one of steps)
        switch (one.does) {
          case 'wait':
            at += one.ms
            break
          case 'save':
            revision += 1
            snapshots.set(practices[one.in]!, snapshotOf(practices[one.in]!, revision, one.rules))
            break
          case 'member':
            setMember(practices[one.in]!, one.change)
            break
          case 'session':
            session.record = recordOf(one.change)
            break
          case 'retire':
            retired.add('northgate')
            break
          case 'doubt':
            session.wanted = session.version + one.by
            break
          case 'ask': {
            const due = duties[one.route]!
            const question: Question = {
              ...{
                method: 'GET',
                requirements: due.judged,
                session,
                accompanied: !one.alone,
                picking: false,
              },
              ...{ address: parseAddress(addresses[one.from]!)!, sources: said[one.in]! },
            }
            const { text: address } = question.address
            const { method, accompanied, sources } = question
            const asked = { duties: due, address, method, accompanied, sources, session, credential }
            const kept = permits.find(asked, at)
            const fresh = answer(directory, question, at)
            if (kept !== null) {
              found += 1
              expect(kept.decision).toMatchObject({ verdict: 'permit', revision: fresh.revision })
              expect(fresh.verdict).toBe('permit')
            } else if (fresh.verdict === 'permit') {
              passed += 1
              const judgement = {
                act: 'forward',
                changes: { dropCookies: [], setRequest: [], setCookies: [] },
              } as const
              const permit = {
                ...{ question, credential, decision: fresh },
                judgement: { ...judgement, held: null, standing: null },
                tally: { round: 0, period: 0, cells: [] },
              }
              permits.keep(due, permit, at, never)
            }
          }
        }
    }
    fc.assert(fc.property(fc.array(step, { minLength: 4, maxLength: 40 }), run), { numRuns: 800, seed: 9 })
    // Else nothing was shown.
    expect(found).toBeGreaterThan(300)
    expect(passed).toBeGreaterThan(300)
  })
})

describe('at a gateway', () => {
  let stand: Stand
  beforeAll(async () => {
    stand = await startStand()
  })
  afterAll(() => stand.close())

  const statusOf = async (client: Client): Promise<number> =>
    (await client.get('/patients/7', { navigation: false })).status

  /** Asks until their permits are kept: their cookies are known with the second, their permit with the third. */
  const work = async (client: Client): Promise<void> => {
    for (let times = 0; times < 4; times += 1) expect(await statusOf(client)).toBe(200)
  }

  const known = (): Promise<void> =>
    eventually(() => stand.gateways[0]!.state.sequence() === stand.control.sequence(), 'known')

  const save = (change: (document: PolicyDocument) => void) => (): Promise<void> =>
    stand.control.savePolicy('riverside', (before) => {
      const document = structuredClone(before)
      change(document)
      return document
    })
  const member = (change: Partial<Member>) => (): Promise<void> =>
    stand.control.saveMember('riverside', 'usr_ann', (one) => ({ ...one, ...change }))

  const mode = (control: 'ip' | 'time' | 'permission', value: 'off' | 'enforce') =>
    save((document) => {
      document.controls[control].mode = value
    })

  const office = {
    ...{ id: 'office', range: '127.0.0.9/32', label: 'Office', audience: 'practice' as const, on: true },
    ...{ expiresAt: null, note: '', createdBy: 'test', createdAt: 0 },
  }
  const closed = {
    ...{
      id: 'past',
      label: null,
      audience: 'practice' as const,
      days: ['mon' as const],
      start: '08:00',
      end: '09:00',
    },
    ...{ zone: null, validFrom: null, validTo: '2000-01-31', insteadOfRoleHours: false },
  }

  const changes: readonly (readonly [string, () => Promise<void>, () => Promise<void>])[] = [
    [
      'an address that is not listed',
      save((document) => {
        document.controls.ip.mode = 'enforce'
        document.ipEntries = [office]
      }),
      mode('ip', 'off'),
    ],
    [
      'an hour that is closed',
      save((document) => {
        document.controls.time.mode = 'enforce'
        document.timeWindows = [closed]
      }),
      mode('time', 'off'),
    ],
    ['a suspension', member({ suspended: true }), member({ suspended: false })],
    ['no role', member({ roles: [] }), member({ roles: ['front-desk'] })],
    ['a revocation', () => stand.control.revoke('riverside', 'usr_ann'), () => Promise.resolve()],
  ]

  test('every change shows with the next request, and undone it is gone', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    await mode('permission', 'enforce')()
    await known()
    for (const [what, change, back] of changes) {
      await work(client)
      await change()
      await known()
      expect(await statusOf(client), what).not.toBe(200)
      await back()
      await known()
    }
  })

  test('what the application is told follows each change of roles, and each minute', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ben')
    client.cookies.set('practice', 'riverside')
    const told = () => stand.application.arrived.at(-1)!.headers
    await work(client)
    const before = told()
    await work(client)
    expect(told()['x-gatehouse-assertion']).toBe(before['x-gatehouse-assertion'])
    const roles = (list: readonly string[]) =>
      stand.control.saveMember('riverside', 'usr_ben', (one) => ({ ...one, roles: [...list] }))
    await roles(['front-desk'])
    await known()
    await work(client)
    expect(told()).toMatchObject({ 'x-gatehouse-roles': 'front-desk' })
    const first = told()['x-gatehouse-assertion']
    stand.clock.advance(60_000)
    await work(client)
    expect(told()['x-gatehouse-assertion']).not.toBe(first)
  })

  test('another practice, method, address or route is another question', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ben')
    client.cookies.set('practice', 'riverside')
    await work(client)
    await stand.control.savePolicy('lakeview', (document) => {
      for (const role of document.roles)
        role.permissions = role.permissions.filter((id) => id !== 'view-patient-window')
      document.controls.permission.mode = 'enforce'
      return document
    })
    await known()
    expect(await statusOf(client)).toBe(200)
    client.cookies.set('practice', 'lakeview')
    expect(await statusOf(client)).toBe(403)
    client.cookies.set('practice', 'riverside')
    expect(await statusOf(client)).toBe(200)
  })
})
