/**
 * Goal: an admin reads why in the practice's own labels, and the narrowest thing that would help.
 * Method: the sentences of typical refusals, word for word; the timeline of one evening.
 */
import { describe, expect, it } from 'vitest'
import type { AccessRequest, Member, Session } from '../../policies/access-request.ts'
import { compile } from '../../policies/compile.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { entry, hours, practice, storyRoutes, workdays } from '../../policies/examples/story.ts'
import { decisionTimeline, explain } from '../../policies/explain.ts'
import { parseRoutes } from '../../policies/routes.ts'
import { loadSnapshot, matchingEntry, type PolicySnapshot } from '../../policies/snapshot.ts'
import { addressOf } from '../support/policy-cases.ts'

const at = Date.parse('2026-11-23T10:00-07:00')
const fiona: Member = {
  user: 'fiona',
  name: 'Fiona',
  login: 'fiona',
  email: null,
  roles: ['front-desk'],
  suspended: false,
  epoch: 0,
  factors: ['totp'],
  enrolBy: null,
  grants: [],
}
const session: Session = {
  kind: 'session',
  id: 's1',
  user: 'fiona',
  member: fiona,
  epoch: 0,
  held: false,
  ended: false,
  startedAt: at,
  lastSeenAt: at,
  factor: null,
  deviceTrustedUntil: null,
  boundTo: null,
}
const request = (from: string, route = 'app GET /schedule', subject: Session = session): AccessRequest => ({
  method: 'GET',
  route,
  address: addressOf(from),
  practice: 'oak',
  subject,
})
const parsed = parseRoutes('app', storyRoutes)
const snapshotOf = (change: (document: PolicyDocument) => void): PolicySnapshot => {
  const document = practice({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, change)
  const compiled = compile(document, at)
  if (!compiled.ok || !parsed.ok) throw new Error('the story compiles')
  return loadSnapshot(compiled.value, 3, parsed.table.requirements)
}
const office = snapshotOf((document) => {
  document.controls.ip.mode = 'enforce'
  document.controls.time.mode = 'enforce'
  document.controls.twoFactor.mode = 'enforce'
  document.ipEntries = [
    entry('Office Network', '203.0.113.0/24'),
    entry('Reception', '203.0.113.9'),
    entry('Guest network', '192.0.2.0/24', { on: false }),
    entry('Summer house', '198.18.0.0/24', { expiresAt: at - 1 }),
    entry('Riley at home', '198.51.100.0/24', { audience: { user: 'riley' } }),
    entry('Front desks', '10.0.0.0/8', { audience: { role: 'front-desk' } }),
  ]
  document.timeWindows = [hours(workdays, '08:00', '17:00')]
})

const said = (of: PolicySnapshot, asked: AccessRequest, gate: string, when = at): string | undefined =>
  explain(of, asked, when).gates.find((report) => report.gate === gate)?.sentence

describe('a sentence', () => {
  it('names the entry that matches longest, or those that do not', () => {
    expect(said(office, request('203.0.113.9'), 'address')).toBe('203.0.113.9 is in Reception (203.0.113.9).')
    expect(said(office, request('203.0.113.10'), 'address')).toBe(
      '203.0.113.10 is in Office Network (203.0.113.0/24).',
    )
    expect(said(office, request('198.51.100.7'), 'address')).toBe(
      '198.51.100.7 is not in Office Network or 2 other entries.',
    )
    expect(matchingEntry(office, fiona, addressOf('10.1.2.3'), at)?.label).toBe('Front desks')
    expect(matchingEntry(office, null, addressOf('10.1.2.3'), at)).toBeNull()
  })

  it('tells the hours in the zone of the practice', () => {
    expect(said(office, request('203.0.113.9'), 'hours')).toBe(
      'Mon 23 Nov 2026, 10:00 is within hours, which last until Mon 23 Nov 2026, 17:00.',
    )
    expect(said(office, request('203.0.113.9'), 'hours', Date.parse('2026-11-28T03:00Z'))).toBe(
      'Fri 27 Nov 2026, 20:00 is outside the hours of Fiona; hours begin again on Mon 30 Nov 2026, 08:00.',
    )
  })

  it('names permissions as people know them', () => {
    expect(said(office, request('203.0.113.9', 'app POST /payments/refunds'), 'permission')).toBe(
      'Fiona lacks “Manage refunds”.',
    )
  })
})

describe('a remedy', () => {
  const cures = (asked: AccessRequest, when = at) =>
    explain(office, asked, when).remedies.map(({ by, sentence }) => `${by}: ${sentence}`)

  it('is the narrowest for an address', () => {
    expect(cures(request('192.0.2.5'))[0]).toBe('admin: Switch Guest network (192.0.2.0/24) on.')
    expect(cures(request('198.18.0.5'))[0]).toBe(
      'admin: Renew Summer house (198.18.0.0/24), which has expired.',
    )
    expect(cures(request('2001:db8::5'))[0]).toBe(
      'admin: Approve 2001:db8::/64 for Fiona, or list it as an entry.',
    )
  })

  it('comes for every failing control, in order', () => {
    const evening = Date.parse('2026-11-27T18:00-07:00')
    const late = { ...session, lastSeenAt: evening, startedAt: evening }
    const { failing, decision } = explain(
      office,
      request('192.0.2.5', 'app POST /payments/refunds', late),
      evening,
    )
    expect(failing).toEqual([
      'address-not-allowed',
      'outside-time-window',
      'two-factor-not-verified',
      'permission-missing',
    ])
    expect(decision).toMatchObject({
      reason: 'address-not-allowed',
      control: 'ip',
      revision: 3,
      verdict: 'deny',
    })
    expect(cures(request('192.0.2.5', 'app POST /payments/refunds', late), evening)).toEqual([
      'admin: Switch Guest network (192.0.2.0/24) on.',
      'admin: Let Fiona stay for now, or wait until Mon 30 Nov 2026, 08:00.',
      'user: Show a second factor: this step (money) asks for a recent one.',
      'admin: Grant “Manage refunds” to Front Desk, or give Fiona a role that has it.',
    ])
  })
})

describe('the timeline', () => {
  it('lists the next changes by time alone', () => {
    const verified = { ...session, factor: { method: 'totp' as const, verifiedAt: at } }
    const steps = decisionTimeline(office, request('203.0.113.9', 'app GET /schedule', verified), at, 5)
    expect(steps.map(({ at: when, decision }) => [new Date(when).toISOString(), decision.reason])).toEqual([
      ['2026-11-23T17:00:00.000Z', 'ok'],
      ['2026-11-24T00:00:00.000Z', 'outside-time-window'],
      ['2026-11-24T05:00:00.000Z', 'session-idle'],
    ])
  })
})
