/**
 * Goal: a painted week, its windows and its line of text are the same hours, minute for minute, whatever was painted.
 * Method: random weeks against a slow oracle that walks the minutes of a week one by one; clock changes against a wall.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clockChangeOn,
  clockChangeText,
  nextClockChange,
} from '../../../admin/ui/time-windows/clock-changes.ts'
import {
  dayMinutes,
  hoursOf,
  isSameWeek,
  openMinutes,
  painted,
  type WeekHours,
  type WeeklyTimes,
  weekDays,
  weekMinutes,
  windowsOf,
  withDayCopied,
} from '../../../admin/ui/time-windows/week-hours.ts'
import { readWeek, weekText } from '../../../admin/ui/time-windows/week-text.ts'
import { readWall } from '../../support/wall-clock.ts'

const clock = (minute: number) =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

/** Mostly quarters of an hour, sometimes any minute; both ends of the day often. */
const minute = fc.oneof(
  fc.integer({ min: 0, max: 95 }).map((quarter) => quarter * 15),
  fc.integer({ min: 0, max: dayMinutes - 1 }),
  fc.constantFrom(0, 1_439),
)
const window: fc.Arbitrary<WeeklyTimes> = fc
  .record({
    days: fc.subarray([...weekDays], { minLength: 1 }),
    start: minute,
    end: fc.oneof(minute, fc.constant(dayMinutes)),
  })
  .filter(({ start, end }) => start !== end)
  .map(({ days, start, end }) => ({ days, start: clock(start), end: clock(end) }))
const windows = fc.array(window, { maxLength: 6 })

/** The oracle: each minute of the week, reached by walking from the start of each window to its end. */
const walked = (of: readonly WeeklyTimes[]): boolean[] => {
  const open = new Array<boolean>(weekMinutes).fill(false)
  for (const { days, start, end } of of)
    for (const day of days) {
      let now = start
      let at = weekDays.indexOf(day) * dayMinutes + Number(start.slice(0, 2)) * 60 + Number(start.slice(3))
      do {
        open[at % weekMinutes] = true
        at += 1
        now = clock(at % dayMinutes)
      } while (now !== (end === '24:00' ? '00:00' : end))
    }
  return open
}
const minutesOf = (hours: WeekHours): readonly boolean[] => {
  const open = new Array<boolean>(weekMinutes).fill(false)
  for (const { from, to } of hours) open.fill(true, from, to)
  return open
}
const read = (text: string): WeekHours => {
  const found = readWeek(text)
  if ('problem' in found) throw new Error(`${text}: ${found.problem}`)
  return found.hours
}

describe('a week', () => {
  it('has the minutes of its windows and no other, and comes back from windows and from text as it was', () => {
    fc.assert(
      fc.property(windows, (of) => {
        const hours = hoursOf(of)
        expect(minutesOf(hours)).toEqual(walked(of))
        for (const [at, { from, to }] of hours.entries()) {
          expect(from).toBeLessThan(to)
          expect(from).toBeGreaterThan(hours[at - 1]?.to ?? -1)
        }
        const again = windowsOf(hours)
        expect(minutesOf(hours)).toEqual(walked(again))
        expect(again.every(({ start, end }) => start !== end && start !== '24:00')).toBe(true)
        const text = weekText(hours)
        expect([text, read(text)]).toEqual([text, hours])
        expect(weekText(read(text))).toBe(text)
      }),
      { numRuns: 100 },
    )
  })

  it('is painted and copied minute for minute', () => {
    const stretch = fc
      .tuple(fc.integer({ min: 0, max: weekMinutes }), fc.integer({ min: 0, max: weekMinutes }))
      .map(([one, other]) => ({ from: Math.min(one, other), to: Math.max(one, other) }))
    const day = fc.integer({ min: 0, max: 6 })
    fc.assert(
      fc.property(windows, stretch, fc.boolean(), day, fc.uniqueArray(day), (of, part, open, from, to) => {
        const hours = hoursOf(of)
        const wanted = [...minutesOf(hours)].fill(open, part.from, part.to)
        const made = painted(hours, part, open)
        expect(minutesOf(made)).toEqual(wanted)
        expect(openMinutes(made)).toBe(wanted.filter(Boolean).length)
        expect(openMinutes(made, part)).toBe(open ? part.to - part.from : 0)
        const source = wanted.slice(from * dayMinutes, (from + 1) * dayMinutes)
        for (const other of to) wanted.splice(other * dayMinutes, dayMinutes, ...source)
        expect(minutesOf(withDayCopied(made, from, to))).toEqual(wanted)
        expect(isSameWeek(made, hours)).toBe(JSON.stringify(made) === JSON.stringify(hours))
      }),
      { numRuns: 60 },
    )
  })

  it('keeps a night whole, over Sunday midnight too', () => {
    const nights: WeeklyTimes = { days: [...weekDays], start: '22:00', end: '06:00' }
    expect(windowsOf(hoursOf([nights]))).toEqual([nights])
    expect(weekText(hoursOf([nights]))).toBe('Every day 22:00–06:00 next day')
    expect(windowsOf(hoursOf([{ days: ['sun'], start: '23:30', end: '00:30' }]))).toEqual([
      { days: ['sun'], start: '23:30', end: '00:30' },
    ])
    expect(weekText(hoursOf([{ days: [...weekDays], start: '00:00', end: '24:00' }]))).toBe(
      'Every day all day',
    )
  })
})

describe('a line of text', () => {
  const cases: readonly (readonly [typed: string, written: string])[] = [
    ['Mon–Fri 08:00–18:00', 'Mon–Fri 08:00–18:00'],
    ['mon - fri: 8-18, sat 9-13', 'Mon–Fri 08:00–18:00; Sat 09:00–13:00'],
    ['Monday to Friday 8am to 6.30pm', 'Mon–Fri 08:00–18:30'],
    ['weekdays 08:00–12:00 and 13:00–17:00; weekend closed', 'Mon–Fri 08:00–12:00, 13:00–17:00'],
    ['Fri, Sat 22:00–06:00', 'Fri, Sat 22:00–06:00 next day'],
    ['Fri 22:00–06:00 (the next day)', 'Fri 22:00–06:00 next day'],
    ['sat-mon all day', 'Mon, Sat, Sun all day'],
    ['daily noon–midnight', 'Every day 12:00–24:00'],
    ['Mon 8-12\nMon 12-17\nTue 8-12', 'Mon 08:00–17:00; Tue 08:00–12:00'],
    ['Tuesdays midnight–1', 'Tue 00:00–01:00'],
    ['', 'closed'],
    ['closed', 'closed'],
  ]
  it.each(cases)('%j is read', (typed, written) => {
    expect(weekText(read(typed))).toBe(written)
  })

  const refused: readonly (readonly [typed: string, because: string])[] = [
    ['Frei 08:00–18:00', '“frei” is no day and no time.'],
    ['08:00–18:00', 'Before “08:00” the days are missing, as in Mon–Fri.'],
    ['Mon', 'After Mon the times are missing, as in 08:00–18:00.'],
    ['Mon 08:00', 'After “08:00” an end is missing, as in 08:00–18:00.'],
    ['Mon 8-25', '“25” is no time of day.'],
    ['Mon 08:61-10', '“08:61” is no time of day.'],
    ['Mon 13pm-14', '“13pm” is no time of day.'],
    ['Mon 8-8', '8–8 starts as it ends. Write “all day”, or leave it out.'],
    ['Mon 24:00-06:00', '“24:00” is the end of a day. Start the next day at 00:00.'],
    ['Mon 08:00-18:00 next day', '08:00–18:00 next day is longer than a day.'],
    ['Mon 0800-1800', '“0800-1800” is no day and no time.'],
  ]
  it.each(refused)('%j is not guessed', (typed, because) => {
    expect(readWeek(typed)).toEqual({ problem: because })
  })

  it('never breaks on what somebody types', () => {
    const piece = fc.constantFrom(
      'mon',
      '–',
      ' ',
      ',',
      ';',
      '8',
      '18:00',
      'next day',
      'to',
      'closed',
      'am',
      ':',
      '\n',
      'x',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const found = readWeek(pieces.join(''))
        expect('hours' in found || found.problem.length > 0).toBe(true)
      }),
      { numRuns: 500 },
    )
    expect(readWeek('x'.repeat(5_000))).toEqual({ problem: 'Use at most 4000 signs.' })
  })
})

describe('nights of clock change', () => {
  it('are those on which the wall jumps, to the minute', () => {
    expect(clockChangeOn('2027-03-14', 'America/Denver')).toEqual({
      kind: 'skipped',
      from: '02:00',
      to: '03:00',
    })
    expect(clockChangeOn('2026-11-01', 'America/Denver')).toEqual({
      kind: 'repeated',
      from: '01:00',
      to: '02:00',
    })
    expect(clockChangeOn('2026-04-05', 'Australia/Lord_Howe')).toEqual({
      kind: 'repeated',
      from: '01:30',
      to: '02:00',
    })
    expect(nextClockChange('2026-11-24', 'America/Denver')).toMatchObject({ date: '2027-03-14' })
    expect(nextClockChange('2026-11-24', 'America/Phoenix')).toBeNull()
    expect(clockChangeOn('2026-11-01', 'Mars/Base')).toBeNull()
    expect(clockChangeText({ kind: 'skipped', from: '02:00', to: '03:00' })).toBe(
      'the clocks skip 02:00–03:00',
    )
    for (const zone of ['America/Santiago', 'Asia/Tokyo'])
      for (let day = 0; day < 366; day += 1) {
        const at = Date.UTC(2026, 0, 1) + day * 86_400_000
        const date = new Date(at).toISOString().slice(0, 10)
        // The slow oracle: how many hours of the day the wall shows.
        let shown = 0
        for (let hour = -24; hour < 48; hour += 1)
          if (readWall(zone, at + hour * 3_600_000).date === date) shown += 1
        const change = clockChangeOn(date, zone)
        expect([zone, date, change?.kind]).toEqual([
          ...[zone, date, shown === 24 ? undefined : shown < 24 ? 'skipped' : 'repeated'],
        ])
      }
  })
})
