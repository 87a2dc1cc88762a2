/**
 * Goal: every route that the access table calls weakening asks a browser that was left open for a second factor.
 * Method: a practice that enforces everything, an owner whose proof is 16 minutes old, and for each route of the table what
 * makes that practice easier to get into; nothing is saved.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { neededBy } from '../../../admin/api/access.ts'
import type { PolicyDocument } from '../../../policies/document.ts'
import { north } from '../practice-store.ts'
import { createEntryStage, type EntryStage, type Inside, type Someone } from '../sign-in/entry-stage.ts'

const of = `/api/practices/${north}`
const quarter = 16 * 60_000
const everyone = { include: 'everyone' as const, exempt: { roles: [], users: [] } }
const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

let stage: EntryStage
let olga: Someone
let left: Inside

const entry = (id: string, range: string, on: boolean): PolicyDocument['ipEntries'][number] => ({
  ...{ id, range, label: id, audience: 'practice', on, expiresAt: null, note: '' },
  ...{ createdBy: 'First admin', createdAt: 0 },
})
const closure = {
  kind: 'closure',
  from: '2030-12-24',
  to: '2030-12-26',
  start: '00:00',
  end: '24:00',
} as const

const strict = (document: PolicyDocument, user: string): PolicyDocument => ({
  ...document,
  controls: {
    ip: { mode: 'enforce', scope: everyone, signInOnlyFromListed: true },
    time: { mode: 'enforce', scope: everyone },
    twoFactor: {
      ...document.controls.twoFactor,
      mode: 'enforce',
      scope: everyone,
      graceMs: 0,
      maxAgeMs: null,
    },
    permission: { mode: 'enforce', hiddenBlockers: true },
  },
  ipEntries: [entry('office', '203.0.113.0/24', true), entry('annex', '198.51.100.0/28', false)],
  timeWindows: [
    {
      ...{ id: 'always', label: null, audience: 'practice', days: [...days], start: '00:00', end: '24:00' },
      ...{ zone: null, validFrom: null, validTo: null, insteadOfRoleHours: false },
    },
    {
      ...{ id: 'short', label: null, audience: { user }, days: ['mon'], start: '09:00' },
      ...{ end: '10:00', zone: null, validFrom: null, validTo: null, insteadOfRoleHours: true },
    },
  ],
  exceptions: [{ id: 'xmas', label: 'Christmas', ...closure, audience: 'practice' }],
  roles: document.roles.map((role) => (role.id === 'front-desk' ? { ...role, idleMs: 600_000 } : role)),
  signIn: { password: true, passkey: false, provider: false },
  sessions: { ...document.sessions, bindToNetwork: false, concurrentMax: null },
})

/** Three people who were let in from a network that is on no list: a card. */
const showCard = async (): Promise<void> => {
  const people = [olga, await stage.someone(['front-desk']), await stage.someone(['front-desk'])]
  const at = stage.clock.now()
  for (const { session } of people)
    await stage.store.read((rows) =>
      rows
        .insertInto('traffic_fact')
        .values({
          ...{ practice: north, user_id: session.user_id, address: '198.51.100.77', route: 'GET /' },
          ...{ bucket: Math.floor(at / 900_000), assurance: 'password', at },
        })
        .execute(),
    )
}

const revision = async () => (await stage.views.read(north)).revision
const send = async (browser: Inside, method: string, path: string, json?: unknown) =>
  browser.ask(method, `${of}${path}`, { ...(json === undefined ? {} : { json }), revision: await revision() })

beforeAll(async () => {
  stage = await createEntryStage()
  olga = await stage.someone()
  const { session } = await stage.someone(['front-desk'])
  await stage.policy((document) => strict(document, session.user_id))
})
afterAll(() => stage?.close())

const approval = { durationMs: 'standard', note: '' }
type Case = readonly [route: string, path: string, json?: (now: PolicyDocument) => unknown]
/** Routes by their line in the table without the practice; what is asked weakens `strict`. */
const cases: readonly Case[] = [
  ['PATCH ', '', () => ({ zone: 'Asia/Tokyo' })],
  ['PUT /controls/ip', '/controls/ip', ({ controls }) => ({ ...controls.ip, mode: 'monitor' })],
  ['PUT /controls/time', '/controls/time', ({ controls }) => ({ ...controls.time, mode: 'off' })],
  [
    'PUT /controls/two-factor',
    '/controls/two-factor',
    () => ({ mode: 'enforce', scope: everyone, graceMs: 1 }),
  ],
  ['PUT /controls/permission', '/controls/permission', () => ({ mode: 'enforce', hiddenBlockers: false })],
  [
    'PUT /controls/sign-in',
    '/controls/sign-in',
    () => ({ signIn: { password: true, passkey: true, provider: false } }),
  ],
  [
    'PUT /controls/sessions',
    '/controls/sessions',
    ({ sessions }) => ({ ...sessions, idleMs: sessions.idleMs + 1 }),
  ],
  ['PUT /controls/emergency', '/controls/emergency', () => ({ allowed: true, lastsMs: 60_000 })],
  ['POST /ip-entries', '/ip-entries', () => ({ range: '198.51.100.64/28', label: 'Other' })],
  ['PATCH /ip-entries/:id', '/ip-entries/annex', () => ({ on: true })],
  ['POST /ip-entries/act', '/ip-entries/act', () => ({ ids: ['annex'], act: { on: true } })],
  ['POST /ip-entries/import', '/ip-entries/import', () => ({ csv: 'range,label\n198.51.100.64/28,Other\n' })],
  [
    'POST /address-cards/accept',
    '/address-cards/accept',
    () => ({ network: '198.51.100.77/32', replace: null }),
  ],
  ['POST /time-windows', '/time-windows', () => ({ days: ['sun'], start: '08:00', end: '18:00' })],
  ['PATCH /time-windows/:id', '/time-windows/short', () => ({ end: '11:00' })],
  ['DELETE /time-windows/:id', '/time-windows/short'],
  [
    'PUT /weekly-hours',
    '/weekly-hours',
    ({ timeWindows: [, short] }) => ({
      ...{ replaces: ['short'], audience: short?.audience, insteadOfRoleHours: true },
      windows: [{ days: ['mon', 'tue'], start: '09:00', end: '10:00' }],
    }),
  ],
  [
    'POST /time-exceptions',
    '/time-exceptions',
    () => ({ ...closure, kind: 'opening', label: 'Open house', to: '2030-12-24' }),
  ],
  ['PATCH /time-exceptions/:id', '/time-exceptions/xmas', () => ({ to: '2030-12-25' })],
  ['DELETE /time-exceptions/:id', '/time-exceptions/xmas'],
  ['POST /presets/:preset/apply', '/presets/baseline/apply', () => ({})],
  [
    'POST /access-requests/:id/approve',
    '/access-requests/arq_1/approve',
    () => ({ ...approval, durationMs: null }),
  ],
  [
    'POST /access-requests/:id/approve',
    '/access-requests/arq_1/approve',
    ({ requests }) => ({ ...approval, durationMs: requests.standardMs + 60_000 }),
  ],
  [
    'POST /access-requests/:id/approve',
    '/access-requests/arq_1/approve',
    () => ({ ...approval, network: '198.51.0.0/16' }),
  ],
  [
    'POST /access-requests/:id/approve',
    '/access-requests/arq_1/approve',
    () => ({ ...approval, audience: 'practice', label: 'Annex' }),
  ],
  [
    'POST /access-requests/decide',
    '/access-requests/decide',
    () => ({ ids: ['arq_1'], decision: 'approve', durationMs: null, note: '' }),
  ],
  [
    'PUT /roles/:role/permissions',
    '/roles/front-desk/permissions',
    () => ({ permissions: ['gw.security.view'] }),
  ],
  ['POST /roles', '/roles', () => ({ name: 'Helpers', permissions: ['gw.security.view'] })],
  ['PATCH /roles/:role', '/roles/front-desk', () => ({ idleMs: null })],
  [
    'POST /roles/import',
    '/roles/import',
    () => ({ format: 'json', text: '[{"name":"Helpers","permissions":["gw.security.view"]}]' }),
  ],
]

/** `weakening` in the table, though what they can do never weakens, for a test to say so when that changes. */
const never = ['DELETE /ip-entries/:id', 'PUT /controls/requests']
/** Asked below, after what they take back or do again. */
const later = ['POST /presets/undo', 'POST /confirmation/again']

it('has a case for every route of the table', () => {
  const lines = Object.entries(neededBy)
    .filter(([, needed]) => typeof needed === 'object' && needed.factor === 'weakening')
    .map(([key]) => key.replace('/api/practices/:practice', ''))
  expect([...new Set(cases.map(([route]) => route)), ...never, ...later].sort()).toEqual(lines.sort())
})

it('asks at each of them', async () => {
  await showCard()
  left = await stage.enter(olga)
  stage.clock.advance(quarter)
  const before = await revision()
  for (const [route, path, json] of cases) {
    const { document } = await stage.views.read(north)
    const [method = ''] = route.split(' ')
    const answer = await send(left, method, path, json?.(document))
    // The practice's own control says it in other words.
    const { code, detail } = (await answer.json()) as { code: string; detail: string }
    expect([route, answer.status, code, detail.slice(0, 28)]).toEqual([
      ...[route, 401, 'step-up-required', 'This is asked of somebody wh'],
    ])
  }
  expect(await revision()).toBe(before)
})

it('asks before a preset is taken back, and before something reverted is turned on again', async () => {
  const off = (document: PolicyDocument): PolicyDocument => ({
    ...document,
    controls: { ...document.controls, twoFactor: { ...document.controls.twoFactor, mode: 'off' } },
  })
  await stage.policy(off)
  const fresh = await stage.enter(olga)
  expect((await send(fresh, 'POST', '/presets/two-factor-everyone/apply', {})).status).toBe(200)
  expect((await send(fresh, 'POST', '/confirmation/confirm', {})).status).toBe(200)
  // Stricter for some and looser for others: it waits to be confirmed, and is weaker as well.
  const scope = { include: 'everyone', exempt: { roles: ['front-desk'], users: [] } }
  const moved = { mode: 'enforce', scope, signInOnlyFromListed: true }
  const exempt = { mode: 'enforce', scope: { ...scope, exempt: { roles: ['dentist'], users: [] } } }
  expect((await send(fresh, 'PUT', '/controls/ip', moved)).status).toBe(200)
  expect((await send(fresh, 'PUT', '/controls/ip', { ...moved, ...exempt })).status).toBe(200)
  expect((await send(fresh, 'POST', '/confirmation/revert', {})).status).toBe(200)
  stage.clock.advance(quarter)
  for (const path of ['/presets/undo', '/confirmation/again']) {
    const answer = await send(fresh, 'POST', path, {})
    expect([path, ((await answer.json()) as { code: string }).code]).toEqual([path, 'step-up-required'])
  }
})
