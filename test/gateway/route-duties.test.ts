/**
 * Goal: what a request owes by its route, and a path's template that carries nothing personal.
 * Method: the demo's own route table, read as the gateway reads it; traffic gathered without a server.
 */
import { expect, test } from 'vitest'
import { createRouteDuties } from '../../gateway/route-duties.ts'
import { parseTarget } from '../../gateway/target.ts'
import { createTraffic } from '../../gateway/traffic.ts'
import type { UpstreamConfig } from '../../runtime/config.ts'
import { loadConfig } from '../../runtime/config-load.ts'
import type { Report } from '../../runtime/records.ts'

const upstreamOf = (): UpstreamConfig => {
  const file = new URL('../../cli/demo.yaml', import.meta.url).pathname
  const checked = loadConfig({ file, environment: {} })
  const upstream = checked.ok ? checked.value.upstreams[0] : undefined
  if (upstream === undefined) throw new Error('the demo has no upstream')
  return upstream
}

const demo = () => createRouteDuties(upstreamOf())

test('a route written with capitals is owed in lower case too, and a public one frees nothing there', () => {
  const routes: UpstreamConfig['routes'] = [
    { match: 'GET /Admin/**', any: ['edit-forms'] },
    { match: 'GET /Open/**', class: 'public' },
    { match: 'GET /admin/news', class: 'public' },
  ]
  const duties = createRouteDuties({ ...upstreamOf(), routes })
  const owed = (path: string): readonly string[] => {
    const parsed = parseTarget('GET', path, 'app.example')
    if (!parsed.ok) throw new Error(parsed.sentence)
    const { judged } = duties.find({ method: 'GET', host: 'app.example', target: parsed.target })
    return judged.map(({ id }) => id.replace(/^\S+ /, ''))
  }
  expect(owed('/admin/x')).toEqual(['unmapped', 'GET /Admin/**'])
  expect(owed('/ADMIN/x')).toEqual(['unmapped', 'GET /Admin/**'])
  expect(owed('/Admin/x')).toEqual(['GET /Admin/**', 'unmapped'])
  expect(owed('/admin/news')).toEqual(['GET /Admin/**'])
  expect(owed('/open/x')).toEqual(['unmapped'])
})

test('a route written with escapes is owed by the path that they stand for, however it is spelled', () => {
  const routes: UpstreamConfig['routes'] = [
    { match: 'GET /projects/acme%2Fsecret', any: ['edit-forms'] },
    { match: 'GET /projects/**' },
    { match: 'GET /caf%C3%A9', stepUp: 'menu' },
    { match: 'GET /Old%20Reports/:id', any: ['edit-forms'] },
  ]
  const duties = createRouteDuties({ ...upstreamOf(), routes })
  const owes = (path: string, id: string): boolean => {
    const parsed = parseTarget('GET', path, 'app.example')
    if (!parsed.ok) throw new Error(parsed.sentence)
    const { judged } = duties.find({ method: 'GET', host: 'app.example', target: parsed.target })
    return judged.some((one) => one.id.endsWith(` ${id}`))
  }
  for (const path of [
    ...[
      '/projects/acme%2Fsecret',
      '/projects/acme%2fsecret',
      '/projects/acme/secret',
      '/Projects/Acme/Secret',
    ],
    ...['/projects//acme/secret', '/projects/acme%252Fsecret'],
  ])
    expect(owes(path, 'GET /projects/acme%2Fsecret'), path).toBe(true)
  for (const path of ['/caf%C3%A9', '/caf%c3%a9', '/CAF%C3%89', '/caf%25C3%25A9'])
    expect(owes(path, 'GET /caf%C3%A9'), path).toBe(true)
  for (const path of ['/Old%20Reports/7', '/old%20reports/7', '/old%2520reports/7'])
    expect(owes(path, 'GET /Old%20Reports/:id'), path).toBe(true)
  expect(owes('/projects/other/secret', 'GET /projects/acme%2Fsecret')).toBe(false)
})

const dutiesOf = (method: string, path: string) => {
  const parsed = parseTarget(method, path, 'app.example')
  if (!parsed.ok) throw new Error(parsed.sentence)
  return demo().find({ method, host: 'app.example', target: parsed.target })
}

test.each([
  ['GET', '/book', { judged: 0, login: false, logout: false }],
  ['GET', '/schedule', { judged: 1, login: false, logout: false }],
  ['GET', '/nowhere/at/all', { judged: 1, login: false, logout: false }],
  ['POST', '/sign-in', { judged: 0, login: true, logout: false }],
  ['POST', '/sign-out', { judged: 0, login: false, logout: true }],
])('%s %s owes %j', (method, path, { judged, login, logout }) => {
  const duties = dutiesOf(method, path)
  expect(duties.judged).toHaveLength(judged)
  expect([duties.login !== null, duties.logout]).toEqual([login, logout])
})

test('an odd spelling of a public page is judged: some back end may read it otherwise', () => {
  const duties = dutiesOf('GET', '/boo%6B')
  expect(duties.judged.length).toBeGreaterThan(0)
})

test('a template keeps the words of routes and nothing else', () => {
  const duties = demo()
  expect(duties.template('/patients/Jane-Doe-1987/insurance')).toBe('/patients/:x/:x')
  expect(duties.template('/api/patients/p-1001/')).toBe('/api/patients/:x/')
  expect(duties.template('/%4Aane/%2e')).toBe('/:x/:x')
})

test('unmapped requests are counted by template, at most a thousand kinds, permits by practice; both are sent once', () => {
  const sent: Report[] = []
  const reports = {
    add: (report: Report) => void sent.push(report),
    flush: async () => undefined,
    dropped: () => 0,
    close: async () => undefined,
  }
  const directory = { practice: () => null, member: () => null, practicesOf: () => [], retired: () => null }
  const traffic = createTraffic(directory as never, reports as never)
  for (let count = 0; count < 3; count += 1) traffic.unmapped('desk', 'GET', '/patients/:x/:x')
  for (let kind = 0; kind < 5_000; kind += 1) traffic.unmapped('desk', 'GET', `/${'a/'.repeat(kind % 2_000)}`)
  for (const practice of ['north', 'south', 'north']) traffic.permitted(practice)
  traffic.flush(1_000)
  const isPermits = ({ kind }: Report): boolean => kind === 'permits'
  expect(sent.filter(isPermits)).toEqual([
    { kind: 'permits', at: 1_000, practice: 'north', count: 2 },
    { kind: 'permits', at: 1_000, practice: 'south', count: 1 },
  ])
  sent.splice(0, 2)
  // One more for all others, so that none goes uncounted.
  expect(sent).toHaveLength(1_001)
  expect(sent[0]).toMatchObject({ kind: 'unmapped', template: '/patients/:x/:x', count: 3 })
  expect(sent.at(-1)).toMatchObject({ kind: 'unmapped', method: '*', template: '(others)' })
  expect(sent.reduce((sum, item) => sum + (item.kind === 'unmapped' ? item.count : 0), 0)).toBe(5_003)
  traffic.flush(2_000)
  expect(sent).toHaveLength(1_001)
})
