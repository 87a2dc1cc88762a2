/**
 * Goal: reviewers give as much as they say and no more, see hints, decide many at once and undo; who must hear of it does.
 * Method: requests asked through the asking function on a stage, the routes asked by admins, the mail queue read.
 */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { revertOverdue } from '../../../admin/commit-confirm.ts'
import { keepAdminOrigin } from '../../../admin/notify/links.ts'
import { remindReviewers } from '../../../admin/requests/access-reminders.ts'
import { askForAccess, readAccessStandings } from '../../../admin/requests/access-requests.ts'
import { takeAccessBack } from '../../../admin/requests/access-taking-back.ts'
import { insertSession } from '../../../admin/store/sessions.ts'
import { momentText } from '../../../policies/timetable-zone.ts'
import { type Browser, confirmWaiting, createStage, origin, type Stage } from './admin-stage.ts'

const hour = 3_600_000
const zone = 'America/Chicago'
let stage: Stage
let root: Browser
let reviewer: Browser

const tokenOf = (user: string): string => user.padEnd(43, 'x')
const openSessionOf = (user: string, held: boolean, address: string) =>
  stage.store.transaction(async (tx) => {
    await insertSession(tx, {
      ...{ id: `ses_${user}`, tokenHash: tokenOf(user), cookieHash: null, user, upstream: 'demo' },
      ...{ appUser: user, method: 'app-password', epochs: {}, startedAt: stage.clock.now() },
      ...{ absoluteDeadline: stage.clock.now() + 400 * hour, address, device: 'Firefox' },
    })
    if (held)
      await tx
        .updateTable('session')
        .set({ held: true, held_reason: 'ip' })
        .where('user_id', '=', user)
        .execute()
  })

beforeAll(async () => {
  stage = await createStage()
  await stage.store.read(async (rows) => {
    for (const user of ['olga', 'fred'])
      await rows
        .updateTable('app_user')
        .set({ email: `${user}@example.com` })
        .where('id', '=', `usr_${user}`)
        .execute()
    await rows
      .updateTable('admin_grant')
      .set({ permissions: ['gw.security.view', 'gw.requests.review'] })
      .where('account', '=', 'adm_viewer')
      .execute()
  })
  await keepAdminOrigin(stage.store, origin)
  await openSessionOf('usr_fred', true, '198.51.100.2')
  await openSessionOf('usr_olga', false, '198.51.100.2')
})
afterAll(() => stage?.close())
beforeEach(async () => {
  await stage.store.read(async (rows) => {
    await rows.deleteFrom('access_request').execute()
    await rows.deleteFrom('access_grant').execute()
    await rows.deleteFrom('mail').execute()
    await rows.deleteFrom('webhook_delivery').execute()
  })
  root = await stage.signIn('root')
  reviewer = await stage.signIn('viewer')
})

type Answer = {
  status: number
  json: { request: Listed; code?: string; detail?: string; decided: Listed[]; undecided: { id: string }[] }
}
type Listed = { id: string; status: string; accessUntil: number; entry: string | null; hints: object }

const ask = async (address = '198.51.100.2', kind: 'ip' | 'time' = 'ip'): Promise<string> => {
  const wish = { tokenHash: tokenOf('usr_fred'), kind, address, practices: ['lakeside'] }
  const asked = await askForAccess(
    stage.store,
    { ...wish, reason: 'See http://evil.example now' },
    stage.clock.now(),
  )
  expect(asked.refused).toBeNull()
  return (await requests()).find(({ status }) => status === 'pending')?.id ?? ''
}
const requests = async (): Promise<Listed[]> => {
  const response = await root.ask('GET', '/api/practices/lakeside/access-requests')
  return ((await response.json()) as { requests: Listed[] }).requests
}
const post = async (path: string, json: object, browser = root): Promise<Answer> => {
  const response = await browser.ask('POST', `/api/practices/lakeside/access-requests/${path}`, { json })
  return { status: response.status, json: (await response.json()) as Answer['json'] }
}
const grants = () =>
  stage.store.read((rows) =>
    rows.selectFrom('access_grant').select(['kind', 'range', 'ends_at', 'withdrawn_at']).execute(),
  )
type Entry = { id: string; label: string; audience: unknown; expiresAt: number | null }
const entries = async (): Promise<Entry[]> => {
  const response = await root.ask('GET', '/api/practices/lakeside/ip-entries')
  return ((await response.json()) as { entries: Entry[] }).entries
}
const standing = async () =>
  (await readAccessStandings(
    stage.store,
    { tokenHash: tokenOf('usr_fred'), kind: 'ip', address: '198.51.100.2' },
    stage.clock.now(),
  ))!.standings[0]!
const mails = () =>
  stage.store.read((rows) =>
    rows.selectFrom('mail').select(['to_address', 'subject', 'body']).orderBy('to_address').execute(),
  )
const actions = async (count: number) =>
  (
    await stage.store.read((rows) =>
      rows
        .selectFrom('security_event')
        .select('action')
        .where('practice', '=', 'lakeside')
        .orderBy('seq', 'desc')
        .limit(count)
        .execute(),
    )
  ).map(({ action }) => action)

it('grants another network around the same address, and refuses one that is not, or is too wide', async () => {
  const id = await ask()
  for (const network of ['198.51.101.0/24', '198.0.0.0/8', 'home', '2001:db8::/64'])
    expect((await post(`${id}/approve`, { network })).status, network).toBe(422)
  expect(await grants()).toEqual([])
  expect((await post(`${id}/approve`, { network: '198.51.100.77/24' })).status).toBe(200)
  expect(await grants()).toMatchObject([{ kind: 'ip', range: '198.51.100.0/24' }])
  const exact = await ask('2001:db8:1:2::7')
  expect((await post(`${exact}/approve`, { network: '2001:db8:1:2::7/128' })).status).toBe(200)
  expect((await grants()).map(({ range }) => range)).toContain('2001:db8:1:2::7/128')
})

it('grants until the practice’s clocks next show a time', async () => {
  const id = await ask('198.51.100.2', 'time')
  expect((await post(`${id}/approve`, { durationMs: { until: '25:00' } })).status).toBe(422)
  const { json } = await post(`${id}/approve`, { durationMs: { until: '24:00' } })
  const left = json.request.accessUntil - stage.clock.now()
  expect(left).toBeGreaterThan(0)
  expect(left).toBeLessThanOrEqual(24 * hour)
  expect(momentText(zone, json.request.accessUntil)).toContain('00:00')
  expect((await post(`${await ask()}/approve`, { durationMs: { until: '18:30' } })).status).toBe(200)
  expect(momentText(zone, (await grants()).find(({ kind }) => kind === 'ip')!.ends_at)).toContain('18:30')
})

it('lists the network for a role only by whoever may edit the allowlist, with a name, in one change', async () => {
  const id = await ask()
  const wish = { audience: { role: 'front-desk' }, label: 'Fred’s home', durationMs: 48 * hour }
  expect((await post(`${id}/approve`, wish, reviewer)).json.code).toBe('not-permitted')
  expect((await post(`${id}/approve`, { ...wish, label: undefined })).status).toBe(422)
  expect((await post(`${id}/approve`, { ...wish, audience: { role: 'no-such' } })).status).toBe(422)
  expect(await entries()).toEqual([])
  expect((await requests())[0]?.status).toBe('pending')
  const { status, json } = await post(`${id}/approve`, wish)
  expect(status).toBe(200)
  const [entry] = await entries()
  expect(entry).toMatchObject({
    ...{ id: json.request.entry, label: 'Fred’s home', audience: { role: 'front-desk' } },
    expiresAt: stage.clock.now() + 48 * hour,
  })
  expect(await grants()).toEqual([])
  expect(await actions(2)).toEqual(['access-request.approved', 'ip-entry.added'])
  expect(await standing()).toMatchObject({ status: 'approved' })

  expect((await post(`${id}/withdraw`, {}, reviewer)).status).toBe(403)
  expect((await post(`${id}/withdraw`, {})).status).toBe(200)
  expect(await entries()).toEqual([])
  expect(await standing()).toMatchObject({
    status: 'not-requested',
    note: expect.stringContaining('taken back'),
  })
  await confirmWaiting(root, 'lakeside')
})

it('an approval for the practice ends with its entry, also when somebody removes that by hand', async () => {
  const id = await ask()
  await post(`${id}/approve`, { audience: 'practice', label: 'Annex', durationMs: null })
  expect(await standing()).toMatchObject({ status: 'approved' })
  const [entry] = await entries()
  const revision = Number(
    (await root.ask('GET', '/api/practices/lakeside/ip-entries')).headers.get('etag')?.replaceAll('"', ''),
  )
  const removed = await root.ask('DELETE', `/api/practices/lakeside/ip-entries/${entry!.id}`, {
    json: {},
    revision,
  })
  expect(removed.status).toBe(200)
  await confirmWaiting(root, 'lakeside')
  expect(await standing()).toMatchObject({ status: 'not-requested' })
  expect((await requests())[0]?.status).toBe('lapsed')
  const hours = await ask('198.51.100.2', 'time')
  expect((await post(`${hours}/approve`, { audience: 'practice', label: 'Late' })).status).toBe(422)
})

it('hints at colleagues who were let in from there, and at an entry next to it', async () => {
  await root.ask('POST', '/api/practices/lakeside/ip-entries', {
    json: {
      range: '198.51.100.64/28',
      label: 'Front office',
      audience: 'practice',
      on: true,
      expiresAt: null,
      note: '',
    },
  })
  await confirmWaiting(root, 'lakeside')
  await ask()
  expect((await requests())[0]?.hints).toEqual({
    colleagues: ['Olga'],
    colleagueCount: 1,
    nextTo: 'Front office',
  })
  await stage.store.read((rows) => rows.deleteFrom('access_request').execute())
  await ask('203.0.113.77')
  expect((await requests())[0]?.hints).toEqual({ colleagues: [], colleagueCount: 0, nextTo: null })
})

it('decides many at once; what was decided meanwhile is told and the rest goes on', async () => {
  const first = await ask('198.51.100.10')
  await post(`${first}/reject`, {})
  const second = await ask('198.51.100.11')
  const { status, json } = await post('decide', {
    ...{ ids: [first, 'arq_none', second], decision: 'approve', durationMs: 2 * hour, note: 'Today only' },
  })
  expect(status).toBe(200)
  expect(json.decided).toMatchObject([{ id: second, status: 'approved' }])
  expect(json.undecided).toEqual([
    { id: first, sentence: 'The root has rejected it. Nothing was changed.' },
    { id: 'arq_none', sentence: 'There is no such request in this practice.' },
  ])
  expect((await post('decide', { ids: [second, second], decision: 'reject' })).status).toBe(422)
})

it('a rejection is opened again, once, and not over a newer request', async () => {
  const id = await ask()
  await post(`${id}/reject`, { note: 'Wrong click' })
  const reopened = await post(`${id}/reopen`, { reason: 'Mistake' })
  expect(reopened.json.request).toMatchObject({ status: 'pending', note: '' })
  expect((await post(`${id}/reopen`, {})).status).toBe(409)
  expect(await actions(1)).toEqual(['access-request.reopened'])
  await post(`${id}/reject`, {})
  stage.clock.advance(15 * 60_000)
  await ask()
  expect((await post(`${id}/reopen`, {})).status).toBe(409)
})

it('taking one’s own request back is no approval: earlier rejections still count', async () => {
  const back = () =>
    takeAccessBack(
      stage.store,
      { tokenHash: tokenOf('usr_fred'), kind: 'ip', address: '198.51.100.2', practices: ['lakeside'] },
      stage.clock.now(),
    )
  const first = await ask()
  await post(`${first}/reject`, {})
  stage.clock.advance(15 * 60_000)
  await ask()
  const { standings } = await back()
  expect(standings[0]).toMatchObject({
    status: 'not-requested',
    note: expect.stringContaining('took your request'),
  })
  expect(await actions(1)).toEqual(['access-request.taken-back'])
  expect((await back()).refused).toBeNull()
  stage.clock.advance(1_000)
  const third = await ask()
  expect(third).not.toBe(first)
  await post(`${third}/reject`, {})
  expect((await standing()).askAgainAt).toBe(stage.clock.now() + 2 * hour)
  expect(
    (
      await takeAccessBack(
        stage.store,
        { tokenHash: tokenOf('usr_nobody'), kind: 'ip', address: '198.51.100.2', practices: ['lakeside'] },
        stage.clock.now(),
      )
    ).refused,
  ).not.toBeNull()
})

it('reviewers hear of a request, who asked hears of the decision; no reason, no token, a link that only shows', async () => {
  const id = await ask()
  const asked = await mails()
  expect(asked.map(({ to_address }) => to_address)).toEqual(['olga@example.com'])
  expect(asked[0]).toMatchObject({ subject: 'Fred asks for access to Lakeside Dental' })
  expect(asked[0]?.body).toContain(`${origin}/practices/lakeside/access-requests`)
  expect(asked[0]?.body).toContain('198.51.100.2/32')
  expect(JSON.stringify(asked)).not.toMatch(/evil\.example|usr_fredx/)
  await stage.store.read((rows) => rows.deleteFrom('mail').execute())
  await post(`${id}/approve`, { note: 'Welcome home' })
  const decided = await mails()
  expect(decided).toMatchObject([
    { to_address: 'fred@example.com', subject: 'Your request for access to Lakeside Dental was approved' },
  ])
  expect(decided[0]?.body).toContain('The reviewer wrote: Welcome home')
})

it('reviewers are reminded of what has waited for a day, once', async () => {
  await ask()
  await stage.store.read((rows) => rows.deleteFrom('mail').execute())
  stage.clock.advance(24 * hour - 1)
  expect(await remindReviewers(stage.store, stage.clock.now())).toBe(0)
  stage.clock.advance(1)
  const told = await Promise.all([1, 2].map(() => remindReviewers(stage.store, stage.clock.now())))
  expect(told.sort()).toEqual([0, 1])
  expect(await mails()).toMatchObject([
    {
      to_address: 'olga@example.com',
      subject: '1 request for access waits for a decision at Lakeside Dental',
    },
  ])
})

it('the practice chooses who is told, by whom and over which version; only configured webhooks can be named', async () => {
  const path = '/api/practices/lakeside/notifications'
  const read = async () =>
    (await (await root.ask('GET', path)).json()) as { version: number; settings: object }
  expect(await read()).toMatchObject({
    version: 0,
    settings: { webhooks: [] },
    mailGoesOut: true,
    webhooks: ['chat'],
  })
  const json = { mail: [], webhooks: [{ name: 'chat', topics: ['access-request.asked'] }] }
  expect((await reviewer.ask('PUT', path, { json, revision: 0 })).status).toBe(403)
  expect((await root.ask('PUT', path, { json })).status).toBe(428)
  const other = { ...json, webhooks: [{ name: 'http://169.254.169.254/', topics: [] }] }
  expect((await root.ask('PUT', path, { json: other, revision: 0 })).status).toBe(422)
  const unknown = { ...json, webhooks: [{ name: 'siem', topics: [] }] }
  expect((await root.ask('PUT', path, { json: unknown, revision: 0 })).status).toBe(422)
  const both = await Promise.all([0, 0].map((revision) => root.ask('PUT', path, { json, revision })))
  expect(both.map(({ status }) => status).sort()).toEqual([200, 412])
  expect(await actions(1)).toEqual(['notifications.changed'])
  await ask()
  expect(await mails()).toEqual([])
  const list = await root.ask('GET', '/api/practices/lakeside/webhook-deliveries')
  expect(await list.json()).toMatchObject({
    deliveries: [{ webhook: 'chat', topic: 'access-request.asked', state: 'waiting', tries: 0 }],
  })
  const standard = { mail: ['policy.reverted'], webhooks: [] }
  expect((await root.ask('PUT', path, { json: standard, revision: 1 })).status).toBe(200)
})

it('security admins hear that a save was taken back because nobody confirmed it', async () => {
  const general = await root.ask('GET', '/api/practices/lakeside/general')
  const revision = Number(general.headers.get('etag')?.replaceAll('"', ''))
  const saved = await root.ask('PUT', '/api/practices/lakeside/controls/time', {
    revision,
    json: {
      mode: 'enforce',
      scope: { include: { roles: ['owner'], users: [] }, exempt: { roles: [], users: [] } },
      confirmPracticeName: 'Lakeside Dental',
    },
  })
  expect(saved.status).toBe(422)
  const window = await root.ask('POST', '/api/practices/lakeside/time-windows', {
    revision,
    json: {
      ...{ label: null, audience: 'practice', days: ['mon'], start: '08:00', end: '09:00', zone: null },
      ...{ validFrom: null, validTo: null, insteadOfRoleHours: false },
    },
  })
  expect(window.status).toBe(201)
  const switched = await root.ask('PUT', '/api/practices/lakeside/controls/time', {
    revision: revision + 1,
    json: {
      mode: 'enforce',
      scope: { include: { roles: ['owner'], users: [] }, exempt: { roles: [], users: [] } },
      confirmPracticeName: 'Lakeside Dental',
    },
  })
  expect([switched.status, await switched.text()]).toEqual([200, expect.any(String)])
  stage.clock.advance(10 * 60_000)
  expect(await revertOverdue(stage.store, stage.clock.now())).toEqual(['lakeside'])
  const at = momentText(zone, stage.clock.now()).slice(-5)
  expect(await mails()).toMatchObject([
    {
      to_address: 'olga@example.com',
      subject: `"Time windows" was switched off at ${at} at Lakeside Dental because nobody confirmed it`,
      body: expect.stringContaining(`${origin}/practices/lakeside/general`),
    },
  ])
})
