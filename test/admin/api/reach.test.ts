/**
 * Goal: no permission reaches further than its own routes, in its own practice, and no answer tells of another practice.
 * Method: an account per permission walks every route of the contract in its practice and in another; then a practice full
 * of marked rows beside one whose every list is read.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { neededBy } from '../../../admin/api/access.ts'
import { everyRoute } from '../../../admin/api/api.ts'
import { catalogue, neededToEnable } from '../../../policies/permissions.ts'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

const own = 'lakeside'
const other = 'hilltop'
const routes = everyRoute.map((route) => {
  const method = route.method.toUpperCase()
  const path = route.getRoutingPath()
  return { key: `${method} ${path}`, method, path, needed: neededBy[`${method} ${path}`] }
})
const ofPractices = routes.filter(({ needed }) => needed !== undefined && needed !== 'signed-in')

const filled = (path: string, practice: string): string =>
  path
    .replace(':practice', practice)
    .replace(':user', 'usr_fred')
    .replace(':role', 'front-desk')
    .replace(/:[a-z]+/gi, 'nothing-of-that-name')
    .concat(path === '/api/live' ? `?practice=${practice}` : '')

const ours = catalogue.map(({ id }) => id).filter((id) => id.startsWith('gw.'))
/** A permission with what it needs to have an effect. */
const reachOf = (permission: string): readonly string[] => [
  permission,
  ...neededToEnable(permission, new Set(), { hiddenBlockers: true }),
]

let stage: Stage
const holders = new Map<string, Browser>()
let reader: Browser

const addAccount = async (login: string, permissions: readonly string[]): Promise<void> => {
  await stage.store.transaction(async (tx) => {
    const { password_hash } = await tx
      .selectFrom('admin_account')
      .select('password_hash')
      .where('login', '=', 'root')
      .executeTakeFirstOrThrow()
    const id = `adm_${login}`
    await tx
      .insertInto('admin_account')
      .values({
        ...{ id, login, name: login, password_hash, every_practice: false },
        ...{ created_at: stage.clock.now(), password_changed_at: stage.clock.now() },
      })
      .execute()
    await tx
      .insertInto('admin_grant')
      .values({ account: id, practice: own, permissions: [...permissions] })
      .execute()
  })
}

beforeAll(async () => {
  stage = await createStage()
  for (const [at, permission] of ours.entries()) {
    const login = `holder-${at}`
    await addAccount(login, reachOf(permission))
    holders.set(permission, await stage.signIn(login, `198.51.100.${at + 1}`))
  }
  await addAccount('reader', ours)
  reader = await stage.signIn('reader', '198.51.100.200')
})
afterAll(() => stage.close())

/** Whether the door let it through to the route itself; what the route says then is its own matter. */
const isLetIn = async (browser: Browser, method: string, path: string): Promise<boolean> => {
  const response = await browser.ask(method, path, method === 'GET' ? {} : { json: {} })
  if (response.status !== 403) {
    await response.body?.cancel()
    return true
  }
  const { code } = (await response.json()) as { code: string }
  return code !== 'not-permitted'
}

describe.each(ours)('whoever holds %s', (permission) => {
  it('reaches the routes that ask for it or for what it needs, in its own practice, and nothing else', async () => {
    const browser = holders.get(permission)!
    const held = reachOf(permission)
    const reached: string[] = []
    for (const { key, method, path } of ofPractices)
      if (await isLetIn(browser, method, filled(path, own))) {
        reached.push(key)
        expect(await isLetIn(browser, method, filled(path, other)), `${key} elsewhere`).toBe(false)
      }
    const owed = ofPractices.filter(
      ({ needed }) => needed !== undefined && needed !== 'signed-in' && held.includes(needed.permission),
    )
    expect(reached).toEqual(owed.map(({ key }) => key))
  })
})

const mark = 'Marigold'
const hidden = 'usr_hidden'

/** People, sessions, requests, refusals and events of the other practice, a mark in every text. */
const fillOther = async (): Promise<void> => {
  const at = stage.clock.now()
  await stage.store.transaction(async (tx) => {
    await tx
      .insertInto('app_user')
      .values({ id: hidden, name: mark, login: mark.toLowerCase(), email: `${mark}@x.test`, created_at: at })
      .execute()
    await tx
      .insertInto('membership')
      .values({ practice: other, user_id: hidden, roles: ['owner'], created_at: at })
      .execute()
    await tx
      .insertInto('session')
      .values({
        ...{ id: `ses_${mark}`, token_hash: 'm'.repeat(43), cookie_hash: null, user_id: hidden },
        ...{
          upstream: 'demo',
          app_user: mark,
          method: 'app-password',
          epochs: JSON.stringify({ [other]: 0 }),
        },
        ...{ started_at: at, last_seen_at: at, absolute_deadline: at + 3_600_000, device: mark },
        ...{ address_first: '192.0.2.77', address_last: '192.0.2.77' },
      })
      .execute()
    await tx
      .insertInto('access_request')
      .values({
        ...{ id: `arq_${mark}`, practice: other, user_id: hidden, network: '192.0.2.77/32' },
        ...{ address: '192.0.2.77', kind: 'ip', reason: mark, created_at: at, asked_at: at },
        expires_at: at + 3_600_000,
      })
      .execute()
    await tx
      .insertInto('decision_log')
      .values({
        ...{ code: 'GH-0000-MARK', monitored: false, at, last_at: at, minute: Math.floor(at / 60_000) },
        ...{ gateway: mark, practice: other, user_id: hidden, session: null, address: '192.0.2.77' },
        ...{ upstream: 'demo', method: 'GET', route: `/${mark}`, verdict: 'deny', revision: 1 },
        ...{ reason: 'address-not-allowed', control: 'ip', failing: ['address-not-allowed'] },
      })
      .execute()
  })
  const root = await stage.signIn('root', '198.51.100.201')
  for (const wish of [{ label: mark, note: mark, reason: mark, range: '192.0.2.77', on: false }])
    await root.ask('POST', `/api/practices/${other}/ip-entries`, { json: wish })
}

describe('beside a practice full of marked rows', () => {
  const lists = routes.filter(({ method }) => method === 'GET')

  it('the marks are there for whoever may see them', async () => {
    await fillOther()
    const root = await stage.signIn('root', '198.51.100.202')
    const seen: string[] = []
    for (const { key, path } of lists.filter(({ path: one }) => one !== '/api/live')) {
      const response = await root.ask('GET', filled(path, other))
      if (new RegExp(`${mark}|192\\.0\\.2\\.77`, 'i').test(await response.text())) seen.push(key)
    }
    expect(seen).toEqual(
      expect.arrayContaining([
        'GET /api/practices/:practice/ip-entries',
        'GET /api/practices/:practice/active-users',
        'GET /api/practices/:practice/access-requests',
        'GET /api/practices/:practice/users',
        'GET /api/practices/:practice/security-events',
        'GET /api/practices/:practice/security-events/export',
        'GET /api/practices/:practice/decisions',
      ]),
    )
  })

  it.each(lists.filter(({ path }) => path !== '/api/live'))('$key tells nothing of it', async ({ path }) => {
    const response = await reader.ask('GET', filled(path, own))
    expect(response.status).toBeLessThan(500)
    const text = await response.text()
    expect(text).not.toMatch(new RegExp(`${mark}|${hidden}|192\\.0\\.2\\.77|${other}`, 'i'))
  })

  it('a row of it asked for by its id here is not found', async () => {
    const known = async (practice: string, path: string, json: unknown): Promise<number> =>
      (await reader.ask('POST', `/api/practices/${practice}/${path}`, { json, revision: 1 })).status
    for (const [path, json] of [
      [`sessions/ses_${mark}/revoke`, {}],
      [`users/${hidden}/revoke`, {}],
      [`users/${hidden}/suspend`, {}],
      [`access-requests/arq_${mark}/approve`, {}],
      [`access-requests/arq_${mark}/reject`, { note: 'no' }],
    ] as const)
      expect(await known(own, path, json), path).toBe(404)
    expect((await reader.ask('GET', `/api/practices/${own}/decisions/GH-0000-MARK`)).status).toBe(404)
  })
})
