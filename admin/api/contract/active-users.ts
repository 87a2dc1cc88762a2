/**
 * Contract of the Active Users tab: who is in now and how, and the ways to end it.
 *
 * Ended sessions are the security events' matter. Invariant: a session shows only the practices that the
 * reading admin may see; of others only their number. Every revocation answers the sequence by which gateways
 * are reached.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { parseRange } from '../../../policies/address.ts'
import { signInMethods } from '../../../runtime/records.ts'
import {
  answers,
  body,
  editRefusals,
  entryParams,
  instantSchema,
  opaqueIdSchema,
  pageQuery,
  practiceParams,
  reason,
  refusals,
  slugSchema,
  userParams,
} from './wire.ts'

const sessionSchema = z
  .object({
    id: opaqueIdSchema,
    upstream: z.string(),
    /** How they signed in: `app-password`, `own-passkey` … */
    method: z.string(),
    /** The second factor proved in this session; `null`: password level. */
    factor: z.object({ method: z.string(), verifiedAt: instantSchema }).nullable(),
    /** Now, or at sign-in while nothing was seen since. */
    address: z.string(),
    firstAddress: z.string(),
    /** The label of the allowlist entry the address falls under; `null`: not listed. */
    network: z.string().nullable(),
    /** A short reading of the User-Agent, such as "Firefox on Windows"; never trusted. */
    device: z.string(),
    practices: z.array(z.object({ id: slugSchema, name: z.string() })),
    startedAt: instantSchema,
    lastSeenAt: instantSchema,
    endsAt: instantSchema,
    /** WebSockets, event streams and long requests open now. */
    streams: z.number().int(),
    /** A sign-in that waits for a step or an approval. */
    held: z.boolean(),
    /** The reading admin's own. */
    mine: z.boolean(),
  })
  .openapi('Session')

const activeUserSchema = z
  .object({
    user: opaqueIdSchema,
    name: z.string(),
    login: z.string(),
    email: z.string().nullable(),
    roles: z.array(slugSchema),
    suspended: z.boolean(),
    /** "Also in N other practices". */
    otherPractices: z.number().int(),
    sessions: z.array(sessionSchema),
  })
  .openapi('ActiveUser')

const revocationRefusals = { ...refusals, 409: editRefusals[409] } as const

const revokedSchema = z
  .object({
    /** Follow it at `/api/publish/{sequence}`. */
    sequence: z.number().int(),
    /** How many live sessions lost access. */
    sessions: z.number().int(),
  })
  .openapi('Revoked')

/** Which sessions are looked for; people without one that fits are left out. Absent: any. */
const activeQuery = pageQuery.extend({
  /** In the name, login, e-mail or an address. */
  text: z.string().max(80).optional(),
  /** This person alone. */
  user: opaqueIdSchema.optional(),
  method: z.enum(signInMethods).optional(),
  /** `none`: password level; `any`: some factor was shown. */
  factor: z
    .enum(['none', 'any', 'sms', 'recovery-code', 'app', 'google', 'totp', 'unvouched-passkey', 'passkey'])
    .optional(),
  /** An address or a range. */
  address: z
    .string()
    .max(64)
    .refine((text) => parseRange(text) !== null, 'write 203.0.113.9 or 203.0.113.0/24')
    .optional(),
  /** In the reading of the User-Agent, such as "Windows". */
  device: z.string().max(80).optional(),
  /** Without traffic of the person for at least so long. */
  idleMs: z.coerce.number().int().nonnegative().optional(),
  /** People of this practice alone, or of several. */
  practices: z.enum(['one', 'several']).optional(),
  held: z.enum(['yes', 'no']).optional(),
})
/** What is looked for. */
export type ActiveQuery = z.infer<typeof activeQuery>

/** Routes of the Active Users tab. */
export const activeUsersRoutes = {
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/active-users',
    summary: 'Everyone with a live session in this practice',
    request: {
      params: practiceParams,
      query: activeQuery,
    },
    responses: {
      200: answers(
        z.object({
          total: z.number().int(),
          users: z.array(activeUserSchema),
          nextCursor: z.string().nullable(),
        }),
        'In order of their names.',
      ),
      ...refusals,
    },
  }),
  revokeSession: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/sessions/{id}/revoke',
    summary:
      'Ends one session: for good where the admin may revoke wherever it reaches, else for this practice alone',
    request: { params: entryParams, body: body(z.strictObject({ reason })) },
    responses: { 200: answers(revokedSchema, 'Ended.'), ...refusals },
  }),
  revokeUser: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/users/{user}/revoke',
    summary: "Ends a user's access to this practice until they sign in afresh, or for good with `block`",
    request: {
      params: userParams,
      body: body(z.strictObject({ reason, block: z.boolean().default(false) })),
    },
    responses: { 200: answers(revokedSchema, 'Revoked.'), ...revocationRefusals },
  }),
  revokeEverywhere: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/users/{user}/revoke-everywhere',
    summary: 'The same in every practice of the user; needs gw.sessions.revoke in each of them',
    request: {
      params: userParams,
      body: body(z.strictObject({ reason, block: z.boolean().default(false) })),
    },
    responses: { 200: answers(revokedSchema, 'Revoked.'), ...revocationRefusals },
  }),
  revokeAllButMine: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/active-users/revoke-all-but-mine',
    summary: "Ends everyone's access to this practice but the admin's own",
    request: { params: practiceParams, body: body(z.strictObject({ reason })) },
    responses: { 200: answers(revokedSchema, 'Revoked.'), ...refusals },
  }),
} as const
