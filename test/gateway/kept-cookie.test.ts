/**
 * Goal: where an application gives a person the same cookie at each sign-in, a late request of a session that is over takes
 * nothing away from the one that came after it; without one after it, the cookie is ended as ever.
 * Method: somebody whose session is ended signs in again elsewhere; a request with the earlier companion comes late.
 */
import { afterEach, expect, test } from 'vitest'
import { upstreamSchema } from '../../runtime/config-upstream.ts'
import { hashToken } from '../../runtime/token.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'

let stand: Stand
afterEach(() => stand?.close())

const ended = () => stand.application.arrived.filter(({ url }) => url === '/sign-out').length
const start = async () => {
  stand = await startStand({
    change: (config) => ({
      ...config,
      upstreams: config.upstreams.map((upstream) =>
        upstreamSchema.parse({
          ...upstream,
          identity: { ...upstream.identity, endSession: { method: 'POST', path: '/sign-out' } },
        }),
      ),
    }),
  })
  stand.application.settings.idOf = () => 'fixed'
  const client = stand.client()
  await stand.signIn(client, 'ann')
  const late = stand.client()
  for (const [name, value] of client.cookies) late.cookies.set(name, value)
  await stand.control.endSession(hashToken(client.cookies.get('gatehouse') ?? ''), 'revoked')
  return { client, late }
}

test('a late request is refused, and neither ends nor takes away the cookie that serves the newer session', async () => {
  const { client, late } = await start()
  client.cookies.clear()
  await stand.signIn(client, 'ann')
  await eventually(async () => (await client.get('/patients/7')).status === 200, 'in again')
  for (const path of ['/patients/7', '/public/book']) {
    const { status, text } = await late.get(path, { navigation: false })
    expect([path, status === 401 || text === 'page for nobody']).toEqual([path, true])
  }
  expect(late.cookies.get('sid')).toBe('fixed')
  await new Promise(setImmediate)
  expect([ended(), stand.application.sessions.get('fixed')]).toEqual([0, 'ann'])
  expect((await client.get('/patients/7')).status).toBe(200)
})

test('with no newer session the cookie is ended at the application and taken out of the browser', async () => {
  const { late } = await start()
  expect((await late.get('/patients/7', { navigation: false })).status).toBe(401)
  expect(late.cookies.has('sid')).toBe(false)
  await eventually(() => ended() === 1, 'told')
})
