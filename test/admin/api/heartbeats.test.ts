/**
 * Goal: an entry follows its office and nothing else: not wider, not for strangers, not over a change that waits.
 * Method: the admin API and the portal's app over one real database; beats from networks of choice, a clock that moves.
 */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPortalApp } from '../../../admin/portal/portal-app.ts'
import { listEvents } from '../../../admin/store/events.ts'
import { createFactorKeyring } from '../../../admin/two-factor/factor-keys.ts'
import { readTrustedProxies } from '../../../runtime/forwarded.ts'
import { silentLog } from '../../../runtime/log.ts'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
let portal: ReturnType<typeof createPortalApp>
let published = 0
const proxies = readTrustedProxies(['198.51.100.254'])
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
  if (!proxies.ok) throw new Error('bad proxies')
  portal = createPortalApp({
    parts: {
      store: stage.store,
      keyring: createFactorKeyring([{ id: 'k1', bytes: randomBytes(32) }]),
      changed: () => {
        published += 1
      },
    },
    ...{
      origin: 'https://portal.example',
      trustedProxies: proxies.value,
      now: stage.clock.now,
      log: silentLog,
    },
  })
})
afterAll(() => stage.close())

const lakeside = '/api/practices/lakeside'
const json = async <T>(response: Response): Promise<T> => (await response.json()) as T
type Entry = { id: string; label: string; range: string; state: string; expiresAt: number | null }
const list = async () =>
  json<{ revision: number; entries: Entry[] }>(await root.ask('GET', `${lakeside}/ip-entries`))
const add = async (range: string, label: string) =>
  (await json<{ entry: Entry }>(await root.ask('POST', `${lakeside}/ip-entries`, { json: { range, label } })))
    .entry
const make = async (entry: string) =>
  json<{ id: string; token: string; setUp: string; cronLine: string }>(
    await root.ask('POST', `${lakeside}/ip-entries/${entry}/heartbeats`, { json: {} }),
  )
const beat = async (token: string, peer: string, headers: Record<string, string> = {}) => {
  const request = new Request('https://portal.example/heartbeat', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...headers },
  })
  const response = await portal.fetch(request, { peer })
  const { outcome, range } = await json<{ outcome: string; range?: string }>(response)
  return `${response.status} ${outcome}${range === undefined ? '' : ` ${range}`}`
}
const events = (type: string) =>
  stage.store.read((rows) => listEvents(rows, { practice: 'lakeside', type }, { countMax: 50, before: null }))

test('the entry follows; the address before is let in for a quarter of an hour; the admins go along', async () => {
  const office = await add('203.0.113.9', 'Office')
  await stage.store.read((rows) =>
    rows
      .insertInto('address_use')
      .values({ subject: 'usr_olga', address: '203.0.113.9', first_at: 1, last_at: stage.clock.now() })
      .execute(),
  )
  const enforced = await root.ask('PUT', `${lakeside}/controls/ip`, {
    json: {
      ...{ mode: 'enforce', signInOnlyFromListed: false },
      scope: { include: 'everyone', exempt: { roles: [], users: [] } },
    },
    revision: (await list()).revision,
  })
  expect(enforced.status).toBe(200)
  const { token, setUp, cronLine } = await make(office.id)
  expect(setUp).toContain(token)
  expect(cronLine).toBe(
    '*/5 * * * * curl -fsS -4 -m 20 -o /dev/null -X POST -H @"$HOME/.gatehouse-heartbeat" https://portal.example/heartbeat',
  )
  // Enforcing waits to be confirmed: nothing is moved over it.
  expect(await beat(token, '203.0.113.77')).toBe('409 refused')
  const { revision } = await list()
  const confirmed = await root.ask('POST', `${lakeside}/confirmation/confirm`, { json: {}, revision })
  expect(confirmed.status).toBe(200)

  expect(await beat(token, '203.0.113.9')).toBe('200 unchanged 203.0.113.9/32')
  const before = await list()
  expect(await beat(token, '203.0.113.77')).toBe('200 moved 203.0.113.77/32')
  expect(await beat(token, '203.0.113.77')).toBe('200 unchanged 203.0.113.77/32')
  expect(published).toBe(1)
  const after = await list()
  expect(after.revision).toBe(before.revision + 1)
  expect(after.entries.map(({ range, label, expiresAt }) => [range, label, expiresAt])).toEqual([
    ['203.0.113.77/32', 'Office', null],
    ['203.0.113.9/32', 'Office, previous address', stage.clock.now() + 900_000],
  ])
  const general = await json<{ confirmation: unknown }>(await root.ask('GET', `${lakeside}/general`))
  expect(general.confirmation).toBeNull()
  expect(await events('ip-entry.followed')).toMatchObject([
    {
      ...{ actor: { kind: 'system' }, origin: 'auto', address: '203.0.113.77', target: { name: 'Office' } },
      before: { [`ipEntries[${office.id}].range`]: '203.0.113.9/32' },
    },
  ])
  // Back again, and on: there is never more than one address before.
  expect(await beat(token, '203.0.113.9')).toBe('200 moved 203.0.113.9/32')
  expect(await beat(token, '203.0.113.78')).toBe('200 moved 203.0.113.78/32')
  expect((await list()).entries.map(({ range }) => range)).toEqual(['203.0.113.78/32', '203.0.113.9/32'])
})

test('who holds no token that holds is a stranger, whatever is wrong with it', async () => {
  const entry = await add('192.0.2.1', 'Branch')
  const { token, id } = await make(entry.id)
  const wrong = `ghb_${'A'.repeat(43)}`
  for (const bearer of [wrong, '', 'x', token.slice(0, -1), `${token}A`, token.toLowerCase()])
    expect(await beat(bearer, '192.0.2.9')).toBe('401 unknown-token')
  const bare = await portal.fetch(new Request('https://portal.example/heartbeat', { method: 'POST' }), {
    peer: '192.0.2.9',
  })
  expect(bare.status).toBe(401)
  const viewer = await stage.signIn('viewer')
  const path = `${lakeside}/ip-entries/${entry.id}/heartbeats`
  expect((await viewer.ask('POST', path, { json: {} })).status).toBe(403)
  const shown = await (await viewer.ask('GET', `${lakeside}/heartbeats`)).text()
  expect(shown).toContain(token.slice(0, 8))
  expect(shown).not.toContain(token.slice(8))
  const stored = await stage.store.read((rows) => rows.selectFrom('heartbeat_token').selectAll().execute())
  expect(JSON.stringify(stored)).not.toContain(token.slice(8))
  expect(JSON.stringify(await events('heartbeat'))).not.toContain(token.slice(8))
  const hilly = await stage.signIn('hilly')
  const elsewhere = `/api/practices/hilltop/heartbeats/${id}/revoke`
  expect((await hilly.ask('POST', elsewhere, { json: {} })).status).toBe(404)
  expect(await beat(token, '192.0.2.1')).toBe('200 unchanged 192.0.2.1/32')
  const revoke = () => root.ask('POST', `${lakeside}/heartbeats/${id}/revoke`, { json: {} })
  expect((await revoke()).status).toBe(200)
  expect((await revoke()).status).toBe(404)
  expect(await beat(token, '192.0.2.9')).toBe('401 unknown-token')
  expect((await list()).entries.find(({ label }) => label === 'Branch')?.range).toBe('192.0.2.1/32')
})

test('a beat never widens, changes the family, or takes a proxy for the office', async () => {
  const wide = await add('198.51.100.0/25', 'Whole range')
  const refused = await root.ask('POST', `${lakeside}/ip-entries/${wide.id}/heartbeats`, { json: {} })
  expect(refused.status).toBe(422)
  const home = await add('2001:db8:1::7', 'Home')
  const six = (await make(home.id)).token
  expect(await beat(six, '2001:db8:1::99')).toBe('200 unchanged 2001:db8:1::/64')
  expect(await beat(six, '203.0.113.1')).toBe('409 refused')
  expect(await beat(six, '2001:db8:2::99')).toBe('200 moved 2001:db8:2::/64')
  const { token } = await make((await add('192.0.2.40', 'Lab')).id)
  expect(await beat(token, '10.1.2.3')).toBe('409 refused')
  expect(await beat(token, '198.51.100.254')).toBe('409 refused')
  expect(await beat(token, '198.51.100.254', { 'x-forwarded-for': 'junk' })).toBe('409 refused')
  expect(await beat(token, '192.0.2.41', { 'x-forwarded-for': '192.0.2.99' })).toBe('200 moved 192.0.2.41/32')
  expect(await beat(token, '198.51.100.254', { 'x-forwarded-for': '1.2.3.4, 192.0.2.42' })).toBe(
    '200 moved 192.0.2.42/32',
  )
})

test('a stolen token moves its entry ten times a day and no more; what is silent or gone is shown so', async () => {
  // The address before is over: the admin comes from where the office is now.
  stage.clock.advance(3_600_000)
  root = await stage.signIn('root', '203.0.113.78')
  const entry = await add('192.0.2.100', 'Depot')
  const { token } = await make(entry.id)
  for (let last = 101; last <= 110; last += 1)
    expect(await beat(token, `192.0.2.${last}`)).toBe(`200 moved 192.0.2.${last}/32`)
  expect(await beat(token, '192.0.2.111')).toBe('429 too-many')
  expect(await beat(token, '192.0.2.110')).toBe('200 unchanged 192.0.2.110/32')
  stage.clock.advance(86_400_000)
  root = await stage.signIn('root', '203.0.113.78')
  expect(await beat(token, '192.0.2.111')).toBe('200 moved 192.0.2.111/32')
  const { revision } = await list()
  const removed = await root.ask('DELETE', `${lakeside}/ip-entries/${entry.id}`, { revision })
  expect(removed.status).toBe(200)
  const shown = await json<{ heartbeats: { entry: { label: string | null }; silent: boolean }[] }>(
    await root.ask('GET', `${lakeside}/heartbeats`),
  )
  const standing = shown.heartbeats.map(
    ({ entry: { label }, silent }) => `${label} ${silent ? 'silent' : 'there'}`,
  )
  expect(standing.sort()).toEqual(['Home silent', 'Lab silent', 'Office silent', 'null there'])
  const { revision: now } = await list()
  await root.ask('POST', `${lakeside}/confirmation/confirm`, { json: {}, revision: now })
  expect(await beat(token, '192.0.2.112')).toBe('409 refused')
})
