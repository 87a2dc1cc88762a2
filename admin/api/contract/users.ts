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
    /** How many other practices they belong to; which ones only as far as `alsoIn`. */
    otherPractices: z.number().int(),
    /** Those of the other practices that whoever asks may see. */
    alsoIn: z.array(z.object({ id: slugSchema, name: z.string() })),
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

const personShape = {
  name: z.string().trim().min(1, 'write their name').max(200),
  login: z.string().trim().min(1).max(200),
  email: z.email('this is no e-mail address').max(254).nullable(),
}

/** Routes of the directory. */
export const usersRoutes = {
  create: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/users',
    summary: 'Takes somebody into the practice: new, or known from one that whoever asks administers too',
    request: {
      params: practiceParams,
      body: body(
        z.strictObject({
          ...personShape,
          email: personShape.email.default(null),
          roles: z.array(slugSchema).max(50),
          /** What their application calls them; absent: the sign-in name at the only application there is. */
          identity: z
            .strictObject({ upstream: slugSchema, appUser: z.string().trim().min(1).max(200) })
            .optional(),
          reason,
        }),
      ),
    },
    responses: {
      201: answers(memberSavedSchema.extend({ user: opaqueIdSchema }), 'Taken in.'),
      ...editRefusals,
    },
  }),
  change: createRoute({
    method: 'patch',
    path: '/api/practices/{practice}/users/{user}',
    summary: 'Changes name, sign-in name or e-mail, in all practices of the person at once',
    request: {
      params: userParams,
      headers: ifMatchHeaders,
      body: body(z.strictObject(personShape).partial().extend({ reason })),
    },
    responses: { 200: answers(memberSavedSchema, 'Changed.'), ...editRefusals },
  }),
  remove: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/users/{user}/remove',
    summary: 'Removes a member from this practice; taken in again, they begin anew',
    request: { params: userParams, headers: ifMatchHeaders, body: body(because) },
    responses: { 200: answers(memberSavedSchema, 'Removed.'), ...editRefusals },
  }),
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/users',
    summary: 'Members with their roles; ETag is the members version',
    request: {
      params: practiceParams,
      query: pageQuery.extend({
        text: z.string().max(80).optional(),
        /** This member alone. */
        user: opaqueIdSchema.optional(),
        /** Whoever has this role. */
        role: slugSchema.optional(),
        state: z.enum(['active', 'suspended']).optional(),
        /** People of this practice alone, or of several. */
        practices: z.enum(['one', 'several']).optional(),
      }),
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
