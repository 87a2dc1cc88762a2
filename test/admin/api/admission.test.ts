/**
 * Goal: the admin origin is judged by the practice's own policy at each request, says what refused and why, records what a
 * monitored control would have refused, and asks for a fresh second factor before the practice is made easier to get into.
 * Method: people walked in over both apps, then policies saved and the clock moved under them.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PolicyDocument } from '../../../policies/document.ts'
import { north } from '../practice-store.ts'
import {
  createEntryStage,
  type EntryStage,
  type Inside,
  type Someone,
  sentOn,
} from '../sign-in/entry-stage.ts'

let stage: EntryStage
let olga: Someone
let inside: Inside
let first: PolicyDocument
beforeAll(async () => {
  stage = await createEntryStage()
  olga = await stage.someone()
  first = (await stage.views.read(north)).document
})
afterAll(() => stage.close())
beforeEach(async () => {
  const { document } = await stage.views.read(north)
  if (JSON.stringify(document) !== JSON.stringify(first)) await stage.policy(() => first)
  inside = await stage.enter(olga)
})

const of = `/api/practices/${north}`
const home = '198.51.100.7'
type Controls = PolicyDocument['controls']
const controls = (change: (controls: Controls) => Partial<Controls>) => (document: PolicyDocument) => ({
  ...document,
  controls: { ...document.controls, ...change(document.controls) },
})
const office = (mode: Controls['ip']['mode']) => (document: PolicyDocument) => ({
  ...controls(({ ip }) => ({ ip: { ...ip, mode } }))(document),
  ipEntries: [
    {
      ...{ id: 'office', range: '203.0.113.0/24', label: 'Office', audience: 'practice' as const, on: true },
      ...{ expiresAt: null, note: '', createdBy: 'First admin', createdAt: 0 },
    },
  ],
})
const problemOf = async (response: Response) => ({
  status: response.status,
  ...((await response.json()) as { code: string; control?: string; reason?: string; detail: string }),
})
const log = (monitored: boolean) =>
  stage.store.read((rows) =>
    rows
      .selectFrom('decision_log')
      .select(['reason', 'count', 'user_id', 'address', 'route'])
      .where('upstream', '=', 'admin')
      .where('monitored', '=', monitored)
      .execute(),
  )
const revision = async () => (await stage.views.read(north)).revision

describe('the address', () => {
  it('refuses whoever comes from elsewhere, on the next request, says so, and records it once a minute', async () => {
    expect((await inside.ask('GET', `${of}/general`, { from: home })).status).toBe(200)
    await stage.policy(office('enforce'))
    for (let time = 0; time < 3; time += 1)
      expect(await problemOf(await inside.ask('GET', `${of}/general`, { from: home }))).toMatchObject({
        ...{ status: 403, code: 'access-refused', control: 'ip', reason: 'address-not-allowed' },
        detail: expect.stringContaining('approved networks only'),
      })
    expect((await inside.ask('GET', `${of}/general`)).status).toBe(200)
    expect(await log(false)).toEqual([
      {
        ...{ reason: 'address-not-allowed', count: 1, user_id: olga.session.user_id, address: home },
        route: 'Security Management',
      },
    ])
  })

  it('only records in monitor mode', async () => {
    await stage.policy(office('monitor'))
    expect((await inside.ask('GET', `${of}/general`, { from: home })).status).toBe(200)
    expect(await log(true)).toMatchObject([{ reason: 'address-not-allowed', address: home }])
  })

  it('does not tell those without a permission what the policy says', async () => {
    await stage.policy(office('enforce'))
    const stranger = await stage.enter(await stage.someone(['office-manager']))
    await stage.policy(({ roles, ...document }) => ({
      ...document,
      roles: roles.map((role) => (role.id === 'office-manager' ? { ...role, permissions: [] } : role)),
    }))
    const refused = await problemOf(await stranger.ask('GET', `${of}/general`, { from: home }))
    expect(refused.code).toBe('not-permitted')
  })
})

it('closes with the hours, and says when they open', async () => {
  await stage.policy((document) => ({
    ...controls(({ time }) => ({ time: { ...time, mode: 'enforce' } }))(document),
    timeWindows: [
      {
        ...{
          id: 'never-now',
          label: 'One hour',
          days: ['sun' as const],
          start: '03:00',
          end: '04:00',
          zone: null,
        },
        ...{ audience: 'practice' as const, validFrom: null, validTo: null, insteadOfRoleHours: false },
      },
    ],
  }))
  const refused = (await (await inside.ask('GET', `${of}/general`)).json()) as {
    code: string
    control: string
    opensAt: number
    detail: string
  }
  expect(refused).toMatchObject({ code: 'access-refused', control: 'time' })
  expect(refused.opensAt).toBeGreaterThan(stage.clock.now())
  expect(refused.detail).toMatch(/It opens .*03:00/)
})

it('ends with the idle time of the practice, however often the pages ask by themselves', async () => {
  await stage.policy((document) => ({ ...document, sessions: { ...document.sessions, idleMs: 300_000 } }))
  stage.clock.advance(240_000)
  expect((await inside.ask('GET', `${of}/general`)).status).toBe(200)
  stage.clock.advance(240_000)
  expect((await inside.ask('GET', `${of}/general`)).status).toBe(200)
  stage.clock.advance(300_000)
  expect(await problemOf(await inside.ask('GET', `${of}/general`))).toMatchObject({
    ...{ status: 401, code: 'not-signed-in', reason: 'session-idle' },
  })
  expect((await inside.ask('GET', '/api/me')).status).toBe(401)
})

describe('a second factor', () => {
  it('that is too old for the practice is asked for again, and leads back into a new session', async () => {
    await stage.policy(
      controls(({ twoFactor }) => ({ twoFactor: { ...twoFactor, mode: 'enforce', maxAgeMs: 600_000 } })),
    )
    expect((await inside.ask('GET', `${of}/general`)).status).toBe(200)
    stage.clock.advance(600_000)
    const refused = await inside.ask('GET', `${of}/general`)
    expect(refused.headers.get('www-authenticate')).toContain('insufficient_user_authentication')
    expect(await problemOf(refused)).toMatchObject({
      ...{ status: 401, code: 'step-up-required', control: 'two-factor', reason: 'two-factor-too-old' },
      stepUp: '/step-up',
    })
    const to = '/practices/north/general'
    const begun = await stage.admin.get(`/step-up?return=${encodeURIComponent(to)}`, inside.cookie)
    const begin = begun.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const proved = await stage.prove(sentOn(begun, 'ticket'), olga.key)
    const back = await stage.admin.get(
      `/hand-over?proof=${sentOn(proved, 'proof')}`,
      `${begin}; ${inside.cookie}`,
    )
    expect(back.headers.get('location')).toBe(to)
    const again = await stage.inside(back)
    expect((await again.ask('GET', `${of}/general`)).status).toBe(200)
    expect((await inside.ask('GET', '/api/me')).status).toBe(401)
  })

  it('of the last 15 minutes is needed to weaken, and not to tighten, on the same route', async () => {
    await stage.policy(office('enforce'))
    stage.clock.advance(16 * 60_000)
    const entry = (range: string) => ({ range, label: 'Another', audience: 'practice', expiresAt: null })
    const added = await inside.ask('POST', `${of}/ip-entries`, { json: entry('198.51.100.0/24') })
    expect((await problemOf(added)).code).toBe('step-up-required')
    const twoFactor = {
      ...{ mode: 'enforce', scope: { include: 'everyone', exempt: { roles: [], users: [] } } },
    }
    const tightened = await inside.ask('PUT', `${of}/controls/two-factor`, {
      ...{ json: twoFactor, revision: await revision() },
    })
    expect(tightened.status).toBe(200)
    const settled = await inside.ask('POST', `${of}/confirmation/confirm`, {
      ...{ json: {}, revision: await revision() },
    })
    expect(settled.status).toBe(200)
    const loosened = await inside.ask('PUT', `${of}/controls/two-factor`, {
      ...{ json: { ...twoFactor, mode: 'monitor' }, revision: await revision() },
    })
    expect((await problemOf(loosened)).code).toBe('step-up-required')
    const fresh = await stage.enter(olga)
    const done = await fresh.ask('PUT', `${of}/controls/two-factor`, {
      ...{ json: { ...twoFactor, mode: 'monitor' }, revision: await revision() },
    })
    expect(done.status).toBe(200)
  })

  it('is needed to export, to reset a factor, to let somebody rejoin and to give a role', async () => {
    stage.clock.advance(16 * 60_000)
    const user = olga.session.user_id
    const tries = await Promise.all([
      inside.ask('GET', `${of}/security-events/export?format=csv`),
      inside.ask('POST', `${of}/users/${user}/two-factor/reset`, { json: {} }),
      inside.ask('POST', `${of}/users/${user}/rejoin`, { json: {}, revision: 1 }),
      inside.ask('PUT', `${of}/users/${user}/roles`, {
        ...{ json: { roles: ['owner', 'dentist'] }, revision: 1 },
      }),
    ])
    expect(await Promise.all(tries.map(async (one) => (await problemOf(one)).code))).toEqual(
      Array.from({ length: 4 }, () => 'step-up-required'),
    )
  })
})

describe('while a change waits to be confirmed', () => {
  it('whoever it shuts out still takes it back, and cannot confirm it', async () => {
    await stage.policy(office('enforce'), { waiting: true })
    const shut = await inside.ask('GET', `${of}/general`, { from: home })
    expect(shut.status).toBe(200)
    const wish = { json: {}, revision: await revision(), from: home }
    expect((await problemOf(await inside.ask('POST', `${of}/confirmation/confirm`, wish))).code).toBe(
      'confirm-elsewhere',
    )
    expect((await inside.ask('POST', `${of}/confirmation/revert`, wish)).status).toBe(200)
  })
})
