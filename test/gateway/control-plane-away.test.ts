/**
 * Goal: while the control plane is away, work goes on, and every page that waits for it says both, and what to do.
 * Method: one stand; somebody who is in, somebody whose sign-in is held, and somebody who wants to sign in, at each page.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { worksOn } from '../../runtime/pages/texts.ts'
import type { Client } from '../support/client.ts'
import { type FactorStand, signInProved, startFactorStand, step } from '../support/factor-stand.ts'

let stand: FactorStand
let inside: Client
let held: Client
beforeAll(async () => {
  stand = await startFactorStand()
  await stand.require2fa()
  await stand.member({ factors: ['totp'] })
  inside = await signInProved(stand)
  held = await stand.signInHeld()
  stand.control.stop()
})
afterAll(() => stand?.close())

const heading = (text: string): string => /<h1>([^<]*)<\/h1>/.exec(text)?.[1] ?? ''

test('who is signed in works on, and sees their practices', async () => {
  expect((await inside.get('/patients/7')).status).toBe(200)
  expect((await inside.get('/api/x', { navigation: false })).status).toBe(200)
  const practices = await inside.get('/.gatehouse/practices')
  expect([practices.status, practices.text.includes('Access allowed now')]).toEqual([200, true])
})

test('every way to another plane says that it is not possible right now, that work goes on, and tries again', async () => {
  for (const [client, path] of [
    [inside, '/.gatehouse/second-factor'],
    [inside, '/.gatehouse/account'],
    [inside, '/.gatehouse/security-management'],
    [held, '/.gatehouse/second-factor'],
    [held, `${step}?proof=${'a'.repeat(43)}`],
  ] as const) {
    const page = await client.get(path)
    expect([page.status, heading(page.text), page.headers.refresh], path).toEqual([
      ...[503, 'Not possible right now', '10'],
    ])
    expect(page.text, path).toContain(worksOn)
    expect(page.headers['cache-control'], path).toBe('no-store')
  }
})

test('a sign-in is not sent on, and says why', async () => {
  const before = stand.application.arrived.length
  const answer = await stand.signIn(stand.client(), 'ann')
  expect([answer.status, heading(answer.text)]).toEqual([503, 'Signing in is not possible right now'])
  expect(answer.text).toContain(worksOn)
  expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
  expect(stand.application.arrived.length).toBe(before)
})

test('a script hears it as a problem document', async () => {
  const answer = await stand.client().post('/sign-in', {
    form: { user: 'ann', password: 'right' },
    navigation: false,
  })
  expect([answer.status, answer.headers['content-type']]).toEqual([503, 'application/problem+json'])
  expect(answer.json()).toMatchObject({ title: 'Signing in is not possible right now' })
})
