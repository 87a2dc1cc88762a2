/**
 * Reads the configuration: defaults < YAML file < environment < what the caller decides; checked and frozen.
 *
 * Whatever is wrong comes at once, each with its path and where it was written (line or variable). An unknown key or
 * `GATEHOUSE_` variable is a Problem: a mistyped switch that is silently ignored is how a fence stays open. Values
 * are never repeated in a Problem, since some are secrets. Files that include files were refused: one place to read.
 */
import { readFileSync } from 'node:fs'
import { isMap, isNode, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { type Checked, type Problem, pathText } from '../policies/problem.ts'
import { type Config, configSchema } from './config.ts'
import { checkConfig } from './config-checks.ts'
import { type ConfigKey, describeConfig } from './config-keys.ts'
import { nearestWord } from './nearest-word.ts'

type Tree = Readonly<Record<string, unknown>>
/** Where a path was written: `line 12`, or nothing if nowhere in the file. */
type Locate = (path: readonly PropertyKey[], key?: string) => string

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `over` laid upon `under`: groups are merged, everything else is replaced. */
function merge(under: unknown, over: unknown): unknown {
  if (over === undefined) return under
  if (!isTree(over)) return over
  if (under === undefined || under === null) return over
  // Wrong in the file stays wrong: the schema will say so.
  if (!isTree(under)) return under
  const names = new Set([...Object.keys(under), ...Object.keys(over)])
  return Object.fromEntries([...names].map((name) => [name, merge(under[name], over[name])]))
}

const atPath = (path: readonly string[], value: unknown): unknown =>
  path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value)

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) deepFreeze(inner)
  }
  return value
}

/** A YAML text as a plain tree; `problems`: what is no YAML, then the tree is empty. `locate`: where a path stands. */
export type YamlSource = {
  readonly tree: unknown
  readonly problems: readonly Problem[]
  readonly locate: Locate
}

/**
 * The text of a YAML file (1.2, core schema) as a tree, with a way to say on which line a path stands. Throws where
 * aliases would make it too large.
 */
export function readYaml(text: string): YamlSource {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    schema: 'core',
    version: '1.2',
    prettyErrors: false,
  })
  const problems = [...document.errors, ...document.warnings].map(({ pos, message }) => {
    const { line, col } = lines.linePos(pos[0])
    return { path: `line ${line}, column ${col}`, sentence: message }
  })
  const locate: Locate = (path, key) => {
    for (let length = path.length; length > 0 || key !== undefined; length--) {
      const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true)
      const pair =
        key === undefined || !isMap(node) ? undefined : node.items.find((item) => String(item.key) === key)
      const found = pair?.key ?? node
      if (isNode(found) && found.range) return `line ${lines.linePos(found.range[0]).line}`
      if (length <= 0) break
    }
    return ''
  }
  return { tree: problems.length > 0 ? {} : (document.toJS() ?? {}), problems, locate }
}

function readFile(file: string | null): YamlSource {
  if (file === null) return { tree: {}, problems: [], locate: () => '' }
  try {
    return readYaml(readFileSync(file, 'utf8'))
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'not YAML'
    return { tree: {}, problems: [{ path: file, sentence: `cannot be read (${why})` }], locate: () => '' }
  }
}

/** Names under which hosting services hand out addresses. */
const wellKnown: Readonly<Record<string, string>> = {
  DATABASE_URL: 'database.url',
  REDIS_URL: 'hotStore.url',
}

/** A variable's text as the value its key takes; what does not fit is left for the schema to refuse. */
function valueFrom(key: ConfigKey, text: string): unknown {
  if (key.form === 'number') return /^-?\d+$/.test(text) ? Number(text) : text
  if (key.form === 'yes or no') return text === 'true' ? true : text === 'false' ? false : text
  if (key.form === 'list') return text.split(',').map((item) => item.trim())
  return text
}

type Environment = Readonly<Record<string, string | undefined>>
type Given = {
  readonly tree: unknown
  readonly problems: readonly Problem[]
  readonly variables: ReadonlyMap<string, string>
}

/** What the environment sets. An empty variable counts as not given, as composition files write it. */
function readEnvironment(environment: Environment): Given {
  const keys = describeConfig().filter((key) => key.variable !== null)
  const byVariable = new Map(keys.map((key) => [key.variable, key]))
  const byPath = new Map(keys.map((key) => [key.path, key]))
  const problems: Problem[] = []
  const variables = new Map<string, string>()
  let tree: unknown = {}
  for (const [variable, text] of Object.entries(environment)) {
    if (text === undefined || text === '') continue
    const path = wellKnown[variable]
    const key = path === undefined ? byVariable.get(variable) : byPath.get(path)
    if (key !== undefined) {
      const other = variables.get(key.path)
      if (other !== undefined && environment[other] !== text)
        problems.push({ path: variable, sentence: `says something else than ${other}: give one of them` })
      variables.set(key.path, variable)
      tree = merge(tree, atPath(key.path.split('.'), valueFrom(key, text)))
    } else if (variable.startsWith('GATEHOUSE_')) {
      const near = nearestWord(
        variable,
        keys.map((known) => known.variable ?? ''),
      )
      const hint = near === null ? '' : `; did you mean ${near}?`
      problems.push({ path: variable, sentence: `is not a setting of Gatehouse${hint}` })
    }
  }
  return { tree, problems, variables }
}

/** The names of a group that the schema knows, for "did you mean". */
const namesUnder = (path: string): readonly string[] => {
  const prefix = path === '' ? '' : `${path.replaceAll(/\[\d+\]/g, '[]')}.`
  return describeConfig()
    .filter((key) => key.path.startsWith(prefix) && !/[.[]/.test(key.path.slice(prefix.length)))
    .map((key) => key.path.slice(prefix.length))
}

/** zod's issues as Problems: one for each unknown key, each with where it was written. */
function schemaProblems(
  error: z.ZodError,
  locate: Locate,
  variables: ReadonlyMap<string, string>,
): readonly Problem[] {
  const where = (path: readonly PropertyKey[], key?: string): string => {
    const variable = variables.get(pathText(path.filter((part) => typeof part === 'string')))
    const place = variable ?? locate(path, key)
    return place === '' ? '' : ` (${place})`
  }
  return error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys')
      return [{ path: pathText(issue.path), sentence: `${issue.message}${where(issue.path)}` }]
    return issue.keys.map((key) => {
      const near = nearestWord(key, namesUnder(pathText(issue.path)))
      const hint = near === null ? '' : `; did you mean ${near}?`
      return {
        path: pathText([...issue.path, key]),
        sentence: `is not a key here${hint}${where(issue.path, key)}`,
      }
    })
  })
}

/**
 * The configuration, deep-frozen; or every Problem of it.
 *
 * `file`: path of a YAML file, `null`: none. `environment`: usually `process.env`; `GATEHOUSE_…` names follow the
 * path (`describeConfig` lists them), `DATABASE_URL` and `REDIS_URL` are known too. `overrides`: what the caller
 * decides itself, laid upon everything else.
 */
export function loadConfig(options: {
  readonly file: string | null
  readonly environment: Environment
  readonly overrides?: Tree
}): Checked<Config> {
  const file = readFile(options.file)
  const environment = readEnvironment(options.environment)
  const early = [...file.problems, ...environment.problems]
  // A file that cannot be read would give a second Problem for every key that must be given.
  if (file.problems.length > 0) return { ok: false, problems: early }
  if (!isTree(file.tree))
    return {
      ok: false,
      problems: [...early, { path: options.file ?? '', sentence: 'expected keys and values' }],
    }
  const tree = merge(merge(file.tree, environment.tree), options.overrides ?? {})
  const parsed = configSchema.safeParse(tree)
  const problems = parsed.success
    ? checkConfig(parsed.data)
    : schemaProblems(parsed.error, file.locate, environment.variables)
  const all = [...early, ...problems]
  if (!parsed.success || all.length > 0) return { ok: false, problems: all }
  return { ok: true, value: deepFreeze(parsed.data) }
}
