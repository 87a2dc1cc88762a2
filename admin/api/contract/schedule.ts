/**
 * Contract of changes that wait for their time: listing, making, cancelling.
 *
 * They are a card of General Settings. Invariant: only switches and settings wait; entries, hours and roles have dates of
 * their own or take effect when saved. Times are instants: "Monday 06:00" is worked out by whoever shows the practice's
 * zone, and told back as its wall will show it.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { settingsDraftSchema } from '../../policy-draft.ts'
import {
  answers,
  body,
  confirmPracticeName,
  editRefusals,
  entryParams,
  ifMatchHeaders,
  instantSchema,
  practiceParams,
  reason,
  refusals,
} from './wire.ts'

/** One change that waits or waited. */
export const scheduledSchema = z
  .object({
    id: z.string(),
    startsAt: instantSchema,
    /** The same as the practice's wall will show it. */
    startsText: z.string(),
    changes: z.array(z.string()),
    notice: z.string(),
    by: z.string(),
    reason: z.string().nullable(),
    createdAt: instantSchema,
    settledAt: instantSchema.nullable(),
    outcome: z.enum(['applied', 'refused', 'cancelled']).nullable(),
    /** Why it was refused at its time. */
    detail: z.string().nullable(),
  })
  .openapi('ScheduledChange')

/** Routes of what waits for its time. */
export const scheduleRoutes = {
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/scheduled-changes',
    summary: 'What waits, the next one first, and what became of the last twenty',
    request: { params: practiceParams },
    responses: {
      200: answers(
        z.object({ waiting: z.array(scheduledSchema), settled: z.array(scheduledSchema) }),
        'The schedule.',
      ),
      ...refusals,
    },
  }),
  create: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/scheduled-changes',
    summary: 'Keeps a change until its time; checked and guarded now, and again then',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(
        z.strictObject({
          startsAt: instantSchema,
          draft: settingsDraftSchema,
          /** What people are told about it. */
          notice: z.string().trim().max(500).default(''),
          confirmPracticeName,
          reason,
        }),
      ),
    },
    responses: { 201: answers(scheduledSchema, 'It waits.'), ...editRefusals },
  }),
  cancel: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/scheduled-changes/{id}/cancel',
    summary: 'Takes a change that waits off the schedule',
    request: { params: entryParams, body: body(z.strictObject({ reason })) },
    responses: { 200: answers(z.object({ cancelled: z.literal(true) }), 'Cancelled.'), ...refusals },
  }),
} as const
