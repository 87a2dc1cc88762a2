/**
 * Goal: own accounts get a password by a link that works once, prove a second factor where they have one, and are looked
 * after only by those with every practice, of whom one always stays.
 * Method: forms and API calls as browsers send them, on a real database, with codes of a real app under a stepped clock.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listEvents } from '../../../admin/store/events.ts'
import { type Browser, createStage, origin, password, type Stage } from '../api/admin-stage.ts'
import { digits } from '../portal/portal-stage.ts'

let stage: Stage
let peers = 0
/** From a network of its own: how often one may try is another test's. */
const somewhere = (): string => {
  peers += 1
  return `198.51.100.${peers}`
}
beforeAll(async () => {
  stage = await createStage()
})
afterAll(() => stage.close())

const good = 'marmot lantern quilt 58'
const post = (path: string, fields: Readonly<Record<string, string>>, cookie = '', headers = {}) =>
  stage.request(
    path,
    {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...{ 'content-type': 'application/x-www-form-urlencoded', origin, 'sec-fetch-site': 'same-origin' },
        ...headers,
      },
    },
    somewhere(),
  )
const cookieOf = (answer: Response, name: string): string =>
  answer.headers
    .getSetCookie()
    .find((line) => line.startsWith(`${name}=`))
    ?.split(';')[0] ?? ''
const sessionOf = (answer: Response): string => cookieOf(answer, '__Host-gatehouse-admin')
const me = async (cookie: string) => (await stage.request('/api/me', { headers: { cookie } })).status
const json = async <T>(answer: Promise<Response> | Response): Promise<T> => (await (await answer).json()) as T

/** A new account of `root`'s making, with its password set by its link. */
const makeAccount = async (root: Browser, login: string, practices: unknown = 'every') => {
  const made = await json<{ id: string; link: string }>(
    root.ask('POST', '/api/admins', { json: { login, name: `The ${login}`, practices } }),
  )
  const link = made.link.split('=')[1] ?? ''
  expect((await post('/set-password', { link, password: good })).status).toBe(303)
  return { ...made, login, link }
}
const signIn = (login: string, word = good, cookie = '') =>
  post('/sign-in', { login, password: word }, cookie)

/** Sets an app up for whoever is in; its key and recovery codes. */
const enrol = async (browser: Browser) => {
  const { key } = await json<{ key: string }>(browser.ask('POST', '/api/me/factors/totp', { json: {} }))
  const { recoveryCodes } = await json<{ recoveryCodes: string[] }>(
    browser.ask('POST', '/api/me/factors/totp/confirm', { json: { code: digits(key, stage.clock.now()) } }),
  )
  expect(recoveryCodes).toHaveLength(10)
  stage.clock.advance(60_000)
  return { key, codes: recoveryCodes }
}

describe('a link', () => {
  it('sets a password once, by our own form, refuses a common one, and looking at it spends nothing', async () => {
    const root = await stage.signIn('root', somewhere())
    const made = await json<{ id: string; link: string }>(
      root.ask('POST', '/api/admins', { json: { login: 'Nora', name: 'Nora', practices: 'every' } }),
    )
    const link = made.link.split('=')[1] ?? ''
    expect((await signIn('nora', '')).status).toBe(403)
    for (const _ of [1, 2]) expect((await stage.request(made.link)).status).toBe(200)
    expect((await post('/set-password', { link, password: 'password1234' })).status).toBe(422)
    expect((await post('/set-password', { link, password: 'nora loves tea 7' })).status).toBe(422)
    const forged = { origin: 'https://evil.example' }
    expect((await post('/set-password', { link, password: good }, '', forged)).status).toBe(403)
    const both = await Promise.all([1, 2].map(() => post('/set-password', { link, password: good })))
    expect(both.map(({ status }) => status).sort()).toEqual([303, 403])
    expect((await stage.request(made.link)).status).toBe(403)
    expect((await signIn('nora')).status).toBe(303)
  })

  it('is over after a day, and a new one replaces it', async () => {
    const root = await stage.signIn('root', somewhere())
    const { id, link } = await json<{ id: string; link: string }>(
      root.ask('POST', '/api/admins', { json: { login: 'late', name: 'Late', practices: 'every' } }),
    )
    const second = await json<{ link: string }>(
      root.ask('POST', `/api/admins/${id}/reset`, { json: { factor: false } }),
    )
    expect((await stage.request(link)).status).toBe(403)
    expect((await stage.request(second.link)).status).toBe(200)
    stage.clock.advance(24 * 3_600_000)
    expect((await stage.request(second.link)).status).toBe(403)
  })
})

describe('a second factor', () => {
  it('is asked for after the password, on a page without script, and the code counts once', async () => {
    const root = await stage.signIn('root', somewhere())
    await makeAccount(root, 'totty')
    const browser = await stage.signIn('totty', somewhere(), good)
    const { key, codes } = await enrol(browser)
    const first = await signIn('totty')
    expect(sessionOf(first)).toBe('')
    expect(await first.text()).toContain('Code of your authenticator app')
    const waiting = cookieOf(first, '__Host-gatehouse-admin-step')
    const code = digits(key, stage.clock.now())
    const second = await signIn('totty')
    const other = cookieOf(second, '__Host-gatehouse-admin-step')
    const all = await Promise.all([waiting, other].map((cookie) => post('/sign-in/code', { code }, cookie)))
    expect(all.map(({ status }) => status).sort()).toEqual([303, 403])
    const opened = all.find(({ status }) => status === 303)!
    expect(await me(sessionOf(opened))).toBe(200)
    expect((await post('/sign-in/code', { code }, waiting)).headers.get('location') ?? '').not.toBe('/')
    const byCode = cookieOf(await signIn('totty'), '__Host-gatehouse-admin-step')
    const recovered = await post('/sign-in/code', { code: codes[0] ?? '' }, byCode)
    expect(await me(sessionOf(recovered))).toBe(200)
    const again = cookieOf(await signIn('totty'), '__Host-gatehouse-admin-step')
    expect((await post('/sign-in/code', { code: codes[0] ?? '' }, again)).status).toBe(403)
  })

  it('makes new recovery codes by itself: the old ones are void, and a recovery code makes no others', async () => {
    const root = await stage.signIn('root', somewhere())
    await makeAccount(root, 'renewer')
    const browser = await stage.signIn('renewer', somewhere(), good)
    const renew = (of: Browser) => of.ask('POST', '/api/me/factors/recovery-codes', { json: {} })
    expect((await renew(browser)).status).toBe(422)
    const { codes } = await enrol(browser)
    const elsewhere = cookieOf(await signIn('renewer'), '__Host-gatehouse-admin-step')
    const there = sessionOf(await post('/sign-in/code', { code: codes[0] ?? '' }, elsewhere))
    expect(await me(there)).toBe(200)
    const { recoveryCodes } = await json<{ recoveryCodes: string[] }>(renew(browser))
    expect([recoveryCodes.length, new Set([...recoveryCodes, ...codes]).size]).toEqual([10, 20])
    expect(await me(there)).toBe(401)
    const [event] = await stage.store.read((rows) =>
      listEvents(rows, { practice: null, type: 'admin.recovery-codes' }, { countMax: 1, before: null }),
    )
    expect([event?.actor.name, event?.before]).toEqual(['The renewer', { unused: 9 }])
    expect(JSON.stringify(event)).not.toContain(recoveryCodes[0])
    const waiting = cookieOf(await signIn('renewer'), '__Host-gatehouse-admin-step')
    expect((await post('/sign-in/code', { code: codes[1] ?? '' }, waiting)).status).toBe(403)
    const byCode = await post('/sign-in/code', { code: recoveryCodes[0] ?? '' }, waiting)
    const cookie = sessionOf(byCode)
    const { csrf } = await json<{ csrf: string }>(stage.request('/api/me', { headers: { cookie } }))
    const refused = await stage.request('/api/me/factors/recovery-codes', {
      ...{ method: 'POST', body: '{}' },
      headers: {
        ...{ cookie, origin, 'content-type': 'application/json' },
        ...{ 'sec-fetch-site': 'same-origin', 'x-gatehouse-csrf': csrf },
      },
    })
    expect([refused.status, await refused.text()]).toEqual([422, expect.stringContaining('makes no others')])
    stage.clock.advance(15 * 60_000)
    expect((await renew(browser)).status).toBe(401)
  })

  it('has five tries a sign-in and ten an hour, and a waiting sign-in is over after five minutes', async () => {
    const root = await stage.signIn('root', somewhere())
    await makeAccount(root, 'trier')
    await enrol(await stage.signIn('trier', somewhere(), good))
    const wait = async () => cookieOf(await signIn('trier'), '__Host-gatehouse-admin-step')
    const stale = await wait()
    stage.clock.advance(300_000)
    expect((await post('/sign-in/code', { code: '000000' }, stale)).headers.get('location')).toBe('/sign-in')
    const statuses = async (cookie: string) => {
      const tries = Array.from({ length: 6 }, () => post('/sign-in/code', { code: '000000' }, cookie))
      return (await Promise.all(tries)).map(({ status }) => status).sort()
    }
    for (const _ of [1, 2]) expect(await statuses(await wait())).toEqual([303, 403, 403, 403, 403, 403])
    expect(await statuses(await wait())).toEqual([303, 429, 429, 429, 429, 429])
  })

  it('of the last minutes is asked before accounts are changed; the step gives a new session', async () => {
    const root = await stage.signIn('root', somewhere())
    await makeAccount(root, 'stepper')
    const browser = await stage.signIn('stepper', somewhere(), good)
    const { key } = await enrol(browser)
    stage.clock.advance(15 * 60_000)
    const wish = { json: { login: 'more', name: 'More', practices: 'every' } }
    const refused = await browser.ask('POST', '/api/admins', wish)
    expect(await json(refused)).toMatchObject({ code: 'step-up-required', stepUp: '/step-up' })
    const page = await stage.request('/step-up?return=/practices', { headers: { cookie: browser.cookie } })
    const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
    const fields = { code: digits(key, stage.clock.now()), return: '/practices' }
    expect((await post('/step-up', { ...fields, csrf: 'x' }, browser.cookie)).status).toBe(403)
    const proved = await post('/step-up', { ...fields, csrf }, browser.cookie)
    expect([proved.status, proved.headers.get('location')]).toEqual([303, '/practices'])
    expect(await me(browser.cookie)).toBe(401)
    expect(await me(sessionOf(proved))).toBe(200)
  })
})

describe('a password of one’s own', () => {
  it('is changed by who knows it, to a good one; other sessions end, this one stays', async () => {
    const root = await stage.signIn('root', somewhere())
    await makeAccount(root, 'changer')
    const other = await stage.signIn('changer', somewhere(), good)
    const browser = await stage.signIn('changer', somewhere(), good)
    const change = (current: string, next: string) =>
      browser.ask('POST', '/api/me/password', { json: { current, next } })
    expect((await change('wrong', 'otter bakery tulip 93')).status).toBe(422)
    expect((await change(good, 'short')).status).toBe(422)
    expect((await change(good, 'otter bakery tulip 93')).status).toBe(200)
    expect([await me(other.cookie), await me(browser.cookie)]).toEqual([401, 200])
    expect((await signIn('changer')).status).toBe(403)
    expect((await signIn('changer', 'otter bakery tulip 93')).status).toBe(303)
  })
})

describe('looking after accounts', () => {
  it('suspends, narrows and removes, each at once, and keeps one who may do everything', async () => {
    const root = await stage.signIn('root', somewhere())
    const made = await makeAccount(root, 'helper')
    const browser = await stage.signIn('helper', somewhere(), good)
    const change = (of: Browser, id: string, wish: object) =>
      of.ask('PUT', `/api/admins/${id}`, {
        json: { name: 'Helper', practices: 'every', suspended: false, ...wish },
      })
    const narrow = { practices: { lakeside: ['gw.security.view'] } }
    expect((await change(root, made.id, { practices: { nowhere: ['gw.x'] } })).status).toBe(422)
    expect((await change(root, made.id, narrow)).status).toBe(200)
    expect(await me(browser.cookie)).toBe(401)
    const narrowed = await stage.signIn('helper', somewhere(), good)
    expect((await narrowed.ask('GET', '/api/admins')).status).toBe(403)
    expect((await change(root, made.id, { suspended: true })).status).toBe(200)
    expect(await me(narrowed.cookie)).toBe(401)
    expect((await signIn('helper')).status).toBe(403)
    expect((await root.ask('DELETE', `/api/admins/${made.id}`)).status).toBe(200)
    expect((await change(root, 'adm_root', { suspended: true })).status).toBe(403)
    const { accounts } = await json<{ accounts: { login: string; hasFactor: boolean; mine: boolean }[] }>(
      root.ask('GET', '/api/admins'),
    )
    expect(accounts.find(({ mine }) => mine)?.login).toBe('root')
    expect(accounts.map(({ login }) => login)).not.toContain('helper')
    expect(JSON.stringify(accounts)).not.toMatch(/argon2|hash/i)
  })

  it('lists who is in and ends a session', async () => {
    const root = await stage.signIn('root', somewhere())
    const viewer = await stage.signIn('viewer', somewhere())
    const { sessions } = await json<{
      sessions: { id: string; who: { id: string }; mine: boolean; device: string }[]
    }>(root.ask('GET', '/api/admin-sessions'))
    const found = sessions.find(({ who }) => who.id === 'adm_viewer')
    // A name, as of everybody's sessions: nobody reads what browsers send.
    expect(found?.device).toBe('Unknown device')
    expect((await root.ask('POST', `/api/admin-sessions/${found?.id}/end`, { json: {} })).status).toBe(200)
    expect(await me(viewer.cookie)).toBe(401)
    expect((await viewer.ask('GET', '/api/admin-sessions')).status).toBe(401)
  })

  it('is closed to somebody with one practice', async () => {
    const hilly = await stage.signIn('hilly', somewhere(), password)
    for (const path of ['/api/admins', '/api/admin-sessions'])
      expect((await hilly.ask('GET', path)).status).toBe(403)
  })
})
