/**
 * Goal: what properties do not say of a decision: which refusal speaks for several practices, whose member counts.
 * Method: two practices that refuse for different reasons; a session handed another person's member record.
 */
import { describe, expect, it } from 'vitest'
import type { AccessRequest, Member, Session } from '../../policies/access-request.ts'
import { decide, decideAny, decideEvery } from '../../policies/decide.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { entry, practice } from '../../policies/examples/story.ts'
import { addressOf, base, snapshotOf } from '../support/policy-cases.ts'

const anna: Member = {
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
}
const session: Session = {
  kind: 'session',
  id: 's1',
  user: 'anna',
  member: anna,
  epoch: 0,
  held: false,
  ended: false,
  startedAt: base,
  lastSeenAt: base,
  factor: null,
  deviceTrustedUntil: null,
  boundTo: null,
}
const of = (id: string, change: (document: PolicyDocument) => void) => {
  const snapshot = snapshotOf(practice({ id, name: id, zone: 'UTC' }, change))
  const request: AccessRequest = {
    method: 'GET',
    route: 'app GET /schedule',
    address: addressOf('192.0.2.1'),
    practice: id,
    subject: session,
  }
  return { snapshot, request }
}
const open = of('open', () => {})
const factor = of('factor', (document) => {
  document.controls.twoFactor.mode = 'enforce'
})
const office = of('office', (document) => {
  document.controls.ip.mode = 'enforce'
  document.ipEntries = [entry('Office', '203.0.113.0/24')]
})
const watched = of('watched', (document) => {
  document.controls.ip.mode = 'monitor'
  document.ipEntries = [entry('Office', '203.0.113.0/24')]
})

describe('several practices', () => {
  it('ask for no step-up where another one refuses anyway', () => {
    expect(decideEvery([factor, office], base).reason).toBe('address-not-allowed')
    expect(decideEvery([office, factor], base).reason).toBe('address-not-allowed')
  })

  it('show the refusal that is closest to a permit where any would do', () => {
    expect(decideAny([office, factor], base).reason).toBe('two-factor-not-verified')
    expect(decideAny([factor, office], base).reason).toBe('two-factor-not-verified')
    expect(decideAny([office, open, factor], base).verdict).toBe('permit')
  })

  it('keep what each would have refused', () => {
    expect(decideEvery([open, watched], base)).toMatchObject({
      verdict: 'permit',
      wouldRefuse: ['address-not-allowed'],
    })
  })
})

describe('a session', () => {
  it("is nobody with another person's member record", () => {
    const subject = { ...session, user: 'ben' }
    expect(decide(open.snapshot, { ...open.request, subject }, base).reason).toBe('not-a-member')
  })

  it('is of no use under the policy of another practice', () => {
    expect(decide(open.snapshot, { ...open.request, practice: 'office' }, base).reason).toBe(
      'practice-unknown',
    )
  })
})
