/**
 * Goal: a sign-in that may be asked for waits at the step and goes on by itself; until then nothing of it is worth
 * anything anywhere. Method: two gateways on one store; a grant arrives as the control plane publishes it.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parkedForMs } from '../../gateway/parked.ts'
import type { Config } from '../../runtime/config.ts'
import type { Client } from '../support/client.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'

/** A hundred at once take their time on a busy machine: nothing here is about deadlines. */
const patient = (config: Config): Config => ({
  ...config,
  gateway: { ...config.gateway, leaseMs: 30_000 },
  upstreams: config.upstreams.map(({ identity, ...upstream }) => ({
    ...upstream,
    identity: identity && {
      ...identity,
      introspection: identity.introspection && { ...identity.introspection, timeoutMs: 10_000 },
    },
  })),
})

let stand: Stand
const known = (): Promise<void> =>
  eventually(
    () => stand.gateways.every(({ state }) => state.sequence() === stand.control.sequence()),
    'known to both',
  )
const office = {
  id: 'office',
  range: '127.0.0.9/32',
  label: 'Office',
  audience: 'practice' as const,
  on: true,
  expiresAt: null,
  note: '',
  createdBy: 'test',
  createdAt: 0,
}
/** Hours that are over for good. */
const longAgo = {
  id: 'w1',
  label: null,
  audience: 'practice' as const,
  days: ['mon' as const],
  start: '08:00',
  end: '17:00',
  zone: null,
  validFrom: '2020-01-01',
  validTo: '2020-12-31',
  insteadOfRoleHours: false,
}
const addressControl = async (mode: 'off' | 'enforce'): Promise<void> => {
  await stand.control.savePolicy('riverside', (document) => ({
    ...document,
    controls: { ...document.controls, ip: { ...document.controls.ip, mode } },
    ipEntries: [office],
  }))
  await known()
}
beforeEach(async () => {
  stand = await startStand({ gateways: 2, change: patient })
  await addressControl('enforce')
})
afterEach(() => stand.close())

const cafe = '127.0.0.66'
const step = '/.gatehouse/access'

const grant = (range = `${cafe}/32`): Promise<void> =>
  stand.control.saveMember('riverside', 'usr_ann', (member) => ({
    ...member,
    grants: [{ id: 'grt_1', kind: 'ip', range, startsAt: 0, endsAt: stand.clock.now() + 30 * 86_400_000 }],
  }))

const fieldsOf = (html: string): Record<string, string> =>
  Object.fromEntries(
    [...html.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map(([, name, value]) => [
      name ?? '',
      value ?? '',
    ]),
  )

/** Sends the form as a browser does. */
const sendForm = async (client: Client, base: string, form: Record<string, string>, headers = {}) => {
  const page = await client.get(step)
  return client.post(step, {
    form: { ...fieldsOf(page.text), ...form },
    headers: { origin: base, ...headers },
  })
}

const held = () => [...stand.control.sessions.values()].filter(({ record }) => record.held)
const base = (at = 0): string => stand.gateways[at]!.addresses.application

const signInHeld = async (): Promise<Client> => {
  const client = stand.client(cafe)
  const answer = await stand.signIn(client, 'ann')
  expect(answer.status).toBe(303)
  expect(answer.headers.location).toMatch(/^\/\.gatehouse\/access\?code=GH-/)
  return client
}

describe('a sign-in from a network that may be asked for', () => {
  test('gives the companion and nothing of the application; every page leads to the step', async () => {
    const client = await signInHeld()
    expect([...client.cookies.keys()]).toEqual(['gatehouse'])
    expect(held()).toHaveLength(1)
    for (const at of [0, 1]) {
      const there = client.elsewhere({ base: base(at) })
      const page = await there.get('/patients/7?tab=2')
      expect(page.status).toBe(303)
      const location = page.headers.location ?? ''
      expect(location).toContain(`to=${encodeURIComponent('/patients/7?tab=2')}`)
      const shown = await there.get(location)
      expect(shown.status).toBe(200)
      expect(shown.text).toContain(cafe)
      expect(shown.text).toContain('Not Requested')
      expect(shown.text).toMatch(/GH-[0-9A-Z]{4}-[0-9A-Z]{4}/)
      expect(shown.headers['cache-control']).toBe('no-store')
      const asked = await there.get('/patients/7', { navigation: false })
      expect(asked.status).toBe(401)
      expect(asked.json()).toMatchObject({ reason: 'sign-in-held', step })
      expect((await there.get('/public/book')).status).toBe(303)
      expect((await there.get('/public/book', { navigation: false })).text).toBe('page for nobody')
    }
  })

  test('by a script gets a problem document; the next navigation shows the step', async () => {
    const client = stand.client(cafe)
    const answer = await client.post('/api/sign-in', { json: { user: 'ann', password: 'right' } })
    expect(answer.status).toBe(401)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.json()).toMatchObject({ reason: 'sign-in-held', step })
    expect([...client.cookies.keys()]).toEqual(['gatehouse'])
    expect((await client.get('/home')).headers.location).toMatch(/^\/\.gatehouse\/access\?/)
  })

  test('asks, waits, and goes on with the application’s own answer on the other gateway, once', async () => {
    const client = await signInHeld()
    const sent = await sendForm(client, base(), { reason: 'On call tonight', do: 'ask' })
    expect(sent.status).toBe(303)
    expect(stand.control.calls.asked).toBe(1)
    const waiting = await client.get(sent.headers.location ?? '')
    expect(waiting.text).toContain('Pending')
    expect(waiting.headers.refresh).toBe('10')
    await grant()
    const there = client.elsewhere({ base: base(1) })
    let gone = waiting
    await eventually(async () => {
      gone = await there.get(step)
      return gone.status === 303
    }, 'released')
    expect(gone.headers.location).toBe('/home')
    expect(client.cookies.has('sid')).toBe(true)
    expect((await there.get('/patients/7')).text).toBe('page for ann')
    expect((await client.get('/patients/7')).text).toBe('page for ann')
    expect((await client.get(step)).headers['set-cookie']).toBeUndefined()
    expect(stand.application.arrived.filter(({ url }) => url === '/sign-in')).toHaveLength(1)
  })

  test('is not released by an approval alone, nor for another network', async () => {
    const client = await signInHeld()
    stand.control.decideAccess('usr_ann', 'riverside', 'ip', {
      status: 'approved',
      note: '',
      askAgainAt: null,
    })
    await grant('127.0.0.70/32')
    await known()
    for (let i = 0; i < 3; i += 1) expect((await client.get(step)).text).toContain('Waiting for approval')
    expect(client.cookies.has('sid')).toBe(false)
    expect(held()).toHaveLength(1)
  })

  test('approved too late asks to sign in again', async () => {
    const client = await signInHeld()
    stand.clock.advance(parkedForMs.approval)
    await grant()
    await eventually(
      async () => (await client.get(step)).text.includes('Approved: sign in again'),
      'approved too late',
    )
    expect(client.cookies.has('sid')).toBe(false)
    expect((await client.get('/patients/7', { navigation: false })).status).toBe(401)
    expect((await stand.signIn(client, 'ann')).headers.location).toBe('/home')
    expect((await client.get('/patients/7')).status).toBe(200)
  })

  test('leads to pages of this origin only', async () => {
    const bad = ['//evil.example', '/\\evil.example', '/\t/evil.example', '/a\r\nb: c']
    const clients = await Promise.all(bad.map(signInHeld))
    const good = await signInHeld()
    await grant()
    await known()
    for (const [at, to] of bad.entries()) {
      const gone = await clients[at]!.get(`${step}?to=${encodeURIComponent(to)}`)
      expect([to, gone.status, gone.headers.location]).toEqual([to, 303, '/home'])
    }
    expect((await good.get(`${step}?to=%2Fpatients%2F7`)).headers.location).toBe('/patients/7')
  })

  test('of somebody with two practices asks for those they choose; an hour can be asked for too', async () => {
    for (const practice of ['riverside', 'lakeview'])
      await stand.control.savePolicy(practice, (document) => ({
        ...document,
        requests: { ...document.requests, contact: 'Mark' },
        controls: {
          ...document.controls,
          ip: { ...document.controls.ip, mode: 'off' },
          time: { ...document.controls.time, mode: 'enforce' },
        },
        timeWindows: [longAgo],
      }))
    await known()
    const client = stand.client(cafe)
    await stand.signIn(client, 'ben')
    const page = await client.get(step)
    expect(page.text).toContain('Access is currently restricted')
    expect(
      [...page.text.matchAll(/type="checkbox" name="practice" value="([a-z]+)"/g)].map(([, id]) => id),
    ).toEqual(['riverside', 'lakeview'])
    expect((await sendForm(client, base(), { reason: 'Late visit', do: 'ask' })).status).toBe(422)
    const sent = await sendForm(client, base(), { reason: 'Late visit', do: 'ask', practice: 'lakeview' })
    expect(sent.status).toBe(303)
    const waiting = await client.get(step)
    expect(waiting.text).toMatch(/lakeview<\/span> <span class="mark [a-z]+ status">Pending</)
    expect(waiting.text).toMatch(/riverside<\/span> <span class="mark [a-z]+ status">Not Requested</)
    const more = await client.get(`${step}?ask=more`)
    expect(more.headers.refresh).toBeUndefined()
    expect(fieldsOf(more.text)['practice']).toBe('riverside')
    const again = stand.clock.now() + 900_000
    stand.control.decideAccess('usr_ben', 'lakeview', 'time', {
      status: 'rejected',
      note: 'No',
      askAgainAt: again,
    })
    expect((await client.get(step)).text).toMatch(
      /Rejected<\/span>.*You may ask again on .+ at \d\d:\d\d UTC, in 15 min/,
    )
  })

  test('keeps what waits while the control plane is away at the moment of release', async () => {
    const client = await signInHeld()
    await grant()
    await known()
    stand.control.stop()
    const away = await client.get(step)
    expect(away.status).toBe(503)
    expect(away.headers.refresh).toBe('10')
    stand.control.restart()
    expect((await client.get(step)).headers.location).toBe('/home')
  })
})

describe('forms', () => {
  test('of another site, of no page, or of another browser ask for nothing', async () => {
    const client = await signInHeld()
    const other = await signInHeld()
    const form = { reason: 'Please', do: 'ask' }
    const strange = await other.get(step)
    const sent = [
      await sendForm(client, 'https://evil.example', form),
      await sendForm(client, 'null', form),
      await sendForm(client, base(), form, { 'sec-fetch-site': 'cross-site' }),
      await sendForm(client, base(), { ...form, token: 'x' }),
      await sendForm(client, base(), { ...form, token: fieldsOf(strange.text)['token']! }),
      await sendForm(client, base(), { ...form, practice: 'lakeview' }),
    ]
    expect(sent.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403])
    expect(stand.control.calls.asked).toBe(0)
  })

  test('without a reason, or with one as markup, come back as text', async () => {
    const client = await signInHeld()
    const empty = await sendForm(client, base(), { reason: '  ', do: 'ask' })
    expect(empty.status).toBe(422)
    expect(empty.headers.refresh).toBeUndefined()
    const long = await sendForm(client, base(), { reason: `<b>${'x'.repeat(500)}`, do: 'ask' })
    expect(long.status).toBe(422)
    expect(long.text).toContain('&lt;b&gt;')
    expect(stand.control.calls.asked).toBe(0)
  })

  test('“sign in as someone else” ends the held sign-in and leaves nothing', async () => {
    const client = await signInHeld()
    const answer = await sendForm(client, base(), { do: 'leave' })
    expect(answer.headers.location).toBe('/sign-in')
    expect(client.cookies.size).toBe(0)
    expect(held()[0]?.record.ended?.why).toBe('signed-out')
    await grant()
    expect((await client.get('/patients/7')).headers.location).toContain('/sign-in')
  })
})

describe('an application that keeps its cookie over a sign-in', () => {
  beforeEach(() => {
    stand.application.settings.rotates = false
    stand.application.sessions.set('fixed', null)
  })

  test('gains nothing by it: the earlier cookie is refused on every route, from every network', async () => {
    const client = stand.client(cafe)
    client.cookies.set('sid', 'fixed')
    expect((await stand.signIn(client, 'ann')).status).toBe(303)
    expect(stand.application.sessions.get('fixed')).toBe('ann')
    expect([...client.cookies.keys()]).toEqual(['gatehouse'])
    await addressControl('off')
    for (const at of [0, 1]) {
      const thief = stand.client('127.0.0.1', at)
      const cookie = { cookie: 'sid=fixed' }
      const refused = await thief.get('/patients/7', { headers: cookie, navigation: false })
      expect(refused.status).toBe(401)
      expect(refused.json()).toMatchObject({ reason: 'sign-in-held' })
      expect((await thief.get('/patients/7', { headers: cookie })).status).toBe(401)
      expect((await thief.get('/public/book', { headers: cookie })).text).toBe('page for nobody')
    }
    expect(stand.application.arrived.filter(({ user, url }) => user === 'ann' && url !== '/sign-in')).toEqual(
      [],
    )
  })

  test('gets its cookie back in the browser when it goes on', async () => {
    const client = stand.client(cafe)
    client.cookies.set('sid', 'fixed')
    await stand.signIn(client, 'ann')
    await grant()
    await eventually(async () => (await client.get(step)).headers.location === '/home', 'released')
    expect(client.cookies.get('sid')).toBe('fixed')
    expect((await client.get('/patients/7')).text).toBe('page for ann')
  })
})

test('a hundred parallel sign-ins park within bounds, and each is held', async () => {
  const clients = Array.from({ length: 100 }, (_, i) => stand.client(`127.0.1.${i + 1}`, i % 2))
  const answers = await Promise.all(clients.map((client) => stand.signIn(client, 'ann')))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([303]))
  expect(held()).toHaveLength(100)
  expect(clients.filter((client) => client.cookies.has('sid'))).toEqual([])
  await grant('127.0.1.0/24')
  await known()
  const pages = await Promise.all(clients.map((client) => client.get(step)))
  expect(pages.filter(({ status }) => status === 303)).toHaveLength(5)
  expect(pages.filter(({ text }) => text.includes('Approved: sign in again'))).toHaveLength(95)
})
