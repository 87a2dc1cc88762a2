/**
 * Goal: people see where they are signed in, what they asked for and what was refused to them, and end sessions of their own;
 * nobody sees or ends anybody else's, and a stolen password alone does neither.
 * Method: the portal on a real database, two people with sessions on several devices, ids of one sent by the other.
 */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { hashToken, newToken } from '../../../runtime/token.ts'
import { north } from '../practice-store.ts'
import { application, createPortalStage, heading, type PortalStage, text, tokenOn } from './portal-stage.ts'

const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36'
const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1'
let stage: PortalStage
let me: string
let here: SessionRow
let there: SessionRow
let foreign: SessionRow
let people = 0

beforeAll(async () => {
  stage = await createPortalStage()
})
afterAll(() => stage?.close())
beforeEach(async () => {
  people += 1
  me = `person${people}`
  here = await stage.signIn(me, { device: windows, address: '203.0.113.9' })
  there = await stage.signIn(me, { device: phone, address: '198.51.100.77' })
  foreign = await stage.signIn(`other${people}`, { device: 'Firefox', address: '192.0.2.55' })
})

const visit = () => stage.arrive(here, { reason: null })
const endedOf = async (...sessions: readonly SessionRow[]) =>
  (
    await stage.store.read((rows) =>
      rows
        .selectFrom('session')
        .select(['id', 'ended_why'])
        .where(
          'id',
          'in',
          sessions.map(({ id }) => id),
        )
        .execute(),
    )
  )
    .filter(({ ended_why }) => ended_why !== null)
    .map(({ id }) => id)
const end = (cookie: string, session: string) => stage.send(cookie, '/account', '/account/end', { session })

it('shows every session of one’s own with device and address, and nobody else’s', async () => {
  const html = await text(stage.get('/account', await visit()))
  expect(heading(html)).toBe('My sessions and security')
  for (const words of [
    'Chrome on Windows',
    'This browser',
    'Safari on iOS',
    '198.51.100.77',
    'None is set up',
  ])
    expect(html).toContain(words)
  expect(html).toContain('End the other session')
  expect(html).not.toContain('192.0.2.55')
  expect(html).not.toContain(`value="${here.id}"`)
})

it('ends one on another device, which is published and recorded; a reload ends nothing more', async () => {
  const cookie = await visit()
  const answer = await end(cookie, there.id)
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/account?said=ended-1'])
  expect(await endedOf(here, there, foreign)).toEqual([there.id])
  const html = await text(stage.get('/account?said=ended-1', cookie))
  expect(html).toContain('The session has ended.')
  expect(html).not.toContain('198.51.100.77')
  const events = await stage.store.read((rows) =>
    rows
      .selectFrom('security_event')
      .select(['practice', 'target_id'])
      .where('action', '=', 'user.ended-own-sessions')
      .where('target_id', '=', here.user_id)
      .execute(),
  )
  expect(events).toEqual([{ practice: north, target_id: here.user_id }])
  expect((await end(cookie, there.id)).headers.get('location')).toBe('/account?said=ended-0')
})

it('ends all others with what was adopted by their cookies, and never the one asked from', async () => {
  const cookieHash = hashToken('their cookie')
  const third = await stage.signIn(me, { cookieHash, address: '198.51.100.78' })
  const copy = await stage.signIn(me, { cookieHash, method: 'adopted', address: '198.51.100.79' })
  const cookie = await visit()
  expect((await end(cookie, 'others')).headers.get('location')).toBe('/account?said=ended-3')
  expect((await endedOf(here, there, third, copy, foreign)).sort()).toEqual(
    [there.id, third.id, copy.id].sort(),
  )
  expect((await stage.get('/account', cookie)).status).toBe(200)
})

it('ends what only looks idle too, since gateways may not have told yet that it is in use', async () => {
  const third = await stage.signIn(me, { address: '198.51.100.78' })
  const over = await stage.signIn(me, { address: '198.51.100.79' })
  const change = (session: SessionRow, values: { last_seen_at?: number; absolute_deadline?: number }) =>
    stage.store.read((rows) => rows.updateTable('session').set(values).where('id', '=', session.id).execute())
  await change(there, { last_seen_at: there.last_seen_at - 30 * 86_400_000 })
  await change(over, { absolute_deadline: stage.clock.now() })
  const cookie = await visit()
  expect(await text(stage.get('/account', cookie))).not.toContain('198.51.100.77')
  expect((await end(cookie, 'others')).headers.get('location')).toBe('/account?said=ended-2')
  expect((await endedOf(here, there, third, over)).sort()).toEqual([there.id, third.id].sort())
})

it('ends nothing of anybody else’s, nothing by an id that is none, and not itself', async () => {
  const cookie = await visit()
  for (const id of [foreign.id, here.id, 'ses_nobody', '', "' or 1=1 --", there.id.toUpperCase(), 'OTHERS'])
    expect((await end(cookie, id)).headers.get('location')).toBe('/account?said=ended-0')
  expect(await endedOf(here, there, foreign)).toEqual([])
  // Only a form of our own page, in the browser of the visit.
  const token = tokenOn(await text(stage.get('/account', cookie)))
  const fields = { token, session: 'others' }
  const others: readonly Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { 'sec-fetch-site': 'cross-site' },
    { cookie: await stage.arrive(foreign, { reason: null }) },
  ]
  for (const headers of others)
    expect((await stage.post('/account/end', cookie, fields, headers)).status).toBe(403)
  expect((await stage.post('/account/end', cookie, { ...fields, token: newToken() })).status).toBe(403)
  expect((await stage.post('/account/end', '', fields)).status).toBe(403)
  expect(await endedOf(here, there, foreign)).toEqual([])
})

it('is not for somebody who still owes a step, nor for one on the way to the admin origin', async () => {
  const cookie = await stage.arrive(here)
  const answer = await stage.get('/account', cookie)
  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/'])
  await stage.store.read((rows) =>
    rows.updateTable('session').set({ held: true, held_reason: 'x' }).where('id', '=', here.id).execute(),
  )
  const held = await stage.arrive(here, { reason: null })
  expect((await stage.get('/account', held)).headers.get('location')).toBe('/')
  expect((await stage.get('/account')).status).toBe(403)
})

it('tells requests, leave and refusals of one’s own, with the note that was meant for one', async () => {
  const at = stage.clock.now()
  const grant = `grt_${people}`
  await stage.store.transaction(async (tx) => {
    await tx
      .insertInto('access_grant')
      .values([
        {
          ...{ id: grant, practice: north, user_id: here.user_id, kind: 'ip', range: '198.51.100.77/32' },
          ...{ starts_at: at - 1, ends_at: at + 86_400_000, given_by: 'adm_1', withdrawn_at: null },
        },
        {
          ...{ id: `${grant}x`, practice: north, user_id: here.user_id, kind: 'break-glass', range: null },
          ...{ starts_at: at - 1, ends_at: at + 3_600_000, given_by: here.user_id, withdrawn_at: null },
        },
      ])
      .execute()
    await tx
      .insertInto('access_request')
      .values({
        ...{ id: `arq_${people}`, practice: north, user_id: here.user_id, network: '198.51.100.77/32' },
        ...{ address: '198.51.100.77', kind: 'ip', status: 'approved', reason: 'On call', created_at: at },
        ...{ asked_at: at, expires_at: at + 1, decided_at: at, decided_by: 'adm_1' },
        ...{ decided_by_name: 'Olivia', note: 'Until <Friday>', grant_id: grant },
        ...{ entry_id: null, entry_ends_at: null, reminded_at: null },
      })
      .execute()
    const refusal = {
      ...{ monitored: false, at, last_at: at, minute: 0, count: 3, gateway: 'g1', practice: north },
      ...{ session: null, address: '198.51.100.77', upstream: 'demo', method: 'GET', route: '/schedule' },
      ...{ verdict: 'deny', reason: 'outside-time-window', control: 'time', revision: 1, failing: [] },
    }
    await tx
      .insertInto('decision_log')
      .values([
        { ...refusal, code: `GH-MINE-000${people}`, user_id: here.user_id },
        { ...refusal, code: null, monitored: true, user_id: here.user_id, reason: 'permission-missing' },
        { ...refusal, code: `GH-ELSE-000${people}`, user_id: foreign.user_id, address: '192.0.2.55' },
      ])
      .execute()
  })
  const html = await text(stage.get('/account', await visit()))
  for (const words of [
    'Practice north: from 198.51.100.77/32',
    'Approved',
    'Until &lt;Friday&gt;',
    'You are using emergency access until',
    'Access restricted',
    `GH-MINE-000${people}`,
    '3 times',
  ])
    expect(html).toContain(words)
  // The request tells of its leave; what was only watched, or is somebody else's, is not told.
  expect(html.match(/198\.51\.100\.77\/32/g)).toHaveLength(1)
  expect(html).not.toMatch(/Your role does not include this|GH-ELSE|On call<|192\.0\.2\.55/)
})

it('an expired, an idle and a revoked session are no longer among them', async () => {
  await stage.store.read((rows) =>
    rows
      .updateTable('session')
      .set({ epochs: JSON.stringify({ [north]: -1 }) })
      .where('id', '=', there.id)
      .execute(),
  )
  expect(await text(stage.get('/account', await visit()))).toContain('Nowhere else.')
  const answer = await stage.get(
    `/hand-over?ticket=${await stage.ticketFor(here, { reason: null })}&at=account`,
  )
  expect(answer.headers.get('location')).toBe('/account')
  const odd = await stage.get(
    `/hand-over?ticket=${await stage.ticketFor(here, { reason: null })}&at=${application}`,
  )
  expect(odd.headers.get('location')).toBe('/')
})
