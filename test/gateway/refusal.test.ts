/**
 * Goal: a refusal is understood by the client it goes to, is never cached, never replays a form, never leaves the origin.
 * Method: examples for each kind of client, a property over targets for the return address.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clientKind } from '../../gateway/client-kind.ts'
import type { ClientKind, WholeResponse } from '../../gateway/exchange.ts'
import { answerCut, answerFailure, type Failure, type RefusalFacts, refuse } from '../../gateway/refusal.ts'
import type { ShownHours } from '../../gateway/shown-hours.ts'
import { type Reason, reasons } from '../../policies/decision.ts'
import { decisionOf } from '../support/decisions.ts'

const facts = (kind: ClientKind, change: Partial<RefusalFacts> = {}): RefusalFacts => ({
  kind,
  method: 'GET',
  headers: [],
  target: '/schedule?day=1',
  signIn: { page: '/login', returnParameter: 'next' },
  ...change,
})
const header = (response: WholeResponse, name: string): string | null => {
  for (let i = 0; i < response.headers.length; i += 2)
    if (response.headers[i]!.toLowerCase() === name) return response.headers[i + 1] ?? null
  return null
}
const hours = (leftMs: number): ShownHours => ({
  ...{ at: 0, zone: 'UTC', now: 'Thursday', clock: '00:00', week: [] },
  opens: { text: 'Thursday', span: '2 min', leftMs },
})
const all = Object.keys(reasons).filter((reason) => reason !== 'ok') as Reason[]
const kinds: readonly ClientKind[] = ['navigation', 'fetch', 'asset', 'websocket']

describe('every refusal', () => {
  it.each(all)('%s is no success, uncached and well formed for every client', (reason) => {
    for (const kind of kinds) {
      const answer = refuse(facts(kind), decisionOf(reason), { code: 'ABC-123' })
      const verdict = reasons[reason].verdict
      const expected = { challenge: 401, deny: 403, unavailable: 503, permit: 403 }[verdict]
      if (answer.status === 303) expect([kind, reason]).toEqual(['navigation', 'not-signed-in'])
      else expect(answer.status).toBe(kind === 'asset' && expected === 401 ? 403 : expected)
      expect(header(answer, 'cache-control')).toBe('no-store')
      if (verdict === 'unavailable') expect(Number(header(answer, 'retry-after'))).toBeGreaterThan(0)
      if (kind === 'asset') expect(answer.body).toBe('')
      if (kind === 'fetch')
        expect(JSON.parse(String(answer.body))).toMatchObject({ reason, code: 'ABC-123', status: expected })
      if (kind === 'websocket') expect(header(answer, 'content-type')).toMatch(/^text\/plain/)
      if (kind === 'navigation' && answer.status !== 303) {
        expect(header(answer, 'content-type')).toMatch(/^text\/html/)
        expect(header(answer, 'content-security-policy')).toMatch(/default-src 'none'/)
        expect(String(answer.body)).toContain('ABC-123')
      }
    }
  })

  it('a permit is nothing to refuse by, and still no success', () => {
    expect(refuse(facts('fetch'), decisionOf('ok')).status).toBe(403)
  })
})

describe('people', () => {
  it('without a session are sent to sign in, and back', () => {
    const answer = refuse(facts('navigation'), decisionOf('not-signed-in'))
    expect([answer.status, header(answer, 'location')]).toEqual([303, '/login?next=%2Fschedule%3Fday%3D1'])
  })

  it('are not sent in a circle', () => {
    const answer = refuse(facts('navigation', { target: '/login?x' }), decisionOf('not-signed-in'))
    expect(answer.status).toBe(401)
  })

  it('who sent a form stay, and are told that it was not sent', () => {
    const answer = refuse(facts('navigation', { method: 'POST' }), decisionOf('not-signed-in'))
    expect(answer.status).toBe(401)
    expect(String(answer.body)).toMatch(/was not sent/)
    expect(String(answer.body)).not.toContain('/schedule')
  })

  it('who are held and sent a form are shown the way to the step', () => {
    const form = facts('navigation', { method: 'POST' })
    const step = '/.gatehouse/access?code=GH-7K2M-94QX'
    const held = refuse(form, decisionOf('sign-in-held'), { step })
    expect(held.status).toBe(401)
    expect(String(held.body)).toContain(`<a class="first" href="${step}">Finish the step</a>`)
    expect(String(refuse(form, decisionOf('permission-missing')).body)).not.toContain('Finish the step')
  })

  it('are sent to the step that helps', () => {
    const answer = refuse(facts('navigation'), decisionOf('two-factor-not-verified'), {
      step: '/.gatehouse/step',
    })
    expect([answer.status, header(answer, 'location')]).toEqual([303, '/.gatehouse/step'])
  })

  it('come back by themselves once it opens, if a page of this origin was asked for and nothing else', () => {
    const decision = decisionOf('outside-time-window', { opensAt: 90_000 })
    const refreshOf = (change: Partial<RefusalFacts>, returnAfterMs = 61_001) =>
      header(refuse(facts(change.kind ?? 'navigation', change), decision, { returnAfterMs }), 'refresh')
    expect(refreshOf({})).toBe('62')
    expect(refreshOf({}, -5)).toBe('1')
    const returning = { hours: hours(90_000), returnAfterMs: 1 }
    expect(String(refuse(facts('navigation'), decision, returning).body)).toContain('goes on by itself')
    for (const kind of ['fetch', 'asset', 'websocket'] as const) expect(refreshOf({ kind })).toBeNull()
    for (const method of ['POST', 'HEAD', 'PUT']) expect(refreshOf({ method })).toBeNull()
    for (const target of ['//evil.example', '/\\\\evil', null]) expect(refreshOf({ target })).toBeNull()
    expect(refreshOf({}, 40 * 86_400_000)).toBeNull()
    const never = refuse(facts('navigation'), decision, { hours: hours(90_000) })
    expect(header(never, 'refresh')).toBeNull()
    expect(String(never.body)).not.toContain('goes on by itself')
    const shut = refuse(facts('navigation'), decision, { hours: { ...hours(1), opens: null } })
    expect(String(shut.body)).toContain('do not begin again by themselves')
  })

  it('are never sent away from the origin', () => {
    const odd = fc.constantFrom('/', '\\', 'evil.example', 'https:', '@', '?', '%2f', '..', 'x')
    fc.assert(
      fc.property(fc.array(odd, { maxLength: 6 }), (parts) => {
        const target = `/${parts.join('')}`
        const answer = refuse(facts('navigation', { target }), decisionOf('not-signed-in'))
        const location = header(answer, 'location')
        if (location === null) return
        const to = new URL(location, 'https://app.example')
        expect(to.origin).toBe('https://app.example')
        const next = to.searchParams.get('next')
        if (next !== null) expect(new URL(next, 'https://app.example').origin).toBe('https://app.example')
      }),
    )
  })

  it('read nothing but text that came from elsewhere', () => {
    const answer = refuse(facts('navigation'), decisionOf('permission-missing'), {
      permissions: ['<script>'],
      code: '"><b>',
    })
    expect(String(answer.body)).not.toMatch(/<script>|<b>/)
  })
})

describe('scripts', () => {
  it('learn of step-up as RFC 9470 says', () => {
    const answer = refuse(facts('fetch'), decisionOf('two-factor-too-old'), { maxAgeMs: 300_000 })
    expect(answer.status).toBe(401)
    expect(header(answer, 'www-authenticate')).toBe(
      'Bearer error="insufficient_user_authentication", acr_values="two-factor", max_age="300"',
    )
    expect(JSON.parse(String(answer.body))).toMatchObject({ error: 'step_up_required' })
  })

  it('of another origin may read why', () => {
    const answer = refuse(
      facts('fetch', { headers: ['Origin', 'https://spa.example'] }),
      decisionOf('permission-missing'),
    )
    expect(header(answer, 'access-control-allow-origin')).toBe('https://spa.example')
    expect(header(answer, 'access-control-allow-credentials')).toBe('true')
    expect(header(answer, 'vary')).toBe('Origin')
    const odd = refuse(
      facts('fetch', { headers: ['Origin', 'https://x"y'] }),
      decisionOf('permission-missing'),
    )
    expect(header(odd, 'access-control-allow-origin')).toBeNull()
  })

  it('learn when a window opens', () => {
    const answer = refuse(
      facts('fetch'),
      decisionOf('outside-time-window', { opensAt: Date.UTC(2026, 0, 2, 8) }),
    )
    expect(JSON.parse(String(answer.body))).toMatchObject({ opensAt: '2026-01-02T08:00:00.000Z' })
  })
})

it('credentials are expired with the refusal, in every shape', () => {
  for (const kind of kinds) {
    const answer = refuse(facts(kind), decisionOf('session-revoked'), {
      setCookies: ['sid=; Max-Age=0', 'gatehouse=; Max-Age=0'],
    })
    expect(answer.headers.filter((name) => name === 'Set-Cookie')).toHaveLength(2)
  }
})

it('failures name a public cause and nothing else', () => {
  const failure = {
    status: 502,
    title: 'T',
    sentence: 'S.',
    proxyError: 'connection_terminated',
    retryAfterMs: 1_500,
  } as const
  const answer = answerFailure(facts('fetch'), failure)
  expect(header(answer, 'proxy-status')).toBe('gatehouse; error=connection_terminated')
  expect(header(answer, 'retry-after')).toBe('2')
  expect(answerCut(facts('fetch'), 'knowledge-stale', null).status).toBe(503)
  expect(answerCut(facts('fetch'), 'session-revoked', decisionOf('session-revoked')).status).toBe(401)
})

describe('kinds of client', () => {
  it.each([
    ['a page', ['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document'], 'navigation'],
    ['a frame', ['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'iframe'], 'navigation'],
    ['a fetch', ['Sec-Fetch-Mode', 'cors', 'Sec-Fetch-Dest', 'empty', 'Accept', 'text/html'], 'fetch'],
    ['an image', ['Sec-Fetch-Mode', 'no-cors', 'Sec-Fetch-Dest', 'image'], 'asset'],
    ['a style sheet', ['Sec-Fetch-Dest', 'style', 'Accept', 'text/css,*/*'], 'asset'],
    ['an old browser', ['Accept', 'text/html,*/*'], 'navigation'],
    ['an old browser\u2019s image', ['Accept', 'image/webp,*/*'], 'asset'],
    ['XMLHttpRequest', ['X-Requested-With', 'XMLHttpRequest', 'Accept', 'text/html'], 'fetch'],
    ['curl', ['Accept', '*/*', 'User-Agent', 'curl'], 'fetch'],
    ['nothing at all', [], 'fetch'],
  ] as const)('%s', (_, headers, kind) => expect(clientKind(headers, null)).toBe(kind))

  it('an upgrade is a WebSocket, whatever it says', () => {
    expect(clientKind(['Sec-Fetch-Mode', 'navigate'], 'websocket')).toBe('websocket')
  })
})

it('a failure offers to try again what was read and can go better, and nothing that was sent', () => {
  const offers = (method: string, status: Failure['status']): boolean => {
    const { body } = answerFailure(facts('navigation', { method }), { status, title: 'T', sentence: 'S.' })
    return String(body).includes('<a class="first" href="">Try again</a>')
  }
  for (const status of [408, 429, 502, 503, 504] as const)
    expect([offers('GET', status), offers('POST', status)], String(status)).toEqual([true, false])
  for (const status of [400, 404, 413, 501, 505] as const) expect(offers('GET', status)).toBe(false)
})
