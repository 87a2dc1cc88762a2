/**
 * The policy document: what the admins of one practice write. One document a practice, versioned by revision.
 *
 * It holds no route (configuration) and no person's record (the directory). Everything is bounded, unknown keys
 * are Problems, and silence is no: "everyone" is spelled (L6). Parsing is zod's; what zod cannot say (overlaps,
 * unknown roles, windowless scopes) is `compile`'s, which reports all Problems at once with JSON paths.
 */
import { z } from 'zod'
import { parseRange } from './address.ts'
import { unknownPermission } from './permissions.ts'
import { isZone } from './timetable-zone.ts'

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'use 1 to 64 of a-z, 0-9 and -, no - first')
const entryId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'use 1 to 64 letters, digits, _ and -')
const user = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'use 1 to 64 letters, digits, _ and -')
const instant = z.number().int().nonnegative()
const label = z.string().trim().min(1, 'give it a name').max(80, 'use at most 80 characters')
const note = z.string().max(500, 'use at most 500 characters')
const day = z.iso.date('write a date like 2026-12-24')
const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'write a time like 08:00, at most 24:00')
const start = clock.refine(
  (text) => text !== '24:00',
  'a day starts at 00:00 at the earliest and 23:59 at the latest',
)
const zone = z.string().max(64).refine(isZone, 'not a time zone; write one like America/Denver')
const minuteMs = z
  .number()
  .int()
  .min(60_000, 'use at least a minute')
  .max(400 * 86_400_000, 'use at most 400 days')
const stepUpMax = 200

const range = z
  .string()
  .max(64)
  .superRefine((text, context) => {
    const parsed = parseRange(text)
    if (parsed === null) {
      context.addIssue({
        code: 'custom',
        message: 'not an address or range; write 203.0.113.9 or 203.0.113.0/24',
      })
    } else if (parsed.range.prefix === 0) {
      context.addIssue({
        code: 'custom',
        message: 'this range is every address there is; list the networks you mean',
      })
    }
  })

const permission = z
  .string()
  .max(80)
  .superRefine((text, context) => {
    const sentence = unknownPermission(text)
    if (sentence !== null) context.addIssue({ code: 'custom', message: sentence })
  })

/** Start and end apart: whoever writes them equal means one of two things, and is asked which. */
const isStretch = (of: { readonly start: string; readonly end: string }): boolean => of.start !== of.end
const notAStretch = {
  path: ['end'],
  message: 'starts and ends at the same time: write 00:00 to 24:00 for all day, or remove it for closed',
}

/** Who a control concerns. In scope if any non-exempt role is; only an exemption of the *user* beats that. */
export const scopeSchema = z.strictObject({
  include: z.union([
    z.literal('everyone'),
    z.strictObject({ roles: z.array(id).max(200), users: z.array(user).max(2000) }),
  ]),
  exempt: z.strictObject({ roles: z.array(id).max(200), users: z.array(user).max(2000) }),
})

/** The presets that there are (`presets.ts` says what each does). */
export const presetIds = [
  'baseline',
  'two-factor-admins',
  'two-factor-everyone',
  'office-only',
  'office-hours',
  'strict',
  'remote-friendly',
] as const

/** Off, monitor or enforce. */
export const modeSchema = z.enum(['off', 'monitor', 'enforce'])

/** Whom an entry or a window serves. */
export const audienceSchema = z.union([
  z.literal('practice'),
  z.strictObject({ role: id }),
  z.strictObject({ user }),
])

const isUser = (audience: z.infer<typeof audienceSchema>): boolean =>
  audience !== 'practice' && 'user' in audience

/** One allowlist entry (SPEC §4). `range` is canonical CIDR text, host bits masked. */
export const ipEntrySchema = z.strictObject({
  id: entryId,
  range,
  label,
  audience: audienceSchema,
  on: z.boolean(),
  expiresAt: instant.nullable(),
  note,
  createdBy: z.string().max(200),
  createdAt: instant,
})

/** One weekly window (SPEC §6). `end` before `start` runs into the next day and belongs to the start day. */
export const timeWindowSchema = z
  .strictObject({
    id: entryId,
    label: label.nullable(),
    audience: audienceSchema,
    days: z
      .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
      .min(1)
      .max(7),
    start,
    end: clock,
    /** IANA zone; `null`: the practice's. */
    zone: zone.nullable(),
    validFrom: day.nullable(),
    validTo: day.nullable(),
    /** For a user's window: while it is valid, it replaces practice-wide windows and those of the user's roles. */
    insteadOfRoleHours: z.boolean(),
  })
  .refine(isStretch, notAStretch)
  .refine(({ validFrom, validTo }) => validFrom === null || validTo === null || validFrom <= validTo, {
    path: ['validTo'],
    message: 'the last day is before the first',
  })
  .refine(({ audience, insteadOfRoleHours }) => !insteadOfRoleHours || isUser(audience), {
    path: ['insteadOfRoleHours'],
    message: "only a person's own window can stand instead of role hours",
  })

/** A closure (holiday) or a one-off opening: whole days or a part of each. */
export const exceptionSchema = z
  .strictObject({
    id: entryId,
    label,
    kind: z.enum(['closure', 'opening']),
    from: day,
    to: day,
    start,
    end: clock,
    audience: audienceSchema,
  })
  .refine(isStretch, notAStretch)
  .refine(({ from, to }) => from <= to, { path: ['to'], message: 'the last day is before the first' })

/** A role with its grants; a blocked grant is kept and ineffective (SPEC §10). */
export const roleSchema = z.strictObject({
  id,
  name: label,
  permissions: z.array(permission).max(200),
  idleMs: minuteMs.nullable(),
  absoluteMs: minuteMs.nullable(),
})

/** By which ways people may sign in at Gatehouse itself, where an application has no sign-in of its own. */
export const signInSchema = z
  .strictObject({
    password: z.boolean(),
    passkey: z.boolean(),
    /** Google, or any other OpenID provider that is configured. */
    provider: z.boolean(),
  })
  .refine(({ password, passkey, provider }) => password || passkey || provider, {
    path: ['password'],
    message: 'leave one way of signing in on: else nobody could',
  })

/** The whole document. Defaults make a new practice: every control off, everyone in scope once switched on. */
export const policyDocumentSchema = z.strictObject({
  schema: z.literal(1),
  practice: z.strictObject({ id, name: label, zone }),
  controls: z.strictObject({
    ip: z.strictObject({ mode: modeSchema, scope: scopeSchema, signInOnlyFromListed: z.boolean() }),
    time: z.strictObject({ mode: modeSchema, scope: scopeSchema }),
    twoFactor: z.strictObject({
      mode: modeSchema,
      scope: scopeSchema,
      /** How long after it is first required an unenrolled user still passes. */
      graceMs: z
        .number()
        .int()
        .nonnegative()
        .max(90 * 86_400_000),
      /** How long a verified factor counts; `null`: for the session. */
      maxAgeMs: minuteMs.nullable(),
      /** No second factor from addresses on the allowlist: shown as a weakening. */
      notFromListedNetworks: z.boolean(),
      trust: z.strictObject({ app: z.boolean(), google: z.boolean() }),
      /** Codes by text message count; absent (older documents): they do not. */
      sms: z.boolean().optional(),
      /** 0: off; at most 30 days. */
      rememberDeviceMs: z
        .number()
        .int()
        .nonnegative()
        .max(30 * 86_400_000),
    }),
    permission: z.strictObject({ mode: modeSchema, hiddenBlockers: z.boolean() }),
  }),
  ipEntries: z.array(ipEntrySchema).max(100_000),
  timeWindows: z.array(timeWindowSchema).max(2_000),
  exceptions: z.array(exceptionSchema).max(2_000),
  roles: z.array(roleSchema).max(200),
  stepUp: z
    .record(id, z.strictObject({ maxAgeMs: minuteMs, phishingResistant: z.boolean() }))
    .refine((groups) => Object.keys(groups).length <= stepUpMax, `use at most ${stepUpMax} groups`),
  requests: z.strictObject({
    ip: z.boolean(),
    time: z.boolean(),
    standardMs: z
      .number()
      .int()
      .min(12 * 3_600_000)
      .max(400 * 86_400_000),
    /** Shown where requests are not taken: "contact …". */
    contact: z.string().max(200),
  }),
  emergency: z.strictObject({
    allowed: z.boolean(),
    lastsMs: z
      .number()
      .int()
      .min(60_000)
      .max(4 * 3_600_000),
  }),
  sessions: z.strictObject({
    idleMs: z
      .number()
      .int()
      .min(60_000)
      .max(30 * 86_400_000),
    absoluteMs: z
      .number()
      .int()
      .min(60_000)
      .max(90 * 86_400_000),
    concurrentMax: z.number().int().min(1).max(100).nullable(),
    bindToNetwork: z.boolean(),
  }),
  /** Documents of before there were such switches have every way on. */
  signIn: signInSchema.default({ password: true, passkey: true, provider: true }),
  /** Presets applied and not taken back. They decide nothing; documents of before there were any have none. */
  presets: z.partialRecord(z.enum(presetIds), z.literal(true)).default({}),
})

/** The parsed document; deep-frozen wherever it is kept. */
export type PolicyDocument = z.infer<typeof policyDocumentSchema>
/** Who a control concerns. */
export type Scope = z.infer<typeof scopeSchema>
/** Whom an entry or a window serves. */
export type Audience = z.infer<typeof audienceSchema>
/** One allowlist entry. */
export type IpEntry = z.infer<typeof ipEntrySchema>
/** One weekly window. */
export type TimeWindow = z.infer<typeof timeWindowSchema>
/** A closure or a one-off opening. */
export type TimeException = z.infer<typeof exceptionSchema>
/** A role with its grants. */
export type Role = z.infer<typeof roleSchema>
