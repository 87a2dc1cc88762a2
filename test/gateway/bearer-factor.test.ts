/**
 * Goal: a second factor is asked of people whose pages hold a token, once, and a stolen token is worth a password only.
 * Method: two gateways on one store with the configuration that docs/integrating.md prints.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Config } from '../../runtime/config.ts'
import type { Answer, Client } from '../support/client.ts'
import { type FactorStand, startFactorStand, step } from '../support/factor-stand.ts'
import { startTokenApplication } from '../support/token-application.ts'
import { writtenUpstream } from '../support/written-config.ts'

let application: Awaited<ReturnType<typeof startTokenApplication>>
let stand: FactorStand

const change = (config: Config): Config => {
  const upstream = writtenUpstream('docs/integrating.md', 'node-red')
  const practice = { ...upstream.practice, fixed: 'riverside' }
  return { ...config, upstreams: [{ ...upstream, url: application.url, practice }] }
}

beforeEach(async () => {
  application = await startTokenApplication()
  stand = await startFactorStand(change)
  await stand.require2fa()
  await stand.member({ factors: ['totp'] })
})
afterEach(async () => {
  await stand?.close()
  await application?.close()
})

const signIn = (client: Client): Promise<Answer> =>
  client.post('/auth/token', { form: { username: 'ann', password: 'right' }, navigation: false })
const ask = (client: Client, token: string): Promise<Answer> =>
  client.get('/flows', { navigation: false, headers: { authorization: `Bearer ${token}` } })

test('is asked for once: what was confirmed holds for the next sign-in in the same browser', async () => {
  const client = stand.client()
  const held = await signIn(client)
  expect([held.status, held.json()]).toMatchObject([401, { reason: 'sign-in-held' }])
  expect(held.text).not.toContain('access_token')
  expect((await client.get('/')).headers.location).toContain(step)
  const back = await stand.prove(client)
  expect((await client.get(back.headers.location ?? '')).text).toContain('Confirmed: sign in again')
  expect((await stand.press(client, 'again')).status).toBe(303)
  const answer = await signIn(client)
  expect(answer.status).toBe(200)
  const { access_token: token } = answer.json() as { access_token: string }
  expect((await ask(client, token)).status).toBe(200)
  for (const at of [0, 1]) {
    const stolen = await ask(stand.client('127.0.0.1', at), token)
    expect([stolen.status, stolen.json()]).toMatchObject([401, { reason: 'two-factor-not-verified' }])
  }
  // Nor does it hold in another browser of the same person.
  expect((await signIn(stand.client())).status).toBe(401)
})
