/**
 * Goal: whatever cookies come, nothing reaches the application unidentified, and nothing is answered with a 5xx.
 * Method: 10,000 seeded odd Cookie headers, pieces of real ones among them, on one kept connection each by dozens.
 */
import http from 'node:http'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Stand, startStand } from '../support/gateway-stand.ts'

let stand: Stand
beforeEach(async () => {
  stand = await startStand()
})
afterEach(() => stand.close())

const piece = (real: string) =>
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        'sid',
        'gatehouse',
        'practice',
        '__Host-gatehouse',
        'SID',
        '$sid',
        ' sid',
        'sid ',
      ),
    },
    { weight: 3, arbitrary: fc.constantFrom('=', ';', '; ', ',', '"', ' ', '\t', '==', ';;', '$Version=1;') },
    { weight: 2, arbitrary: fc.string({ minLength: 0, maxLength: 40 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'a'.repeat(43),
        '%00',
        'riverside',
        real.slice(0, 9),
        `${real}x`,
        'ÿþ',
        '\u0080',
      ),
    },
  )

const isSendable = (text: string): boolean => /^[\t\x20-\x7e\x80-\xff]*$/.test(text)

test('10,000 odd cookies', async () => {
  const owner = stand.client()
  await stand.signIn(owner, 'owner')
  const seen = stand.application.arrived.length
  const base = new URL(stand.gateways[0]!.addresses.application)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 20 })
  const cookies = fc
    .sample(fc.array(piece(owner.cookies.get('sid')!), { minLength: 1, maxLength: 12 }), {
      numRuns: 10_500,
      seed: 7,
    })
    .map((parts) => parts.join(''))
    .filter(isSendable)
    .slice(0, 10_000)
  expect(cookies).toHaveLength(10_000)
  const statuses = new Map<number, number>()
  const ask = (cookie: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const request = http.get({
        host: base.hostname,
        port: base.port,
        path: '/patients/7',
        agent,
        headers: { cookie, accept: '*/*' },
      })
      request.on('error', reject)
      request.on('response', (response) => {
        const status = response.statusCode ?? 0
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        response.resume().on('end', resolve)
      })
    })
  for (let at = 0; at < cookies.length; at += 50) await Promise.all(cookies.slice(at, at + 50).map(ask))
  agent.destroy()
  expect([...statuses.keys()].filter((status) => status !== 401)).toEqual([])
  expect(stand.application.arrived).toHaveLength(seen)
  expect((await owner.get('/patients/7')).status).toBe(200)
}, 60_000)
