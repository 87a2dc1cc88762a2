/**
 * Contract of emergency access: the switch, who used it and why, ending it early, noting a review.
 *
 * Taking it is the portal's (`admin/portal/emergency-step.ts`). Invariant: a use stays listed, reviewed or not; nobody
 * reviews their own.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { policyDocumentSchema } from '../../../policies/document.ts'
import { answers, body, entryParams, instantSchema, practiceParams, reason, refusals } from './wire.ts'

const settingsSchema = policyDocumentSchema.shape.emergency

const useSchema = z
  .object({
    id: z.string(),
    user: z.object({ id: z.string(), name: z.string(), login: z.string() }),
    reason: z.string(),
    address: z.string(),
    /** The second factor it was taken with. */
    method: z.string(),
    startedAt: instantSchema,
    endsAt: instantSchema,
    state: z.enum(['on', 'over']),
    endedBy: z.string().nullable(),
    reviewedAt: instantSchema.nullable(),
    reviewedBy: z.string().nullable(),
    reviewNote: z.string(),
  })
  .openapi('EmergencyUse')
/** A use of emergency access as people see it. */
export type EmergencyAnswer = z.infer<typeof useSchema>

const changedSchema = z
  .object({ use: useSchema, sequence: z.number().int().nullable() })
  .openapi('EmergencyChanged')

/** Routes of emergency access. */
export const emergencyRoutes = {
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/emergency-access',
    summary: 'The switch, and the uses of emergency access, newest first',
    request: { params: practiceParams },
    responses: {
      200: answers(
        z.object({
          revision: z.number().int(),
          settings: settingsSchema,
          /** Uses that nobody has reviewed. */
          unreviewed: z.number().int(),
          uses: z.array(useSchema),
          /** When each way of getting in was last seen to be used; `null`: never. The codes' and the host's: anywhere. */
          drill: z.object({
            usedAt: instantSchema.nullable(),
            codeUsedAt: instantSchema.nullable(),
            overrideAt: instantSchema.nullable(),
          }),
        }),
        'At most the newest 500.',
      ),
      ...refusals,
    },
  }),
  end: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/emergency-access/{id}/end',
    summary: 'Ends it from the next request on',
    request: { params: entryParams, body: body(z.strictObject({ reason })) },
    responses: { 200: answers(changedSchema, 'Over; ending it again changes nothing.'), ...refusals },
  }),
  review: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/emergency-access/{id}/review',
    summary: 'Notes that somebody looked at it',
    request: {
      params: entryParams,
      body: body(z.strictObject({ note: z.string().trim().max(500).default('') })),
    },
    responses: { 200: answers(changedSchema, 'Reviewed.'), ...refusals },
  }),
} as const
