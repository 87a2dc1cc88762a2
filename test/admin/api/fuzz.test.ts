/**
 * Goal: nothing that is sent to the admin API is a mistake of ours (5xx), leaves the record broken, or answers off contract.
 * Method: every route, asked by the account that may do everything, with bodies and queries made at random around what the
 * route's own document describes; the chains verified afterwards.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { everyRoute } from '../../../admin/api/api.ts'
import { listChains, verifyChain } from '../../../admin/store/event-chain.ts'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
beforeAll(async () => {
  stage = await createStage()
  root = await stage.signIn('root')
})
afterAll(() => stage.close())

type Schema = {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}
type Operation = {
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly parameters?: readonly { readonly in: string; readonly name: string }[]
}
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> }
}

const strings = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom(
    '',
    ' ',
    '__proto__',
    '\u0000',
    '\ud800',
    'usr_fred',
    'owner',
    'lakeside',
    '0.0.0.0/0',
    '::1',
    '=1+1',
    "'; drop table practice;--",
    '😀'.repeat(40),
    'x'.repeat(20_000),
  ),
)
const anything = fc.oneof(
  { weight: 3, arbitrary: strings },
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(-1, 0, 1, 2 ** 53, 1e300, null, true, [], {}),
)

/** Values around a schema: mostly of its form, with odd parts. */
const around = (schema: Schema, document: Document, depth = 0): fc.Arbitrary<unknown> => {
  if (depth > 5) return anything
  if (schema.$ref !== undefined) {
    const found = document.components?.schemas?.[schema.$ref.split('/').at(-1) ?? '']
    return found === undefined ? anything : around(found, document, depth + 1)
  }
  const variants = schema.anyOf ?? schema.oneOf
  if (variants !== undefined)
    return fc.oneof(...variants.map((one) => around(one, document, depth + 1)), anything)
  if (schema.enum !== undefined)
    return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...schema.enum) }, anything)
  const mostly = (arbitrary: fc.Arbitrary<unknown>) => fc.oneof({ weight: 6, arbitrary }, anything)
  switch (schema.type) {
    case 'object':
      return mostly(
        fc.record(
          Object.fromEntries(
            Object.entries(schema.properties ?? {}).map(([name, under]) => [
              name,
              around(under, document, depth + 1),
            ]),
          ),
          { requiredKeys: Object.keys(schema.properties ?? {}).slice(0, 4) },
        ),
      )
    case 'array':
      return mostly(fc.array(around(schema.items ?? {}, document, depth + 1), { maxLength: 3 }))
    case 'integer':
    case 'number':
      return mostly(fc.oneof(fc.integer(), fc.double(), fc.nat(5_000_000)))
    case 'boolean':
      return mostly(fc.boolean())
    default:
      return anything
  }
}

const parts = fc.constantFrom(
  'lakeside',
  'usr_fred',
  'owner',
  'front-desk',
  '1',
  '%00',
  '..',
  '__proto__',
  'GH-0000-0000',
  'ses_x',
  '%F0%9F%98%80',
  'x'.repeat(300),
  '~gateway',
)
/** What would end the session that asks, or waits for a stream. */
const leftOut = /\/api\/(?:live|me\/|operators|account)|sign-out|\/export|\/revoke-everyone/

test('every route takes odd bodies, queries and paths as a matter of course', async () => {
  const document = (await (await stage.request('/api/openapi.json')).json()) as Document
  const failed: string[] = []
  let asked = 0
  const routes = everyRoute.filter((route) => !leftOut.test(route.getRoutingPath()))
  for (const [at, route] of routes.entries()) {
    const [method, path] = [route.method.toUpperCase(), route.getRoutingPath()]
    const template = path.replace(/:(\w+)/g, '{$1}')
    const operation = document.paths[template]?.[route.method]
    const schema = operation?.requestBody?.content['application/json']?.schema
    const names = (operation?.parameters ?? []).filter((one) => one.in === 'query').map(({ name }) => name)
    const wish = fc.record({
      json:
        method === 'GET'
          ? fc.constant(undefined)
          : schema === undefined
            ? anything
            : around(schema, document),
      query: fc.dictionary(fc.constantFrom('practice', 'limit', 'cursor', 'text', ...names), strings, {
        maxKeys: 3,
      }),
      parts: fc.array(parts, { minLength: 4, maxLength: 4 }),
      revision: fc.constantFrom(undefined, 0, 1, 2),
    })
    for (const { json, query, parts: filled, revision } of fc.sample(wish, {
      numRuns: 3,
      seed: 1_201 + at,
    })) {
      let next = 0
      const where = path.replace(/:(\w+)/g, (_, name) =>
        name === 'practice' && next === 0 ? 'lakeside' : (filled[next++ % 4] ?? 'x'),
      )
      const search = new URLSearchParams(query).toString()
      const response = await root.ask(method, `${where}?${search}`, {
        ...(json === undefined ? {} : { json }),
        ...(revision === undefined ? {} : { revision }),
      })
      asked += 1
      if (response.status >= 500)
        failed.push(
          `${method} ${where}?${search.slice(0, 80)} ${JSON.stringify(json)?.slice(0, 200)}: ${response.status}`,
        )
      await response.body?.cancel()
    }
  }
  expect(asked).toBeGreaterThan(200)
  expect(failed).toEqual([])
  for (const chain of await stage.store.read(listChains))
    expect(await verifyChain(stage.store, chain, null), chain).toMatchObject({ ok: true })
}, 120_000)
