/**
 * Whether a member may be in at an instant, until when that holds, and when it opens next.
 *
 * It reads edges that `timetable.ts` compiled and asks no zone. The order is SPEC §1's: a closure that concerns the
 * member (by practice, any role, or name) beats every window, an opening beats every closure, a grant beats both.
 * Windows are a union over practice, roles and user, unless the user's own stand "instead". Invariant: the answer
 * is constant on [at, until) and changes at `until`, unless `until` is `never`.
 */
import { type Instant, never } from './instant.ts'
import type { Part } from './snapshot.ts'
import { type Interval, layerBits, position, type Timeline } from './timeline.ts'

/** All that speaks on one member's hours. */
export type HoursSources = {
  readonly practice: Part
  readonly roles: readonly Part[]
  /** What is said of the user by name; `null`: nothing. */
  readonly own: Part | null
  /** Grants that lift the control `time`. */
  readonly grants: readonly Interval[]
}

/** `until`: when the answer changes; `opensAt`: that instant where closed, `null` where open or never. */
export type HoursAnswer = {
  readonly open: boolean
  readonly until: Instant
  readonly opensAt: Instant | null
}

/** Reads timelines at one instant and remembers the nearest edge after it. */
type Reading = { at: Instant; next: Instant }

/** The layers that are on, as `layerBits`. */
const read = (reading: Reading, timeline: Timeline | null): number => {
  if (timeline === null) return 0
  const index = position(timeline, reading.at)
  const edge = timeline.edges[index]
  if (edge !== undefined && edge < reading.next) reading.next = edge
  return timeline.states[index] as number
}

const readsGrants = (reading: Reading, grants: readonly Interval[]): boolean => {
  let active = false
  for (const { from, to } of grants) {
    if (from > reading.at) {
      if (from < to && from < reading.next) reading.next = from
    } else if (to > reading.at) {
      active = true
      if (to < reading.next) reading.next = to
    }
  }
  return active
}

const { windows, closures, openings, instead } = layerBits

/** Whether it is open at the reading's instant; every source is read, so that no edge is missed. */
const isOpen = (reading: Reading, { practice, roles, own, grants }: HoursSources): boolean => {
  let general = read(reading, practice.hours)
  for (const { hours } of roles) general |= read(reading, hours)
  const personal = own === null ? 0 : read(reading, own.hours)
  const granted = readsGrants(reading, grants)
  if (granted || ((general | personal) & openings) !== 0) return true
  if (((general | personal) & closures) !== 0) return false
  return (((personal & instead) === 0 ? general | personal : personal) & windows) !== 0
}

/** The answer at `at`. One reading in most cases, one more per edge that changes nothing. */
export const hoursAt = (sources: HoursSources, at: Instant): HoursAnswer => {
  const reading: Reading = { at, next: never }
  const open = isOpen(reading, sources)
  while (reading.next !== never) {
    const edge = reading.next
    reading.at = edge
    reading.next = never
    if (isOpen(reading, sources) !== open) return { open, until: edge, opensAt: open ? null : edge }
  }
  return { open, until: never, opensAt: null }
}

/**
 * The earliest instant after `at` up to which the intervals, taken together, go on covering it; `at` itself where they
 * do not cover it. For terms that hold while any of several reasons to hold does.
 */
export const coveredUntil = (intervals: readonly Interval[], at: Instant): Instant => {
  let until = at
  for (let moved = true; moved; ) {
    moved = false
    for (const { from, to } of intervals) {
      if (from <= until && to > until) {
        until = to
        moved = true
      }
    }
  }
  return until
}

/** The first start after `at` of an interval that is not empty; `null`: none. */
export const nextStart = (intervals: readonly Interval[], at: Instant): Instant | null => {
  let start: Instant | null = null
  for (const { from, to } of intervals) {
    if (from > at && from < to && (start === null || from < start)) start = from
  }
  return start
}
