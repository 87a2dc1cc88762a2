/**
 * Goal: the configuration is read in the right order, frozen, and whatever is wrong comes at once with its place.
 * Method: small YAML files and environments; every kind of Problem by its path and sentence.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { Problem } from '../../policies/problem.ts'
import { configSchema } from '../../runtime/config.ts'
import { describeConfig, writeConfigTable } from '../../runtime/config-keys.ts'
import { loadConfig } from '../../runtime/config-load.ts'
import { nearestWord } from '../../runtime/nearest-word.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
const fileOf = (yaml: string): string => {
  const file = join(folder, `${files++}.yaml`)
  writeFileSync(file, yaml)
  return file
}
const load = (yaml: string, environment: Record<string, string> = {}, overrides = {}) =>
  loadConfig({ file: fileOf(yaml), environment, overrides })

const good = (yaml: string, environment: Record<string, string> = {}, overrides = {}) => {
  const checked = load(yaml, environment, overrides)
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems))
  return checked.value
}
const problemsOf = (yaml: string, environment: Record<string, string> = {}): readonly Problem[] => {
  const checked = load(yaml, environment)
  if (checked.ok) throw new Error('expected Problems')
  return checked.problems
}
const at = (problems: readonly Problem[], path: string): string =>
  problems
    .filter((problem) => problem.path === path)
    .map(({ sentence }) => sentence)
    .join(' | ')

const demoFile = new URL('../../cli/demo.yaml', import.meta.url).pathname
const upstream = (more: string): string => `
practices: [{ id: smile, name: Smile, zone: America/Denver }]
upstreams:
  - id: desk
    name: Desk
    url: http://127.0.0.1:9001
    ${more}
`
const identity = (more = ''): string =>
  upstream(`identity: { cookies: [sid], signInPage: /sign-in, introspection: { path: /me, practices: practices } ${more} }
    routes: [{ match: GET /sign-in, class: public }]`)

describe('order', () => {
  test('nothing at all is a configuration: every key has its default', () => {
    const checked = loadConfig({ file: null, environment: {} })
    expect(checked).toMatchObject({
      ok: true,
      value: { dataDir: '.gatehouse', gateway: { leaseMs: 5_000 }, listen: { admin: '127.0.0.1:8082' } },
    })
    expect(load('')).toMatchObject({ ok: true })
    expect(load('# only a comment\n')).toMatchObject({ ok: true })
  })

  test('the file beats defaults, the environment beats the file, the caller beats all; groups are merged', () => {
    const yaml = 'listen: { admin: 127.0.0.1:1, internal: 127.0.0.1:2, portal: 127.0.0.1:3 }'
    const environment = { GATEHOUSE_LISTEN_INTERNAL: '127.0.0.1:20', GATEHOUSE_LISTEN_PORTAL: '127.0.0.1:30' }
    const { listen } = good(yaml, environment, { listen: { portal: '127.0.0.1:300' } })
    expect(listen).toMatchObject({
      application: '127.0.0.1:8080',
      admin: '127.0.0.1:1',
      internal: '127.0.0.1:20',
      portal: '127.0.0.1:300',
    })
  })

  test('variables are read by form: numbers, lists, texts; empty ones are not given', () => {
    const config = good('', {
      GATEHOUSE_GATEWAY_LEASE_MS: '4000',
      GATEHOUSE_GATEWAY_TRUSTED_PROXIES: '10.0.0.1, 10.1.0.0/16',
      DATABASE_URL: 'postgres://u@127.0.0.1:5432/db',
      REDIS_URL: '',
      GATEHOUSE_LOG_LEVEL: '',
      PATH: '/bin',
    })
    expect(config.gateway).toMatchObject({ leaseMs: 4_000, trustedProxies: ['10.0.0.1', '10.1.0.0/16'] })
    expect(config.database.url).toBe('postgres://u@127.0.0.1:5432/db')
    expect(config.hotStore.url).toBeNull()
  })

  test('the result is frozen to the bottom', () => {
    const config = good(upstream('routes: [{ match: GET /a }]'))
    const freeze = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      expect(Object.isFrozen(value)).toBe(true)
      Object.values(value).forEach(freeze)
    }
    freeze(config)
  })

  test('what was read can be written and read again: a child process gets the same', () => {
    const checked = loadConfig({ file: demoFile, environment: {} })
    if (!checked.ok) throw new Error(JSON.stringify(checked.problems))
    expect(good(JSON.stringify(checked.value))).toEqual(checked.value)
  })
})

describe('Problems of form', () => {
  test('a file that is not there, and one that is no mapping', () => {
    const missing = loadConfig({ file: join(folder, 'none.yaml'), environment: {} })
    expect(missing).toMatchObject({ ok: false, problems: [{ sentence: expect.stringMatching(/ENOENT/) }] })
    expect(problemsOf('- a\n- b')).toHaveLength(1)
    expect(problemsOf('just words')).toHaveLength(1)
  })

  test('broken YAML is named by line and column, a key given twice too', () => {
    expect(problemsOf('listen:\n  admin: [1, 2\n')[0]!.path).toMatch(/^line \d+, column \d+$/)
    expect(problemsOf('dataDir: a\nlog: {}\ndataDir: b\n')[0]).toMatchObject({
      path: 'line 3, column 1',
      sentence: expect.stringMatching(/unique/i),
    })
  })

  test('all Problems at once, each with its path, its line or its variable', () => {
    const problems = problemsOf(
      'dataDir: 5\nlisten:\n  admin: nowhere\n  portl: 127.0.0.1:1\ngateway:\n  beatMs: 0\nunknown: 1\n',
      { GATEHOUSE_GATEWAY_LEASE_MS: 'soon', GATEHOUSE_LISTN_ADMIN: 'x' },
    )
    expect(problems.map(({ path }) => path).sort()).toEqual([
      'GATEHOUSE_LISTN_ADMIN',
      'dataDir',
      'gateway.beatMs',
      'gateway.leaseMs',
      'listen.admin',
      'listen.portl',
      'unknown',
    ])
    expect(at(problems, 'listen.admin')).toMatch(/host:port.*\(line 3\)/)
    expect(at(problems, 'listen.portl')).toMatch(/did you mean portal\?.*\(line 4\)/)
    expect(at(problems, 'unknown')).toMatch(/\(line 7\)/)
    expect(at(problems, 'gateway.leaseMs')).toMatch(/\(GATEHOUSE_GATEWAY_LEASE_MS\)/)
    expect(at(problems, 'GATEHOUSE_LISTN_ADMIN')).toMatch(/did you mean GATEHOUSE_LISTEN_ADMIN/)
  })

  test('keys within lists have their place too', () => {
    const problems = problemsOf(
      upstream('routes:\n      - match: GET /a\n        clas: public\n      - {}\n'),
    )
    expect(at(problems, 'upstreams[0].routes[0].clas')).toMatch(/did you mean class\?.*line 9/)
    expect(at(problems, 'upstreams[0].routes[1].match')).not.toBe('')
  })

  test('a secret is never repeated in a Problem', () => {
    const problems = problemsOf('', {
      GATEHOUSE_CLUSTER_KEY: 'too-short-secret',
      REDIS_URL: 'http://u:hidden@h',
    })
    expect(problems.map(({ path }) => path)).toContain('clusterKey')
    expect(JSON.stringify([problems, problemsOf('', { REDIS_URL: 'http://u:hidden@h' })])).not.toMatch(
      /too-short|hidden/,
    )
  })

  test('two variables for one key must agree', () => {
    const both = { DATABASE_URL: 'postgres://a@h/d', GATEHOUSE_DATABASE_URL: 'postgres://b@h/d' }
    expect(problemsOf('', both)).toHaveLength(1)
    expect(load('', { ...both, DATABASE_URL: both.GATEHOUSE_DATABASE_URL })).toMatchObject({ ok: true })
  })

  test('a key named __proto__ is unknown, not a trap', () => {
    expect(at(problemsOf('__proto__: { dataDir: x }'), '__proto__')).not.toBe('')
    expect(at(problemsOf('{"listen": {"__proto__": 1}}'), 'listen.__proto__')).not.toBe('')
    expect('dataDir' in {}).toBe(false)
  })

  test('aliases that would blow up are refused, not expanded', () => {
    const bomb = ['a: &a [1,2,3,4,5,6,7,8,9]']
    for (let i = 1; i < 9; i++)
      bomb.push(
        `${'abcdefghi'[i]}: &${'abcdefghi'[i]} [${Array(9)
          .fill(`*${'abcdefghi'[i - 1]}`)
          .join(',')}]`,
      )
    expect(problemsOf(bomb.join('\n')).length).toBeGreaterThan(0)
  })
})

describe('Problems between keys', () => {
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'two listeners on one port',
      'listen: { admin: 127.0.0.1:9, portal: 127.0.0.1:9 }',
      'listen.admin',
      /listen.portal/,
    ],
    [
      'a listener under one on every address',
      'listen: { admin: 0.0.0.0:8081 }\nclusterKey: aaaaaaaaaabbbbbbbbbbccccccccccdd',
      'listen.admin',
      /listen.portal/,
    ],
    [
      'the admin UI on the application’s origin',
      'origins: { application: http://h, admin: http://h }',
      'origins.admin',
      /origins.application/,
    ],
    [
      'the portal on the origin that the admin UI has by its listener',
      'origins: { portal: "http://127.0.0.1:8082" }',
      'origins.portal',
      /listen.admin/,
    ],
    [
      'the application called by the portal’s own address',
      'origins: { application: "http://127.0.0.1:8081" }',
      'origins.application',
      /listen.portal/,
    ],
    [
      'a proxy range of everybody',
      'gateway: { trustedProxies: [0.0.0.0/0] }',
      'gateway.trustedProxies[0]',
      /everybody/,
    ],
    [
      'a proxy range of everybody in IPv6',
      'gateway: { trustedProxies: [10.0.0.1, "::/0"] }',
      'gateway.trustedProxies[1]',
      /everybody/,
    ],
    ['a lease shorter than two beats', 'gateway: { leaseMs: 900, beatMs: 500 }', 'gateway.leaseMs', /twice/],
    [
      'an internal listener beyond this machine without a key',
      'listen: { internal: 0.0.0.0:8083 }',
      'clusterKey',
      /listen.internal/,
    ],
    [
      'a Redis elsewhere without a key',
      'hotStore: { url: redis://cache.example:6379 }',
      'clusterKey',
      /hotStore.url/,
    ],
    ['a database that is none', 'database: { url: mysql://h/d }', 'database.url', /postgres/],
    [
      'a practice twice',
      'practices: [{ id: a, name: A, zone: UTC }, { id: a, name: B, zone: UTC }]',
      'practices[1].id',
      /practices\[0\]/,
    ],
    [
      'a zone that is none',
      'practices: [{ id: a, name: A, zone: Mars/North }]',
      'practices[0].zone',
      /America\/Denver/,
    ],
    [
      'a role with an unknown permission',
      'practices: [{ id: a, name: A, zone: UTC, roles: [{ id: r, name: R, permissions: [see-schedule-pag] }] }]',
      'practices[0].roles[0].permissions[0]',
      /see-schedule-page/,
    ],
    [
      'a route that is no pattern',
      upstream('routes: [{ match: get /a }]'),
      'upstreams[0].routes[0].match',
      /./,
    ],
    [
      'a route with an unknown permission',
      upstream('routes: [{ match: GET /a, any: [fly] }]'),
      'upstreams[0].routes[0].any[0]',
      /./,
    ],
    [
      'two routes of which neither is more specific',
      upstream('routes: [{ match: GET /a/*/b, class: public }, { match: GET /a/:x/b }]'),
      'upstreams[0].routes[1].match',
      /GET \/a\/\*\/b/,
    ],
    [
      'a practice that is not listed',
      upstream('practice: { fixed: other }'),
      'upstreams[0].practice.fixed',
      /not listed/,
    ],
    [
      'a host of a practice that is not listed',
      upstream('practice: { hosts: { a.example: other } }'),
      'upstreams[0].practice.hosts.a.example',
      /not listed/,
    ],
    [
      'an application that is Gatehouse itself',
      upstream('').replace('9001', '8080'),
      'upstreams[0].url',
      /circles/,
    ],
    [
      'an application’s cookie with our name',
      identity().replace('[sid]', '[__Host-gatehouse]'),
      'upstreams[0].identity.cookies[0]',
      /companionName/,
    ],
    [
      'a sign-in page behind the sign-in',
      identity().replace('/sign-in, class', '/other, class'),
      'upstreams[0].identity.signInPage',
      /public/,
    ],
    [
      'nobody with a practice',
      identity().replace(', practices: practices', ''),
      'upstreams[0].practice.fixed',
      /introspection.practices/,
    ],
    [
      'a sign-in route that clashes with a route',
      identity(', login: [{ match: GET /sign-in }]'),
      'upstreams[0].identity.login[0].match',
      /./,
    ],
  ]
  for (const [name, yaml, path, sentence] of cases) {
    test(name, () => {
      expect(at(problemsOf(yaml), path)).toMatch(sentence)
    })
  }

  test('two applications with one id, and with one host', () => {
    const one = '{ id: desk, name: A, url: "http://127.0.0.1:9001", hosts: [a.example] }'
    const problems = problemsOf(`upstreams: [${one}, ${one.replace('a.ex', 'A.ex')}]`)
    expect(problems.map(({ path }) => path)).toEqual(['upstreams[1].id', 'upstreams[1].hosts'])
  })

  test('what is right next to wrong passes', () => {
    expect(load(identity())).toMatchObject({ ok: true })
    expect(load('listen: { admin: 127.0.0.1:0, portal: 127.0.0.1:0 }')).toMatchObject({ ok: true })
    expect(load('gateway: { trustedProxies: [10.0.0.0/8, "2001:db8::1"] }')).toMatchObject({ ok: true })
    expect(load('hotStore: { url: redis://localhost:6379 }')).toMatchObject({ ok: true })
    expect(
      load(
        'upstreams: [{ id: a, name: A, url: "http://127.0.0.1:9001", routes: [{ match: "* /**", class: public }] }]',
      ),
    ).toMatchObject({ ok: true })
  })
})

describe('the list of keys', () => {
  const keys = describeConfig()

  test('every key has a sentence that ends, and a form', () => {
    expect(keys.length).toBeGreaterThan(90)
    expect(keys.filter(({ sentence }) => !/^\S.*\.$/.test(sentence)).map(({ path }) => path)).toEqual([])
    expect(keys.filter(({ form }) => form === '').map(({ path }) => path)).toEqual([])
    expect(new Set(keys.map(({ path }) => path)).size).toBe(keys.length)
  })

  test('every variable sets its key, and no two share a name', () => {
    const settable = keys.filter((key) => key.variable !== null)
    expect(new Set(settable.map(({ variable }) => variable)).size).toBe(settable.length)
    for (const { path, variable } of settable) {
      // Nonsense for every form but that of a folder's name, which may be anything.
      const checked = load('', { [variable!]: '\u0001,' })
      if (path === 'dataDir') expect(checked).toMatchObject({ ok: true, value: { dataDir: '\u0001,' } })
      else
        expect(checked.ok ? [] : checked.problems.map((problem) => problem.path).join(), path).toContain(path)
    }
  })

  test('every default is the schema’s own', () => {
    const parsed: unknown = configSchema.parse({})
    for (const { path, standard } of keys.filter(
      (key) => key.standard !== null && !key.path.includes('[]'),
    )) {
      const value = path
        .split('.')
        .reduce<unknown>((tree, name) => (tree as Record<string, unknown>)[name], parsed)
      expect(JSON.stringify(value), path).toBe(standard)
    }
  })

  test('the table has a row for each', () => {
    const table = writeConfigTable()
    for (const { path } of keys) expect(table).toContain(`| \`${path}\` |`)
    expect(table.split('\n')).toHaveLength(keys.length + 3)
  })
})

test('a guess is given only where it is near', () => {
  expect(nearestWord('trustedproxy', ['trustedProxies', 'limits'])).toBe('trustedProxies')
  expect(nearestWord('zzz', ['trustedProxies', 'limits'])).toBeNull()
  expect(nearestWord('x'.repeat(100_000), ['limits'])).toBeNull()
})
