/**
 * Goal: after a revocation no credential from before it works anywhere, whatever became of it; a sign-in after it does.
 * Method: random histories (rotation, refresh, remember-me, theft, adoption, clock steps, revocations) on two gateways
 * whose clocks differ, held against a model that knows only who signed in since the last revocation.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Config, configSchema } from '../../runtime/config.ts'
import type { Client } from '../support/client.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'

const clientsMax = 3

/** What happens next: to which browser, by which gateway. */
type Step =
  | { readonly does: 'sign-in' | 'staff' | 'public' | 'refresh'; readonly who: number; readonly at: number }
  | { readonly does: 'rotate' | 'remember' | 'lose-companion'; readonly who: number }
  | { readonly does: 'steal'; readonly who: number; readonly from: number }
  | { readonly does: 'revoke'; readonly ends: boolean }
  | { readonly does: 'step-clock'; readonly ms: number }
  | { readonly does: 'grow-old' }

const who = fc.nat(clientsMax - 1)
const at = fc.nat(1)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('sign-in' as const), who, at }) },
  { weight: 5, arbitrary: fc.record({ does: fc.constantFrom('staff', 'public', 'refresh'), who, at }) },
  {
    weight: 3,
    arbitrary: fc.record({ does: fc.constantFrom('rotate', 'remember', 'lose-companion'), who }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('steal' as const), who, from: who }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('revoke' as const), ends: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('step-clock' as const),
      ms: fc.integer({ min: -60_000, max: 60_000 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ does: 'grow-old' as const }) },
)

/** A browser, and whether its person signed in with it since the last revocation. */
type Browser = { readonly client: Client; proved: boolean }

type World = { readonly stand: Stand; readonly browsers: readonly Browser[]; revoked: boolean }

/** Heard everywhere, by gateways that judge; that their clocks are wrong keeps none of them from it. */
const known = ({ stand }: World): Promise<void> =>
  eventually(
    () =>
      stand.gateways.every(
        ({ state, missing }) =>
          state.sequence() === stand.control.sequence() &&
          missing().every((what) => what.startsWith('a clock')),
      ),
    'known to both',
  )

const there = ({ stand }: World, { client }: Browser, gateway: number): Client =>
  client.elsewhere({ base: stand.gateways[gateway]!.addresses.application })

/** Whether the browser must be let in: signed in since, with all it got then, and the application knows it. */
const isGood = ({ stand }: World, { client, proved }: Browser): boolean =>
  proved &&
  client.cookies.has('gatehouse') &&
  stand.application.sessions.get(client.cookies.get('sid') ?? '') === 'ann'

/** Asks for a page, and holds what came of it against the model. */
const look = async (world: World, browser: Browser, gateway: number, path: string): Promise<void> => {
  const { application } = world.stand
  const good = isGood(world, browser)
  const before = application.arrived.length
  const answer = await there(world, browser, gateway).get(path, { navigation: path === '/patients/8' })
  const seen = application.arrived.slice(before)
  if (good) expect([answer.status, seen.map(({ user }) => user)], path).toEqual([200, ['ann']])
  else if (world.revoked) {
    const tells = seen.filter(
      ({ user, headers }) => user !== null || headers['x-gatehouse-user'] !== undefined,
    )
    expect(tells, `${path} with a credential from before the revocation`).toEqual([])
    if (!path.startsWith('/public')) expect([answer.status === 200, seen.length], path).toEqual([false, 0])
  }
}

const revoke = async (world: World, ends: boolean): Promise<void> => {
  const { control } = world.stand
  await control.revoke('riverside', 'usr_ann')
  // As the control plane does it; the epoch alone must do, too.
  if (ends)
    for (const [tokenHash, { record }] of control.sessions)
      if (record.user === 'usr_ann') await control.endSession(tokenHash, 'revoked')
  for (const browser of world.browsers) browser.proved = false
  world.revoked = true
  await known(world)
}

/** Another cookie for the same person, made by the application alone. */
const makeCookie = ({ stand }: World, { client }: Browser): void =>
  void client.cookies.set('sid', stand.application.signInDirectly('ann'))

const take = async (world: World, does: Step): Promise<void> => {
  const { stand, browsers } = world
  if (does.does === 'revoke') return revoke(world, does.ends)
  if (does.does === 'step-clock') return stand.clock.advance(does.ms)
  if (does.does === 'grow-old') {
    stand.clock.elapse(31_000)
    return known(world)
  }
  const browser = browsers[does.who]!
  const { cookies } = browser.client
  switch (does.does) {
    case 'sign-in': {
      const answer = await stand.signIn(there(world, browser, does.at), 'ann')
      expect([answer.status, cookies.has('sid'), cookies.has('gatehouse')]).toEqual([303, true, true])
      browser.proved = true
      return known(world)
    }
    case 'staff':
      await look(world, browser, does.at, '/patients/7')
      return look(world, browser, does.at, '/patients/8')
    case 'public':
      return look(world, browser, does.at, '/public/book')
    case 'refresh':
      stand.application.settings.rotatesAtMe = true
      await look(world, browser, does.at, '/patients/7')
      stand.application.settings.rotatesAtMe = false
      return
    case 'rotate':
      if (cookies.has('sid')) makeCookie(world, browser)
      return
    case 'remember':
      cookies.clear()
      browser.proved = false
      return makeCookie(world, browser)
    case 'lose-companion':
      cookies.delete('gatehouse')
      browser.proved = false
      return
    case 'steal': {
      const sid = browsers[does.from]!.client.cookies.get('sid')
      if (sid === undefined || does.from === does.who) return
      cookies.clear()
      cookies.set('sid', sid)
      browser.proved = false
      return
    }
  }
}

const secret = randomBytes(32).toString('base64url')
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
let minted = 0
/** A signed token of a day; no two are alike, and none of them ends with its session. */
const tokenOf = (user: string, now: number): string => {
  minted += 1
  const exp = Math.floor(now / 1_000) + 86_400
  const claims = { iss: 'app', aud: 'gateway', sub: user, practices: ['riverside'], exp, jti: minted }
  const signed = `${part({ alg: 'HS256' })}.${part(claims)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

type Mode = 'binding: value' | 'binding: user' | 'jwt'

const inMode =
  (mode: Mode, keyFile: string) =>
  (config: Config): Config => {
    const [upstream] = config.upstreams
    const token = {
      algorithms: ['HS256'],
      issuer: 'app',
      audience: 'gateway',
      practices: 'practices',
      keyFile,
    }
    const change =
      mode === 'jwt'
        ? { introspection: null, jwt: token }
        : { binding: mode === 'binding: user' ? 'user' : 'value' }
    return configSchema.parse({
      ...config,
      upstreams: [{ ...upstream, identity: { ...upstream!.identity, ...change } }],
    })
  }

const live = async (mode: Mode, skewsMs: readonly number[], keyFile: string, history: readonly Step[]) => {
  const stand = await startStand({ gateways: 2, skewsMs, change: inMode(mode, keyFile) })
  try {
    stand.application.settings.rewrites = mode === 'binding: user'
    if (mode === 'jwt') stand.application.settings.idOf = (user) => tokenOf(user, stand.clock.now())
    const browsers = Array.from({ length: clientsMax }, () => ({ client: stand.client(), proved: false }))
    const world: World = { stand, browsers, revoked: false }
    for (const does of history) await take(world, does)
    // Whatever came before: revoked everywhere, and one sign-in is enough to be back.
    await revoke(world, false)
    for (const browser of browsers)
      for (const gateway of [0, 1])
        for (const path of ['/patients/7', '/public/book']) await look(world, browser, gateway, path)
    await take(world, { does: 'sign-in', who: 0, at: 1 })
    for (const gateway of [0, 1]) await look(world, browsers[0]!, gateway, '/patients/7')
  } finally {
    await stand.close()
  }
}

describe('no history of credentials and clocks outlives a revocation', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-epochs-'))
    writeFileSync(join(folder, 'secret'), secret)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  for (const [mode, skewsMs] of [
    ['binding: value', [0, 90_000]],
    ['binding: user', [-90_000, 0]],
    ['jwt', [45_000, -45_000]],
  ] as const)
    test(`${mode}, gateways 90 s apart`, async () => {
      const histories = fc.array(step, { minLength: 4, maxLength: 20 })
      await fc.assert(
        fc.asyncProperty(histories, (history) => live(mode, skewsMs, join(folder, 'secret'), history)),
        { numRuns: 10, seed: 20_261_122, endOnFailure: true },
      )
    }, 120_000)
})
