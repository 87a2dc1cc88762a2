/**
 * Goal: of several control planes one publishes, also when the one that did is frozen and its connection lives on; nobody who is
 * well loses it. Method: real connections; a leader that says nothing more, as a stopped process does.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLeadership, type Leadership } from '../../../admin/store/leadership.ts'
import { createPracticeStore, type PracticeStore } from '../practice-store.ts'

let plane: PracticeStore
const all: Leadership[] = []
const leader = (silentMs?: number): Leadership => {
  const one = createLeadership(plane.url, () => {}, silentMs)
  all.push(one)
  return one
}
beforeAll(async () => {
  plane = await createPracticeStore()
})
afterAll(async () => {
  for (const one of all) await one.close()
  await plane?.close()
})

test('a leader that is silent is replaced, and knows that it leads no more; one that speaks is not', async () => {
  const [frozen, other] = [leader(200), leader(200)]
  expect(await frozen.hold()).toBe(true)
  const until = performance.now() + 500
  while (performance.now() < until) {
    expect(await frozen.hold()).toBe(true)
    expect(await other.hold()).toBe(false)
  }
  await expect.poll(() => other.hold(), { timeout: 5_000 }).toBe(true)
  expect(await frozen.hold()).toBe(false)
  expect(await frozen.hold()).toBe(false)
  expect(await other.hold()).toBe(true)
})

test('the standard silence is longer than any pause between two rounds', async () => {
  for (const one of all.splice(0)) await one.close()
  const [first, second] = [leader(), leader()]
  expect(await first.hold()).toBe(true)
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect(await second.hold()).toBe(false)
  expect(await first.hold()).toBe(true)
})
