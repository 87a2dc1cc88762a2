/**
 * Goal: the allowlist is edited exactly as asked, or not at all with every reason, and never against its own admins.
 * Method: the API asked as a browser would, on a real database, with stale revisions and wrong wishes among the right.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
beforeAll(async () => {
  stage = await createStage({ trustedProxies: ['203.0.113.0/24'] })
  root = await stage.signIn('root')
})
afterAll(() => stage.close())

const entries = '/api/practices/lakeside/ip-entries'
type Entry = { id: string; range: string; label: string; overlaps: { label: string; relation: string }[] }
type List = { revision: number; total: number; entries: Entry[]; nextCursor: string | null }
type Answer = {
  code: string
  detail: string
  current: number
  revision: number
  sequence: number
  notes: string[]
  entry: Entry & { audience: unknown; on: boolean; createdBy: string }
  problems: { path: string; sentence: string }[]
  lockedOut: { name: string; address: string | null }[]
}

const json = async <T>(response: Response): Promise<T> => (await response.json()) as T
const list = async (query = '') => json<List>(await root.ask('GET', `${entries}${query}`))
const revision = async (practice = 'lakeside') =>
  (await json<List>(await root.ask('GET', `/api/practices/${practice}/ip-entries`))).revision

describe('adding', () => {
  it('stores canonical text, says what was masked, and answers how to follow it', async () => {
    const response = await root.ask('POST', entries, {
      json: { range: ' 198.51.100.77/24 ', label: 'Office Network' },
    })
    expect(response.status).toBe(201)
    const { entry, notes, sequence, revision: saved } = await json<Answer>(response)
    expect(entry).toMatchObject({ range: '198.51.100.0/24', audience: 'practice', on: true })
    expect(entry.createdBy).toBe('The root')
    expect(notes.join(' ')).toContain('198.51.100.0/24')
    expect(response.headers.get('etag')).toBe(`"${saved}"`)
    const followed = await root.ask('GET', `/api/publish/${sequence}`)
    expect(await followed.json()).toMatchObject({ sequence, state: 'saved', active: 0, gateways: 0 })
  })

  it.each([
    ['192.0.2.7', '192.0.2.7/32'],
    ['2001:db8::5', '2001:db8::/64'],
    ['::ffff:192.0.2.9', '192.0.2.9/32'],
  ])('takes the bare address %s as %s', async (range, stored) => {
    const { entry } = await json<Answer>(await root.ask('POST', entries, { json: { range, label: range } }))
    expect(entry.range).toBe(stored)
  })

  it('says everything that is wrong at once, each with its path, and saves nothing', async () => {
    const before = await list()
    const response = await root.ask('POST', entries, {
      json: { label: ' ', audience: 'all', extra: 1, on: 'yes' },
    })
    expect(response.status).toBe(422)
    const { problems, code } = await json<Answer>(response)
    expect(code).toBe('invalid')
    expect(problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['range', 'label', 'audience', 'on', '']),
    )
    expect(await list()).toEqual(before)
  })

  it.each([
    ['0.0.0.0/0', 'range'],
    ['::/0', 'range'],
    ['10.0.0.0/8', 'confirmWide'],
    ['010.0.0.1', 'range'],
    ['office', 'range'],
  ])('refuses %s at %s', async (range, path) => {
    const response = await root.ask('POST', entries, { json: { range, label: 'x' } })
    expect(response.status).toBe(422)
    expect((await json<Answer>(response)).problems.map((problem) => problem.path)).toEqual([path])
  })

  it('takes a wide range once it is confirmed, and warns of a private one', async () => {
    const response = await root.ask('POST', entries, {
      json: { range: '10.0.0.0/8', label: 'VPN', confirmWide: true },
    })
    expect(response.status).toBe(201)
    expect((await json<Answer>(response)).notes.join(' ')).toContain('private range')
  })

  it('refuses a role that there is not, and an expiry in the past', async () => {
    const role = await root.ask('POST', entries, {
      json: { range: '192.0.2.1', label: 'x', audience: { role: 'no-such' } },
    })
    expect(role.status).toBe(422)
    const past = await root.ask('POST', entries, { json: { range: '192.0.2.1', label: 'x', expiresAt: 1 } })
    expect((await json<Answer>(past)).problems[0]?.path).toBe('expiresAt')
  })

  it('refuses what is not JSON and what is too large, saying so', async () => {
    const text = await root.ask('POST', entries, { json: {}, headers: { 'content-type': 'text/plain' } })
    expect([text.status, (await json<Answer>(text)).code]).toEqual([415, 'unsupported-media'])
    const large = await root.ask('POST', entries, { json: { note: 'x'.repeat(1_100_000) } })
    expect([large.status, (await json<Answer>(large)).code]).toEqual([413, 'too-large'])
  })
})

describe('editing', () => {
  it('needs the revision, and refuses a stale one with the current', async () => {
    const { entries: all, revision: current } = await list()
    const path = `${entries}/${all[0]?.id}`
    const without = await root.ask('PATCH', path, { json: { note: 'a' } })
    expect([without.status, (await json<Answer>(without)).code]).toEqual([428, 'revision-missing'])
    const stale = await root.ask('PATCH', path, { json: { note: 'a' }, revision: current - 1 })
    expect(stale.status).toBe(412)
    expect(await json<Answer>(stale)).toMatchObject({ code: 'revision-conflict', current })
    expect((await list()).revision).toBe(current)
    const right = await root.ask('PATCH', path, { json: { note: 'a', on: false }, revision: current })
    expect(right.status).toBe(200)
    expect(await json<Answer>(right)).toMatchObject({
      entry: { note: 'a', on: false, label: 'Office Network' },
    })
  })

  it('lets one of two that edit the same revision win', async () => {
    const { entries: all, revision: current } = await list()
    const answers = await Promise.all(
      ['one', 'two'].map((note) =>
        root.ask('PATCH', `${entries}/${all[0]?.id}`, { json: { note }, revision: current }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412])
  })

  it('removes an entry, and knows one that is gone', async () => {
    const { entry } = await json<Answer>(
      await root.ask('POST', entries, { json: { range: '192.0.2.200', label: 'Short-lived' } }),
    )
    const path = `${entries}/${entry.id}?reason=moved%20out`
    expect((await root.ask('DELETE', path, { revision: await revision() })).status).toBe(200)
    expect((await root.ask('DELETE', path, { revision: await revision() })).status).toBe(404)
    expect((await list()).entries.map(({ id }) => id)).not.toContain(entry.id)
  })
})

describe('listing', () => {
  it('pages by cursor through all of it once, and finds by text', async () => {
    const { total } = await list()
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: List = await list(`?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      seen.push(...page.entries.map(({ id }) => id))
      cursor = page.nextCursor
    }
    expect(seen).toHaveLength(total)
    expect(new Set(seen).size).toBe(total)
    expect((await list('?text=OFFICE')).entries.map(({ label }) => label)).toEqual(['Office Network'])
    expect((await root.ask('GET', `${entries}?cursor=gone`)).status).toBe(422)
  })

  it('shows what lies inside and around', async () => {
    await root.ask('POST', entries, { json: { range: '198.51.100.7', label: 'Front desk PC' } })
    const all = (await list()).entries
    const of = (label: string) => all.find((entry) => entry.label === label)?.overlaps
    expect(of('Office Network')).toMatchObject([{ label: 'Front desk PC', relation: 'inside' }])
    expect(of('Front desk PC')).toMatchObject([{ label: 'Office Network', relation: 'around' }])
  })

  it('shows when an entry was last matched and how often in seven days', async () => {
    const day = Math.floor(stage.clock.now() / 86_400_000)
    const id = (await list()).entries[0]?.id ?? ''
    await stage.store.read((rows) =>
      rows
        .insertInto('entry_hit')
        .values([
          { practice: 'lakeside', entry: id, day, count: 3, last_at: stage.clock.now() },
          { practice: 'lakeside', entry: id, day: day - 6, count: 4, last_at: 5 },
          { practice: 'lakeside', entry: id, day: day - 7, count: 100, last_at: 4 },
        ])
        .execute(),
    )
    expect((await list()).entries[0]).toMatchObject({ hits7d: 7, lastMatchedAt: stage.clock.now() })
    expect((await list()).entries[1]).toMatchObject({ hits7d: 0, lastMatchedAt: null })
  })
})

describe('asking', () => {
  const test = async (body: object) =>
    json<{ listed: boolean; sentence: string; inScope: boolean }>(
      await root.ask('POST', `${entries}/test`, { json: body }),
    )

  it('answers for a person and for the practice at large', async () => {
    await root.ask('POST', entries, {
      json: { range: '192.0.2.50', label: 'Fred at home', audience: { user: 'usr_fred' } },
    })
    expect(await test({ user: 'usr_fred', address: '192.0.2.50' })).toMatchObject({
      listed: true,
      inScope: true,
    })
    expect(await test({ user: 'usr_olga', address: '192.0.2.50' })).toMatchObject({ listed: false })
    expect(await test({ address: '192.0.2.50' })).toMatchObject({ listed: false })
    const { sentence } = await test({ user: 'usr_fred', address: '192.0.2.51' })
    expect(sentence).toBe('Fred would be refused from 192.0.2.51: it is in no entry that serves them.')
    expect(
      (await root.ask('POST', `${entries}/test`, { json: { user: 'usr_none', address: '1.2.3.4' } })).status,
    ).toBe(404)
  })

  it('tells the address that is seen and which hop gave it', async () => {
    const direct = await json(await root.ask('GET', '/api/practices/lakeside/my-address'))
    expect(direct).toMatchObject({
      address: '203.0.113.9',
      sentence: 'the connection itself',
      range: '203.0.113.9/32',
    })
    const proxied = await json(
      await root.ask('GET', '/api/practices/lakeside/my-address', {
        headers: { 'x-forwarded-for': '6.6.6.6, 198.51.100.7, 203.0.113.8' },
      }),
    )
    expect(proxied).toMatchObject({
      address: '198.51.100.7',
      sentence: 'X-Forwarded-For, as added by 203.0.113.8',
      listed: true,
      label: 'Front desk PC',
    })
  })
})

describe('the switch', () => {
  const control = '/api/practices/hilltop/controls/ip'
  const everyone = { include: 'everyone', exempt: { roles: [], users: [] } }
  const enforce = { mode: 'enforce', scope: everyone, signInOnlyFromListed: false }

  it('is not put to enforce over an empty list', async () => {
    const response = await root.ask('PUT', control, { json: enforce, revision: await revision('hilltop') })
    expect(response.status).toBe(422)
  })

  it('is refused where it locks out the only security admin, by name, until the practice is named', async () => {
    await stage.store.read((rows) =>
      rows
        .insertInto('address_use')
        .values({ subject: 'usr_olga', address: '198.51.100.99', first_at: 1, last_at: stage.clock.now() })
        .execute(),
    )
    await root.ask('POST', '/api/practices/hilltop/ip-entries', {
      json: { range: '192.0.2.0/24', label: 'Office' },
    })
    const risky = await root.ask('PUT', control, { json: enforce, revision: await revision('hilltop') })
    expect(risky.status).toBe(409)
    const refused = await json<Answer>(risky)
    expect(refused.code).toBe('lockout-risk')
    expect(refused.lockedOut.map(({ name, address }) => `${name} ${address}`)).toEqual(
      expect.arrayContaining(['The root 203.0.113.9', 'Olga 198.51.100.99']),
    )
    expect(refused.detail).toMatch(/^The root, Olga could no longer get in\./)
    const wrong = await root.ask('PUT', control, {
      json: { ...enforce, confirmPracticeName: 'hilltop' },
      revision: await revision('hilltop'),
    })
    expect(wrong.status).toBe(409)
    const named = await root.ask('PUT', control, {
      json: { ...enforce, confirmPracticeName: 'Hilltop Dental' },
      revision: await revision('hilltop'),
    })
    expect(named.status).toBe(200)
    const general = await json(await root.ask('GET', '/api/practices/hilltop/general'))
    expect(general).toMatchObject({
      controls: { ip: { mode: 'enforce', entries: 1, inScope: { count: 1, people: [{ name: 'Olga' }] } } },
      publish: { state: 'saved' },
    })
  })
})
