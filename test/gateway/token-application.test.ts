/**
 * Goal: an application whose cookie is a signed token is known without being asked, and its people end like all others.
 * Method: two gateways with `identity.jwt` before an application that signs its cookies; revoked, stolen, run out.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Config, configSchema } from '../../runtime/config.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'

const secret = randomBytes(32).toString('base64url')
let folder = ''
let stand: Stand
let minted = 0

const withTokens = (config: Config): Config =>
  configSchema.parse({
    ...config,
    upstreams: config.upstreams.map((upstream) => ({
      ...upstream,
      identity: {
        ...upstream.identity,
        introspection: null,
        jwt: {
          algorithms: ['HS256'],
          issuer: 'app',
          audience: 'gateway',
          keyFile: join(folder, 'secret'),
          kindField: 'kind',
          practices: 'practices',
        },
      },
    })),
  })

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
/** A token of five minutes; no two are alike. */
const tokenOf = (user: string): string => {
  const exp = Math.floor(stand.clock.now() / 1_000) + 300
  minted += 1
  const claims = {
    iss: 'app',
    aud: 'gateway',
    sub: user,
    kind: 'staff',
    practices: ['riverside'],
    exp,
    jti: minted,
  }
  const signed = `${part({ alg: 'HS256' })}.${part(claims)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-token-'))
  writeFileSync(join(folder, 'secret'), secret)
  stand = await startStand({ gateways: 2, change: withTokens })
  stand.application.settings.idOf = tokenOf
})
afterEach(async () => {
  await stand.close()
  rmSync(folder, { recursive: true })
})

test('signs in, works on both gateways, and the application is never asked who it was', async () => {
  const client = stand.client()
  expect((await stand.signIn(client, 'ann')).status).toBe(303)
  expect(client.cookies.has('gatehouse')).toBe(true)
  expect((await client.get('/patients/7')).text).toBe('page for ann')
  const elsewhere = client.elsewhere({ base: stand.gateways[1]!.addresses.application })
  expect((await elsewhere.get('/patients/7')).text).toBe('page for ann')
  expect(stand.application.settings.asked).toBe(0)
})

test('a revoked user’s token is refused everywhere, and so is a newer one that saw no sign-in', async () => {
  const client = stand.client()
  await stand.signIn(client, 'ann')
  await stand.control.revoke('riverside', 'usr_ann')
  for (const at of [0, 1])
    await eventually(
      async () =>
        (await client.elsewhere({ base: stand.gateways[at]!.addresses.application }).get('/patients/7'))
          .status !== 200,
      'refused',
    )
  const refreshed = stand.client('127.0.0.1', 1)
  refreshed.cookies.set('sid', stand.application.signInDirectly('ann'))
  expect((await refreshed.get('/patients/7', { navigation: false })).status).toBe(401)
  expect((await client.get('/patients/7', { navigation: false })).status).toBe(401)
  const fresh = stand.client()
  await stand.signIn(fresh, 'ann')
  expect((await fresh.get('/patients/7')).status).toBe(200)
})

test('a token that has run out is nobody’s, and one that was altered never was anybody’s', async () => {
  const client = stand.client()
  await stand.signIn(client, 'ann')
  expect((await client.get('/patients/7')).status).toBe(200)
  const forged = stand.client()
  forged.cookies.set('sid', `${client.cookies.get('sid')!.slice(0, -3)}xyz`)
  expect((await forged.get('/patients/7', { navigation: false })).status).toBe(401)
  const seen = stand.application.arrived.length
  stand.clock.advance(306_000)
  stand.clock.elapse(31_000)
  // Time went by for the lease too: until it is renewed, nobody is judged.
  const status = async (): Promise<number> => (await client.get('/patients/7', { navigation: false })).status
  await eventually(async () => (await status()) === 401, 'nobody’s')
  expect(stand.application.arrived).toHaveLength(seen)
})
