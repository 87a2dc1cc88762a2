/**
 * Goal: a window is open exactly when a clock on a wall in its zone reads a time inside it (SPEC §6).
 * Method: against reading that wall in awkward zones and years, and against zdump's transitions of every zone.
 */
import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TimeWindow } from '../../policies/document.ts'
import { hoursAt } from '../../policies/hours.ts'
import { type Instant, never } from '../../policies/instant.ts'
import { rolePartsOf } from '../../policies/snapshot.ts'
import { newDocument } from '../../policies/standard-roles.ts'
import { mergeIntervals, packEdges, unpackEdges } from '../../policies/timeline.ts'
import { compileTimetable, horizonMs } from '../../policies/timetable.ts'
import { offsetSegments } from '../../policies/timetable-zone.ts'
import { base, documents, instants, members, snapshotOf } from '../support/policy-cases.ts'
import { mayBeIn, readWall } from '../support/wall-clock.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** Zone, an instant near an odd transition, and what is odd about it. */
const awkward: readonly (readonly [zone: string, near: string])[] = [
  ['Europe/Berlin', '2026-10-25T01:00Z'],
  ['Europe/Dublin', '2026-03-29T01:00Z'],
  ['America/Denver', '2026-03-08T09:00Z'],
  ['America/St_Johns', '2026-11-01T04:30Z'],
  ['America/Havana', '2026-11-01T05:00Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00Z'],
  ['America/Caracas', '2016-05-01T07:00Z'],
  ['America/Asuncion', '2024-03-24T03:00Z'],
  ['Africa/Casablanca', '2026-02-15T02:00Z'],
  ['Africa/Cairo', '2026-04-23T22:00Z'],
  ['Asia/Beirut', '2026-03-28T22:00Z'],
  ['Asia/Gaza', '2025-10-25T23:00Z'],
  ['Asia/Kathmandu', '2026-06-01T00:00Z'],
  ['Asia/Pyongyang', '2018-05-04T15:00Z'],
  ['Asia/Tehran', '2022-09-21T19:30Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Antarctica/Troll', '2026-03-29T01:00Z'],
  ['Antarctica/Casey', '2023-03-08T16:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00Z'],
  ['Pacific/Chatham', '2026-09-26T14:00Z'],
  ['Pacific/Kwajalein', '1993-08-21T12:00Z'],
]

const clocks = ['00:00', '00:30', '01:00', '02:00', '02:15', '03:00', '12:00', '22:00', '23:30']
const windowsIn: fc.Arbitrary<TimeWindow> = fc
  .record({
    id: fc.constant('w1'),
    label: fc.constant(null),
    audience: fc.constant<'practice'>('practice'),
    days: fc.subarray(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as TimeWindow['days'], {
      minLength: 1,
    }),
    start: fc.constantFrom(...clocks),
    end: fc.constantFrom(...clocks, '24:00'),
    zone: fc.constant(null),
    validFrom: fc.constant(null),
    validTo: fc.constant(null),
    insteadOfRoleHours: fc.constant(false),
  })
  .filter(({ start, end }) => start !== end)

/** The person asked about where only practice-wide hours matter. */
const nobody = { practice: null, roles: [], own: null, grants: [] }

const practiceOpen = (zone: string, windows: readonly TimeWindow[], near: Instant) => {
  const document = newDocument({ id: 'oak', name: 'Oak', zone }, 'standard')
  document.timeWindows = windows.map((window, at) => ({ ...window, id: `w${at}` }))
  const { practicePart } = snapshotOf(document, near)
  return {
    compiled: (at: Instant) => hoursAt({ ...nobody, practice: practicePart }, at),
    wall: (at: Instant) => mayBeIn(document, 'anna', [], at),
  }
}

describe('the wall clock is the law', () => {
  for (const [zone, text] of awkward) {
    it(`in ${zone} around ${text}`, () => {
      const near = Date.parse(text)
      const steps = fc.integer({ min: -60 * 12, max: 60 * 12 })
      fc.assert(
        fc.property(
          fc.array(windowsIn, { minLength: 1, maxLength: 3 }),
          fc.array(steps, { minLength: 25 }),
          (windows, asked) => {
            const { compiled, wall } = practiceOpen(zone, windows, near)
            for (const step of asked) {
              const at = near + step * 10 * minuteMs
              const { open, until } = compiled(at)
              expect(open, JSON.stringify(readWall(zone, at))).toBe(wall(at))
              if (until < near + horizonMs) {
                expect(wall(until)).toBe(!open)
                expect(wall(until - 1)).toBe(open)
              }
            }
          },
        ),
        { numRuns: 12, seed: 6 },
      )
    })
  }

  it('skips the hour that never was and opens twice where it was twice', () => {
    const night: TimeWindow = { ...windowAt('02:00', '03:00'), days: ['sun'] }
    const spring = practiceOpen('Europe/Berlin', [night], Date.parse('2026-03-20T00:00Z'))
    expect(spring.compiled(Date.parse('2026-03-28T12:00Z'))).toEqual({
      open: false,
      until: Date.parse('2026-04-05T00:00Z'),
      opensAt: Date.parse('2026-04-05T00:00Z'),
    })
    const autumn = practiceOpen('Europe/Berlin', [night], Date.parse('2026-10-20T00:00Z'))
    expect(autumn.compiled(Date.parse('2026-10-25T00:00Z')).until).toBe(Date.parse('2026-10-25T02:00Z'))
  })

  it('opens on no Friday in Apia in the week that had none', () => {
    const friday: TimeWindow = { ...windowAt('00:00', '24:00'), days: ['fri'] }
    const { compiled } = practiceOpen('Pacific/Apia', [friday], Date.parse('2011-12-25T00:00Z'))
    expect(compiled(Date.parse('2011-12-28T00:00Z')).opensAt).toBe(Date.parse('2012-01-05T10:00Z'))
  })

  it('merges windows that adjoin', () => {
    const parts = [windowAt('08:00', '12:00'), windowAt('12:00', '17:00'), windowAt('16:00', '18:00')]
    const { compiled } = practiceOpen('UTC', parts, base)
    expect(compiled(base + 9 * hourMs).until).toBe(base + 18 * hourMs)
  })
})

const windowAt = (start: string, end: string): TimeWindow => ({
  id: 'w',
  label: null,
  audience: 'practice',
  days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
  start,
  end,
  zone: null,
  validFrom: null,
  validTo: null,
  insteadOfRoleHours: false,
})

describe('who may be in', () => {
  it('follows windows, closures, openings, roles and "instead" as read aloud', () => {
    let closedByAll = 0
    fc.assert(
      fc.property(documents, fc.array(fc.tuple(members, instants), { minLength: 60 }), (document, asked) => {
        const snapshot = snapshotOf(document)
        for (const [member, at] of asked) {
          const own = snapshot.userParts.get(member.user) ?? null
          const sources = {
            practice: snapshot.practicePart,
            roles: rolePartsOf(snapshot, member),
            own,
            grants: [],
          }
          const { open } = hoursAt(sources, at)
          expect(open).toBe(mayBeIn(document, member.user, member.roles, at))
          if (!open) closedByAll += 1
        }
      }),
      { numRuns: 60, seed: 9 },
    )
    expect(closedByAll).toBeGreaterThan(100)
  })
})

describe('the compiled timetable', () => {
  it('ends at its horizon, and a later compilation moves it', () => {
    const document = newDocument({ id: 'oak', name: 'Oak', zone: 'Europe/Berlin' }, 'standard')
    document.timeWindows = [windowAt('00:00', '24:00')]
    const first = compileTimetable(document, base)
    expect(first.knownUntil).toBe(base + horizonMs)
    expect(compileTimetable(document, base + hourMs).knownUntil).toBe(first.knownUntil + hourMs)
    const edges = unpackEdges(first.timelines[0]?.edges)
    expect([...(edges ?? [])]).toEqual([first.knownFrom, first.knownUntil])
  })

  it('packs edges and reads back only what it packed', () => {
    const intervals = fc.array(fc.tuple(fc.integer({ min: 0, max: 1e7 }), fc.integer({ min: 0, max: 1e5 })))
    fc.assert(
      fc.property(intervals, (given) => {
        const edges = mergeIntervals(
          given.map(([from, long]) => ({ from: from * 1000, to: (from + long) * 1000 })),
        )
        expect([...(unpackEdges(JSON.parse(JSON.stringify(packEdges(edges)))) ?? [])]).toEqual(edges)
      }),
    )
    for (const bad of [null, {}, [1], [1, 0], [1, -1], [1, 1.5], [1, '2'], [1, never * 2]]) {
      expect(unpackEdges(bad)).toBeNull()
    }
  })

  it('knows the transitions that zdump knows, in every zone', () => {
    const zones = Intl.supportedValuesOf('timeZone')
    const [from, to] = [Date.UTC(2021, 0, 1), Date.UTC(2024, 0, 1)]
    const printed = execFileSync('zdump', ['-v', '-c', '2021,2024', ...zones], {
      encoding: 'utf8',
      maxBuffer: 1e8,
    })
    const turns = new Map<string, Map<Instant, number>>()
    for (const line of printed.split('\n')) {
      const [, zone, when, offset] = /^(\S+)\s+\w+ (.+ \d{4}) UTC? = .* gmtoff=(-?\d+)$/.exec(line) ?? []
      if (zone === undefined || offset === undefined) continue
      const of = turns.get(zone) ?? new Map<Instant, number>()
      of.set(Date.parse(`${when} UTC`), Number(offset) * 1000)
      turns.set(zone, of)
    }
    let compared = 0
    const corrected: string[] = []
    for (const zone of zones) {
      // zdump prints the second before and the second of each transition.
      const expected = [...(turns.get(zone) ?? [])].filter(
        ([at, offset]) => at > from && at < to && (turns.get(zone)?.get(at - 1000) ?? offset) !== offset,
      )
      const found = offsetSegments(zone, from, to).slice(1)
      const told = found.map((segment) => [segment.from, segment.offsetMs])
      compared += expected.length
      if (JSON.stringify(told) === JSON.stringify(expected)) continue
      // The system's zone database may be older than Node's, which corrects the past: then Node's clock decides.
      corrected.push(zone)
      for (const { from: turn, offsetMs } of found) expect(wallOffset(zone, turn), zone).toBe(offsetMs)
      for (const { from: turn, offsetMs } of found)
        expect(wallOffset(zone, turn - 1000), zone).not.toBe(offsetMs)
    }
    expect(compared).toBeGreaterThan(500)
    expect(corrected.length, corrected.join(', ')).toBeLessThan(12)
  })
})

/** How far the wall is ahead of UTC, read off the wall. */
const wallOffset = (zone: string, at: Instant): number => {
  const { date, time } = readWall(zone, at)
  return Date.parse(`${date}T${time}Z`) - at
}
