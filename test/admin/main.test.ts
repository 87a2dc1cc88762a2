/**
 * Goal: a control plane starts, serves its four listeners, outlives its database's absence, and stops cleanly.
 * Method: the real plane on loopback with a real PostgreSQL behind a relay that can be cut, asked over HTTP.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type RunningControlPlane, startControlPlane } from '../../admin/main.ts'

import { type Config, configSchema } from '../../runtime/config.ts'
import { createMemoryHotStore } from '../../runtime/hot-store-memory.ts'
import { createInternalClient } from '../../runtime/internal-client.ts'
import { keys } from '../../runtime/keys.ts'
import { silentLog } from '../../runtime/log.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { type Relay, startRelay } from '../support/relay.ts'

const clusterKey = 'a-cluster-key-for-tests-only-0123456789'
const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-admin-'))
let database: TestDatabase
let relay: Relay
let plane: RunningControlPlane
const clock = { now: () => Date.now(), monotonic: () => performance.now() }
const store = createMemoryHotStore({ now: clock.now })

const config = (listen: Partial<Config['listen']> = {}): Config =>
  configSchema.parse({
    clusterKey,
    listen: {
      admin: '127.0.0.1:0',
      portal: '127.0.0.1:0',
      internal: '127.0.0.1:0',
      adminMetrics: '127.0.0.1:0',
      ...listen,
    },
    practices: [{ id: 'lakeside', name: 'Lakeside Dental', zone: 'America/Chicago' }],
  })

const start = (
  wish: {
    readonly config?: Config
    readonly databaseUrl?: string
    readonly firstAdminBy?: 'password' | 'link'
  } = {},
) =>
  startControlPlane({
    config: wish.config ?? config(),
    databaseUrl: wish.databaseUrl ?? database.url,
    store,
    clock,
    log: silentLog,
    dataDir,
    uiDir: '/nowhere',
    firstAdminBy: wish.firstAdminBy ?? 'password',
  })

const throughRelay = (): string => {
  const url = new URL(database.url)
  url.host = new URL(relay.url).host
  return url.href
}

beforeAll(async () => {
  database = await createDatabase()
  relay = await startRelay(`http://${new URL(database.url).host}`, '127.0.0.1')
  plane = await start({ databaseUrl: throughRelay() })
})
afterAll(async () => {
  await plane.close()
  await relay.close()
  await database.drop()
  rmSync(dataDir, { recursive: true, force: true })
})

const signIn = async (login: string, password: string): Promise<string> => {
  const { admin } = plane.addresses
  const response = await fetch(`${admin}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: admin, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ login, password }),
  })
  expect(response.status).toBe(303)
  const cookie = response.headers.get('set-cookie') ?? ''
  expect(cookie).toMatch(/^gatehouse-admin=[^;]+; Path=\/; HttpOnly; SameSite=Strict$/)
  return cookie.split(';')[0] ?? ''
}

describe('a control plane', () => {
  let cookie = ''

  it('makes the first admin once, who can sign in and administer everything', async () => {
    expect(plane.firstAdmin).toMatchObject({
      login: 'admin',
      password: expect.stringMatching(/^[0-9a-z-]{23}$/),
    })
    cookie = await signIn('admin', plane.firstAdmin?.password ?? '')
    const me = await fetch(`${plane.addresses.admin}/api/me`, { headers: { cookie } })
    expect(await me.json()).toMatchObject({
      seenAt: { address: '127.0.0.1', sentence: 'the connection itself' },
      practices: [{ id: 'lakeside', zone: 'America/Chicago' }],
    })
    const second = await start()
    expect(second.firstAdmin).toBeNull()
    await second.close()
  })

  it('opens the first account by a link that is made anew until it was used, where nobody sees a password', async () => {
    const empty = await createDatabase()
    const startByLink = () => start({ databaseUrl: empty.url, firstAdminBy: 'link' })
    const first = await startByLink()
    const second = await startByLink()
    expect([first.firstAdmin, first.firstLink?.login]).toEqual([null, 'admin'])
    const open = async (link: string | undefined, password: string | null) => {
      const url = new URL(link ?? '', second.addresses.admin)
      if (password === null) return fetch(url)
      const body = new URLSearchParams({ link: url.searchParams.get('link') ?? '', password })
      return fetch(`${url.origin}/set-password`, {
        ...{ method: 'POST', redirect: 'manual', body, headers: { origin: url.origin } },
      })
    }
    expect((await open(first.firstLink?.link, null)).status).toBe(403)
    expect((await open(second.firstLink?.link, null)).status).toBe(200)
    expect((await open(second.firstLink?.link, 'marmot lantern quilt 58')).status).toBe(303)
    const third = await startByLink()
    expect([third.firstAdmin, third.firstLink]).toEqual([null, null])
    const actions = await third.database.read((rows) =>
      rows.selectFrom('security_event').select('action').where('action', 'like', 'admin.%').execute(),
    )
    expect(actions.map(({ action }) => action).sort()).toEqual([
      ...['admin.created', 'admin.password-set', 'admin.reset'],
    ])
    for (const one of [first, second, third]) await one.close()
    await empty.drop()
  })

  it('has published the practices by the time it is ready', async () => {
    await vi.waitFor(async () => expect(await store.read(keys.policy('lakeside'))).not.toBeNull())
    const { records } = await plane.internal.changes(0, 'g1')
    expect(records.map(({ key }) => key)).toEqual(
      expect.arrayContaining([keys.policy('lakeside'), keys.members('lakeside'), keys.practices]),
    )
  })

  it('answers the same over HTTP to who holds the cluster key, and to nobody else', async () => {
    const client = createInternalClient({ url: plane.addresses.internal, clusterKey })
    expect(await client.publicKey()).toBe(await plane.internal.publicKey())
    expect((await client.record(keys.policy('lakeside')))?.key).toBe(keys.policy('lakeside'))
    expect(await client.record('gh:session:{nobody}')).toBeNull()
    expect((await client.changes(0, 'g1')).records.length).toBeGreaterThan(0)
    const stranger = createInternalClient({ url: plane.addresses.internal, clusterKey: 'x'.repeat(40) })
    await expect(stranger.publicKey()).rejects.toMatchObject({ fault: true, kind: 'refused' })
    const browser = await fetch(`${plane.addresses.internal}/internal/public-key`, {
      headers: { origin: plane.addresses.admin },
    })
    expect(browser.status).toBe(401)
  })

  it('has the portal on an origin of its own, where a stranger learns nothing', async () => {
    const { portal, admin } = plane.addresses
    expect(portal).not.toBe(admin)
    const answer = await fetch(`${portal}/`, { redirect: 'manual' })
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null])
    expect(await answer.text()).toContain('<h1>This step is over</h1>')
  })

  it('shows operators its figures and health', async () => {
    const { metrics } = plane.addresses
    expect((await fetch(`${metrics}/livez`)).status).toBe(200)
    const ready = await fetch(`${metrics}/readyz`)
    expect([ready.status, await ready.text()]).toEqual([200, 'ready\ndatabase: ok\nhot store: ok\n'])
    const text = await (await fetch(`${metrics}/metrics`)).text()
    expect(text).toMatch(/gatehouse_admin_requests_total\{surface="internal",status="4xx"\} \d/)
    expect(text).toMatch(/gatehouse_admin_requests_total\{surface="portal",status="4xx"\} \d/)
    expect(text).toMatch(/gatehouse_admin_store_up\{store="database"\} 1/)
    expect(text).toMatch(/gatehouse_admin_sequence [1-9]/)
    expect((await fetch(`${metrics}/api/me`)).status).toBe(404)
  })

  it('answers 503 while the database is away, and recovers by itself', async () => {
    const port = Number(new URL(relay.url).port)
    await relay.close()
    const away = await fetch(`${plane.addresses.admin}/api/me`, { headers: { cookie } })
    expect(away.status).toBe(503)
    expect(away.headers.get('retry-after')).toBe('2')
    expect(await away.json()).toMatchObject({ code: 'database-unavailable' })
    expect((await fetch(`${plane.addresses.metrics}/readyz`)).status).toBe(503)
    expect(await (await fetch(`${plane.addresses.metrics}/metrics`)).text()).toContain(
      'gatehouse_admin_store_up{store="database"} 0',
    )
    relay = await startRelay(`http://${new URL(database.url).host}`, '127.0.0.1', port)
    await vi.waitFor(async () => {
      const back = await fetch(`${plane.addresses.admin}/api/me`, { headers: { cookie } })
      expect(back.status).toBe(200)
    })
  })
})

describe('a start that cannot succeed', () => {
  let taken: Server
  beforeAll(async () => {
    taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => taken.close())

  it('says which port is taken and leaves nothing running', async () => {
    const { port } = taken.address() as { port: number }
    await expect(start({ config: config({ admin: `127.0.0.1:${port}` }) })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      port,
    })
  })

  it('names every problem of its configuration', async () => {
    const practices = [{ id: 'moon', name: 'Moon', zone: 'Moon/Tycho', roles: 'standard' as const }]
    await expect(start({ config: { ...config(), practices } })).rejects.toThrow(/practices\[0\]\..*zone/)
  })

  it('keeps its keys where only their owner reads them', () => {
    expect(existsSync(join(dataDir, 'signing-key'))).toBe(true)
  })
})
