/**
 * Goal: people are identified and judged on every request as SPEC §1–§3 say, by real requests over real sockets.
 * Method: a whole gateway between a client and a small application, with a control plane that signs real records.
 */
import { createPublicKey, verify } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Stand, startStand } from '../support/gateway-stand.ts'

let stand: Stand
beforeEach(async () => {
  stand = await startStand()
})
afterEach(() => stand.close())

/** Riverside lists 127.0.0.9 alone. */
/** In a practice that takes no requests: what is refused is refused for good. */
const onlyFromOffice = (mode: 'off' | 'monitor' | 'enforce'): Promise<void> =>
  stand.control.savePolicy('riverside', (document) => ({
    ...document,
    requests: { ...document.requests, ip: false, contact: 'Mark, extension 12' },
    controls: { ...document.controls, ip: { ...document.controls.ip, mode } },
    ipEntries: [
      {
        id: 'office',
        range: '127.0.0.9/32',
        label: 'Office',
        audience: 'practice',
        on: true,
        expiresAt: null,
        note: '',
        createdBy: 'test',
        createdAt: 0,
      },
    ],
  }))

describe('a sign-in', () => {
  test('gives both cookies, and the application then hears who asks', async () => {
    const client = stand.client()
    const answer = await stand.signIn(client, 'ann')
    expect(answer.status).toBe(303)
    expect(answer.headers.location).toBe('/home')
    expect([...client.cookies.keys()].sort()).toEqual(['gatehouse', 'sid'])
    const page = await client.get('/patients/7')
    expect(page.text).toBe('page for ann')
    const { headers } = stand.application.arrived.at(-1)!
    expect(headers).toMatchObject({
      'x-gatehouse-user': 'usr_ann',
      'x-gatehouse-email': 'usr_ann@example.test',
      'x-gatehouse-practice': 'riverside',
      'x-gatehouse-roles': 'front-desk',
    })
    expect(headers.cookie).toBe(`sid=${client.cookies.get('sid')}`)
    const [session] = [...stand.control.sessions.values()]
    expect(session?.record).toMatchObject({ user: 'usr_ann', method: 'app-password', ended: null })
    expect(headers['x-gatehouse-session']).toBe(session?.record.id)
  })

  test('has an assertion that the published key verifies', async () => {
    const client = stand.client()
    await stand.signIn(client, 'ann')
    await client.get('/patients/7')
    const [head = '', body = '', signature = ''] = String(
      stand.application.arrived.at(-1)?.headers['x-gatehouse-assertion'],
    ).split('.')
    const { keys } = (await client.get('/.gatehouse/jwks.json')).json() as { keys: [Record<string, string>] }
    const key = createPublicKey({ key: keys[0], format: 'jwk' })
    expect(verify(null, Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))).toBe(true)
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>
    expect(claims).toMatchObject({ sub: 'usr_ann', aud: 'app', practice: 'riverside', roles: ['front-desk'] })
  })

  test('that fails is passed on and opens nothing', async () => {
    const client = stand.client()
    const answer = await client.post('/sign-in', { form: { user: 'ann', password: 'wrong' } })
    expect(answer.status).toBe(401)
    expect(stand.control.calls.opened).toBe(0)
    expect(client.cookies.size).toBe(0)
  })

  test('with a forged name binds whom the application says, never whom was typed', async () => {
    for (const [body, type, path] of [
      ['user=owner&user=ann&password=right', 'application/x-www-form-urlencoded', '/sign-in'],
      ['{"user":"owner","user":"ann","password":"right"}', 'application/json', '/api/sign-in'],
    ] as const) {
      const client = stand.client()
      const answer = await client.post(path, { body, headers: { 'content-type': type } })
      expect(answer.status).toBe(303)
      await client.get('/patients/7')
      expect(stand.application.arrived.at(-1)?.headers['x-gatehouse-user']).toBe('usr_ann')
    }
    expect([...stand.control.sessions.values()].map(({ record }) => record.user)).toEqual([
      'usr_ann',
      'usr_ann',
    ])
  })

  test('in another content type, too long, or not UTF-8 never reaches the application', async () => {
    const client = stand.client()
    const bodies = [
      ['--x\r\n\r\nuser=ann', 'multipart/form-data; boundary=x', 400],
      [Buffer.from([0x75, 0x3d, 0xff]), 'application/x-www-form-urlencoded', 400],
      ['u='.padEnd(70_000, 'a'), 'application/x-www-form-urlencoded', 413],
    ] as const
    for (const [body, type, status] of bodies) {
      const answer = await client.post('/sign-in', { body, headers: { 'content-type': type } })
      expect(answer.status).toBe(status)
    }
    expect(stand.application.arrived).toHaveLength(0)
  })

  test('whose answer cannot be checked releases nothing', async () => {
    for (const mode of ['fails', 'hangs', 'lies', 'twice'] as const) {
      stand.application.settings.me = mode
      const client = stand.client()
      const answer = await stand.signIn(client, 'ann')
      expect([mode, answer.status]).toEqual([mode, 503])
      expect(answer.headers['set-cookie']).toBeUndefined()
      expect(answer.headers.location).toBeUndefined()
    }
    expect(stand.control.calls.opened).toBe(0)
  })

  test('is not sent on while the control plane is away', async () => {
    stand.control.stop()
    const answer = await stand.signIn(stand.client(), 'ann')
    expect(answer.status).toBe(503)
    expect(answer.text).toContain('was not sent')
    expect(stand.application.arrived).toHaveLength(0)
  })

  test('from a network that is not listed leaks no cookie, and ends its session', async () => {
    await onlyFromOffice('enforce')
    const outside = stand.client('127.0.0.2')
    const answer = await stand.signIn(outside, 'ann')
    expect(answer.status).toBe(403)
    expect(answer.headers['set-cookie']).toBeUndefined()
    expect(answer.headers.location).toBeUndefined()
    expect(answer.text).toMatch(/GH-[0-9A-Z]{4}-[0-9A-Z]{4}/)
    expect(answer.text).toContain('127.0.0.2')
    expect(answer.text).toContain('Mark, extension 12')
    expect([...stand.control.sessions.values()][0]?.record.ended?.why).toBe('refused')
    const inside = stand.client('127.0.0.9')
    expect((await stand.signIn(inside, 'ann')).status).toBe(303)
    expect((await inside.get('/patients/7')).status).toBe(200)
    expect((await inside.elsewhere({ from: '127.0.0.2' }).get('/patients/7')).status).toBe(403)
  })

  test('refused over a cookie the application keeps: that cookie is worth nothing, from anywhere', async () => {
    stand.application.settings.rotates = false
    await onlyFromOffice('enforce')
    const client = stand.client('127.0.0.2')
    stand.application.sessions.set('fixed', null)
    client.cookies.set('sid', 'fixed')
    expect((await stand.signIn(client, 'ann')).status).toBe(403)
    expect(stand.application.sessions.get('fixed')).toBe('ann')
    await onlyFromOffice('off')
    client.cookies.set('sid', 'fixed')
    const answer = await client.get('/patients/7')
    expect(answer.status).toBe(401)
    expect(client.cookies.has('sid')).toBe(false)
  })

  test('of somebody whom the directory does not want is refused', async () => {
    const client = stand.client()
    const answer = await stand.signIn(client, 'stranger')
    expect(answer.status).toBe(403)
    expect(client.cookies.size).toBe(0)
  })

  test('of a patient passes and opens nothing; staff routes refuse them', async () => {
    const client = stand.client()
    expect((await stand.signIn(client, 'pat')).status).toBe(303)
    expect(stand.control.calls.opened).toBe(0)
    expect((await client.get('/public/portal')).text).toBe('page for pat')
    expect((await client.get('/patients/7')).status).toBe(403)
    expect(stand.control.calls.opened).toBe(0)
  })

  test('too often from one address is refused, others go on', async () => {
    await stand.close()
    stand = await startStand({
      change: (config) => ({
        ...config,
        gateway: {
          ...config.gateway,
          limits: { ...config.gateway.limits, signInsPerAddressPerMinute: 2 },
        },
      }),
    })
    const statuses: number[] = []
    for (let i = 0; i < 3; i += 1)
      statuses.push((await stand.signIn(stand.client('127.0.0.3'), 'ann')).status)
    expect(statuses).toEqual([303, 303, 429])
    expect((await stand.signIn(stand.client('127.0.0.4'), 'ann')).status).toBe(303)
  })
})

describe('a request without a session', () => {
  test('is sent to sign in, refused by status to scripts, and never reaches the application', async () => {
    const client = stand.client()
    const page = await client.get('/patients/7?x=1')
    expect(page.status).toBe(303)
    expect(page.headers.location).toBe('/sign-in?next=%2Fpatients%2F7%3Fx%3D1')
    const script = await client.get('/patients/7', { navigation: false })
    expect(script.status).toBe(401)
    expect(script.headers['content-type']).toBe('application/problem+json')
    expect(stand.application.arrived).toHaveLength(0)
  })

  test('passes on public routes', async () => {
    expect((await stand.client().get('/public/book')).text).toBe('page for nobody')
  })
})

describe('permissions', () => {
  const enforce = (): Promise<void> =>
    stand.control.savePolicy('riverside', (document) => ({
      ...document,
      controls: { ...document.controls, permission: { ...document.controls.permission, mode: 'enforce' } },
    }))

  test('a missing one is 403 and named; a role change bites on the next request', async () => {
    await enforce()
    const client = stand.client()
    await stand.signIn(client, 'ann')
    await stand.control.saveMember('riverside', 'usr_ann', (member) => ({ ...member, roles: ['hygienist'] }))
    const refused = await client.get('/payments', { navigation: false })
    expect(refused.status).toBe(403)
    expect(refused.json()).toMatchObject({
      reason: 'permission-missing',
      permissions: ['view-payments-dashboard'],
    })
    await stand.control.saveMember('riverside', 'usr_ann', (member) => ({ ...member, roles: ['owner'] }))
    expect((await client.get('/payments')).status).toBe(200)
    expect(stand.application.arrived.at(-1)?.headers['x-gatehouse-roles']).toBe('owner')
  })

  test('a form that could become a DELETE needs what DELETE needs', async () => {
    await enforce()
    const client = stand.client()
    await stand.signIn(client, 'ann')
    await stand.control.saveMember('riverside', 'usr_ann', (member) => ({ ...member, roles: ['hygienist'] }))
    const refused = await client.post('/patients/7', { form: { _method: 'DELETE' } })
    expect(refused.status).toBe(403)
    expect(refused.text).toContain('was not sent')
  })
})

describe('practices', () => {
  test('the authoritative cookie names it for a member; else every membership must allow', async () => {
    await stand.control.saveMember('lakeview', 'usr_ben', (member) => ({ ...member, suspended: true }))
    const client = stand.client()
    await stand.signIn(client, 'ben')
    const statusWith = async (practice: string | null): Promise<number> => {
      if (practice === null) client.cookies.delete('practice')
      else client.cookies.set('practice', practice)
      return (await client.get('/patients/7')).status
    }
    expect(await statusWith('riverside')).toBe(200)
    expect(await statusWith('lakeview')).toBe(403)
    expect(await statusWith(null)).toBe(403)
    expect(await statusWith('elsewhere')).toBe(403)
    client.cookies.delete('practice')
    expect((await client.get('/home')).status).toBe(200)
  })

  test('two different practice cookies name none', async () => {
    await stand.control.saveMember('lakeview', 'usr_ben', (member) => ({ ...member, suspended: true }))
    const client = stand.client()
    await stand.signIn(client, 'ben')
    const cookie = `${client.cookieHeader()}; practice=riverside; practice=lakeview`
    expect((await client.get('/patients/7', { headers: { cookie } })).status).toBe(403)
  })
})
