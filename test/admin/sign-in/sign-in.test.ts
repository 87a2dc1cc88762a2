/**
 * Goal: only the right password from one of our own pages opens an admin session, and it ends when it should.
 * Method: forms posted to the app as a browser would, on a real database, under a clock that is stepped.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { idleMs } from '../../../admin/sign-in/admin-sessions.ts'
import { cookieName, readCookie } from '../../../admin/sign-in/cookie.ts'
import { absoluteMs } from '../../../admin/sign-in/own-account-sign-in.ts'
import { returnTarget } from '../../../admin/sign-in/own-origin.ts'
import { createStage, origin, password, type Stage } from '../api/admin-stage.ts'

let stage: Stage
beforeAll(async () => {
  stage = await createStage()
})
afterAll(() => stage.close())

const me = (cookie: string) => stage.request('/api/me', { headers: { cookie } })

describe('signing in', () => {
  it('opens a session in a cookie that no script and no other site can use', async () => {
    const response = await stage.postSignIn({ login: ' ROOT ', password, return: '/ip-allowlist?x=1' })
    expect(response.status).toBe(303)
    expect(response.headers.get('location')).toBe('/ip-allowlist?x=1')
    expect(response.headers.get('set-cookie')).toMatch(
      /^__Host-gatehouse-admin=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
    )
  })

  it('answers an unknown account as it answers a wrong password', async () => {
    const wrong = await stage.postSignIn({ login: 'viewer', password: 'wrong' }, '198.51.100.1')
    const unknown = await stage.postSignIn({ login: 'nobody', password: 'wrong' }, '198.51.100.2')
    expect([wrong.status, unknown.status]).toEqual([403, 403])
    const plain = async (response: Response, login: string) =>
      (await response.text()).replace(/nonce="[^"]+"/g, '').replace(login, 'LOGIN')
    expect(await plain(wrong, 'viewer')).toBe(await plain(unknown, 'nobody'))
    expect(wrong.headers.get('set-cookie')).toBeNull()
  })

  it('gives a new token each time and ends the session it replaces', async () => {
    const first = await stage.signIn('viewer', '198.51.100.3')
    const again = await stage.postSignIn({ login: 'viewer', password }, '198.51.100.3', {
      cookie: first.cookie,
    })
    const second = again.headers.get('set-cookie')?.split(';')[0] ?? ''
    expect(second).not.toBe(first.cookie)
    expect((await me(first.cookie)).status).toBe(401)
    expect((await me(second)).status).toBe(200)
  })

  it.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['the null origin', { origin: 'null' }],
    ['a sibling by Fetch Metadata', { 'sec-fetch-site': 'same-site' }],
    ['JSON', { 'content-type': 'text/plain' }],
  ])('refuses the form when it comes as %s', async (_, headers) => {
    const response = await stage.postSignIn({ login: 'root', password }, '198.51.100.4', headers)
    expect(response.status).toBe(403)
    expect(response.headers.get('set-cookie')).toBeNull()
  })

  it('refuses a field that is there twice', async () => {
    const response = await stage.request('/sign-in', {
      method: 'POST',
      body: `login=root&login=viewer&password=${encodeURIComponent(password)}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin },
    })
    expect(response.status).toBe(403)
  })

  it('escapes what was typed', async () => {
    const response = await stage.postSignIn({ login: '"><script>x</script>', password: 'no' }, '198.51.100.5')
    expect(await response.text()).not.toContain('<script>')
  })
})

describe('limits', () => {
  it('lets five tries through, also when they come at once, then none but from elsewhere', async () => {
    const tries = await Promise.all(
      Array.from({ length: 12 }, () =>
        stage.postSignIn({ login: 'hilly', password: 'wrong' }, '198.51.100.20'),
      ),
    )
    const statuses = tries.map(({ status }) => status)
    expect(statuses.filter((status) => status === 403)).toHaveLength(5)
    expect(statuses.filter((status) => status === 429)).toHaveLength(7)
    const right = await stage.postSignIn({ login: 'HILLY', password }, '198.51.100.20')
    expect(right.status).toBe(429)
    expect(right.headers.get('retry-after')).toBe('60')
    expect((await stage.postSignIn({ login: 'hilly', password }, '198.51.100.21')).status).toBe(303)
  })

  it('records failures of accounts that there are, and of no invented ones', async () => {
    const before = await countFailures()
    await stage.postSignIn({ login: 'invented', password: 'wrong' }, '198.51.100.30')
    await stage.postSignIn({ login: 'viewer', password: 'wrong' }, '198.51.100.30')
    await vi.waitFor(async () => expect(await countFailures()).toBe(before + 1))
  })
})

const countFailures = async (): Promise<number> => {
  const row = await stage.store.read((rows) =>
    rows
      .selectFrom('security_event')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('action', '=', 'admin.sign-in-failed')
      .executeTakeFirstOrThrow(),
  )
  return row.count
}

describe('a session', () => {
  it('ends after thirty idle minutes, and a page that asks by itself does not put that off', async () => {
    const { cookie, ask } = await stage.signIn('root')
    stage.clock.advance(idleMs - 60_000)
    expect((await ask('GET', '/api/me', { headers: { 'x-gatehouse-background': '1' } })).status).toBe(200)
    stage.clock.advance(60_000)
    expect((await me(cookie)).status).toBe(401)
  })

  it('ends after twelve hours however busy it is', async () => {
    const { cookie } = await stage.signIn('root')
    for (let passed = 0; passed < absoluteMs - idleMs; passed += idleMs / 2) {
      stage.clock.advance(idleMs / 2)
      expect((await me(cookie)).status).toBe(200)
    }
    stage.clock.advance(idleMs)
    expect((await me(cookie)).status).toBe(401)
  })

  it('ends by sign-out, which needs the token against forged requests', async () => {
    const { cookie, ask } = await stage.signIn('root')
    expect((await ask('POST', '/sign-out', { headers: { 'x-gatehouse-csrf': 'guess' } })).status).toBe(403)
    expect((await me(cookie)).status).toBe(200)
    const out = await ask('POST', '/sign-out')
    expect(out.status).toBe(303)
    expect(out.headers.get('set-cookie')).toMatch(/Max-Age=0/)
    expect((await me(cookie)).status).toBe(401)
  })

  it('is nobody’s once its account is suspended', async () => {
    const { cookie } = await stage.signIn('blocked')
    await stage.store.read((rows) =>
      rows.updateTable('admin_account').set({ suspended: true }).where('login', '=', 'blocked').execute(),
    )
    expect((await me(cookie)).status).toBe(401)
    expect((await stage.postSignIn({ login: 'blocked', password }, '198.51.100.40')).status).toBe(403)
  })
})

describe('small print', () => {
  it('reads one cookie of our name and refuses two that differ', () => {
    const name = cookieName(true)
    expect(readCookie(`a=1; ${name}=t; b=2`, true)).toBe('t')
    expect(readCookie(`${name}=t;\t${name}=t`, true)).toBe('t')
    expect(readCookie(`${name}=t; ${name}=u`, true)).toBeNull()
    expect(readCookie(`\u00a0${name}=t`, true)).toBeNull()
    expect(readCookie(undefined, true)).toBeNull()
  })

  it.each([
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example', '/'],
    ['/a\r\nSet-Cookie: x', '/'],
    ['/sign-out', '/'],
    ['/api/me', '/'],
    ['/active-users?text=a%20b', '/active-users?text=a%20b'],
    ['/signing', '/signing'],
  ])('returns from sign-in to %j as %j', (wanted, got) => {
    expect(returnTarget(wanted)).toBe(got)
  })

  it('serves the page without script, framed by nobody', async () => {
    const response = await stage.request('/sign-in?return=/events')
    const policy = response.headers.get('content-security-policy') ?? ''
    const nonce = /nonce-([^']+)'/.exec(policy)?.[1]
    const text = await response.text()
    expect(text).toContain(`<style nonce="${nonce}">`)
    expect(text).toContain('name="return" value="/events"')
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(text).not.toContain('<script')
  })

  it('answers nothing under another host name', async () => {
    const response = await stage.app.request('https://rebound.example/sign-in', {}, { peer: '203.0.113.9' })
    expect(response.status).toBe(421)
  })
})
