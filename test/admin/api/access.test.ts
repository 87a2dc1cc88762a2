/**
 * Goal: nobody reaches a route without the permission it asks for, in the practice it names.
 * Method: walk every route of the contract and of the app as strangers, admins of another practice and forgers.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { neededBy } from '../../../admin/api/access.ts'
import { everyRoute } from '../../../admin/api/api.ts'
import { type Browser, createStage, origin, type Stage } from './admin-stage.ts'

let stage: Stage
const browsers: Record<string, Browser> = {}
beforeAll(async () => {
  stage = await createStage()
  for (const login of ['root', 'hilly', 'viewer', 'blocked']) browsers[login] = await stage.signIn(login)
})
afterAll(() => stage.close())

const every = everyRoute.map((route) => {
  const key = `${route.method.toUpperCase()} ${route.getRoutingPath()}`
  return { key, method: route.method.toUpperCase(), path: route.getRoutingPath(), needed: neededBy[key] }
})
const ofPractices = every.filter(
  ({ needed }) => needed !== undefined && needed !== 'signed-in' && 'permission' in needed,
)
const ofAccounts = every.filter(
  ({ needed }) =>
    needed !== undefined && needed !== 'signed-in' && 'account' in needed && needed.account === 'every',
)
const unsafe = every.filter(({ method }) => method !== 'GET')

const filled = (path: string, practice: string): string =>
  path
    .replace(':practice', practice)
    .replace(':id', 'some-id')
    .replace(':user', 'usr_fred')
    .replace(':role', 'owner')
    .replace(':preset', 'office-only')
    .replace(':sequence', '1')
    .replace(':code', 'GH-0000-0000')
    .concat(path === '/api/live' ? `?practice=${practice}` : '')

const codeOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { code: string }).code

describe('the access table', () => {
  it('has a line for every route of the contract and no other', () => {
    expect(every.map(({ key }) => key).sort()).toEqual(Object.keys(neededBy).sort())
    expect(ofPractices.length).toBeGreaterThan(20)
  })

  it('covers every route that the app answers, but the pages, their files and the document', () => {
    const open = [
      ...[
        '/sign-in',
        '/sign-in/code',
        '/sign-in/with/:id',
        '/sign-in/from/:id',
        '/sign-out',
        '/hand-over',
        '/sign-in/passkey',
        '/step-up',
        '/step-up/passkey',
        '/set-password',
        '/problems',
      ],
      ...['/problems', '/api/openapi.json', '/api/*', '/*', '*'],
    ]
    const answered = stage.app.routes.filter(({ path }) => !open.includes(path))
    expect(answered.length).toBeGreaterThan(every.length)
    for (const { method, path } of answered) expect(Object.keys(neededBy)).toContain(`${method} ${path}`)
  })

  it('names only permissions that there are', () => {
    for (const { needed } of every)
      if (needed !== undefined && needed !== 'signed-in' && 'permission' in needed)
        expect(needed.permission).toMatch(/^gw\.[a-z.-]+$/)
  })
})

describe.each(every)('$key', ({ method, path }) => {
  it('is closed to strangers', async () => {
    const response = await stage.request(filled(path, 'lakeside'), {
      method,
      headers: { origin, 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body: '{}' }),
    })
    expect(response.status).toBe(401)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await codeOf(response)).toBe('not-signed-in')
  })
})

describe.each(ofPractices)('$key', ({ method, path }) => {
  it('is closed to an admin of another practice only', async () => {
    const response = await browsers.hilly!.ask(method, filled(path, 'lakeside'), bodyOf(method))
    expect(response.status).toBe(403)
    expect(await codeOf(response)).toBe('not-permitted')
    const own = await browsers.hilly!.ask(method, filled(path, 'hilltop'), bodyOf(method))
    expect(own.status).not.toBe(401)
    expect(own.status).not.toBe(403)
    await own.body?.cancel()
  })

  it('is closed to whose permission is blocked by a missing one', async () => {
    const response = await browsers.blocked!.ask(method, filled(path, 'lakeside'), bodyOf(method))
    expect(response.status).toBe(403)
  })
})

const bodyOf = (method: string) => (method === 'GET' ? {} : { json: {} })

describe.each(ofAccounts)('$key', ({ method, path }) => {
  it('is closed to accounts that have not every practice', async () => {
    const response = await browsers.hilly!.ask(method, filled(path, 'lakeside'), bodyOf(method))
    expect(response.status).toBe(403)
    expect(await codeOf(response)).toBe('not-permitted')
  })
})

describe.each(unsafe)('forging $key', ({ method, path }) => {
  it.each([
    ['without the token', { 'x-gatehouse-csrf': null }],
    ["with another session's token", { 'x-gatehouse-csrf': 'A'.repeat(43) }],
    ['from another origin', { origin: 'https://evil.example' }],
    ['without Origin', { origin: null }],
    ['from a sibling site', { 'sec-fetch-site': 'same-site' }],
  ])('%s is refused', async (_, headers) => {
    const response = await browsers.root!.ask(method, filled(path, 'lakeside'), { json: {}, headers })
    expect(response.status).toBe(403)
    expect(await codeOf(response)).toBe('forged-request')
  })
})

describe('a viewer', () => {
  it('reads and changes nothing', async () => {
    const { ask } = browsers.viewer!
    expect((await ask('GET', '/api/practices/lakeside/general')).status).toBe(200)
    expect((await ask('POST', '/api/practices/lakeside/ip-entries', { json: {} })).status).toBe(403)
    expect((await ask('GET', '/api/practices/lakeside/active-users')).status).toBe(403)
  })
})

describe('what a stranger can learn', () => {
  it('is not which practices there are', async () => {
    const { ask } = browsers.hilly!
    const [known, unknown] = await Promise.all([
      ask('GET', '/api/practices/lakeside/general'),
      ask('GET', '/api/practices/no-such/general'),
    ])
    expect(await known.text()).toBe(await unknown.text())
    const me = (await (await ask('GET', '/api/me')).json()) as { practices: { id: string }[] }
    expect(me.practices.map(({ id }) => id)).toEqual(['hilltop'])
  })

  it('is no route that the contract does not name', async () => {
    const response = await stage.request('/api/nothing')
    expect(response.status).toBe(404)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
  })

  it('is the OpenAPI document, with every route', async () => {
    const response = await stage.request('/api/openapi.json')
    const document = (await response.json()) as { openapi: string; paths: Record<string, object> }
    expect(document.openapi).toBe('3.1.0')
    const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    )
    expect(listed.sort()).toEqual(Object.keys(neededBy).sort())
  })
})
