/**
 * Goal: which practice a request is about, by every source of SPEC §3; in doubt every membership must allow, and it counts.
 * Method: readings of single requests; then a whole gateway, with somebody who is refused in one of two practices.
 */
import { afterEach, describe, expect, test } from 'vitest'
import { practiceSources } from '../../gateway/practice.ts'
import type { UpstreamConfig } from '../../runtime/config.ts'
import { upstreamSchema } from '../../runtime/config-upstream.ts'
import type { Client } from '../support/client.ts'
import { eventually, people, type Stand, startStand } from '../support/gateway-stand.ts'

type Practice = UpstreamConfig['practice']

const all: Practice = {
  hosts: { 'lakeview.example': 'lakeview' },
  pathPrefixes: { river: 'riverside' },
  cookie: { name: 'practice', authoritative: true },
  header: { name: 'X-Practice', authoritative: true },
  fixed: null,
  choosingPage: null,
}

const sources = (
  given: Partial<Record<'host' | 'path' | 'cookie' | 'claimed', string>> & { headers?: readonly string[] },
) =>
  practiceSources(
    all,
    given.host ?? 'app.example',
    [given.path ?? '/x'],
    given.cookie === undefined ? [] : [`practice=${given.cookie}`],
    { headers: given.headers ?? [], claimed: given.claimed ?? null },
  )

describe('the sources of a request', () => {
  test.each([
    ['nothing', {}, { placed: [], carried: null, doubtful: false }],
    ['its host', { host: 'lakeview.example' }, { placed: ['lakeview'], carried: null }],
    ['its path', { path: '/river/x' }, { placed: ['riverside'], carried: null }],
    ['its cookie', { cookie: 'a' }, { carried: 'a', doubtful: false }],
    ['its header', { headers: ['x-practice', 'a'] }, { carried: 'a', doubtful: false }],
    ['the application’s word', { claimed: 'a' }, { carried: 'a', doubtful: false }],
    ['all of them, agreeing', { cookie: 'a', headers: ['X-PRACTICE', 'a'], claimed: 'a' }, { carried: 'a' }],
    ['an empty header', { headers: ['X-Practice', ''], claimed: 'a' }, { carried: 'a', doubtful: false }],
  ])('%s', (_, given, said) => expect(sources(given)).toMatchObject(said))

  test.each([
    ['cookie and header', { cookie: 'a', headers: ['X-Practice', 'b'] }],
    ['cookie and word', { cookie: 'a', claimed: 'b' }],
    ['header and word', { headers: ['X-Practice', 'a'], claimed: 'b' }],
    ['two headers', { headers: ['X-Practice', 'a', 'x-practice', 'b'] }],
    ['two headers that look alike', { headers: ['X-Practice', 'a', 'x-practice', 'a'] }],
    ['another spelling of it', { headers: ['X-Practice', 'a', 'X_Practice', 'b'] }],
    ['another spelling alone', { headers: ['X.Practice', 'a'] }],
    [
      'a header that Connection takes away',
      { headers: ['X-Practice', 'a', 'Connection', 'close, x-practice'] },
    ],
  ])('in doubt: %s', (_, given) => expect(sources(given).doubtful).toBe(true))
})

let stand: Stand
let stop = async (): Promise<void> => {}
/** Where the application has Ben when he signs in; `null`: nowhere. */
let foundIn: string | null = null
const users = () => stand.application.users as Record<string, object>
afterEach(async () => {
  foundIn = null
  await stop()
})

const start = async (
  practice: Readonly<Record<string, unknown>>,
  introspection: Readonly<Record<string, unknown>> = {},
): Promise<Client> => {
  stand = await startStand({
    change: (config) => ({
      ...config,
      upstreams: config.upstreams.map((upstream) => {
        const { identity } = upstream
        const asked = { ...identity, introspection: { ...identity?.introspection, ...introspection } }
        return upstreamSchema.parse({ ...upstream, identity: asked, practice })
      }),
    }),
  })
  stop = stand.close
  await stand.control.saveMember('lakeview', people.ben.user, (member) => ({ ...member, suspended: true }))
  const client = stand.client()
  if (foundIn !== null) users()['ben'] = { ...users()['ben'], now: { practice: foundIn } }
  await stand.signIn(client, 'ben')
  return client
}

const status = async (client: Client, path: string, headers: Readonly<Record<string, string>> = {}) =>
  (await client.get(path, { headers })).status

const unclear = async (): Promise<Readonly<Record<string, number>>> => {
  const text = await (await fetch(`${stand.gateways[0]!.addresses.metrics}/metrics`)).text()
  const lines = [...text.matchAll(/^gatehouse_practices_unclear_total\{why="([a-z]+)"\} (\d+)$/gm)]
  return Object.fromEntries(lines.map(([, why = '', count]) => [why, Number(count)]))
}

describe('somebody who is refused in one of their two practices', () => {
  const prefixes = { pathPrefixes: { lake: 'lakeview', river: 'riverside' } }

  test('gains nothing by the cookie of one with the records of the other', async () => {
    const client = await start({ ...prefixes, cookie: { name: 'practice', authoritative: true } })
    client.cookies.set('practice', 'riverside')
    expect(await status(client, '/river/patients/7')).toBe(200)
    expect(await status(client, '/lake/patients/7')).toBe(403)
    expect(await unclear()).toEqual({ conflicting: 1, unresolved: 0 })
    client.cookies.set('practice', 'lakeview')
    expect(await status(client, '/river/patients/7')).toBe(403)
    expect(await status(client, '/lake/patients/7')).toBe(403)
    client.cookies.delete('practice')
    expect(await status(client, '/patients/7')).toBe(403)
    expect(await unclear()).toEqual({ conflicting: 2, unresolved: 1 })
    await stand.control.saveMember('lakeview', people.ben.user, (member) => ({ ...member, suspended: false }))
    client.cookies.set('practice', 'riverside')
    // Both allow now: then it does not matter which the application reads.
    await eventually(async () => (await status(client, '/lake/unmapped')) === 200, 'both allow')
  })

  test('is judged by the header where configuration says that it counts, and by all where it is in doubt', async () => {
    const client = await start({ header: { name: 'X-Practice', authoritative: true } })
    expect(await status(client, '/patients/7', { 'X-Practice': 'riverside' })).toBe(200)
    expect(stand.application.arrived.at(-1)?.headers).toMatchObject({
      'x-practice': 'riverside',
      'x-gatehouse-practice': 'riverside',
    })
    expect(await status(client, '/patients/7', { 'X-Practice': 'lakeview' })).toBe(403)
    expect(await status(client, '/patients/7', { 'X-Practice': 'riverside', X_Practice: 'lakeview' })).toBe(
      403,
    )
    expect(await status(client, '/patients/7', { 'X-Practice': 'nowhere' })).toBe(403)
    expect(await status(client, '/patients/7')).toBe(403)
    // Where a practice is chosen, the one that allows is enough.
    expect(await status(client, '/home')).toBe(200)
  })

  test('and a header nobody configured says nothing', async () => {
    const client = await start({})
    expect(await status(client, '/patients/7', { 'X-Practice': 'riverside' })).toBe(403)
  })
})

describe('the application’s word on where somebody is', () => {
  const goTo = (practice: unknown): void => {
    users()['ben'] = { ...users()['ben'], now: { practice } }
  }

  test('names the practice, and is asked for anew after whatever may have changed it', async () => {
    const client = await start({}, { currentPractice: 'now.practice' })
    expect(await status(client, '/patients/7')).toBe(403)
    goTo('riverside')
    await client.post('/switch', { form: { to: 'riverside' } })
    // Refused above, and so never sent: the old word is good for its time.
    expect(stand.application.arrived.some(({ url }) => url === '/switch')).toBe(false)
    const again = stand.client()
    await stand.signIn(again, 'ben')
    expect(await status(again, '/patients/7')).toBe(200)
    expect(stand.application.arrived.at(-1)?.headers['x-gatehouse-practice']).toBe('riverside')
    goTo('lakeview')
    expect((await again.post('/switch', { form: { to: 'lakeview' } })).status).toBe(200)
    expect(await status(again, '/patients/7')).toBe(403)
    goTo(null)
  })

  test('is asked for anew also where the credential is another one since the permit was kept', async () => {
    await start({}, { currentPractice: 'now.practice' })
    goTo('riverside')
    const again = stand.client()
    await stand.signIn(again, 'ben')
    const switchTo = async (to: string) => (await again.post('/reports', { form: { to } })).status
    for (let times = 0; times < 4; times += 1) expect(await switchTo('riverside')).toBe(200)
    stand.application.settings.rewrites = true
    expect(await status(again, '/patients/7')).toBe(200)
    stand.application.settings.rewrites = false
    expect(await status(again, '/patients/7')).toBe(200)
    goTo('lakeview')
    expect(await switchTo('lakeview')).toBe(200)
    expect(await status(again, '/patients/7')).toBe(403)
    goTo(null)
  })

  test('is not heard at the step, which still leads on to the second factor that this practice asks for', async () => {
    foundIn = 'riverside'
    const client = await start({}, { currentPractice: 'now.practice' })
    await stand.control.saveMember('riverside', people.ben.user, (member) => ({
      ...member,
      factors: ['totp'],
    }))
    await stand.control.savePolicy('riverside', (document) => ({
      ...document,
      controls: { ...document.controls, twoFactor: { ...document.controls.twoFactor, mode: 'enforce' } },
    }))
    const refused = async () => (await client.get('/patients/7')).headers.location ?? ''
    await eventually(
      async () => (await refused()).startsWith('/.gatehouse/access'),
      'a second factor is asked for',
    )
    expect((await client.get(await refused())).text).toContain('One more step')
  })

  test('counts for nothing where it is no membership, and stops everything where it is no id', async () => {
    const client = await start({}, { currentPractice: 'now.practice' })
    goTo('elsewhere')
    await stand.signIn(client, 'ben')
    expect(await status(client, '/patients/7')).toBe(403)
    goTo(['riverside'])
    const other = stand.client()
    expect((await stand.signIn(other, 'ben')).status).toBeGreaterThanOrEqual(500)
    goTo(null)
  })
})
