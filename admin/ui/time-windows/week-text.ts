/**
 * The hours of a week as a line of text, "Mon–Fri 08:00–18:00; Sat 09:00–13:00", and such a line as hours.
 *
 * The twin of the painted week. Invariant: what is written is read back as the same hours; what is not understood is
 * named by its own word, and nothing is guessed. Words of other languages were refused: half a translation misreads.
 */
import {
  hoursOf,
  timesByDay,
  type WeekDay,
  type WeekHours,
  type WeeklyTimes,
  weekDays,
} from './week-hours.ts'

/** Days as they are written. */
export const dayNames: readonly string[] = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** The longest line that is read. */
export const weekTextMax = 4_000

const daysText = (days: readonly number[]): string => {
  if (days.length === 7) return 'Every day'
  const runs: [number, number][] = []
  for (const day of days) {
    const last = runs.at(-1)
    if (last !== undefined && last[1] === day - 1) last[1] = day
    else runs.push([day, day])
  }
  return runs
    .map(([first, last]) => {
      if (last === first) return dayNames[first]
      return `${dayNames[first]}${last === first + 1 ? ', ' : '–'}${dayNames[last]}`
    })
    .join(', ')
}

const timesText = (times: readonly { readonly start: string; readonly end: string }[]): string =>
  times
    .map(({ start, end }) => {
      if (start === '00:00' && end === '24:00') return 'all day'
      return end < start ? `${start}–${end} next day` : `${start}–${end}`
    })
    .join(', ')

/** The hours in words; `closed` where there are none. */
export const weekText = (hours: WeekHours): string => {
  const days = new Map<string, number[]>()
  for (const [day, times] of timesByDay(hours).entries()) {
    const text = timesText(times)
    if (text !== '') days.set(text, [...(days.get(text) ?? []), day])
  }
  return [...days].map(([text, found]) => `${daysText(found)} ${text}`).join('; ') || 'closed'
}

type Token =
  | { readonly kind: 'days'; readonly days: readonly number[]; readonly text: string }
  | { readonly kind: 'time'; readonly minute: number; readonly text: string }
  | { readonly kind: 'to' | 'next' | 'closed' | 'all' | 'between'; readonly text: string }

/** A problem in words, or what was read. */
export type ReadWeek = { readonly hours: WeekHours } | { readonly problem: string }

class Unread extends Error {}

const words: readonly (readonly [RegExp, (found: RegExpExecArray) => Token])[] = [
  [
    /^(?:every ?day|daily|all week)\b/,
    ([text]) => ({ kind: 'days', days: [0, 1, 2, 3, 4, 5, 6], text: text ?? '' }),
  ],
  [/^(?:weekdays?|work ?days?)\b/, ([text]) => ({ kind: 'days', days: [0, 1, 2, 3, 4], text: text ?? '' })],
  [/^weekends?\b/, ([text]) => ({ kind: 'days', days: [5, 6], text: text ?? '' })],
  [
    /^(?:mon(?:days?)?|tue(?:s(?:days?)?)?|wed(?:nesdays?|s)?|thu(?:r(?:s(?:days?)?)?)?|fri(?:days?)?|sat(?:urdays?)?|sun(?:days?)?)\b\.?/,
    ([text = '']) => ({ kind: 'days', days: [weekDays.indexOf(text.slice(0, 3) as WeekDay)], text }),
  ],
  [/^(?:all day|24 ?h(?:ours)?|around the clock)\b/, ([text]) => ({ kind: 'all', text: text ?? '' })],
  [/^(?:closed|none|off|no hours)\b/, ([text]) => ({ kind: 'closed', text: text ?? '' })],
  [
    /^(?:\(?(?:(?:of )?the )?next (?:day|morning)\)?|\(?\+ ?1\)?)/,
    ([text]) => ({ kind: 'next', text: text ?? '' }),
  ],
  [/^noon\b/, ([text]) => ({ kind: 'time', minute: 720, text: text ?? '' })],
  [/^midnight\b/, ([text]) => ({ kind: 'time', minute: 1_440, text: text ?? '' })],
  [/^(\d{1,2})(?:[:.h](\d\d))? ?(am|pm)?(?![\d:.])\b/, (found) => timeToken(found)],
  [/^(?:[–—‒−-]|to\b|until\b|till\b)/, ([text]) => ({ kind: 'to', text: text ?? '' })],
  [/^(?:[;,\n&+]|and\b)/, ([text]) => ({ kind: 'between', text: text ?? '' })],
]

function timeToken([text = '', hours = '', minutes = '00', half]: RegExpExecArray): Token {
  const [hour, minute] = [Number(hours), Number(minutes)]
  const isHalf = half !== undefined
  const hour24 = isHalf ? (hour % 12) + (half === 'pm' ? 12 : 0) : hour
  if (minute > 59 || hour24 * 60 + minute > 1_440 || (isHalf && (hour < 1 || hour > 12)))
    throw new Unread(`“${text}” is no time of day.`)
  return { kind: 'time', minute: hour24 * 60 + minute, text: text.trim() }
}

function tokensOf(text: string): readonly Token[] {
  const found: Token[] = []
  for (let rest = text.toLowerCase(); ; ) {
    rest = rest.replace(/^(?:[^\S\n]|:(?!\d))+/, '')
    if (rest === '') return found
    const line = words
      .map(([word, make]) => ({ match: word.exec(rest), make }))
      .find(({ match }) => match !== null)
    if (line?.match == null) {
      const [word = rest] = rest.split(/[\s,;]/)
      throw new Unread(`“${word.slice(0, 20)}” is no day and no time.`)
    }
    found.push(line.make(line.match))
    rest = rest.slice(line.match[0].length)
  }
}

/** Reads tokens from the front. */
function cursorOn(tokens: readonly Token[]) {
  let at = 0
  return {
    peek: (ahead = 0): Token | undefined => tokens[at + ahead],
    take: (): Token | undefined => tokens[at++],
    skip: (kind: Token['kind']): boolean => {
      if (tokens[at]?.kind !== kind) return false
      at += 1
      return true
    },
  }
}
type Cursor = ReturnType<typeof cursorOn>

const skipBetween = (cursor: Cursor): void => {
  while (cursor.skip('between'));
}

/** `Mon–Wed, Fri`: days and runs of days up to the first time. */
function readDays(cursor: Cursor): readonly number[] {
  const days = new Set<number>()
  for (;;) {
    const token = cursor.peek()
    if (token?.kind !== 'days') break
    cursor.take()
    const next = cursor.peek(1)
    const [first = 0] = token.days
    if (token.days.length === 1 && cursor.peek()?.kind === 'to' && next?.kind === 'days') {
      cursor.take()
      cursor.take()
      const [last = 0] = next.days
      for (let day = first; ; day = (day + 1) % 7) {
        days.add(day)
        if (day === last) break
      }
    } else for (const day of token.days) days.add(day)
    skipBetween(cursor)
  }
  return [...days]
}

const clock = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

function readRange(cursor: Cursor): { readonly start: string; readonly end: string } {
  const [from, dash, to] = [cursor.take(), cursor.take(), cursor.take()]
  if (from?.kind !== 'time' || dash?.kind !== 'to' || to?.kind !== 'time')
    throw new Unread(`After “${from?.text ?? ''}” an end is missing, as in 08:00–18:00.`)
  if (from.minute === 1_440 && from.text !== 'midnight')
    throw new Unread(`“${from.text}” is the end of a day. Start the next day at 00:00.`)
  const start = from.minute % 1_440
  const isNext = cursor.skip('next')
  if (start === to.minute % 1_440 && !(start === 0 && to.minute === 1_440))
    throw new Unread(`${from.text}–${to.text} starts as it ends. Write “all day”, or leave it out.`)
  if (isNext && to.minute > start) throw new Unread(`${from.text}–${to.text} next day is longer than a day.`)
  // Midnight as an end is the day's own.
  return { start: clock(start), end: clock(to.minute === 0 ? 1_440 : to.minute) }
}

/** The times after days; `closed` adds none. */
function readTimes(cursor: Cursor, days: readonly number[]): readonly WeeklyTimes[] {
  const names = days.map((day) => weekDays[day] ?? 'mon')
  const found: WeeklyTimes[] = []
  for (let count = 0; ; count += 1) {
    const token = cursor.peek()
    if (token?.kind === 'all') {
      cursor.take()
      found.push({ days: names, start: '00:00', end: '24:00' })
    } else if (token?.kind === 'closed') cursor.take()
    else if (token?.kind === 'time') found.push({ days: names, ...readRange(cursor) })
    else if (count === 0)
      throw new Unread(
        `After ${days.map((day) => dayNames[day]).join(', ')} the times are missing, as in 08:00–18:00.`,
      )
    else return found
    skipBetween(cursor)
  }
}

/** Reads a line of hours; several lines for the same day add up. */
export function readWeek(text: string): ReadWeek {
  if (text.length > weekTextMax) return { problem: `Use at most ${weekTextMax} signs.` }
  try {
    const cursor = cursorOn(tokensOf(text))
    skipBetween(cursor)
    if (cursor.peek()?.kind === 'closed' && cursor.peek(1) === undefined) return { hours: [] }
    const found: WeeklyTimes[] = []
    for (let token = cursor.peek(); token !== undefined; token = cursor.peek()) {
      if (token.kind !== 'days')
        throw new Unread(`Before “${token.text}” the days are missing, as in Mon–Fri.`)
      found.push(...readTimes(cursor, readDays(cursor)))
    }
    return { hours: hoursOf(found) }
  } catch (error) {
    if (error instanceof Unread) return { problem: error.message }
    throw error
  }
}
