/**
 * Contract of office heartbeats: tokens of machines that keep an allowlist entry at the office's address.
 *
 * Beats themselves go to the portal (`POST /heartbeat`). Invariant: a token is in one answer only, the one that made it.
 */
import { createRoute, z } from '@hono/zod-openapi'
import {
  answers,
  body,
  editRefusals,
  entryParams,
  instantSchema,
  practiceParams,
  reason,
  refusals,
} from './wire.ts'

const heartbeatSchema = z
  .object({
    id: z.string(),
    /** The first characters of the token, to tell it by. */
    prefix: z.string(),
    /** `label: null`: the entry is gone, and beats are refused. */
    entry: z.object({ id: z.string(), label: z.string().nullable(), range: z.string().nullable() }),
    createdBy: z.string(),
    createdAt: instantSchema,
    lastBeatAt: instantSchema.nullable(),
    lastAddress: z.string().nullable(),
    /** No beat for an hour. */
    silent: z.boolean(),
  })
  .openapi('Heartbeat')

const madeSchema = z
  .object({
    id: z.string(),
    /** Shown this once. */
    token: z.string(),
    /** A shell line for the machine at the office: keeps the token in a file that only its user may read. */
    setUp: z.string(),
    /** A line for its crontab. */
    cronLine: z.string(),
  })
  .openapi('HeartbeatMade')

/** Routes of office heartbeats. */
export const heartbeatRoutes = {
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/heartbeats',
    summary: 'Heartbeats of the practice, oldest first',
    request: { params: practiceParams },
    responses: {
      200: answers(z.object({ heartbeats: z.array(heartbeatSchema) }), 'At most twenty.'),
      ...refusals,
    },
  }),
  create: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/ip-entries/{id}/heartbeats',
    summary: 'Makes a heartbeat that keeps the entry at the address it beats from',
    request: { params: entryParams, body: body(z.strictObject({ reason })) },
    responses: { 201: answers(madeSchema, 'Made. The token is not shown again.'), ...editRefusals },
  }),
  revoke: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/heartbeats/{id}/revoke',
    summary: 'Revokes a heartbeat; the entry stays where it is',
    request: { params: entryParams, body: body(z.strictObject({ reason })) },
    responses: { 200: answers(z.object({ revoked: z.literal(true) }), 'Revoked.'), ...editRefusals },
  }),
} as const
