/**
 * Every configuration key as data: path, form, default, sentence and environment variable, read off the schema.
 *
 * One source for three uses: the documentation's table, the check that no key lacks a sentence, and the names of
 * environment variables. It is not the schema and checks no value. A table kept by hand was refused: it lies after
 * the second change.
 */
import { z } from 'zod'
import { configSchema } from './config.ts'

/** One key. */
export type ConfigKey = {
  /** As in `upstreams[].identity.cookies`. */
  readonly path: string
  /** What it takes, in words: `text`, `number`, `yes or no`, `list`, `group`, or the choices. */
  readonly form: string
  /** The default as YAML writes it; `null`: none, it must be given (or may be left out, where `optional`). */
  readonly standard: string | null
  readonly optional: boolean
  readonly sentence: string
  /** The variable that sets it; `null`: keys within lists and groups have none. */
  readonly variable: string | null
}

type Schema = z.core.JSONSchema.BaseSchema

const variantsOf = (schema: Schema): readonly Schema[] => {
  const variants = schema.anyOf ?? schema.oneOf ?? [schema]
  return variants.filter(
    (variant): variant is Schema => typeof variant === 'object' && variant.type !== 'null',
  )
}

const typesOf = (schema: Schema): readonly string[] =>
  variantsOf(schema)
    .flatMap(({ type }) => (type === undefined ? [] : [type].flat()))
    .filter((type) => type !== 'null')

function formOf(schema: Schema): string {
  const choices = variantsOf(schema).flatMap(
    (variant) => variant.enum ?? (variant.const === undefined ? [] : [variant.const]),
  )
  const types = typesOf(schema)
  if (choices.length > 0 && types.every((type) => type !== 'array'))
    return choices.map((choice) => `\`${String(choice)}\``).join(', ')
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    integer: 'number',
    number: 'number',
    boolean: 'yes or no',
    array: 'list',
    object: 'group',
  }
  return [...new Set(types.map((type) => words[type] ?? type))].join(' or ')
}

/** `listen.gatewayMetrics` → `GATEHOUSE_LISTEN_GATEWAY_METRICS`. */
const variableOf = (path: string): string =>
  `GATEHOUSE_${path
    .replace(/[A-Z]/g, (letter) => `_${letter}`)
    .replaceAll('.', '_')
    .toUpperCase()}`

function keysUnder(schema: Schema, prefix: string, inList: boolean): readonly ConfigKey[] {
  return variantsOf(schema).flatMap((variant) => {
    const items = variant.items
    if (typeof items === 'object' && !Array.isArray(items)) return keysUnder(items, `${prefix}[]`, true)
    return Object.entries(variant.properties ?? {}).flatMap(([name, property]) => {
      if (typeof property === 'boolean') return []
      const path = prefix === '' ? name : `${prefix}.${name}`
      const under = keysUnder(property, path, inList)
      const settable = !inList && under.length === 0 && !typesOf(property).includes('object')
      const isGroup = under.length > 0 && !typesOf(property).includes('array')
      const key: ConfigKey = {
        path,
        form: formOf(property),
        standard: property.default === undefined || isGroup ? null : JSON.stringify(property.default),
        optional: isGroup ? property.default !== undefined : !(variant.required ?? []).includes(name),
        sentence: property.description ?? '',
        variable: settable ? variableOf(path) : null,
      }
      return [key, ...under]
    })
  })
}

/** Every key of the configuration, in the order of the schema; groups come before what they hold. */
export const describeConfig = (): readonly ConfigKey[] =>
  keysUnder(z.toJSONSchema(configSchema, { io: 'input', reused: 'inline' }), '', false)

const escapeCell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;')

/** The documentation's table of all keys, as Markdown: one row a key. */
export function writeConfigTable(): string {
  const rows = describeConfig().map(({ path, form, standard, optional, sentence, variable }) => {
    const shown = standard === null ? (optional ? '' : form === 'group' ? '' : 'required') : `\`${standard}\``
    const cells = [`\`${path}\``, form, shown, sentence, variable === null ? '' : `\`${variable}\``]
    return `| ${cells.map(escapeCell).join(' | ')} |`
  })
  return [
    '| key | form | default | what it is | environment |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n')
}
