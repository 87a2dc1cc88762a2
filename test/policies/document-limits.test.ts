/**
 * Goal: everything in a document is bounded, and every bound holds: kept at the limit, a Problem one past it.
 * Method: the bounds are read from the schema itself, so that none is forgotten; each is tried on a full document.
 */
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { compile } from '../../policies/compile.ts'
import { type PolicyDocument, policyDocumentSchema } from '../../policies/document.ts'
import { entry, exception, hours } from '../../policies/examples/story.ts'
import { newDocument } from '../../policies/standard-roles.ts'
import { base } from '../support/policy-cases.ts'

type Schema = { readonly [key: string]: unknown }
type Bound = { readonly path: string; readonly keyword: string; readonly limit: number }

const keywords = ['maxItems', 'minItems', 'maxLength', 'minLength', 'maximum', 'minimum'] as const
const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null

/** Every bound of a JSON schema; `unbounded` collects what has none. */
const boundsOf = (schema: Schema, path: string, unbounded: string[]): readonly Bound[] => {
  const found: Bound[] = keywords.flatMap((keyword) => {
    const limit = schema[keyword]
    return typeof limit === 'number' ? [{ path, keyword, limit }] : []
  })
  const length = /^\^\[.*\{[01],(\d+)\}\$$/.exec(String(schema['pattern']))?.[1]
  // A first character apart and up to 63 more, or up to 64 at once.
  if (length !== undefined) found.push({ path, keyword: 'maxLength', limit: 64 })
  const isShort = ['enum', 'const', 'format', 'maxLength', 'pattern'].some((key) => key in schema)
  if (schema['type'] === 'string' && !isShort) unbounded.push(path)
  if (schema['type'] === 'array' && !('maxItems' in schema)) unbounded.push(path)
  if (schema['type'] === 'integer' && !('maximum' in schema)) unbounded.push(path)
  if (schema['type'] === 'number' && !('const' in schema)) unbounded.push(path)
  for (const [key, inner] of Object.entries(isSchema(schema['properties']) ? schema['properties'] : {})) {
    if (isSchema(inner)) found.push(...boundsOf(inner, path === '' ? key : `${path}.${key}`, unbounded))
  }
  if (isSchema(schema['items'])) found.push(...boundsOf(schema['items'], `${path}.[]`, unbounded))
  if (isSchema(schema['additionalProperties']) && path === 'stepUp') {
    found.push(...boundsOf(schema['additionalProperties'], `${path}.money`, unbounded))
  }
  const choices = Array.isArray(schema['anyOf']) ? schema['anyOf'].filter(isSchema) : []
  return [...found, ...choices.flatMap((one) => boundsOf(one, path, unbounded))]
}

const people = () => ({ roles: ['owner'], users: ['anna'] })

/** A document in which every optional thing is there, each list with one for a role and one for a user. */
const full = (): PolicyDocument => {
  const document = newDocument({ id: 'oak', name: 'Oak Dental', zone: 'America/Denver' }, 'standard')
  for (const { scope } of [document.controls.ip, document.controls.time, document.controls.twoFactor]) {
    Object.assign(scope, { include: people(), exempt: people() })
  }
  for (const [at, audience] of [{ role: 'owner' }, { user: 'anna' }].entries()) {
    document.ipEntries.push({ ...entry(`e${at}`, '203.0.113.9', { audience, expiresAt: 1 }) })
    const dates = { label: 'x', zone: 'UTC', validFrom: '2026-12-01', validTo: '2026-12-02' }
    document.timeWindows.push({ ...hours(['mon'], '08:00', '17:00', { audience, ...dates }), id: `w${at}` })
    document.exceptions.push({ ...exception('closure', 'x', '2026-12-24', { audience }), id: `x${at}` })
  }
  document.stepUp['money'] = { maxAgeMs: 60_000, phishingResistant: false }
  return document
}

type Tree = { [key: string]: unknown }

/** Sets what lies at the path, in the first item of lists that has it; answers the path with its indexes. */
const set = (document: unknown, path: string, value: (old: unknown) => unknown): readonly PropertyKey[] => {
  const keys = path.split('.')
  const walk = (tree: Tree, [key = '', ...rest]: readonly string[]): readonly PropertyKey[] | null => {
    for (const actual of key === '[]' ? [0, 1] : [key]) {
      if (!isSchema(tree) || !(actual in tree)) continue
      if (rest.length === 0) {
        tree[actual] = value(tree[actual])
        return [actual]
      }
      const deeper = walk(tree[actual] as Tree, rest)
      if (deeper !== null) return [actual, ...deeper]
    }
    return null
  }
  const found = walk(document as Tree, keys)
  if (found === null) throw new Error(`nothing lies at ${path}`)
  return found
}

const sizedValue = (keyword: string, size: number) => (old: unknown) => {
  if (keyword.endsWith('Items')) return Array.from({ length: size }, () => (old as readonly unknown[])[0])
  return keyword.endsWith('Length') ? 'a'.repeat(size) : size
}

/** Paths of issues about a size, those inside of unions too. */
const sizeIssues = (issues: readonly z.core.$ZodIssue[], within: readonly PropertyKey[] = []): string[] =>
  issues.flatMap((issue) => {
    const path = [...within, ...issue.path]
    if (issue.code === 'invalid_union') return issue.errors.flatMap((inner) => sizeIssues(inner, path))
    const isSize = issue.code === 'too_big' || issue.code === 'too_small'
    return isSize || (issue.code === 'invalid_format' && issue.format === 'regex') ? [path.join('.')] : []
  })

const refusesAt = ({ path, keyword }: Bound, size: number): boolean => {
  const document = full()
  const place = set(document, path, sizedValue(keyword, size)).join('.')
  const parsed = policyDocumentSchema.safeParse(document)
  return !parsed.success && sizeIssues(parsed.error.issues).includes(place)
}

describe('a document', () => {
  const unbounded: string[] = []
  const schema = z.toJSONSchema(policyDocumentSchema, { io: 'input', reused: 'inline' })
  const bounds = boundsOf(schema as Schema, '', unbounded)

  it('is full and compiles', () => {
    expect(compile(full(), base)).toMatchObject({ ok: true })
  })

  it('has a bound on every text, list and number', () => {
    expect(unbounded).toEqual([])
    expect(bounds.length).toBeGreaterThan(80)
  })

  it.each(bounds.map((bound) => [`${bound.path} ${bound.keyword} ${bound.limit}`, bound] as const))(
    'keeps %s and refuses one past it',
    (_, bound) => {
      expect(refusesAt(bound, bound.limit)).toBe(false)
      expect(refusesAt(bound, bound.limit + (bound.keyword.startsWith('max') ? 1 : -1))).toBe(true)
    },
  )

  it('keeps 200 step-up groups and refuses one more', () => {
    const problemsWith = (count: number): readonly string[] => {
      const document = full()
      const groups = Array.from({ length: count }, (__, at) => [`group-${at}`, document.stepUp['money']])
      const compiled = compile({ ...document, stepUp: Object.fromEntries(groups) }, base)
      return compiled.ok ? [] : compiled.problems.map(({ path, sentence }) => `${path}: ${sentence}`)
    }
    expect(problemsWith(200)).toEqual([])
    expect(problemsWith(201)).toEqual(['stepUp: use at most 200 groups'])
  })

  it('has bounds that are those we promised', () => {
    const promised = new Map(bounds.map(({ path, keyword, limit }) => [`${path} ${keyword}`, limit]))
    expect({
      entries: promised.get('ipEntries maxItems'),
      windows: promised.get('timeWindows maxItems'),
      exceptions: promised.get('exceptions maxItems'),
      roles: promised.get('roles maxItems'),
      emergencyMs: promised.get('emergency.lastsMs maximum'),
      deviceMs: promised.get('controls.twoFactor.rememberDeviceMs maximum'),
      approvalMs: promised.get('requests.standardMs minimum'),
    }).toEqual({
      entries: 100_000,
      windows: 2_000,
      exceptions: 2_000,
      roles: 200,
      emergencyMs: 4 * 3_600_000,
      deviceMs: 30 * 86_400_000,
      approvalMs: 12 * 3_600_000,
    })
  })
})
