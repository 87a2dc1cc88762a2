/**
 * Goal: an upstream's table holds its routes and its sign-in and sign-out routes, and Problems name the right place.
 * Method: compile small upstreams and ask the table; break one rule of each list.
 */
import { expect, test } from 'vitest'
import { configSchema, type UpstreamConfig } from '../../runtime/config.ts'
import { compileRoutes, neverOpenProblems } from '../../runtime/upstream-routes.ts'

const upstream = (routes: object[], login: string[], logout: string[]): UpstreamConfig =>
  configSchema.parse({
    upstreams: [
      {
        id: 'desk',
        name: 'Desk',
        url: 'http://127.0.0.1:1',
        unmapped: 'deny',
        routes,
        identity: {
          cookies: ['sid'],
          signInPage: '/sign-in',
          introspection: { path: '/me' },
          login: login.map((match) => ({ match })),
          logout: logout.map((match) => ({ match })),
        },
      },
    ],
  }).upstreams[0]!

test('every kind of route is found with its class, and what nobody names is unmapped', () => {
  const compiled = compileRoutes(
    upstream(
      [{ match: 'GET /sign-in', class: 'public' }, { match: 'GET /a' }],
      ['POST /sign-in'],
      ['POST /out'],
    ),
  )
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
  const classOf = (method: string, path: string) => compiled.table.find(method, 'h', path).class
  expect(classOf('GET', '/sign-in')).toBe('public')
  expect(classOf('POST', '/sign-in')).toBe('login')
  expect(classOf('POST', '/out')).toBe('logout')
  expect(classOf('GET', '/a')).toBe('staff')
  expect(compiled.table.find('GET', 'h', '/b')).toMatchObject({ mapped: false, unmapped: 'deny' })
})

test('Problems are found under the list that the rule was written in', () => {
  const compiled = compileRoutes(
    upstream([{ match: 'GET /a' }, { match: 'bad' }], ['GET a'], ['POST /x', '/']),
  )
  expect(compiled).toMatchObject({ ok: false })
  if (compiled.ok) return
  expect(compiled.problems.map(({ path }) => path)).toEqual([
    'routes[1].match',
    'identity.login[0].match',
    'identity.logout[1].match',
  ])
})

test('what is open to strangers only in capitals is a Problem, since nobody would get past', () => {
  const problems = (routes: object[], login: string[] = [], logout: string[] = []) =>
    neverOpenProblems(upstream(routes, login, logout)).map(({ path }) => path)
  const open = (match: string) => ({ match, class: 'public' })
  expect(problems([open('GET /Help'), { match: 'GET /Rota' }])).toEqual(['routes[0].match'])
  expect(problems([], ['POST /SignIn'], ['POST /x/:Id/Out'])).toEqual([
    'identity.login[0].match',
    'identity.logout[0].match',
  ])
  expect(problems([open('GET /Help'), open('GET /help'), open('GET /:Page/a'), open('GET /%2F')])).toEqual([
    'routes[3].match',
  ])
})
