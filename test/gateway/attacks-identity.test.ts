/**
 * Goal: no odd request, race or late word makes the gateway take somebody for another, or release what it holds.
 * Method: real requests to gateways in front of an application that behaves as badly as applications do.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Config } from '../../runtime/config.ts'
import type { ControlPlane } from '../../runtime/internal.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'
import { connectRaw } from '../support/raw-http.ts'

/** Signs in by a followed link too, as OIDC callbacks and magic links do; its word on a cookie is never old. */
const withCallback = (config: Config): Config => ({
  ...config,
  upstreams: config.upstreams.map((upstream) => {
    const { identity } = upstream
    const [password] = identity?.login ?? []
    if (identity === null || password === undefined) return upstream
    const callback = { ...password, match: 'GET /callback', kind: 'callback', body: 'none' } as const
    const introspection = { ...identity.introspection!, positiveMs: 1 }
    return { ...upstream, identity: { ...identity, introspection, login: [...identity.login, callback] } }
  }),
})

let stand: Stand
beforeEach(async () => {
  stand = await startStand({ gateways: 2, change: withCallback })
})
afterEach(() => stand.close())

const portOf = (at = 0): number => Number(new URL(stand.gateways[at]!.addresses.application).port)
const ask = (change: string): string =>
  `GET /callback HTTP/1.1\r\nHost: 127.0.0.1:${portOf()}\r\n${change}\r\n`
const closing = 'Connection: close\r\n'
const upgrading =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'

const office = {
  id: 'office',
  range: '127.0.0.9/32',
  label: 'Office',
  audience: 'practice',
  on: true,
  expiresAt: null,
  note: '',
  createdBy: 'test',
  createdAt: 0,
} as const

const fromOfficeOnly = (): Promise<void> =>
  stand.control.savePolicy('riverside', (document) => ({
    ...document,
    controls: { ...document.controls, ip: { ...document.controls.ip, mode: 'enforce' } },
    ipEntries: [office],
  }))

const rawAnswer = async (request: string): Promise<string> => {
  const client = await connectRaw(portOf())
  client.write(request)
  return client.closed()
}

test('a sign-in is watched also where it comes as a WebSocket handshake: nothing is released', async () => {
  const good = await rawAnswer(ask(closing))
  expect(good).toMatch(/^HTTP\/1\.1 303 /)
  expect(good).toMatch(/\r\nset-cookie: sid=/i)
  expect(good).toMatch(/\r\nset-cookie: gatehouse=/i)
  const seen = stand.application.arrived.length
  const answer = await rawAnswer(ask(upgrading))
  expect(answer).toMatch(/^HTTP\/1\.1 400 /)
  expect(answer).not.toMatch(/set-cookie/i)
  expect(stand.application.arrived).toHaveLength(seen)
})

test('a sign-in is not released by knowledge that died while the application took its time', async () => {
  const plane = stand.control.plane as { -readonly [K in keyof ControlPlane]: ControlPlane[K] }
  const { openSession } = plane
  plane.openSession = async (request) => {
    const opened = await openSession(request)
    stand.control.stop()
    return opened
  }
  const client = stand.client()
  const answer = await stand.signIn(client, 'ann')
  expect(answer.status).toBe(503)
  expect(client.cookies.size).toBe(0)
})

test('a credential that is somebody else now is not served the adopted session of the one before', async () => {
  const sid = stand.application.signInDirectly('owner')
  const first = stand.client()
  first.cookies.set('sid', sid)
  expect((await first.get('/payments')).status).toBe(200)
  // The same cookie, another person, behind the gateway's back.
  stand.application.sessions.set(sid, 'ann')
  const second = stand.client()
  second.cookies.set('sid', sid)
  expect((await second.get('/patients/7', { navigation: false })).status).toBe(200)
  expect(stand.application.arrived.at(-1)?.headers['x-gatehouse-user']).toBe('usr_ann')
})

test('the practice that is judged is the practice that is read: other spellings of its cookie stay here', async () => {
  const client = stand.client()
  await stand.signIn(client, 'ben')
  client.cookies.set('practice', 'lakeview')
  client.cookies.set('PRACTICE', 'riverside')
  client.cookies.set('Practice', 'riverside')
  expect((await client.get('/patients/7')).status).toBe(200)
  expect(stand.application.arrived.at(-1)?.headers.cookie).toMatch(/^sid=\w+; practice=lakeview$/)
})

test('a credential that parsers read two ways does not reach a sign-in either', async () => {
  const client = stand.client()
  const answer = await client.post('/sign-in', {
    form: { user: 'ann', password: 'right' },
    headers: { cookie: 'theme=dark, sid=planted' },
  })
  expect(answer.status).toBe(303)
  expect(stand.application.arrived.at(-1)?.headers.cookie).toBeUndefined()
})

test('a refused sign-in leaks nothing, however it is asked for', async () => {
  await fromOfficeOnly()
  for (const head of [closing, `${closing}Range: bytes=0-0\r\n`, `${closing}TE: trailers\r\n`, upgrading]) {
    const answer = await rawAnswer(ask(head))
    // Held for a step, it gives the companion and nothing of the application's.
    expect(answer).toMatch(/^HTTP\/1\.1 40[013] /)
    expect(answer).not.toMatch(/location:|sid=\w/i)
    expect(answer.match(/^set-cookie: (?!gatehouse=)/gim)).toBeNull()
  }
  const before = stand.application.arrived.length
  for (const path of ['/CALLBACK', '//callback', '/%63allback', '/callback;x=1', '/x/..;/callback']) {
    const answer = await rawAnswer(ask(closing).replace('/callback', path))
    expect(answer, path).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(answer, path).not.toMatch(/sid=\w/i)
  }
  expect(stand.application.arrived).toHaveLength(before)
})

/** From now on gateways hear of nothing by themselves; what they ask the control plane for they get. */
const silence = (): void => {
  stand.storeState.broken = true
  const plane = stand.control.plane as { -readonly [K in keyof ControlPlane]: ControlPlane[K] }
  plane.changes = () => Promise.reject(new Error('silence'))
}

const rename = (practice: string, from: string, to: string): Promise<void> =>
  stand.control.saveMember(practice, from, (member) => ({ ...member, user: to })).catch(() => {})

test('who has just been made a member is not refused because somebody else was asked about a moment ago', async () => {
  const [ann, owner] = await Promise.all(
    ['ann', 'owner'].map(async (user) => {
      const client = stand.client()
      await stand.signIn(client, user)
      client.cookies.set('practice', 'riverside')
      return client.elsewhere({ base: stand.gateways[1]!.addresses.application })
    }),
  )
  const status = async (client = owner): Promise<number> => (await client!.get('/patients/7')).status
  expect([await status(ann), await status(owner)]).toEqual([200, 200])
  await rename('lakeview', 'usr_owner', 'usr_gone')
  await rename('riverside', 'usr_owner', 'usr_gone')
  await rename('riverside', 'usr_ann', 'usr_gone_too')
  await eventually(async () => (await status(ann)) === 403, 'heard that one has left')
  silence()
  await rename('riverside', 'usr_gone', 'usr_owner')
  expect(await status(ann)).toBe(403)
  expect(await status(owner)).toBe(200)
})

test('a membership that is not heard of yet is asked for before all of them are said to allow', async () => {
  await stand.control.savePolicy('lakeview', (document) => ({
    ...document,
    controls: { ...document.controls, ip: { ...document.controls.ip, mode: 'enforce' } },
    ipEntries: [office],
  }))
  const client = stand.client()
  await stand.signIn(client, 'ben')
  const elsewhere = client.elsewhere({ base: stand.gateways[1]!.addresses.application })
  await eventually(async () => (await elsewhere.get('/patients/7')).status === 403, 'all must allow')
  await rename('lakeview', 'usr_ben', 'usr_gone')
  client.cookies.set('practice', 'riverside')
  const [, second] = stand.gateways
  await eventually(() => second!.state.sequence() === stand.control.sequence(), 'heard that they left')
  silence()
  await rename('lakeview', 'usr_gone', 'usr_ben')
  expect((await elsewhere.get('/patients/7')).status).toBe(200)
  client.cookies.set('practice', 'lakeview')
  expect((await elsewhere.get('/patients/7')).status).toBe(403)
  client.cookies.delete('practice')
  expect((await elsewhere.get('/patients/7')).status).toBe(403)
})

/** The application's answers to sign-ins, told by other statuses than before. */
const startTelling = async (status: readonly number[]): Promise<void> => {
  await stand.close()
  stand = await startStand({
    change: (config) => ({
      ...config,
      upstreams: config.upstreams.map(({ identity, ...upstream }) => ({
        ...upstream,
        identity: identity && {
          ...identity,
          login: identity.login.map((rule) => ({
            ...rule,
            success: { ...rule.success, status: [...status] },
          })),
        },
      })),
    }),
  })
}

test('a success that misses its configured sign is judged all the same: its new cookie is not released', async () => {
  await startTelling([200])
  await fromOfficeOnly()
  const outside = stand.client()
  const refused = await stand.signIn(outside, 'ann')
  expect(refused.headers.location).toMatch(/^\/\.gatehouse\/access/)
  expect(outside.cookies.has('sid')).toBe(false)
  const inside = stand.client('127.0.0.9')
  expect((await stand.signIn(inside, 'ann')).status).toBe(303)
  expect(inside.cookies.has('gatehouse')).toBe(true)
})

test('a wrong password that is answered like a right one does not undo a revocation', async () => {
  await startTelling([303, 401])
  const ben = stand.client()
  await stand.signIn(ben, 'ben')
  ben.cookies.set('practice', 'riverside')
  expect((await ben.get('/patients/7')).status).toBe(200)
  // In one practice only: the cookie stays worth something.
  await stand.control.revoke('riverside', 'usr_ben')
  const status = async (): Promise<number> => (await ben.get('/patients/7', { navigation: false })).status
  await eventually(async () => (await status()) === 401, 'revoked')
  const wrong = await ben.post('/sign-in', { form: { user: 'ben', password: 'wrong' } })
  expect([wrong.status, wrong.text]).toEqual([401, 'no'])
  expect(await status()).toBe(401)
  ben.cookies.set('practice', 'lakeview')
  expect(await status()).toBe(200)
  ben.cookies.set('practice', 'riverside')
  expect((await stand.signIn(ben, 'ben')).status).toBe(303)
  expect(await status()).toBe(200)
})
