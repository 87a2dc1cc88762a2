/**
 * Goal: words of paths are learned from people at work and nothing that names somebody or something is taken for one; what was
 * gathered goes out once, by role, and only where an upstream learns.
 * Method: the learner by itself, by examples and with invented segments; a gateway before a fake application.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLearnedPaths } from '../../gateway/learned-paths.ts'
import { createTraffic } from '../../gateway/traffic.ts'
import { configSchema } from '../../runtime/config.ts'
import { keys } from '../../runtime/keys.ts'
import type { Report } from '../../runtime/records.ts'
import { startStand } from '../support/gateway-stand.ts'

const hidden = (path: string): string =>
  path
    .split('/')
    .map((segment) => (segment === '' ? '' : ':x'))
    .join('/')
const people = ['ann', 'ben', 'cleo', 'dan']

test('a word counts once three people used it in its place, and not before', () => {
  const learned = createLearnedPaths()
  const see = (path: string, user: string) => learned.template(path, hidden(path), user)
  expect(see('/charts/17/notes', 'ann')).toBe('/:x/:x/:x')
  for (let i = 0; i < 20; i += 1) expect(see('/charts/17/notes', 'ann')).toBe('/:x/:x/:x')
  see('/charts/18/notes', 'ben')
  expect(see('/charts/19/notes', 'cleo')).toBe('/charts/:x/:x')
  for (const user of people) see('/charts/20/notes', user)
  expect(see('/charts/21/notes', 'ann')).toBe('/charts/:x/notes')
  // In another place it is as unknown as it was.
  expect(see('/notes/charts', 'dan')).toBe('/:x/:x')
})

test('what a route names stays as it is, and what follows is learned behind it', () => {
  const learned = createLearnedPaths()
  for (const user of people) learned.template('/api/charts', '/api/:x', user)
  expect(learned.template('/api/charts', '/api/:x', 'ann')).toBe('/api/charts')
})

test('a place in which many come names things: nothing there is a word, then or later', () => {
  const learned = createLearnedPaths()
  const names = Array.from({ length: 40 }, (_, at) =>
    `name-${String.fromCharCode(97 + (at % 26))}${'z'.repeat(at)}`.slice(0, 30),
  )
  for (const name of new Set(names)) learned.template(`/people/${name}`, '/:x/:x', 'ann')
  for (const user of people)
    for (const name of new Set(names))
      expect(learned.template(`/people/${name}`, '/:x/:x', user)).toMatch(/^\/(?:people|:x)\/:x$/)
})

test('ids, capitals, encoded and long segments are never words, whoever uses them', () => {
  const learned = createLearnedPaths()
  const odd = fc.oneof(
    fc.stringMatching(/^[a-z]*[A-Z0-9%.~@+][A-Za-z0-9%.~@+]*$/),
    fc.stringMatching(/^[a-z]{31,60}$/),
    fc.constantFrom('', '-a', 'a', 'é', '..', 'smith,john'),
  )
  fc.assert(
    fc.property(odd, (segment) => {
      for (const user of people) expect(learned.template(`/${segment}`, '/:x', user)).toBe('/:x')
    }),
  )
  const deep = '/a'.repeat(20).replaceAll('a', 'word')
  for (const user of people) expect(learned.template(deep, hidden(deep), user)).toBe(hidden(deep))
})

test('uses are summed by place and role, sent once, and bounded', () => {
  const sent: Report[] = []
  const reports = { add: (report: Report) => void sent.push(report) }
  const directory = { practice: () => null, member: () => null, practicesOf: () => [], retired: () => null }
  const traffic = createTraffic(directory, reports as never)
  const place = { practice: 'riverside', upstream: 'app', method: 'GET', template: '/charts' }
  traffic.used(place, ['dentist', 'owner'])
  traffic.used(place, ['dentist'])
  for (let at = 0; at < 5_000; at += 1) traffic.used({ ...place, template: `/${at}` }, [])
  traffic.flush(9)
  expect(sent).toHaveLength(2_000)
  expect(sent[0]).toEqual({ kind: 'use', at: 9, ...place, count: 2, roles: { dentist: 2, owner: 1 } })
  traffic.flush(10)
  expect(sent).toHaveLength(2_000)
})

test.each([
  ['off', []],
  ['roles', ['/:x']],
  ['paths', ['/:x', '/charts']],
] as const)('an upstream with learn: %s', async (learn, templates) => {
  const stand = await startStand({
    change: (config) => {
      const [upstream] = config.upstreams
      return configSchema.parse({ ...config, upstreams: [{ ...upstream, learn }] })
    },
  })
  for (const user of ['ann', 'ben', 'owner']) {
    const client = stand.client()
    await stand.signIn(client, user)
    client.cookies.set('practice', 'riverside')
    for (let i = 0; i < 2; i += 1) await client.get('/charts', { navigation: false })
  }
  await stand.gateways[0]!.close()
  const entries = await stand.store.readAfter(keys.reports, '0-0', 500, 0)
  const reports = entries.flatMap(
    ({ text }) => JSON.parse(text.slice(text.indexOf('['), text.lastIndexOf(']') + 1)) as Report[],
  )
  const uses = reports.filter((one) => one.kind === 'use' && one.method === 'GET')
  expect([...new Set(uses.map((one) => (one.kind === 'use' ? one.template : '')))].toSorted()).toEqual(
    [...templates].toSorted(),
  )
  await stand.close()
})
