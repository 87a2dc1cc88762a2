/**
 * Contract of the Security Events tab: the audit chain and, beside it, the log of refusals.
 *
 * Refusals are not in the chain (a bot could fill it). Invariant: lists are read newest first by cursor,
 * exports oldest first as a stream with constant memory; both take the same filters.
 */
import { createRoute, z } from '@hono/zod-openapi'
import {
  answers,
  body,
  editRefusals,
  ifMatchHeaders,
  instantSchema,
  opaqueIdSchema,
  pageQuery,
  practiceParams,
  reason,
  refusals,
  spanQuery,
} from './wire.ts'

const filters = z.strictObject({
  /** Not before, not after. */
  from: z.coerce.number().int().nonnegative().optional(),
  to: z.coerce.number().int().nonnegative().optional(),
  actor: z.string().max(200).optional(),
  /** A type, or its first part: `ip-entry` finds `ip-entry.added`. */
  type: z.string().max(80).optional(),
  target: z.string().max(200).optional(),
})

const eventSchema = z
  .object({
    /** Position in the practice's chain, from 1. */
    number: z.number().int(),
    at: instantSchema,
    type: z.string(),
    actor: z.object({ id: z.string(), name: z.string() }),
    origin: z.string(),
    target: z.string().nullable(),
    /** What `target` filters by; `null`: it has none. */
    targetId: z.string().nullable(),
    /** What was and what is, secrets redacted; `null`: nothing to compare. */
    before: z.unknown().nullable(),
    after: z.unknown().nullable(),
    reason: z.string().nullable(),
    revision: z.number().int().nullable(),
    requestId: z.string().nullable(),
    address: z.string().nullable(),
    hash: z.string(),
    /** Which refusals it has to do with, as a filter of the decision log; `null`: it is about no person. */
    decisions: z.object({ user: z.string(), address: z.string().nullable() }).nullable(),
  })
  .openapi('SecurityEvent')

const chainSchema = z
  .object({
    intact: z.boolean(),
    events: z.number().int(),
    /** The first event that does not fit; `null`: intact. */
    brokenAt: z.number().int().nullable(),
    sentence: z.string(),
    checkedAt: instantSchema,
  })
  .openapi('Chain')

const standingSchema = z
  .object({
    /** The newest event's number. */
    events: z.number().int(),
    /** The newest whole check, made at least daily; `null`: none yet. */
    verified: z
      .object({
        intact: z.boolean(),
        to: z.number().int(),
        brokenAt: z.number().int().nullable(),
        sentence: z.string(),
        at: instantSchema,
      })
      .nullable(),
    /** The newest signed checkpoint; `null`: none yet. */
    checkpoint: z.object({ number: z.number().int(), at: instantSchema }).nullable(),
    /** Up to which number events were forgotten, kept their time; 0: none. */
    forgottenTo: z.number().int(),
    /** What to show beside the list: "verified to #8123". */
    badge: z.string(),
    /** Machines elsewhere that events of this practice were sent to, and up to which number they took them. */
    streams: z.array(
      z.object({
        name: z.string(),
        takenTo: z.number().int(),
        /** When they last took something of this practice. */
        takenAt: instantSchema,
        /** Why the newest try failed; `null`: it did not. */
        lastError: z.string().nullable(),
      }),
    ),
  })
  .openapi('ChainStanding')

const retentionSchema = z
  .object({
    years: z.number().int(),
    /** A legal hold stands: nothing is forgotten. */
    held: z.boolean(),
    heldWhy: z.string(),
    /** What If-Match names. */
    version: z.number().int(),
  })
  .openapi('Retention')

const actionSchema = z
  .object({ action: z.string(), group: z.string(), meaning: z.string() })
  .openapi('EventAction')

const personMonthSchema = z.object({
  id: z.string(),
  name: z.string(),
  signIns: z.number().int(),
  addresses: z.array(z.string()),
  firstAt: instantSchema.nullable(),
  lastAt: instantSchema.nullable(),
  /** `null`: older than refusals are kept. */
  refusals: z.number().int().nullable(),
  grants: z.number().int(),
  secondFactors: z.number().int(),
  failedFactors: z.number().int(),
  changes: z.number().int(),
})

const accessReportSchema = z
  .object({
    practice: z.string(),
    month: z.string(),
    zone: z.string(),
    from: instantSchema,
    to: instantSchema,
    people: z.array(personMonthSchema),
  })
  .openapi('AccessReport')

const decisionSchema = z
  .object({
    /** What the person was shown; `null` for one recorded in monitor mode. */
    code: z.string().nullable(),
    firstAt: instantSchema,
    lastAt: instantSchema,
    /** How often within its minute (SPEC §9). */
    count: z.number().int(),
    monitored: z.boolean(),
    user: z.object({ id: z.string(), name: z.string() }).nullable(),
    address: z.string(),
    upstream: z.string(),
    method: z.string(),
    route: z.string(),
    verdict: z.string(),
    reason: z.string(),
    control: z.string().nullable(),
    /** The whole of it in one sentence. */
    sentence: z.string(),
    revision: z.number().int(),
    /** Every control that refused, in gate order. */
    failing: z.array(z.string()),
  })
  .openapi('RefusedDecision')

const failingSchema = z.object({
  /** `null`: no policy was asked. */
  practice: z.string().nullable(),
  control: z.string().nullable(),
  reason: z.string(),
  /** It would have refused, were it enforced. */
  monitored: z.boolean(),
  sentence: z.string(),
})

const cureSchema = z.object({
  practice: z.string().nullable(),
  by: z.enum(['user', 'admin', 'operator', 'time']),
  sentence: z.string(),
})

const replaySchema = z
  .object({
    agreement: z.enum(['agrees', 'differs', 'no-policy', 'unrecorded', 'unavailable']),
    /** What is to be said where it does not agree or cannot be replayed; `null`: nothing. */
    note: z.string().nullable(),
    policies: z.array(
      z.object({
        practice: z.string(),
        revision: z.number().int(),
        savedAt: instantSchema,
        savedBy: z.string(),
        /** The revision that is current now. */
        newest: z.number().int(),
      }),
    ),
    /** Each failing control once, in the order asked. */
    failing: z.array(failingSchema),
    /** The smallest change that would have allowed it: all of these together. */
    cures: z.array(cureSchema),
    /** Another practice had a say, which is not told here. */
    elsewhere: z.boolean(),
    /** The same request under what is in force now; `null`: that cannot be said. */
    now: z
      .object({
        at: instantSchema,
        verdict: z.enum(['passes', 'after-sign-in', 'refused']),
        policies: z.array(z.object({ practice: z.string(), revision: z.number().int() })),
        failing: z.array(failingSchema),
        cures: z.array(cureSchema),
      })
      .nullable(),
    /** The whole of it in plain English, a line each. */
    lines: z.array(z.string()),
  })
  .openapi('Replay')

/** Routes of the Security Events tab. */
export const securityEventsRoutes = {
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/security-events',
    summary: 'Changes, newest first',
    request: { params: practiceParams, query: pageQuery.extend(filters.shape) },
    responses: {
      200: answers(
        z.object({ events: z.array(eventSchema), nextCursor: z.string().nullable() }),
        'One page of the chain.',
      ),
      ...refusals,
    },
  }),
  verify: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/security-events/verify',
    summary: 'Whether the chain is whole',
    request: { params: practiceParams },
    responses: { 200: answers(chainSchema, 'What the check found.'), ...refusals },
  }),
  exportAll: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/security-events/export',
    summary: 'Changes, oldest first, as one file',
    request: {
      params: practiceParams,
      query: filters.extend({ format: z.enum(['ndjson', 'csv']).default('ndjson') }),
    },
    responses: {
      200: {
        description: 'A stream; CSV cells that a spreadsheet would calculate are neutralised.',
        content: {
          'application/x-ndjson': { schema: z.string() },
          'text/csv': { schema: z.string() },
        },
      },
      ...refusals,
    },
  }),
  actions: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/security-events/actions',
    summary: 'What events can say was done, for filters',
    request: { params: practiceParams },
    responses: {
      200: answers(z.object({ actions: z.array(actionSchema) }), 'Every action there is, by group.'),
      ...refusals,
    },
  }),
  chain: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/security-events/chain',
    summary: 'How far the chain was checked and signed, without checking it now',
    request: { params: practiceParams },
    responses: { 200: answers(standingSchema, 'What is known of the chain.'), ...refusals },
  }),
  retention: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/security-events/retention',
    summary: 'How long events are kept, and whether a legal hold stands',
    request: { params: practiceParams },
    responses: { 200: answers(retentionSchema, 'The choice that holds.'), ...refusals },
  }),
  saveRetention: createRoute({
    method: 'put',
    path: '/api/practices/{practice}/security-events/retention',
    summary: 'Chooses how long events are kept, and sets or lifts the legal hold',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(
        z.strictObject({
          years: z.number().int().min(1).max(100),
          held: z.boolean(),
          heldWhy: z.string().trim().max(500).default(''),
          reason,
        }),
      ),
    },
    responses: { 200: answers(retentionSchema, 'The new choice.'), ...editRefusals },
  }),
  accessReport: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/access-report',
    summary: 'Who had access in a month and what they did with it',
    request: {
      params: practiceParams,
      query: z.strictObject({
        month: z.string().regex(/^20\d{2}-(0[1-9]|1[0-2])$/, 'expected a month such as 2026-03'),
        user: opaqueIdSchema.optional(),
        format: z.enum(['json', 'csv']).default('json'),
      }),
    },
    responses: {
      200: {
        description: 'A line a person; CSV cells that a spreadsheet would calculate are neutralised.',
        content: {
          'application/json': { schema: accessReportSchema },
          'text/csv': { schema: z.string() },
        },
      },
      ...refusals,
    },
  }),
  decisions: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/decisions',
    summary: 'Refusals, and what monitor mode would have refused; newest first',
    request: {
      params: practiceParams,
      query: pageQuery.extend({
        from: z.coerce.number().int().nonnegative().optional(),
        to: z.coerce.number().int().nonnegative().optional(),
        user: z.string().max(64).optional(),
        address: z.string().max(64).optional(),
        reason: z.string().max(64).optional(),
        control: z.enum(['session', 'ip', 'time', 'two-factor', 'permission']).optional(),
        monitored: z.enum(['true', 'false']).optional(),
      }),
    },
    responses: {
      200: answers(
        z.object({ decisions: z.array(decisionSchema), nextCursor: z.string().nullable() }),
        'One page of the decision log.',
      ),
      ...refusals,
    },
  }),
  decisionCounts: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/decisions/counts',
    summary: 'How many decisions there were by verdict over a span of at most 31 days, in at most 62 steps',
    request: {
      params: practiceParams,
      query: spanQuery,
    },
    responses: {
      200: answers(
        z
          .object({
            stepMs: z.number().int(),
            counts: z.array(
              z.object({
                at: instantSchema,
                /** Requests that were let through, by the hour they came in; `null`: the steps are shorter. */
                permitted: z.number().int().nullable(),
                refused: z.number().int(),
                /** Sent to prove something first. */
                challenged: z.number().int(),
                /** Refused because something needed was not known. */
                unavailable: z.number().int(),
                /** What monitor mode would have refused. */
                monitored: z.number().int(),
              }),
            ),
          })
          .openapi('DecisionCounts'),
        'The steps in order, also those with none.',
      ),
      ...refusals,
    },
  }),
  decision: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/decisions/{code}',
    summary: 'The refusal behind a reference code, replayed',
    request: {
      params: practiceParams.extend({ code: z.string().regex(/^[A-Za-z0-9-]{4,40}$/) }),
    },
    responses: {
      200: answers(
        decisionSchema.extend({ replay: replaySchema }).openapi('ReplayedDecision'),
        'The refusal, and what its replay says.',
      ),
      ...refusals,
    },
  }),
} as const
