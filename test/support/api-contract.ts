/**
 * Holds every answer that a test gets from the admin API against the OpenAPI document that is served: a status that
 * the route does not name, a field that is not described, or a body of another shape fails the test that asked.
 *
 * Not a list of cases: whatever tests ask anyway is checked. Invariant: objects are closed here although the document
 * leaves them open, since a client must be able to find out about every field it is sent.
 */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'

type Json = { readonly [key: string]: unknown }
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Json>>>>
  readonly components: { readonly schemas: Json }
}

/** What an answer is held against. */
export type ApiContract = {
  /** Throws where the answer is none that the document promises. Only JSON bodies are looked into. */
  check(method: string, path: string, status: number, type: string, body: string): void
}

/** Statuses of the door in front of every route: no single route lists them (`admin/api/guarded.ts`). */
const ofTheDoor = new Set([400, 401, 403, 413, 415, 421, 428, 500, 503])
/** What the door says with statuses that answers use too. */
const doorCodes = /"code":"(?:in-progress|outcome-unknown|key-reused)"/

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The same schemas with every described object closed. `isPart`: what contains it is closed in its place, as for members
 * of `allOf` and for components, which other schemas extend.
 */
const closed = (value: unknown, isPart = false): unknown => {
  if (Array.isArray(value)) return value.map((part) => closed(part))
  if (!isObject(value)) return value
  const schema = Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      key === 'allOf' && Array.isArray(part) ? part.map((one) => closed(one, true)) : closed(part),
    ]),
  )
  const isDescribed = isObject(value['properties']) && value['additionalProperties'] === undefined
  const isOpen = isDescribed || Array.isArray(value['allOf']) || typeof value['$ref'] === 'string'
  return isOpen && !isPart ? { ...schema, unevaluatedProperties: false } : schema
}

const closedComponents = ({ schemas }: { readonly schemas: Json }): Json => ({
  schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, closed(schema, true)])),
})

const patternOf = (template: string): RegExp =>
  new RegExp(`^${template.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`)

/** Longer literal parts first, so that `/users/import` is not taken for `/users/{user}`. */
const bySpecificity = (a: string, b: string): number =>
  (a.match(/\{/g)?.length ?? 0) - (b.match(/\{/g)?.length ?? 0) || b.length - a.length

/** The contract that `document`, as served under `/api/openapi.json`, is. */
export const readContract = (document: unknown): ApiContract => {
  const { components } = document as Document
  const { paths } = closed({ paths: (document as Document).paths }) as Pick<Document, 'paths'>
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  ajv.addSchema({ $id: 'openapi', components: closedComponents(components) })
  const templates = Object.keys(paths)
    .sort(bySpecificity)
    .map((template) => ({ template, pattern: patternOf(template) }))
  const compiled = new Map<string, ValidateFunction>()

  const compile = (key: string, schema: unknown): ValidateFunction => {
    const known = compiled.get(key)
    if (known !== undefined) return known
    const text = JSON.stringify(schema).replaceAll('"#/components', '"openapi#/components')
    const made = ajv.compile(JSON.parse(text) as Json)
    compiled.set(key, made)
    return made
  }

  return {
    check(method, path, status, type, body) {
      const pathname = path.replace(/\?.*$/s, '')
      const template = templates.find(
        (one) => one.pattern.test(pathname) && paths[one.template]?.[method.toLowerCase()] !== undefined,
      )?.template
      if (template === undefined) return
      const key = `${method} ${template} ${status}`
      const operation = paths[template]?.[method.toLowerCase()] as { readonly responses: Json }
      const promised = operation.responses[String(status)] as Json | undefined
      if (promised === undefined && (ofTheDoor.has(status) || doorCodes.test(body))) return
      if (promised === undefined)
        throw new Error(`${key} is not in the OpenAPI document: ${body.slice(0, 300)}`)
      const media = type.split(';')[0]?.trim() ?? ''
      const content = promised['content'] as
        | Readonly<Record<string, { readonly schema: unknown }>>
        | undefined
      if (content?.[media] === undefined && body === '') return
      if (content?.[media] === undefined) throw new Error(`${key} promises no "${media}"`)
      if (!/\bjson$/.test(media)) return
      const fits = compile(`${key} ${media}`, content[media].schema)
      if (!fits(JSON.parse(body)))
        throw new Error(`${key} is not what the OpenAPI document says: ${ajv.errorsText(fits.errors)}`)
    },
  }
}
