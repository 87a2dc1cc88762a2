/**
 * A fleet whose two sides find Redis through relays of their own, with people of whom three were refused: helen's user was
 * revoked, fiona was suspended, dan's session was ended; mark may come in. With a copy of Redis from before.
 *
 * Nothing here knows what a test proves.
 */
import { type AdminClient, activeEverywhere, signInAdmin } from './admin-client.ts'
import { createClient } from './client.ts'
import { type FaultRelay, startFaultRelay } from './fault-relay.ts'
import { startFleet } from './fleet.ts'
import { signInWell } from './people.ts'
import { startRedis } from './redis.ts'
import { copyRedis } from './redis-copy.ts'

/** Who was refused. */
export const shut = ['helen', 'fiona', 'dan'] as const

/** How a refused person may be answered. */
export const refusals: readonly number[] = [401, 403, 503]

const path = '/api/practices/riverside'

const createDeeds = (admin: AdminClient) => {
  const active = async (who: string) => {
    const { users } = (await admin.read(`${path}/active-users`)).json() as {
      users: { user: string; email: string; sessions: { id: string }[] }[]
    }
    const found = users.find(({ email }) => email.startsWith(who))
    if (found === undefined) throw new Error(`${who} is not active`)
    return found
  }
  const post = async (to: string, ifMatch?: number): Promise<number> =>
    (await admin.edit<{ sequence: number }>('POST', `${path}/${to}`, {}, ifMatch)).sequence
  return {
    revoke: async (who: string) => post(`users/${(await active(who)).user}/revoke`),
    endSession: async (who: string) => post(`sessions/${(await active(who)).sessions[0]!.id}/revoke`),
    suspend: async (who: string) => {
      const { user } = await active(who)
      const { version } = (await admin.read(`${path}/users`)).json() as { version: number }
      return post(`users/${user}/suspend`, version)
    },
  }
}

const startRelayedFleet = async (leaseMs: number) => {
  const relays: Partial<Record<'gateways' | 'control', FaultRelay>> = {}
  const fleet = await startFleet({
    change: (config) => ({ ...config, gateway: { ...config.gateway, leaseMs, beatMs: 100 } }),
    storeUrl: async (redisUrl, side) => {
      const url = new URL(redisUrl)
      const relay = await startFaultRelay(Number(url.port))
      relays[side] = relay
      url.port = String(relay.port)
      return url.href
    },
  })
  return { fleet, relays: { gateways: relays.gateways!, control: relays.control! } }
}

/** Starts all, signs everybody in, and refuses the three; all of it is known on both gateways. */
export const startRefused = async (leaseMs: number) => {
  const { fleet, relays } = await startRelayedFleet(leaseMs)
  const other = await startRedis()
  const control = fleet.control()
  const admin = await signInAdmin(control.addresses.admin, control.firstAdmin!)
  const deeds = createDeeds(admin)
  const bases = fleet.gateways.map(({ addresses }) => addresses.application)
  const jars = new Map<string, ReadonlyMap<string, string>>()
  /** What that gateway answers to them now. A refusal expires cookies: each time it is a browser that still has them. */
  const statusOf = async (who: string, base: string): Promise<number> => {
    const client = createClient(base, '127.0.0.1', new Map(jars.get(who)))
    return (await client.get('/api/me', { navigation: false })).status
  }
  for (const who of [...shut, 'mark']) {
    const client = createClient(bases[0]!)
    await signInWell(client, who)
    jars.set(who, new Map(client.cookies))
    for (const base of bases) if ((await statusOf(who, base)) !== 200) throw new Error(`${who} is not in`)
  }
  const old = await copyRedis(fleet.redis.url)
  await deeds.revoke('helen')
  await deeds.suspend('fiona')
  await activeEverywhere(admin, await deeds.endSession('dan'))
  for (const who of shut)
    for (const base of bases) if ((await statusOf(who, base)) === 200) throw new Error(`${who} is still in`)
  return {
    ...{ fleet, relays, admin, deeds, bases, statusOf },
    /** Another Redis, empty. */
    other,
    /** Everything as it lay in Redis before anybody was refused. */
    old,
    close: async () => {
      await fleet.close()
      await Promise.all([relays.gateways.close(), relays.control.close(), other.stop()])
    },
  }
}

/** What `startRefused` gives. */
export type Refused = Awaited<ReturnType<typeof startRefused>>
