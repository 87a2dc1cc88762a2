/**
 * Goal: nobody is let into a practice that is no longer at Gatehouse, whatever names it, and they are told so.
 * Method: somebody of two practices, told apart by path or by the application's cookie; one of them is retired under their
 * open stream, with two gateways of which one is asked for the first time afterwards.
 */
import { afterEach, expect, test } from 'vitest'
import { upstreamSchema } from '../../runtime/config-upstream.ts'
import { eventually, people, type Stand, startStand } from '../support/gateway-stand.ts'
import { openEvents } from '../support/streams.ts'

let stand: Stand
afterEach(() => stand?.close())

const told = { name: 'Lakeview <i>Family</i>', contact: 'Maya, 555-0100' }
const start = async (practice: Readonly<Record<string, unknown>>) => {
  stand = await startStand({
    gateways: 2,
    change: (config) => ({
      ...config,
      upstreams: config.upstreams.map((upstream) => upstreamSchema.parse({ ...upstream, practice })),
    }),
  })
  const client = stand.client()
  await stand.signIn(client, 'ben')
  return client
}
const isRefused = (text: string): boolean => text.includes('no longer at Gatehouse')

test('named by its path: its streams are cut, its pages say so and whom to ask; the other practice goes on', async () => {
  const client = await start({ pathPrefixes: { lake: 'lakeview', lasting: 'lakeview', river: 'riverside' } })
  expect((await client.get('/lake/patients/7')).status).toBe(200)
  const base = stand.gateways[0]!.addresses.application
  const stream = await openEvents(base, '/lasting/events', client)
  await stand.control.retire('lakeview', told)
  expect((await stream.ended).reason).toBe('aborted')
  await eventually(async () => isRefused((await client.get('/lake/patients/7')).text), 'refused')
  const refused = await client.get('/lake/patients/7')
  expect(refused.status).toBe(403)
  expect(refused.text).toContain('Lakeview &lt;i&gt;Family&lt;/i&gt;')
  expect(refused.text).toContain('Maya, 555-0100')
  expect(refused.text).toMatch(/GH-[0-9A-Z]{4}-[0-9A-Z]{4}/)
  expect(refused.text).toContain('href="/river/"')
  const called = await client.get('/lake/patients/7', { navigation: false })
  expect(JSON.parse(called.text)).toMatchObject({ type: 'urn:gatehouse:practice-retired', status: 403 })
  expect((await client.get('/river/patients/7')).status).toBe(200)
  // Patients are never locked out: what asks nobody is the application's own until its host is taken away.
  expect((await stand.client().get('/public/lake')).status).toBe(200)

  await stand.control.retire('lakeview', null)
  await eventually(async () => (await client.get('/lake/patients/7')).status === 200, 'back')
})

test('named by the application’s cookie: whoever may not be a member any more is not let past it', async () => {
  const client = await start({ cookie: { name: 'practice', authoritative: true } })
  const inLake = { headers: { cookie: `${client.cookieHeader()}; practice=lakeview` } }
  expect((await client.get('/patients/7', inLake)).status).toBe(200)
  await stand.control.retire('lakeview', told)
  await eventually(async () => isRefused((await client.get('/patients/7', inLake)).text), 'refused')
  // Who is in the other practice goes on, and a page where one is chosen stays open to them.
  const inRiver = { headers: { cookie: `${client.cookieHeader()}; practice=riverside` } }
  expect((await client.get('/patients/7', inRiver)).status).toBe(200)
  expect((await client.get('/home', inLake)).status).toBe(200)
  // Their session is over as well: the credential goes, and the page still says why.
  await stand.control.saveMember('riverside', people.ben.user, () => null)
  // Who belongs nowhere any more is told why, though nothing names a practice.
  await eventually(async () => isRefused((await client.get('/patients/7')).text), 'told')
  for (const tokenHash of stand.control.sessions.keys()) await stand.control.endSession(tokenHash, 'revoked')
  await eventually(async () => {
    const { text, headers } = await client.get('/patients/7', inLake)
    return isRefused(text) && String(headers['set-cookie']).includes('sid=;')
  }, 'ended')
})
