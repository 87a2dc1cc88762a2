/**
 * Goal: only a form of our own page, sent by the browser that holds the visit, does anything.
 * Method: right codes posted with one thing wrong each, then without it, so that what was refused was the forgery.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { newToken } from '../../../runtime/token.ts'
import {
  application,
  createPortalStage,
  digits,
  heading,
  origin,
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

describe('forged requests', () => {
  it.each([
    ['from another origin', { origin: 'https://evil.example' }],
    ['from the application', { origin: application, 'sec-fetch-site': 'same-site' }],
    ['from nowhere', { origin: 'null' }],
    ['from a sibling by Fetch Metadata', { 'sec-fetch-site': 'same-site' }],
    ['as plain text', { 'content-type': 'text/plain' }],
  ])('a form %s does nothing', async (_, headers) => {
    const { key } = await stage.enrol(session)
    const cookie = await stage.arrive(session)
    const token = tokenOn(await text(stage.get('/', cookie)))
    const fields = { token, code: digits(key, stage.clock.now()), by: 'app', purpose: 'access' }
    const forged = await stage.post('/verify', cookie, fields, headers)
    expect([forged.status, heading(await forged.text())]).toEqual([403, 'Nothing was done'])
    expect(proofOf(await stage.post('/verify', cookie, fields))).not.toBe('')
  })

  it('a form without its token, with another visit’s or with a field twice does nothing', async () => {
    const { key } = await stage.enrol(session)
    const other = tokenOn(await text(stage.get('/', await stage.arrive(session))))
    const cookie = await stage.arrive(session)
    const token = tokenOn(await text(stage.get('/', cookie)))
    const code = digits(key, stage.clock.now())
    for (const fields of [{ code }, { code, token: '' }, { code, token: other }])
      expect((await stage.post('/verify', cookie, fields)).status).toBe(403)
    const twice = await stage.request('/verify', {
      method: 'POST',
      headers: { cookie, origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: `token=${token}&code=${code}&code=${code}`,
    })
    expect(twice.status).toBe(403)
    expect(proofOf(await stage.post('/verify', cookie, { token, code }))).not.toBe('')
  })

  it('opening an address changes nothing', async () => {
    const { key } = await stage.enrol(session)
    const cookie = await stage.arrive(session)
    const token = tokenOn(await text(stage.get('/', cookie)))
    const code = digits(key, stage.clock.now())
    const query = new URLSearchParams({ token, code, by: 'app', purpose: 'access', kept: 'yes' })
    for (const path of ['/verify', '/set-up', '/recovery-codes', '/done', '/']) {
      const answer = await stage.get(`${path}?${query}`, cookie)
      expect(answer.headers.get('location') ?? '').not.toContain('proof')
    }
    expect(proofOf(await verify(cookie, code))).not.toBe('')
  })

  it('a cookie that is there twice with two values is nobody’s, and a large body is not read', async () => {
    const cookie = await stage.arrive(session)
    expect((await stage.get('/', `${cookie}; __Host-gatehouse-portal=${newToken()}`)).status).toBe(403)
    const large = await stage.post('/verify', cookie, { token: 'x', code: 'x'.repeat(10_000) })
    expect(large.status).toBe(413)
  })

  it('a stranger’s form does not take the cookie away', async () => {
    const answer = await stage.request('/done', {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
    })
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null])
  })
})
