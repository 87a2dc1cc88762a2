/**
 * Goal: whoever is about to save learns whom it would refuse, from where, and what would help; changes may wait for their
 * time and are guarded again then. Method: the API on a real database with sessions and traffic, the clock stepped.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settleDue } from '../../../admin/scheduled-changes.ts'
import { listEvents } from '../../../admin/store/events.ts'
import { insertSession } from '../../../admin/store/sessions.ts'
import { type Browser, confirmWaiting, createStage, type Stage, schedulePage } from './admin-stage.ts'

let stage: Stage
let root: Browser
const of = '/api/practices/lakeside'
const minuteMs = 60_000
const hourMs = 60 * minuteMs
/** Short, so that the admin stays signed in. */
const stepMs = 5 * minuteMs

beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
  const at = stage.clock.now()
  await stage.store.transaction(async (tx) => {
    await insertSession(tx, {
      ...{ id: 'ses_fred', tokenHash: 'f'.repeat(43), cookieHash: null, user: 'usr_fred', upstream: 'demo' },
      ...{ appUser: 'fred', method: 'app-password', epochs: { lakeside: 0 }, startedAt: at },
      ...{ absoluteDeadline: at + 12 * hourMs, address: '198.51.100.2', device: 'Firefox' },
    })
    await tx
      .insertInto('traffic_fact')
      .values({
        ...{ practice: 'lakeside', user_id: 'usr_olga', address: '192.0.2.44', route: schedulePage.id },
        ...{ bucket: 1, assurance: 'password', at: at - 86_400_000 },
      })
      .execute()
  })
  await stage.store.read((rows) =>
    rows
      .updateTable('app_user')
      .set({ email: 'fred@lakeside.example' })
      .where('id', '=', 'usr_fred')
      .execute(),
  )
  await root.ask('POST', `${of}/ip-entries`, { json: { range: '203.0.113.9', label: 'Office' } })
})
afterAll(() => stage.close())

type Line = {
  name: string
  reason: string
  count: number
  networks: { range: string; count: number; add: { path: string; body: Record<string, string> } | null }[]
}
type Forecast = {
  revision: number
  changes: string[]
  lockedOut: { name: string }[]
  lastSecurityAdmin: boolean
  toBeConfirmed: boolean
  live: { asked: number; refused: Line[]; allowed: Line[] }
  recorded: { asked: number; refused: Line[] }
}
type Problem = { code: string; problems: { path: string; sentence: string }[] }
const json = async <T>(response: Response): Promise<T> => (await response.json()) as T
const impact = async (draft: unknown) =>
  json<Forecast & Problem>(await root.ask('POST', `${of}/impact`, { json: draft }))
const revision = async () =>
  (await json<{ revision: number }>(await root.ask('GET', `${of}/general`))).revision
const enforce = { controls: { ip: { mode: 'enforce' } } }

describe('impact', () => {
  it('names who would be refused, from where, and the network to add', async () => {
    const found = await impact(enforce)
    expect(found.changes).toEqual(['IP restrictions: off → enforce'])
    expect(found.toBeConfirmed).toBe(true)
    expect(found.live.refused).toMatchObject([
      { name: 'Fred', reason: 'address-not-allowed', count: 1, networks: [{ range: '198.51.100.2/32' }] },
    ])
    expect(found.recorded.refused).toMatchObject([{ name: 'Olga', count: 1 }])
    const add = found.recorded.refused[0]?.networks[0]?.add
    expect(add).toEqual({
      method: 'POST',
      path: `${of}/ip-entries`,
      body: { range: '192.0.2.44/32', label: 'Network of Olga' },
    })
    const listed = await impact({
      ...enforce,
      ipEntries: { put: [{ id: 'new', audience: 'practice', ...add?.body }] },
    })
    expect(listed.recorded.refused).toEqual([])
    expect(listed.live.refused.map(({ name }) => name)).toEqual(['Fred'])
  })

  it('asks about roles, people and presets alike, and saves nothing', async () => {
    const before = await revision()
    await root.ask('PUT', `${of}/controls/permission`, {
      json: { mode: 'enforce', hiddenBlockers: true },
      revision: before,
    })
    await confirmWaiting(root, 'lakeside')
    const saved = await revision()
    const moved = await impact({ members: [{ user: 'usr_olga', roles: ['unassigned'] }] })
    expect(moved.changes).toEqual(['Olga: Owner → Unassigned'])
    expect(moved.lastSecurityAdmin).toBe(true)
    expect(moved.recorded.refused).toMatchObject([{ name: 'Olga', reason: 'permission-missing' }])
    expect(moved.recorded.refused[0]?.networks[0]?.add).toBeNull()
    const preset = await impact({ preset: 'office-hours' })
    expect(preset.problems).toMatchObject([{ path: 'timeWindows' }])
    const ways = {
      signIn: { password: true, passkey: false, provider: true },
      sessions: { concurrentMax: 3 },
    }
    expect(await impact(ways)).toMatchObject({
      changes: ['Sessions at once: none → 3', 'Signing in here with a passkey: on → off'],
      lockedOut: [],
    })
    expect((await impact({ members: [{ user: 'usr_none', roles: [] }] })).code).toBe('invalid')
    expect(await revision()).toBe(saved)
  })
})

describe('simulation', () => {
  it('walks the gates for saved and draft, and tells the week', async () => {
    const answer = await json<{
      saved: { verdict: string; gates: unknown[] }
      draft: {
        verdict: string
        reason: string
        gates: { gate: string; passes: boolean; sentence: string; untilText: string | null }[]
        remedies: { sentence: string }[]
        timeline: { text: string; verdict: string; reason: string }[]
      }
    }>(
      await root.ask('POST', `${of}/simulate`, {
        json: {
          ...{ user: 'usr_fred', address: '203.0.113.9', route: schedulePage.id },
          draft: {
            controls: { time: { mode: 'enforce' } },
            timeWindows: {
              put: [
                {
                  ...{ id: 'w', label: null, audience: 'practice', days: ['mon', 'tue'] },
                  ...{ start: '08:00', end: '18:00', zone: null, validFrom: null, validTo: null },
                  insteadOfRoleHours: false,
                },
              ],
            },
          },
        },
      }),
    )
    expect(answer.saved.verdict).toBe('permit')
    expect(answer.draft).toMatchObject({ verdict: 'deny', reason: 'outside-time-window' })
    expect(answer.draft.gates.find(({ passes }) => !passes)).toMatchObject({
      gate: 'hours',
      untilText: 'Mon 2 Mar 2026, 08:00',
    })
    expect(answer.draft.gates.find(({ gate }) => gate === 'member')?.untilText ?? null).toBeNull()
    expect(answer.draft.remedies).toHaveLength(1)
    expect(answer.draft.timeline.map(({ text, reason }) => `${text} ${reason}`)).toEqual([
      'Mon 2 Mar 2026, 04:00 outside-time-window',
      'Mon 2 Mar 2026, 08:00 ok',
      'Mon 2 Mar 2026, 18:00 outside-time-window',
      'Tue 3 Mar 2026, 08:00 ok',
      'Tue 3 Mar 2026, 18:00 outside-time-window',
    ])
  })

  it('knows no other people and no other routes', async () => {
    const ask = async (change: object) =>
      (
        await root.ask('POST', `${of}/simulate`, {
          json: { user: 'usr_fred', address: '203.0.113.9', ...change },
        })
      ).status
    expect(
      await Promise.all([ask({ user: 'usr_none' }), ask({ route: 'demo GET /x' }), ask({ address: 'x' })]),
    ).toEqual([404, 404, 422])
  })
})

describe('changes that wait for their time', () => {
  type One = {
    id: string
    startsText: string
    outcome: string | null
    detail: string | null
    changes: string[]
  }
  const list = async () =>
    json<{ waiting: One[]; settled: One[] }>(await root.ask('GET', `${of}/scheduled-changes`))
  const schedule = async (draft: unknown, inMs: number, more: object = {}) =>
    root.ask('POST', `${of}/scheduled-changes`, {
      json: { startsAt: stage.clock.now() + inMs, draft, ...more },
      revision: await revision(),
    })
  const run = () => settleDue(stage.store, stage.clock.now())
  const modeOf = async () =>
    (await json<{ controls: { ip: { mode: string } } }>(await root.ask('GET', `${of}/general`))).controls.ip
      .mode

  it('come into force once, by themselves, for good, on the policy of that moment', async () => {
    const made = await schedule(enforce, stepMs, { reason: 'as agreed', notice: 'From five past on.' })
    expect(made.status).toBe(201)
    const planned = await json<One>(made)
    const tried = async (change: object = {}, practice = 'lakeside') => {
      const asked = { user: 'usr_fred', address: '192.0.2.77', scheduled: planned.id, ...change }
      const answer = await root.ask('POST', `/api/practices/${practice}/simulate`, { json: asked })
      const body = await json<{ draft: { reason: string } }>(answer)
      return answer.status === 200 ? body.draft.reason : answer.status
    }
    expect(await tried()).toBe('address-not-allowed')
    expect(await tried({ scheduled: 'sch_none' })).toBe(404)
    expect(await tried({ draft: {} })).toBe(422)
    expect(await tried({ user: 'usr_olga' }, 'hilltop')).toBe(404)
    expect(planned).toMatchObject({
      startsText: 'Mon 2 Mar 2026, 04:05',
      changes: ['IP restrictions: off → enforce'],
      outcome: null,
    })
    expect(await run()).toEqual([])
    const mails = await stage.store.read((rows) => rows.selectFrom('mail').selectAll().execute())
    expect(mails).toMatchObject([
      {
        to_address: 'fred@lakeside.example',
        subject: 'Lakeside Dental: access changes on Mon 2 Mar 2026, 04:05',
      },
    ])
    expect(mails[0]?.body).toContain('From five past on.')
    await root.ask('POST', `${of}/ip-entries`, { json: { range: '198.51.100.2', label: 'Meanwhile' } })
    stage.clock.advance(stepMs)
    const [first, second] = await Promise.all([run(), run()])
    expect([...first, ...second]).toEqual([{ practice: 'lakeside', applied: true, sentence: null }])
    expect(await modeOf()).toBe('enforce')
    // Nobody is there to confirm it then.
    expect(await confirmWaiting(root, 'lakeside')).toBeNull()
    expect((await list()).settled).toMatchObject([{ outcome: 'applied' }])
    expect(await tried()).toBe(404)
    const events = await stage.store.read((rows) =>
      listEvents(rows, { practice: 'lakeside' }, { countMax: 3, before: null }),
    )
    expect(events.find(({ action }) => action === 'policy.schedule-applied')).toMatchObject({
      actor: { id: 'adm_root' },
      origin: 'auto',
      reason: 'scheduled: as agreed',
    })
  })

  it('are cancelled, and then do not', async () => {
    const { id } = await json<One>(await schedule({ controls: { ip: { mode: 'off' } } }, stepMs))
    expect((await root.ask('POST', `${of}/scheduled-changes/${id}/cancel`, { json: {} })).status).toBe(200)
    expect((await root.ask('POST', `${of}/scheduled-changes/${id}/cancel`, { json: {} })).status).toBe(404)
    stage.clock.advance(stepMs)
    expect(await run()).toEqual([])
    expect(await modeOf()).toBe('enforce')
  })

  it('are refused at their time if they would lock out by then, or their maker may not any more', async () => {
    const off = await root.ask('PUT', `${of}/controls/ip`, {
      json: {
        ...{ mode: 'off', signInOnlyFromListed: false },
        scope: { include: 'everyone', exempt: { roles: [], users: [] } },
      },
      revision: await revision(),
    })
    expect(off.status).toBe(200)
    await schedule(enforce, stepMs)
    const entries = await json<{ entries: { id: string; label: string }[] }>(
      await root.ask('GET', `${of}/ip-entries`),
    )
    const office = entries.entries.find(({ label }) => label === 'Office')
    await root.ask('DELETE', `${of}/ip-entries/${office?.id}`, { json: {}, revision: await revision() })
    await confirmWaiting(root, 'lakeside')
    stage.clock.advance(stepMs)
    expect(await run()).toEqual([
      { practice: 'lakeside', applied: false, sentence: 'it would have locked out The root' },
    ])
    expect(await modeOf()).toBe('off')
    await schedule({ sessions: { concurrentMax: 3 } }, stepMs)
    await stage.store.read((rows) =>
      rows.updateTable('admin_account').set({ suspended: true }).where('id', '=', 'adm_root').execute(),
    )
    stage.clock.advance(stepMs)
    expect(await run()).toMatchObject([{ applied: false, sentence: expect.stringContaining('may not') }])
    await stage.store.read((rows) =>
      rows.updateTable('admin_account').set({ suspended: false }).where('id', '=', 'adm_root').execute(),
    )
  })

  it('close no way of signing in, which nobody would be there to confirm', async () => {
    const ways = { signIn: { password: false, passkey: true, provider: true } }
    expect((await schedule(ways, stepMs)).status).toBe(422)
    expect((await list()).waiting).toEqual([])
  })

  it('are not made for the past, for nothing, or from a policy that nobody has seen', async () => {
    expect((await schedule(enforce, 0)).status).toBe(422)
    expect((await schedule({ controls: { ip: { mode: 'off' } } }, stepMs)).status).toBe(422)
    const stale = await root.ask('POST', `${of}/scheduled-changes`, {
      json: { startsAt: stage.clock.now() + stepMs, draft: enforce },
      revision: 1,
    })
    expect(stale.status).toBe(412)
    // The office is off the list by now: the guard stands up at once.
    expect((await json<Problem>(await schedule(enforce, stepMs))).code).toBe('lockout-risk')
  })
})

describe('sessions and emergencies', () => {
  it('are settings of their own, with If-Match, in the general answer', async () => {
    const sessions = { idleMs: 20 * minuteMs, absoluteMs: 9 * hourMs, concurrentMax: 2, bindToNetwork: true }
    const saved = await root.ask('PUT', `${of}/controls/sessions`, {
      json: sessions,
      revision: await revision(),
    })
    expect(saved.status).toBe(200)
    const emergency = { allowed: true, lastsMs: 30 * minuteMs }
    const stale = await root.ask('PUT', `${of}/controls/emergency`, { json: emergency, revision: 1 })
    expect(stale.status).toBe(412)
    expect(
      (await root.ask('PUT', `${of}/controls/emergency`, { json: emergency, revision: await revision() }))
        .status,
    ).toBe(200)
    expect(await json(await root.ask('GET', `${of}/general`))).toMatchObject({
      sessions,
      emergency,
      scheduled: [],
    })
  })
})
