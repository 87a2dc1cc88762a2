/**
 * Contract: who is signed in, which practices they may administer, how far a save has come, what changed just
 * now.
 *
 * It is not a directory of users. Invariant: nothing here names a practice that the admin holds no permission
 * in. The token against forged requests travels in this answer and not in a cookie readable by script.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { answers, instantSchema, publishStateSchema, refusals, slugSchema } from './wire.ts'

const addressSchema = z.object({
  /** As the control plane sees it, canonical text. */
  address: z.string(),
  /** Which hop gave it: "the connection itself" or "X-Forwarded-For, set by 10.0.0.5". */
  sentence: z.string(),
})

const practiceOfAdminSchema = z.object({
  id: slugSchema,
  name: z.string(),
  zone: z.string(),
  /** The `gw.…` permissions held here, closed under what blocks them. */
  permissions: z.array(z.string()),
  /** Whether the practice's allowlist has the admin's own address, whatever the control's mode. */
  address: z.object({ listed: z.boolean(), label: z.string().nullable() }),
})

const meSchema = z
  .object({
    account: z.object({ login: z.string(), name: z.string() }),
    /** Goes into the header `X-Gatehouse-Csrf` of every POST, PUT, PATCH and DELETE. */
    csrf: z.string(),
    /** When the admin session ends however busy it is. */
    endsAt: instantSchema,
    seenAt: addressSchema,
    practices: z.array(practiceOfAdminSchema),
    /** Whether the account is for every practice: the screens of the whole installation are theirs alone. */
    operator: z.boolean(),
    /** Where a person from the application looks after their own sign-in; `null`: an own account, or it is not known. */
    accountPage: z.string().nullable(),
    /** Unused sealed break-glass codes; `null`: a person from the application, who has none. */
    sealedCodesLeft: z.number().int().nullable(),
  })
  .openapi('Me')

const practiceSummarySchema = z
  .object({
    id: slugSchema,
    name: z.string(),
    zone: z.string(),
    revision: z.number().int(),
    members: z.number().int(),
    /** Controls that the practice does not have. */
    lacks: z.array(z.enum(['ip', 'time', 'permission'])),
    controls: z.object({
      ip: z.enum(['off', 'monitor', 'enforce']),
      time: z.enum(['off', 'monitor', 'enforce']),
      twoFactor: z.enum(['off', 'monitor', 'enforce']),
      permission: z.enum(['off', 'monitor', 'enforce']),
    }),
  })
  .openapi('PracticeSummary')

/**
 * One message of `/api/live`: the SSE event name is `kind`, its data the rest. Nudges to load again, not
 * records.
 */
export const liveMessageSchema = z.discriminatedUnion('kind', [
  /** The policy document was saved. */
  z.object({ kind: z.literal('policy'), practice: slugSchema, revision: z.number().int() }),
  /** Somebody's membership, roles, suspension or epoch changed. */
  z.object({ kind: z.literal('members'), practice: slugSchema, version: z.number().int() }),
  /** A sequence has come further. */
  z.object({ kind: z.literal('published'), practice: slugSchema, publish: publishStateSchema }),
  /** Sessions were opened, ended or seen. */
  z.object({ kind: z.literal('sessions'), practice: slugSchema }),
  /** A gateway refused somebody, or would have in monitor mode. */
  z.object({ kind: z.literal('refusals'), practice: slugSchema }),
  /** Somebody asked for access, or a request was decided. */
  z.object({ kind: z.literal('requests'), practice: slugSchema }),
  /** A security event was written. */
  z.object({ kind: z.literal('events'), practice: slugSchema }),
])
/** One message of `/api/live`. */
export type LiveMessage = z.infer<typeof liveMessageSchema>

/** Routes of the shell around the tabs. */
export const shellRoutes = {
  me: createRoute({
    method: 'get',
    path: '/api/me',
    summary: 'Who is signed in, where from, and what they may administer',
    responses: { 200: answers(meSchema, 'The admin.'), ...refusals },
  }),
  practices: createRoute({
    method: 'get',
    path: '/api/practices',
    summary: 'The practices the admin may administer',
    responses: {
      200: answers(z.object({ practices: z.array(practiceSummarySchema) }), 'In order of their names.'),
      ...refusals,
    },
  }),
  publish: createRoute({
    method: 'get',
    path: '/api/publish/{sequence}',
    summary: 'How far a save has come: saved, published, active everywhere',
    request: { params: z.strictObject({ sequence: z.coerce.number().int().nonnegative() }) },
    responses: { 200: answers(publishStateSchema, 'Its state now.'), ...refusals },
  }),
  live: createRoute({
    method: 'get',
    path: '/api/live',
    summary: 'Server-sent events of one practice',
    request: { query: z.strictObject({ practice: slugSchema }) },
    responses: {
      200: {
        description: 'A stream; each message as `LiveMessage`, and a comment line every 15 s.',
        content: { 'text/event-stream': { schema: z.string() } },
      },
      ...refusals,
    },
  }),
} as const
