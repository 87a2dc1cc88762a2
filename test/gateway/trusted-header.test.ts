/**
 * Goal: an identity proxy's headers name people when they come from it, and from nobody else; a revocation outlives them.
 * Method: two gateways; the proxy is a client at 127.0.0.50 that sends the secret, everybody else is somewhere else.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Config, configSchema } from '../../runtime/config.ts'
import { checkConfig } from '../../runtime/config-checks.ts'
import type { Answer, Client } from '../support/client.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'
import { connectRaw } from '../support/raw-http.ts'

const proxy = '127.0.0.50'
const secret = 'a-secret-of-the-identity-proxy-0123456789'
const rules = {
  peers: [proxy],
  secret,
  user: 'X-Remote-User',
  email: 'X-Remote-Email',
  name: 'X-Remote-Name',
  practices: 'X-Remote-Groups',
  signedInAt: 'X-Remote-Since',
}

const vouched =
  (change: object = {}) =>
  (config: Config): Config =>
    configSchema.parse({
      ...config,
      upstreams: config.upstreams.map((upstream) => ({
        ...upstream,
        identity: {
          trustedHeader: { ...rules, ...change },
          signInPage: '/oauth2/start',
          returnParameter: 'rd',
          logout: [{ match: 'POST /sign-out' }],
        },
      })),
    })

let stand: Stand
beforeEach(async () => {
  stand = await startStand({ gateways: 2, change: vouched() })
})
afterEach(() => stand.close())

const seconds = (): number => Math.floor(stand.clock.now() / 1_000)

/** What the proxy sends for `user`, who signed in `agoSeconds` ago. */
const headersOf = (user: string, agoSeconds = 60): Record<string, string> => ({
  'x-identity-secret': secret,
  'x-remote-user': user,
  'x-remote-email': `${user}@example.test`,
  'x-remote-name': Buffer.from('Zo\u00eb').toString('latin1'),
  'x-remote-groups': 'riverside',
  'x-remote-since': String(seconds() - agoSeconds),
})

/** A browser behind the proxy. */
const behind = (at = 0): Client => stand.client(proxy, at)
const page = (client: Client, headers: Record<string, string>, path = '/patients/7'): Promise<Answer> =>
  client.get(path, { headers })
const script = (client: Client, headers: Record<string, string>): Promise<Answer> =>
  client.get('/patients/7', { headers, navigation: false })
const last = () => stand.application.arrived.at(-1)
const opened = () => [...stand.control.sessions.values()].at(-1)?.record
const spoofs = async (at = 0): Promise<number> => {
  const { metrics } = stand.gateways[at]!.addresses
  const { text } = await stand.client().elsewhere({ base: metrics }).get('/metrics')
  return Number(/^gatehouse_identity_spoofs_total(?:\{\})? (\d+)$/m.exec(text)?.[1] ?? 0)
}
const atBoth = (client: Client): readonly Client[] =>
  stand.gateways.map(({ addresses }) => client.elsewhere({ base: addresses.application }))

describe('somebody whom the proxy vouches for', () => {
  test('is signed in on both gateways, with a companion, and the application hears it from the gateway alone', async () => {
    const client = behind()
    const headers = headersOf('ann')
    expect((await page(client, headers)).status).toBe(200)
    expect(client.cookies.has('gatehouse')).toBe(true)
    expect(opened()).toMatchObject({ user: 'usr_ann', method: 'trusted-header', epochs: { riverside: 0 } })
    for (const there of atBoth(client)) expect((await script(there, headers)).status).toBe(200)
    expect(stand.control.calls.opened).toBe(1)
    const sent = last()!.headers
    expect(sent['x-gatehouse-user']).toBe('usr_ann')
    expect(Object.keys(sent).filter((name) => /remote|secret|cookie/.test(name))).toEqual([])
    expect(stand.application.settings.asked).toBe(0)
    expect(await spoofs()).toBe(0)
  })

  test('is nobody on requests for which the proxy names nobody, and passes on public routes only', async () => {
    const client = behind()
    await page(client, headersOf('ann'))
    const anonymous = await page(client, { 'x-identity-secret': secret })
    expect(anonymous.status).toBe(303)
    expect(anonymous.headers.location).toBe('/oauth2/start?rd=%2Fpatients%2F7')
    expect((await page(client, { 'x-identity-secret': secret }, '/public/book')).status).toBe(200)
    expect(last()!.headers['x-identity-secret']).toBeUndefined()
  })

  test('is another person behind the same companion: the session ends and starts afresh', async () => {
    const client = behind()
    await page(client, headersOf('ann'))
    const ann = [...stand.control.sessions.values()].at(-1)!
    expect((await page(client, headersOf('ben'))).status).toBe(200)
    expect(opened()).toMatchObject({ user: 'usr_ben' })
    const first = [...stand.control.sessions.values()].find(({ record }) => record.id === ann.record.id)
    expect(first?.record.ended?.why).toBe('identity-mismatch')
    expect(last()!.headers['x-gatehouse-user']).toBe('usr_ben')
  })

  test('is refused by the control plane’s word: unknown people, and everybody while it is away', async () => {
    expect((await script(behind(), headersOf('stranger'))).status).toBe(403)
    stand.control.stop()
    expect((await script(behind(), headersOf('ann'))).status).toBe(503)
    expect(stand.application.arrived).toHaveLength(0)
  })

  test('is not believed with a time that is no time, or that lies ahead', async () => {
    for (const since of ['', 'soon', '12', '-1770000000', `${seconds()}.5`, `${seconds()}000`])
      expect((await script(behind(), { ...headersOf('ann'), 'x-remote-since': since })).status, since).toBe(
        401,
      )
    expect((await script(behind(), headersOf('ann', -60))).status).toBe(503)
    expect((await script(behind(), headersOf('ann', -2))).status).toBe(200)
  })

  test('is nobody when a header is too long, not UTF-8, or not printable', async () => {
    const odd = [
      { 'x-remote-user': 'a'.repeat(201) },
      { 'x-remote-user': 'an\u00ffn' },
      { 'x-remote-user': 'ann\tx' },
      { 'x-remote-groups': Array.from({ length: 501 }, (_, i) => `p${i}`).join(',') },
    ]
    for (const change of odd) {
      const { status } = await script(behind(), { ...headersOf('ann'), ...change })
      expect([401, 503], JSON.stringify(change).slice(0, 60)).toContain(status)
    }
    expect(stand.application.arrived).toHaveLength(0)
    expect(stand.control.calls.opened).toBe(0)
  })
})

test('a second factor that is owed is asked for at the step, and proving it raises the live session', async () => {
  const client = behind()
  const headers = headersOf('ann')
  await page(client, headers)
  await stand.control.saveMember('riverside', 'usr_ann', (member) => ({ ...member, factors: ['totp'] }))
  await stand.control.savePolicy('riverside', (document) => ({
    ...document,
    controls: {
      ...document.controls,
      twoFactor: { ...document.controls.twoFactor, mode: 'enforce' },
    },
  }))
  await eventually(async () => (await page(client, headers)).status === 303, 'owes a factor')
  expect((await page(client, headers)).headers.location).toMatch(/^\/\.gatehouse\/access/)
  const [[tokenHash]] = [...stand.control.sessions] as [[string, unknown]]
  const proof = stand.control.layProof(tokenHash)
  const proved = await page(client, headers, `/.gatehouse/access?proof=${proof}`)
  expect(proved.status).toBe(303)
  expect((await page(client, headers)).status).toBe(200)
  expect(
    (await page(client.elsewhere({ base: stand.gateways[1]!.addresses.application }), headers)).status,
  ).toBe(200)
  // Another browser of the same sign-in has proved nothing.
  expect((await script(behind(), headers)).status).toBe(401)
})

describe('a spoofed header', () => {
  const without = (...names: readonly string[]): Record<string, string> =>
    Object.fromEntries(Object.entries(headersOf('ann')).filter(([name]) => !names.includes(name)))

  test('names nobody without the secret, with a wrong one, or from another address; it is counted', async () => {
    const cases: readonly (readonly [from: string, headers: Record<string, string>])[] = [
      [proxy, without('x-identity-secret')],
      [proxy, { ...headersOf('ann'), 'x-identity-secret': `${secret.slice(0, -1)}8` }],
      [proxy, { ...headersOf('ann'), 'x-identity-secret': '' }],
      ['127.0.0.51', headersOf('ann')],
      ['127.0.0.1', { ...headersOf('ann'), 'x-forwarded-for': proxy }],
    ]
    for (const [from, headers] of cases) {
      expect((await script(stand.client(from), headers)).status, JSON.stringify(headers)).toBe(401)
      // Public pages pass, and the application reads nobody's name there.
      expect((await page(stand.client(from), headers, '/public/book')).status).toBe(200)
      expect(Object.keys(last()!.headers).filter((name) => /remote|secret/.test(name))).toEqual([])
    }
    expect(await spoofs()).toBe(2 * cases.length)
    expect(stand.control.calls.opened).toBe(0)
    expect(stand.application.arrived.every(({ url }) => url === '/public/book')).toBe(true)
  })

  test('does not speak for somebody whose companion it brings along', async () => {
    const client = behind()
    await page(client, headersOf('ann'))
    const thief = stand.client('127.0.0.51')
    thief.cookies.set('gatehouse', client.cookies.get('gatehouse')!)
    expect((await script(thief, {})).status).toBe(401)
    expect((await script(thief, headersOf('ann'))).status).toBe(401)
    expect((await script(client, headersOf('ann'))).status).toBe(200)
  })

  test('that went past the proxy, twice or in another spelling, makes the request nobody’s', async () => {
    const lines = Object.entries(headersOf('ann')).map(([name, value]) => `${name}: ${value}`)
    const extra = [
      'X-Remote-User: owner',
      'x-remote-user: ann',
      'X_Remote_User: owner',
      'X-Remote.User: owner',
      'x-remote-email: owner@example.test',
      'X_Identity_Secret: x',
      `x-identity-secret: ${secret}`,
      'X-Remote-Since: 1700000000',
    ]
    const url = new URL(stand.gateways[0]!.addresses.application)
    for (const line of extra)
      for (const all of [
        [...lines, line],
        [line, ...lines],
      ]) {
        const client = await connectRaw(Number(url.port), proxy)
        client.write(
          `GET /patients/7 HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n${all.join('\r\n')}\r\n\r\n`,
        )
        expect(await client.closed(), line).toMatch(/^HTTP\/1\.1 401 /)
      }
    expect(await spoofs()).toBe(2 * extra.length)
    expect(stand.application.arrived).toHaveLength(0)
    expect(stand.control.calls.opened).toBe(0)
  })

  test('alone and in another spelling names nobody, and does not go on', async () => {
    const headers = { 'x-identity-secret': secret, x_remote_user: 'ann', 'x-remote-since': String(seconds()) }
    expect((await script(behind(), headers)).status).toBe(401)
    await page(behind(), headers, '/public/book')
    expect(Object.keys(last()!.headers).filter((name) => /remote|secret/.test(name))).toEqual([])
  })
})

describe('a revocation', () => {
  const refusedAtBoth = async (client: Client, headers: Record<string, string>): Promise<void> => {
    for (const there of atBoth(client))
      await eventually(async () => (await script(there, headers)).status === 401, 'refused')
  }

  test('of a user is not undone by the proxy going on to vouch, only by a sign-in after it', async () => {
    const client = behind()
    const headers = headersOf('ann')
    await page(client, headers)
    await stand.control.revoke('riverside', 'usr_ann')
    await refusedAtBoth(client, headers)
    for (const fresh of [behind(0), behind(1)]) {
      expect((await script(fresh, headers)).status).toBe(401)
      expect((await page(fresh, headers)).status).toBe(401)
    }
    // Within what clocks may be off, it counts as before.
    for (const agoSeconds of [5, 0, -4])
      expect((await script(behind(), headersOf('ann', agoSeconds))).status, String(agoSeconds)).toBe(401)
    expect(stand.application.arrived.filter(({ url }) => url === '/patients/7')).toHaveLength(1)
    stand.clock.advance(60_000)
    await eventually(
      async () => (await script(behind(), headersOf('ann', 1))).status === 200,
      'signed in anew',
    )
    expect((await script(behind(), headers)).status).toBe(401)
    // Far later, the old sign-in is still old.
    stand.clock.advance(40 * 86_400_000)
    await eventually(async () => (await script(behind(), headers)).status === 401, 'still refused')
  })

  test('of one session ends that sign-in, with and without its companion, on both gateways', async () => {
    const client = behind()
    const headers = headersOf('ann')
    await page(client, headers)
    const [tokenHash] = [...stand.control.sessions.keys()]
    await stand.control.endSession(tokenHash!, 'revoked')
    await refusedAtBoth(client, headers)
    for (const fresh of [behind(0), behind(1)]) expect((await script(fresh, headers)).status).toBe(401)
    // Another sign-in of the same person is another one, also in the browser that still has the old companion.
    expect((await script(client, headersOf('ann', 1))).status).toBe(200)
  })

  test('by the application’s own sign-out ends the sign-in too', async () => {
    const client = behind()
    const headers = headersOf('ann')
    await page(client, headers)
    await client.post('/sign-out', { form: {}, headers })
    await refusedAtBoth(client, headers)
    await refusedAtBoth(behind(), headers)
  })

  test('holds for 30 days where the proxy does not say when people signed in', async () => {
    await stand.close()
    stand = await startStand({ gateways: 2, change: vouched({ signedInAt: null }) })
    const client = behind()
    const headers = headersOf('ann')
    expect((await page(client, headers)).status).toBe(200)
    await stand.control.revoke('riverside', 'usr_ann')
    await refusedAtBoth(client, headers)
    await refusedAtBoth(behind(), headersOf('ann', -60))
    stand.clock.advance(29 * 86_400_000)
    await eventually(async () => (await page(behind(), headers)).status === 401, 'not outlived yet')
    stand.clock.advance(2 * 86_400_000)
    // Nor is it the page any more that was refused.
    stand.clock.elapse(31_000)
    await eventually(async () => (await page(behind(), headers)).status === 200, 'outlived')
  })
})

describe('a configuration', () => {
  const problemsOf = (identity: object, gateway: object = {}): readonly string[] => {
    const config = configSchema.parse({
      upstreams: [
        {
          ...{ id: 'app', name: 'App', url: 'http://127.0.0.1:9' },
          identity: { signInPage: '/start', trustedHeader: rules, ...identity },
        },
      ],
      gateway,
    })
    return checkConfig(config).map(
      ({ path, sentence }) => `${path.replace('upstreams[0].identity.', '')}: ${sentence}`,
    )
  }

  test('with a proxy that is nobody or everybody, a short secret, or another credential is refused', () => {
    expect(problemsOf({})).toEqual([])
    const header = (change: object) => ({ trustedHeader: { ...rules, ...change } })
    expect(problemsOf(header({ peers: [] }))).toEqual([
      'trustedHeader.peers: must name the proxies that may vouch',
    ])
    expect(problemsOf(header({ peers: ['10.0.0.0/8', '::/0'] }))).toEqual([
      'trustedHeader.peers[1]: ::/0 would trust everybody',
    ])
    expect(() => problemsOf(header({ secret: 'short' }))).toThrow(/32 characters/)
    expect(() => problemsOf(header({ user: undefined }))).toThrow()
    for (const beside of [{ cookies: ['sid'] }, { bearer: {} }])
      expect(problemsOf(beside)[0]).toMatch(/^cookies: give either/)
    const login = { login: [{ match: 'POST /sign-in' }] }
    for (const beside of [{ introspection: { path: '/me' } }, login])
      expect(problemsOf(beside), JSON.stringify(beside)).toHaveLength(1)
    for (const user of ['Cookie', 'X-Forwarded-For', 'X-Gatehouse-User', 'authorization', 'Content-Length'])
      expect(problemsOf(header({ user })), user).toEqual([
        `trustedHeader.user: ${user} means something else already`,
      ])
    expect(problemsOf(header({ email: 'x-remote-user' }))[0]).toMatch(
      /^trustedHeader\.email: is the header of /,
    )
    expect(problemsOf(header({ practices: null }))[0]).toMatch(/practice\.fixed/)
    const forwardAuth = { listen: '127.0.0.1:9999', peers: ['127.0.0.1'], secret }
    expect(problemsOf({}, { forwardAuth })).toHaveLength(1)
  })
})
