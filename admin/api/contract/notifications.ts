/**
 * Contract of who is told: a practice's choice by mail and webhook, and how its webhooks fared lately.
 *
 * Where webhooks go is configuration and not shown: its addresses may carry keys. Invariant: a choice is saved over the
 * version it was made from, and only names webhooks that are configured.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { notificationSettingsSchema, topics } from '../../notify/notification-settings.ts'
import {
  answers,
  body,
  countedRefusals,
  editRefusals,
  ifMatchHeaders,
  instantSchema,
  pageQuery,
  practiceParams,
  reason,
  refusals,
} from './wire.ts'

const deliverySchema = z
  .object({
    /** What the receiver got as `webhook-id`. */
    id: z.string(),
    webhook: z.string(),
    topic: z.string(),
    state: z.enum(['waiting', 'delivered', 'given-up']),
    queuedAt: instantSchema,
    tries: z.number().int(),
    lastAt: instantSchema.nullable(),
    /** A status, or how the connection failed; `null`: not tried yet. */
    lastAnswer: z.string().nullable(),
  })
  .openapi('WebhookDelivery')

/** Routes of who is told. */
export const notificationsRoutes = {
  read: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/notifications',
    summary: 'Who is told of what by mail and webhook; ETag is the version of the choice',
    request: { params: practiceParams },
    responses: {
      200: answers(
        z.object({
          version: z.number().int(),
          settings: notificationSettingsSchema,
          /** Everything that can be told. */
          topics: z.array(z.enum(topics)),
          /** Whether mail goes out at all, as the operator has configured it. */
          mailGoesOut: z.boolean(),
          /** Names of the configured webhooks. */
          webhooks: z.array(z.string()),
        }),
        'The choice.',
      ),
      ...refusals,
    },
  }),
  save: createRoute({
    method: 'put',
    path: '/api/practices/{practice}/notifications',
    summary: 'Saves who is told of what',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(notificationSettingsSchema.extend({ reason })),
    },
    responses: { 200: answers(z.object({ version: z.number().int() }), 'Saved.'), ...editRefusals },
  }),
  test: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/notifications/test',
    summary: 'Sends a test message: a mail to who asks, or by one configured webhook',
    request: {
      params: practiceParams,
      /** `webhook`: its name; `null`: a mail. */
      body: body(z.strictObject({ webhook: z.string().max(64).nullable() })),
    },
    responses: {
      200: answers(z.object({ to: z.string() }), 'It waits to be sent, to there.'),
      ...countedRefusals,
    },
  }),
  deliveries: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/webhook-deliveries',
    summary: 'How webhooks fared in the last thirty days, the newest first',
    request: { params: practiceParams, query: pageQuery },
    responses: {
      200: answers(
        z.object({ deliveries: z.array(deliverySchema), nextCursor: z.string().nullable() }),
        'One page of deliveries.',
      ),
      ...refusals,
    },
  }),
} as const
