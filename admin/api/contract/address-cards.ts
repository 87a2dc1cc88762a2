/**
 * Contract of "Has the office IP changed?": networks that several people came from and the allowlist does not have.
 *
 * Invariant: accepting one is an edit of the allowlist like any other, from a named revision, guarded and to be confirmed.
 */
import { createRoute, z } from '@hono/zod-openapi'
import {
  answers,
  body,
  confirmPracticeName,
  editRefusals,
  ifMatchHeaders,
  instantSchema,
  opaqueIdSchema,
  practiceParams,
  reason,
  refusals,
  savedSchema,
} from './wire.ts'

const cardSchema = z
  .object({
    network: z.string(),
    /** What is to be said, whole: who, from where, when. */
    sentence: z.string(),
    /** The first twenty people, by name; `count` are all. */
    people: z.array(z.object({ user: z.string(), name: z.string() })),
    count: z.number().int(),
    refused: z.number().int(),
    firstAt: instantSchema,
    lastAt: instantSchema,
    /** The entry that fell silent when they came from elsewhere; `null`: none did. */
    replaces: z.object({ id: z.string(), label: z.string(), range: z.string() }).nullable(),
  })
  .openapi('AddressCard')

const network = z.string().trim().min(1).max(64)

/** Routes of the cards. */
export const addressCardRoutes = {
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/address-cards',
    summary:
      'Networks that several people came from within half an hour and no entry has; ETag is the revision',
    request: { params: practiceParams },
    responses: {
      200: answers(
        z.object({ revision: z.number().int(), cards: z.array(cardSchema) }),
        'Most people first, at most ten.',
      ),
      ...refusals,
    },
  }),
  accept: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/address-cards/accept',
    summary: 'Lists the network of a card: in place of an entry, or beside those there are',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(
        z.strictObject({
          network,
          /** The entry it takes the place of; `null`: it is added. */
          replace: opaqueIdSchema.nullable(),
          label: z.string().trim().min(1).max(80).default('Office Network, new address'),
          confirmPracticeName,
          reason,
        }),
      ),
    },
    responses: { 200: answers(savedSchema, 'Listed.'), ...editRefusals },
  }),
  dismiss: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/address-cards/dismiss',
    summary: 'Does not ask about a network again for thirty days',
    request: { params: practiceParams, body: body(z.strictObject({ network, reason })) },
    responses: { 200: answers(z.object({ dismissed: z.literal(true) }), 'Dismissed.'), ...refusals },
  }),
} as const
