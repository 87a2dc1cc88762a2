/**
 * Contract of practices: creating one, its name, zone and contact line, and which controls it has.
 *
 * The list of them is the shell's. Invariant: only operators (accounts of every practice) create practices and say what
 * they have; two-factor and signing in with Google are everybody's and cannot be taken away.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { policyDocumentSchema } from '../../../policies/document.ts'
import {
  answers,
  body,
  confirmPracticeName,
  editRefusals,
  ifMatchHeaders,
  practiceParams,
  reason,
  refusals,
  savedSchema,
  slugSchema,
} from './wire.ts'

const { name, zone } = policyDocumentSchema.shape.practice.shape
const { contact } = policyDocumentSchema.shape.requests.shape

const featureIds = ['ip', 'time', 'permission', 'two-factor', 'google'] as const

const featuresSchema = z
  .object({
    features: z.array(
      z.object({
        id: z.enum(featureIds),
        on: z.boolean(),
        /** It is everybody's and cannot be taken away. */
        always: z.boolean(),
      }),
    ),
  })
  .openapi('PracticeFeatures')

/** Routes of practices. */
export const practicesRoutes = {
  create: createRoute({
    method: 'post',
    path: '/api/practices',
    summary: 'Creates a practice with the standard roles and every control off; operators only',
    request: {
      body: body(
        z.strictObject({
          id: slugSchema,
          ...{ name, zone },
          contact: contact.default(''),
          reason,
        }),
      ),
    },
    responses: {
      201: answers(z.object({ id: slugSchema, revision: z.literal(1) }), 'Created.'),
      ...refusals,
    },
  }),
  change: createRoute({
    method: 'patch',
    path: '/api/practices/{practice}',
    summary: 'Changes the name, the time zone or the contact line that people see',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(
        z.strictObject({
          name: name.optional(),
          zone: zone.optional(),
          contact: contact.optional(),
          ...{ confirmPracticeName, reason },
        }),
      ),
    },
    responses: { 200: answers(savedSchema, 'Changed.'), ...editRefusals },
  }),
  features: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/features',
    summary: 'Which controls the practice has',
    request: { params: practiceParams },
    responses: { 200: answers(featuresSchema, 'All of them.'), ...refusals },
  }),
  switchFeature: createRoute({
    method: 'put',
    path: '/api/practices/{practice}/features/{feature}',
    summary: 'Gives the practice a control, or takes it away and switches it off; operators only',
    request: {
      params: practiceParams.extend({ feature: z.enum(['ip', 'time', 'permission']) }),
      body: body(z.strictObject({ on: z.boolean(), reason })),
    },
    responses: { 200: answers(savedSchema, 'Switched.'), ...editRefusals },
  }),
} as const
