/**
 * Goal: people are taken in, changed, removed and imported exactly as asked, and one practice learns nothing of another.
 * Method: the API asked by admins of one practice, of both and of all, on a real database; sign-ins in between.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { planPeople } from '../../../admin/directory/directory-import.ts'
import { openSession } from '../../../admin/sessions/session-opening.ts'
import { listEvents } from '../../../admin/store/events.ts'
import { newDocument } from '../../../policies/standard-roles.ts'
import { sessionRequest } from '../practice-store.ts'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
let hilly: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
  hilly = await stage.signIn('hilly')
})
afterAll(() => stage.close())

const users = (practice: string) => `/api/practices/${practice}/users`
type Member = {
  user: string
  name: string
  login: string
  email: string | null
  roles: string[]
  suspended: boolean
  otherPractices: number
  alsoIn: { id: string }[]
}
const list = async (browser: Browser, practice: string) =>
  (await (await browser.ask('GET', users(practice))).json()) as { version: number; members: Member[] }
const named = async (practice: string, login: string) =>
  (await list(root, practice)).members.find((one) => one.login === login)
const problems = async (response: Response) => {
  const { problems: found, code } = (await response.json()) as {
    code: string
    problems?: { path: string }[]
  }
  return [response.status, code, ...(found ?? []).map(({ path }) => path)]
}
const events = (practice: string, type: string) =>
  stage.store.read((rows) => listEvents(rows, { practice, type }, { countMax: 10, before: null }))
const signIn = (appUser: string, practice: string, provisioning: 'app-roles' | 'deny' = 'app-roles') => {
  const request = sessionRequest(appUser)
  const identity = { ...request.identity, practices: [{ id: practice, roles: ['Owner'] }] }
  return openSession(stage.store, { ...request, identity }, provisioning, stage.clock.now())
}

const upload = async (csv: string, more: object = {}, browser = root) =>
  browser.ask('POST', `${users('lakeside')}/import`, {
    json: { csv, ...more },
    revision: (await list(root, 'lakeside')).version,
  })
const example = /```csv people\n([^`]+)```/.exec(readFileSync('docs/csv.md', 'utf8'))?.[1] ?? ''

test('the example of the documentation is looked at, imported once with one event, and exported to the same', async () => {
  const looked = await root.ask('POST', `${users('lakeside')}/import/preview`, { json: { csv: example } })
  expect(await looked.json()).toMatchObject({
    counts: { adds: 1, changes: 0, leavers: 0, unchanged: 2, problems: 0 },
    adds: [{ login: 'gina@lakeside.example', roles: ['front-desk', 'hygienist'] }],
  })
  const before = (await list(root, 'lakeside')).version
  const done = await upload(example, { reason: 'new season' })
  expect(await done.json()).toMatchObject({ version: before + 1, counts: { adds: 1 } })
  expect(await named('lakeside', 'gina@lakeside.example')).toMatchObject({ name: 'Gina Gray' })
  expect(await (await upload(example)).json()).toMatchObject({
    version: before + 1,
    counts: { unchanged: 3 },
  })
  expect(await events('lakeside', 'users.imported')).toMatchObject([
    {
      ...{ origin: 'import', reason: 'new season' },
      after: { added: 1, members: ['gina@lakeside.example: added as front-desk, hygienist'] },
    },
  ])
  const exported = await (await root.ask('GET', `${users('lakeside')}/export`)).text()
  expect(await (await upload(exported)).json()).toMatchObject({
    counts: { unchanged: 3, adds: 0, changes: 0 },
  })
  // Found at the first sign-in, since there is only one application.
  const opened = await signIn('gina@lakeside.example', 'lakeside', 'deny')
  expect(opened.outcome).toBe('opened')
  const viewer = await stage.signIn('viewer')
  const csv = { json: { csv: example } }
  expect((await viewer.ask('POST', `${users('lakeside')}/import/preview`, csv)).status).toBe(403)
})

test('somebody taken in is found at their first sign-in, by what the application calls them, in any case', async () => {
  const json = { name: ' Nina New ', login: 'Nina@Lakeside.example', email: null, roles: ['front-desk'] }
  const made = await root.ask('POST', users('lakeside'), { json })
  expect(made.status).toBe(201)
  const { user } = (await made.json()) as { user: string }
  const opened = await signIn('NINA@lakeside.EXAMPLE', 'lakeside', 'deny')
  expect(opened).toMatchObject({ outcome: 'opened', session: { user_id: user } })
  // What an admin wrote stays, whatever the application says.
  expect(await named('lakeside', 'nina@lakeside.example')).toMatchObject({
    ...{ name: 'Nina New', roles: ['front-desk'] },
  })
  expect(await events('lakeside', 'user.created')).toMatchObject([
    { target: { id: user, name: 'Nina New' }, after: { login: 'nina@lakeside.example' } },
  ])
  expect(await problems(await root.ask('POST', users('lakeside'), { json }))).toEqual([
    422,
    'invalid',
    'login',
  ])
  const other = { ...json, login: 'nina2', identity: { upstream: 'demo', appUser: 'nina@lakeside.example' } }
  expect(await problems(await root.ask('POST', users('lakeside'), { json: other }))).toEqual([
    ...[422, 'invalid', 'identity.appUser'],
  ])
  // Nothing of the refused one is left.
  const again = await root.ask('POST', users('lakeside'), { json: { ...json, login: 'nina2' } })
  expect(again.status).toBe(201)
  for (const wrong of [
    { login: 'a b' },
    { roles: ['wizard'] },
    { identity: { upstream: 'x', appUser: 'y' } },
  ])
    expect(
      (await root.ask('POST', users('lakeside'), { json: { ...json, login: 'z', ...wrong } })).status,
    ).toBe(422)
})

test('the list is of one role, of one state, of people of several practices, or of one person', async () => {
  const found = async (query: string) => {
    const answer = await root.ask('GET', `${users('lakeside')}?${query}`)
    const { total, members } = (await answer.json()) as { total: number; members: Member[] }
    expect(total).toBe(members.length)
    return members
  }
  const all = await found('')
  const ids = (members: readonly Member[]) => members.map(({ user }) => user)
  const allWho = (fits: (member: Member) => boolean) => ids(all.filter(fits))
  expect(ids(await found('role=front-desk'))).toEqual(allWho(({ roles }) => roles.includes('front-desk')))
  expect(allWho(({ otherPractices }) => otherPractices > 0)).toContain('usr_olga')
  expect(ids(await found('practices=several'))).toEqual(allWho(({ otherPractices }) => otherPractices > 0))
  expect(ids(await found('practices=one'))).toEqual(allWho(({ otherPractices }) => otherPractices === 0))
  expect(ids(await found('state=active'))).toEqual(allWho(({ suspended }) => !suspended))
  expect(ids(await found('state=suspended'))).toEqual(allWho(({ suspended }) => suspended))
  expect(ids(await found('user=usr_olga'))).toEqual(['usr_olga'])
  expect(await found('user=usr_nobody')).toEqual([])
  expect(await found('user=usr_olga&practices=one')).toEqual([])
  expect((await root.ask('GET', `${users('lakeside')}?practices=many`)).status).toBe(422)
})

test('an admin of one practice neither takes in nor renames whoever belongs to another', async () => {
  const json = { name: 'Fred', login: 'FRED', email: null, roles: ['front-desk'] }
  const refused = await hilly.ask('POST', users('hilltop'), { json })
  expect(await refused.clone().text()).not.toMatch(/lakeside/i)
  expect(await problems(refused)).toEqual([422, 'invalid', 'login'])
  const { version, members } = await list(hilly, 'hilltop')
  const olga = members.find(({ name }) => name === 'Olga')
  expect(olga).toMatchObject({ otherPractices: 1, alsoIn: [] })
  expect((await list(root, 'hilltop')).members[0]?.alsoIn).toEqual([
    { id: 'lakeside', name: 'Lakeside Dental' },
  ])
  const path = `${users('hilltop')}/usr_olga`
  const renamed = await hilly.ask('PATCH', path, { json: { name: 'Mine' }, revision: version })
  expect(renamed.status).toBe(403)
  expect(await renamed.text()).toContain('also in 1 other practices')
  const fred = await hilly.ask('PATCH', `${users('hilltop')}/usr_fred`, {
    json: { name: 'x' },
    revision: version,
  })
  expect(fred.status).toBe(404)
  // Who administers both may, and both are told.
  const before = await list(root, 'lakeside')
  const done = await root.ask('PATCH', path, { json: { email: 'olga@x.example' }, revision: version })
  expect(done.status).toBe(200)
  expect((await list(root, 'lakeside')).version).toBe(before.version + 1)
  for (const practice of ['hilltop', 'lakeside'])
    expect(await events(practice, 'user.changed')).toMatchObject([{ after: { email: 'olga@x.example' } }])
  const taken = { json: { login: 'Fred' }, revision: (await list(root, 'hilltop')).version }
  expect(await problems(await root.ask('PATCH', path, taken))).toEqual([422, 'invalid', 'login'])
  expect((await root.ask('POST', users('hilltop'), { json })).status).toBe(201)
  expect(await named('hilltop', 'fred')).toMatchObject({ user: 'usr_fred', otherPractices: 1 })
})

test('somebody removed stays out whatever the application says, and takes nothing back when taken in again', async () => {
  const first = await signIn('leaver', 'hilltop')
  if (first.outcome !== 'opened') throw new Error(first.outcome)
  const user = first.session.user_id
  expect(first.session.epochs).toEqual({ hilltop: 0 })
  const remove = async (who: string) =>
    root.ask('POST', `${users('hilltop')}/${who}/remove`, {
      ...{ json: { reason: 'left' }, revision: (await list(root, 'hilltop')).version },
    })
  expect((await remove(user)).status).toBe(200)
  expect((await remove(user)).status).toBe(404)
  expect(await events('hilltop', 'user.removed')).toMatchObject([
    { reason: 'left', before: { roles: ['owner'] } },
  ])
  const second = await signIn('leaver', 'hilltop')
  expect(second).toMatchObject({ outcome: 'opened', session: { user_id: user, epochs: {} } })
  expect(await named('hilltop', 'leaver')).toBeUndefined()
  const json = { name: 'Leaver', login: 'leaver', email: null, roles: ['front-desk'] }
  expect((await root.ask('POST', users('hilltop'), { json })).status).toBe(201)
  const row = await stage.store.read((rows) =>
    rows
      .selectFrom('membership')
      .select(['epoch', 'revoked_at', 'roles'])
      .where('user_id', '=', user)
      .executeTakeFirstOrThrow(),
  )
  // The session of before carries 0, and a cookie that is merely seen carries none.
  expect(row).toEqual({ epoch: 1, revoked_at: stage.clock.now(), roles: ['front-desk'] })
  expect((await remove(user)).status).toBe(200)
  expect(await problems(await remove('usr_olga'))).toEqual([409, 'last-security-admin'])
})

test('leavers are suspended or removed only where that is said, and never the last security admin', async () => {
  const csv = 'login,roles\nolga,owner\nfred,front-desk\n'
  const kept = await upload(csv)
  expect(await kept.json()).toMatchObject({ counts: { adds: 0, changes: 0, leavers: 3 } })
  expect((await list(root, 'lakeside')).members).toHaveLength(5)
  const alone = await upload('login,name\nfred,Fred\n', { leavers: 'remove' })
  expect(await problems(alone)).toEqual([409, 'last-security-admin'])
  expect((await list(root, 'lakeside')).members).toHaveLength(5)
  expect((await upload(csv, { leavers: 'suspend' })).status).toBe(200)
  const after = (await list(root, 'lakeside')).members
  expect(after.filter(({ suspended }) => suspended)).toHaveLength(3)
  expect(await (await upload(csv, { leavers: 'suspend' })).json()).toMatchObject({ counts: { leavers: 0 } })
  const stale = await root.ask('POST', `${users('lakeside')}/import`, { json: { csv }, revision: 1 })
  expect(stale.status).toBe(412)
})

test('every wrong line is named, and nothing of the file is imported', async () => {
  const before = await list(root, 'lakeside')
  const csv = [
    'login,name,email,roles,application',
    'a b,A,,,',
    'c,,no-address,wizard,',
    'd,D,,,elsewhere',
    'FRED,Fred,,front-desk,',
    'fred,Fred,,front-desk,',
    'Olga,Olga Else,,owner,',
    '"=cmd",Formula,,,',
  ].join('\n')
  const refused = await upload(csv)
  expect(await problems(refused)).toEqual([
    ...[422, 'invalid', 'csv[2].login', 'csv[3].name', 'csv[3].email', 'csv[3].roles', 'csv[4].application'],
    ...['csv[6].login', 'csv[7].name'],
  ])
  expect(await list(root, 'lakeside')).toEqual(before)
})

test('a plan takes as long as the file and the practice are, not as long as both multiplied', () => {
  const document = newDocument({ id: 'lakeside', name: 'Lakeside', zone: 'America/Chicago' }, 'standard')
  let read = 0
  const members = Array.from({ length: 4_000 }, (_, at) => ({
    ...{ user: `usr_${at}`, name: `N${at}`, email: null, roles: [], suspended: false },
    ...{ otherPractices: 0, epoch: 0, createdAt: 0 },
    get login() {
      read += 1
      return `n${at}`
    },
  }))
  const csv = ['login,name', ...members.map((_, at) => `n${at},N${at}`)].join('\n')
  const { changes, unchanged } = planPeople(csv, { document, members, upstreams: ['demo'] })
  expect([changes.length, unchanged]).toEqual([0, 4_000])
  expect(read).toBeLessThan(5 * members.length)
})
