/**
 * Goal: roles are made, renamed, removed and imported in one guarded edit each, and every grant says what it is worth.
 * Method: the API asked as a browser would, on a real database.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { unmappedYaml } from '../../../admin/unmapped-yaml.ts'
import { parseRoutes } from '../../../policies/routes.ts'
import { type Browser, confirmWaiting, createStage, type Stage, schedulePage } from './admin-stage.ts'

let stage: Stage
let root: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
})
afterAll(() => stage.close())

const of = '/api/practices/lakeside'
const json = async <T>(response: Response): Promise<T> => (await response.json()) as T
type Role = { id: string; name: string; members: number; included: string[]; idleMs: number | null }
const list = async () => json<{ revision: number; roles: Role[] }>(await root.ask('GET', `${of}/roles`))
const roleOf = async (id: string) => (await list()).roles.find((role) => role.id === id)
const send = async (method: string, path: string, body?: unknown) =>
  root.ask(method, `${of}${path}`, {
    ...(body === undefined ? {} : { json: body }),
    revision: (await list()).revision,
  })
const lastEvents = async (count: number) =>
  (
    await json<{ events: { type: string; after: Record<string, unknown> }[] }>(
      await root.ask('GET', `${of}/security-events?limit=${count}`),
    )
  ).events

describe('making and changing', () => {
  it('copies a role, renames it, gives it timeouts, and keeps names apart', async () => {
    const made = await send('POST', '/roles', { name: 'Night Desk', copyOf: 'front-desk' })
    expect(made.status).toBe(201)
    expect((await json<{ role: string }>(made)).role).toBe('night-desk')
    expect((await roleOf('night-desk'))?.included).toEqual((await roleOf('front-desk'))?.included)
    expect((await send('POST', '/roles', { name: 'night desk' })).status).toBe(422)
    expect((await send('PATCH', '/roles/night-desk', { name: 'Evening Desk', idleMs: 600_000 })).status).toBe(
      200,
    )
    expect(await roleOf('night-desk')).toMatchObject({ name: 'Evening Desk', idleMs: 600_000 })
    expect((await send('PATCH', '/roles/nobody', { name: 'X' })).status).toBe(404)
    expect((await lastEvents(1))[0]?.type).toBe('role.changed')
  })

  it('removes a role only with its people moved, in the same change', async () => {
    const refused = await send('DELETE', '/roles/front-desk')
    expect(refused.status).toBe(422)
    expect(await refused.text()).toContain('say which role they get instead')
    expect((await send('DELETE', '/roles/front-desk?moveTo=night-desk')).status).toBe(200)
    await confirmWaiting(root, 'lakeside')
    expect(await roleOf('front-desk')).toBeUndefined()
    const { members } = await json<{ members: { name: string; roles: string[] }[] }>(
      await root.ask('GET', `${of}/users`),
    )
    expect(members.find(({ name }) => name === 'Fred')?.roles).toEqual(['night-desk'])
    expect((await lastEvents(3)).map(({ type }) => type)).toEqual(
      expect.arrayContaining(['role.removed', 'user.roles-changed']),
    )
  })

  it('does not remove the role of the last security admin, nor one that hours are for', async () => {
    const last = await send('DELETE', '/roles/owner?moveTo=night-desk')
    expect([last.status, (await json<{ code: string }>(last)).code]).toEqual([409, 'last-security-admin'])
    await send('POST', '/time-windows', {
      ...{ days: ['mon'], start: '08:00', end: '18:00', audience: { role: 'dentist' } },
    })
    const used = await send('DELETE', '/roles/dentist')
    expect(used.status).toBe(422)
    expect(await used.text()).toContain('1 time windows are for this role')
  })
})

describe('the own keys', () => {
  it('are handed on only by who holds them', async () => {
    const hilly = await stage.signIn('hilly')
    const hilltop = '/api/practices/hilltop'
    const revision = async () =>
      (await json<{ revision: number }>(await hilly.ask('GET', `${hilltop}/roles`))).revision
    const add = async (name: string, permissions: string[]) =>
      hilly.ask('POST', `${hilltop}/roles`, { json: { name, permissions }, revision: await revision() })
    const refused = await add('Keys', ['gw.break-glass'])
    expect([refused.status, (await json<{ detail: string }>(refused)).detail]).toEqual([
      403,
      'You cannot give what you do not hold here: gw.break-glass.',
    ])
    expect((await add('Reviewers', ['gw.requests.review', 'see-schedule-page'])).status).toBe(201)
    const { version } = await json<{ version: number }>(await hilly.ask('GET', `${hilltop}/users`))
    const give = (roles: string[]) =>
      hilly.ask('PUT', `${hilltop}/users/usr_olga/roles`, { json: { roles }, revision: version })
    // What somebody has already is not given.
    expect((await give(['owner', 'reviewers'])).status).toBe(200)
  })
})

describe('what grants come to', () => {
  it('offers what blocks them and lists what goes with them', async () => {
    const preview = await json<{
      gained: string[]
      noLongerEffective: string[]
      needs: { id: string; with: string[] }[]
      takesAway: { id: string; with: string[] }[]
      members: number
    }>(
      await root.ask('POST', `${of}/roles/night-desk/preview`, {
        json: {
          permissions: [
            ...((await roleOf('night-desk'))?.included ?? []).filter(
              (id) => id !== 'access-communication-center',
            ),
            'can-edit-user-accounts',
          ],
        },
      }),
    )
    expect(preview).toMatchObject({ gained: ['can-edit-user-accounts'], members: 1 })
    expect(preview.needs.find(({ id }) => id === 'can-edit-user-accounts')?.with).toContain(
      'can-view-user-accounts',
    )
    const withCentre = preview.takesAway.find(({ id }) => id === 'access-communication-center')
    expect(withCentre?.with).toContain('respond-to-patient-messages')
    expect(preview.noLongerEffective).toContain('respond-to-patient-messages')
  })

  it('says of one person what they may, why, and where it is refused', async () => {
    const { permissions } = await json<{
      permissions: { id: string; effective: boolean; sentence: string; routes: string[] }[]
    }>(await root.ask('GET', `${of}/users/usr_fred/permissions`))
    const held = (id: string) => permissions.find((one) => one.id === id)
    expect(held('see-schedule-page')).toMatchObject({
      ...{
        effective: true,
        routes: expect.arrayContaining([schedulePage.id]),
        sentence: 'Granted by Evening Desk.',
      },
    })
    expect(held('can-log-in-to-ios-app')?.sentence).toContain(
      'only the application itself can tell clients apart',
    )
    expect(held('gw.ip.edit')).toMatchObject({
      effective: false,
      sentence: 'No role grants it. Gatehouse asks for it itself.',
    })
    expect((await root.ask('GET', `${of}/users/usr_none/permissions`)).status).toBe(404)
  })
})

describe('taking roles from a file', () => {
  const csv =
    'role,permission\r\nAnalyst,"QUERY revenue opportunities"\r\nAnalyst,Set Goals\r\nOwner,See Schedule Page\r\n'
  type Imported = {
    saved: object | null
    roles: {
      name: string
      isNew: boolean
      permissions: string[]
      migrated: { from: string; kind: string }[]
    }[]
    changes: string[]
  }

  it('reads old names in any case, tells them, keeps the own keys, and twice changes nothing more', async () => {
    const look = await json<Imported>(
      await send('POST', '/roles/import', { format: 'csv', text: csv, dryRun: true }),
    )
    expect(look.saved).toBeNull()
    expect(look.roles[0]).toMatchObject({
      ...{ name: 'Analyst', isNew: true },
      permissions: ['run-revenueiq-queries', 'save-custom-revenueiq-queries', 'edit-and-set-practice-goals'],
      migrated: [{ kind: 'split' }, { kind: 'renamed' }],
    })
    expect(await roleOf('analyst')).toBeUndefined()
    expect((await send('POST', '/roles/import', { format: 'csv', text: csv })).status).toBe(200)
    await confirmWaiting(root, 'lakeside')
    expect((await roleOf('owner'))?.included).toContain('gw.security.settings.edit')
    const imported = (await lastEvents(4)).find(({ type }) => type === 'roles.imported')
    expect(imported?.after.migrated).toMatchObject([{ role: 'Analyst', kind: 'split' }, { kind: 'renamed' }])
    const { revision } = await list()
    expect(
      (await json<Imported>(await send('POST', '/roles/import', { format: 'csv', text: csv }))).changes,
    ).toEqual([])
    expect((await list()).revision).toBe(revision)
  })

  it('takes nothing of a file with a mistake, and says each with a hint', async () => {
    const bad = await send('POST', '/roles/import', {
      format: 'json',
      text: JSON.stringify([
        { name: 'A', permissions: ['See Schedul Page'] },
        { name: 'a', permissions: [] },
      ]),
    })
    expect(bad.status).toBe(422)
    const { problems } = await json<{ problems: { path: string; sentence: string }[] }>(bad)
    expect(problems.map(({ path }) => path)).toEqual(['A[0]', 'a'])
    expect(problems[0]?.sentence).toContain('see-schedule-page')
    expect((await send('POST', '/roles/import', { format: 'csv', text: 'A,"x' })).status).toBe(422)
  })
})

describe('the route table', () => {
  it('is shown with what it does not map, as configuration that parses', async () => {
    const at = stage.clock.now()
    const place = (template: string, count: number, odd = '') => ({
      ...{ upstream: 'demo', method: 'GET', template, odd, count, first_at: at, last_at: at },
    })
    await stage.store.read((rows) =>
      rows
        .insertInto('unmapped_route')
        .values([place('/charts/:x/notes', 7), place('/a"b', 1), place('/x//y', 3, 'empty-segment')])
        .execute(),
    )
    const table = await json<{
      routes: { id: string; any: string[] }[]
      unmapped: { template: string; count: number }[]
      yaml: { upstream: string; text: string }[]
    }>(await root.ask('GET', `${of}/routes`))
    expect(table.routes.find(({ id }) => id === schedulePage.id)).toMatchObject({
      any: ['see-schedule-page'],
    })
    expect(table.unmapped.map(({ count }) => count)).toEqual([7, 3, 1])
    const { routes } = parse(table.yaml[0]?.text ?? '') as { routes: { match: string }[] }
    expect(routes[0]).toEqual({ match: 'GET /charts/*/notes' })
    expect(parseRoutes('demo', routes, 'report').ok).toBe(true)
    expect(unmappedYaml([])).toEqual([])
  })
})
