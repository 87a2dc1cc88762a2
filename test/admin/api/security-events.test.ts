/**
 * Goal: every change is found in the chain with actor, before and after; tampering shows; exports harm nobody.
 * Method: changes made through the API, then lists, checks and files read back; a row altered behind the app's back.
 */
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { csvCell } from '../../../admin/csv.ts'
import { checkNextChain } from '../../../admin/store/event-chain.ts'
import { writeCheckpoints } from '../../../admin/store/event-checkpoints.ts'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
  for (const label of ['=1+1', 'Office', '@home'])
    await root.ask('POST', `${practice}/ip-entries`, { json: { range: `192.0.2.${label.length}`, label } })
})
afterAll(() => stage.close())

const practice = '/api/practices/lakeside'
const events = `${practice}/security-events`
type Event = {
  number: number
  type: string
  actor: { name: string }
  target: string
  after: object
  address: string
}
type Page = { events: Event[]; nextCursor: string | null }
const list = async (query = '') => (await (await root.ask('GET', `${events}${query}`)).json()) as Page

describe('the list', () => {
  it('says who changed what, from where, newest first', async () => {
    const { events: found } = await list()
    expect(found.map(({ number, type, target }) => [number, type, target])).toEqual([
      [3, 'ip-entry.added', '@home'],
      [2, 'ip-entry.added', 'Office'],
      [1, 'ip-entry.added', '=1+1'],
    ])
    expect(found[0]).toMatchObject({
      actor: { id: 'adm_root', name: 'The root' },
      origin: 'ui',
      address: '203.0.113.9',
      revision: 4,
    })
    expect(Object.values(found[0]?.after ?? {})).toMatchObject([{ range: '192.0.2.5/32' }])
  })

  it('pages by number and filters', async () => {
    const first = await list('?limit=2')
    const second = await list(`?limit=2&cursor=${first.nextCursor}`)
    expect([...first.events, ...second.events].map(({ number }) => number)).toEqual([3, 2, 1])
    expect(second.nextCursor).toBeNull()
    expect((await list('?type=ip-entry')).events).toHaveLength(3)
    expect((await list('?type=user')).events).toHaveLength(0)
    expect((await list('?actor=adm_nobody')).events).toHaveLength(0)
    expect((await root.ask('GET', `${events}?cursor=x`)).status).toBe(422)
    expect((await root.ask('GET', `${events}?colour=red`)).status).toBe(422)
  })
})

describe('an export', () => {
  it('holds every event once, oldest first, and is an event itself', async () => {
    const response = await root.ask('GET', `${events}/export?format=ndjson`)
    expect(response.headers.get('content-disposition')).toContain(
      'security-events-lakeside-2026-03-02.ndjson',
    )
    const lines = (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { seq: number; action: string })
    expect(lines.map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
    expect(lines.at(-1)?.action).toBe('events.exported')
  })

  it('is harmless in a spreadsheet', async () => {
    const text = await (await root.ask('GET', `${events}/export?format=csv&type=ip-entry`)).text()
    expect(text.split('\r\n')).toHaveLength(5)
    expect(text).toContain(`"'=1+1"`)
    expect(text).toContain(`"'@home"`)
    expect(text).toContain('"Office"')
  })

  it.each([
    ['=cmd()', `"'=cmd()"`],
    [' +1', `"' +1"`],
    ['a"b', '"a""b"'],
    [-5, '"-5"'],
    [null, '""'],
    ['\t=1', `"'\t=1"`],
  ])('writes %j as %s', (value, cell) => {
    expect(csvCell(value)).toBe(cell)
  })
})

describe('the decision log', () => {
  beforeAll(() =>
    stage.store.read((rows) => {
      const at = stage.clock.now()
      const row = (code: string | null, reason: string, monitored: boolean, of = 'lakeside') => ({
        code,
        monitored,
        at,
        last_at: at,
        minute: Math.floor(at / 60_000),
        gateway: 'g1',
        practice: of,
        user_id: 'usr_fred',
        session: null,
        address: '192.0.2.77',
        upstream: 'demo',
        method: 'GET',
        route: 'GET /schedule',
        verdict: 'deny',
        reason,
        control: reason === 'permission-missing' ? 'permission' : 'ip',
        revision: 1,
        failing: [reason],
      })
      return rows
        .insertInto('decision_log')
        .values([
          row('GH-7K2M-94QX', 'address-not-allowed', false),
          row(null, 'permission-missing', true),
          row('GH-AAAA-BBBB', 'address-not-allowed', false, 'hilltop'),
        ])
        .execute()
    }),
  )
  const decisions = async (query = '') =>
    (
      (await (await root.ask('GET', `${practice}/decisions${query}`)).json()) as {
        decisions: { sentence: string }[]
      }
    ).decisions

  it('says in a sentence who was refused and why', async () => {
    expect((await decisions()).map(({ sentence }) => sentence)).toEqual([
      'Fred would have been refused from 192.0.2.77: the permission is missing.',
      'Fred was refused from 192.0.2.77: the address is not on the allowlist.',
    ])
    expect(await decisions('?monitored=true')).toHaveLength(1)
    expect(await decisions('?control=ip')).toHaveLength(1)
    expect(await decisions('?address=192.0.2.77&reason=permission-missing')).toHaveLength(1)
    expect(await decisions('?address=192.0.2.78')).toHaveLength(0)
  })

  it('counts refusals of its own practice by step and verdict, over a month at most', async () => {
    const at = stage.clock.now()
    const count = (from: number, to: number) =>
      root.ask('GET', `${practice}/decisions/counts?from=${from}&to=${to}`)
    const day = 86_400_000
    const { stepMs, counts } = (await (await count(at - day, at + 1)).json()) as {
      stepMs: number
      counts: object[]
    }
    expect([stepMs, counts.length]).toEqual([3_600_000, 25])
    const none = { permitted: 0, refused: 0, challenged: 0, unavailable: 0, monitored: 0 }
    expect(counts[0]).toEqual({ ...none, at: at - day })
    expect(counts.at(-1)).toEqual({ ...none, at, refused: 1, monitored: 1 })
    // Permits are sums by the hour: of shorter steps they are not known.
    expect(await (await count(at - 3_600_000, at)).text()).toContain('"permitted":null')
    // What begins at the end of a span is not in it.
    expect(await (await count(at - day, at)).text()).not.toContain('"refused":1')
    for (const [from, to] of [
      [at, at],
      [at - 32 * day, at],
    ] as const)
      expect((await count(from, to)).status).toBe(422)
  })

  it('finds a refusal by its code, in its own practice only', async () => {
    const found = await root.ask('GET', `${practice}/decisions/gh-7k2m-94qx`)
    expect(await found.json()).toMatchObject({ code: 'GH-7K2M-94QX', failing: ['address-not-allowed'] })
    expect((await root.ask('GET', `${practice}/decisions/GH-AAAA-BBBB`)).status).toBe(404)
  })
})

describe('what is known and kept', () => {
  const ask = async (path: string) => {
    const response = await root.ask('GET', path)
    expect(response.status).toBe(200)
    return (await response.json()) as Record<string, unknown>
  }

  it('offers every action with its meaning, so that filters can', async () => {
    const { actions } = (await ask(`${events}/actions`)) as { actions: { action: string }[] }
    expect(actions.map(({ action }) => action)).toContain('ip-entry.added')
  })

  it('has a badge that says how far the chain was verified', async () => {
    expect(await ask(`${events}/chain`)).toMatchObject({ verified: null, badge: 'not verified yet' })
    await writeCheckpoints(stage.store, stage.signer, stage.clock.now())
    while ((await checkNextChain(stage.store, stage.signer.publicKey, stage.clock.now(), 1)) !== null);
    const known = await ask(`${events}/chain`)
    expect(known).toMatchObject({
      ...{ verified: { intact: true, to: known['events'] }, badge: `verified to #${known['events']}` },
      ...{ checkpoint: { number: known['events'] }, forgottenTo: 0 },
    })
  })

  it('links an event about a person to the refusals of that person', async () => {
    const roles = { json: { roles: ['dentist'] }, revision: 1 }
    await root.ask('PUT', `${practice}/users/usr_fred/roles`, roles)
    const [changed] = (await list('?type=user.roles-changed')).events as unknown as { decisions: object }[]
    expect(changed?.decisions).toEqual({ user: 'usr_fred', address: '203.0.113.9' })
  })

  const save = (json: object, revision: number) =>
    root.ask('PUT', `${events}/retention`, { json: { years: 6, held: false, ...json }, revision })

  it('keeps events six years unless told otherwise, at least one, and needs a reason for a legal hold', async () => {
    expect(await ask(`${events}/retention`)).toEqual({ years: 6, held: false, heldWhy: '', version: 1 })
    expect((await save({ years: 0 }, 1)).status).toBe(422)
    expect((await save({ held: true }, 1)).status).toBe(422)
    expect((await save({ years: 10, held: true, heldWhy: 'a lawsuit' }, 1)).status).toBe(200)
    expect(await (await save({ years: 7 }, 1)).json()).toMatchObject({
      code: 'revision-conflict',
      current: 2,
    })
    const [event] = (await list('?type=events.retention-changed')).events
    expect(event?.after).toEqual({ years: 10, held: true, why: 'a lawsuit' })
  })

  it('reports a month of access as JSON and as CSV, and notes that it did', async () => {
    const report = (await ask(`${practice}/access-report?month=2026-03`)) as { people: { id: string }[] }
    expect(report.people.find(({ id }) => id === 'usr_fred')).toMatchObject({ name: 'Fred', refusals: 1 })
    const changes = report.people.find(({ id }) => id === 'adm_root') as unknown as { changes: number }
    expect(changes.changes).toBeGreaterThanOrEqual(4)
    const csv = await root.ask('GET', `${practice}/access-report?month=2026-03&format=csv&user=usr_fred`)
    expect((await csv.text()).trim().split('\r\n')).toHaveLength(2)
    expect((await list('?type=access-report.made')).events).toHaveLength(2)
    expect((await root.ask('GET', `${practice}/access-report?month=2026-00`)).status).toBe(422)
  })
})

describe('the check of the chain', () => {
  const verify = async () => (await root.ask('GET', `${events}/verify`)).json()

  it('finds it whole, then finds a row that was altered in SQL', async () => {
    await writeCheckpoints(stage.store, stage.signer, stage.clock.now())
    expect(await verify()).toMatchObject({ intact: true, brokenAt: null })
    await stage.store.transaction(async (tx) => {
      await sql`alter table security_event disable trigger security_event_kept`.execute(tx)
      await tx
        .updateTable('security_event')
        .set({ actor_name: 'Somebody else' })
        .where('seq', '=', 2)
        .execute()
      await sql`alter table security_event enable trigger security_event_kept`.execute(tx)
    })
    expect(await verify()).toMatchObject({ intact: false, brokenAt: 2 })
  })
})
