/**
 * Goal: an own account makes, renames, shows and removes passkeys; no answer counts twice, elsewhere, for another account or
 * from a copied key, and the last second factor takes the recovery codes with it.
 * Method: the API and forms as browsers send them, on a real database, with a passkey device in software.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSoftwareAuthenticator } from '../../support/software-authenticator.ts'
import { type Browser, createStage, origin, password, type Stage } from '../api/admin-stage.ts'
import { digits } from '../portal/portal-stage.ts'

type Device = ReturnType<typeof createSoftwareAuthenticator>
type Factors = {
  readonly enrolledAt: number | null
  readonly recoveryCodesLeft: number
  readonly passkeys: readonly { readonly id: string; readonly name: string }[]
}

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

const json = async <T>(answer: Promise<Response> | Response): Promise<T> => (await (await answer).json()) as T
const post = (path: string, fields: Readonly<Record<string, string>>, cookie = '') =>
  stage.request(
    path,
    {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: {
        ...(cookie === '' ? {} : { cookie }),
        ...{ 'content-type': 'application/x-www-form-urlencoded', origin, 'sec-fetch-site': 'same-origin' },
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
/** What a page asks the browser for; it stands in an attribute. */
const optionsOf = (page: string): string =>
  (/data-options="([^"]+)"/.exec(page)?.[1] ?? '').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
const factors = (browser: Browser) => json<Factors>(browser.ask('GET', '/api/me/factors'))

const makeAccount = async (login: string): Promise<Browser> => {
  const root = await stage.signIn('root', somewhere())
  const made = await json<{ link: string }>(
    root.ask('POST', '/api/admins', { json: { login, name: `The ${login}`, practices: 'every' } }),
  )
  await post('/set-password', { link: made.link.split('=')[1] ?? '', password })
  return stage.signIn(login, somewhere())
}
const begin = async (browser: Browser): Promise<string> =>
  JSON.stringify(
    (await json<{ publicKey: unknown }>(browser.ask('POST', '/api/me/factors/passkeys'))).publicKey,
  )
const confirm = (browser: Browser, answer: string, name = 'Desk key') =>
  browser.ask('POST', '/api/me/factors/passkeys/confirm', { json: { name, credential: JSON.parse(answer) } })
const enrol = async (browser: Browser, device: Device): Promise<readonly string[]> => {
  const kept = await confirm(browser, device.create(await begin(browser)))
  expect(kept.status).toBe(200)
  return (await json<{ recoveryCodes: string[] }>(kept)).recoveryCodes
}
/** The first half of a sign-in: what the browser is asked, and the cookie that waits. */
const typePassword = async (login: string) => {
  const answer = await post('/sign-in', { login, password })
  return { options: optionsOf(await answer.text()), waiting: cookieOf(answer, '__Host-gatehouse-admin-step') }
}

describe('making a passkey', () => {
  it('counts for this origin and once, brings recovery codes the first time, and ends other sessions', async () => {
    const browser = await makeAccount('maker')
    const other = await stage.signIn('maker', somewhere())
    const device = createSoftwareAuthenticator(origin)
    const options = await begin(browser)
    for (const quirks of [
      { origin: 'https://admin.example.evil.example' },
      { rpId: 'evil.example' },
      { flags: 1 },
      { framed: true },
      { type: 'webauthn.get' },
    ]) {
      const asked = await begin(browser)
      expect(
        (await confirm(browser, device.create(asked, 'ES256', quirks))).status,
        JSON.stringify(quirks),
      ).toBe(422)
    }
    // A challenge that another took the place of, and one of another account.
    expect((await confirm(browser, device.create(options))).status).toBe(422)
    const root = await stage.signIn('root', somewhere())
    expect((await confirm(browser, device.create(await begin(root)))).status).toBe(422)
    const answer = device.create(await begin(browser))
    const kept = await json<{ passkey: { name: string }; recoveryCodes: string[] }>(confirm(browser, answer))
    expect([kept.passkey.name, kept.recoveryCodes.length]).toEqual(['Desk key', 10])
    expect((await confirm(browser, answer)).status).toBe(422)
    expect([await me(other.cookie), await me(browser.cookie)]).toEqual([401, 200])
    expect(await enrol(browser, createSoftwareAuthenticator(origin))).toEqual([])
    const known = JSON.parse(await begin(browser)) as { excludeCredentials: readonly unknown[] }
    expect(known.excludeCredentials).toHaveLength(2)
  })

  it('is renamed and removed by its owner alone; recovery codes stay until nothing is left', async () => {
    const browser = await makeAccount('keeper')
    await enrol(browser, createSoftwareAuthenticator(origin))
    const [passkey] = (await factors(browser)).passkeys
    const path = `/api/me/factors/passkeys/${passkey?.id}`
    const root = await stage.signIn('root', somewhere())
    expect((await root.ask('PATCH', path, { json: { name: 'Mine now' } })).status).toBe(404)
    expect((await root.ask('DELETE', path)).status).toBe(404)
    expect((await browser.ask('PATCH', path, { json: { name: 'Blue key' } })).status).toBe(200)
    expect((await factors(browser)).passkeys.map(({ name }) => name)).toEqual(['Blue key'])
    const { key } = await json<{ key: string }>(browser.ask('POST', '/api/me/factors/totp', { json: {} }))
    await browser.ask('POST', '/api/me/factors/totp/confirm', {
      json: { code: digits(key, stage.clock.now()) },
    })
    expect((await browser.ask('DELETE', '/api/me/factors/totp')).status).toBe(200)
    expect((await browser.ask('DELETE', '/api/me/factors/totp')).status).toBe(404)
    expect(await factors(browser)).toMatchObject({ enrolledAt: null, recoveryCodesLeft: 10 })
    expect((await browser.ask('DELETE', path)).status).toBe(200)
    expect(await factors(browser)).toMatchObject({ passkeys: [], recoveryCodesLeft: 0 })
    expect((await typePassword('keeper')).waiting).toBe('')
  })

  it('leaves no recovery codes where app and passkey are removed at once', async () => {
    const browser = await makeAccount('twice')
    await enrol(browser, createSoftwareAuthenticator(origin))
    const { key } = await json<{ key: string }>(browser.ask('POST', '/api/me/factors/totp', { json: {} }))
    const code = digits(key, stage.clock.now())
    await browser.ask('POST', '/api/me/factors/totp/confirm', { json: { code } })
    const [passkey] = (await factors(browser)).passkeys
    const paths = ['/api/me/factors/totp', `/api/me/factors/passkeys/${passkey?.id}`]
    const gone = await Promise.all(paths.map((path) => browser.ask('DELETE', path)))
    expect(gone.map(({ status }) => status)).toEqual([200, 200])
    expect(await factors(browser)).toMatchObject({ enrolledAt: null, passkeys: [], recoveryCodesLeft: 0 })
  })

  it('goes when an admin resets the second factor', async () => {
    const browser = await makeAccount('lost')
    await enrol(browser, createSoftwareAuthenticator(origin))
    const root = await stage.signIn('root', somewhere())
    type Listed = { id: string; login: string; hasFactor: boolean }
    const find = async () =>
      (await json<{ accounts: Listed[] }>(root.ask('GET', '/api/admins'))).accounts.find(
        ({ login }) => login === 'lost',
      )
    const before = await find()
    expect(before?.hasFactor).toBe(true)
    await root.ask('POST', `/api/admins/${before?.id}/reset`, { json: { factor: true } })
    expect((await find())?.hasFactor).toBe(false)
  })
})

describe('signing in', () => {
  it('goes on with a passkey of this account, once, and not by a copied one', async () => {
    const device = createSoftwareAuthenticator(origin)
    await enrol(await makeAccount('shower'), device)
    const first = await typePassword('shower')
    const answer = device.show(first.options)
    const opened = await post('/sign-in/passkey', { answer, return: '/practices' }, first.waiting)
    expect([opened.status, opened.headers.get('location')]).toEqual([303, '/practices'])
    expect(await me(sessionOf(opened))).toBe(200)
    // The same answer for a new sign-in, and another account’s passkey for this one.
    const second = await typePassword('shower')
    expect((await post('/sign-in/passkey', { answer }, second.waiting)).status).toBe(403)
    const stranger = createSoftwareAuthenticator(origin)
    await enrol(await makeAccount('stranger'), stranger)
    const theirs = await typePassword('stranger')
    expect(
      (await post('/sign-in/passkey', { answer: stranger.show(theirs.options) }, second.waiting)).status,
    ).toBe(403)
    for (const quirks of [
      { origin: 'https://evil.example' },
      { strangeKey: true },
      { flags: 1 },
      { counter: 2 },
    ]) {
      const asked = await typePassword('shower')
      const refused = await post(
        '/sign-in/passkey',
        { answer: device.show(asked.options, quirks) },
        asked.waiting,
      )
      expect([JSON.stringify(quirks), refused.status]).toEqual([JSON.stringify(quirks), 403])
      // The page of the refusal asks anew, with another challenge.
      expect(optionsOf(await refused.text())).not.toBe(asked.options)
    }
    const last = await typePassword('shower')
    expect(
      (await post('/sign-in/passkey', { answer: device.show(last.options, { counter: 40 }) }, last.waiting))
        .status,
    ).toBe(303)
  })

  it('tells the chain by which way it failed and by which it succeeded', async () => {
    const rows = await stage.store.read((all) =>
      all.selectFrom('security_event').select(['action', 'body']).orderBy('seq').execute(),
    )
    const told = (action: string) => rows.filter((one) => one.action === action).map(({ body }) => body)
    expect(told('admin.signed-in').at(-1)).toContain('"factor":"passkey"')
    expect(told('admin.two-factor.failed').at(-1)).toContain('"by":"passkey"')
    expect(told('admin.two-factor.enrolled').at(-1)).toContain('"name":"Desk key"')
  })
})

describe('a step', () => {
  it('is proved with a passkey again before accounts are changed, from our own page only', async () => {
    const device = createSoftwareAuthenticator(origin)
    const browser = await makeAccount('stepper')
    await enrol(browser, device)
    stage.clock.advance(15 * 60_000)
    const refused = await browser.ask('POST', '/api/me/factors/passkeys')
    expect(await json(refused)).toMatchObject({ code: 'step-up-required', stepUp: '/step-up' })
    const ask = async () => {
      const page = await (await stage.request('/step-up', { headers: { cookie: browser.cookie } })).text()
      return { options: optionsOf(page), csrf: /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '' }
    }
    const forged = device.show((await ask()).options)
    expect((await post('/step-up/passkey', { answer: forged, csrf: 'x' }, browser.cookie)).status).toBe(403)
    const { options, csrf } = await ask()
    const proved = await post('/step-up/passkey', { answer: device.show(options), csrf }, browser.cookie)
    expect(proved.status).toBe(303)
    expect([await me(browser.cookie), await me(sessionOf(proved))]).toEqual([401, 200])
  })
})
