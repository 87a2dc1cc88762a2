/**
 * A practice's policy document as a YAML file, and back.
 *
 * The file is the document itself, key by key, so that what is reviewed is what is saved; nothing is abbreviated.
 * Invariant: what is written reads back equal, and the same policy is always the same text. Practice, revision, author
 * are comments: the revision there says what an edit started from (`policy apply` refuses a newer one). A friendlier
 * dialect of its own was refused: it would be a second schema to keep true.
 */
import { readFileSync } from 'node:fs'
import { Document, isMap, isScalar, isSeq, visit } from 'yaml'
import type { SavedPolicy } from '../admin/store/practices.ts'
import { compile } from '../policies/compile.ts'
import { type PolicyDocument, policyDocumentSchema } from '../policies/document.ts'
import type { Instant } from '../policies/instant.ts'
import type { Checked, Problem } from '../policies/problem.ts'
import { readYaml, type YamlSource } from '../runtime/config-load.ts'
import { exitCodes, type Stop, stopWith } from './exit-codes.ts'

/** A policy file read. `revision`: what it says it was made from; `null`: it does not say. */
export type PolicyFile = { readonly revision: number | null; readonly document: PolicyDocument }

/** `text` in one line, without control characters: what somebody is called must not write lines or steer a terminal. */
export const oneLine = (text: string): string => text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')

const sorted = <V>(of: Readonly<Record<string, V>>): Record<string, V> =>
  Object.fromEntries(Object.entries(of).sort(([one], [other]) => (one < other ? -1 : 1)))

/** Days of a week, and who an entry is for, read best on one line. */
const inOneLine: ReadonlySet<unknown> = new Set(['days', 'audience'])

const yamlOf = (document: PolicyDocument): string => {
  // The schema gives the order of all keys but these, which the admins name.
  const parsed = policyDocumentSchema.parse(document)
  const stable = { ...parsed, stepUp: sorted(parsed.stepUp), presets: sorted(parsed.presets) }
  // Quoted is what tools of the older YAML 1.1 would take for something else: off, 08:00, 2026-12-24.
  const how = { aliasDuplicateObjects: false, version: '1.2', schema: 'core', compat: 'yaml-1.1' } as const
  const yaml = new Document(stable, how)
  visit(yaml, {
    Pair: (_, { key, value }) => {
      if (isScalar(key) && inOneLine.has(key.value) && (isMap(value) || isSeq(value))) value.flow = true
    },
  })
  return yaml.toString({ lineWidth: 0, flowCollectionPadding: false })
}

/** The file's text for a saved policy, with a closing line break. */
export const policyText = ({ practice, revision, document, savedAt, authorName, authorId }: SavedPolicy) =>
  [
    `# The policy of ${oneLine(document.practice.name)}. Change it, then: gatehouse policy plan FILE, policy apply FILE`,
    `# practice: ${practice}`,
    `# revision: ${revision}`,
    `# saved: ${new Date(savedAt).toISOString()} by ${oneLine(authorName)} (${oneLine(authorId)})`,
    yamlOf(document),
  ].join('\n')

/** The revision that the comments at the top name; `null`: none. */
const revisionIn = (text: string): number | null => {
  for (const line of text.replace(/^\ufeff/, '').split(/\r?\n/)) {
    if (!line.startsWith('#')) return null
    const [, digits] = /^# revision: (\d{1,9})\s*$/.exec(line) ?? []
    if (digits !== undefined) return Number(digits)
  }
  return null
}

const stepsOf = (path: string): readonly PropertyKey[] =>
  path.split(/[.[\]]+/).flatMap((part) => (part === '' ? [] : [/^\d+$/.test(part) ? Number(part) : part]))

/** Each Problem with the line that it stands on: that of the key which is not known, where one is named. */
export const located = (problems: readonly Problem[], { locate }: YamlSource): readonly Problem[] =>
  problems.map(({ path, sentence }) => {
    const [, key] = /^Unrecognized keys?: "([^"]*)"/.exec(sentence) ?? []
    const place = key === undefined ? locate(stepsOf(path)) : locate(stepsOf(path), key)
    return { path, sentence: place === '' ? sentence : `${sentence} (${place})` }
  })

/** A text's tree, or its Problems: it is no YAML. */
export const parseYaml = (text: string): Checked<YamlSource> => {
  try {
    const source = readYaml(text)
    return source.problems.length > 0 ? { ok: false, problems: source.problems } : { ok: true, value: source }
  } catch (error) {
    const sentence = error instanceof Error ? error.message : String(error)
    return { ok: false, problems: [{ path: '', sentence }] }
  }
}

/** The policy of a file's text, compiled to see that it can be; or every Problem with its path and line. */
export const readPolicyText = (text: string, at: Instant): Checked<PolicyFile> => {
  const source = parseYaml(text)
  if (!source.ok) return source
  const compiled = compile(source.value.tree, at, process.versions.tz)
  if (!compiled.ok) return { ok: false, problems: located(compiled.problems, source.value) }
  return { ok: true, value: { revision: revisionIn(text), document: compiled.value.document } }
}

/** The Problems of a file as the end of a command; with `json` as one object on standard output. */
export const problemsStop = (file: string, problems: readonly Problem[], json: boolean): Stop => {
  if (json) process.stdout.write(`${JSON.stringify({ ok: false, file, problems })}\n`)
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`
  return stopWith(
    exitCodes.configuration,
    `gatehouse: ${file} has ${count}:`,
    ...problems.map(({ path, sentence }) => `  ${path === '' ? '(the whole)' : path}: ${sentence}`),
  )
}

/** A file's text; a `Stop` (exit 78) where it cannot be read. */
export const readText = (file: string, json: boolean): string => {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'not text'
    throw problemsStop(file, [{ path: '', sentence: `cannot be read (${why})` }], json)
  }
}

/** The policy file that was named; a `Stop` (exit 78) with every Problem of it otherwise. */
export const readPolicyFile = (file: string, at: Instant, json: boolean): PolicyFile => {
  const read = readPolicyText(readText(file, json), at)
  if (!read.ok) throw problemsStop(file, read.problems, json)
  return read.value
}
