/**
 * Goal: a second factor is asked exactly where practice, grace, device, network, trust and step-up say (SPEC §7).
 * Method: one table a rule: what differs from a plain case, and the reason expected; edges to the millisecond.
 */
import { describe, expect, it } from 'vitest'
import type { FactorMethod, Member, Session } from '../../policies/access-request.ts'
import { decide } from '../../policies/decide.ts'
import type { Reason } from '../../policies/decision.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { entry, practice } from '../../policies/examples/story.ts'
import { type Instant, never } from '../../policies/instant.ts'
import { addressOf, base, snapshotOf } from '../support/policy-cases.ts'

const hourMs = 3_600_000
type TwoFactor = PolicyDocument['controls']['twoFactor']

type Case = {
  readonly policy?: Partial<TwoFactor>
  readonly member?: Partial<Member>
  readonly session?: Partial<Session>
  readonly from?: string
  readonly route?: string
  readonly at?: Instant
  readonly expect: Reason
  readonly until?: Instant
}

const asked = ({
  policy = {},
  member: who = {},
  session: how = {},
  from = '192.0.2.1',
  route,
  at = base,
}: Case) => {
  const document = practice({ id: 'oak', name: 'Oak', zone: 'UTC' }, (draft) => {
    draft.controls.permission.mode = 'off'
    draft.controls.twoFactor = { ...draft.controls.twoFactor, mode: 'enforce', ...policy }
    draft.stepUp['money'] = { maxAgeMs: hourMs, phishingResistant: true }
    draft.ipEntries = [
      entry('Office', '203.0.113.0/24'),
      entry('Guest', '198.51.100.0/24', { expiresAt: base + hourMs }),
    ]
    draft.sessions.idleMs = 30 * 24 * hourMs
  })
  const member: Member = {
    user: 'anna',
    name: 'Anna',
    login: 'anna',
    email: null,
    roles: ['owner'],
    suspended: false,
    epoch: 0,
    factors: ['totp'],
    enrolBy: null,
    grants: [],
    ...who,
  }
  const session: Session = {
    kind: 'session',
    id: 's1',
    user: 'anna',
    member,
    epoch: 0,
    held: false,
    ended: false,
    startedAt: base,
    lastSeenAt: base,
    factor: null,
    deviceTrustedUntil: null,
    boundTo: null,
    ...how,
  }
  const request = {
    method: 'GET',
    route: route ?? 'app GET /schedule',
    address: addressOf(from),
    practice: 'oak',
    subject: session,
  }
  return decide(snapshotOf(document), request, at)
}

const shown = (method: FactorMethod, ageMs = 0): Partial<Session> => ({
  factor: { method, verifiedAt: base - ageMs },
})
const sessionEnd = base + 30 * 24 * hourMs
const refunds = 'app POST /refunds'
const free = { include: { roles: ['hygienist'], users: [] }, exempt: { roles: [], users: [] } }
const exemptAnna = { include: 'everyone' as const, exempt: { roles: [], users: ['anna'] } }
const exemptOwner = { include: 'everyone' as const, exempt: { roles: ['owner'], users: [] } }

const check = (cases: readonly (readonly [string, Case])[]): void => {
  it.each(cases)('%s', (_, of) => {
    const decision = asked(of)
    expect(decision.reason).toBe(of.expect)
    if (of.until !== undefined) expect(decision.validUntil).toBe(of.until)
  })
}

describe('a second factor', () => {
  check([
    ['is asked of who has none shown', { expect: 'two-factor-not-verified', until: sessionEnd }],
    ['counts when shown', { session: shown('totp'), expect: 'ok', until: sessionEnd }],
    [
      'counts for as long as the practice says',
      { policy: { maxAgeMs: 2 * hourMs }, session: shown('totp'), expect: 'ok', until: base + 2 * hourMs },
    ],
    [
      'is too old from then on',
      { policy: { maxAgeMs: 2 * hourMs }, session: shown('totp', 2 * hourMs), expect: 'two-factor-too-old' },
    ],
    ['is not asked out of scope', { policy: { scope: free }, expect: 'ok' }],
    ['is not asked of exempt users', { policy: { scope: exemptAnna }, expect: 'ok' }],
    ['is not asked of exempt roles', { policy: { scope: exemptOwner }, expect: 'ok' }],
    [
      'is asked where another role is not exempt',
      {
        policy: { scope: exemptOwner },
        member: { roles: ['owner', 'dentist'] },
        expect: 'two-factor-not-verified',
      },
    ],
    [
      'is asked where a role is unknown',
      {
        policy: { scope: exemptOwner },
        member: { roles: ['owner', 'gone'] },
        expect: 'two-factor-not-verified',
      },
    ],
  ])
})

describe('enrolment', () => {
  check([
    ['is asked of who has no factor', { member: { factors: [] }, expect: 'two-factor-not-enrolled' }],
    [
      'may wait while the grace runs',
      { member: { factors: [], enrolBy: base + 5 }, expect: 'ok', until: base + 5 },
    ],
    [
      'may not wait longer',
      { member: { factors: [], enrolBy: base + 5 }, at: base + 5, expect: 'two-factor-not-enrolled' },
    ],
    [
      'of others excuses nobody from showing theirs',
      { member: { enrolBy: base + 5 }, expect: 'two-factor-not-verified' },
    ],
    [
      'is not needed where a trusted factor was shown',
      {
        policy: { trust: { app: true, google: false } },
        member: { factors: [] },
        session: shown('app'),
        expect: 'ok',
      },
    ],
  ])
})

describe('trust in the factors of others', () => {
  check([
    [
      'lets the application vouch where ticked',
      { policy: { trust: { app: true, google: false } }, session: shown('app'), expect: 'ok' },
    ],
    [
      'does not where it is not',
      {
        policy: { trust: { app: false, google: true } },
        session: shown('app'),
        expect: 'two-factor-not-verified',
      },
    ],
    [
      'lets Google vouch where ticked',
      { policy: { trust: { app: false, google: true } }, session: shown('google'), expect: 'ok' },
    ],
    [
      'does not where it is not either',
      {
        policy: { trust: { app: true, google: false } },
        session: shown('google'),
        expect: 'two-factor-not-verified',
      },
    ],
  ])
})

describe('a remembered device', () => {
  const remembered = { deviceTrustedUntil: base + 7 }
  check([
    [
      'stands in while it is remembered',
      { policy: { rememberDeviceMs: hourMs }, session: remembered, expect: 'ok', until: base + 7 },
    ],
    [
      'does not from then on',
      {
        policy: { rememberDeviceMs: hourMs },
        session: remembered,
        at: base + 7,
        expect: 'two-factor-not-verified',
      },
    ],
    [
      'does not once the practice stops remembering',
      { policy: { rememberDeviceMs: 0 }, session: remembered, expect: 'two-factor-not-verified' },
    ],
    [
      'stands in for a factor that is too old',
      {
        policy: { rememberDeviceMs: hourMs, maxAgeMs: hourMs },
        session: { ...shown('totp', hourMs), ...remembered },
        expect: 'ok',
        until: base + 7,
      },
    ],
    [
      'does not replace enrolment',
      {
        policy: { rememberDeviceMs: hourMs },
        member: { factors: [] },
        session: remembered,
        expect: 'two-factor-not-enrolled',
      },
    ],
    [
      'does not soften a step-up',
      {
        policy: { rememberDeviceMs: hourMs },
        session: remembered,
        route: refunds,
        expect: 'two-factor-not-verified',
      },
    ],
  ])
})

describe('the office network', () => {
  check([
    [
      'asks for no factor where so decided',
      { policy: { notFromListedNetworks: true }, from: '203.0.113.9', expect: 'ok' },
    ],
    ['asks elsewhere', { policy: { notFromListedNetworks: true }, expect: 'two-factor-not-verified' }],
    ['asks where nothing was decided', { from: '203.0.113.9', expect: 'two-factor-not-verified' }],
    [
      'asks once its entry expires',
      { policy: { notFromListedNetworks: true }, from: '198.51.100.9', expect: 'ok', until: base + hourMs },
    ],
    [
      'asks on from the expiry',
      {
        policy: { notFromListedNetworks: true },
        from: '198.51.100.9',
        at: base + hourMs,
        expect: 'two-factor-not-verified',
      },
    ],
    [
      'does not soften a step-up',
      {
        policy: { notFromListedNetworks: true },
        from: '203.0.113.9',
        route: refunds,
        expect: 'two-factor-not-verified',
      },
    ],
  ])
})

describe('a step-up', () => {
  check([
    [
      'takes a fresh passkey',
      { session: shown('passkey', hourMs - 1), route: refunds, expect: 'ok', until: base + 1 },
    ],
    [
      'does not take an old one',
      { session: shown('passkey', hourMs), route: refunds, expect: 'two-factor-too-old' },
    ],
    [
      'does not take what can be passed on',
      { session: shown('totp'), route: refunds, expect: 'two-factor-too-weak' },
    ],
    [
      'concerns people out of scope',
      { policy: { scope: free }, route: refunds, expect: 'two-factor-not-verified' },
    ],
    ['does not concern the exempt', { policy: { scope: exemptAnna }, route: refunds, expect: 'ok' }],
    [
      'does not wait for a grace period',
      { member: { factors: [], enrolBy: base + 5 }, route: refunds, expect: 'two-factor-not-enrolled' },
    ],
    [
      'asks for 15 minutes where the practice has said nothing',
      {
        policy: { sms: true },
        session: shown('sms', 15 * 60_000 - 1),
        route: 'app GET /patients/:id',
        expect: 'ok',
        until: base + 1,
      },
    ],
    [
      'and not for longer',
      {
        policy: { sms: true },
        session: shown('sms', 15 * 60_000),
        route: 'app GET /patients/:id',
        expect: 'two-factor-too-old',
      },
    ],
    [
      'takes no text message where the practice allows none',
      { session: shown('sms', 1), route: 'app GET /patients/:id', expect: 'two-factor-not-verified' },
    ],
    ['is not asked where two-factor is off', { policy: { mode: 'off' }, route: refunds, expect: 'ok' }],
  ])

  it('never ends a permit later than anything else does', () => {
    const { validUntil } = asked({ policy: { mode: 'off' }, expect: 'ok' })
    expect(validUntil).toBe(sessionEnd)
    expect(sessionEnd).toBeLessThan(never)
  })
})
