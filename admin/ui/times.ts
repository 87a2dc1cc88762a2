/**
 * Instants as people read them, in the practice's zone; and what they type there, back as an instant.
 *
 * No calendar and no time windows. Invariant: the zone is always the practice's, never the browser's; a local time
 * that a clock change skips moves forward with the clocks.
 */
import { useEffect, useState } from 'react'

const minuteMs = 60_000

const formats = new Map<string, Intl.DateTimeFormat>()
const formatIn = (zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat => {
  const key = `${zone} ${JSON.stringify(options)}`
  const format = formats.get(key) ?? new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...options })
  formats.set(key, format)
  return format
}

/** "24 Nov 2026, 14:05". */
export const dateTime = (at: number, zone: string): string =>
  formatIn(zone, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
  }).format(at)

/** "Tuesday, 24 November 2026". */
export const dayText = (at: number, zone: string): string =>
  formatIn(zone, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }).format(at)

/** "14:05". */
export const clockText = (at: number, zone: string): string =>
  formatIn(zone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at)

/** "24 Nov 2026, 14:05:09 GMT-7". */
export const fullTime = (at: number, zone: string): string =>
  formatIn(zone, { dateStyle: 'medium', timeStyle: 'long' }).format(at)

/** "just now", "12 min ago", "3 h ago", "in 5 d"; beyond a month `null`: show the date. */
export function relativeTime(at: number, now: number): string | null {
  const distance = Math.abs(now - at)
  if (distance < minuteMs) return 'just now'
  const words =
    distance < 60 * minuteMs
      ? `${Math.floor(distance / minuteMs)} min`
      : distance < 1_440 * minuteMs
        ? `${Math.floor(distance / (60 * minuteMs))} h`
        : distance < 43_200 * minuteMs
          ? `${Math.floor(distance / (1_440 * minuteMs))} d`
          : null
  if (words === null) return null
  return at <= now ? `${words} ago` : `in ${words}`
}

/** "38 ms", "1.2 s". */
export const spanText = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`)

/** "30 days", "1 day", "12 hours", "15 minutes": the largest unit that fits whole. */
export function lengthText(ms: number): string {
  const [count, unit] =
    ms % (1_440 * minuteMs) === 0
      ? [ms / (1_440 * minuteMs), 'day']
      : ms % (60 * minuteMs) === 0
        ? [ms / (60 * minuteMs), 'hour']
        : [Math.round(ms / minuteMs), 'minute']
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

/** `2026-11-24T14:05` as the clock on the practice's wall shows it, for an input of local date and time. */
export const wallTime = (at: number, zone: string): string =>
  formatIn(zone, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
    .formatToParts(at)
    .reduce(
      (text, { type, value }) => text.replace(`<${type}>`, value),
      '<year>-<month>-<day>T<hour>:<minute>',
    )

/** The instant at which the practice's wall clock shows `text`; `null`: not a date and time. */
export function instantOf(text: string, zone: string): number | null {
  const asUtc = Date.parse(`${text}Z`)
  if (Number.isNaN(asUtc)) return null
  const offsetAt = (at: number): number =>
    Date.parse(`${wallTime(at, zone)}Z`) - Math.floor(at / minuteMs) * minuteMs
  const guess = asUtc - offsetAt(asUtc)
  return asUtc - offsetAt(guess)
}

/** Now, renewed twice a minute. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), minuteMs / 2)
    return () => clearInterval(timer)
  }, [])
  return now
}
