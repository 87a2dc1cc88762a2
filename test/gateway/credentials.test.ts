/**
 * Goal: a credential of the application is worth what its session is worth, on every route and on every gateway.
 * Method: two gateways on one store; sessions are ended, revoked, rotated, stolen and forged between requests.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'
import { connectRaw } from '../support/raw-http.ts'

let stand: Stand
beforeEach(async () => {
  stand = await startStand({ gateways: 2 })
})
afterEach(() => stand.close())

const last = () => stand.application.arrived.at(-1)
const sessionOf = (user: string) =>
  [...stand.control.sessions.values()].findLast(({ record }) => record.user === user)?.record
const hashOf = (id: string): string =>
  [...stand.control.sessions].find(([, { record }]) => record.id === id)![0]

describe('revoking a user', () => {
  test('refuses their next request on both gateways; no cookie, no public route brings them back', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    const elsewhere = client.elsewhere({ base: stand.gateways[1]!.addresses.application })
    expect((await elsewhere.get('/patients/7')).status).toBe(200)
    const sid = client.cookies.get('sid')!
    await stand.control.revoke('riverside', 'usr_ann')
    await eventually(async () => (await elsewhere.get('/patients/7')).status === 401, 'refused on the second')
    client.cookies.set('sid', sid)
    const seen = stand.application.arrived.length
    // The cookie alone, without the companion: adopted, with epochs of 0.
    for (const at of [0, 1]) {
      const thief = stand.client('127.0.0.1', at)
      thief.cookies.set('sid', sid)
      expect((await thief.get('/patients/7')).status).toBe(401)
      expect(thief.cookies.has('sid')).toBe(false)
    }
    // A cookie that no gateway ever saw.
    const unseen = stand.client()
    unseen.cookies.set('sid', stand.application.signInDirectly('ann'))
    expect((await unseen.get('/patients/7', { navigation: false })).status).toBe(401)
    expect(stand.application.arrived).toHaveLength(seen)
    // A public route: it passes, but nobody is signed in there.
    const visitor = stand.client()
    visitor.cookies.set('sid', sid)
    expect((await visitor.get('/public/book')).text).toBe('page for nobody')
    expect(last()?.headers.cookie).toBeUndefined()
    expect(visitor.cookies.has('sid')).toBe(false)
    // A fresh sign-in does.
    const fresh = stand.client()
    await stand.signIn(fresh, 'ann')
    expect((await fresh.get('/patients/7')).status).toBe(200)
  })

  test('is told to its person, though their open page asks for its socket first', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    await stand.control.revoke('riverside', 'usr_ann')
    const handshake =
      `GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nCookie: ${cookie}\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
    const port = Number(new URL(stand.gateways[0]!.addresses.application).port)
    const asked = async (): Promise<string> => {
      const socket = await connectRaw(port)
      socket.write(handshake)
      return socket.closed()
    }
    await eventually(async () => (await asked()).startsWith('HTTP/1.1 401'), 'refused')
    expect(await asked()).not.toMatch(/set-cookie/i)
    const page = await client.get('/patients/7')
    expect([page.status, page.text.includes('Your access was ended')]).toEqual([401, true])
    expect(client.cookies.has('sid')).toBe(false)
  })

  test('from one practice leaves the other one, and the sign-in, as they are', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ben')
    client.cookies.set('practice', 'riverside')
    await stand.control.revoke('riverside', 'usr_ben')
    await eventually(async () => (await client.get('/patients/7')).status === 401, 'revoked in one')
    client.cookies.set('practice', 'lakeview')
    expect((await client.get('/patients/7')).status).toBe(200)
    expect((await client.get('/public/book')).text).toBe('page for ben')
  })

  test('cuts their open streams on both gateways', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    const streams = [0, 1].map((at) =>
      client
        .elsewhere({ base: stand.gateways[at]!.addresses.application })
        .get('/events')
        .catch((error: unknown) => error),
    )
    await eventually(
      () => stand.gateways.every((gateway) => gateway.state.openExchanges() === 1),
      'both open',
    )
    await stand.control.revoke('riverside', 'usr_ann')
    await Promise.all(streams)
    expect(stand.gateways.map((gateway) => gateway.state.openExchanges())).toEqual([0, 0])
  })
})

describe('ending one session', () => {
  test('ends its cookie too, with and without the companion', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    const sid = client.cookies.get('sid')!
    const { id } = sessionOf('usr_ann')!
    await stand.control.endSession(hashOf(id), 'revoked')
    await eventually(async () => {
      client.cookies.set('sid', sid)
      return (await client.get('/patients/7')).status === 401
    }, 'refused')
    for (const at of [0, 1]) {
      const thief = stand.client('127.0.0.1', at)
      thief.cookies.set('sid', sid)
      expect((await thief.get('/patients/7')).status).toBe(401)
    }
  })

  test('ends the cookie that the application renewed since', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    const renewed = stand.application.signInDirectly('ann')
    client.cookies.set('sid', renewed)
    expect((await client.get('/patients/7')).status).toBe(200)
    const { id } = sessionOf('usr_ann')!
    expect(stand.control.calls.opened).toBe(1)
    await stand.control.endSession(hashOf(id), 'revoked')
    for (const at of [0, 1]) {
      const thief = stand.client('127.0.0.1', at)
      thief.cookies.set('sid', renewed)
      await eventually(async () => {
        thief.cookies.set('sid', renewed)
        return (await thief.get('/patients/7')).status === 401
      }, `refused on ${at}`)
    }
    expect(stand.control.calls.opened).toBe(1)
  })

  test('held sessions are refused on every route', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    const { id } = sessionOf('usr_ann')!
    await stand.control.changeSession(hashOf(id), { held: true })
    const ask = { navigation: false }
    const sid = client.cookies.get('sid')!
    await eventually(async () => (await client.get('/patients/7', ask)).status === 401, 'held')
    expect(client.cookies.has('sid')).toBe(false)
    client.cookies.set('sid', sid)
    expect((await client.get('/public/book', ask)).text).toBe('page for nobody')
    const thief = stand.client('127.0.0.1', 1)
    thief.cookies.set('sid', sid)
    expect((await thief.get('/patients/7')).status).toBe(401)
    expect(thief.cookies.size).toBe(0)
  })
})

describe('a credential without a companion', () => {
  test('is adopted once, at level password, and gets a companion', async () => {
    const client = stand.client()
    client.cookies.set('sid', stand.application.signInDirectly('ann'))
    const cookie = client.cookieHeader()
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => client.get('/patients/7', { headers: { cookie } })),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(stand.control.calls.opened).toBe(1)
    expect(sessionOf('usr_ann')).toMatchObject({ method: 'adopted', epochs: { riverside: 0 } })
    expect(client.cookies.has('gatehouse')).toBe(true)
    expect(last()?.headers.cookie).toBe(cookie)
    expect(stand.application.settings.asked).toBe(1)
  })

  test('is not adopted for people the directory does not want, and they do not wear out the control plane', async () => {
    const client = stand.client()
    client.cookies.set('sid', stand.application.signInDirectly('stranger'))
    for (let i = 0; i < 5; i += 1) expect((await client.get('/patients/7')).status).toBe(403)
    expect(stand.control.calls.opened).toBe(1)
  })

  test('needs the control plane once; without it nobody passes', async () => {
    stand.control.stop()
    const client = stand.client()
    client.cookies.set('sid', stand.application.signInDirectly('ann'))
    expect((await client.get('/patients/7')).status).toBe(503)
    expect((await client.get('/public/book')).text).toBe('page for nobody')
    expect(stand.application.arrived.filter(({ url }) => url === '/patients/7')).toHaveLength(0)
  })
})

describe('a rotated credential', () => {
  test('is rebound by the application’s word alone, also while the control plane is away', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    stand.control.stop()
    client.cookies.set('sid', stand.application.signInDirectly('ann'))
    expect((await client.get('/patients/7')).status).toBe(200)
    expect(stand.control.calls.opened).toBe(1)
  })

  test('renewed by the very question reaches application and browser', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    stand.application.settings.rotatesAtMe = true
    const before = stand.application.signInDirectly('ann')
    client.cookies.set('sid', before)
    const cookie = client.cookieHeader()
    const answers = await Promise.all([1, 2, 3].map(() => client.get('/patients/7', { headers: { cookie } })))
    expect(answers.map(({ text }) => text)).toEqual(['page for ann', 'page for ann', 'page for ann'])
    const after = client.cookies.get('sid')!
    expect(after).not.toBe(before)
    expect(stand.application.sessions.get(after)).toBe('ann')
    expect(last()?.headers.cookie).toBe(`sid=${after}`)
  })

  test('of another user ends the session and starts afresh as that user', async () => {
    const client = stand.client()
    await stand.signIn(client, 'owner')
    const { id } = sessionOf('usr_owner')!
    client.cookies.set('sid', stand.application.signInDirectly('ann'))
    expect((await client.get('/patients/7')).status).toBe(200)
    expect(last()?.headers['x-gatehouse-user']).toBe('usr_ann')
    expect(stand.control.sessions.get(hashOf(id))?.record.ended?.why).toBe('identity-mismatch')
    expect(sessionOf('usr_ann')).toMatchObject({ method: 'adopted' })
  })
})

describe('somebody who was just made a member', () => {
  test('is not refused by a gateway that has not heard of it yet', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    const stale = await stand.startOne('gateway-slow')
    await stand.control.saveMember('riverside', 'usr_ann', (member) => ({ ...member, user: 'usr_gone' }))
    const there = client.elsewhere({ base: stale.addresses.application })
    await eventually(async () => (await there.get('/patients/7')).status === 403, 'no member any more')
    // Saved at the control plane; the store is not told.
    stand.storeState.broken = true
    await stand.control
      .saveMember('riverside', 'usr_gone', (member) => ({ ...member, user: 'usr_ann' }))
      .catch(() => {})
    stand.clock.elapse(900)
    await eventually(async () => (await there.get('/patients/7')).status === 200, 'asked')
    await stale.close()
  })
})

describe('signing out', () => {
  test('in the application ends the session; the old cookies are worth nothing', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    const cookie = client.cookieHeader()
    expect((await client.post('/sign-out', { form: {} })).status).toBe(303)
    expect(client.cookies.size).toBe(0)
    expect(sessionOf('usr_ann')?.ended?.why).toBe('app-signed-out')
    expect((await stand.client().get('/patients/7', { headers: { cookie }, navigation: false })).status).toBe(
      401,
    )
  })

  test('anywhere, by clearing the cookie, does the same', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    await client.get('/clears')
    await eventually(() => sessionOf('usr_ann')?.ended?.why === 'app-signed-out', 'ended')
  })

  test('while the control plane is away is told later, and holds here at once', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    stand.application.sessions.set('kept', 'ann')
    const cookie = client.cookieHeader()
    const sid = client.cookies.get('sid')!
    stand.control.stop()
    await client.post('/sign-out', { form: {} })
    stand.application.sessions.set(sid, 'ann')
    expect((await stand.client().get('/patients/7', { headers: { cookie }, navigation: false })).status).toBe(
      401,
    )
    stand.control.restart()
    stand.clock.elapse(500)
    expect(sessionOf('usr_ann')?.ended).toBeNull()
    await eventually(() => {
      stand.clock.elapse(400)
      return sessionOf('usr_ann')?.ended?.why === 'app-signed-out'
    }, 'told')
  })
})

describe('idle time', () => {
  const idleAfterTenMinutes = (): Promise<void> =>
    stand.control.savePolicy('riverside', (document) => ({
      ...document,
      sessions: { ...document.sessions, idleMs: 600_000 },
    }))

  test('ends a session, and its cookie with it', async () => {
    await idleAfterTenMinutes()
    const client = stand.client()
    await stand.signIn(client, 'ann')
    const sid = client.cookies.get('sid')!
    stand.clock.advance(601_000)
    expect((await client.get('/patients/7')).status).toBe(401)
    const thief = stand.client()
    thief.cookies.set('sid', sid)
    expect((await thief.get('/patients/7', { navigation: false })).status).toBe(401)
    expect(sessionOf('usr_ann')?.ended?.why).toBe('expired')
  })

  test('is renewed by traffic at the other gateway', async () => {
    await idleAfterTenMinutes()
    const client = stand.client()
    const other = client.elsewhere({ base: stand.gateways[1]!.addresses.application })
    await stand.signIn(client, 'ann')
    expect((await client.get('/patients/7')).status).toBe(200)
    stand.clock.advance(400_000)
    stand.clock.elapse(900)
    expect((await other.get('/patients/7')).status).toBe(200)
    stand.clock.advance(400_000)
    expect((await client.get('/patients/7')).status).toBe(200)
  })
})

describe('cookies that parsers could read two ways', () => {
  test('identify nobody and are expired', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    const own = client.cookieHeader()
    const other = stand.application.signInDirectly('owner')
    const seen = stand.application.arrived.length
    for (const cookie of [
      `${own}; sid=${other}`,
      `sid=${other}; ${own}`,
      `${own}; x="; sid=${other}"`,
      `${own}, sid=${other}`,
      `${own}; sid =${other}`,
    ]) {
      const answer = await client.get('/patients/7', { headers: { cookie }, navigation: false })
      expect([cookie, answer.status]).toEqual([cookie, 401])
      expect(String(answer.headers['set-cookie'])).toContain('sid=; Path=/; Max-Age=0')
    }
    expect(stand.application.arrived).toHaveLength(seen)
    const open = await client.get('/public/book', { headers: { cookie: `${own}; sid=${other}` } })
    expect(open.text).toBe('page for nobody')
  })

  test('the companion never reaches the application, and cannot be set by it', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    await client.get('/patients/7')
    expect(last()?.headers.cookie).not.toContain('gatehouse')
  })
})
