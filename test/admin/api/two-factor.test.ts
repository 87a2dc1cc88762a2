/**
 * Goal: admins see who has a second factor, who has to and why, change the requirement, and take a factor away for good.
 * Method: factors written as rows, the 2FA Management, General and Presets routes asked on a real database.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Rows } from '../../../admin/store/database.ts'
import { insertSession } from '../../../admin/store/sessions.ts'
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

const practice = '/api/practices/lakeside'
const day = 86_400_000

type Person = {
  user: string
  name: string
  status: string
  methods: string[]
  deadline: number | null
  recoveryCodesLeft: number
  requiredBy: { everyone: boolean; roles: string[]; named: boolean } | null
}
type List = {
  version: number
  total: number
  counts: Record<string, number>
  people: Person[]
  nextCursor: string | null
}
type Problem = { code: string; problems?: { path: string; sentence: string }[] }
const json = async <T>(response: Response): Promise<T> => (await response.json()) as T
const list = async (query = '') => json<List>(await root.ask('GET', `${practice}/two-factor${query}`))
const called = async (name: string) => (await list()).people.find((person) => person.name === name)

/** What is written by hand tells nobody: this says so, as whatever changes a member does. */
const raise = (rows: Rows) =>
  rows
    .updateTable('practice')
    .set((eb) => ({ members_version: eb('members_version', '+', 1) }))
    .execute()
const byHand = async (work: (rows: Rows) => Promise<unknown>): Promise<void> => {
  await stage.store.read(work)
  await stage.store.read(raise)
}

const enrol = (user: string, codes = 10) =>
  stage.store.transaction(async (tx) => {
    const at = stage.clock.now()
    await tx
      .insertInto('factor')
      .values({
        ...{ id: `fac_${user}`, user_id: user, method: 'totp', key_id: 'k1', sealed: 'sealed' },
        ...{ name: 'Phone', last_step: 1, enrolled_at: at, last_verified_at: at },
      })
      .execute()
    for (let place = 0; place < codes; place += 1)
      await tx
        .insertInto('recovery_code')
        .values({
          user_id: user,
          mark: `${user}${place}`.padEnd(43, 'x'),
          key_id: 'k1',
          issued_at: at,
          used_at: null,
        })
        .execute()
    await raise(tx)
  })

const openSessionOf = (user: string, id: string) =>
  stage.store.transaction((tx) =>
    insertSession(tx, {
      ...{ id, tokenHash: id.padEnd(43, 'x'), cookieHash: null, user, upstream: 'demo', appUser: user },
      ...{ method: 'app-password', epochs: { lakeside: 9, hilltop: 9 }, startedAt: stage.clock.now() },
      ...{ absoluteDeadline: stage.clock.now() + 3_600_000, address: '198.51.100.1', device: 'Firefox' },
    }),
  )

const control = async (change: object) => {
  const general = await json<{ revision: number }>(await root.ask('GET', `${practice}/general`))
  const { revision } = general
  const answer = await root.ask('PUT', `${practice}/controls/two-factor`, { json: change, revision })
  if (answer.ok) await confirmWaiting(root, 'lakeside')
  return answer
}
const none = { roles: [], users: [] }
const twoFactor = async () =>
  (
    await json<{
      named: { user: string }[]
      controls: { twoFactor: { notSetUp: { user: string; name: string; until: number | null }[] } }
    }>(await root.ask('GET', `${practice}/general`))
  ).controls.twoFactor

describe('the list', () => {
  it('tells everyone, that nothing is required, and the members version', async () => {
    const response = await root.ask('GET', `${practice}/two-factor`)
    const found = await json<List>(response)
    expect(response.headers.get('etag')).toBe(`"${found.version}"`)
    expect(found.people.map(({ name, status, requiredBy }) => [name, status, requiredBy])).toEqual([
      ['Fred', 'off', null],
      ['Olga', 'off', null],
    ])
    expect(found.counts).toMatchObject({ off: 2, 'required-not-set-up': 0 })
  })

  it('tells methods and codes left, and no secret', async () => {
    await enrol('usr_olga', 4)
    const text = await (await root.ask('GET', `${practice}/two-factor`)).text()
    expect(text).not.toContain('sealed')
    expect(await called('Olga')).toMatchObject({
      ...{ status: 'enabled', methods: ['totp'], recoveryCodesLeft: 4 },
      lastVerifiedAt: stage.clock.now(),
    })
  })

  it('tells why it is required and until when they get in without', async () => {
    const scope = { include: { roles: ['owner', 'front-desk'], users: ['usr_fred'] }, exempt: none }
    expect((await control({ mode: 'enforce', scope, graceMs: 3 * day })).status).toBe(200)
    expect(await called('Fred')).toMatchObject({
      ...{ status: 'required-not-set-up', deadline: stage.clock.now() + 3 * day },
      requiredBy: { everyone: false, roles: ['Front Desk'], named: true },
    })
    expect(await called('Olga')).toMatchObject({
      ...{ status: 'required-enabled', deadline: null },
      requiredBy: { everyone: false, roles: ['Owner'], named: false },
    })
    const exempt = { roles: [], users: ['usr_fred'] }
    expect((await control({ mode: 'enforce', scope: { include: 'everyone', exempt } })).status).toBe(200)
    expect(await called('Fred')).toMatchObject({ status: 'optional', requiredBy: null })
    expect((await called('Olga'))?.requiredBy).toEqual({ everyone: true, roles: [], named: false })
  })

  it('is filtered by state and text, and read in pages', async () => {
    expect((await list('?status=optional')).people.map(({ name }) => name)).toEqual(['Fred'])
    expect(await list('?status=locked')).toMatchObject({ total: 0, counts: { optional: 1 } })
    expect((await list('?text=OLG')).people.map(({ name }) => name)).toEqual(['Olga'])
    const first = await list('?limit=1')
    expect(first).toMatchObject({ total: 2, nextCursor: 'usr_fred' })
    const second = await list(`?limit=1&cursor=${first.nextCursor}`)
    expect([second.people[0]?.name, second.nextCursor]).toEqual(['Olga', null])
    expect((await root.ask('GET', `${practice}/two-factor?status=fine`)).status).toBe(422)
  })

  it('is locked for some minutes after too many wrong codes', async () => {
    const at = stage.clock.now()
    const tries = { user_id: 'usr_olga', count: 10, last_at: at, free_at: at + 60_000 }
    await stage.store.read((rows) => rows.insertInto('factor_tries').values(tries).execute())
    expect(await called('Olga')).toMatchObject({ status: 'locked' })
    await stage.store.read((rows) => rows.deleteFrom('factor_tries').execute())
    expect(await called('Olga')).toMatchObject({ status: 'required-enabled' })
  })
})

describe('the requirement', () => {
  it('keeps the rules that are not sent, and names whom the scope names', async () => {
    const trust = { app: true, google: false }
    const scope = { include: 'everyone', exempt: { roles: [], users: ['usr_fred'] } }
    const rules = { graceMs: 7 * day, maxAgeMs: 12 * 3_600_000, notFromListedNetworks: true, trust }
    expect((await control({ mode: 'monitor', scope, ...rules })).status).toBe(200)
    expect((await control({ mode: 'off', scope })).status).toBe(200)
    expect(await twoFactor()).toMatchObject({ mode: 'off', scope, ...rules })
    expect((await control({ mode: 'off', scope, maxAgeMs: null })).status).toBe(200)
    expect(await twoFactor()).toMatchObject({ maxAgeMs: null, graceMs: 7 * day })
    const general = await json<{ named: unknown }>(await root.ask('GET', `${practice}/general`))
    expect(general.named).toEqual([{ user: 'usr_fred', name: 'Fred' }])
  })

  it('refuses what a document would, and device memory, which does not exist yet', async () => {
    const scope = { include: 'everyone', exempt: none }
    const long = await control({ mode: 'off', scope, graceMs: 91 * day })
    expect((await json<Problem>(long)).problems).toMatchObject([{ path: 'graceMs' }])
    expect((await control({ mode: 'off', scope, rememberDeviceMs: day })).status).toBe(422)
    expect((await control({ mode: 'enforce', scope: { include: none, exempt: none } })).status).toBe(422)
  })

  it('tells who is in scope without a second factor', async () => {
    await control({ mode: 'enforce', scope: { include: 'everyone', exempt: none }, graceMs: 2 * day })
    expect((await twoFactor()).notSetUp).toEqual([
      { user: 'usr_fred', name: 'Fred', until: stage.clock.now() + 2 * day },
    ])
  })
})

describe('presets that ask for a second factor', () => {
  type Preset = { id: string; notSetUp: { name: string }[]; graceMs: number; changes: string[] }
  const preset = async (id: string) => json<Preset>(await root.ask('GET', `${practice}/presets/${id}`))

  it('name who would have to set one up, by the scope that they set', async () => {
    await control({ mode: 'off', scope: { include: 'everyone', exempt: none } })
    expect(await preset('two-factor-everyone')).toMatchObject({
      ...{ notSetUp: [{ name: 'Fred' }], graceMs: 2 * day },
      changes: ['Two-factor: off → enforce'],
    })
    expect((await preset('two-factor-admins')).notSetUp).toEqual([])
    expect((await preset('office-only')).notSetUp).toEqual([])
    await control({ mode: 'off', scope: { include: 'everyone', exempt: { roles: [], users: ['usr_fred'] } } })
    expect((await preset('two-factor-everyone')).notSetUp).toEqual([])
  })

  it('are applied and start the time to set one up', async () => {
    await control({ mode: 'off', scope: { include: 'everyone', exempt: none } })
    const { revision } = await json<{ revision: number }>(await root.ask('GET', `${practice}/presets`))
    const path = `${practice}/presets/two-factor-everyone/apply`
    expect((await root.ask('POST', path, { json: {}, revision })).status).toBe(200)
    expect(await called('Fred')).toMatchObject({ deadline: stage.clock.now() + 2 * day })
  })
})

describe('a reset', () => {
  const path = (user: string, where = practice) => `${where}/users/${user}/two-factor/reset`

  it('needs a reason, a member and something to reset', async () => {
    for (const body of [{}, { reason: '   ' }]) {
      const refused = await root.ask('POST', path('usr_olga'), { json: body })
      expect((await json<Problem>(refused)).problems).toMatchObject([{ path: 'reason' }])
    }
    const reason = 'lost phone'
    expect((await root.ask('POST', path('usr_nobody'), { json: { reason } })).status).toBe(404)
    const nothing = await root.ask('POST', path('usr_fred'), { json: { reason } })
    expect((await json<Problem>(nothing)).problems?.[0]?.sentence).toContain('nothing to reset')
    const elsewhere = path('usr_fred', '/api/practices/hilltop')
    expect((await hilly.ask('POST', elsewhere, { json: { reason } })).status).toBe(404)
    expect(await called('Olga')).toMatchObject({ methods: ['totp'] })
  })

  it('needs the permission', async () => {
    const viewer = await stage.signIn('viewer')
    expect((await viewer.ask('GET', `${practice}/two-factor`)).status).toBe(403)
    expect((await viewer.ask('POST', path('usr_olga'), { json: { reason: 'x' } })).status).toBe(403)
  })

  it('removes factor and codes, ends sessions, is an event with its reason, and asks again at once', async () => {
    await openSessionOf('usr_olga', 'ses_olga')
    const before = (await list()).version
    const done = await root.ask('POST', path('usr_olga'), { json: { reason: 'lost phone' } })
    expect(await done.json()).toMatchObject({ sessions: 1, sequence: expect.any(Number) })
    expect(await called('Olga')).toMatchObject({
      ...{ status: 'required-not-set-up', methods: [], recoveryCodesLeft: 0, deadline: null },
    })
    expect((await list()).version).toBeGreaterThan(before)
    const { users } = await json<{ users: unknown[] }>(await root.ask('GET', `${practice}/active-users`))
    expect(users).toEqual([])
    const { events } = await json<{ events: object[] }>(
      await root.ask('GET', `${practice}/security-events?type=two-factor`),
    )
    expect(events).toMatchObject([{ type: 'two-factor.reset', target: 'Olga', reason: 'lost phone' }])
  })

  it('is told to whoever looks', async () => {
    await enrol('usr_fred')
    const told: string[] = []
    const stop = stage.live.subscribe('lakeside', ({ kind }) => told.push(kind))
    await stage.live.look()
    await root.ask('POST', path('usr_fred'), { json: { reason: 'new phone' } })
    await stage.live.look()
    stop()
    expect(told).toEqual(expect.arrayContaining(['members', 'events']))
  })
})

describe('a code for setting up from elsewhere', () => {
  const path = (user: string, where = practice) => `${where}/users/${user}/two-factor/enrolment-code`

  it('is answered once to who may reset, ends in a day at most, and is an event without the code', async () => {
    const wish = { reason: 'works from home', validMs: 7_200_000 }
    const answer = await root.ask('POST', path('usr_fred'), { json: wish })
    const given = await json<{ code: string; endsAt: number }>(answer)
    expect(given.code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/)
    expect(given.endsAt).toBe(stage.clock.now() + 7_200_000)
    const events = await (await root.ask('GET', `${practice}/security-events?type=two-factor`)).text()
    expect(events).toContain('two-factor.enrolment-code-given')
    expect(events).not.toContain(given.code)
    for (const [user, body, status] of [
      ['usr_fred', { reason: '' }, 422],
      ['usr_fred', { reason: 'x', validMs: 86_400_001 }, 422],
      ['usr_nobody', { reason: 'x' }, 404],
    ] as const)
      expect((await root.ask('POST', path(user), { json: body })).status).toBe(status)
  })
})

describe('the report of gaps', () => {
  type Told = Person & { source: string | null; gaps: string[]; lockedUntil: number | null }
  const report = async (query = '') =>
    json<{ counts: Record<string, number>; people: Told[] }>(
      await root.ask('GET', `${practice}/two-factor/report${query}`),
    )
  const gaps = (people: readonly Told[]) => people.map(({ name, gaps: missing }) => [name, missing])
  const scope = { include: 'everyone', exempt: none }

  it('says what is missing of whom it is required, and who keeps what they have', async () => {
    await enrol('usr_olga')
    await confirmWaiting(root, 'lakeside')
    const distrusting = { mode: 'enforce', scope, trust: { app: false, google: false } }
    expect(await (await control(distrusting)).json()).toMatchObject({ revision: expect.any(Number) })
    const start = (instant: number) =>
      byHand((rows) =>
        rows
          .updateTable('membership')
          .set({ enrol_by: instant, required_since: instant - day })
          .execute(),
      )
    await start(stage.clock.now() + day)
    expect(gaps((await report()).people)).toEqual([
      ['Fred', ['not-set-up']],
      ['Olga', []],
    ])
    await start(stage.clock.now() - 1)
    expect(gaps((await report('?gaps=true')).people)).toEqual([['Fred', ['not-set-up', 'overdue']]])
    await byHand((rows) => rows.updateTable('factor').set({ method: 'sms', ending: '42' }).execute())
    await stage.store.read((rows) => rows.deleteFrom('recovery_code').execute())
    expect(gaps((await report('?method=sms')).people)).toEqual([['Olga', ['sms-only', 'no-recovery-codes']]])
    await byHand((rows) => rows.updateTable('factor').set({ method: 'totp', ending: null }).execute())
    expect((await report()).people.map(({ source }) => source)).toEqual([null, 'gateway'])
  })

  it("takes the application's word where the practice does, for thirty days", async () => {
    await openSessionOf('usr_fred', 'ses_fred')
    const verified = stage.clock.now()
    await stage.store.read((rows) =>
      rows
        .updateTable('session')
        .set({ factor_method: 'app', factor_verified_at: verified })
        .where('user_id', '=', 'usr_fred')
        .execute(),
    )
    expect((await report('?text=fred')).people[0]).toMatchObject({
      status: 'required-not-set-up',
      source: null,
    })
    await control({ mode: 'enforce', scope, trust: { app: true, google: false } })
    expect((await report('?method=app')).people).toMatchObject([
      { name: 'Fred', status: 'required-enabled', source: 'app', gaps: [], lastVerifiedAt: verified },
    ])
    await control({ mode: 'enforce', scope, trust: { app: false, google: false } })
    await stage.store.read((rows) => rows.deleteFrom('session').execute())
  })

  it('is sorted, and filtered by when somebody last showed one', async () => {
    const names = async (query: string) => (await list(query)).people.map(({ name }) => name)
    expect(await names('?sort=verified&order=desc')).toEqual(['Olga', 'Fred'])
    expect(await names('?sort=status&limit=1')).toEqual(['Fred'])
    expect(await names('?sort=status&limit=1&cursor=usr_fred')).toEqual(['Olga'])
    const now = stage.clock.now()
    expect(await names(`?verifiedBefore=${now - 30 * day}`)).toEqual(['Fred'])
    expect(await names(`?verifiedBefore=${now + 1}`)).toEqual(['Fred', 'Olga'])
    expect((await root.ask('GET', `${practice}/two-factor?sort=mood`)).status).toBe(422)
  })

  it('is a file that no spreadsheet runs, and an event that repeats no name', async () => {
    await byHand((rows) =>
      rows.updateTable('app_user').set({ name: '=cmd()' }).where('id', '=', 'usr_fred').execute(),
    )
    const answer = await root.ask('GET', `${practice}/two-factor/report?format=csv&text=cmd`)
    expect(answer.headers.get('content-type')).toContain('text/csv')
    const lines = (await answer.text()).trim().split('\r\n')
    expect(lines).toHaveLength(2)
    expect(lines[1]).toContain(`"'=cmd()"`)
    const events = await (await root.ask('GET', `${practice}/security-events?type=two-factor`)).text()
    expect(events).toContain('two-factor.report-made')
    expect(events).not.toContain('"cmd"')
    await byHand((rows) =>
      rows.updateTable('app_user').set({ name: 'Fred' }).where('id', '=', 'usr_fred').execute(),
    )
  })
})
