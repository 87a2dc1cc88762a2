/**
 * Goal: an authenticator app is set up where it may be, its recovery codes are shown once, and one's own are changed
 * only after a proof. Method: the pages walked through as a browser would, with real codes, under a stepped clock.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { proveFactor } from '../../../admin/two-factor/visits.ts'
import { hashToken, newToken } from '../../../runtime/token.ts'
import { south } from '../practice-store.ts'
import {
  address,
  application,
  codesOn,
  createPortalStage,
  digits,
  heading,
  keyOn,
  type PortalStage,
  proofOf,
  text,
  tokenOn,
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

describe('setting up', () => {
  const enrolling = { reason: 'two-factor-not-enrolled', to: null } as const

  it('shows picture, key and steps; the first code is answered with ten recovery codes and leads back', async () => {
    const cookie = await stage.arrive(session, enrolling)
    const html = await text(stage.get('/', cookie))
    const key = keyOn(html)
    expect(heading(html)).toBe('Set up your second factor')
    expect(key).toMatch(/^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/)
    expect(html).toMatch(/<svg aria-hidden="true"[^>]*><rect fill="white"/)
    expect(html).toContain(`<strong>PERSON${person}</strong>`)
    expect(keyOn(await text(stage.get('/set-up', cookie)))).toBe(key)
    const answer = await stage.send(cookie, '/', '/set-up', { code: digits(key, stage.clock.now()) })
    const page = await answer.text()
    expect([answer.status, heading(page)]).toEqual([200, 'Keep your recovery codes'])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(new Set(codesOn(page)).size).toBe(10)
    const on = await stage.post('/done', cookie, { token: tokenOn(page), after: 'codes', kept: 'yes' })
    expect(on.status).toBe(303)
    expect(on.headers.get('location')).toMatch(
      /^https:\/\/lakeside\.example:8443\/\.gatehouse\/access\?proof=[A-Za-z0-9_-]{43}$/,
    )
    expect(await prove(proofOf(on))).toMatchObject({ factor_method: 'totp' })
    expect((await stage.get('/', cookie)).status).toBe(403)
  })

  it('a reload of the recovery codes shows none and makes none', async () => {
    const cookie = await stage.arrive(session, enrolling)
    const html = await text(stage.get('/', cookie))
    const fields = { token: tokenOn(html), code: digits(keyOn(html), stage.clock.now()) }
    const first = codesOn(await text(stage.post('/set-up', cookie, fields)))
    const again = await text(stage.post('/set-up', cookie, fields))
    expect([heading(again), codesOn(again)]).toEqual(['These codes were shown already', []])
    const other = await stage.arrive(session)
    expect((await verify(other, first[0] ?? '', 'recovery')).headers.get('location')).toContain('proof=')
  })

  it('whoever goes on without keeping them is told, and can', async () => {
    const cookie = await stage.arrive(session, enrolling)
    const html = await text(stage.get('/', cookie))
    const answer = await stage.send(cookie, '/', '/set-up', { code: digits(keyOn(html), stage.clock.now()) })
    const on = await stage.post('/done', cookie, { token: tokenOn(await answer.text()), after: 'codes' })
    expect(on.headers.get('location')).toBe('/')
    const home = await text(stage.get('/', cookie))
    expect(heading(home)).toBe('Confirmed')
    const gone = await stage.post('/done', cookie, { token: tokenOn(home) })
    expect(proofOf(gone)).not.toBe('')
  })

  it('a wrong or shapeless code keeps the key, and says so after a redirect', async () => {
    const cookie = await stage.arrive(session, enrolling)
    const key = keyOn(await text(stage.get('/', cookie)))
    const wrong = digits(key, stage.clock.now() + 3_600_000)
    for (const [code, said, sentence] of [
      ['12', 'form', 'Enter the six digits'],
      [wrong, 'wrong-4', '4 tries are left'],
    ] as const) {
      const answer = await stage.send(cookie, '/', '/set-up', { code })
      expect([answer.status, answer.headers.get('location')]).toEqual([303, `/set-up?said=${said}`])
      const html = await text(stage.get(`/set-up?said=${said}`, cookie))
      expect(html).toContain(sentence)
      expect(html).toContain('aria-describedby="code-hint code-problem" aria-invalid="true"')
      expect(keyOn(html)).toBe(key)
      expect(html).not.toContain(`value="${code}"`)
    }
  })

  it('says when it must be done where a grace runs', async () => {
    const enrolBy = Date.UTC(2027, 0, 4, 9)
    await stage.store.read((rows) =>
      rows
        .updateTable('membership')
        .set({ enrol_by: enrolBy, required_since: 1 })
        .where('user_id', '=', session.user_id)
        .execute(),
    )
    const cookie = await stage.arrive(session, { reason: null })
    expect(await text(stage.get('/', cookie))).toContain('Mon 4 Jan 2027, 10:00')
    expect(await text(stage.get('/set-up', cookie))).toContain('Mon 4 Jan 2027, 10:00')
  })

  it('is refused with its reason from an address that the practice does not list', async () => {
    await stage.store.read(async (rows) => {
      const row = await rows
        .selectFrom('policy_revision')
        .select('document')
        .where('practice', '=', south)
        .executeTakeFirstOrThrow()
      const document = row.document as unknown as { controls: { ip: { mode: string } } }
      document.controls.ip.mode = 'enforce'
      await rows
        .updateTable('policy_revision')
        .set({ document: JSON.stringify(document) as never })
        .where('practice', '=', south)
        .execute()
    })
    const away = await stage.signIn('away', {
      identity: {
        appUser: 'away',
        kind: 'staff',
        name: 'AWAY',
        email: null,
        practices: [{ id: south, roles: ['Front Desk'] }],
        amr: [],
      },
    })
    const cookie = await stage.arrive(away, enrolling)
    const answer = await stage.get('/', cookie)
    const html = await answer.text()
    expect([answer.status, heading(html)]).toEqual([403, 'This has to be set up at the practice'])
    expect(html).toContain(address)
    expect(html).toContain('ask the person who manages access')
    const sent = await stage.post('/set-up', cookie, {
      token: tokenOn(await text(stage.get('/verify', cookie))),
      code: '123456',
    })
    expect(sent.status).toBe(403)
  })
})

describe('one’s own factors', () => {
  it('shows what is set up, and lets changes be made only after a proof in this visit', async () => {
    const { key, codes } = await stage.enrol(session)
    const cookie = await stage.arrive(session, { reason: null, to: '/me' })
    const html = await text(stage.get('/', cookie))
    expect(heading(html)).toBe('Your second factor')
    for (const words of ['Authenticator app', '10 of 10', 'Mon 2 Mar 2026', 'New recovery codes'])
      expect(html).toContain(words)
    for (const path of ['/recovery-codes', '/set-up'])
      expect((await stage.get(path, cookie)).headers.get('location')).toBe(`/verify?purpose=${path.slice(1)}`)
    expect(html).not.toContain('Security Management')
    await stage.store.read((rows) =>
      rows
        .updateTable('membership')
        .set({ roles: ['owner'] })
        .where('user_id', '=', session.user_id)
        .execute(),
    )
    expect(await text(stage.get('/', cookie))).toContain('/.gatehouse/security-management')
    const token = tokenOn(html)
    const early = await stage.post('/recovery-codes', cookie, { token, wish: '0' })
    expect(codesOn(await early.text())).toEqual([])
    const proved = await verify(cookie, digits(key, stage.clock.now()), 'app', 'recovery-codes')
    expect(proved.headers.get('location')).toBe('/recovery-codes')
    const ask = await text(stage.get('/recovery-codes', cookie))
    expect(ask).toContain('The 10 that you still have will no longer work.')
    const wish = /name="wish" value="(\d+)"/.exec(ask)?.[1] ?? ''
    const fresh = codesOn(await text(stage.post('/recovery-codes', cookie, { token, wish })))
    expect(fresh).toHaveLength(10)
    expect(codes).not.toContain(fresh[0])
    const reload = await text(stage.post('/recovery-codes', cookie, { token, wish }))
    expect([heading(reload), codesOn(reload)]).toEqual(['These codes were shown already', []])
    const kept = await stage.post('/done', cookie, { token, after: 'codes', kept: 'yes' })
    expect(kept.headers.get('location')).toBe('/')
    const done = await stage.post('/done', cookie, { token })
    expect(done.headers.get('location')).toMatch(/\/\.gatehouse\/access\?proof=[^&]+&to=%2Fme$/)
  })

  it('another app works beside the first after a proof; it has a name, and the first can be removed', async () => {
    const { key } = await stage.enrol(session)
    const cookie = await stage.arrive(session, { reason: null })
    const proved = await verify(cookie, digits(key, stage.clock.now()), 'app', 'set-up')
    expect(proved.headers.get('location')).toBe('/set-up')
    const html = await text(stage.get('/set-up', cookie))
    expect(heading(html)).toBe('Set up another authenticator app')
    const fresh = keyOn(html)
    expect(fresh.replaceAll(' ', '')).not.toBe(key.replaceAll(' ', ''))
    const sent = { code: digits(fresh, stage.clock.now()), name: 'My <b>tablet</b>' }
    const answer = await stage.send(cookie, '/set-up', '/set-up', sent)
    expect(answer.headers.get('location')).toBe('/')
    const list = await text(stage.get('/', cookie))
    expect(list).toMatch(
      /<span class="name">My &lt;b&gt;tablet&lt;\/b&gt;<\/span>.*<span class="note">Authenticator app<\/span>/,
    )
    const [first = ''] = [...list.matchAll(/\/factor\?id=(fac_[\w-]+)/g)].map(([, id]) => id ?? '')
    expect(heading(await text(stage.get(`/factor?id=${first}`, cookie)))).toBe('Authenticator app')
    await stage.send(cookie, `/factor?id=${first}`, '/factor', { id: first, do: 'remove' })
    expect(await text(stage.get('/', cookie))).not.toContain(first)
    stage.clock.advance(60_000)
    const other = await stage.arrive(session)
    expect((await verify(other, digits(key, stage.clock.now()))).headers.get('location')).toContain(
      'said=wrong',
    )
    expect(proofOf(await verify(other, digits(fresh, stage.clock.now())))).not.toBe('')
  })

  it('without one it can be set up; Done leads back with nothing to prove', async () => {
    const cookie = await stage.arrive(session, { reason: null, to: '/me?x=1' })
    const html = await text(stage.get('/', cookie))
    expect(html).toContain('You have no second factor yet.')
    expect(html).toContain('href="/set-up"')
    const done = await stage.post('/done', cookie, { token: tokenOn(html) })
    expect(done.headers.get('location')).toBe(`${application}/me?x=1`)
    expect((await stage.get('/', cookie)).status).toBe(403)
  })
})
