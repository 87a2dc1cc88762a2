/**
 * Goal: the portal takes a ticket once, shows nothing to strangers, and says calmly when something fails.
 * Method: addresses asked of the app as a browser would, on a real database, under a stepped clock.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { formToken } from '../../../admin/portal/forms.ts'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { pagePolicyWith } from '../../../runtime/pages/page.ts'
import { newToken } from '../../../runtime/token.ts'
import { wayBackTricks } from '../../support/way-back-tricks.ts'
import { address, application, createPortalStage, digits, heading, type PortalStage } from './portal-stage.ts'

let stage: PortalStage
let session: SessionRow
let person = 0
beforeAll(async () => {
  stage = await createPortalStage()
})
afterAll(() => stage.close())
beforeEach(async () => {
  // Nobody shares tries with another test.
  person += 1
  session = await stage.signIn(`person${person}`)
})
const verify = (cookie: string, code: string, by = 'app', purpose = 'access') =>
  stage.send(cookie, '/verify', '/verify', { code, by, purpose })

describe('signing out everywhere', () => {
  const mine = () =>
    stage.store.read((rows) =>
      rows.selectFrom('session').select(['id', 'ended_why']).where('user_id', '=', session.user_id).execute(),
    )

  it('ends every session of the person, on the page of who is in, and is recorded', async () => {
    const other = await stage.signIn(`person${person}`)
    const cookie = await stage.arrive(session, { reason: null })
    expect((await stage.post('/sign-out-everywhere', cookie, { token: 'x' })).status).toBe(403)
    const answer = await stage.send(cookie, '/', '/sign-out-everywhere', {})
    expect(heading(await answer.text())).toBe('You are signed out everywhere')
    const ended = await mine()
    expect(ended.map(({ id, ended_why }) => [id, ended_why]).sort()).toEqual(
      [session.id, other.id].sort().map((id) => [id, 'revoked']),
    )
    const member = await stage.store.read((rows) =>
      rows.selectFrom('membership').select('epoch').where('user_id', '=', session.user_id).execute(),
    )
    expect(member).toEqual([{ epoch: 1 }])
    const events = await stage.store.read((rows) =>
      rows
        .selectFrom('security_event')
        .select('body')
        .where('action', '=', 'user.signed-out-everywhere')
        .where('target_id', '=', session.user_id)
        .execute(),
    )
    expect(events).toHaveLength(1)
    expect((await stage.get('/', cookie)).status).toBe(403)
  })

  it('is not for somebody whose sign-in waits for a second factor', async () => {
    const cookie = await stage.arrive(session)
    const answer = await stage.post('/sign-out-everywhere', cookie, {
      token: formToken(cookie.split('=')[1] ?? ''),
    })
    expect(answer.headers.get('location')).toBe('/')
    await stage.store.read((rows) =>
      rows
        .updateTable('session')
        .set({ held: true, held_reason: 'two-factor-not-verified' })
        .where('id', '=', session.id)
        .execute(),
    )
    const again = await stage.arrive(session, { reason: null })
    expect((await stage.send(again, '/', '/sign-out-everywhere', {})).headers.get('location')).toBe('/')
    expect((await mine()).map(({ ended_why }) => ended_why)).toEqual([null])
  })
})

describe('the way back', () => {
  it('leads to the application that one came from, whatever it was asked to be', async () => {
    for (const to of wayBackTricks.filter((_, at) => at % 29 === 0)) {
      const cookie = await stage.arrive(session, { reason: null, to })
      const answer = await stage.send(cookie, '/', '/done', {})
      expect(new URL(answer.headers.get('location') ?? '').origin, to).toBe(application)
    }
  })
})

describe('the ticket', () => {
  it('opens a visit in a cookie that no script can read, and is in no address afterwards', async () => {
    const ticket = await stage.ticketFor(session)
    const answer = await stage.get(`/hand-over?ticket=${ticket}`)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/'])
    expect(answer.headers.get('set-cookie')).toMatch(
      /^__Host-gatehouse-portal=[A-Za-z0-9_-]{43}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    )
    expect(answer.headers.get('set-cookie')).not.toContain(ticket)
  })

  it('works once, for half a minute, and only if it is one; the page says what to do and leads nowhere', async () => {
    const used = await stage.ticketFor(session)
    expect((await stage.get(`/hand-over?ticket=${used}`)).status).toBe(303)
    const late = await stage.ticketFor(session)
    stage.clock.advance(30_000)
    for (const ticket of [used, late, newToken(), 'nonsense', '', 'x'.repeat(3_000)]) {
      const answer = await stage.get(`/hand-over?ticket=${ticket}`)
      const html = await answer.text()
      expect([answer.status, heading(html)]).toEqual([403, 'This link no longer works'])
      expect(html).toContain('Go back to your practice application and try again')
      expect(html).not.toMatch(/<a |http-equiv|<form/)
      expect(answer.headers.get('refresh')).toBeNull()
      expect(answer.headers.get('location')).toBeNull()
      expect(answer.headers.get('set-cookie')).toBeNull()
    }
  })

  it.each([
    ['a look ahead', { 'sec-purpose': 'prefetch;prerender' }],
    ['a fetch', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['a frame', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
  ])('is not spent by %s', async (_, headers) => {
    const ticket = await stage.ticketFor(session)
    expect((await stage.get(`/hand-over?ticket=${ticket}`, '', headers)).status).toBe(403)
    const head = await stage.request(`/hand-over?ticket=${ticket}`, { method: 'HEAD' })
    expect(head.status).toBe(403)
    expect((await stage.get(`/hand-over?ticket=${ticket}`)).status).toBe(303)
  })

  it('ends the visit that this browser had before', async () => {
    const first = await stage.arrive(session)
    const ticket = await stage.ticketFor(session)
    expect((await stage.get(`/hand-over?ticket=${ticket}`, first)).status).toBe(303)
    expect((await stage.get('/', first)).status).toBe(403)
  })
})

describe('without a visit', () => {
  it.each(['/', '/verify', '/set-up', '/recovery-codes'])('%s shows nothing of anybody', async (path) => {
    for (const cookie of ['', `__Host-gatehouse-portal=${newToken()}`, '__Host-gatehouse-portal=x']) {
      const answer = await stage.get(path, cookie)
      expect([answer.status, heading(await answer.text())]).toEqual([403, 'This step is over'])
    }
  })

  it('a visit is over after ten minutes, and when its session ends', async () => {
    const cookie = await stage.arrive(session)
    expect((await stage.get('/', cookie)).status).toBe(200)
    stage.clock.advance(600_000)
    const late = await stage.get('/', cookie)
    expect(late.status).toBe(403)
    expect(late.headers.get('set-cookie')).toMatch(/^__Host-gatehouse-portal=; Max-Age=0; /)
    const other = await stage.arrive(session)
    await stage.store.read((rows) =>
      rows
        .updateTable('session')
        .set({ ended_at: 1, ended_why: 'signed-out' })
        .where('id', '=', session.id)
        .execute(),
    )
    expect((await stage.get('/', other)).status).toBe(403)
  })

  it('unknown paths are 404 pages, other hosts 421, and a stranger is told to wait in the end', async () => {
    const nowhere = await stage.get('/done')
    expect([nowhere.status, heading(await nowhere.text())]).toEqual([404, 'There is no such page'])
    const rebound = await stage.app.fetch(new Request('https://evil.example/'), { peer: address })
    expect(rebound.status).toBe(421)
    const knock = (from: string) => stage.request('/hand-over?ticket=x', {}, from)
    const knocks = await Promise.all(Array.from({ length: 130 }, () => knock('198.51.100.7')))
    const refused = knocks.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(10)
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await knock('198.51.100.8')).status).toBe(403)
    // Behind a trusted proxy it is the person's address that counts.
    const proxied = await stage.request(
      '/hand-over?ticket=x',
      { headers: { 'x-forwarded-for': '198.51.100.7' } },
      '10.0.0.1',
    )
    expect(proxied.status).toBe(429)
  })
})

describe('the headers', () => {
  it('let forms lead to the application of the visit and to nothing else', async () => {
    const cookie = await stage.arrive(session)
    const answer = await stage.get('/', cookie)
    const policy = answer.headers.get('content-security-policy')
    expect(policy).toBe(pagePolicyWith(application))
    expect(policy).toMatch(
      /^default-src 'none'; img-src 'self'; style-src 'sha256-[A-Za-z0-9+/]{43}='; form-action 'self' https:\/\/lakeside\.example:8443; frame-ancestors 'none'; base-uri 'none'$/,
    )
    const stranger = await stage.get('/')
    expect(stranger.headers.get('content-security-policy')).toMatch(/form-action 'self'; frame/)
    for (const each of [answer, stranger, await stage.get('/nowhere')]) {
      expect(Object.fromEntries(each.headers)).toMatchObject({
        'cache-control': 'no-store',
        'referrer-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cross-origin-opener-policy': 'same-origin',
        'strict-transport-security': 'max-age=31536000',
      })
    }
  })

  it('an origin that could write into a header is no origin', async () => {
    for (const bad of [
      'https://a.example;script-src',
      "https://a.example'x",
      'https://user%40a.example',
      'https://A.example',
    ]) {
      const ticket = await stage.ticketFor(session, { origin: bad })
      expect((await stage.get(`/hand-over?ticket=${ticket}`)).status).toBe(403)
    }
  })
})

describe('when something fails', () => {
  it('a database that is away is a page that tries again by itself, and a mistake of ours is logged', async () => {
    const cookie = await stage.arrive(session)
    const read = vi.spyOn(stage.store, 'read').mockRejectedValue(
      Object.assign(new Error('away'), {
        fault: true,
        source: 'database',
        kind: 'unreachable',
        retry: 'soon',
      }),
    )
    try {
      const shown = await stage.get('/verify', cookie)
      expect([shown.status, shown.headers.get('refresh')]).toEqual([503, '5; url=/verify'])
      expect(heading(await shown.text())).toBe('Not possible right now')
      const sent = await stage.post('/verify', cookie, { token: 'x', code: '123456' })
      expect([sent.status, sent.headers.get('refresh')]).toEqual([503, '5; url=/'])
      read.mockRejectedValue(new Error('boom'))
      const before = stage.log.lines.length
      expect((await stage.get('/verify', cookie)).status).toBe(500)
      expect(stage.log.lines.slice(before).map(({ level }) => level)).toEqual(['error'])
    } finally {
      read.mockRestore()
    }
  })

  it('no ticket, cookie, key or code was ever logged, and no address but the proof’s carried a secret', async () => {
    const { key, codes, cookie } = await stage.enrol(session)
    const ticket = await stage.ticketFor(session)
    const there = await stage.get(`/hand-over?ticket=${ticket}`)
    const visit = there.headers.get('set-cookie')?.split(';')[0] ?? ''
    const code = digits(key, stage.clock.now())
    const answer = await verify(visit, code)
    const written = JSON.stringify(stage.log.lines, (_, value: unknown) =>
      value instanceof Error ? `${value.message} ${value.stack}` : value,
    )
    const secrets = [
      ticket,
      cookie.split('=')[1] ?? '',
      visit.split('=')[1] ?? '',
      key,
      key.replaceAll(' ', ''),
      ...codes,
    ]
    for (const secret of secrets) {
      expect(written).not.toContain(secret)
      expect(there.headers.get('location')).not.toContain(secret)
      expect(answer.headers.get('location')).not.toContain(secret)
    }
    expect(answer.headers.get('location')).not.toContain(code)
  })
})
