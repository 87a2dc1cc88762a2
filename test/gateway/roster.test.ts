/**
 * Goal: a roster holds exactly those who came and have not left, whatever the order. Method: random comings and goings
 * against a Set; leaving while everybody is looked at.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRoster, type Listed } from '../../gateway/roster.ts'

type Guest = Listed & { readonly name: number }
const guest = (name: number): Guest => ({ name, index: -1 })

test('agrees with a set under any comings and goings', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { maxLength: 200 }), (steps) => {
      const roster = createRoster<Guest>()
      const guests = Array.from({ length: 10 }, (_, name) => guest(name))
      const slow = new Set<Guest>()
      for (const step of steps) {
        const one = guests[step]!
        if (slow.has(one)) {
          expect(roster.remove(one)).toBe(slow.delete(one))
          expect(roster.remove(one)).toBe(false)
        } else {
          roster.add(one)
          slow.add(one)
        }
        expect(roster.size).toBe(slow.size)
        expect(new Set(roster.all())).toEqual(slow)
        expect(roster.all()).toHaveLength(slow.size)
      }
    }),
  )
})

test('skips nobody when the first one looked at makes others leave', () => {
  const roster = createRoster<Guest>()
  const guests = Array.from({ length: 5 }, (_, name) => guest(name))
  for (const one of guests) roster.add(one)
  const seen = roster.all().map((one) => {
    for (const other of guests) roster.remove(other)
    return one.name
  })
  expect(seen).toEqual([0, 1, 2, 3, 4])
  expect(roster.size).toBe(0)
})
