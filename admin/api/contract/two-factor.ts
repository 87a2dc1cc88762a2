/**
 * Contract of the 2FA Management tab: who has a second factor, who has to, and taking one away.
 *
 * Whom it is required of is the control's (`general.ts`). Invariant: a reset names its reason, since it takes
 * somebody's protection away; no secret and no code is ever answered, only which methods there are.
 */
import { createRoute, z } from '@hono/zod-openapi'
import {
  answers,
  body,
  instantSchema,
  opaqueIdSchema,
  pageQuery,
  practiceParams,
  refusals,
  slugSchema,
  userParams,
} from './wire.ts'

/** The states a person can be in, the ones that want attention last. */
const factorStates = [
  'off',
  'optional',
  'enabled',
  'required-enabled',
  'required-not-set-up',
  'locked',
] as const

const stateSchema = z.enum(factorStates)

/** Ways to have shown a second factor; the last two are kept elsewhere, and their word is taken. */
const methodSchema = z.enum(['totp', 'passkey', 'sms', 'app', 'google'])

const gapSchema = z.enum(['not-set-up', 'overdue', 'sms-only', 'no-recovery-codes'])

const personSchema = z
  .object({
    user: opaqueIdSchema,
    name: z.string(),
    login: z.string(),
    roles: z.array(slugSchema),
    status: stateSchema,
    /** `totp`, `passkey` …; empty: none is set up. */
    methods: z.array(z.string()),
    /** Of somebody who has to set one up: until when they get in without; `null`: from now on they do not. */
    deadline: instantSchema.nullable(),
    lastVerifiedAt: instantSchema.nullable(),
    enrolledAt: instantSchema.nullable(),
    recoveryCodesLeft: z.number().int(),
    /** Of somebody who tried too often: until when no code of theirs is looked at. */
    lockedUntil: instantSchema.nullable(),
    /** Who keeps it: Gatehouse, the application, or a sign-in provider; `null`: nobody. */
    source: z.enum(['gateway', 'app', 'provider']).nullable(),
    /** What is missing of somebody who has to have a second factor. */
    gaps: z.array(gapSchema),
    /** Why it is required of them; `null`: it is not. */
    requiredBy: z
      .object({
        /** The control concerns the whole practice. */
        everyone: z.boolean(),
        /** Names of the roles in scope that they have. */
        roles: z.array(z.string()),
        /** They are in scope by name. */
        named: z.boolean(),
      })
      .nullable(),
  })
  .openapi('FactorStatus')

/** Which people, and in what order. */
const found = {
  text: z.string().max(80).optional(),
  status: stateSchema.optional(),
  method: methodSchema.optional(),
  /** Only whom something is missing of (`gaps`). */
  gaps: z.enum(['true']).optional(),
  /** Only who has not shown a second factor since, or never. */
  verifiedBefore: z.coerce.number().int().nonnegative().optional(),
  sort: z.enum(['name', 'status', 'deadline', 'verified']).optional(),
  order: z.enum(['asc', 'desc']).optional(),
}

const counts = z.object({
  off: z.number().int(),
  optional: z.number().int(),
  enabled: z.number().int(),
  'required-enabled': z.number().int(),
  'required-not-set-up': z.number().int(),
  locked: z.number().int(),
})

const whyReset = z
  .string()
  .trim()
  .min(1, 'say why: it is kept in the security events')
  .max(500, 'use at most 500 characters')

const hourMs = 3_600_000

/** Routes of the 2FA Management tab. */
export const twoFactorRoutes = {
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/two-factor',
    summary: 'Members with their second factors; ETag is the members version',
    request: {
      params: practiceParams,
      query: pageQuery.extend(found),
    },
    responses: {
      200: answers(
        z.object({
          version: z.number().int(),
          /** How many match the filters. */
          total: z.number().int(),
          /** How many are in each state, whatever the filter. */
          counts,
          people: z.array(personSchema),
          nextCursor: z.string().nullable(),
        }),
        'In order of their names, unless sorted by something else.',
      ),
      ...refusals,
    },
  }),
  report: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/two-factor/report',
    summary: 'Second factors of a practice as a file, with what is missing; the report is an event itself',
    request: {
      params: practiceParams,
      query: z.strictObject({ ...found, format: z.enum(['json', 'csv']).default('json') }),
    },
    responses: {
      200: {
        description: 'A line a person; CSV cells that a spreadsheet would calculate are neutralised.',
        content: {
          'application/json': {
            schema: z
              .object({
                practice: z.string(),
                madeAt: instantSchema,
                /** How many are in each state, whatever the filter. */
                counts,
                people: z.array(personSchema),
              })
              .openapi('FactorReport'),
          },
          'text/csv': { schema: z.string() },
        },
      },
      ...refusals,
    },
  }),
  enrolmentCode: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/users/{user}/two-factor/enrolment-code',
    summary:
      'A code with which a member may set up a factor from elsewhere, once; the one before no longer counts',
    request: {
      params: userParams,
      body: body(
        z.strictObject({
          reason: whyReset,
          /** How long it counts; a day at most. */
          validMs: z
            .number()
            .int()
            .min(hourMs / 4)
            .max(24 * hourMs)
            .default(hourMs),
        }),
      ),
    },
    responses: {
      200: answers(
        z.object({ code: z.string(), endsAt: instantSchema }).openapi('EnrolmentCode'),
        'The code, shown this once.',
      ),
      ...refusals,
    },
  }),
  reset: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/users/{user}/two-factor/reset',
    summary: "Removes a member's factors and recovery codes and ends their sessions everywhere",
    request: { params: userParams, body: body(z.strictObject({ reason: whyReset })) },
    responses: {
      200: answers(
        z
          .object({
            /** Follow it at `/api/publish/{sequence}`. */
            sequence: z.number().int(),
            sessions: z.number().int(),
          })
          .openapi('FactorReset'),
        'Reset.',
      ),
      ...refusals,
    },
  }),
} as const
