/**
 * Goal: whatever happens to Redis, with and without the control plane, whoever was refused stays refused.
 * Method: a real Redis paused, killed, emptied, replaced by an old copy, overwritten with old records, slowed and cut off,
 * clocks stepped; meanwhile the revoked, the suspended and whose session was ended keep asking both gateways.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { appendForged, flushRedis, layCopy } from '../support/redis-copy.ts'
import { type Refused, refusals, shut, startRefused } from '../support/refused-people.ts'
import { startWatch, type Watch } from '../support/watch.ts'

const leaseMs = 1_200

let all: Refused
let watch: Watch
let controlStopped = false

const elapse = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

beforeAll(async () => {
  all = await startRefused(leaseMs)
  watch = startWatch(shut.flatMap((who) => all.bases.map((base) => () => all.statusOf(who, base))))
}, 60_000)

afterAll(async () => {
  await watch?.end()
  await all?.close()
})

const stopControl = async (): Promise<void> => {
  await all.fleet.stopControl()
  controlStopped = true
}
const startControl = async (): Promise<void> => {
  if (controlStopped) await all.fleet.restartControl()
  controlStopped = false
}

const letIn = async (who: string): Promise<void> => {
  for (const base of all.bases)
    await expect.poll(() => all.statusOf(who, base), { timeout: 15_000, interval: 100 }).toBe(200)
}

afterEach(async () => {
  await startControl()
  const answers = await watch.answers()
  expect(answers.length).toBeGreaterThan(10)
  expect(answers.filter((status) => !refusals.includes(status))).toEqual([])
})

/** Old records of some keys over the new ones, and nudges that claim them to be newer than anything. */
const replay = async (concerns: (key: string) => boolean): Promise<void> => {
  const records = all.old.filter(({ key }) => concerns(key) && !/^gh:(changes|reports|count)/.test(key))
  expect(records.length).toBeGreaterThan(0)
  await layCopy(all.fleet.redis.url, records)
  const nudges = records.map(({ key }) =>
    JSON.stringify({ kind: 'record', sequence: 9_999, key, version: 99 }),
  )
  await appendForged(all.fleet.redis.url, 'gh:changes', nudges)
}

type Fault = {
  readonly name: string
  /** Whether people who may come in still may, without the control plane. */
  readonly servesAlone?: boolean
  strike(): Promise<unknown> | unknown
  heal(): Promise<unknown> | unknown
}

const faults: readonly Fault[] = [
  {
    name: 'paused for longer than the lease',
    strike: () => all.fleet.redis.kill('SIGSTOP'),
    heal: () => all.fleet.redis.kill('SIGCONT'),
  },
  {
    name: 'killed, and back with nothing in it',
    strike: () => all.fleet.redis.kill('SIGKILL'),
    heal: () => all.fleet.redis.restart(),
  },
  { name: 'emptied', strike: () => flushRedis(all.fleet.redis.url), heal: () => undefined },
  {
    name: 'an old primary that was cut off before anybody was refused',
    strike: async () => {
      await flushRedis(all.other.url)
      await layCopy(all.other.url, all.old)
      for (const relay of Object.values(all.relays)) relay.pointAt(all.other.port)
    },
    heal: () => {
      for (const relay of Object.values(all.relays)) relay.pointAt(all.fleet.redis.port)
    },
  },
  {
    // Forged nudges put every session in doubt, and without the control plane there is nobody to ask.
    name: 'its sessions replaced by older ones',
    strike: () => replay((key) => key.startsWith('gh:session:')),
    heal: () => undefined,
  },
  {
    name: 'its members replaced by older ones',
    strike: () => replay((key) => key.startsWith('gh:members:')),
    heal: () => flushRedis(all.fleet.redis.url),
  },
  {
    name: 'its policies and the table of practices replaced by older ones',
    strike: () => replay((key) => key.startsWith('gh:policy:') || key === 'gh:practices'),
    heal: () => flushRedis(all.fleet.redis.url),
  },
  {
    name: 'its manifest and its mark replaced by older ones',
    strike: () => replay((key) => key === 'gh:manifest' || key === 'gh:seeded'),
    heal: () => flushRedis(all.fleet.redis.url),
  },
  {
    name: 'everything replaced by what is older',
    strike: () => replay(() => true),
    heal: () => flushRedis(all.fleet.redis.url),
  },
  {
    name: 'slow, and its connections cut again and again',
    strike: async () => {
      for (let turn = 0; turn < 4; turn += 1) {
        for (const relay of Object.values(all.relays)) relay.hold()
        await elapse(300)
        for (const relay of Object.values(all.relays)) {
          relay.release()
          relay.cut()
        }
        await elapse(100)
      }
    },
    heal: () => undefined,
  },
  {
    name: 'right, and the clocks step by an hour both ways',
    servesAlone: true,
    strike: async () => {
      all.fleet.clock.advance(3_600_000)
      await elapse(500)
      all.fleet.clock.advance(-7_200_000)
      await elapse(500)
    },
    heal: () => all.fleet.clock.advance(3_600_000),
  },
]

describe.each(['running', 'stopped'] as const)('the control plane is %s and Redis is', (control) => {
  test.each(faults)(
    '$name: nobody comes back in',
    async ({ strike, heal, servesAlone = false }) => {
      if (control === 'stopped') await stopControl()
      await strike()
      await elapse(1.5 * leaseMs)
      if (control === 'running' || servesAlone) await letIn('mark')
      await heal()
      await startControl()
      await letIn('mark')
    },
    40_000,
  )
})
