/**
 * Whether a member may be in at an instant, until when that holds, and when it opens next.
 *
 * It reads edges that `timetable.ts` compiled and asks no zone. The order is SPEC §1's: a closure that concerns the
 * member (by practice, any role, or name) beats every window, an opening beats every closure, a grant beats both.
 * Windows are a union over practice, roles and user, unless the user's own stand "instead". Invariant: the answer
 * is constant on [at, until) and changes at `until`, unless `until` is `never`.
 */
import { type Instant, never as imported } from './instant.ts'
import type { Part } from './snapshot.ts'
import { type Interval, layerBits, position } from './timeline.ts'

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

/** A constant of this module, which V8 folds; it would fetch an imported one each time, not knowing it for a number. */
const never: Instant = imported

const { windows, closures, openings, instead } = layerBits

/** What is said of the user by name lies this many bits above what is said of practice and roles. */
const byName = 4
const granted = 1 << 8

/** What is on at an instant, the first edge after it (`never`: none), and what is on from there. */
type Reading = { readonly now: number; readonly next: Instant; readonly then: number }

const readTimelines = ({ practice, roles, own }: HoursSources, at: Instant): Reading => {
  const count = roles.length
  let [now, next, then] = [0, never, 0]
  for (let n = 0; n < count + 2; n++) {
    const part = n < count ? roles[n] : n === count ? practice : own
    const timeline = part?.hours ?? null
    if (timeline === null) continue
    const { edges, states } = timeline
    const shift = n > count ? byName : 0
    const index = position(timeline, at)
    const isLast = index === edges.length
    const on = (states[index] as number) << shift
    const edge = isLast ? never : (edges[index] as number)
    // Up to the nearest edge found so far nothing that was read before changes.
    if (edge < next) {
      then = now
      next = edge
    }
    then |= edge === next && !isLast ? (states[index + 1] as number) << shift : on
    now |= on
  }
  return { now, next, then }
}

const addGrants = (reading: Reading, grants: readonly Interval[], at: Instant): Reading => {
  let { now, next, then } = reading
  for (const { from, to } of grants) {
    const on = from <= at && at < to ? granted : 0
    const start = from > at && from < to ? from : never
    const edge = on === 0 ? start : to
    if (edge < next) {
      then = now
      next = edge
    }
    then |= edge === next ? granted ^ on : on
    now |= on
  }
  return { now, next, then }
}

/** One look at every source, so that no edge is missed. */
const read = (sources: HoursSources, at: Instant): Reading => {
  const reading = readTimelines(sources, at)
  return sources.grants.length === 0 ? reading : addGrants(reading, sources.grants, at)
}

/** Whether it is open while these layers are on: what is stronger is asked first. */
const isOpen = (on: number): boolean => {
  const personal = on >> byName
  const any = on | personal
  if ((any & (openings | granted)) !== 0) return true
  if ((any & closures) !== 0) return false
  return (((personal & instead) === 0 ? any : personal) & windows) !== 0
}

/** The answer at `at`. One reading in most cases, one more per edge that changes nothing. */
export const hoursAt = (sources: HoursSources, at: Instant): HoursAnswer => {
  let reading = read(sources, at)
  const open = isOpen(reading.now)
  while (reading.next !== never && isOpen(reading.then) === open) reading = read(sources, reading.next)
  const until = reading.next
  return { open, until, opensAt: open || until === never ? null : until }
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
