/**
 * Goal: the calendar of everyone says of each hour what `decide` would, on nights of clock change too.
 * Method: examples, and every hour of random windows held against the minutes of that hour asked one by one.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Member } from '../../policies/access-request.ts'
import { compile } from '../../policies/compile.ts'
import type { PolicyDocument, TimeWindow } from '../../policies/document.ts'
import { hoursGrid } from '../../policies/hours-grid.ts'
import { loadSnapshot } from '../../policies/snapshot.ts'
import { newDocument } from '../../policies/standard-roles.ts'
import { describeDays } from '../../policies/week.ts'

const person = (user: string, roles: string[]): Member => ({
  ...{ user, name: user, login: user, email: null, roles, suspended: false, epoch: 0, factors: [] },
  ...{ enrolBy: null, grants: [] },
})
const windowOf = (change: Partial<TimeWindow>): TimeWindow => ({
  ...{ id: 'w', label: null, audience: 'practice', days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] },
  ...{ start: '08:00', end: '18:00', zone: null, validFrom: null, validTo: null, insteadOfRoleHours: false },
  ...change,
})
const snapshotOf = (windows: readonly TimeWindow[], at: number) => {
  const document: PolicyDocument = {
    ...newDocument({ id: 'lakeside', name: 'Lakeside', zone: 'America/Chicago' }, 'standard'),
    timeWindows: [...windows],
  }
  const compiled = compile(document, at)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  return loadSnapshot(compiled.value, 1, new Map())
}
// The Saturday before the clocks of Chicago go forward (8 March 2026, 02:00).
const saturday = Date.UTC(2026, 2, 7, 18)

test('people of the same hours come together, whoever is out of scope is in at all hours', () => {
  const snapshot = snapshotOf(
    [
      windowOf({ id: 'a', audience: { role: 'dentist' }, start: '07:30', end: '12:00' }),
      windowOf({ id: 'b', audience: { role: 'front-desk' } }),
    ],
    saturday,
  )
  const people = [
    person('ann', ['dentist']),
    person('bob', ['front-desk']),
    person('cyd', ['front-desk']),
    person('own', ['owner']),
  ]
  const isInScope = ({ user }: Member) => user !== 'own'
  const { groups, counts, dates } = hoursGrid(snapshot, people, saturday, { count: 2, isInScope })
  expect(dates.map(({ date }) => date)).toEqual(['2026-03-07', '2026-03-08'])
  expect(groups.map(({ people: of, days }) => [of.map(({ user }) => user), days[0]])).toEqual([
    [['bob', 'cyd'], '000000001111111111000000'],
    [['ann'], '0000000~1111000000000000'],
    [['own'], '1'.repeat(24)],
  ])
  expect([counts[0]?.[6], counts[0]?.[7], counts[0]?.[9], counts[0]?.[13]]).toEqual([1, 2, 4, 3])
})

test('the hour that is skipped is closed for those in scope', () => {
  const snapshot = snapshotOf([windowOf({ start: '00:00', end: '24:00' })], saturday)
  const { groups } = hoursGrid(snapshot, [person('ann', ['dentist'])], saturday, {
    count: 2,
    isInScope: () => true,
  })
  expect(groups[0]?.days[1]).toBe('110111111111111111111111')
})

test('every sign is what the minutes of that hour say', () => {
  const clock = fc
    .tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom(0, 15, 30, 59))
    .map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`)
  const windows = fc.array(fc.tuple(clock, clock), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(windows, (pairs) => {
      const made = pairs
        .filter(([start, end]) => start !== end)
        .map(([start, end], at) => windowOf({ id: `w${at}`, start, end }))
      const snapshot = snapshotOf(made, saturday)
      const ann = person('ann', ['dentist'])
      const { groups } = hoursGrid(snapshot, [ann], saturday, { count: 3, isInScope: () => true })
      for (const [at, day] of describeDays(snapshot, ann, saturday, 3).days.entries()) {
        const open = (minute: number): boolean => {
          const text = `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
          return day.hours.some(({ start, end }) => start <= text && text < end)
        }
        const signs = Array.from({ length: 24 }, (_, hour) => {
          const count = Array.from({ length: 60 }, (_none, minute) => open(hour * 60 + minute)).filter(
            Boolean,
          ).length
          return count === 60 ? '1' : count > 0 ? '~' : '0'
        }).join('')
        expect(groups[0]?.days[at]).toBe(signs)
      }
    }),
    { numRuns: 40 },
  )
})
