/**
 * Contract of practices: creating one, its name, zone and contact line, which controls it has, how it is recognised, and
 * retiring it.
 *
 * The list of them is the shell's. Invariant: only operators (accounts of every practice) create and retire practices and
 * say what they have; two-factor and signing in with Google are everybody's and cannot be taken away. Hosts are
 * configuration: they are told, and never changed here.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { policyDocumentSchema } from '../../../policies/document.ts'
import {
  answers,
  body,
  confirmPracticeName,
  editRefusals,
  ifMatchHeaders,
  instantSchema,
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

const count = z.number().int()

const retirementSchema = z
  .object({
    name: z.string(),
    revision: count,
    /** Whom its people are told to turn to, as its policy says now. */
    contact: z.string(),
    /** There is no other practice, so that this one stays. */
    isLast: z.boolean(),
    ...{ members: count, sessions: count, requests: count, tokens: count, emergencies: count },
    scheduled: count,
  })
  .openapi('Retirement')

const retiredSchema = z
  .object({
    id: slugSchema,
    name: z.string(),
    zone: z.string(),
    contact: z.string(),
    retiredAt: instantSchema,
    retiredBy: z.string(),
    reason: z.string(),
    /** Until when it can be taken back; `null`: under a legal hold, with no end. */
    reinstatableUntil: instantSchema.nullable(),
  })
  .openapi('RetiredPractice')

const sourcesSchema = z
  .object({
    sources: z.array(
      z.object({
        upstream: z.string(),
        /** `cookie`, `header` and `claim` name whichever practice a person is in, and count for its members only. */
        kind: z.enum(['host', 'path', 'fixed', 'cookie', 'header', 'claim']),
        /** The host, the first segment of the path, or the name of the cookie or header; empty: the only practice. */
        value: z.string(),
      }),
    ),
    /** For `upstreams[]` of the configuration: what gives the practice a host of its own, to be completed. */
    yaml: z.string(),
  })
  .openapi('PracticeSources')

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
  sources: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/sources',
    summary: 'How requests of the practice are recognised, as configured; operators only',
    request: { params: practiceParams },
    responses: { 200: answers(sourcesSchema, 'All of them.'), ...refusals },
  }),
  retirement: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/retirement',
    summary: 'What retiring the practice would end; operators only',
    request: { params: practiceParams },
    responses: { 200: answers(retirementSchema, 'Counted now; `ETag` is its revision.'), ...refusals },
  }),
  retire: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/retire',
    summary: 'Retires the practice: nobody of it comes in any more, its events stay; operators only',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(
        z.strictObject({
          reason: z.string().trim().min(1).max(500),
          /** Whom people are told to turn to. */
          contact,
          /** Its name, typed. */
          confirmPracticeName: z.string().max(80),
        }),
      ),
    },
    responses: { 200: answers(z.object({ sequence: count }), 'Retired.'), ...editRefusals },
  }),
  retired: createRoute({
    method: 'get',
    path: '/api/retired-practices',
    summary: 'Practices that were retired; operators only',
    responses: {
      200: answers(z.object({ practices: z.array(retiredSchema) }), 'The last one first.'),
      ...refusals,
    },
  }),
  reinstate: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/reinstate',
    summary: 'Takes a retired practice back as it was; operators only',
    request: { params: practiceParams, body: body(z.strictObject({ reason })) },
    responses: { 200: answers(savedSchema, 'It is back; nobody is signed in.'), ...refusals },
  }),
} as const
