/**
 * Goal: reviewers see who waits, decide once, and change whether requests are taken; nobody decides their own.
 * Method: requests asked through the asking function on a stage, then the tab's routes asked by two admins.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LiveMessage } from '../../../admin/api/contract/me.ts'
import { askForAccess } from '../../../admin/requests/access-requests.ts'
import { insertSession } from '../../../admin/store/sessions.ts'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
let hilly: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
  hilly = await stage.signIn('hilly')
  for (const user of ['usr_olga', 'usr_fred']) await openHeld(user)
})
afterAll(() => stage.close())

const tokenOf = (user: string): string => user.padEnd(43, 'x')
const openHeld = (user: string) =>
  stage.store.transaction(async (tx) => {
    await insertSession(tx, {
      id: `ses_${user}`,
      tokenHash: tokenOf(user),
      cookieHash: null,
      user,
      upstream: 'demo',
      appUser: user,
      method: 'app-password',
      epochs: {},
      startedAt: stage.clock.now(),
      absoluteDeadline: stage.clock.now() + 3_600_000,
      address: '198.51.100.2',
      device: 'Firefox',
    })
    await tx
      .updateTable('session')
      .set({ held: true, held_reason: 'ip' })
      .where('user_id', '=', user)
      .execute()
  })

const ask = (user: string, practices: readonly string[], address = '198.51.100.2') =>
  askForAccess(
    stage.store,
    { tokenHash: tokenOf(user), kind: 'ip', address, practices: [...practices], reason: 'At home' },
    stage.clock.now(),
  )

type Listed = { id: string; user: { id: string; name: string }; status: string; accessUntil: number | null }
type List = { revision: number; pending: number; requests: Listed[]; settings: { standardMs: number } }
const list = async (browser: Browser, query = '', practice = 'lakeside'): Promise<List> =>
  (await (await browser.ask('GET', `/api/practices/${practice}/access-requests${query}`)).json()) as List
/** The last steps of a chart of the last day: who asked, who waits. */
const charted = async () => {
  const [now, day] = [stage.clock.now(), 86_400_000]
  const ask = (from: number) =>
    root.ask('GET', `/api/practices/lakeside/access-requests/counts?from=${from}&to=${now + 1}`)
  expect((await ask(now - 32 * day)).status).toBe(422)
  const { counts, ...told } = (await (await ask(now - day)).json()) as {
    counts: { asked: number; waiting: number }[]
  }
  const sum = counts.reduce((asked, one) => asked + one.asked, 0)
  return { ...told, steps: counts.length, asked: sum, waiting: counts.at(-1)?.waiting }
}
const at = (id: string, act: 'approve' | 'reject', practice = 'lakeside') =>
  `/api/practices/${practice}/access-requests/${id}/${act}`

it('lists who waits in this practice, nudges whoever looks, and approves for the standard time', async () => {
  const told: LiveMessage[] = []
  const stop = stage.live.subscribe('lakeside', (message) => told.push(message))
  await stage.live.look()
  await ask('usr_fred', ['lakeside'])
  stage.clock.advance(1_000)
  await ask('usr_olga', ['lakeside', 'hilltop'])
  await stage.live.look()
  stop()
  expect(told).toContainEqual({ kind: 'requests', practice: 'lakeside' })
  const { requests, pending, settings } = await list(root)
  expect(pending).toBe(2)
  expect(requests).toMatchObject([
    { user: { id: 'usr_fred', name: 'Fred' }, address: '198.51.100.2', reason: 'At home', status: 'pending' },
    { user: { id: 'usr_olga' } },
  ])
  expect((await list(hilly, '', 'hilltop')).requests).toMatchObject([{ user: { id: 'usr_olga' } }])
  stage.clock.advance(60_000)
  const span = { stepMs: 3_600_000, steps: 25, asked: 2 }
  expect(await charted()).toEqual({ ...span, waiting: 2, decided: 0, medianMs: null })
  const response = await root.ask('POST', at(requests[0]!.id, 'approve'), { json: { note: 'Welcome' } })
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    sequence: expect.any(Number),
    request: {
      status: 'approved',
      decidedBy: 'The root',
      note: 'Welcome',
      accessUntil: stage.clock.now() + settings.standardMs,
    },
  })
  expect(await charted()).toEqual({ ...span, waiting: 1, decided: 1, medianMs: 61_000 })
  expect((await list(root, '?status=approved')).requests).toMatchObject([{ status: 'approved' }])
  expect(await list(root, '?status=pending')).toMatchObject({ pending: 1, requests: [{ status: 'pending' }] })
})

it('tells the second reviewer who decided', async () => {
  const [approved] = (await list(root, '?status=approved')).requests
  const response = await root.ask('POST', at(approved!.id, 'reject'), { json: {} })
  expect(response.status).toBe(409)
  expect(await response.json()).toMatchObject({
    code: 'already-decided',
    detail: 'The root has approved it. Nothing was changed.',
  })
})

it('rejects with a note, and refuses a time too short, another practice and an unknown id', async () => {
  const [waiting] = (await list(root, '?status=pending')).requests
  const approve = at(waiting!.id, 'approve')
  expect((await root.ask('POST', approve, { json: { durationMs: 5 } })).status).toBe(422)
  expect((await hilly.ask('POST', at(waiting!.id, 'approve', 'hilltop'), { json: {} })).status).toBe(404)
  expect((await root.ask('POST', at('arq_none', 'approve'), { json: {} })).status).toBe(404)
  const response = await root.ask('POST', at(waiting!.id, 'reject'), { json: { note: 'Not from there' } })
  expect(await response.json()).toMatchObject({
    sequence: null,
    request: { status: 'rejected', note: 'Not from there', accessUntil: null },
  })
})

it('refuses a decision on a request of the same login', async () => {
  await stage.store.read((rows) =>
    rows.updateTable('app_user').set({ login: 'root' }).where('id', '=', 'usr_fred').execute(),
  )
  await ask('usr_fred', ['lakeside'], '198.51.100.3')
  const [waiting] = (await list(root, '?status=pending')).requests
  const response = await root.ask('POST', at(waiting!.id, 'approve'), { json: {} })
  expect(response.status).toBe(403)
  expect(await response.json()).toMatchObject({ detail: expect.stringContaining('your own request') })
})

it('saves whether requests are taken, from the revision shown, with its event', async () => {
  const { revision, settings } = await list(root)
  const path = '/api/practices/lakeside/controls/requests'
  const json = { ...settings, ip: false, standardMs: 86_400_000, contact: 'the office' }
  expect((await root.ask('PUT', path, { json, revision: revision + 5 })).status).toBe(412)
  expect((await root.ask('PUT', path, { json: { ...json, standardMs: 1 }, revision })).status).toBe(422)
  expect((await root.ask('PUT', path, { json, revision })).status).toBe(200)
  expect((await list(root)).settings).toEqual(json)
  expect((await ask('usr_olga', ['lakeside'], '198.51.100.9')).refused).toContain('ask the office')
})
