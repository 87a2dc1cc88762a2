/**
 * Goal: one look at all sources tells what is open, and exactly until when, whatever layers and grants collide.
 * Method: small worlds of edges between 0 and 30, each instant judged by the rule of SPEC §1 read out layer by layer.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type HoursSources, hoursAt } from '../../policies/hours.ts'
import { never } from '../../policies/instant.ts'
import { type Part, unknownRolePart } from '../../policies/snapshot.ts'
import { type Interval, layerBits, overlay, type TimeLayer } from '../../policies/timeline.ts'

type Layers = { readonly [layer in TimeLayer]: readonly number[] }

/** Instants at which a layer goes on, off, on, off. */
const edges = fc
  .uniqueArray(fc.integer({ min: 0, max: 30 }), { maxLength: 6 })
  .map((list) => list.sort((a, b) => a - b).slice(0, list.length & ~1))
const rare = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, edges)
const layers: fc.Arbitrary<Layers> = fc.record({
  windows: edges,
  closures: rare,
  openings: rare,
  instead: rare,
})
const turn = fc.oneof(fc.integer({ min: 0, max: 30 }), fc.constantFrom(never, Number.NaN))
const worlds = fc.record({
  practice: layers,
  roles: fc.array(layers, { maxLength: 3 }),
  own: fc.option(layers),
  grants: fc.oneof(fc.constant([]), fc.array(fc.record({ from: turn, to: turn }), { maxLength: 3 })),
})
type World = {
  readonly practice: Layers
  readonly roles: readonly Layers[]
  readonly own: Layers | null
  readonly grants: readonly Interval[]
}

const names = Object.keys(layerBits) as readonly TimeLayer[]
const partOf = (given: Layers): Part => ({
  ...unknownRolePart,
  hours: overlay(names.map((name) => ({ edges: Float64Array.from(given[name]), bit: layerBits[name] }))),
})
const sourcesOf = ({ practice, roles, own, grants }: World): HoursSources => ({
  practice: partOf(practice),
  roles: roles.map(partOf),
  own: own === null ? null : partOf(own),
  grants,
})

const isOn = (list: readonly number[], at: number): boolean =>
  list.filter((edge) => edge <= at).length % 2 === 1

const isOpen = ({ practice, roles, own, grants }: World, at: number): boolean => {
  const all = [practice, ...roles, ...(own === null ? [] : [own])]
  const any = (name: TimeLayer): boolean => all.some((one) => isOn(one[name], at))
  if (grants.some(({ from, to }) => from <= at && at < to) || any('openings')) return true
  if (any('closures')) return false
  return own !== null && isOn(own.instead, at) ? isOn(own.windows, at) : any('windows')
}

describe('hours', () => {
  it('are open as the layers say, until the first instant that says otherwise', () => {
    const seen = { changes: 0, lasts: 0, lifted: 0 }
    fc.assert(
      fc.property(worlds, (world) => {
        const sources = sourcesOf(world)
        for (let at = 0; at <= 31; at++) {
          const open = isOpen(world, at)
          let until = at + 1
          while (until <= 32 && isOpen(world, until) === open) until += 1
          const ends = until <= 32 ? until : never
          expect(hoursAt(sources, at)).toEqual({
            open,
            until: ends,
            opensAt: open || ends === never ? null : ends,
          })
          seen[ends === never ? 'lasts' : 'changes'] += 1
          if (open && !isOpen({ ...world, grants: [] }, at)) seen.lifted += 1
        }
      }),
      { seed: 11, numRuns: 1_500 },
    )
    expect(Math.min(seen.changes, seen.lasts, seen.lifted)).toBeGreaterThan(1_000)
  })
})
