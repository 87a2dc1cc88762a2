/**
 * Goal: people come into the admin origin only from their own gateway session, with a fresh second factor, in the browser
 * that began; and they are out as soon as that session or their part is.
 * Method: the whole way walked against both apps on a real database, each step repeated, stolen and late.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { revokeUser } from '../../../admin/sessions/revocations.ts'
import { layEntry } from '../../../admin/sign-in/entries.ts'
import { renewSession } from '../../../admin/two-factor/renewal.ts'
import { hashToken, newToken } from '../../../runtime/token.ts'
import { heading, text } from '../portal/portal-stage.ts'
import { north, south } from '../practice-store.ts'
import { createEntryStage, type EntryStage, type Someone, sentOn } from './entry-stage.ts'

let stage: EntryStage
let olga: Someone
beforeAll(async () => {
  stage = await createEntryStage()
  olga = await stage.someone()
})
afterAll(() => stage.close())

it('tells anybody what refusals of the API mean, where their link leads, and nothing else', async () => {
  const refused = await stage.admin.get('/api/me')
  const [, way = '', place = ''] =
    /^<([^#]+)#([^>]+)>; rel="help"$/.exec(refused.headers.get('link') ?? '') ?? []
  const page = await stage.admin.get(way)
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(await page.text()).toContain(`id="${place}"`)
})

const me = async (cookie: string) => (await stage.admin.get('/api/me', cookie)).status

describe('the way in', () => {
  it('leads from a ticket over the portal to a session in a cookie that only this host gets', async () => {
    const begun = await stage.admin.get(`/hand-over?ticket=${await stage.ticketOf(olga.session)}`)
    expect(begun.headers.get('location')).toMatch(/^https:\/\/portal\.example\/hand-over\?ticket=[\w-]{43}$/)
    expect(begun.headers.get('referrer-policy')).toBe('no-referrer')
    const [begin = ''] = begun.headers.getSetCookie()
    expect(begin).toMatch(
      /^__Host-gatehouse-admin-begin=[\w-]{43}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    )
    const proved = await stage.prove(sentOn(begun, 'ticket'), olga.key)
    expect(proved.headers.get('location')).toMatch(/^https:\/\/admin\.example\/hand-over\?proof=[\w-]{43}$/)
    const entered = await stage.admin.get(
      `/hand-over?proof=${sentOn(proved, 'proof')}`,
      begin.split(';')[0] ?? '',
    )
    expect([entered.status, entered.headers.get('location')]).toEqual([303, '/'])
    expect(entered.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-gatehouse-admin=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/),
      expect.stringMatching(/^__Host-gatehouse-admin-begin=; Max-Age=0;/),
    ])
    const inside = await stage.inside(entered)
    const told = (await (await inside.ask('GET', '/api/me')).json()) as {
      account: { name: string; login: string }
      accountPage: string | null
      practices: { id: string; permissions: string[] }[]
    }
    expect(told.account.name).toBe('INSIDER1')
    expect(told.accountPage).toBe('https://desk.example/.gatehouse/account')
    expect(told.practices.map(({ id }) => id)).toEqual([north])
    expect(told.practices[0]?.permissions).toContain('gw.security.settings.edit')
  })

  it('writes who came in, into the chains of the practices that they look after', async () => {
    await stage.enter(olga)
    const event = await stage.store.read((rows) =>
      rows
        .selectFrom('security_event')
        .select('body')
        .where('practice', '=', north)
        .where('action', '=', 'admin.signed-in')
        .orderBy('seq', 'desc')
        .executeTakeFirstOrThrow(),
    )
    expect(JSON.parse(event.body)).toMatchObject({
      actor: { kind: 'user', id: olga.session.user_id },
      after: { session: olga.session.id, factor: 'totp' },
    })
  })

  it('names a person as the actor of what they change, so that nobody reviews their own request', async () => {
    const inside = await stage.enter(olga)
    const entry = { range: '203.0.113.0/24', label: 'Office', audience: 'practice', expiresAt: null }
    const saved = await inside.ask('POST', `/api/practices/${north}/ip-entries`, { json: entry })
    expect(saved.status).toBeLessThan(300)
    const actor = await stage.store.read((rows) =>
      rows
        .selectFrom('security_event')
        .select('body')
        .where('practice', '=', north)
        .where('action', '=', 'ip-entry.added')
        .executeTakeFirstOrThrow(),
    )
    expect(JSON.parse(actor.body)).toMatchObject({ actor: { kind: 'user', id: olga.session.user_id } })
  })

  it('is closed to whose roles hold nothing here, before they are asked for anything', async () => {
    const fred = await stage.someone(['front-desk'])
    const refused = await stage.admin.get(`/hand-over?ticket=${await stage.ticketOf(fred.session)}`)
    expect(refused.status).toBe(403)
    expect(refused.headers.getSetCookie()).toEqual([])
    expect(heading(await text(refused))).toBe('Security Management is not open to you')
  })

  it('is closed to a held sign-in and to a session that has ended', async () => {
    const { session } = await stage.someone()
    const lay = () =>
      layEntry(
        stage.store,
        { ticketHash: hashToken(newToken()), tokenHash: session.token_hash },
        stage.clock.now(),
      )
    const set = (change: { held: boolean; held_reason: string | null }) =>
      stage.store.read((rows) =>
        rows.updateTable('session').set(change).where('id', '=', session.id).execute(),
      )
    expect(await lay()).toBe(true)
    await set({ held: true, held_reason: 'two-factor-not-verified' })
    expect(await lay()).toBe(false)
    await set({ held: false, held_reason: null })
    await revokeUser(stage.store, {
      ...{ practice: north, user: session.user_id, block: false, deed: stage.deed() },
    })
    const ticket = newToken()
    await layEntry(
      stage.store,
      { ticketHash: hashToken(ticket), tokenHash: session.token_hash },
      stage.clock.now(),
    )
    const refused = await stage.admin.get(`/hand-over?ticket=${ticket}`)
    expect(refused.status).toBe(403)
  })
})

describe('what was stolen, sent or comes late', () => {
  it('a ticket counts once, and for half a minute', async () => {
    const ticket = await stage.ticketOf(olga.session)
    expect((await stage.admin.get(`/hand-over?ticket=${ticket}`)).status).toBe(303)
    expect((await stage.admin.get(`/hand-over?ticket=${ticket}`)).status).toBe(403)
    const late = await stage.ticketOf(olga.session)
    stage.clock.advance(30_000)
    expect((await stage.admin.get(`/hand-over?ticket=${late}`)).status).toBe(403)
  })

  it('a browser that only looks ahead, embeds or fetches spends none', async () => {
    const ticket = await stage.ticketOf(olga.session)
    for (const headers of [
      { 'sec-purpose': 'prefetch;prerender' },
      { 'sec-fetch-mode': 'cors' },
      { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
    ])
      expect((await stage.admin.get(`/hand-over?ticket=${ticket}`, '', headers)).status).toBe(403)
    expect((await stage.admin.get(`/hand-over?ticket=${ticket}`)).status).toBe(303)
  })

  it('a proof opens nothing in another browser, and is not spent by trying', async () => {
    const { begin, proof } = await stage.walk(olga)
    const other = await stage.walk(olga)
    expect((await stage.admin.get(`/hand-over?proof=${proof}`)).status).toBe(403)
    expect((await stage.admin.get(`/hand-over?proof=${proof}`, other.begin)).status).toBe(403)
    const tossed = `${begin}; ${other.begin}`
    expect((await stage.admin.get(`/hand-over?proof=${proof}`, tossed)).status).toBe(403)
    expect((await stage.admin.get(`/hand-over?proof=${proof}`, begin)).status).toBe(303)
    expect((await stage.admin.get(`/hand-over?proof=${proof}`, begin)).status).toBe(403)
  })

  it('a proof is good for a minute', async () => {
    const { begin, proof } = await stage.walk(olga)
    stage.clock.advance(60_000)
    expect((await stage.admin.get(`/hand-over?proof=${proof}`, begin)).status).toBe(403)
  })

  it('the proof of an entry raises no gateway session, and that of a gateway session opens no entry', async () => {
    const { proof } = await stage.walk(olga)
    const taken = await stage.store.read((rows) =>
      rows
        .selectFrom('factor_proof')
        .select('proof_hash')
        .where('proof_hash', '=', hashToken(proof))
        .execute(),
    )
    expect(taken).toEqual([])
    const begun = await stage.admin.get(`/hand-over?ticket=${await stage.ticketOf(olga.session)}`)
    const cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    expect((await stage.admin.get(`/hand-over?proof=${newToken()}`, cookie)).status).toBe(403)
  })

  it('ends the session that this browser was signed in with, and takes no token from outside', async () => {
    const first = await stage.enter(olga)
    const { begin, proof } = await stage.walk(olga)
    const planted = `__Host-gatehouse-admin=${'A'.repeat(43)}`
    const entered = await stage.admin.get(`/hand-over?proof=${proof}`, `${begin}; ${first.cookie}`)
    const second = await stage.inside(entered)
    expect(second.cookie).not.toBe(first.cookie)
    expect(second.cookie).not.toBe(planted)
    expect(await me(first.cookie)).toBe(401)
    expect(await me(second.cookie)).toBe(200)
  })

  it('a network that comes too often waits', async () => {
    const peer = '192.0.2.77'
    const answers = await Promise.all(
      Array.from({ length: 130 }, () => stage.admin.get(`/hand-over?ticket=${newToken()}`, '', {}, peer)),
    )
    expect(answers.filter(({ status }) => status === 429).length).toBe(10)
  })
})

describe('being in', () => {
  it('ends with a role, on the next request', async () => {
    const person = await stage.someone()
    const inside = await stage.enter(person)
    expect((await inside.ask('GET', `/api/practices/${north}/general`)).status).toBe(200)
    await stage.setRoles(person.session.user_id, ['front-desk'])
    expect((await inside.ask('GET', `/api/practices/${north}/general`)).status).toBe(403)
    await stage.setRoles(person.session.user_id, ['office-manager'])
    expect((await inside.ask('GET', `/api/practices/${north}/general`)).status).toBe(200)
  })

  it('reaches only practices where a role holds something', async () => {
    const inside = await stage.enter(olga)
    expect((await inside.ask('GET', `/api/practices/${south}/general`)).status).toBe(403)
  })

  it('ends with a revocation in that practice, and with the gateway session altogether', async () => {
    const person = await stage.someone()
    const inside = await stage.enter(person)
    await revokeUser(stage.store, {
      ...{ practice: north, user: person.session.user_id, block: false, deed: stage.deed() },
    })
    expect((await inside.ask('GET', `/api/practices/${north}/general`)).status).toBe(403)
    const other = await stage.someone()
    const stays = await stage.enter(other)
    await stage.store.read((rows) =>
      rows
        .updateTable('session')
        .set({ ended_at: stage.clock.now(), ended_why: 'app-signed-out' })
        .where('id', '=', other.session.id)
        .execute(),
    )
    expect(await me(stays.cookie)).toBe(401)
  })

  it('goes on when a second factor in the application renews the companion', async () => {
    const person = await stage.someone()
    const inside = await stage.enter(person)
    const at = stage.clock.now()
    await stage.store.transaction((tx) =>
      renewSession(
        tx,
        { tokenHash: person.session.token_hash, renewedHash: hashToken(newToken()) },
        { method: 'totp', verified_at: at, devices: {} },
        at,
      ),
    )
    expect(await me(inside.cookie)).toBe(200)
  })

  it('ends by signing out, and is idle after half an hour', async () => {
    const inside = await stage.enter(await stage.someone())
    const out = await inside.ask('POST', '/sign-out')
    expect(out.status).toBe(303)
    expect(await me(inside.cookie)).toBe(401)
    const idle = await stage.enter(await stage.someone())
    stage.clock.advance(30 * 60_000)
    expect(await me(idle.cookie)).toBe(401)
  })

  it('keeps "all but mine" away from the gateway session behind it', async () => {
    const person = await stage.someone()
    const inside = await stage.enter(person)
    const listed = (await (
      await inside.ask('GET', `/api/practices/${north}/active-users?limit=500`)
    ).json()) as { users: { user: string; sessions: { mine: boolean }[] }[] }
    const mine = listed.users.filter(({ sessions }) => sessions.some((one) => one.mine))
    expect(mine.map(({ user }) => user)).toEqual([person.session.user_id])
    const revoked = await inside.ask('POST', `/api/practices/${north}/active-users/revoke-all-but-mine`, {
      json: {},
    })
    expect(revoked.status).toBe(200)
    expect(await me(inside.cookie)).toBe(200)
    expect((await inside.ask('GET', `/api/practices/${north}/general`)).status).toBe(200)
  })
})

it('lets no other origin change anything with the cookie of whoever is in', async () => {
  const person = await stage.someone()
  const { cookie } = await stage.enter(person)
  const forged = await stage.admin.request(`/api/practices/${north}/ip-entries`, {
    method: 'POST',
    headers: { cookie, origin: 'https://evil.example', 'content-type': 'application/json' },
    body: '{}',
  })
  expect(forged.status).toBe(403)
})
