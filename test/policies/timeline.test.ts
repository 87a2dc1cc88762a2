/**
 * Goal: searches that look in one stretch only find what a walk over the whole list finds, however the keys lie.
 * Method: edges and layers in clusters, far apart, equal and alone, against counting and against toggling.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketOf, bucketsOf } from '../../policies/buckets.ts'
import { overlay, position } from '../../policies/timeline.ts'

/** Instants in clusters: many within minutes, some years away. */
const keys = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 1e12, max: 1e12 + 50 }),
      fc.constant(2 ** 52),
    ),
    { maxLength: 60 },
  )
  .map((list) => Float64Array.from(list.sort((a, b) => a - b)))

describe('buckets', () => {
  it('hold every key in a stretch that rises with it', () => {
    fc.assert(
      fc.property(keys, (list) => {
        const buckets = bucketsOf(list)
        for (const [at, key] of list.entries()) {
          const bucket = bucketOf(buckets, key)
          expect(buckets.starts[bucket]!).toBeLessThanOrEqual(at)
          expect(buckets.starts[bucket + 1]!).toBeGreaterThan(at)
        }
        expect([...buckets.starts]).toEqual([...buckets.starts].sort((a, b) => a - b))
        expect(buckets.starts.at(-1)).toBe(list.length)
      }),
      { seed: 4, numRuns: 300 },
    )
  })
})

describe('a timeline', () => {
  const layers = fc.array(
    keys.map((list) => Float64Array.from(new Set(list))),
    { maxLength: 4 },
  )

  it('tells what is on and when it changes, at every edge and beside it', () => {
    let asked = 0
    fc.assert(
      fc.property(layers, (given) => {
        const whole = given.map((edges) => edges.subarray(0, edges.length & ~1))
        const timeline = overlay(whole.map((edges, at) => ({ edges, bit: 1 << at })))
        const all = whole.flatMap((edges) => [...edges])
        expect(timeline === null).toBe(all.length === 0)
        if (timeline === null) return
        for (const at of [...all.flatMap((edge) => [edge - 1, edge, edge + 1]), -5, 2 ** 53, Number.NaN]) {
          const index = position(timeline, at)
          const states = whole.reduce((bits, edges, layer) => {
            return bits | ((edges.filter((edge) => edge <= at).length & 1) << layer)
          }, 0)
          expect(timeline.states[index]).toBe(states)
          const next = Math.min(...all.filter((edge) => edge > at))
          if (!Number.isNaN(at)) expect(timeline.edges[index] ?? Number.POSITIVE_INFINITY).toBe(next)
          asked += 1
        }
      }),
      { seed: 6, numRuns: 200 },
    )
    expect(asked).toBeGreaterThan(4_000)
  })
})
