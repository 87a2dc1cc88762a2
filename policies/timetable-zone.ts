/**
 * What a zone's clocks show: the offset at an instant, and stretches of constant offset.
 *
 * It is the only file that asks luxon, and only for the offset *at an instant*: asked for the instant of a wall
 * time, libraries answer an hour apart where the wall shows that time twice. Invariant: segments touch, cover what
 * was asked for, and within one the offset does not change. Nothing here runs in a decision.
 */
import { IANAZone } from 'luxon'
import { dayMs, dayOf, localText, parseClock } from './calendar.ts'
import type { DurationMs, Instant } from './instant.ts'

/** A stretch of time in which a zone keeps one offset: wall time = instant + `offsetMs`. */
export type OffsetSegment = { readonly from: Instant; readonly to: Instant; readonly offsetMs: DurationMs }

/** Whether the text names a zone of the IANA database (`America/Denver`, `UTC`); bare offsets do not count. */
export const isZone = (text: string): boolean => /^[A-Za-z]/.test(text) && IANAZone.isValidZone(text)

/** How far the zone's wall clock is ahead of UTC at `at`; NaN for an unknown zone. 5–10 µs. */
export const offsetAt = (zone: string, at: Instant): DurationMs =>
  Math.round(IANAZone.create(zone).offset(at) * 60_000)

/** Transitions are looked for at this step; the closest two since 1970 were a week apart (Boa Vista, 2000). */
const stepMs: DurationMs = 48 * 3_600_000

/** The first instant in (from, to] with another offset than `from`, to the second. */
const transitionBetween = (zone: string, from: Instant, to: Instant, offsetMs: DurationMs): Instant => {
  let low = Math.floor(from / 1000)
  let high = Math.ceil(to / 1000)
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (offsetAt(zone, middle * 1000) === offsetMs) low = middle
    else high = middle
  }
  return high * 1000
}

/** The stretches of constant offset that cover [from, to), in order. 400 days take about 3 ms. */
export const offsetSegments = (zone: string, from: Instant, to: Instant): readonly OffsetSegment[] => {
  const segments: OffsetSegment[] = []
  let start = from
  let offsetMs = offsetAt(zone, from)
  for (let at = from; at < to; at += stepMs) {
    const next = Math.min(at + stepMs, to)
    const nextOffset = offsetAt(zone, next)
    if (nextOffset === offsetMs) continue
    const turn = transitionBetween(zone, at, next, offsetMs)
    segments.push({ from: start, to: turn, offsetMs })
    start = turn
    offsetMs = nextOffset
  }
  if (start < to) segments.push({ from: start, to, offsetMs })
  return segments
}

/**
 * An instant within a day after `at` at which the zone's clocks show `clock` (`HH:MM`, at most `24:00`): of a time that
 * they show twice either one, of one they skip the moment they have passed it.
 */
export const nextClock = (zone: string, clock: string, at: Instant): Instant => {
  const today = dayOf(at + offsetAt(zone, at)) * dayMs + parseClock(clock)
  const shown = (wall: number): Instant => {
    const about = wall - offsetAt(zone, at)
    return wall - offsetAt(zone, wall - offsetAt(zone, about))
  }
  const instant = shown(today)
  return instant > at ? instant : shown(today + dayMs)
}

/** An instant as the zone's clocks show it: `Mon 23 Nov 2026, 08:00`. */
export const momentText = (zone: string, at: Instant): string => localText(at + offsetAt(zone, at))
