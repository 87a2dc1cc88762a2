/**
 * Goal: a provider's word opens only the own account that it is linked with, once, in the browser that asked, and stands for
 * a second factor only where configuration says so.
 * Method: a real provider on a loopback port, which lies when told; the admin origin asked as browsers do, on a real database.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Lies, type OidcProvider, startOidcProvider } from '../../support/oidc-provider.ts'
import { providerRules } from '../../support/own-identity.ts'
import { type Browser, createStage, type Stage } from '../api/admin-stage.ts'
import { digits } from '../portal/portal-stage.ts'

let stage: Stage
let work: OidcProvider
let root: Browser
let peers = 0
const somewhere = (): string => {
  peers += 1
  return `198.51.100.${peers}`
}
const address = 'viewer@lakeside.example'
const person = { sub: 'sub-1', email: address, email_verified: true }

beforeAll(async () => {
  work = await startOidcProvider(() => stage.clock.now())
  work.state.person = person
  const key = (change: object) => ({
    ...{ rules: { ...providerRules(work.issuer), trustsFactor: false, ...change }, secret: null },
  })
  stage = await createStage({
    providers: [key({}), key({ id: 'trusted', name: 'Trusted', match: 'sub', trustsFactor: true })],
  })
  root = await stage.signIn('root', somewhere())
}, 60_000)
afterAll(async () => {
  await Promise.all([work?.close(), stage?.close()])
})
afterEach(() => {
  work.state.lies = {}
  work.state.person = person
})

const link = (account: string, provider: string, subject: string) =>
  root.ask('PUT', `/api/admins/${account}/identity`, { json: { provider, subject } })
const get = (path: string, cookie = '') => stage.request(path, { headers: { cookie } }, somewhere())
const cookieOf = (answer: Response, name: string): string =>
  answer.headers
    .getSetCookie()
    .find((line) => line.startsWith(`${name}=`))
    ?.split(';')[0] ?? ''
const sessionOf = (answer: Response): string => cookieOf(answer, '__Host-gatehouse-admin')

/** Goes to the provider and comes back: the cookie of the beginning, and the path that the provider sends back to. */
const visit = async (provider = 'work') => {
  const begun = await get(`/sign-in/with/${provider}?return=/practices`)
  expect(begun.status).toBe(303)
  const cookie = cookieOf(begun, '__Host-gatehouse-admin-provider')
  const sent = await fetch(begun.headers.get('location') ?? '', { redirect: 'manual' })
  const back = new URL(sent.headers.get('location') ?? '')
  return { cookie, path: `${back.pathname}${back.search}` }
}
const arrive = async (provider = 'work') => {
  const { cookie, path } = await visit(provider)
  return get(path, cookie)
}
const me = async (cookie: string) => {
  const answer = await get('/api/me', cookie)
  return answer.status === 200
    ? ((await answer.json()) as { account: { login: string } }).account.login
    : null
}

describe('a provider’s word', () => {
  it('opens the account that it is linked with, and none before; the page offers it', async () => {
    expect(await (await get('/sign-in')).text()).toContain('Continue with Work account')
    const stranger = await arrive()
    expect([stranger.status, sessionOf(stranger)]).toEqual([403, ''])
    expect((await link('adm_viewer', 'work', ' Viewer@Lakeside.Example ')).status).toBe(200)
    const entered = await arrive()
    expect([entered.status, entered.headers.get('location')]).toEqual([303, '/practices'])
    expect(await me(sessionOf(entered))).toBe('viewer')
  })

  it('counts once, and only in the browser that asked', async () => {
    const { cookie, path } = await visit()
    expect((await get(path)).status).toBe(403)
    const other = await visit()
    expect(sessionOf(await get(path, other.cookie))).toBe('')
    const both = await Promise.all([get(path, cookie), get(path, cookie)])
    expect(both.map(({ status }) => status).sort()).toEqual([303, 403])
    const late = await visit()
    stage.clock.advance(600_000)
    expect((await get(late.path, late.cookie)).status).toBe(403)
    root = await stage.signIn('root', somewhere())
  })

  it.each<[string, Lies]>([
    ['another address', { claims: { email: 'somebody@lakeside.example' } }],
    ['an address that is not verified', { claims: { email_verified: false } }],
    ['another audience', { claims: { aud: 'another' } }],
    ['another nonce', { claims: { nonce: 'x'.repeat(43) } }],
    ['a strange key', { strangeKey: true }],
    ['no signature', { unsigned: true }],
    ['another issuer', { iss: 'https://evil.example' }],
    ['a refusal', { refuses: true }],
  ])('is no good with %s', async (_, lies) => {
    work.state.lies = lies
    const answer = await arrive()
    expect([answer.status, sessionOf(answer)]).toEqual([403, ''])
  })

  it('opens nothing for a suspended account, nor for one that is not linked any more, whose sessions end', async () => {
    const open = sessionOf(await arrive())
    expect(await me(open)).toBe('viewer')
    const suspended = (to: boolean) =>
      stage.store.read((rows) =>
        rows.updateTable('admin_account').set({ suspended: to }).where('id', '=', 'adm_viewer').execute(),
      )
    await suspended(true)
    expect((await arrive()).status).toBe(403)
    await suspended(false)
    expect((await root.ask('DELETE', '/api/admins/adm_viewer/identity')).status).toBe(200)
    expect([await me(open), (await arrive()).status]).toEqual([null, 403])
  })
})

describe('a link', () => {
  it('is an operator’s to make, of one account with one identity, and tells the chain', async () => {
    expect((await link('adm_viewer', 'nobody', address)).status).toBe(422)
    expect((await link('adm_nobody', 'work', address)).status).toBe(404)
    expect((await link('adm_viewer', 'work', address)).status).toBe(200)
    expect((await link('adm_hilly', 'work', address)).status).toBe(422)
    const listed = (await (await root.ask('GET', '/api/admins')).json()) as {
      readonly accounts: readonly { readonly id: string; readonly identity: unknown }[]
    }
    const identityOf = (id: string) => listed.accounts.find((one) => one.id === id)?.identity
    expect(identityOf('adm_viewer')).toMatchObject({ provider: 'work', subject: address })
    expect(identityOf('adm_hilly')).toBeNull()
    const hilly = await stage.signIn('hilly', somewhere())
    const wish = { json: { provider: 'work', subject: 'hilly@lakeside.example' } }
    expect((await hilly.ask('PUT', '/api/admins/adm_hilly/identity', wish)).status).toBe(403)
    const events = await stage.store.read((rows) =>
      rows.selectFrom('security_event').select('action').where('action', 'like', 'admin.identity%').execute(),
    )
    expect(events.length).toBeGreaterThanOrEqual(3)
  })
})

describe('a second factor', () => {
  it('of the account’s own is asked for, unless the provider’s word for one is trusted', async () => {
    const own = await stage.signIn('blocked', somewhere())
    const begun = await own.ask('POST', '/api/me/factors/totp', { json: {} })
    const { key } = (await begun.json()) as { key: string }
    const code = digits(key, stage.clock.now())
    expect((await own.ask('POST', '/api/me/factors/totp/confirm', { json: { code } })).status).toBe(200)
    expect((await link('adm_blocked', 'trusted', 'sub-9')).status).toBe(200)
    const at = Math.floor(stage.clock.now() / 1_000)
    work.state.person = { ...person, sub: 'sub-9' }
    const asked = await arrive('trusted')
    expect([asked.status, sessionOf(asked)]).toEqual([200, ''])
    expect(await asked.text()).toContain('Code of your authenticator app')
    work.state.person = { ...person, sub: 'sub-9', amr: ['pwd', 'otp'], auth_time: at }
    expect(await me(sessionOf(await arrive('trusted')))).toBe('blocked')
    expect((await link('adm_blocked', 'work', address)).status).toBe(422)
    await root.ask('DELETE', '/api/admins/adm_viewer/identity')
    expect((await link('adm_blocked', 'work', address)).status).toBe(200)
    const untrusted = await arrive('work')
    expect([untrusted.status, sessionOf(untrusted)]).toEqual([200, ''])
  })
})
