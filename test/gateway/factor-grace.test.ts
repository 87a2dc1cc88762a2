/**
 * Goal: nobody meets the wall of a second factor unprepared, and nobody passes it by waiting. Method: sign-ins of
 * somebody whose time to set one up is not over yet, in the browser and by script.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fleetKey, openFleet } from '../../runtime/fleet-seal.ts'
import { keys } from '../../runtime/keys.ts'
import { type Report, reportSchema } from '../../runtime/records.ts'
import { streamStart } from '../../runtime/stream-position.ts'
import { hashToken } from '../../runtime/token.ts'
import { type FactorStand, fieldsOf, startFactorStand, step } from '../support/factor-stand.ts'
import { eventually } from '../support/gateway-stand.ts'

let stand: FactorStand
const fleet = fleetKey('a-cluster-key-for-tests-only-0123456789')
beforeEach(async () => {
  stand = await startFactorStand()
})
afterEach(() => stand.close())

describe('somebody who must set up a second factor before long', () => {
  beforeEach(async () => {
    await stand.require2fa()
    await stand.member({ enrolBy: Date.UTC(2099, 11, 1, 12) })
  })

  test('is told by when at the sign-in; “later” goes on as ever', async () => {
    const client = await stand.signInHeld()
    expect(stand.held()).toHaveLength(1)
    expect((await client.get('/home')).headers.location).toContain(step)
    const shown = await client.get(step)
    expect(shown.text).toContain('Set up your second factor by Tuesday, December 1 at 12:00 UTC')
    expect(shown.text).toMatch(/You have \d+ d (?:\d+ h )?left\./)
    expect(shown.headers.refresh).toBeUndefined()
    const gone = await stand.press(client, 'later')
    expect(gone.headers.location).toBe('/home')
    expect(client.cookies.has('sid')).toBe(true)
    expect((await client.get('/patients/7')).text).toBe('page for ann')
  })

  test('may do so at once, and goes on', async () => {
    const client = await stand.signInHeld()
    const ticket = await stand.goOver(client)
    expect(stand.control.tickets.get(hashToken(ticket))?.reason).toBe('two-factor-not-enrolled')
    await stand.member({ factors: ['totp'] })
    const back = await stand.prove(client)
    expect((await client.get(back.headers.location ?? '')).headers.location).toBe('/home')
  })

  test('is not let in by “later” once the time is over', async () => {
    const client = await stand.signInHeld()
    const page = await client.get(step)
    await stand.member({ enrolBy: 1 })
    const form = { ...fieldsOf(page.text), do: 'later' }
    const sent = await client.post(step, { form, headers: { origin: stand.base() } })
    expect(sent.headers.location).toBe(step)
    expect(client.cookies.has('sid')).toBe(false)
    expect((await client.get(step)).text).toContain('One more step')
  })

  test('is not held up where there is no page to tell them on, or no place to wait', async () => {
    const script = stand.client()
    expect((await script.post('/api/sign-in', { json: { user: 'ann', password: 'right' } })).status).toBe(303)
    expect(script.cookies.has('sid')).toBe(true)
    for (let i = 0; i < 5; i += 1) await stand.signInHeld()
    const sixth = stand.client()
    expect((await stand.signIn(sixth, 'ann')).headers.location).toBe('/home')
  })

  test('somebody out of scope, or with a factor, is not told', async () => {
    const client = stand.client()
    await stand.member({ factors: ['totp'] })
    await stand.signInHeld()
    await stand.control.savePolicy('riverside', (document) => ({
      ...document,
      controls: { ...document.controls, twoFactor: { ...document.controls.twoFactor, mode: 'monitor' } },
    }))
    await stand.member({ factors: [] })
    expect((await stand.signIn(client, 'ann')).headers.location).toBe('/home')
  })
})

test('monitored, a second factor holds nobody up, and each who would have been asked is reported', async () => {
  await stand.require2fa('riverside', 'monitor')
  const client = stand.client()
  expect((await stand.signIn(client, 'ann')).headers.location).toBe('/home')
  expect((await client.get('/patients/7')).text).toBe('page for ann')
  const reported = async (): Promise<Report[]> => {
    const entries = await stand.store.readAfter(keys.reports, streamStart, 100, 0)
    return entries.flatMap(({ text }) =>
      reportSchema.array().parse(JSON.parse(openFleet(fleet, keys.reports, text) ?? '[]')),
    )
  }
  const monitored = async () =>
    (await reported()).flatMap((report) => (report.kind === 'refusal' && report.monitored ? [report] : []))
  await eventually(async () => (await monitored()).length > 0, 'reported')
  for (const { user, code, reason, control } of await monitored())
    expect({ user, code, reason, control }).toEqual({
      ...{ user: 'usr_ann', code: null, reason: 'two-factor-not-enrolled', control: 'two-factor' },
    })
})
