/**
 * Goal: a whole week is saved as one change or not at all, and sign-ins are counted by the hour of the practice's wall.
 * Method: the API asked as a browser would, on a real database, under a stepped clock.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { appendEvent } from '../../../admin/store/events.ts'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
})
afterAll(() => stage.close())

// The stage's clock stands at Monday, 2 March 2026, 10:00 UTC: 04:00 in Chicago.
const lakeside = '/api/practices/lakeside'
const workdays = ['mon', 'tue', 'wed', 'thu', 'fri']
type Listed = { id: string; label: string | null; sentence: string; audienceName: string }
const list = async () =>
  (await (await root.ask('GET', `${lakeside}/time-windows`)).json()) as {
    revision: number
    windows: Listed[]
  }
const put = async (body: object) =>
  root.ask('PUT', `${lakeside}/weekly-hours`, { json: body, revision: (await list()).revision })
const sentences = async () => (await list()).windows.map(({ sentence }) => sentence)

it('replaces the windows of an audience at once and keeps those whose times stay', async () => {
  const role = { role: 'front-desk' }
  for (const json of [
    { days: workdays, start: '08:00', end: '18:00', label: 'Office', audience: role },
    { days: ['sat'], start: '09:00', end: '12:00', audience: role },
    { days: ['sun'], start: '09:00', end: '10:00' },
  ])
    expect((await root.ask('POST', `${lakeside}/time-windows`, { json })).status).toBe(201)
  const [office, saturday] = (await list()).windows
  const saved = await put({
    ...{ replaces: [office?.id, saturday?.id], audience: role, zone: 'America/Denver' },
    windows: [
      { days: ['mon', 'tue'], start: '08:00', end: '18:00' },
      { days: ['fri'], start: '22:00', end: '06:00' },
    ],
  })
  expect(saved.status).toBe(200)
  const answer = (await saved.json()) as { windows: Listed[]; notes: string[] }
  expect(answer.windows).toMatchObject([
    { id: office?.id, label: 'Office', days: ['mon', 'tue'], zone: 'America/Denver', audience: role },
    { label: null, days: ['fri'], start: '22:00', end: '06:00' },
  ])
  expect(answer.notes.join()).toContain('runs into the next day')
  expect(await sentences()).toEqual([
    'Mon, Tue 08:00–18:00, in America/Denver',
    'Sun 09:00–10:00',
    'Fri 22:00–06:00 the next day, in America/Denver',
  ])
  const { events } = (await (await root.ask('GET', `${lakeside}/security-events?limit=1`)).json()) as {
    events: { type: string; target: string }[]
  }
  expect(events).toMatchObject([{ type: 'weekly-hours.changed', target: 'Role Front Desk' }])
})

it('changes nothing where anything is wrong: no such window, one of some dates, times, people', async () => {
  const dated = { days: ['mon'], start: '06:00', end: '07:00', validFrom: '2026-12-01' }
  await root.ask('POST', `${lakeside}/time-windows`, { json: dated })
  const before = await list()
  const wrong: readonly (readonly [body: object, path: string])[] = [
    [{ replaces: ['tw_none'], audience: 'practice', windows: [] }, 'replaces[0]'],
    [{ replaces: [before.windows.at(-1)?.id], audience: 'practice', windows: [] }, 'replaces[0]'],
    [{ audience: 'practice', windows: [{ days: ['mon'], start: '08:00', end: '08:00' }] }, 'end'],
    [{ audience: { user: 'usr_none' }, windows: [] }, 'audience'],
    [
      {
        audience: 'practice',
        insteadOfRoleHours: true,
        windows: [{ days: ['mon'], start: '08:00', end: '9' }],
      },
      'windows[0].end',
    ],
  ]
  for (const [body, path] of wrong) {
    const refused = await put(body)
    expect([path, refused.status]).toEqual([path, 422])
    const { problems } = (await refused.json()) as { problems: { path: string }[] }
    expect(problems.map((problem) => problem.path).join()).toContain(path)
  }
  const stale = await root.ask('PUT', `${lakeside}/weekly-hours`, {
    ...{ json: { audience: 'practice', windows: [] }, revision: 1 },
  })
  expect(stale.status).toBe(412)
  expect(await list()).toEqual(before)
})

it('counts sign-ins of four weeks by hour, of everyone, a role or a person, in this practice alone', async () => {
  const hour = 3_600_000
  const now = stage.clock.now()
  const signIn = (user: string, at: number, practice = 'lakeside', action = 'session.opened') =>
    stage.store.transaction((tx) =>
      appendEvent(tx, {
        ...{ practice, at, origin: 'auto', action, address: '203.0.113.9' },
        actor: { kind: 'user', id: user, name: user },
        target: { kind: 'user', id: user, name: user },
        ...{ before: null, after: null },
      }),
    )
  await signIn('usr_fred', now - hour)
  await signIn('usr_fred', now - 24 * hour, 'lakeside', 'session.adopted')
  await signIn('usr_gone', now - 24 * hour)
  await signIn('usr_fred', now - 29 * 24 * hour)
  await signIn('usr_fred', now - hour, 'hilltop')
  await signIn('usr_fred', now - hour, 'lakeside', 'two-factor.verified')
  const ask = async (query = '') =>
    (await (await root.ask('GET', `${lakeside}/sign-in-hours${query}`)).json()) as {
      name: string
      total: number
      counts: number[][]
    }
  const everyone = await ask()
  expect(everyone).toMatchObject({ zone: 'America/Chicago', name: 'Everyone', days: 28, total: 3 })
  expect([everyone.counts[0]?.[3], everyone.counts[6]?.[4]]).toEqual([1, 2])
  expect(await ask('?user=usr_fred')).toMatchObject({ name: 'Fred', total: 2 })
  expect((await ask('?role=front-desk')).total).toBe(2)
  expect((await ask('?role=hygienist')).total).toBe(0)
  expect((await root.ask('GET', `${lakeside}/sign-in-hours?user=usr_none`)).status).toBe(404)
})
