/**
 * Goal: two gateways of two workers, two control planes, Redis behind Sentinels and PostgreSQL with a standby go on when what they
 * stand on fails over: nobody notices, nobody is let in again, no event is lost; on a Cluster too. Method: real processes, killed
 * under load; `npm run chaos` does more of it.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clusterKey, keys } from '../../runtime/keys.ts'
import type { Load } from '../chaos/load.ts'
import { type Fault, rehearse, startPeople } from '../chaos/rehearsal.ts'
import { type Stage, startStage } from '../chaos/stage.ts'
import { postgresFaults, sentinelFaults } from '../chaos/store-faults.ts'
import { activeEverywhere, signInAdmin } from '../support/admin-client.ts'
import { createClient } from '../support/client.ts'
import { type Fleet, startFleet } from '../support/fleet.ts'
import { signInWell } from '../support/people.ts'
import { type RedisServers, startClusterRedis } from '../support/redis-fleet.ts'
import { startWatch } from '../support/watch.ts'

const faultOf = (faults: readonly Fault[], id: string): Fault => {
  const found = faults.find((fault) => fault.id === id)
  if (found === undefined) throw new Error(`no fault is called ${id}`)
  return found
}

describe('on Sentinels, with a standby', () => {
  let stage: Stage
  let load: Load
  beforeAll(async () => {
    stage = await startStage({ redis: 'sentinels', gateways: 2, workers: 2, controls: 2, standby: true })
    load = await startPeople(stage)
  }, 120_000)
  afterAll(async () => {
    await load?.stop()
    await stage?.close()
  })

  test.each([faultOf(sentinelFaults, 'redis-primary-killed'), faultOf(postgresFaults, 'postgres-promoted')])(
    '$what: nobody notices, and nobody comes back in',
    async (fault) => {
      const figures = await rehearse(stage, load, fault)
      expect(figures.broken).toEqual([])
      expect(figures.counts.right).toBeGreaterThan(20)
    },
    60_000,
  )
})

describe('on a Cluster', () => {
  let servers: RedisServers
  let fleet: Fleet
  beforeAll(async () => {
    servers = await startClusterRedis()
    fleet = await startFleet({ place: servers.place })
  }, 60_000)
  afterAll(async () => {
    await fleet?.close()
    await servers?.stop()
  })

  test('the primary of what the manifest vouches for is killed right after somebody’s access was ended', async () => {
    const control = fleet.control()
    const admin = await signInAdmin(control.addresses.admin, control.firstAdmin!)
    const bases = fleet.gateways.map(({ addresses }) => addresses.application)
    const [mark, fiona] = [createClient(bases[0]!), createClient(bases[0]!)]
    await signInWell(mark, 'mark')
    await signInWell(fiona, 'fiona')
    const watchOf = (cookies: ReadonlyMap<string, string>) =>
      startWatch(
        bases.map((base) => async () => {
          const { status } = await createClient(base, '127.0.0.1', new Map(cookies)).get('/api/schedule', {
            navigation: false,
          })
          return status
        }),
      )
    const { users } = (await admin.read('/api/practices/riverside/active-users')).json() as {
      users: { user: string; email: string }[]
    }
    const user = users.find(({ email }) => email.startsWith('fiona'))?.user
    const revoke = `/api/practices/riverside/users/${user}/revoke`
    await activeEverywhere(admin, (await admin.edit<{ sequence: number }>('POST', revoke, {})).sequence)
    const [may, mayNot] = [watchOf(new Map(mark.cookies)), watchOf(new Map(fiona.cookies))]
    const primary = await servers.primaryOf(clusterKey(keys.manifest))
    await primary?.kill('SIGKILL')
    await expect
      .poll(async () => (await servers.primaryOf(clusterKey(keys.manifest)))?.port ?? primary?.port, {
        timeout: 20_000,
      })
      .not.toBe(primary?.port)
    // What is saved now reaches gateways by the new primary.
    const again = await admin.edit<{ sequence: number }>('POST', revoke, {})
    await activeEverywhere(admin, again.sequence)
    expect(new Set(await may.answers())).toEqual(new Set([200]))
    expect(new Set(await mayNot.answers())).toEqual(new Set([401]))
    await Promise.all([may.end(), mayNot.end()])
  }, 60_000)
})
