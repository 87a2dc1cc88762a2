/**
 * Goal: no configuration, however odd, ends the program or passes half read: it is taken whole, or every Problem has a path.
 * Method: the demo's configuration with parts replaced, removed and added at random; files of random bytes and YAML.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { loadConfig } from '../../runtime/config-load.ts'
import { projectRoot } from '../support/cache-folder.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-config-fuzz-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = join(folder, 'gatehouse.yaml')
const demo = parse(readFileSync(join(projectRoot, 'cli/demo.yaml'), 'utf8')) as object

const load = (text: string | Buffer, environment: Readonly<Record<string, string>> = {}) => {
  writeFileSync(file, text)
  return loadConfig({ file, environment })
}

const judge = (loaded: ReturnType<typeof load>): void => {
  if (loaded.ok) {
    expect(Object.isFrozen(loaded.value) && Object.isFrozen(loaded.value.gateway.limits)).toBe(true)
    return
  }
  expect(loaded.problems.length).toBeGreaterThan(0)
  for (const { path, sentence } of loaded.problems) {
    expect(typeof path).toBe('string')
    expect(sentence).toMatch(/\S/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal must not be told
    expect(sentence).not.toMatch(/[\x00-\x08\x1b]/)
  }
}

type Step = string | number
const pathsOf = (value: unknown, path: readonly Step[] = []): readonly (readonly Step[])[] =>
  typeof value !== 'object' || value === null
    ? [path]
    : [
        path,
        ...Object.entries(value).flatMap(([key, under]) =>
          pathsOf(under, [...path, Array.isArray(value) ? Number(key) : key]),
        ),
      ]
const paths = pathsOf(demo).filter((path) => path.length > 0)

const changed = (value: unknown, [step, ...rest]: readonly Step[], put: unknown): unknown => {
  if (step === undefined) return put
  const copy = Array.isArray(value) ? [...value] : { ...(value as object) }
  Reflect.set(copy, step, changed(Reflect.get(copy, step), rest, put))
  return copy
}

const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(
    '__proto__',
    'constructor',
    '\u0000',
    '\u202e',
    'a\nb',
    '-1',
    '1e999',
    '😀',
    '/'.repeat(5_000),
    [],
    {},
    null,
    -1,
    1e21,
    Number.NaN,
  ),
)
/** A load takes some 20 ms. */
const settings = { numRuns: 25, seed: 1_201 }

test('the demo with any part of it replaced is taken whole or refused with reasons', () => {
  expect(load(stringify(demo)).ok).toBe(true)
  fc.assert(
    fc.property(fc.constantFrom(...paths), odd, (path, put) =>
      judge(load(stringify(changed(demo, path, put)))),
    ),
    settings,
  )
  expect(({} as { readonly polluted?: unknown }).polluted).toBeUndefined()
})

test('unknown keys anywhere are refused, names of Object.prototype among them', () => {
  const groups = paths
    .map((path) => path.slice(0, -1))
    .filter(
      (path) =>
        path.reduce<unknown>((at, step) => Reflect.get(Object(at), step), demo)?.constructor === Object,
    )
  fc.assert(
    fc.property(
      fc.constantFrom(...groups),
      fc.constantFrom('constructor', 'toString', 'polluted', 'hasOwnProperty'),
      (path, key) => {
        const text = stringify(changed(demo, [...path, key], 1))
        const loaded = load(text)
        if (path.includes('routes') || path.includes('kinds')) return judge(loaded)
        expect(loaded.ok, text.slice(0, 200)).toBe(false)
      },
    ),
    settings,
  )
})

test('no bytes and no YAML end the program', () => {
  const pieces = fc.constantFrom(
    '&a ',
    '*a',
    '{',
    '}',
    '[',
    ']',
    '? ',
    ': ',
    '- ',
    '| ',
    '> ',
    '!!js/function ',
    '<<: ',
    '\t',
    '\n',
    'upstreams',
    'x',
    '"',
    '%',
    '---\n',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (text) => judge(load(text.join('')))),
    settings,
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => judge(load(Buffer.from(bytes)))),
    settings,
  )
  // A hundred million of one, by ten that name ten.
  const bomb = `a: &a [x]\n${'bcdefghi'.replaceAll(/./g, (name) => `${name}: &${name} [${`*${String.fromCharCode(name.charCodeAt(0) - 1)},`.repeat(10)}]\n`)}`
  expect(load(bomb).ok).toBe(false)
})

test('the environment is no way around: odd names and values are Problems too', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Z_]{1,20}$/), fc.string({ maxLength: 30 }), (name, value) =>
      judge(load(stringify(demo), { [`GATEHOUSE_${name}`]: value })),
    ),
    settings,
  )
})
