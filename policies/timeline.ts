/**
 * Sorted edges: when something is on and when off, and the next time it changes.
 *
 * It knows no window, zone or person (`timetable.ts` compiles those down to edges). Edges come in turn: on, off, on,
 * off …; the first is an on. Invariant: strictly rising, so that intervals are disjoint and never adjoin. A list of
 * interval objects was refused: a typed array is searched without touching the heap.
 */
import type { Instant } from './instant.ts'

/** Instants at which it goes on, off, on … in rising order; an even number of them. */
export type Timeline = Float64Array

/** A half-open stretch of time. */
export type Interval = { readonly from: Instant; readonly to: Instant }

/** The intervals as a timeline: overlapping and adjoining ones merged, empty ones dropped. */
export const mergeIntervals = (intervals: readonly Interval[]): Instant[] => {
  const sorted = intervals.filter(({ from, to }) => from < to).sort((a, b) => a.from - b.from)
  const edges: Instant[] = []
  for (const { from, to } of sorted) {
    const end = edges.at(-1)
    if (end === undefined || from > end) edges.push(from, to)
    else if (to > end) edges[edges.length - 1] = to
  }
  return edges
}

/** How many edges lie at or before `at`: odd means on. 20–40 ns for a year of days. */
export const position = (timeline: Timeline, at: Instant): number => {
  let low = 0
  let high = timeline.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((timeline[middle] as number) <= at) low = middle + 1
    else high = middle
  }
  return low
}

/** Edges as small numbers for transport: the first in seconds, then differences in seconds. */
export const packEdges = (edges: readonly Instant[]): number[] =>
  edges.map((edge, at) => Math.round((edge - (at === 0 ? 0 : (edges[at - 1] ?? 0))) / 1000))

/** What `packEdges` packed, or `null` unless it is an even number of whole seconds, all but the first positive. */
export const unpackEdges = (packed: unknown): Timeline | null => {
  if (!Array.isArray(packed) || packed.length % 2 !== 0) return null
  const edges = new Float64Array(packed.length)
  let edge = 0
  for (const [at, step] of packed.entries()) {
    if (!Number.isSafeInteger(step) || (at > 0 && step <= 0)) return null
    edge += step * 1000
    edges[at] = edge
  }
  return edges
}
