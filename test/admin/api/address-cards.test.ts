/**
 * Goal: one card when several people come from one new network at about the same time, and none otherwise.
 * Method: sightings written as gateways report them, around each bound; then the click, and being left alone.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
  await stage.store.transaction(async (tx) => {
    for (const name of ['ann', 'ben', 'cay', 'dan', 'eve']) {
      const user = { id: `usr_${name}`, name, login: name, email: null, created_at: 1 }
      await tx.insertInto('app_user').values(user).execute()
      if (name === 'eve') continue
      const suspended = name === 'dan'
      const membership = { practice: 'lakeside', user_id: user.id, roles: [], suspended, created_at: 1 }
      await tx.insertInto('membership').values(membership).execute()
    }
  })
})
afterAll(() => stage.close())
beforeEach(() =>
  stage.store.transaction(async (tx) => {
    await tx.deleteFrom('traffic_fact').execute()
    await tx.deleteFrom('decision_log').execute()
  }),
)

const lakeside = '/api/practices/lakeside'
const minute = 60_000
type Cards = {
  revision: number
  cards: {
    network: string
    count: number
    refused: number
    sentence: string
    replaces: { label: string } | null
  }[]
}
const read = async (): Promise<Cards> =>
  (await (await root.ask('GET', `${lakeside}/address-cards`)).json()) as Cards
const networks = async () => (await read()).cards.map(({ network, count }) => `${network} ${count}`)

const fact = async (who: string, address: string, ago: number) => {
  const at = stage.clock.now() - ago
  const more = { route: 'GET /', bucket: Math.floor(at / (15 * minute)), assurance: 'password', at }
  await stage.store.read((rows) =>
    rows
      .insertInto('traffic_fact')
      .values({ practice: 'lakeside', user_id: `usr_${who}`, address, ...more })
      .execute(),
  )
}
const refused = async (who: string, address: string, ago: number) => {
  const at = stage.clock.now() - ago
  await stage.store.read((rows) =>
    rows
      .insertInto('decision_log')
      .values({
        ...{
          code: `${who}${ago}`,
          monitored: false,
          at,
          last_at: at,
          minute: 0,
          gateway: 'g',
          session: null,
        },
        ...{
          practice: 'lakeside',
          user_id: `usr_${who}`,
          address,
          upstream: 'app',
          method: 'GET',
          route: 'r',
        },
        ...{ verdict: 'deny', reason: 'address-not-allowed', control: 'ip', revision: 1, failing: [] },
      })
      .execute(),
  )
}

test('three people within half an hour make a card; two, or three over a longer time, make none', async () => {
  await fact('ann', '198.51.100.7', 80 * minute)
  await refused('ben', '198.51.100.7', 60 * minute)
  await fact('ann', '198.51.100.7', 40 * minute)
  await refused('ben', '198.51.100.7', 35 * minute)
  await fact('cay', '198.51.100.7', 4 * minute)
  expect(await networks()).toEqual([])
  await fact('ann', '198.51.100.7', 10 * minute)
  expect(await networks()).toEqual([])
  await refused('ben', '198.51.100.7', 33 * minute)
  expect(await networks()).toEqual(['198.51.100.7/32 3'])
  const [card] = (await read()).cards
  expect(card?.refused).toBe(1)
  expect(card?.sentence).toMatch(
    /^ann, ben, cay came from 198\.51\.100\.7\/32, which is on no list, last at \d\d:\d\d\. 1 of them were refused\. Has/,
  )
})

test('strangers, the suspended, people elsewhere in the neighbourhood and days gone by do not count', async () => {
  for (const [who, address, ago] of [
    ...[['ann', '198.51.100.7', 5] as const, ['ben', '198.51.100.7', 5] as const],
    ...[['dan', '198.51.100.7', 5] as const, ['eve', '198.51.100.7', 5] as const],
    ...[['cay', '198.51.100.8', 5] as const, ['cay', '198.51.100.7', 1_500] as const],
  ])
    await fact(who, address, ago * minute)
  expect(await networks()).toEqual([])
  for (const [who, address] of [
    ...[['ann', '2001:db8::1'] as const, ['ben', '2001:db8::2'] as const, ['cay', '2001:db8::3'] as const],
  ])
    await refused(who, address, 5 * minute)
  expect(await networks()).toEqual(['2001:db8::/64 3'])
  // Seen from there before, more than a week ago: no news.
  await fact('fred', '2001:db8::77', 8 * 1_440 * minute)
  expect(await networks()).toEqual([])
})

test('one click puts the network in the place of the entry that fell silent; listed ones are not asked about', async () => {
  const crowd = async () => {
    for (const who of ['ann', 'ben', 'cay']) await fact(who, '192.0.2.50', 5 * minute)
  }
  const created = await root.ask('POST', `${lakeside}/ip-entries`, {
    json: { range: '203.0.113.9', label: 'Office' },
  })
  const { entry } = (await created.json()) as { entry: { id: string } }
  const at = stage.clock.now()
  const hit = { practice: 'lakeside', entry: entry.id, day: Math.floor(at / 86_400_000), count: 9 }
  await stage.store.read((rows) =>
    rows
      .insertInto('entry_hit')
      .values({ ...hit, last_at: at - 60 * minute })
      .execute(),
  )
  await crowd()
  const { cards, revision } = await read()
  expect(cards).toMatchObject([{ network: '192.0.2.50/32', replaces: { label: 'Office' } }])
  const accept = (network: string, replace: string | null, from: number) =>
    root.ask('POST', `${lakeside}/address-cards/accept`, { json: { network, replace }, revision: from })
  expect((await accept('192.0.2.51/32', entry.id, revision)).status).toBe(404)
  expect((await accept('192.0.2.50/32', 'gone', revision)).status).toBe(404)
  expect((await accept('192.0.2.50/32', entry.id, revision - 1)).status).toBe(412)
  expect((await accept('192.0.2.50/32', entry.id, revision)).status).toBe(200)
  const list = (await (await root.ask('GET', `${lakeside}/ip-entries`)).json()) as {
    entries: { label: string; range: string }[]
  }
  expect(list.entries).toMatchObject([{ label: 'Office', range: '192.0.2.50/32' }])
  expect(await networks()).toEqual([])
})

test('a card that is dismissed stays away for thirty days; another admin of the practice only', async () => {
  const crowd = async () => {
    for (const who of ['ann', 'ben', 'cay']) await fact(who, '198.51.100.9', 5 * minute)
  }
  await crowd()
  const wish = { json: { network: '198.51.100.9/32', reason: 'the conference' } }
  const viewer = await stage.signIn('viewer')
  expect((await viewer.ask('POST', `${lakeside}/address-cards/dismiss`, wish)).status).toBe(403)
  const hilly = await stage.signIn('hilly')
  expect((await hilly.ask('POST', '/api/practices/hilltop/address-cards/dismiss', wish)).status).toBe(404)
  expect((await root.ask('POST', `${lakeside}/address-cards/dismiss`, wish)).status).toBe(200)
  expect(await networks()).toEqual([])
  const events = await root.ask('GET', `${lakeside}/security-events?type=address-card`)
  expect(await events.text()).toContain('the conference')
  stage.clock.advance(31 * 86_400_000)
  root = await stage.signIn('root')
  await stage.store.transaction(async (tx) => void (await tx.deleteFrom('traffic_fact').execute()))
  await crowd()
  expect(await networks()).toEqual(['198.51.100.9/32 3'])
})
