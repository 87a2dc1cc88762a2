/**
 * From the document that admins write to the policy that gateways run: checked as a whole, times turned to edges.
 *
 * It builds nothing that cannot be written as JSON (`snapshot.ts` does), so that a compiled policy can be signed,
 * stored and sent. Invariant: a document with any Problem compiles to nothing at all; what `compile` returns,
 * `readCompiled` reads back equal. Skipping the entries that are wrong was refused: half a policy is another policy.
 */
import { audienceSchema, type PolicyDocument, policyDocumentSchema } from './document.ts'
import { documentProblems } from './document-problems.ts'
import type { Instant } from './instant.ts'
import { type Checked, type Problem, problemsOf } from './problem.ts'
import { newDocument } from './standard-roles.ts'
import { type TimeLayer, unpackEdges } from './timeline.ts'
import { type CompiledTimeline, compileTimetable } from './timetable.ts'

/** A compiled policy: JSON, self-contained. Its size is the document's and about 4 kB per audience with hours. */
export type CompiledPolicy = {
  readonly schema: 1
  readonly document: PolicyDocument
  readonly compiledAt: Instant
  readonly tzdata: string
  /** The time that the timetable covers, [from, until); compile again before it ends. */
  readonly knownFrom: Instant
  readonly knownUntil: Instant
  readonly timelines: readonly CompiledTimeline[]
}

/** Stands in for sections that are malformed, so that the others can still be checked. */
const neutral: PolicyDocument = newDocument({ id: 'neutral', name: 'Neutral', zone: 'UTC' }, [])

/** Problems about a section that only seem so because another one is malformed and was left out. */
const consequences: { readonly [section: string]: readonly string[] } = {
  timeWindows: ['controls.time'],
  controls: ['ipEntries'],
}

/** What can be said, beyond the schema's Problems, of a document of which some sections are malformed. */
const partialProblems = (given: unknown, malformed: ReadonlySet<string>): readonly Problem[] => {
  // Without roles every reference to one would look broken.
  if (malformed.has('roles') || typeof given !== 'object' || given === null) return []
  const cured = {
    ...given,
    ...Object.fromEntries(Object.entries(neutral).filter(([key]) => malformed.has(key))),
  }
  const parsed = policyDocumentSchema.safeParse(cured)
  if (!parsed.success) return []
  const muted = [...malformed].flatMap((section) => [section, ...(consequences[section] ?? [])])
  return documentProblems(parsed.data).filter(({ path }) => !muted.some((start) => path.startsWith(start)))
}

/**
 * The compiled policy as of `at`, or every Problem with its JSON path. `tzdata` names the version of the zone database
 * of this process (`process.versions.tz`). 10,000 entries take less than 100 ms.
 */
export const compile = (document: unknown, at: Instant, tzdata = 'unknown'): Checked<CompiledPolicy> => {
  const parsed = policyDocumentSchema.safeParse(document)
  if (!parsed.success) {
    const malformed = new Set(parsed.error.issues.map((issue) => String(issue.path[0] ?? '')))
    return { ok: false, problems: [...problemsOf(parsed.error), ...partialProblems(document, malformed)] }
  }
  const problems = documentProblems(parsed.data)
  if (problems.length > 0) return { ok: false, problems }
  const timetable = compileTimetable(parsed.data, at)
  return { ok: true, value: { schema: 1, document: parsed.data, compiledAt: at, tzdata, ...timetable } }
}

const layers: ReadonlySet<unknown> = new Set<TimeLayer>(['windows', 'closures', 'openings', 'instead'])

const hasExactly = (value: unknown, keys: readonly string[]): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).length === keys.length &&
  keys.every((key) => Object.hasOwn(value, key))

const isTimeline = (value: unknown): value is CompiledTimeline =>
  hasExactly(value, ['layer', 'audience', 'edges']) &&
  layers.has(value.layer) &&
  audienceSchema.safeParse(value.audience).success &&
  unpackEdges(value.edges) !== null

const isInstant = (value: unknown): value is Instant => Number.isSafeInteger(value)

/** The compiled policy that a parsed JSON value is, or `null` if it is none, has anything more, or anything less. */
export const readCompiled = (value: unknown): CompiledPolicy | null => {
  const keys = ['schema', 'document', 'compiledAt', 'tzdata', 'knownFrom', 'knownUntil', 'timelines']
  if (!hasExactly(value, keys) || value.schema !== 1 || typeof value.tzdata !== 'string') return null
  const { compiledAt, knownFrom, knownUntil, timelines, tzdata } = value
  if (!isInstant(compiledAt) || !isInstant(knownFrom) || !isInstant(knownUntil)) return null
  if (!Array.isArray(timelines) || !timelines.every(isTimeline)) return null
  const document = policyDocumentSchema.safeParse(value.document)
  if (!document.success || documentProblems(document.data).length > 0) return null
  return { schema: 1, document: document.data, compiledAt, tzdata, knownFrom, knownUntil, timelines }
}
