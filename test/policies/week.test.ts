/**
 * Goal: the Access Restricted page lists exactly the times at which `decide` lets the member in this week.
 * Method: each quarter of an hour of the week is read off the wall and compared, clock changes included.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Member } from '../../policies/access-request.ts'
import { exception, hours, practice, workdays } from '../../policies/examples/story.ts'
import { hoursAt } from '../../policies/hours.ts'
import { rolePartsOf } from '../../policies/snapshot.ts'
import { describeDays, describeWeek } from '../../policies/week.ts'
import { base, documents, members, snapshotOf } from '../support/policy-cases.ts'
import { readWall } from '../support/wall-clock.ts'

const quarterMs = 15 * 60_000
const fiona: Member = {
  user: 'fiona',
  name: 'Fiona',
  login: 'fiona',
  email: null,
  roles: ['front-desk'],
  suspended: false,
  epoch: 0,
  factors: [],
  enrolBy: null,
  grants: [],
}

describe('this week', () => {
  it('reads as the practice knows it', () => {
    const document = practice({ id: 'oak', name: 'Oak', zone: 'America/Denver' }, (draft) => {
      draft.timeWindows = [
        hours(workdays, '08:00', '12:00'),
        hours(workdays, '12:00', '17:00'),
        hours(['fri'], '22:00', '02:00'),
      ]
      draft.exceptions = [exception('closure', 'Thanksgiving', '2026-11-26')]
    })
    const at = Date.parse('2026-11-25T18:00-07:00')
    const week = describeWeek(snapshotOf(document, at), fiona, at)
    const day = { start: '08:00', end: '17:00' }
    expect(week).toMatchObject({ zone: 'America/Denver', now: 'Wed 25 Nov 2026, 18:00', open: false })
    expect(week.changesAt).toBe(Date.parse('2026-11-27T08:00-07:00'))
    expect(week.days.map(({ weekday, hours: times }) => [weekday, times])).toEqual([
      ['mon', [day]],
      ['tue', [day]],
      ['wed', [day]],
      ['thu', []],
      ['fri', [day, { start: '22:00', end: '24:00' }]],
      ['sat', [{ start: '00:00', end: '02:00' }]],
      ['sun', []],
    ])
    expect(week.days.filter(({ isToday }) => isToday).map(({ date }) => date)).toEqual(['2026-11-25'])
  })

  it('goes on from today, over the end of the week, and knows no end where there is none', () => {
    const document = practice({ id: 'oak', name: 'Oak', zone: 'America/Denver' }, (draft) => {
      draft.timeWindows = [hours(['sun', 'mon'], '22:00', '02:00')]
    })
    const at = Date.parse('2026-11-28T12:00-07:00')
    const { days, open } = describeDays(snapshotOf(document, at), fiona, at, 14)
    expect(open).toBe(false)
    expect(days.map(({ date }) => date)).toEqual(
      Array.from({ length: 14 }, (_, day) =>
        new Date(Date.UTC(2026, 10, 28 + day)).toISOString().slice(0, 10),
      ),
    )
    const late = { start: '22:00', end: '24:00' }
    const early = { start: '00:00', end: '02:00' }
    expect(days.slice(0, 4).map(({ hours: times }) => times)).toEqual([[], [late], [early, late], [early]])
    expect(days[8]?.hours).toEqual([late])
    const always = practice({ id: 'oak', name: 'Oak', zone: 'America/Denver' }, (draft) => {
      draft.timeWindows = [hours(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], '00:00', '24:00')]
    })
    expect(describeWeek(snapshotOf(always, at), fiona, at)).toMatchObject({ open: true, changesAt: null })
  })

  it('agrees with the decision at every quarter of an hour', () => {
    fc.assert(
      fc.property(documents, members, fc.integer({ min: 0, max: 9 }), (document, member, day) => {
        const snapshot = snapshotOf(document)
        const at = base + day * 86_400_000
        const week = describeWeek(snapshot, { ...member, grants: [] }, at)
        const own = snapshot.userParts.get(member.user) ?? null
        const sources = {
          practice: snapshot.practicePart,
          roles: rolePartsOf(snapshot, member),
          own,
          grants: [],
        }
        for (let when = at - 8 * 86_400_000; when < at + 8 * 86_400_000; when += quarterMs) {
          const wall = readWall(document.practice.zone, when)
          const listed = week.days.find(({ date }) => date === wall.date)
          if (listed === undefined || when < snapshot.knownFrom) continue
          const shown = listed.hours.some(
            ({ start, end }) => start <= wall.time.slice(0, 5) && wall.time.slice(0, 5) < end,
          )
          // What is open in one of two equal hours is shown once, for both.
          if (hoursAt(sources, when).open) expect(shown, `${wall.date} ${wall.time}`).toBe(true)
          else if (shown) expect(isTwice(document.practice.zone, when)).toBe(true)
        }
      }),
      { numRuns: 25, seed: 12 },
    )
  })
})

/** Whether the wall shows this time twice. */
const isTwice = (zone: string, at: number): boolean => {
  const shows = JSON.stringify(readWall(zone, at))
  return [-2, -1, -0.5, 0.5, 1, 2].some(
    (hours) => JSON.stringify(readWall(zone, at + hours * 3_600_000)) === shows,
  )
}
