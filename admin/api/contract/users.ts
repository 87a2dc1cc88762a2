/**
 * Contract of the directory: members of a practice, their roles, suspension.
 *
 * Sessions are Active Users'. Invariant: roles change from a named members version; the last holder of
 * `gw.security.settings.edit` can be neither stripped nor suspended (409 `last-security-admin`).
 */
import { createRoute, z } from '@hono/zod-openapi'
import {
  answers,
  body,
  confirmPracticeName,
  countedRefusals,
  editRefusals,
  ifMatchHeaders,
  instantSchema,
  opaqueIdSchema,
  pageQuery,
  practiceParams,
  reason,
  refusals,
  slugSchema,
  userParams,
} from './wire.ts'

const memberSchema = z
  .object({
    user: opaqueIdSchema,
    name: z.string(),
    login: z.string(),
    email: z.string().nullable(),
    roles: z.array(slugSchema),
    suspended: z.boolean(),
    otherPractices: z.number().int(),
    /** Open sessions that reach this practice. */
    sessions: z.number().int(),
    factors: z.array(z.string()),
  })
  .openapi('Member')

const memberSavedSchema = z
  .object({ version: z.number().int(), sequence: z.number().int() })
  .openapi('MemberSaved')
const passwordLinkSchema = z
  .object({
    /** Where it was mailed to; `null`: it is handed out here. */
    mailedTo: z.string().nullable(),
    /** The link, shown this once; `null`: it was mailed. Whoever has it sets the password. */
    url: z.string().nullable(),
    endsAt: instantSchema,
  })
  .openapi('PasswordLink')
const because = z.strictObject({ reason, confirmPracticeName })

/** Routes of the directory. */
export const usersRoutes = {
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/users',
    summary: 'Members with their roles; ETag is the members version',
    request: {
      params: practiceParams,
      query: pageQuery.extend({ text: z.string().max(80).optional() }),
    },
    responses: {
      200: answers(
        z.object({
          version: z.number().int(),
          total: z.number().int(),
          members: z.array(memberSchema),
          nextCursor: z.string().nullable(),
        }),
        'In order of their names.',
      ),
      ...refusals,
    },
  }),
  saveRoles: createRoute({
    method: 'put',
    path: '/api/practices/{practice}/users/{user}/roles',
    summary: "Replaces a member's roles; bites on their next request",
    request: {
      params: userParams,
      headers: ifMatchHeaders,
      body: body(because.extend({ roles: z.array(slugSchema).max(50) })),
    },
    responses: { 200: answers(memberSavedSchema, 'Saved.'), ...editRefusals },
  }),
  suspend: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/users/{user}/suspend',
    summary: 'Refuses a member everywhere in this practice until they rejoin',
    request: { params: userParams, headers: ifMatchHeaders, body: body(because) },
    responses: { 200: answers(memberSavedSchema, 'Suspended.'), ...editRefusals },
  }),
  rejoin: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/users/{user}/rejoin',
    summary: 'Ends a suspension',
    request: { params: userParams, headers: ifMatchHeaders, body: body(because) },
    responses: { 200: answers(memberSavedSchema, 'Rejoined.'), ...editRefusals },
  }),
  passwordLink: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/users/{user}/password-link',
    summary: 'Mails a member a link to set their password; without mail, hands it out once',
    request: { params: userParams, body: body(z.strictObject({ reason })) },
    responses: { 200: answers(passwordLinkSchema, 'It works once, for half an hour.'), ...countedRefusals },
  }),
} as const
