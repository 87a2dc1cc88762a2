/**
 * Contract of service tokens: machines of a practice with a scope, an owner and an end.
 *
 * Using one is the gateway's (`gateway/service-tokens.ts`). Invariant: the token itself is in the answer of its making
 * alone; "anything" and "anywhere" are spelled, an empty list is a Problem.
 */
import { createRoute, z } from '@hono/zod-openapi'
import {
  answers,
  body,
  entryParams,
  instantSchema,
  opaqueIdSchema,
  practiceParams,
  reason,
  refusals,
} from './wire.ts'

const scoped = {
  routes: z.union([z.literal('anything'), z.array(z.string().max(300)).min(1).max(500)]),
  methods: z.union([
    z.literal('anything'),
    z
      .array(z.string().regex(/^[A-Z]{1,20}$/, 'expected a method such as GET'))
      .min(1)
      .max(20),
  ]),
  ranges: z.union([z.literal('anywhere'), z.array(z.string().max(64)).min(1).max(100)]),
  permissions: z.array(z.string().max(80)).max(200),
}

const tokenSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    owner: z.object({ id: z.string(), name: z.string() }),
    /** What it begins with, to tell it from others; it cannot be used. */
    prefix: z.string(),
    ...scoped,
    state: z.enum(['active', 'revoked', 'expired']),
    createdAt: instantSchema,
    createdBy: z.string(),
    expiresAt: instantSchema,
    revokedAt: instantSchema.nullable(),
    revokedBy: z.string().nullable(),
    lastUsedAt: instantSchema.nullable(),
    lastAddress: z.string().nullable(),
  })
  .openapi('ServiceToken')
/** A service token as people see it. */
export type TokenAnswer = z.infer<typeof tokenSchema>

/** Routes of service tokens. */
export const tokensRoutes = {
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/tokens',
    summary: 'Service tokens, newest first, with their last use',
    request: { params: practiceParams },
    responses: {
      200: answers(z.object({ tokens: z.array(tokenSchema) }), 'Never the tokens themselves.'),
      ...refusals,
    },
  }),
  create: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/tokens',
    summary: 'Makes a token, which is shown in this answer and never again',
    request: {
      params: practiceParams,
      body: body(
        z.strictObject({
          name: z.string().trim().min(1).max(80),
          owner: opaqueIdSchema,
          ...scoped,
          expiresAt: instantSchema,
          reason,
        }),
      ),
    },
    responses: {
      201: answers(
        z.object({ token: z.string(), listed: tokenSchema, sequence: z.number().int() }).openapi('TokenMade'),
        'Keep it now: it is stored nowhere.',
      ),
      ...refusals,
    },
  }),
  revoke: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/tokens/{id}/revoke',
    summary: 'Refuses the next request of the token and cuts what it has open',
    request: { params: entryParams, body: body(z.strictObject({ reason })) },
    responses: {
      200: answers(
        z.object({ listed: tokenSchema, sequence: z.number().int().nullable() }).openapi('TokenRevoked'),
        'Revoked; doing it again changes nothing.',
      ),
      ...refusals,
    },
  }),
} as const
