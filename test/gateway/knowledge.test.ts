/**
 * Goal: a gateway knows nothing unsigned, nothing older than it knew, and nothing for longer than its lease.
 * Method: the hot store is emptied, replaced, replayed, forged and cut off, the control plane stopped and started.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { keys } from '../../runtime/keys.ts'
import { createSigner, generateSigningKey, sealRecord } from '../../runtime/signing.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'

let stand: Stand
beforeEach(async () => {
  stand = await startStand()
})
afterEach(() => stand.close())

const signedIn = async () => {
  const client = stand.client()
  await stand.signIn(client, 'ann')
  return client
}
const everyKey = [
  keys.manifest,
  keys.practices,
  keys.seeded,
  keys.policy('riverside'),
  keys.members('riverside'),
  keys.policy('lakeview'),
  keys.members('lakeview'),
]
const copyStore = async () =>
  Promise.all(everyKey.map(async (key) => [key, await stand.store.read(key)] as const))
const emptyStore = async () => {
  for (const key of everyKey) await stand.store.remove(key)
}

describe('the lease', () => {
  test('ends when neither store nor control plane can be had; public routes go on, streams are cut', async () => {
    const client = await signedIn()
    const stream = client.get('/events').catch((error: unknown) => error)
    await eventually(() => stand.gateways[0]!.state.openExchanges() === 1, 'stream open')
    stand.storeState.broken = true
    stand.control.stop()
    expect((await client.get('/patients/7')).status).toBe(200)
    stand.clock.elapse(1_100)
    const refused = await client.get('/patients/7', { navigation: false })
    expect(refused.status).toBe(503)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect((await client.get('/public/book')).status).toBe(200)
    await stream
    expect(stand.gateways[0]!.state.openExchanges()).toBe(0)
    expect(stand.gateways[0]!.missing()).not.toEqual([])
    stand.storeState.broken = false
    await eventually(async () => (await client.get('/patients/7')).status === 200, 'back by the store alone')
    expect(stand.gateways[0]!.missing()).toEqual([])
  })

  test('is renewed by the control plane while the store is away, and changes still come', async () => {
    const client = await signedIn()
    stand.storeState.broken = true
    await eventually(() => stand.gateways[0]!.state.source() === 'control-plane', 'asked the control plane')
    expect((await client.get('/patients/7')).status).toBe(200)
    // Published, but the store does not take it.
    await stand.control.revoke('riverside', 'usr_ann').catch(() => {})
    await eventually(
      async () => (await client.get('/patients/7', { navigation: false })).status === 401,
      'revoked',
    )
    stand.storeState.broken = false
    await stand.control.seed()
    await eventually(() => stand.gateways[0]!.state.source() === 'hot-store', 'back to the store')
  })

  test('works without any store', async () => {
    await stand.close()
    stand = await startStand({ store: 'none' })
    const client = await signedIn()
    expect((await client.get('/patients/7')).status).toBe(200)
    await stand.control.revoke('riverside', 'usr_ann')
    await eventually(
      async () => (await client.get('/patients/7', { navigation: false })).status === 401,
      'revoked',
    )
  })
})

describe('an emptied store', () => {
  test('is not believed: mirrors stay, nobody is adopted, the control plane renews; refilled, it is', async () => {
    const client = await signedIn()
    await stand.control.revoke('riverside', 'usr_ben')
    await emptyStore()
    await eventually(() => stand.gateways[0]!.state.source() === 'control-plane', 'noticed')
    expect((await client.get('/patients/7')).status).toBe(200)
    const unseen = stand.client()
    unseen.cookies.set('sid', stand.application.signInDirectly('ben'))
    expect((await unseen.get('/patients/7')).status).toBe(503)
    await stand.control.seed()
    await eventually(() => stand.gateways[0]!.state.source() === 'hot-store', 'believed again')
    expect((await unseen.get('/patients/7', { navigation: false })).status).toBe(401)
  })

  test('does not renew the lease by itself', async () => {
    const client = await signedIn()
    stand.control.stop()
    await emptyStore()
    await eventually(() => {
      stand.clock.elapse(50)
      return stand.gateways[0]!.state.source() === 'nowhere'
    }, 'lease over')
    expect((await client.get('/patients/7')).status).toBe(503)
    await stand.control.seed()
    await eventually(
      async () => (await client.get('/patients/7')).status === 200,
      'recovered without a restart',
    )
  })
})

describe('a replayed store', () => {
  test('brings nobody back', async () => {
    const client = await signedIn()
    const before = await copyStore()
    await stand.control.revoke('riverside', 'usr_ann')
    const cookie = client.cookieHeader()
    await eventually(async () => (await client.get('/patients/7')).status === 401, 'revoked')
    await eventually(() => stand.gateways[0]!.state.sequence() === stand.control.sequence(), 'applied')
    for (const [key, text] of before) await stand.store.write(key, text!, null)
    await stand.store.append(
      keys.changes,
      JSON.stringify({ kind: 'record', sequence: 1, key: keys.members('riverside'), version: 99 }),
      1_000,
    )
    await eventually(() => stand.gateways[0]!.state.source() === 'control-plane', 'not believed')
    expect((await client.get('/patients/7', { headers: { cookie } })).status).toBe(401)
  })

  test('is refused at the start by the floor on disk', async () => {
    const before = await copyStore()
    await stand.control.revoke('riverside', 'usr_ann')
    await eventually(() => stand.gateways[0]!.state.sequence() === stand.control.sequence(), 'applied')
    await stand.gateways[0]!.close()
    for (const [key, text] of before) await stand.store.write(key, text!, null)
    stand.control.stop()
    const other = await stand.startOne('gateway-1', stand.control.publicKey)
    expect(other.missing()).not.toEqual([])
    await other.close()
  })

  test('without a floor an old manifest is not believed', async () => {
    stand.clock.advance(120_000)
    const other = await stand.startOne('gateway-new')
    expect(other.state.source()).toBe('control-plane')
    await other.close()
  })

  test('a floor that is no number is none', async () => {
    await mkdir(join(stand.folder, 'gateway-1'), { recursive: true })
    await writeFile(join(stand.folder, 'gateway-1', 'watermark'), 'nonsense')
    const other = await stand.startOne('gateway-1')
    expect(other.missing()).toEqual([])
    await other.close()
  })
})

describe('the copy on disk', () => {
  /** What a first gateway leaves behind; one with another id starts from it. */
  const leave = async (): Promise<void> => {
    const first = await stand.startOne('gateway-cold')
    await eventually(() => first.state.sequence() === stand.control.sequence(), 'known')
    await first.close()
  }

  test('starts a gateway whose control plane is away; only what the store has newer is read', async () => {
    await leave()
    const client = await signedIn()
    await stand.control.saveMember('riverside', 'usr_ann', (member) => ({ ...member, suspended: true }))
    stand.control.stop()
    const read: string[] = []
    const { readMany } = stand.storeState.reading
    stand.storeState.reading.readMany = (wanted) => {
      read.push(...wanted)
      return readMany(wanted)
    }
    const second = await stand.startOne('gateway-cold')
    expect(second.missing()).toEqual([])
    expect(read.filter((key) => key.startsWith('gh:policy:'))).toEqual([])
    expect(read).toContain(keys.members('riverside'))
    const there = client.elsewhere({ base: second.addresses.application })
    expect((await there.get('/patients/7', { navigation: false })).status).toBe(403)
    await second.close()
    stand.control.restart()
  })

  test('renews no lease: without store and control plane staff are refused', async () => {
    await leave()
    const client = await signedIn()
    stand.control.stop()
    stand.storeState.broken = true
    const second = await stand.startOne('gateway-cold')
    const there = client.elsewhere({ base: second.addresses.application })
    expect((await there.get('/patients/7', { navigation: false })).status).toBe(503)
    expect((await there.get('/public/book')).status).toBe(200)
    await second.close()
    stand.storeState.broken = false
    stand.control.restart()
  })

  test('that was altered is not believed: those records are read elsewhere', async () => {
    await leave()
    const folder = join(stand.folder, 'gateway-cold', 'knowledge')
    const names = (await readdir(folder)).filter((name) => name.endsWith('.json'))
    expect(names.length).toBeGreaterThanOrEqual(5)
    for (const name of names) {
      const text = await readFile(join(folder, name), 'utf8')
      await writeFile(
        join(folder, name),
        text.replaceAll('front-desk', 'owner').replace('"text":"', '"text":"x'),
      )
    }
    const second = await stand.startOne('gateway-cold')
    expect(second.missing()).toEqual([])
    const client = stand.client().elsewhere({ base: second.addresses.application })
    await stand.signIn(client, 'ann')
    expect((await client.get('/patients/7')).status).toBe(200)
    expect(stand.application.arrived.at(-1)?.headers['x-gatehouse-roles']).toBe('front-desk')
    await second.close()
  })
})

describe('a forged record', () => {
  test('under our keys, by another signer, moved, or altered, changes nothing', async () => {
    const client = await signedIn()
    await stand.control.saveMember('riverside', 'usr_ann', (member) => ({ ...member, suspended: true }))
    await eventually(async () => (await client.get('/patients/7')).status === 403, 'suspended')
    const key = keys.members('riverside')
    const good = (await stand.store.read(key))!
    const forger = createSigner(generateSigningKey())
    const body = { practice: 'riverside', members: [] }
    const moved = (await stand.store.read(keys.members('lakeview')))!
    for (const text of [
      sealRecord(forger, key, 1_000, body),
      good.replace('"suspended":true', '"suspended":false'),
      moved,
      'nonsense',
      '',
    ]) {
      await stand.store.write(key, text, null)
      await stand.store.append(
        keys.changes,
        JSON.stringify({ kind: 'record', sequence: 999, key, version: 3 }),
        1_000,
      )
    }
    await eventually(() => stand.control.calls.records > 0, 'asked the control plane instead')
    expect((await client.get('/patients/7')).status).toBe(403)
    await stand.store.write(key, good, null)
    await eventually(() => stand.gateways[0]!.state.source() === 'hot-store', 'goes on')
    await eventually(() => stand.gateways[0]!.state.sequence() === stand.control.sequence(), 'applied')
    expect((await client.get('/patients/7')).status).toBe(403)
  })

  test('nudges of any kind do not raise the floor', async () => {
    for (const text of [
      '{}',
      'x',
      JSON.stringify({ kind: 'record', sequence: 9e15, key: keys.practices, version: 1 }),
    ])
      await stand.store.append(keys.changes, text, 1_000)
    await stand.control.revoke('riverside', 'usr_ben')
    await eventually(() => stand.gateways[0]!.state.sequence() === stand.control.sequence(), 'applied')
    const client = await signedIn()
    expect((await client.get('/patients/7')).status).toBe(200)
  })
})

describe('reports', () => {
  test('acknowledge each sequence, and carry refusals with their code', async () => {
    const client = await signedIn()
    await stand.control.saveMember('riverside', 'usr_ann', (member) => ({ ...member, suspended: true }))
    await eventually(async () => (await client.get('/patients/7')).status === 403, 'suspended')
    const answer = await client.get('/patients/7', { navigation: false })
    const { code } = answer.json() as { code: string }
    const reported = async (): Promise<string> =>
      (await stand.store.readAfter(keys.reports, '0-0', 1_000, 0)).map(({ text }) => text).join('\n')
    await eventually(async () => (await reported()).includes(`"code":"${code}"`), 'refusal reported')
    const text = await reported()
    expect(text).toContain(`"kind":"ack","gateway":"gateway-1","sequence":${stand.control.sequence()}`)
    expect(text).toContain('"reason":"user-suspended"')
    expect(text).toContain('"failing":["user-suspended"]')
    expect(text.split(`"code":"${code}"`)).toHaveLength(2)
  })
})
