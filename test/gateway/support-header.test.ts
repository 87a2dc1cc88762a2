/**
 * Goal: support sees what was decided, in a header; nobody else does, however they ask, and it goes to no application and no
 * cache.
 * Method: gateways with and without the setting before a fake application; the same requests with and without the secret.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { configSchema } from '../../runtime/config.ts'
import { checkConfig } from '../../runtime/config-checks.ts'
import type { Answer, Client } from '../support/client.ts'
import { type Stand, standConfig, startStand } from '../support/gateway-stand.ts'

const secret = 'a-secret-of-support-0123456789-abcdef'
let stand: Stand
let ann: Client
beforeAll(async () => {
  stand = await startStand({
    change: (config) =>
      configSchema.parse({
        ...config,
        gateway: { ...config.gateway, explain: { secret, from: ['127.0.0.1'] } },
      }),
  })
  ann = stand.client()
  await stand.signIn(ann, 'ann')
})
afterAll(() => stand?.close())

const ask = (client: Client, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  client.get(path, { navigation: false, headers })
const vouched = { 'x-gatehouse-explain': secret }
const decisionOf = ({ headers }: Answer): string => String(headers['x-gatehouse-decision'] ?? '')

describe('support', () => {
  test('is told what let a request pass: verdict, reason, revision, route, until when', async () => {
    const answer = await ask(ann, '/patients/7', vouched)
    expect(answer.status).toBe(200)
    expect(decisionOf(answer)).toMatch(
      /^verdict=permit, reason=ok, revision=1, until=\d+, routes=\("app GET \/patients\/:id"\), gateway="gateway-1", trace="[^"]+"$/,
    )
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test('is told what refused one, beside its reference code', async () => {
    const nobody = await ask(stand.client(), '/patients/7', vouched)
    expect([nobody.status, decisionOf(nobody)]).toEqual([
      401,
      expect.stringMatching(/^verdict=\w+, reason=not-signed-in, /),
    ])
    await stand.control.saveMember('riverside', 'usr_ann', (member) => ({ ...member, suspended: true }))
    await expect
      .poll(async () => decisionOf(await ask(ann, '/patients/7', vouched)))
      .toMatch(/^verdict=deny, reason=user-suspended, control=session, revision=1, /)
    await stand.control.saveMember('riverside', 'usr_ann', (member) => ({ ...member, suspended: false }))
    await expect.poll(async () => (await ask(ann, '/patients/7')).status).toBe(200)
  })

  test('is told of public routes and sign-ins that nothing was decided', async () => {
    expect(decisionOf(await ask(ann, '/public/a.js', vouched))).toMatch(/^verdict=none, routes=\(\), /)
    const other = stand.client()
    const form = { user: 'ben', password: 'right' }
    const signedIn = await other.post('/sign-in', { form, headers: vouched })
    expect([signedIn.status, decisionOf(signedIn)]).toEqual([303, expect.stringMatching(/^verdict=none, /)])
  })
})

describe('nobody else', () => {
  test.each([
    ['without the secret', {}],
    ['with another', { 'x-gatehouse-explain': `${secret}x` }],
    ['with an empty one', { 'x-gatehouse-explain': '' }],
    ['under another spelling', { x_gatehouse_explain: secret }],
  ])('%s is told', async (_, headers: Readonly<Record<string, string>>) => {
    for (const path of ['/patients/7', '/public/a.js', '/nowhere-mapped'])
      expect(decisionOf(await ask(ann, path, headers))).toBe('')
  })

  test('from an address that is not listed is told, with the secret too', async () => {
    const far = stand.client('127.0.0.9')
    await stand.signIn(far, 'ann')
    const answer = await ask(far, '/patients/7', vouched)
    expect([answer.status, decisionOf(answer)]).toEqual([200, ''])
  })

  test('behind the gateway sees the secret', async () => {
    await ask(ann, '/patients/7', vouched)
    await ask(ann, '/patients/7', { x_gatehouse_explain: secret })
    expect(JSON.stringify(stand.application.arrived)).not.toContain(secret)
  })
})

test('it is off unless configured, and then whole', async () => {
  const config = standConfig('http://127.0.0.1:1', '/tmp')
  const problemsOf = (explain: object) =>
    checkConfig(configSchema.parse({ ...config, gateway: { ...config.gateway, explain } }))
      .map(({ path }) => path)
      .filter((path) => path.startsWith('gateway.explain'))
  expect(config.gateway.explain).toEqual({ secret: null, from: [] })
  expect(problemsOf({ secret })).toEqual(['gateway.explain'])
  expect(problemsOf({ from: ['10.0.0.1'] })).toEqual(['gateway.explain'])
  expect(problemsOf({ secret, from: ['0.0.0.0/0'] })).toEqual(['gateway.explain.from[0]'])
  expect(problemsOf({ secret, from: ['10.0.0.1'] })).toEqual([])
})
