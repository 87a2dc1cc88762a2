/**
 * Goal: whoever could not be rescued has sealed codes made before address or hours are enforced, and nobody else is asked;
 * an own account makes its codes itself, by a fresh second factor, and sees how many are left.
 * Method: the question asked about documents, people and actors on a real database; one save and the codes over the API.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { needsCodesFirst } from '../../admin/codes-first.ts'
import { noteAddress } from '../../admin/store/address-use.ts'
import type { Actor } from '../../admin/store/events.ts'
import type { Member } from '../../policies/access-request.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { newDocument } from '../../policies/standard-roles.ts'
import { createStage, type Stage } from './api/admin-stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await createStage()
})
afterAll(() => stage.close())
beforeEach(() => stage.store.read((rows) => rows.deleteFrom('sealed_code').execute()))

const base = newDocument({ id: 'lakeside', name: 'Lakeside Dental', zone: 'America/Chicago' }, 'standard')
type Mode = 'off' | 'monitor' | 'enforce'
const withModes = (ip: Mode, time: Mode = 'off'): PolicyDocument => ({
  ...base,
  controls: {
    ...base.controls,
    ip: { ...base.controls.ip, mode: ip },
    time: { ...base.controls.time, mode: time },
  },
})
const member = (user: string, roles: string[]): Member => ({
  ...{ user, name: user, login: user, email: null, roles, suspended: false, epoch: 0, factors: [] },
  ...{ enrolBy: null, grants: [] },
})
const olga: Actor = { kind: 'user', id: 'usr_olga', name: 'Olga' }
const root: Actor = { kind: 'admin', id: 'adm_root', name: 'The root' }
const sole = [member('usr_olga', ['owner']), member('usr_fred', ['front-desk'])]
const two = [...sole, member('usr_pat', ['owner'])]

type Case = {
  readonly before?: PolicyDocument
  readonly after?: PolicyDocument
  readonly members?: readonly Member[]
  readonly actor?: Actor
}
const asked = ({
  before = withModes('off'),
  after = withModes('enforce'),
  members = sole,
  actor = olga,
}: Case) =>
  stage.store.read((rows) =>
    needsCodesFirst(rows, {
      ...{ before, after, members },
      deed: { actor, origin: 'ui', at: stage.clock.now(), address: '203.0.113.9' },
    }),
  )
const make = (account: string) =>
  stage.store.read((rows) =>
    rows
      .insertInto('sealed_code')
      .values({
        ...{ id: `slc_of-${account.slice(4)}`, account, code_hash: 'the hash of nothing' },
        ...{ made_at: stage.clock.now(), made_by_name: 'Test' },
      })
      .execute(),
  )

describe('codes come first', () => {
  it('for a sole security admin who enforces addresses or hours, person or own account', async () => {
    expect(await asked({})).toBe(true)
    expect(await asked({ before: withModes('monitor') })).toBe(true)
    expect(await asked({ after: withModes('off', 'enforce') })).toBe(true)
    expect(await asked({ actor: root, members: [member('usr_fred', ['front-desk'])] })).toBe(true)
  })

  it('for nobody who has a colleague, only monitors, changes what is enforced already, or is no person', async () => {
    expect(await asked({ members: two })).toBe(false)
    expect(await asked({ actor: root })).toBe(false)
    expect(await asked({ after: withModes('monitor', 'monitor') })).toBe(false)
    expect(await asked({ before: withModes('enforce') })).toBe(false)
    for (const kind of ['cli', 'system'] as const)
      expect(await asked({ actor: { kind, id: 'x', name: 'X' }, members: [] })).toBe(false)
  })

  it('for whoever came from three networks within 30 days, where it is the address that is enforced', async () => {
    const pat: Actor = { kind: 'user', id: 'usr_pat', name: 'Pat' }
    const seen = (address: string) =>
      stage.store.read((rows) => noteAddress(rows, 'usr_pat', address, stage.clock.now()))
    await seen('198.51.100.1')
    expect(await asked({ actor: pat, members: two })).toBe(false)
    await seen('2001:db8::1')
    expect(await asked({ actor: pat, members: two })).toBe(true)
    expect(await asked({ actor: pat, members: two, after: withModes('off', 'enforce') })).toBe(false)
  })

  it('and are there once an account that may edit this practice has one that is unused', async () => {
    for (const elsewhere of ['adm_hilly', 'adm_viewer']) await make(elsewhere)
    expect(await asked({})).toBe(true)
    await make('adm_root')
    expect(await asked({})).toBe(false)
    await stage.store.read((rows) =>
      rows
        .updateTable('sealed_code')
        .set({ used_at: stage.clock.now(), used_from: '203.0.113.9' })
        .where('account', '=', 'adm_root')
        .execute(),
    )
    expect(await asked({})).toBe(true)
  })
})

it('a save says so, naming the practice changes nothing, and codes of one’s own open the way', async () => {
  await stage.store.read((rows) =>
    rows
      .updateTable('membership')
      .set({ roles: ['front-desk'] })
      .where('practice', '=', 'lakeside')
      .execute(),
  )
  const browser = await stage.signIn('root')
  const of = '/api/practices/lakeside'
  const answerOf = async (answer: Response) => ({
    status: answer.status,
    code: ((await answer.json()) as { code?: string }).code,
  })
  const added = await browser.ask('POST', `${of}/ip-entries`, {
    json: { range: '203.0.113.0/24', label: 'Office', audience: 'practice', expiresAt: null },
  })
  expect(added.status).toBe(201)
  const enforce = async (more = {}) => {
    const { revision } = (await (await browser.ask('GET', `${of}/general`)).json()) as { revision: number }
    const scope = { include: 'everyone', exempt: { roles: [], users: [] } }
    const json = { mode: 'enforce', scope, signInOnlyFromListed: false, ...more }
    return answerOf(await browser.ask('PUT', `${of}/controls/ip`, { json, revision }))
  }
  const first = { status: 409, code: 'sealed-codes-first' }
  expect(await enforce()).toEqual(first)
  expect(await enforce({ confirmPracticeName: 'Lakeside Dental' })).toEqual(first)

  const left = async () =>
    ((await (await browser.ask('GET', '/api/me')).json()) as { sealedCodesLeft: number | null })
      .sealedCodesLeft
  expect(await left()).toBe(0)
  const made = await browser.ask('POST', '/api/me/sealed-codes', { json: {} })
  const { codes } = (await made.json()) as { codes: string[] }
  expect([codes.length, await left()]).toEqual([10, 10])
  expect(await enforce()).toMatchObject({ status: 200 })
  const used = await stage.postSignIn({ login: 'root', password: codes[0]! }, '198.51.100.9')
  expect([used.status, await left()]).toEqual([303, 9])
})
