/**
 * Goal: a code that counts leads back with a proof for this session only; any other is told near its field.
 * Method: codes of a real app posted in visits on a real database, under a stepped clock.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { proveFactor } from '../../../admin/two-factor/visits.ts'
import { hashToken, newToken } from '../../../runtime/token.ts'
import { north } from '../practice-store.ts'
import {
  application,
  createPortalStage,
  digits,
  heading,
  type PortalStage,
  proofOf,
  text,
} from './portal-stage.ts'

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
const prove = async (proof: string, tokenHash = session.token_hash) => {
  const request = { tokenHash, proofHash: hashToken(proof), renewedHash: hashToken(newToken()) }
  return (await proveFactor(stage.store, request, stage.clock.now()))?.session ?? null
}

describe('confirming', () => {
  it('names the person and the practices, and leads back with a proof that counts once, for this session', async () => {
    const { key } = await stage.enrol(session)
    const cookie = await stage.arrive(session)
    const html = await text(stage.get('/', cookie))
    expect(heading(html)).toBe('Confirm that it is you')
    expect(html).toContain(`PERSON${person}`)
    expect(html).toContain(`Practice ${north}`)
    expect(html).toContain(`<a href="${application}/.gatehouse/access?leave">Sign in as someone else</a>`)
    expect(html).toMatch(/id="code"[^>]* inputmode="numeric" autocomplete="one-time-code"[^>]* autofocus/)
    const answer = await verify(cookie, digits(key, stage.clock.now()))
    expect(answer.status).toBe(303)
    expect(answer.headers.get('set-cookie')).toMatch(/Max-Age=0/)
    const to = new URL(answer.headers.get('location') ?? '')
    expect([to.origin, to.pathname, to.searchParams.get('to')]).toEqual([
      application,
      '/.gatehouse/access',
      '/schedule?day=1',
    ])
    const thief = await stage.signIn(`person${person}`)
    expect(await prove(proofOf(answer), thief.token_hash)).toBeNull()
    expect(await prove(proofOf(answer))).toMatchObject({
      factor_method: 'totp',
      version: session.version + 1,
    })
    expect(await prove(proofOf(answer))).toBeNull()
  })

  it('says wrong, used, too many and over, each near its field and without spending a try on a reload', async () => {
    const { key } = await stage.enrol(session)
    const now = stage.clock.now()
    const cookie = await stage.arrive(session)
    const wrong = await verify(cookie, digits(key, now + 3_600_000))
    expect(wrong.headers.get('location')).toBe('/verify?purpose=access&by=app&said=wrong-4')
    const shown = await text(stage.get('/verify?purpose=access&by=app&said=wrong-4', cookie))
    expect(shown).toMatch(
      /<p class="problem" id="code-problem" role="alert">That is not the code[^<]*4 tries/,
    )
    const late = (await verify(cookie, digits(key, now - 120_000))).headers.get('location') ?? ''
    expect(late).toMatch(/said=expired-3$/)
    expect(await text(stage.get(late, cookie))).toMatch(/role="alert">That code has run out[^<]*3 tries/)
    await verify(cookie, digits(key, now), 'app', 'set-up')
    const used = await verify(cookie, digits(key, now))
    expect(used.headers.get('location')).toMatch(/said=used-[0-4]$/)
    const recovery = await verify(cookie, '00000-00000', 'recovery')
    expect(recovery.headers.get('location')).toMatch(/by=recovery&said=wrong-[0-4]$/)
    const open = await text(stage.get('/verify?by=recovery&said=wrong-1', cookie))
    expect(open).toMatch(
      /<details open>.*id="recovery-problem" role="alert">That is none of your[^<]*One try is left/s,
    )
    const last = await verify(cookie, '000000')
    expect([last.status, heading(await last.text())]).toEqual([403, 'Too many wrong codes'])
    expect(last.headers.get('set-cookie')).toMatch(/Max-Age=0/)
    expect((await stage.get('/', cookie)).status).toBe(403)
  })

  it('makes somebody wait who has tried too often, over all visits', async () => {
    await stage.enrol(session)
    let location = ''
    for (let i = 0; i < 3 && !location.includes('wait'); i++) {
      const cookie = await stage.arrive(session)
      for (let j = 0; j < 5; j++)
        location = (await verify(cookie, '000000')).headers.get('location') ?? location
    }
    expect(location).toMatch(/said=wait-\d{13}$/)
    const cookie = await stage.arrive(session)
    expect(await text(stage.get(location, cookie))).toMatch(
      /Too many wrong codes\. Try again in (a minute|\d+ minutes)/,
    )
  })

  it('takes a recovery code once, and says when few are left before going on', async () => {
    const { codes } = await stage.enrol(session)
    const first = await stage.arrive(session)
    expect(proofOf(await verify(first, (codes[0] ?? '').toLowerCase(), 'recovery'))).not.toBe('')
    const second = await stage.arrive(session)
    expect((await verify(second, codes[0] ?? '', 'recovery')).headers.get('location')).toContain('said=used')
    for (const code of codes.slice(1, 6)) await verify(await stage.arrive(session), code, 'recovery')
    const few = await stage.arrive(session)
    expect((await verify(few, codes[6] ?? '', 'recovery')).headers.get('location')).toBe('/')
    const html = await text(stage.get('/', few))
    expect(heading(html)).toBe('Confirmed')
    expect(html).toContain('Only 3 recovery codes are left.')
  })

  it('asks for no code where only a passkey would do: a code leads to making one, not in a circle', async () => {
    const { key } = await stage.enrol(session)
    const cookie = await stage.arrive(session, { reason: 'two-factor-too-weak' })
    expect(await (await stage.get('/', cookie)).text()).toContain('href="/passkey"')
    expect((await stage.get('/passkey', cookie)).headers.get('location')).toBe('/verify?purpose=passkey')
    const proved = await stage.send(cookie, '/verify?purpose=passkey', '/verify', {
      ...{ purpose: 'passkey', by: 'app', code: digits(key, stage.clock.now()) },
    })
    expect(proved.headers.get('location')).toBe('/passkey')
    expect(heading(await text(stage.get('/passkey', cookie)))).toBe('Set up a passkey')
  })

  it('never leads anywhere but to a path of the application', async () => {
    const { key } = await stage.enrol(session)
    for (const to of ['//evil.example/x', '/\\evil.example', 'https://evil.example/', '/\t/evil.example']) {
      const cookie = await stage.arrive(session, { to })
      const answer = await verify(cookie, digits(key, stage.clock.now()))
      expect(answer.headers.get('location')).toMatch(
        /^https:\/\/lakeside\.example:8443\/\.gatehouse\/access\?proof=[^&]+$/,
      )
      stage.clock.advance(60_000)
    }
  })
})
