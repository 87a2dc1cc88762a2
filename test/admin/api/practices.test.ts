/**
 * Goal: operators create practices and say what they have; what a practice does not have cannot be switched on anywhere.
 * Method: the API asked by operators and by admins of one practice, on a real database; presets tried around the flag.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listEvents } from '../../../admin/store/events.ts'
import { type Browser, confirmWaiting, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
let hilly: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
  hilly = await stage.signIn('hilly')
})
afterAll(() => stage.close())

type Answer = { code: string; problems: { path: string }[]; revision: number }
const json = async (response: Response) => (await response.json()) as Answer
const revision = async (practice: string) =>
  (await json(await root.ask('GET', `/api/practices/${practice}/general`))).revision
const events = async (practice: string) =>
  (await stage.store.read((rows) => listEvents(rows, { practice }, { countMax: 5, before: null }))).map(
    ({ action, actor }) => `${action} by ${actor.name}`,
  )
const practice = {
  id: 'seaside',
  name: 'Seaside Dental',
  zone: 'America/New_York',
  contact: 'the front desk',
}

test('an operator creates a practice, which starts with every control off and its own chain of events', async () => {
  expect((await hilly.ask('POST', '/api/practices', { json: practice })).status).toBe(403)
  const wrong = await root.ask('POST', '/api/practices', {
    json: { ...practice, zone: 'Moon/Base', id: 'A B' },
  })
  expect((await json(wrong)).problems.map(({ path }) => path).sort()).toEqual(['id', 'zone'])
  expect((await root.ask('POST', '/api/practices', { json: practice })).status).toBe(201)
  const again = await root.ask('POST', '/api/practices', { json: practice })
  expect([again.status, (await json(again)).problems[0]?.path]).toEqual([422, 'id'])
  const listed = (await (await root.ask('GET', '/api/practices')).json()) as { practices: { id: string }[] }
  expect(listed.practices.find(({ id }) => id === 'seaside')).toMatchObject({
    ...{ revision: 1, members: 0, lacks: [] },
    controls: { ip: 'off', time: 'off', twoFactor: 'off', permission: 'off' },
  })
  expect(await events('seaside')).toEqual(['practice.created by The root'])
  expect((await hilly.ask('GET', '/api/practices/seaside/features')).status).toBe(403)
})

test('name, zone and contact line are edited from a named revision, by whoever may change settings', async () => {
  const change = (browser: Browser, wish: object, from: number) =>
    browser.ask('PATCH', '/api/practices/hilltop', { json: wish, revision: from })
  const from = await revision('hilltop')
  expect((await change(hilly, { name: ' ' }, from)).status).toBe(422)
  expect((await change(hilly, { name: 'Hill Top', contact: 'Nora, 555-0100' }, from)).status).toBe(200)
  expect((await change(hilly, { zone: 'America/Denver' }, from)).status).toBe(412)
  const general = await (await root.ask('GET', '/api/practices/hilltop/general')).json()
  expect(general).toMatchObject({ practice: { name: 'Hill Top', zone: 'America/Chicago' } })
  const listed = await (await hilly.ask('GET', '/api/practices')).text()
  expect(listed).toContain('Hill Top')
  expect(listed).not.toContain('seaside')
  expect((await events('hilltop'))[0]).toBe('practice.changed by The hilly')
})

test('what a practice does not have is off, and neither switch nor preset turns it on until it is given back', async () => {
  const everyone = { include: 'everyone', exempt: { roles: [], users: [] } }
  const enforce = async (wish: object = {}) =>
    hilly.ask('PUT', '/api/practices/hilltop/controls/ip', {
      json: { mode: 'monitor', scope: everyone, signInOnlyFromListed: false, ...wish },
      revision: await revision('hilltop'),
    })
  const feature = (browser: Browser, on: boolean, id = 'ip') =>
    browser.ask('PUT', `/api/practices/hilltop/features/${id}`, { json: { on, reason: 'plan' } })
  const range = { range: '203.0.113.0/24', label: 'Office' }
  await hilly.ask('POST', '/api/practices/hilltop/ip-entries', { json: range })
  expect((await enforce({ mode: 'enforce' })).status).toBe(200)
  expect((await feature(hilly, false)).status).toBe(403)
  // While a change waits to be confirmed, what it falls back to is not known yet.
  expect((await json(await feature(root, false))).code).toBe('confirmation-pending')
  expect(await confirmWaiting(hilly, 'hilltop')).toBe(200)
  expect((await feature(root, false)).status).toBe(200)
  expect((await feature(root, false)).status).toBe(200)
  expect((await events('hilltop')).slice(0, 2)).toEqual([
    ...['feature.taken-away by The root', 'control.switched-off by The root'],
  ])
  const general = await (await hilly.ask('GET', '/api/practices/hilltop/general')).json()
  expect(general).toMatchObject({ controls: { ip: { mode: 'off', entries: 1 } }, confirmation: null })
  const refused = await enforce()
  expect([refused.status, (await json(refused)).problems[0]?.path]).toEqual([422, 'controls.ip.mode'])
  const preset = await hilly.ask('POST', '/api/practices/hilltop/presets/office-only/apply', {
    json: {},
    revision: await revision('hilltop'),
  })
  expect(preset.status).toBe(422)
  const shown = (await (await hilly.ask('GET', '/api/practices/hilltop/features')).json()) as {
    features: { id: string; on: boolean; always: boolean }[]
  }
  expect(shown.features.filter(({ on }) => !on).map(({ id }) => id)).toEqual(['ip'])
  expect(shown.features.filter(({ always }) => always).map(({ id }) => id)).toEqual(['two-factor', 'google'])
  expect((await feature(root, false, 'two-factor')).status).toBe(422)
  const factor = await hilly.ask('PUT', '/api/practices/hilltop/controls/two-factor', {
    json: { mode: 'monitor', scope: everyone },
    revision: await revision('hilltop'),
  })
  expect(factor.status).toBe(200)
  expect((await feature(root, true)).status).toBe(200)
  expect((await enforce()).status).toBe(200)
})

test('how a practice is recognised is told to operators, with what the configuration takes', async () => {
  const ask = (browser: Browser, id: string) => browser.ask('GET', `/api/practices/${id}/sources`)
  expect((await ask(hilly, 'hilltop')).status).toBe(403)
  expect((await ask(root, 'nowhere')).status).toBe(404)
  expect(await (await ask(root, 'hilltop')).json()).toEqual({
    sources: [
      { upstream: 'demo', kind: 'host', value: 'hill.example' },
      { upstream: 'demo', kind: 'host', value: 'www.hill.example' },
      { upstream: 'demo', kind: 'path', value: 'hill' },
      { upstream: 'demo', kind: 'cookie', value: 'location' },
    ],
    yaml: 'upstreams:\n  - id: demo\n    practice:\n      hosts:\n        "hill.example": hilltop\n',
  })
  const none = (await (await ask(root, 'seaside')).json()) as { yaml: string }
  expect(none.yaml).toContain('"seaside.example.com": seaside')
})

test('a practice is retired by an operator who types its name; its events stay, all else of it is gone', async () => {
  const of = '/api/practices/hilltop'
  const wish = { reason: 'They left.', contact: 'them', confirmPracticeName: 'Hill Top' }
  const retire = (browser: Browser, json: object, from: number) =>
    browser.ask('POST', `${of}/retire`, { json, revision: from })
  const review = await root.ask('GET', `${of}/retirement`)
  const counted = (await review.json()) as { revision: number; isLast: boolean; members: number }
  expect(review.headers.get('etag')).toBe(`"${counted.revision}"`)
  expect(counted).toMatchObject({ name: 'Hill Top', contact: 'Nora, 555-0100', isLast: false })
  expect((await hilly.ask('GET', `${of}/retirement`)).status).toBe(403)
  expect((await retire(hilly, wish, counted.revision)).status).toBe(403)
  const { reason: _, ...without } = wish
  expect((await retire(root, without, counted.revision)).status).toBe(422)
  const mistyped = await retire(root, { ...wish, confirmPracticeName: 'Hilltop' }, counted.revision)
  expect([mistyped.status, (await json(mistyped)).problems[0]?.path]).toEqual([422, 'confirmPracticeName'])
  expect((await json(await retire(root, wish, 1))).code).toBe('revision-conflict')
  expect((await retire(root, wish, counted.revision)).status).toBe(200)

  // Its own admin is told no more than that it is not here; so is everybody of what is not kept.
  expect((await hilly.ask('GET', `${of}/general`)).status).toBe(404)
  expect((await hilly.ask('GET', `${of}/security-events`)).status).toBe(404)
  expect((await root.ask('GET', `${of}/general`)).status).toBe(404)
  expect((await retire(root, wish, counted.revision)).status).toBe(404)
  expect(await (await hilly.ask('GET', '/api/me')).json()).toMatchObject({ practices: [] })
  const read = (await (await root.ask('GET', `${of}/security-events`)).json()) as {
    events: { type: string; reason: string | null }[]
  }
  expect(read.events[0]).toMatchObject({ type: 'practice.retired', reason: 'They left.' })
  expect((await root.ask('GET', `${of}/security-events/verify`)).status).toBe(200)
  const kept = await root.ask('GET', `${of}/security-events/export?format=csv`)
  expect(await kept.text()).toContain('practice.retired')
  const retention = { years: 7, held: false, heldWhy: '' }
  const chosen = await root.ask('PUT', `${of}/security-events/retention`, { json: retention, revision: 1 })
  expect(chosen.status).toBe(200)
  expect((await root.ask('GET', `${of}/decisions`)).status).toBe(200)
  const taken = await root.ask('POST', '/api/practices', { json: { ...practice, id: 'hilltop' } })
  expect((await json(taken)).problems[0]?.path).toBe('id')

  expect((await hilly.ask('GET', '/api/retired-practices')).status).toBe(403)
  const listed = (await (await root.ask('GET', '/api/retired-practices')).json()) as {
    practices: { id: string; retiredAt: number; reinstatableUntil: number }[]
  }
  expect(listed.practices).toMatchObject([
    { id: 'hilltop', name: 'Hill Top', contact: 'them', retiredBy: 'The root', reason: 'They left.' },
  ])
  const back = await root.ask('POST', `${of}/reinstate`, { json: { reason: 'A mistake.' } })
  expect(await json(back)).toMatchObject({ revision: counted.revision })
  expect((await root.ask('POST', `${of}/reinstate`, { json: {} })).status).toBe(404)
  expect((await hilly.ask('GET', `${of}/general`)).status).toBe(200)
  expect((await events('hilltop'))[0]).toBe('practice.reinstated by The root')
})
