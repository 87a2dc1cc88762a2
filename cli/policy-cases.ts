/**
 * A case file: people, and a table of requests with the answer that a practice expects of its policy.
 *
 * The YAML shape of `policies/examples`, for officers to write; read and checked here, asked in `policy-case-run.ts`.
 * Invariant: every mistake comes at once with its line, and a case that names what does not exist is a mistake, never a
 * case that holds. Times carry their offset: a time without one means another instant in winter.
 */
import { z } from 'zod'
import type { FactorMethod } from '../policies/access-request.ts'
import { parseAddress, parseRange } from '../policies/address.ts'
import { type Reason, reasons, type Verdict } from '../policies/decision.ts'
import type { PolicyDocument } from '../policies/document.ts'
import { type Checked, type Problem, problemsOf } from '../policies/problem.ts'
import { located, parseYaml } from './policy-file.ts'

const name = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'use 1 to 64 letters, digits, _ and -')
const moment = z
  .string()
  .regex(
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)$/,
    'write a time with its offset, as in 2026-11-23T08:30-07:00',
  )
  .refine((text) => Number.isFinite(Date.parse(text)), 'there is no such time')
const address = z.string().refine((text) => parseAddress(text) !== null, 'not an address')
const range = z.string().refine((text) => parseRange(text) !== null, 'not an address or range')
const method = z.enum([
  'sms',
  'recovery-code',
  'app',
  'google',
  'totp',
  'unvouched-passkey',
  'passkey',
] satisfies FactorMethod[])
const reason = z.enum(Object.keys(reasons) as [Reason, ...Reason[]])
const verdicts = ['permit', 'challenge', 'deny', 'unavailable'] as const satisfies readonly Verdict[]
const minutes = z.number().int().nonnegative().max(100_000_000)

const personSchema = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  roles: z.array(name).max(50).default([]),
  suspended: z.boolean().default(false),
  epoch: z.number().int().nonnegative().default(0),
  factors: z.array(method).default([]),
  enrolBy: moment.nullable().default(null),
  grants: z
    .array(
      z.strictObject({
        kind: z.enum(['ip', 'time', 'break-glass']),
        range: range.nullable().default(null),
        from: moment,
        to: moment.nullable(),
      }),
    )
    .max(100)
    .default([]),
})

const anything = z.literal('anything')
const tokenSchema = z.strictObject({
  /** Whose it is, where not this practice's. */
  practice: name.optional(),
  routes: z.union([anything, z.array(z.string().max(400))]),
  methods: z.union([anything, z.array(z.string().max(20))]),
  ranges: z.union([z.literal('anywhere'), z.array(range)]),
  permissions: z.array(z.string().max(80)).default([]),
  revoked: z.boolean().default(false),
  expiresAt: moment.nullable().default(null),
})

const caseSchema = z
  .strictObject({
    title: z.string().min(1).max(200).optional(),
    /** Somebody of `people` or `tokens`, `anonymous` (not signed in) or `indeterminate` (not known who). */
    who: name.optional(),
    /** Somebody with this role and nothing else. */
    role: name.optional(),
    from: address,
    at: moment,
    /** `METHOD [HOST]/path`. */
    asks: z.string().regex(/^[A-Z]+ [^\s/]*\/\S*$/, 'write it like GET /schedule'),
    /** The application, where several are configured. */
    upstream: z.string().max(64).optional(),
    factor: z.strictObject({ method, minutesAgo: minutes }).optional(),
    session: z
      .strictObject({
        idleMinutes: minutes.default(1),
        epoch: z.number().int().nonnegative().optional(),
        held: z.boolean().default(false),
      })
      .optional(),
    expect: z.enum([...verdicts, ...reason.options]),
    opensAt: moment.nullable().optional(),
    recorded: z.array(reason).optional(),
  })
  .refine(({ who, role }) => (who === undefined) !== (role === undefined), {
    path: ['who'],
    message: 'say who asks: either who or role',
  })

const caseFileSchema = z.strictObject({
  people: z.record(name, personSchema).default({}),
  tokens: z.record(name, tokenSchema).default({}),
  cases: z.array(caseSchema).min(1, 'there is no case').max(10_000),
})

/** A case file as read; times are text, checked. */
export type CaseFile = z.output<typeof caseFileSchema>
/** One row of it. */
export type PolicyCase = CaseFile['cases'][number]
/** A person of it. */
export type CasePerson = CaseFile['people'][string]

const nobodyInParticular: ReadonlySet<string> = new Set(['anonymous', 'indeterminate'])

/** What the schema cannot see: names that lead nowhere. */
const namingProblems = (
  file: CaseFile,
  document: PolicyDocument,
  upstreams: readonly string[],
): readonly Problem[] => {
  const problems: Problem[] = []
  const roles = new Set(document.roles.map(({ id }) => id))
  const checkRole = (path: string, role: string): void => {
    if (!roles.has(role)) problems.push({ path, sentence: `the policy has no role ${role}` })
  }
  for (const [user, person] of Object.entries(file.people)) {
    person.roles.forEach((role, at) => void checkRole(`people.${user}.roles[${at}]`, role))
    if (nobodyInParticular.has(user) || Object.hasOwn(file.tokens, user))
      problems.push({ path: `people.${user}`, sentence: 'this name means somebody else: choose another' })
  }
  file.cases.forEach(({ who, role, upstream }, at) => {
    const path = `cases[${at}]`
    if (role !== undefined) checkRole(`${path}.role`, role)
    const isKnown =
      who === undefined ||
      nobodyInParticular.has(who) ||
      Object.hasOwn(file.people, who) ||
      Object.hasOwn(file.tokens, who)
    if (!isKnown) problems.push({ path: `${path}.who`, sentence: `nobody here is called ${who}` })
    if (upstream === undefined && upstreams.length !== 1)
      problems.push({
        path,
        sentence: `say which application with upstream, one of: ${upstreams.join(', ')}`,
      })
    if (upstream !== undefined && !upstreams.includes(upstream))
      problems.push({ path: `${path}.upstream`, sentence: `no application ${upstream} is configured` })
  })
  return problems
}

/** A case file with, for each case, the line on which it stands (`line 12`). */
export type ReadCases = { readonly file: CaseFile; readonly lines: readonly string[] }

/**
 * The cases of a text about the policy `document`, for the applications `upstreams`; or every Problem, with its path and
 * line.
 */
export const readCases = (
  text: string,
  document: PolicyDocument,
  upstreams: readonly string[],
): Checked<ReadCases> => {
  const source = parseYaml(text)
  if (!source.ok) return source
  const parsed = caseFileSchema.safeParse(source.value.tree)
  if (!parsed.success) return { ok: false, problems: located(problemsOf(parsed.error), source.value) }
  const problems = namingProblems(parsed.data, document, upstreams)
  if (problems.length > 0) return { ok: false, problems: located(problems, source.value) }
  const lines = parsed.data.cases.map((_, at) => source.value.locate(['cases', at]))
  return { ok: true, value: { file: parsed.data, lines } }
}
