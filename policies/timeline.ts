/**
 * Sorted edges: what is on between them, and the next time anything changes.
 *
 * It knows no date, zone or person (`timetable.ts` compiles those down to edges). The edges of one layer come in turn:
 * on, off, on, off …; the first is an on. Invariant: strictly rising, so that intervals are disjoint and never adjoin; a
 * timeline lays several layers over each other, so that one search answers for all of them. A list of interval
 * objects was refused: a typed array is searched without touching the heap.
 */
import { type Buckets, bucketOf, bucketsOf } from './buckets.ts'
import type { Instant } from './instant.ts'

/** Weekly windows, closures, openings, and the days on which a user's windows replace the others. */
export type TimeLayer = 'windows' | 'closures' | 'openings' | 'instead'

/** The layers as bits, so that one look at a timeline answers for all four. */
export const layerBits: { readonly [layer in TimeLayer]: number } = {
  windows: 1,
  closures: 2,
  openings: 4,
  instead: 8,
}

/** Instants at which one layer goes on, off, on … in rising order; an even number of them. */
export type Edges = Float64Array

/** Layers, each one bit: `states[n]` are those that are on after `n` of the edges, `states[0]` none. */
export type Timeline = {
  readonly edges: Float64Array
  readonly states: Uint8Array
  readonly buckets: Buckets
}

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

/** The layers laid over each other, each under its bit (at most 128); `null` where none has an edge. */
export const overlay = (
  layers: readonly { readonly edges: Edges; readonly bit: number }[],
): Timeline | null => {
  const turns = layers.flatMap(({ edges, bit }) => Array.from(edges, (edge) => ({ edge, bit })))
  if (turns.length === 0) return null
  turns.sort((a, b) => a.edge - b.edge)
  const edges: Instant[] = []
  const states = [0]
  for (const { edge, bit } of turns) {
    if (edge !== edges.at(-1)) {
      edges.push(edge)
      states.push(states.at(-1) ?? 0)
    }
    states[states.length - 1] = (states.at(-1) ?? 0) ^ bit
  }
  const sorted = Float64Array.from(edges)
  return { edges: sorted, states: Uint8Array.from(states), buckets: bucketsOf(sorted) }
}

/** How many edges lie at or before `at`. About 5 ns, however many there are. */
export const position = ({ edges, buckets }: Timeline, at: Instant): number => {
  if (!(at >= buckets.first)) return 0
  if (at >= buckets.last) return edges.length
  const bucket = bucketOf(buckets, at)
  let low = buckets.starts[bucket] as number
  let high = buckets.starts[bucket + 1] as number
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((edges[middle] as number) <= at) low = middle + 1
    else high = middle
  }
  return low
}

/** Edges as small numbers for transport: the first in seconds, then differences in seconds. */
export const packEdges = (edges: readonly Instant[]): number[] =>
  edges.map((edge, at) => Math.round((edge - (at === 0 ? 0 : (edges[at - 1] ?? 0))) / 1000))

/** What `packEdges` packed, or `null` unless it is an even number of whole seconds, all but the first positive. */
export const unpackEdges = (packed: unknown): Edges | null => {
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
