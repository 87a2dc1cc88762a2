/**
 * Goal: pages of people whom the hour keeps out come back by themselves when it opens, each once, and not all in one second.
 * Method: 200 browsers of one practice refused ten minutes before its hours, under a clock that is moved; what each was told to
 * do is then done.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Client } from '../support/client.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'

const browsers = 200
const minuteMs = 60_000
let stand: Stand
let ann: Client
/** When the hours begin, by the stand's clock. */
let opensAt: number

const clockOf = (at: number): string => new Date(at).toISOString().slice(11, 16)

beforeAll(async () => {
  stand = await startStand()
  ann = stand.client()
  await stand.signIn(ann, 'ann')
  opensAt = Math.ceil(stand.clock.now() / minuteMs + 10) * minuteMs
  await stand.control.savePolicy('riverside', (document) => ({
    ...document,
    practice: { ...document.practice, zone: 'UTC' },
    controls: { ...document.controls, time: { ...document.controls.time, mode: 'enforce' } },
    timeWindows: [
      {
        ...{ id: 'late', label: null, audience: 'practice', zone: null, validFrom: null, validTo: null },
        ...{ days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], insteadOfRoleHours: false },
        ...{ start: clockOf(opensAt), end: clockOf(opensAt + 300 * minuteMs) },
      },
    ],
  }))
  await eventually(async () => (await ann.get('/patients/7')).status === 403, 'the hours are enforced')
})
afterAll(() => stand?.close())

test('200 browsers come back after the opening, spread over at least ten seconds, and each comes in at once', async () => {
  const told = await Promise.all(
    Array.from({ length: browsers }, async () => {
      const at = stand.clock.now()
      const page = await ann.get('/patients/7?tab=1')
      expect(page.text).toContain('You can leave this page open')
      return at + Number(page.headers.refresh) * 1_000
    }),
  )
  const sorted = told.toSorted((a, b) => a - b)
  expect(sorted[0]).toBeGreaterThanOrEqual(opensAt)
  expect(sorted.at(-1)! - sorted[0]!).toBeGreaterThanOrEqual(10_000)
  // With room for a slow machine: the pages were asked for within a moment of one another.
  expect(sorted.at(-1)! - opensAt).toBeLessThanOrEqual(25_000)
  const seconds = Map.groupBy(sorted, (at) => Math.floor(at / 1_000))
  expect(Math.max(...[...seconds.values()].map(({ length }) => length))).toBeLessThan(browsers / 4)

  stand.clock.advance(sorted[0]! - stand.clock.now())
  await eventually(async () => (await ann.get('/patients/7')).status === 200, 'it has opened')
  const arrived = stand.application.arrived.length
  const answers = await Promise.all(sorted.map(() => ann.get('/patients/7?tab=1')))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(stand.application.arrived.length - arrived).toBe(browsers)
})
