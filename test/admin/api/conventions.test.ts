/**
 * Goal: whoever knows one route of the admin API knows them all: lists page, edits name what they edit, refusals are told.
 * Method: walk the contract; every exception stands in a list here with its reason, and a stale one fails too.
 */
import { expect, test } from 'vitest'
import type { z } from 'zod'
import { everyRoute } from '../../../admin/api/api.ts'

type Shape = Readonly<Record<string, z.ZodType>>
const shapeOf = (schema: unknown): Shape => (schema as { readonly shape?: Shape } | undefined)?.shape ?? {}

const every = everyRoute.map((route) => {
  const ok = route.responses[200] ?? route.responses[201]
  const content = (ok as { content?: Record<string, { schema?: unknown }> } | undefined)?.content
  const answer = shapeOf(content?.['application/json']?.schema)
  return {
    key: `${route.method.toUpperCase()} ${route.getRoutingPath()}`,
    method: route.method.toUpperCase(),
    query: shapeOf(route.request?.query),
    headers: shapeOf(route.request?.headers),
    codes: Object.keys(route.responses),
    answer,
    lists: Object.values(answer).some((part) => part.type === 'array'),
  }
})
const keysOf = (routes: readonly { readonly key: string }[]): readonly string[] =>
  routes.map(({ key }) => key).sort()

const of = '/api/practices/:practice'

/** GET routes that answer lists whole, and what bounds them. */
const wholeLists: Readonly<Record<string, string>> = {
  'GET /api/me': 'the practices of one account, which its menu shows at once',
  'GET /api/practices': 'practices of one plane, some hundreds; searched in the page',
  'GET /api/permissions': 'the catalogue, which is code',
  'GET /api/me/factors': 'passkeys of one account, ten at most',
  'GET /api/admins': 'own accounts, a handful for emergencies',
  'GET /api/admin-sessions': 'sessions of own accounts that are open now',
  [`GET ${of}/features`]: 'a closed set',
  [`GET ${of}/sources`]: 'what the configuration names',
  'GET /api/retired-practices': 'practices that left one plane, some dozens',
  [`GET ${of}/general`]: 'no list: samples of at most 100 people with their count',
  [`GET ${of}/presets`]: 'a closed set',
  [`GET ${of}/presets/:preset`]: 'no list: what one preset would change',
  [`GET ${of}/scheduled-changes`]: 'what waits, and the last few that were settled',
  [`GET ${of}/heartbeats`]: 'at most one for each office',
  [`GET ${of}/address-cards`]: 'ten at most',
  [`GET ${of}/time-windows`]: 'part of one policy document, which bounds it',
  [`GET ${of}/time-calendar`]: 'a week',
  [`GET ${of}/time-preview`]: 'fourteen days',
  [`GET ${of}/sign-in-hours`]: 'the hours of a week',
  [`GET ${of}/notifications`]: 'a closed set of topics, and configured webhooks',
  [`GET ${of}/extensions`]: 'those that run now',
  [`GET ${of}/roles`]: 'part of one policy document, at most 200',
  [`GET ${of}/routes`]: 'the configured route table',
  [`GET ${of}/route-proposal`]: 'what a configuration takes, at most 300 lines',
  [`GET ${of}/users/:user/permissions`]: 'the catalogue, for one person',
  [`GET ${of}/tokens`]: 'machines of one practice',
  [`GET ${of}/emergency-access`]: 'bounded by the answer',
  [`GET ${of}/security-events/actions`]: 'the catalogue, which is code',
  [`GET ${of}/ip-entries/look`]: 'no list: one range, with at most five overlaps',
  [`GET ${of}/security-events/chain`]: 'no list: where the chain stands, with the configured streams',
  [`GET ${of}/access-report`]: 'a document of one month, as a file',
  [`GET ${of}/two-factor/report`]: 'the whole practice as a file',
  [`GET ${of}/access-requests/counts`]: 'at most 62 steps of a chart',
  [`GET ${of}/decisions/counts`]: 'at most 62 steps of a chart',
  [`GET ${of}/decisions/:code`]: 'no list: one refusal',
}

/** PUT, PATCH and DELETE without If-Match, and why nothing can be lost. */
const unconditional: Readonly<Record<string, string>> = {
  [`PUT ${of}/features/:feature`]: 'one switch with one value; the last word counts',
  [`DELETE ${of}/extensions/:id`]: 'ends one grant, which has no versions',
  'DELETE /api/me/factors': 'takes one thing away whole',
  'DELETE /api/me/factors/totp': 'takes one thing away whole',
  'PATCH /api/me/factors/passkeys/:id': 'one name, one’s own; the last word counts',
  'DELETE /api/me/factors/passkeys/:id': 'takes one thing away whole',
  'PUT /api/admins/:id': 'own accounts have no versions; each change is an event',
  'PUT /api/admins/:id/identity': 'one identity an account; the last word counts, and is an event',
  'DELETE /api/admins/:id/identity': 'takes one thing away whole',
  'DELETE /api/admins/:id': 'takes one thing away whole',
}

test('lists have cursor and limit and say where they go on, or stand here with what bounds them', () => {
  const lists = every.filter(({ method, lists: is }) => method === 'GET' && is)
  const paged = lists.filter(({ answer }) => 'nextCursor' in answer)
  expect(paged.length).toBeGreaterThan(7)
  for (const { key, query } of paged)
    expect([key, Object.keys(query)]).toEqual([key, expect.arrayContaining(['cursor', 'limit'])])
  expect(keysOf(lists.filter((one) => !paged.includes(one)))).toEqual(Object.keys(wholeLists).sort())
})

test('a page is bounded, and filters are checked: nothing unknown is taken for a filter', () => {
  for (const { key, query } of every.filter(({ query: asked }) => 'limit' in asked)) {
    expect([key, query['limit']?.safeParse('501').success]).toEqual([key, false])
    expect([key, query['limit']?.safeParse('0').success]).toEqual([key, false])
    expect([key, query['limit']?.safeParse(undefined).data]).toEqual([key, expect.any(Number)])
  }
  for (const route of everyRoute) {
    const asked = route.request?.query
    if (asked === undefined) continue
    const unknown = (asked as unknown as z.ZodType).safeParse({ nobodyAskedForThis: '1' })
    expect([route.getRoutingPath(), unknown.success]).toEqual([route.getRoutingPath(), false])
  }
})

test('what replaces or takes away names what it was made from, or stands here with why nothing is lost', () => {
  const changes = every.filter(({ method }) => ['PUT', 'PATCH', 'DELETE'].includes(method))
  const conditional = changes.filter(({ headers }) => 'if-match' in headers)
  expect(conditional.length).toBeGreaterThan(15)
  expect(keysOf(changes.filter((one) => !conditional.includes(one)))).toEqual(
    Object.keys(unconditional).sort(),
  )
})

test('whatever takes If-Match tells what comes of another revision, of none, of bad input and of a lockout', () => {
  for (const { key, codes, headers } of every.filter(({ headers: sent }) => 'if-match' in sent)) {
    expect([key, codes]).toEqual([key, expect.arrayContaining(['409', '412', '422', '428'])])
    const ifMatch = headers['if-match']
    expect([key, ifMatch?.safeParse('17').success, ifMatch?.safeParse('"17"').success]).toEqual([
      key,
      false,
      true,
    ])
  }
})

test('every route tells that nobody is signed in, that it is not permitted, and that the database is away', () => {
  for (const { key, codes } of every)
    expect([key, codes]).toEqual([key, expect.arrayContaining(['401', '403', '422', '503'])])
})
