/**
 * Goal: the in-process hot store keeps the contract, and its memory stays bounded.
 * Method: the conformance suite under a clock of the test; then the cases that only this store has.
 */
import { expect, test } from 'vitest'
import { createMemoryHotStore } from '../../runtime/hot-store-memory.ts'
import { describeHotStore } from './hot-store-conformance.ts'

describeHotStore('in-process', async () => {
  let at = 1_700_000_000_000
  return {
    store: createMemoryHotStore({ now: () => at }),
    elapse: async (ms) => {
      at += ms
    },
  }
})

test('positions grow while the clock stands, and when it is set back', async () => {
  let at = 5_000
  const store = createMemoryHotStore({ now: () => at })
  const positions = [await store.append('s', 'a', 10), await store.append('s', 'b', 10)]
  at = 4_000
  positions.push(await store.append('s', 'c', 10))
  at = 6_000
  positions.push(await store.append('s', 'd', 10))
  expect(positions).toEqual(['5000-0', '5000-1', '5000-2', '6000-0'])
})

test('an expiry that nobody asks for again is answered right to the millisecond', async () => {
  let at = 1_000
  const store = createMemoryHotStore({ now: () => at })
  await store.write('k', 'v', 10)
  at = 1_009
  expect(await store.read('k')).toBe('v')
  at = 1_010
  expect(await store.read('k')).toBeNull()
})
