/**
 * Goal: a gateway that sees another Redis than the control plane does, or none but an old one, does not keep in or let in
 * whom the control plane has refused. Method: relays that point each side at a Redis of its own; new gateways.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunningGateway } from '../../gateway/main.ts'
import { keys } from '../../runtime/keys.ts'
import { copyRedis, flushRedis, layCopy } from '../support/redis-copy.ts'
import { type Refused, refusals, shut, startRefused } from '../support/refused-people.ts'

let all: Refused
const started: RunningGateway[] = []

beforeAll(async () => {
  all = await startRefused(1_200)
}, 60_000)
afterAll(async () => {
  await Promise.all(started.map((gateway) => gateway.close()))
  await all?.close()
})

const startOne = async (id: string): Promise<RunningGateway> => {
  const gateway = await all.fleet.startOne(id)
  started.push(gateway)
  return gateway
}

const isFilled = async (): Promise<boolean> =>
  (await copyRedis(all.fleet.redis.url)).some(({ key }) => key === keys.seeded)

/** Nobody of the three gets in, for some beats. */
const staysShut = async (base: string): Promise<void> => {
  const until = performance.now() + 1_000
  while (performance.now() < until)
    for (const who of shut) expect(refusals, who).toContain(await all.statusOf(who, base))
}

test('a new gateway that finds old records of sessions believes the control plane', async () => {
  await layCopy(
    all.fleet.redis.url,
    all.old.filter(({ key }) => key.startsWith('gh:session:')),
  )
  const { addresses } = await startOne('new-to-sessions')
  expect(await all.statusOf('mark', addresses.application)).toBe(200)
  expect(await all.statusOf('dan', addresses.application)).toBe(401)
  await staysShut(addresses.application)
  await flushRedis(all.fleet.redis.url)
  await expect.poll(isFilled, { timeout: 5_000 }).toBe(true)
})

test('a new gateway that finds a whole old primary, too young to be told by its age, does so too', async () => {
  await layCopy(all.other.url, all.old)
  all.relays.gateways.pointAt(all.other.port)
  const gateway = await startOne('new-to-all')
  await staysShut(gateway.addresses.application)
  await expect.poll(gateway.state.source, { timeout: 5_000 }).toBe('control-plane')
  expect(await all.statusOf('mark', gateway.addresses.application)).toBe(200)
  all.relays.gateways.pointAt(all.fleet.redis.port)
})

test('a gateway that comes back without the control plane believes no old primary', async () => {
  const before = await startOne('known-before')
  await expect.poll(() => all.statusOf('mark', before.addresses.application)).toBe(200)
  await before.close()
  started.splice(started.indexOf(before), 1)
  await all.fleet.stopControl()
  all.relays.gateways.pointAt(all.other.port)
  const after = await startOne('known-before')
  await staysShut(after.addresses.application)
  expect(await all.statusOf('mark', after.addresses.application)).toBe(503)
  all.relays.gateways.pointAt(all.fleet.redis.port)
  await expect.poll(() => all.statusOf('mark', after.addresses.application)).toBe(200)
  await staysShut(after.addresses.application)
  await all.fleet.restartControl()
}, 30_000)

test('an old primary in which nothing happens any more: a revocation reaches its gateways all the same', async () => {
  await flushRedis(all.other.url)
  await layCopy(all.other.url, await copyRedis(all.fleet.redis.url))
  all.relays.gateways.pointAt(all.other.port)
  for (const base of all.bases)
    await expect.poll(() => all.statusOf('mark', base), { timeout: 5_000 }).toBe(200)
  await all.deeds.revoke('mark')
  for (const base of all.bases)
    await expect.poll(() => all.statusOf('mark', base), { timeout: 8_000 }).toBe(401)
  // It is not only corrected but found out.
  for (const { state } of all.fleet.gateways)
    await expect.poll(state.source, { timeout: 8_000 }).toBe('control-plane')
  for (const base of all.bases) {
    expect(await all.statusOf('mark', base)).toBe(401)
    await staysShut(base)
  }
}, 40_000)
