/**
 * Contract of asking first: whom a change would refuse (impact), and what one person would meet (simulation).
 *
 * Both only read. Invariant: a draft is the same value here and where changes wait for their time, so that what was
 * looked at is what is done. One route per tab's kind of change was refused: a preset, an entry and a role together are
 * one change to whoever is refused by it.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { parseAddress } from '../../../policies/address.ts'
import { draftSchema } from '../../policy-draft.ts'
import { answers, body, instantSchema, opaqueIdSchema, practiceParams, refusals } from './wire.ts'

const networkSchema = z.object({
  range: z.string(),
  /** Live sessions or recorded requests from there. */
  count: z.number().int(),
  /** What lists this network, ready to be sent; `null`: that would not help. */
  add: z
    .object({
      method: z.literal('POST'),
      path: z.string(),
      body: z.object({ range: z.string(), label: z.string() }),
    })
    .nullable(),
})

const lineSchema = z
  .object({
    user: z.string(),
    name: z.string(),
    control: z.string().nullable(),
    reason: z.string(),
    /** The reason in words, as the end of a sentence. */
    because: z.string(),
    count: z.number().int(),
    networks: z.array(networkSchema),
    lastAt: instantSchema,
  })
  .openapi('ImpactLine')

const impactSchema = z
  .object({
    /** Live sessions or recorded requests looked at. */
    asked: z.number().int(),
    /** Of these, left out: no member any more. */
    skipped: z.number().int(),
    /** Who passes now and would not, most affected first; at most 200. */
    refused: z.array(lineSchema),
    /** Who would pass and does not now. */
    allowed: z.array(lineSchema),
  })
  .nullable()

const forecastSchema = z
  .object({
    revision: z.number().int(),
    /** One sentence a difference; empty: it is like that already. */
    changes: z.array(z.string()),
    lockedOut: z.array(z.object({ name: z.string(), address: z.string().nullable(), sentence: z.string() })),
    lastSecurityAdmin: z.boolean(),
    /** Saved, it holds ten minutes unless it is confirmed. */
    toBeConfirmed: z.boolean(),
    /** Until when an earlier change waits, so that nothing else is saved; `null`: none does. */
    waitsUntil: instantSchema.nullable(),
    /** Who is in now; `null`: cannot be said. */
    live: impactSchema,
    /** The recorded requests of 30 days; `null`: cannot be said. */
    recorded: impactSchema,
  })
  .openapi('Forecast')

const address = z
  .string()
  .max(64)
  .refine((text) => parseAddress(text) !== null, 'write an address like 203.0.113.9')

const simulateBody = z.strictObject({
  user: opaqueIdSchema,
  address,
  /** Absent: now. */
  at: instantSchema.optional(),
  /** A route's id as the route table has it; absent: some page of staff. */
  route: z.string().max(300).optional(),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  /** The second factor shown just before; `null`: none, as freshly signed in with a password. */
  factor: z
    .enum(['sms', 'recovery-code', 'app', 'google', 'totp', 'unvouched-passkey', 'passkey'])
    .nullable()
    .default(null),
  /** Asked beside what is saved; absent: only what is saved. */
  draft: draftSchema.optional(),
  /** In the place of `draft`: a change that waits for its time. */
  scheduled: opaqueIdSchema.optional(),
})

const gateSchema = z.object({
  gate: z.string(),
  control: z.string(),
  mode: z.enum(['off', 'monitor', 'enforce']),
  passes: z.boolean(),
  reason: z.string(),
  sentence: z.string(),
  /** Until when time alone cannot change this; `null`: it never does, or no further than hours are known. */
  until: instantSchema.nullable(),
  /** The same as the practice's wall will show it. */
  untilText: z.string().nullable(),
})

const verdictSchema = z.object({
  verdict: z.enum(['permit', 'challenge', 'deny', 'unavailable']),
  reason: z.string(),
  control: z.string().nullable(),
  /** The reason in words, as the end of a sentence. */
  because: z.string(),
  /** When it opens by itself; `null`: never by itself, or it is open. */
  opensAt: instantSchema.nullable(),
  /** Every gate in the order in which they are asked; empty: no control guards the route. */
  gates: z.array(gateSchema),
  /** What would help; all of these together. */
  remedies: z.array(z.object({ by: z.string(), sentence: z.string() })),
  /** How far the timeline is known: seven days, or less where more changes than can be told. */
  timelineUntil: instantSchema,
  /** The seven days from `at`, as if freshly signed in at every moment. `text`: as the practice's wall shows it. */
  timeline: z.array(
    z.object({
      at: instantSchema,
      text: z.string(),
      verdict: z.string(),
      reason: z.string(),
      /** The reason in words, as the end of a sentence. */
      because: z.string(),
    }),
  ),
})

/** What somebody would meet. */
export type Simulated = z.infer<typeof verdictSchema>

/** Routes of asking first. */
export const forecastRoutes = {
  impact: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/impact',
    summary: 'Whom a change would refuse and let in, from where, by live sessions and 30 days of traffic',
    request: { params: practiceParams, body: body(draftSchema) },
    responses: { 200: answers(forecastSchema, 'Nothing is saved.'), ...refusals },
  }),
  simulate: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/simulate',
    summary: 'What somebody would meet from an address at a time, step by step, as saved and as drafted',
    request: { params: practiceParams, body: body(simulateBody) },
    responses: {
      200: answers(
        z.object({
          revision: z.number().int(),
          name: z.string(),
          at: instantSchema,
          route: z.string(),
          zone: z.string(),
          saved: verdictSchema,
          draft: verdictSchema.nullable(),
        }),
        'Nothing is saved.',
      ),
      ...refusals,
    },
  }),
} as const
