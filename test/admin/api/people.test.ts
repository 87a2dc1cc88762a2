/**
 * Goal: admins see who is in and end it, and change roles, without learning of practices that are not theirs.
 * Method: sessions written as rows, then the Active Users, Users, Roles and General routes asked by two admins.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { insertSession } from '../../../admin/store/sessions.ts'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
let hilly: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
  hilly = await stage.signIn('hilly')
  await openSessionOf('usr_olga', 'ses_olga', '198.51.100.1')
  await openSessionOf('usr_fred', 'ses_fred', '198.51.100.2')
})
afterAll(() => stage.close())

const openSessionOf = (user: string, id: string, address: string) =>
  stage.store.transaction((tx) =>
    insertSession(tx, {
      id,
      tokenHash: id.padEnd(43, 'x'),
      cookieHash: null,
      user,
      upstream: 'demo',
      appUser: user,
      method: 'app-password',
      epochs: { lakeside: 9, hilltop: 9 },
      startedAt: stage.clock.now(),
      absoluteDeadline: stage.clock.now() + 3_600_000,
      address,
      device: 'Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0 <b>',
    }),
  )

type Session = { id: string; device: string; address: string; practices: { id: string }[]; streams: number }
type User = { user: string; name: string; otherPractices: number; sessions: Session[]; roles: string[] }
const json = async <T>(response: Response): Promise<T> => (await response.json()) as T
const active = async (browser: Browser, practice: string, query = '') =>
  (await json<{ users: User[] }>(await browser.ask('GET', `/api/practices/${practice}/active-users${query}`)))
    .users
const members = async () =>
  json<{ version: number; members: (User & { suspended: boolean; sessions: number })[] }>(
    await root.ask('GET', '/api/practices/lakeside/users'),
  )

describe('Active Users', () => {
  it('lists people with their sessions, the device in plain words', async () => {
    const [fred, olga] = await active(root, 'lakeside')
    expect([fred?.name, olga?.name]).toEqual(['Fred', 'Olga'])
    expect(fred?.sessions).toMatchObject([{ id: 'ses_fred', device: 'Firefox on Windows', streams: 0 }])
    expect(olga).toMatchObject({ otherPractices: 1 })
    expect(olga?.sessions[0]?.practices.map(({ id }) => id)).toEqual(['hilltop', 'lakeside'])
  })

  it('tells an admin of one practice only that there are others', async () => {
    const [olga] = await active(hilly, 'hilltop')
    expect(olga).toMatchObject({ name: 'Olga', otherPractices: 1 })
    expect(olga?.sessions[0]?.practices.map(({ id }) => id)).toEqual(['hilltop'])
  })

  it('finds people by address', async () => {
    expect((await active(root, 'lakeside', '?text=100.2')).map(({ name }) => name)).toEqual(['Fred'])
  })

  it('finds sessions by how, from where, with what, for how long idle, and people of several practices', async () => {
    const names = async (query: string) => (await active(root, 'lakeside', query)).map(({ name }) => name)
    expect(await names('?method=app-password&factor=none&device=windows&address=198.51.100.0/24')).toEqual([
      'Fred',
      'Olga',
    ])
    expect(await names('?practices=several')).toEqual(['Olga'])
    expect(await names('?practices=one&held=no')).toEqual(['Fred'])
    expect(await names('?user=usr_olga')).toEqual(['Olga'])
    for (const query of [
      '?factor=any',
      '?method=own-passkey',
      '?address=198.51.100.3',
      '?idleMs=60000',
      '?held=yes',
      '?user=usr_olga&practices=one',
      '?user=usr_nobody',
    ])
      expect([query, await names(query)]).toEqual([query, []])
    stage.clock.advance(60_000)
    expect(await names('?idleMs=60000&limit=1')).toEqual(['Fred'])
    expect((await root.ask('GET', '/api/practices/lakeside/active-users?address=x')).status).toBe(422)
  })

  it('ends access everywhere only for whoever may in every practice of that person', async () => {
    await openSessionOf('usr_olga', 'ses_olga0', '198.51.100.1')
    const path = '/api/practices/hilltop/users/usr_olga/revoke-everywhere'
    const refused = await hilly.ask('POST', path, { json: {} })
    expect([refused.status, (await json<{ code: string }>(refused)).code]).toEqual([403, 'not-permitted'])
    const one = await hilly.ask('POST', '/api/practices/hilltop/sessions/ses_olga0/revoke', { json: {} })
    expect(await one.json()).toMatchObject({ sessions: 1 })
    const [olga] = await active(root, 'lakeside', '?text=olga')
    expect(olga?.sessions.map(({ id }) => id)).toContain('ses_olga0')
    const owner = await root.ask('POST', '/api/practices/lakeside/sessions/ses_olga0/revoke', { json: {} })
    expect(await owner.json()).toMatchObject({ sessions: 1 })
    const blocked = await root.ask('POST', path, { json: { block: true } })
    expect([blocked.status, (await json<{ code: string }>(blocked)).code]).toEqual([
      409,
      'last-security-admin',
    ])
  })

  it('names those whom the allowlist would refuse now', async () => {
    await root.ask('POST', '/api/practices/lakeside/ip-entries', {
      json: { range: '198.51.100.2', label: 'Desk' },
    })
    const general = await json<{ controls: { ip: { wouldRefuse: unknown } } }>(
      await root.ask('GET', '/api/practices/lakeside/general'),
    )
    expect(general.controls.ip.wouldRefuse).toEqual([
      { user: 'usr_olga', name: 'Olga', address: '198.51.100.1' },
    ])
  })

  it('ends one session, once', async () => {
    await openSessionOf('usr_fred', 'ses_fred2', '198.51.100.3')
    const path = '/api/practices/lakeside/sessions/ses_fred2/revoke'
    const ended = await root.ask('POST', path, { json: { reason: 'lost tablet' } })
    expect(await ended.json()).toMatchObject({ sessions: 1, sequence: expect.any(Number) })
    expect((await root.ask('POST', path, { json: {} })).status).toBe(404)
    const [fred] = await active(root, 'lakeside', '?text=fred')
    expect(fred?.sessions.map(({ id }) => id)).toEqual(['ses_fred'])
  })

  it('does not end a session of a practice that the person is no member of', async () => {
    const response = await hilly.ask('POST', '/api/practices/hilltop/sessions/ses_fred/revoke', { json: {} })
    expect(response.status).toBe(404)
  })

  it('refuses to block the only security admin, and blocks somebody else', async () => {
    const path = (user: string) => `/api/practices/lakeside/users/${user}/revoke`
    const last = await root.ask('POST', path('usr_olga'), { json: { block: true } })
    expect([last.status, (await json<{ code: string }>(last)).code]).toEqual([409, 'last-security-admin'])
    const other = await root.ask('POST', path('usr_fred'), { json: { block: true } })
    expect(await other.json()).toMatchObject({ sessions: 1 })
    const fred = (await members()).members.find(({ name }) => name === 'Fred')
    expect(fred).toMatchObject({ suspended: true })
  })
})

describe('Users', () => {
  it('replaces roles from the version that was seen, and only roles that there are', async () => {
    const { version } = await members()
    const path = '/api/practices/lakeside/users/usr_fred/roles'
    expect(
      (await root.ask('PUT', path, { json: { roles: ['dentist'] }, revision: version - 1 })).status,
    ).toBe(412)
    const unknown = await root.ask('PUT', path, { json: { roles: ['dentist', 'x'] }, revision: version })
    expect(await json<{ problems: { path: string }[] }>(unknown)).toMatchObject({
      problems: [{ path: 'roles[1]' }],
    })
    const saved = await root.ask('PUT', path, { json: { roles: ['dentist'] }, revision: version })
    expect(await saved.json()).toMatchObject({ version: version + 1, sequence: expect.any(Number) })
    expect((await members()).members.find(({ name }) => name === 'Fred')?.roles).toEqual(['dentist'])
  })

  it('keeps the last security admin', async () => {
    const { version } = await members()
    for (const [path, body] of [
      ['roles', { roles: ['dentist'] }],
      ['suspend', {}],
    ] as const) {
      const response = await root.ask(
        path === 'roles' ? 'PUT' : 'POST',
        `/api/practices/lakeside/users/usr_olga/${path}`,
        {
          json: body,
          revision: version,
        },
      )
      expect([response.status, (await json<{ code: string }>(response)).code]).toEqual([
        409,
        'last-security-admin',
      ])
    }
  })

  it('ends a suspension', async () => {
    const { version } = await members()
    const response = await root.ask('POST', '/api/practices/lakeside/users/usr_fred/rejoin', {
      json: { reason: 'back' },
      revision: version,
    })
    expect(response.status).toBe(200)
    expect((await members()).members.find(({ name }) => name === 'Fred')?.suspended).toBe(false)
  })
})

describe('Roles', () => {
  type Roles = {
    revision: number
    roles: { id: string; included: string[]; blocked: { id: string; by: string[] }[]; available: string[] }[]
  }
  const roles = async () => json<Roles>(await root.ask('GET', '/api/practices/lakeside/roles'))
  const path = '/api/practices/lakeside/roles/hygienist/permissions'

  it('keeps a blocked grant and says by what it is blocked', async () => {
    const { revision } = await roles()
    const saved = await root.ask('PUT', path, {
      json: { permissions: ['respond-to-patient-messages', 'see-schedule-page'] },
      revision,
    })
    expect(saved.status).toBe(200)
    const role = (await roles()).roles.find(({ id }) => id === 'hygienist')
    expect(role).toMatchObject({
      included: ['see-schedule-page'],
      blocked: [{ id: 'respond-to-patient-messages', by: ['access-communication-center'] }],
    })
    expect(role?.available).toContain('access-communication-center')
  })

  it('refuses a permission that there is not, with a hint', async () => {
    const { revision } = await roles()
    const response = await root.ask('PUT', path, { json: { permissions: ['see-schedule-pages'] }, revision })
    expect(response.status).toBe(422)
    expect(await response.text()).toContain('see-schedule-page')
  })

  it('refuses to take the last security permission away', async () => {
    const { revision } = await roles()
    const response = await root.ask('PUT', '/api/practices/lakeside/roles/owner/permissions', {
      json: { permissions: [] },
      revision,
    })
    expect([response.status, (await json<{ code: string }>(response)).code]).toEqual([
      409,
      'last-security-admin',
    ])
  })

  it('has the whole catalogue', async () => {
    const { permissions } = await json<{ permissions: { id: string; component: string }[] }>(
      await root.ask('GET', '/api/permissions'),
    )
    expect(permissions.filter(({ id }) => !id.startsWith('gw.'))).toHaveLength(68)
  })
})

describe('revoking everyone', () => {
  it('empties the practice and leaves the other alone', async () => {
    await openSessionOf('usr_fred', 'ses_fred3', '198.51.100.2')
    await stage.store.read((rows) =>
      rows.updateTable('membership').set({ epoch: 9 }).where('practice', '=', 'lakeside').execute(),
    )
    const response = await root.ask('POST', '/api/practices/lakeside/active-users/revoke-all-but-mine', {
      json: {},
    })
    expect(((await response.json()) as { sessions: number }).sessions).toBe(3)
    expect(await active(root, 'lakeside')).toEqual([])
    expect((await active(root, 'hilltop')).map(({ name }) => name)).toEqual(['Olga'])
  })
})
