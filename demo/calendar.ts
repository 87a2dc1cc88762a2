// The practice's own calendar: which day and minute it is there, and how they are written.
//
// Not a scheduler. Days are 'YYYY-MM-DD' strings and times are minutes since local midnight, so a
// clock change never moves an appointment.
// Invariant: every function takes the instant or the day; none reads a clock.
// Refused: a date library; three questions do not need one.

const minutePattern = /^([01]\d|2[0-3]):([0-5]\d)$/
const dayPattern = /^\d{4}-\d{2}-\d{2}$/
const dayMs = 24 * 60 * 60 * 1000

/** The local day ('YYYY-MM-DD') and minute of the day (0–1439) at an instant in an IANA zone. */
export function localMoment(zone: string, at: number): { readonly day: string; readonly minute: number } {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at)
  const part = (type: string): string => parts.find((entry) => entry.type === type)?.value ?? '0'
  return {
    day: `${part('year')}-${part('month')}-${part('day')}`,
    minute: Number(part('hour')) * 60 + Number(part('minute')),
  }
}

/** Whether the text is a real calendar day, written 'YYYY-MM-DD'. */
export function isDay(text: string): boolean {
  if (!dayPattern.test(text)) return false
  const at = Date.parse(`${text}T00:00:00Z`)
  return Number.isFinite(at) && new Date(at).toISOString().startsWith(text)
}

/** The day a number of days after (or, if negative, before) the given one. */
export function shiftDay(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10)
}

/** How many days `day` lies after `other`; negative when before. */
export function daysBetween(day: string, other: string): number {
  return Math.round((Date.parse(`${day}T00:00:00Z`) - Date.parse(`${other}T00:00:00Z`)) / dayMs)
}

/** A day in words: 'Tuesday, March 4, 2025'. */
export function dayInWords(day: string): string {
  return new Intl.DateTimeFormat('en-US', { dateStyle: 'full', timeZone: 'UTC' }).format(
    Date.parse(`${day}T00:00:00Z`),
  )
}

/** A day in short: 'Mar 4, 2025'. */
export function dayInShort(day: string): string {
  return new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeZone: 'UTC' }).format(
    Date.parse(`${day}T00:00:00Z`),
  )
}

/** An instant in a practice's own words: 'Mar 4, 2:15 PM'. */
export function momentInShort(zone: string, at: number): string {
  return new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
  }).format(at)
}

/** A minute of the day in words: 495 is '8:15 AM'. */
export function minuteInWords(minute: number): string {
  const hour = Math.floor(minute / 60)
  return `${hour % 12 || 12}:${String(minute % 60).padStart(2, '0')} ${hour % 24 < 12 ? 'AM' : 'PM'}`
}

/** A minute of the day as form fields write it: 495 is '08:15'. */
export function minuteInDigits(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
}

/** The minute of the day that 'HH:MM' means, or `null` when it is no such time. */
export function parseMinute(text: string): number | null {
  const match = minutePattern.exec(text)
  return match ? Number(match[1]) * 60 + Number(match[2]) : null
}
