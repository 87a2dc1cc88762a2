/**
 * Goal: what is proposed is what was used, by role, parses as configuration, asks for nothing by itself, and is one
 * practice's own; what gateways report is summed within bounds.
 * Method: reports applied to a real database, asked through the API and the command line.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { applyUses, listLearned } from '../../admin/store/learned-routes.ts'
import { readCommandLine } from '../../cli/command-line.ts'
import { proposeTable } from '../../cli/routes-propose.ts'
import { parseRoutes } from '../../policies/routes.ts'
import { type Browser, createStage, type Stage } from './api/admin-stage.ts'

let stage: Stage
let root: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
  vi.stubEnv('DATABASE_URL', stage.databaseUrl)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await stage.close()
})

type Use = Parameters<typeof applyUses>[1][number]
const use = (
  template: string,
  count: number,
  roles: Readonly<Record<string, number>>,
  more: Partial<Use> = {},
): Use => ({
  ...{ kind: 'use', at: stage.clock.now(), practice: 'lakeside', upstream: 'demo', method: 'GET' },
  ...{ template, count, roles },
  ...more,
})
const apply = (...uses: readonly Use[]) => stage.store.transaction((tx) => applyUses(tx, uses))
type Proposal = {
  places: {
    match: string
    count: number
    roles: { role: string; count: number }[]
    candidates: { permission: string; others: number }[]
    doubts: string[]
    lines: string[]
  }[]
  yaml: { upstream: string; text: string }[]
  head: string
}
const proposal = async (practice = 'lakeside') =>
  (await (await root.ask('GET', `/api/practices/${practice}/route-proposal`)).json()) as Proposal

test('nothing gathered proposes nothing', async () => {
  expect(await proposal()).toEqual({
    ...{ places: [], yaml: [], head: expect.stringContaining('Nothing of it holds') },
    learning: [{ upstream: 'demo', learn: 'roles' }],
  })
})

test('uses are summed, proposed by most requests with what fits, and parse as routes that ask for nothing', async () => {
  await apply(
    use('/charts/:x/notes', 5, { dentist: 4, hygienist: 2 }),
    use('/desk', 30, { 'front-desk': 30 }),
  )
  await apply(
    use('/charts/:x/notes', 6, { dentist: 6 }),
    use('/desk', 1, {}, { method: 'POST' }),
    use('/elsewhere', 9, {}, { practice: 'hilltop' }),
    use('/nobody', 9, {}, { practice: 'nowhere' }),
    use('(others)', 3, {}),
  )
  const { places, yaml } = await proposal()
  expect(places.map(({ match, count }) => [match, count])).toEqual([
    ['GET /desk', 30],
    ['GET /charts/*/notes', 11],
    ['POST /desk', 1],
  ])
  expect(places[1]?.roles).toEqual([
    { role: 'dentist', count: 10 },
    { role: 'hygienist', count: 2 },
  ])
  const { candidates } = places[1]!
  expect(candidates.length).toBeGreaterThan(0)
  expect(candidates.map(({ others }) => others)).toEqual(
    candidates.map(({ others }) => others).toSorted((a, b) => a - b),
  )
  expect(candidates.every(({ permission }) => !permission.startsWith('gw.'))).toBe(true)
  expect(places[2]?.candidates).toEqual([])
  expect(places.map(({ doubts }) => doubts.filter((one) => one !== 'shared'))).toEqual([
    [],
    ['few', 'unnamed'],
    ['few', 'no-role'],
  ])
  const text = yaml[0]?.text ?? ''
  // Whoever leaves lines out puts the rest together from these.
  const { head } = await proposal()
  expect(text).toBe(`${head}\nroutes:\n${places.flatMap(({ lines }) => lines).join('\n')}\n`)
  expect(text).toContain('# 11 requests: Dentist 10, Hygienist 2')
  expect(text).toContain(`# any: [${candidates[0]?.permission}]`)
  const { routes } = parse(text) as { routes: { match: string }[] }
  expect(routes).toEqual([{ match: 'GET /desk' }, { match: 'GET /charts/*/notes' }, { match: 'POST /desk' }])
  expect(parseRoutes('demo', routes, 'report').ok).toBe(true)
})

test('each practice sees what its own people did, and only whoever may look', async () => {
  expect((await proposal('hilltop')).places.map(({ match }) => match)).toEqual(['GET /elsewhere'])
  const hilly = await stage.signIn('hilly')
  expect((await hilly.ask('GET', '/api/practices/lakeside/route-proposal')).status).toBe(403)
})

test('the command line prints the same, for one upstream where it is named', async () => {
  await apply(use('/other', 2, {}, { upstream: 'other' }))
  const run = async (...words: readonly string[]): Promise<string> => {
    const printed: string[] = []
    const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => printed.push(String(text)) > 0)
    const line = readCommandLine(['routes', 'propose', '--practice', 'lakeside', ...words])
    expect(await proposeTable(line)).toBe(0)
    spy.mockRestore()
    return printed.join('')
  }
  const { yaml } = await proposal()
  expect(await run()).toBe(yaml.map(({ upstream, text }) => `# upstream ${upstream}\n${text}`).join(''))
  expect(await run('--upstream', 'other')).toContain('GET /other')
  expect(await run('--upstream', 'other')).not.toContain('GET /desk')
  expect(await run('--upstream', 'none')).toContain('# Nothing was gathered')
})

test('a practice has at most 5,000 places; what is known goes on counting', async () => {
  const at = stage.clock.now()
  await stage.store.read((rows) =>
    rows
      .insertInto('learned_route')
      .values(
        Array.from({ length: 4_999 }, (_, n) => ({
          ...{ practice: 'hilltop', upstream: 'demo', method: 'GET', template: `/many/${n}`, role: '' },
          ...{ count: 1, first_at: at, last_at: at },
        })),
      )
      .execute(),
  )
  const of = { practice: 'hilltop' }
  await apply(use('/one-more', 1, {}, of), use('/elsewhere', 1, {}, of))
  const learned = await stage.store.read((rows) => listLearned(rows, 'hilltop', 10_000))
  expect(learned).toHaveLength(5_000)
  expect(learned[0]).toMatchObject({ template: '/elsewhere', count: 10 })
})
