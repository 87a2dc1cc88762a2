/**
 * Nights on which the clocks of a zone change: which hour is skipped, or shown twice.
 *
 * It opens and closes nothing; the timetable does (a skipped time never comes, a repeated one comes twice). Invariant:
 * read off the browser's own zone table, so a zone it does not know has no such nights here; nothing is guessed.
 */

/** What the clocks of a wall do on a day. Times as that wall shows them. */
export type ClockChange = {
  readonly kind: 'skipped' | 'repeated'
  readonly from: string
  readonly to: string
}

const minuteMs = 60_000
const dayMs = 86_400_000
const searchedMs = 3 * 3_600_000

const formats = new Map<string, Intl.DateTimeFormat | null>()
const formatIn = (zone: string): Intl.DateTimeFormat | null => {
  const known = formats.get(zone)
  if (known !== undefined) return known
  let made: Intl.DateTimeFormat | null = null
  try {
    made = new Intl.DateTimeFormat('en-GB', {
      ...{ timeZone: zone, hourCycle: 'h23', era: 'short', year: 'numeric', month: '2-digit' },
      ...{ day: '2-digit', hour: '2-digit', minute: '2-digit' },
    })
  } catch {
    // The browser does not know the zone.
  }
  formats.set(zone, made)
  return made
}

/** Minutes that the wall of the zone is ahead of UTC at an instant of a whole minute. */
const offsetAt = (format: Intl.DateTimeFormat, at: number): number => {
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
  const part = (name: Intl.DateTimeFormatPartTypes): number => Number(parts.get(name))
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'))
  return Math.round((wall - at) / minuteMs)
}

const clockText = (utc: number): string => new Date(utc).toISOString().slice(11, 16)

/** The first minute with the new offset: it lies in (low, high]. */
const changeBetween = (format: Intl.DateTimeFormat, low: number, high: number): number => {
  const before = offsetAt(format, low)
  let [from, to] = [low / minuteMs, high / minuteMs]
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2)
    if (offsetAt(format, middle * minuteMs) === before) from = middle
    else to = middle
  }
  return to * minuteMs
}

/** What the clocks do on the day `date` (`2027-03-14`) in a zone; `null`: nothing out of the ordinary. */
export function clockChangeOn(date: string, zone: string): ClockChange | null {
  const format = formatIn(zone)
  const midnight = Date.parse(`${date}T00:00Z`)
  if (format === null || Number.isNaN(midnight)) return null
  const low = midnight - offsetAt(format, midnight) * minuteMs - searchedMs
  const high = low + dayMs + 2 * searchedMs
  const [before, after] = [offsetAt(format, low), offsetAt(format, high)]
  if (before === after) return null
  const at = changeBetween(format, low, high)
  const [old, fresh] = [at + before * minuteMs, at + after * minuteMs]
  if (new Date(Math.min(old, fresh)).toISOString().slice(0, 10) !== date) return null
  return after > before
    ? { kind: 'skipped', from: clockText(old), to: clockText(fresh) }
    : { kind: 'repeated', from: clockText(fresh), to: clockText(old) }
}

/** The next day from `date` on, within 400 days, on which the clocks change; `null`: there is none. */
export function nextClockChange(
  date: string,
  zone: string,
): (ClockChange & { readonly date: string }) | null {
  const first = Date.parse(`${date}T00:00Z`)
  const format = formatIn(zone)
  if (format === null || Number.isNaN(first)) return null
  // Weeks first: a zone without such nights costs sixty looks, not four hundred.
  for (let week = 0; week < 58; week += 1) {
    const start = first + 7 * week * dayMs
    if (offsetAt(format, start - dayMs) === offsetAt(format, start + 9 * dayMs)) continue
    for (let day = 0; day < 8; day += 1) {
      const found = new Date(start + day * dayMs).toISOString().slice(0, 10)
      const change = clockChangeOn(found, zone)
      if (change !== null) return { date: found, ...change }
    }
  }
  return null
}

/** "the clocks skip 02:00–03:00". */
export const clockChangeText = ({ kind, from, to }: ClockChange): string =>
  kind === 'skipped' ? `the clocks skip ${from}–${to}` : `the clocks show ${from}–${to} twice`
