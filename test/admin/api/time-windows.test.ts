/**
 * Goal: hours are edited exactly as asked or not at all with every reason, nobody is left without hours or locked out,
 * and the preview tells what holds. Method: the API asked as a browser would, on a real database, under a stepped clock.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { momentText } from '../../../policies/timetable-zone.ts'
import { type Browser, confirmWaiting, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
})
afterAll(() => stage.close())

// The stage's clock stands at Monday, 2 March 2026, 10:00 UTC: 04:00 in Chicago.
const of = (practice: string) => `/api/practices/${practice}`
const lakeside = of('lakeside')
const everyone = { include: 'everyone', exempt: { roles: [], users: [] } }
const workdays = ['mon', 'tue', 'wed', 'thu', 'fri']
type Answer = {
  code: string
  current: number
  revision: number
  notes: string[]
  window: { id: string; audience: unknown; zone: string | null; label: string | null; end: string }
  exception: { id: string; start: string; end: string }
  problems: { path: string; sentence: string }[]
  lockedOut: { name: string; sentence: string }[]
}
type List = {
  revision: number
  mode: string
  now: string
  windows: { id: string; sentence: string; audienceName: string }[]
  exceptions: { id: string; sentence: string; past: boolean }[]
  audiences: { audienceName: string; open: boolean; sentence: string }[]
}
const json = async <T>(response: Response): Promise<T> => (await response.json()) as T
const list = async (practice = 'lakeside') =>
  json<List>(await root.ask('GET', `${of(practice)}/time-windows`))
const revision = async (practice = 'lakeside') => (await list(practice)).revision
const lastEvent = async (practice: string) =>
  (
    await json<{ events: { type: string; target: string; before: unknown; after: unknown }[] }>(
      await root.ask('GET', `${of(practice)}/security-events?limit=1`),
    )
  ).events[0]

describe('windows', () => {
  it('are added with their defaults, listed in words, and recorded', async () => {
    expect(await list()).toMatchObject({ mode: 'off', now: 'Mon 2 Mar 2026, 04:00', windows: [] })
    const made = await root.ask('POST', `${lakeside}/time-windows`, {
      json: { days: workdays, start: '08:00', end: '18:00', audience: { role: 'front-desk' } },
    })
    expect(made.status).toBe(201)
    const { window, revision: saved, notes } = await json<Answer>(made)
    expect(made.headers.get('etag')).toBe(`"${saved}"`)
    expect(window).toMatchObject({ audience: { role: 'front-desk' }, zone: null, label: null })
    expect(notes).toEqual([])
    expect(await list()).toMatchObject({
      windows: [{ id: window.id, sentence: 'Mon to Fri 08:00–18:00', audienceName: 'Role Front Desk' }],
      audiences: [
        { audienceName: 'Role Front Desk', open: false, sentence: 'Closed until Mon 2 Mar 2026, 08:00' },
      ],
    })
    expect(await lastEvent('lakeside')).toMatchObject({
      type: 'time-window.added',
      target: 'Mon to Fri 08:00–18:00',
    })
  })

  it('that run into the next day say so', async () => {
    const made = await root.ask('POST', `${lakeside}/time-windows`, {
      json: { days: ['fri'], start: '22:00', end: '06:00', label: 'Night', zone: 'America/Denver' },
    })
    const { notes } = await json<Answer>(made)
    expect(notes.join()).toContain('runs into the next day')
    expect((await list()).windows.at(-1)?.sentence).toBe('Fri 22:00–06:00 the next day, in America/Denver')
  })

  it('are refused with everything that is wrong at once, under the names of the fields', async () => {
    const before = await list()
    const refused = await root.ask('POST', `${lakeside}/time-windows`, {
      json: { days: [], start: '24:00', end: '8', zone: 'Mars/Base', audience: 'all', extra: 1 },
    })
    expect(refused.status).toBe(422)
    const { problems } = await json<Answer>(refused)
    expect(new Set(problems.map(({ path }) => path))).toEqual(
      new Set(['days', 'start', 'end', 'zone', 'audience', '']),
    )
    expect(await list()).toEqual(before)
  })

  it.each([
    [{ start: '08:00', end: '08:00' }, 'end'],
    [{ validFrom: '2026-05-01', validTo: '2026-04-01' }, 'validTo'],
    [{ insteadOfRoleHours: true }, 'insteadOfRoleHours'],
    [{ audience: { role: 'astronaut' } }, 'audience'],
    [{ audience: { user: 'usr_nobody' } }, 'audience'],
  ])('%j is refused at %s', async (change, path) => {
    const wish = { days: ['mon'], start: '08:00', end: '18:00', ...change }
    const refused = await root.ask('POST', `${lakeside}/time-windows`, { json: wish })
    expect(refused.status).toBe(422)
    expect((await json<Answer>(refused)).problems.map((problem) => problem.path)).toEqual([path])
    const { id } = (await list()).windows[0]!
    const changed = await root.ask('PATCH', `${lakeside}/time-windows/${id}`, {
      json: { end: '17:00', ...change },
      revision: await revision(),
    })
    expect(changed.status).toBe(422)
    expect((await json<Answer>(changed)).problems.map((problem) => problem.path)).toEqual([path])
  })

  it('are changed from the revision that was seen, in the given fields only', async () => {
    const { windows, revision: current } = await list()
    const path = `${lakeside}/time-windows/${windows[0]?.id}`
    expect((await root.ask('PATCH', path, { json: { end: '17:00' } })).status).toBe(428)
    const stale = await root.ask('PATCH', path, { json: { end: '17:00' }, revision: current - 1 })
    expect([stale.status, (await json<Answer>(stale)).current]).toEqual([412, current])
    const changed = await root.ask('PATCH', path, { json: { end: '17:00' }, revision: current })
    expect(changed.status).toBe(200)
    expect((await json<Answer>(changed)).window).toMatchObject({
      end: '17:00',
      audience: { role: 'front-desk' },
    })
    const gone = await root.ask('PATCH', `${lakeside}/time-windows/none`, { json: {}, revision: current + 1 })
    expect(gone.status).toBe(404)
  })
})

describe('the preview', () => {
  type Preview = {
    name: string
    inScope: boolean
    sentence: string
    days: { date: string; isToday: boolean; hours: { start: string; end: string }[] }[]
  }
  const preview = async (query: string) =>
    json<Preview>(await root.ask('GET', `${lakeside}/time-preview${query}`))

  it('tells the next 14 days of a role and of a person, closures and openings included', async () => {
    const closed = await root.ask('POST', `${lakeside}/time-exceptions`, {
      json: { kind: 'closure', label: 'Inventory', from: '2026-03-03', to: '2026-03-03' },
    })
    expect(closed.status).toBe(201)
    const opened = await root.ask('POST', `${lakeside}/time-exceptions`, {
      json: {
        ...{ kind: 'opening', label: 'Saturday clinic', from: '2026-03-07', to: '2026-03-07' },
        ...{ start: '09:00', end: '13:00', audience: { user: 'usr_fred' } },
      },
    })
    expect(opened.status).toBe(201)
    const role = await preview('?role=front-desk')
    expect(role.name).toBe('Role Front Desk')
    expect(role.days).toHaveLength(14)
    expect(role.days.slice(0, 3)).toMatchObject([
      { date: '2026-03-02', isToday: true, hours: [{ start: '08:00', end: '17:00' }] },
      { date: '2026-03-03', hours: [] },
      { date: '2026-03-04', hours: [{ start: '08:00', end: '17:00' }] },
    ])
    const fred = await preview('?user=usr_fred')
    expect(fred).toMatchObject({ name: 'Fred', sentence: 'Closed until Mon 2 Mar 2026, 08:00' })
    expect(fred.days[5]).toMatchObject({
      date: '2026-03-07',
      hours: [
        { start: '00:00', end: '07:00' },
        { start: '09:00', end: '13:00' },
      ],
    })
    expect((await preview('')).days[0]?.hours).toEqual([])
  })

  it('knows whom there is not, and is asked for one at a time', async () => {
    for (const query of ['?user=usr_none', '?role=none'])
      expect((await root.ask('GET', `${lakeside}/time-preview${query}`)).status).toBe(404)
    expect((await root.ask('GET', `${lakeside}/time-preview?user=usr_fred&role=owner`)).status).toBe(422)
  })
})

describe('closures and openings', () => {
  it('are refused where their days are over or in the wrong order', async () => {
    const wish = { kind: 'closure', label: 'Past', from: '2026-02-01', to: '2026-03-01' }
    const past = await root.ask('POST', `${lakeside}/time-exceptions`, { json: wish })
    expect([past.status, (await json<Answer>(past)).problems[0]?.path]).toEqual([422, 'to'])
    const turned = await root.ask('POST', `${lakeside}/time-exceptions`, {
      json: { ...wish, from: '2026-04-02', to: '2026-04-01' },
    })
    expect([turned.status, (await json<Answer>(turned)).problems[0]?.path]).toEqual([422, 'to'])
  })

  it('are changed and removed, and leave a record', async () => {
    const [closure] = (await list()).exceptions
    expect(closure).toMatchObject({ sentence: 'Closed 3 Mar 2026, all day', past: false })
    const path = `${lakeside}/time-exceptions/${closure?.id}`
    const changed = await root.ask('PATCH', path, { json: { start: '12:00' }, revision: await revision() })
    expect((await json<Answer>(changed)).exception).toMatchObject({ start: '12:00', end: '24:00' })
    const removed = await root.ask('DELETE', `${path}?reason=done`, { revision: await revision() })
    expect(removed.status).toBe(200)
    expect(await lastEvent('lakeside')).toMatchObject({ type: 'closure.removed', target: 'Inventory' })
    expect((await list()).exceptions.map(({ id }) => id)).not.toContain(closure?.id)
  })
})

describe('the switch', () => {
  const control = `${of('hilltop')}/controls/time`
  const put = async (mode: string, scope: unknown = everyone, more = {}) =>
    root.ask('PUT', control, { json: { mode, scope, ...more }, revision: await revision('hilltop') })

  it('refuses to bring anybody into scope who has no window, by name', async () => {
    const refused = await put('monitor')
    expect(refused.status).toBe(422)
    const { problems } = await json<Answer>(refused)
    expect(problems.length).toBeGreaterThan(3)
    for (const { path } of problems) expect(path).toBe('controls.time.scope')
    expect(problems[0]?.sentence).toContain('Owner is in scope of time windows and has none')
  })

  it('refuses to lock the acting admin out of hours that are not now, until the practice is named', async () => {
    await root.ask('POST', `${of('hilltop')}/time-windows`, {
      json: { days: workdays, start: '08:00', end: '18:00' },
    })
    expect((await put('monitor')).status).toBe(200)
    const risky = await put('enforce')
    expect(risky.status).toBe(409)
    expect(await json<Answer>(risky)).toMatchObject({
      code: 'lockout-risk',
      lockedOut: [{ name: 'The root', sentence: 'is outside the approved hours' }],
    })
    stage.clock.advance(5 * 3_600_000)
    root = await stage.signIn('root')
    expect((await put('enforce')).status).toBe(200)
    expect(await lastEvent('hilltop')).toMatchObject({
      type: 'control.time.changed',
      before: { 'controls.time.mode': 'monitor' },
      after: { 'controls.time.mode': 'enforce' },
    })
    expect(await confirmWaiting(root, 'hilltop')).toBe(200)
    expect((await list('hilltop')).audiences).toMatchObject([
      { audienceName: 'Whole practice', open: true, sentence: 'Open until Mon 2 Mar 2026, 18:00' },
    ])
  })

  it('keeps the last window that its scope needs', async () => {
    const { windows, revision: current } = await list('hilltop')
    const refused = await root.ask('DELETE', `${of('hilltop')}/time-windows/${windows[0]?.id}`, {
      revision: current,
    })
    expect(refused.status).toBe(422)
    expect((await json<Answer>(refused)).problems[0]?.sentence).toContain('Owner is in scope')
  })

  it('says who is signed in and would be refused, and how many windows there are', async () => {
    const general = await json<{ controls: { time: object } }>(
      await root.ask('GET', `${of('hilltop')}/general`),
    )
    expect(general.controls.time).toMatchObject({ mode: 'enforce', windows: 1, wouldRefuse: [] })
  })

  it('sets mode and scope of two-factor and leaves its other settings', async () => {
    const scope = { include: { roles: ['owner'], users: [] }, exempt: { roles: [], users: [] } }
    const saved = await root.ask('PUT', `${of('hilltop')}/controls/two-factor`, {
      json: { mode: 'monitor', scope },
      revision: await revision('hilltop'),
    })
    expect(saved.status).toBe(200)
    const event = await lastEvent('hilltop')
    expect(event).toMatchObject({ type: 'control.two-factor.changed' })
    expect(Object.keys(event?.after as object).sort()).toEqual([
      'controls.twoFactor.mode',
      'controls.twoFactor.scope.include',
    ])
  })
})

describe('everyone', () => {
  it('is shown by the hour, people of the same hours together', async () => {
    const calendar = await json<{
      days: { date: string; isToday: boolean }[]
      counts: number[][]
      groups: { hours: string[]; count: number; people: { name: string; inScope: boolean }[] }[]
    }>(await root.ask('GET', `${of('hilltop')}/time-calendar`))
    expect(calendar.days[0]).toMatchObject({ date: '2026-03-02', isToday: true })
    expect(calendar.groups).toMatchObject([
      { count: 1, hours: ['000000001111111111000000', ...Array(6).fill(expect.any(String))] },
    ])
    expect(calendar.groups[0]?.people).toMatchObject([{ name: 'Olga', inScope: true }])
    expect(calendar.counts[0]?.slice(7, 9)).toEqual([0, 1])
  })

  it('is not put in scope without hours: not by a scope, not by a role', async () => {
    await confirmWaiting(root, 'lakeside')
    const enforce = async (users: string[], exempt: string[] = []) =>
      root.ask('PUT', `${lakeside}/controls/time`, {
        json: {
          mode: 'monitor',
          scope: { include: { roles: ['front-desk'], users }, exempt: { roles: [], users: exempt } },
        },
        revision: await revision(),
      })
    for (const { id, audienceName } of (await list()).windows)
      if (audienceName !== 'Role Front Desk')
        await root.ask('DELETE', `${lakeside}/time-windows/${id}`, { revision: await revision() })
    expect((await list()).windows.map(({ audienceName }) => audienceName)).toEqual(['Role Front Desk'])
    const byName = await enforce(['usr_olga'])
    expect(byName.status).toBe(422)
    expect((await json<Answer>(byName)).problems[0]?.sentence).toContain('without any: Olga')
    expect((await enforce([])).status).toBe(200)
    expect((await enforce(['usr_olga'], ['usr_olga'])).status).toBe(200)
    expect((await enforce(['usr_fred'])).status).toBe(200)
    const users = await root.ask('GET', `${lakeside}/users`)
    const moved = await root.ask('PUT', `${lakeside}/users/usr_fred/roles`, {
      json: { roles: ['hygienist'] },
      revision: (await json<{ version: number }>(users)).version,
    })
    expect(moved.status).toBe(422)
    expect((await json<Answer>(moved)).problems[0]?.sentence).toContain('Fred would be in scope')
  })
})

describe('staying late', () => {
  const hourMs = 3_600_000
  const path = `${lakeside}/users/usr_fred/extensions`
  const give = (length: unknown, to = path, by = root) => by.ask('POST', to, { json: { length } })
  const listed = async () =>
    (await json<{ extensions: object[] }>(await root.ask('GET', `${lakeside}/extensions`))).extensions

  it('is given by an admin for a day at most, and taken back once, each with its event', async () => {
    for (const length of [1_000, 25 * hourMs, { until: '24:30' }])
      expect((await give(length)).status).toBe(422)
    const viewer = await stage.signIn('viewer')
    expect((await give(hourMs, path, viewer)).status).toBe(403)
    expect((await give(hourMs, path.replace('usr_fred', 'usr_none'))).status).toBe(404)
    const given = await give({ until: '20:00' })
    expect(given.status).toBe(201)
    const { extension } = await json<{ extension: { id: string; endsAt: number } }>(given)
    expect(momentText('America/Chicago', extension.endsAt)).toContain('20:00')
    expect(extension.endsAt - stage.clock.now()).toBeLessThanOrEqual(24 * hourMs)
    const grants = await stage.store.read((rows) => rows.selectFrom('access_grant').selectAll().execute())
    expect(grants).toMatchObject([
      { kind: 'time', range: null, ends_at: extension.endsAt, user_id: 'usr_fred' },
    ])
    expect(await listed()).toMatchObject([
      { id: extension.id, user: { id: 'usr_fred', name: 'Fred' }, givenBy: 'The root' },
    ])
    const one = `${lakeside}/extensions/${extension.id}`
    const twice = await Promise.all([1, 2].map(() => root.ask('DELETE', one, { json: {} })))
    expect(twice.map(({ status }) => status).sort()).toEqual([200, 404])
    expect(await listed()).toEqual([])
    const events = await stage.store.read((rows) =>
      rows
        .selectFrom('security_event')
        .select('action')
        .where('action', 'like', 'extension.%')
        .orderBy('seq')
        .execute(),
    )
    expect(events.map(({ action }) => action)).toEqual(['extension.given', 'extension.withdrawn'])
  })

  it('is not given to oneself', async () => {
    const rename = (login: string) =>
      stage.store.read((rows) =>
        rows.updateTable('app_user').set({ login }).where('id', '=', 'usr_fred').execute(),
      )
    await rename('root')
    expect((await give(hourMs)).status).toBe(403)
    await rename('fred')
    expect((await give(hourMs)).status).toBe(201)
  })
})
