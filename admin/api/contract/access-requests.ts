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
  })
  .openapi('AccessRequest')

const note = z.string().trim().max(500, 'use at most 500 characters').default('')
const quarterMs = 900_000
const longestMs = 400 * 86_400_000

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
  approve: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/access-requests/{id}/approve',
    summary: 'Lifts the control for this user from this network',
    request: {
      params: entryParams,
      body: body(
        z.strictObject({
          /** `standard`: the practice's time; `null`: without end. */
          durationMs: z
            .union([z.literal('standard'), z.number().int().min(quarterMs).max(longestMs), z.null()])
            .default('standard'),
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
