/**
 * Goal: before a save, admins see by name whom it would have refused or let in over 30 days, and from where.
 * Method: recorded requests of a small practice under two documents; 100,000 of them within the time allowed.
 */
import { describe, expect, it } from 'vitest'
import type { Member } from '../../policies/access-request.ts'
import { entry, hours, practice, storyRoutes, workdays } from '../../policies/examples/story.ts'
import { impactOf, type TrafficFact } from '../../policies/impact.ts'
import { parseRoutes } from '../../policies/routes.ts'

const now = Date.parse('2026-11-30T12:00-07:00')
const parsed = parseRoutes('app', storyRoutes)
if (!parsed.ok) throw new Error('the routes parse')
const routes = parsed.table.requirements

const member = (user: string, name: string, roles: readonly string[]): readonly [string, Member] => [
  user,
  {
    user,
    name,
    login: user,
    email: null,
    roles,
    suspended: false,
    epoch: 0,
    factors: [],
    enrolBy: null,
    grants: [],
  },
]
const members = new Map([member('fiona', 'Fiona', ['front-desk']), member('hugo', 'Hugo', ['hygienist'])])
const fact = (user: string, address: string, when: string, route = 'app GET /schedule'): TrafficFact => ({
  at: Date.parse(when),
  user,
  address,
  route,
  factor: null,
})
const oak = practice({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, () => {})
const strict = structuredClone(oak)
strict.controls.ip.mode = 'enforce'
strict.controls.time.mode = 'enforce'
strict.ipEntries = [
  entry('Office', '203.0.113.0/24'),
  entry('Gone since', '192.0.2.0/24', { expiresAt: now - 1 }),
]
strict.timeWindows = [hours(workdays, '08:00', '17:00')]

const facts = [
  fact('fiona', '203.0.113.9', '2026-11-02T09:00-07:00'),
  fact('fiona', '198.51.100.7', '2026-11-03T09:00-07:00'),
  fact('fiona', '198.51.100.7', '2026-11-04T09:00-07:00'),
  fact('fiona', '2001:db8:1::9', '2026-11-05T09:00-07:00'),
  fact('fiona', '203.0.113.9', '2026-11-07T09:00-07:00'),
  fact('hugo', '192.0.2.5', '2026-11-09T09:00-07:00'),
  fact('hugo', '203.0.113.9', '2026-11-09T09:00-07:00', 'app GET /payments'),
  fact('gone', '203.0.113.9', '2026-11-09T09:00-07:00'),
  fact('hugo', 'nonsense', '2026-11-09T09:00-07:00'),
]

describe('impact', () => {
  it('names who would have been refused, why and from where', () => {
    const impact = impactOf({ before: oak, after: strict, routes, members, facts, now })
    if (!impact.ok) throw new Error(JSON.stringify(impact.problems))
    const { refused, allowed, asked, skipped } = impact.value
    expect([asked, skipped, allowed]).toEqual([9, 2, []])
    expect(refused.map(({ name, reason, control, count }) => [name, reason, control, count])).toEqual([
      ['Fiona', 'address-not-allowed', 'ip', 3],
      ['Fiona', 'outside-time-window', 'time', 1],
      ['Hugo', 'address-not-allowed', 'ip', 1],
    ])
    expect(refused[0]?.networks).toEqual([
      { range: '198.51.100.7/32', count: 2 },
      { range: '2001:db8:1::/64', count: 1 },
    ])
    expect(refused[0]?.lastAt).toBe(Date.parse('2026-11-05T09:00-07:00'))
  })

  it('names who would have been let in', () => {
    const impact = impactOf({ before: strict, after: oak, routes, members, facts, now })
    expect(impact.ok && impact.value.allowed.map(({ name, reason }) => [name, reason])).toEqual([
      ['Fiona', 'address-not-allowed'],
      ['Fiona', 'outside-time-window'],
      ['Hugo', 'address-not-allowed'],
    ])
    expect(impact.ok && impact.value.refused).toEqual([])
  })

  it('tells the Problems of a draft', () => {
    const broken = { ...strict, ipEntries: [] }
    expect(impactOf({ before: oak, after: broken, routes, members, facts, now })).toMatchObject({ ok: false })
  })

  it('takes 100,000 records at once', () => {
    const many = Array.from({ length: 100_000 }, (_, at) => ({
      ...facts[at % facts.length]!,
      address: `198.51.${(at >> 8) & 255}.${at & 255}`,
      at: now - (at % 40_000) * 60_000,
    }))
    const impact = impactOf({ before: oak, after: strict, routes, members, facts: many, now })
    expect(impact.ok && impact.value.asked).toBe(100_000)
    expect(impact.ok && impact.value.refused.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(
      50_000,
    )
  })
})
