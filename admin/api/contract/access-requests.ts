/**
 * Contract of the Access Requests tab: who asks for access from where, and the two ways to decide.
 *
 * Asking is no route of the admin API (gateways ask, for people whose sign-in is held). Invariant: a decision names
 * one request and is refused (409 `already-decided`) once somebody, or time, has decided it.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { policyDocumentSchema } from '../../../policies/document.ts'
import {
  answers,
  body,
  confirmPracticeName,
  editRefusals,
  entryParams,
  ifMatchHeaders,
  instantSchema,
  opaqueIdSchema,
  pageQuery,
  practiceParams,
  reason,
  refusals,
  savedSchema,
  slugSchema,
  spanQuery,
} from './wire.ts'

const settingsSchema = policyDocumentSchema.shape.requests

const requestSchema = z
  .object({
    id: opaqueIdSchema,
    user: z.object({ id: opaqueIdSchema, name: z.string(), login: z.string() }),
    /** Which control an approval lifts for them. */
    kind: z.enum(['ip', 'time']),
    address: z.string(),
    /** What an approval of kind `ip` covers: /32 of IPv4, /64 of IPv6. */
    network: z.string(),
    status: z.enum(['pending', 'approved', 'rejected', 'withdrawn', 'expired', 'lapsed']),
    reason: z.string(),
    /** How often they asked again while it was open. */
    repeats: z.number().int(),
    createdAt: instantSchema,
    /** Of a pending one: when it expires undecided. */
    expiresAt: instantSchema,
    decidedAt: instantSchema.nullable(),
    decidedBy: z.string().nullable(),
    note: z.string(),
    /** Of an approval: until when; `null`: none given, or without end where the status is `approved`. */
    accessUntil: instantSchema.nullable(),
    /** Of an approval for a role or the practice: its allowlist entry. */
    entry: opaqueIdSchema.nullable(),
    /** Of a pending one of kind `ip`: what speaks for the network. */
    hints: z.object({
      /** Names of up to three members who were let in from that network within 30 days, and how many there are. */
      colleagues: z.array(z.string()),
      colleagueCount: z.number().int(),
      /** The label of an allowlist entry next to it (within the same /24 or /56); `null`: none. */
      nextTo: z.string().nullable(),
    }),
  })
  .openapi('AccessRequest')

const note = z.string().trim().max(500, 'use at most 500 characters').default('')
const quarterMs = 900_000
const longestMs = 400 * 86_400_000

/** `standard`: the practice's time; `{ until }`: until the practice's clocks next show it; `null`: without end. */
const durationMs = z
  .union([
    z.literal('standard'),
    z.number().int().min(quarterMs).max(longestMs),
    z.strictObject({
      until: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'write a time like 18:30, at most 24:00'),
    }),
    z.null(),
  ])
  .default('standard')

const idsMax = 100

const decidedSchema = z
  .object({
    request: requestSchema,
    /** Of an approval: follow it at `/api/publish/{sequence}`; `null` for a rejection, which gateways need not know. */
    sequence: z.number().int().nullable(),
  })
  .openapi('DecidedRequest')

/** Routes of the Access Requests tab. */
export const accessRequestsRoutes = {
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/access-requests',
    summary:
      'Requests for access: pending ones first, the longest waiting first; ETag is the policy revision',
    request: {
      params: practiceParams,
      query: pageQuery.extend({
        /** `approved`: in force; `rejected`; absent: all. */
        status: z.enum(['pending', 'approved', 'rejected']).optional(),
      }),
    },
    responses: {
      200: answers(
        z.object({
          revision: z.number().int(),
          settings: settingsSchema,
          /** How many wait, whatever the filter. */
          pending: z.number().int(),
          requests: z.array(requestSchema),
          nextCursor: z.string().nullable(),
        }),
        'One page of requests.',
      ),
      ...refusals,
    },
  }),
  counts: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/access-requests/counts',
    summary: 'How many asked and how many waited over a span of at most 31 days, in at most 62 steps',
    request: { params: practiceParams, query: spanQuery },
    responses: {
      200: answers(
        z
          .object({
            stepMs: z.number().int(),
            counts: z.array(
              z.object({
                at: instantSchema,
                asked: z.number().int(),
                /** At the end of the step, or now in the one that runs. */
                waiting: z.number().int(),
              }),
            ),
            /** How many were decided within the span; those that nobody decided in time are not. */
            decided: z.number().int(),
            /** Half of them had waited no longer; `null`: none was decided. */
            medianMs: z.number().int().nullable(),
          })
          .openapi('RequestCounts'),
        'The steps in order, also those with none.',
      ),
      ...refusals,
    },
  }),
  approve: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/access-requests/{id}/approve',
    summary:
      'Lifts the control for this user from this network, or lists the network for a role or the practice',
    request: {
      params: entryParams,
      body: body(
        z.strictObject({
          durationMs,
          /** Another network around the same address, such as exactly it; `null`: the one they asked for. */
          network: z.string().max(64).nullable().default(null),
          /** `user`: who asks alone. Else an allowlist entry of that audience (kind `ip`; needs `gw.ip.edit` too). */
          audience: z
            .union([z.literal('user'), z.literal('practice'), z.strictObject({ role: slugSchema })])
            .default('user'),
          /** Of that entry; needed for it. */
          label: z.string().trim().min(1).max(80).optional(),
          confirmPracticeName,
          note,
        }),
      ),
    },
    responses: { 200: answers(decidedSchema, 'Approved.'), ...editRefusals },
  }),
  reject: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/access-requests/{id}/reject',
    summary: 'Says no; the note is shown to who asked',
    request: { params: entryParams, body: body(z.strictObject({ note })) },
    responses: { 200: answers(decidedSchema, 'Rejected.'), ...editRefusals },
  }),
  decide: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/access-requests/decide',
    summary:
      'Decides several alike, each for its user and network; what cannot be decided is told, the rest goes on',
    request: {
      params: practiceParams,
      body: body(
        z.strictObject({
          ids: z
            .array(opaqueIdSchema)
            .min(1)
            .max(idsMax, `use at most ${idsMax} at once`)
            .refine((ids) => new Set(ids).size === ids.length, 'names a request twice'),
          decision: z.enum(['approve', 'reject']),
          durationMs,
          note,
        }),
      ),
    },
    responses: {
      200: answers(
        z.object({
          decided: z.array(requestSchema),
          undecided: z.array(z.object({ id: opaqueIdSchema, sentence: z.string() })),
          /** The last to follow; `null`: nothing that gateways need to know. */
          sequence: z.number().int().nullable(),
        }),
        'Each decided, or why not.',
      ),
      ...editRefusals,
    },
  }),
  reopen: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/access-requests/{id}/reopen',
    summary: 'Undoes a rejection: the request waits again until its 72 hours are over',
    request: { params: entryParams, body: body(z.strictObject({ reason })) },
    responses: { 200: answers(decidedSchema, 'Waits again.'), ...editRefusals },
  }),
  withdraw: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/access-requests/{id}/withdraw',
    summary: 'Takes an approval back; bites on the next request',
    request: { params: entryParams, body: body(z.strictObject({ reason })) },
    responses: { 200: answers(decidedSchema, 'Taken back.'), ...editRefusals },
  }),
  saveSettings: createRoute({
    method: 'put',
    path: '/api/practices/{practice}/controls/requests',
    summary: 'Whether requests are taken, how long an approval lasts, whom to ask else',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(settingsSchema.extend({ confirmPracticeName, reason })),
    },
    responses: { 200: answers(savedSchema, 'Saved.'), ...editRefusals },
  }),
} as const
