/**
 * Goal: what is configured of signing in here fits together, and nothing beside it makes people known another way.
 * Method: configurations with one thing wrong, each Problem by its path and sentence; and the example that is printed.
 */
import { expect, test } from 'vitest'
import { loadConfig } from '../../runtime/config-load.ts'
import { writtenUpstream } from '../support/written-config.ts'

const provider = { id: 'work', name: 'Work', issuer: 'https://id.example', clientId: 'gatehouse' }
const own = { providers: [provider] }

const problemsOf = (identity: object, more: object = {}): readonly string[] => {
  const upstreams = [{ id: 'app', name: 'App', url: 'http://10.0.0.9', identity }]
  const checked = loadConfig({ file: null, environment: {}, overrides: { upstreams, ...more } })
  return checked.ok ? [] : checked.problems.map(({ path, sentence }) => `${path}: ${sentence}`)
}
const providing = (change: object) => ({ mode: 'own', own: { providers: [{ ...provider, ...change }] } })

test.each<readonly [string, object, RegExp]>([
  ['nothing of it', { mode: 'own' }, /identity\.own: must be given/],
  ['no provider', { mode: 'own', own: { providers: [] } }, /own\.providers: must name a provider/],
  ['another sign-in page', { mode: 'own', own, signInPage: '/login' }, /signInPage: is \/\.gatehouse/],
  ['an application’s word on roles', { mode: 'own', own, roles: 'app' }, /roles: is the directory’s/],
  ['cookies', { mode: 'own', own, cookies: ['sid'] }, /identity\.cookies: is for applications/],
  [
    'introspection',
    { mode: 'own', own, introspection: { path: '/me' } },
    /introspection: is for applications/,
  ],
  ['sign-in routes', { mode: 'own', own, login: [{ match: 'POST /in' }] }, /login: is for applications/],
  ['http to elsewhere', providing({ issuer: 'http://id.example' }), /issuer: must begin with https/],
  ['a slash at the end', providing({ issuer: 'https://id.example/' }), /issuer: expected no query/],
  ['no openid', providing({ scopes: ['email'] }), /scopes: must contain openid/],
  ['a domain in capitals', providing({ allowedDomains: ['A.example'] }), /allowedDomains\[0\]: expected/],
  ['one id twice', { mode: 'own', own: { providers: [provider, provider] } }, /providers\[1\]\.id: "work"/],
  [
    'strangers who belong nowhere',
    { mode: 'own', own: { ...own, unknown: 'unassigned' } },
    /needs practice\.fixed/,
  ],
])('%s is a Problem', (_, identity, sentence) => {
  const problems = problemsOf(identity)
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(sentence)
})

test('an application with its own sign-in must say where that is, and has no providers here', () => {
  const introspection = { path: '/me', practices: 'practices' }
  const problems = problemsOf({ cookies: ['sid'], introspection, own })
  expect(problems.join('\n')).toMatch(/identity\.own: is for mode: own/)
  expect(problems.join('\n')).toMatch(/identity\.signInPage: must be given/)
})

test('it does not go with proxies that only ask', () => {
  const forwardAuth = { listen: '127.0.0.1:9', peers: ['10.0.0.1'], secret: 'x'.repeat(40) }
  const problems = problemsOf({ mode: 'own', own }, { gateway: { forwardAuth } })
  expect(problems.join('\n')).toMatch(/identity\.mode: own does not go with gateway\.forwardAuth/)
})

test('what is right passes, a provider on this machine too, and the printed example', () => {
  expect(problemsOf({ mode: 'own', own })).toEqual([])
  expect(problemsOf(providing({ issuer: 'http://127.0.0.1:9000/realms/a' }))).toEqual([])
  const { identity } = writtenUpstream('docs/integrating.md', 'notes')
  expect(identity?.own?.providers.map(({ id, match }) => [id, match])).toEqual([['google', 'email']])
})
