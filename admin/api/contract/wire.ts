/**
 * Wire shapes that every tab of the admin API shares: ids in paths, preconditions, pages, problems, what a
 * save answers.
 *
 * It is not a drawer for schemas of one tab (those live with their tab). Invariant: requests are strict
 * objects, so an unknown key is a Problem with its path. Instants are milliseconds since the epoch and
 * durations end in `Ms`; ISO texts were refused because every reader would parse them back.
 */
import { z } from '@hono/zod-openapi'

/** An opaque id: of a user, a session or an entry. */
export const opaqueIdSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected letters, digits, - or _')
/** A practice's or a role's id. */
export const slugSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'expected a lower-case id of letters, digits and -')

/** Milliseconds since the epoch. */
export const instantSchema = z.number().int().nonnegative()

/** `:practice` in a path. */
export const practiceParams = z.strictObject({ practice: slugSchema })
/** `:practice` and `:id` in a path. */
export const entryParams = z.strictObject({ practice: slugSchema, id: opaqueIdSchema })
/** `:practice` and `:user` in a path. */
export const userParams = z.strictObject({ practice: slugSchema, user: opaqueIdSchema })
/** `:practice` and `:role` in a path. */
export const roleParams = z.strictObject({ practice: slugSchema, role: slugSchema })

/**
 * `If-Match: "17"`: the revision (or version) that the edit was made from; absent: 428. Not strict: headers
 * are many.
 */
export const ifMatchHeaders = z.object({
  'if-match': z.string().regex(/^"\d{1,15}"$/, 'expected the ETag of what is edited, such as "17"'),
})
/** `If-Match` where an edit adds and cannot overwrite: checked when sent. */
export const ifMatchOptionalHeaders = z.object({ 'if-match': ifMatchHeaders.shape['if-match'].optional() })

/** `?cursor=&limit=` of growing lists: the cursor is what the page before answered as `nextCursor`. */
export const pageQuery = z.strictObject({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
})

/** `?from=&to=` of a chart, milliseconds since 1970; `admin/api/chart-span.ts` says how long it may be. */
export const spanQuery = z.strictObject({
  from: z.coerce.number().int().nonnegative(),
  to: z.coerce.number().int().nonnegative(),
})

/** The closed set of ways in which the API says no; each has one status (`admin/api/refusals.ts`). */
export const refusalCodes = [
  'invalid',
  'not-signed-in',
  'not-permitted',
  'access-refused',
  'step-up-required',
  'forged-request',
  'not-found',
  'revision-conflict',
  'revision-missing',
  'lockout-risk',
  'last-security-admin',
  'sealed-codes-first',
  'already-decided',
  'confirmation-pending',
  'confirm-elsewhere',
  'in-progress',
  'outcome-unknown',
  'key-reused',
  'too-many',
  'too-large',
  'unsupported-media',
  'database-unavailable',
  'control-plane-unavailable',
  'internal',
] as const

/** `application/problem+json` (RFC 9457) of every answer from 400 up. */
export const problemSchema = z
  .object({
    /** `urn:gatehouse:problem:` and the code; `Link` of the answer leads to what it means. */
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.enum(refusalCodes),
    /** One sentence that says what to do. */
    detail: z.string(),
    /** For `invalid`: everything that is wrong, each with its JSON path. */
    problems: z.array(z.object({ path: z.string(), sentence: z.string() })).optional(),
    /** For `revision-conflict`: the revision that is current. */
    current: z.number().int().optional(),
    /** For `lockout-risk`: who would be locked out and from where. */
    lockedOut: z
      .array(z.object({ name: z.string(), address: z.string().nullable(), sentence: z.string() }))
      .optional(),
    /** For `access-refused` and `step-up-required`: which control of the practice spoke, and why. */
    control: z.enum(['session', 'ip', 'time', 'two-factor', 'permission']).optional(),
    reason: z.string().optional(),
    /** For `access-refused`: when it opens by itself; absent: never by itself. */
    opensAt: instantSchema.optional(),
    /** For `step-up-required`: the page of this origin where a second factor is proved; takes `?return=`. */
    stepUp: z.string().optional(),
    /** For `too-many` and `confirmation-pending`: after how long to try again. */
    retryAfterMs: z.number().int().optional(),
  })
  .openapi('Problem')
/** An answer from 400 up. */
export type ProblemAnswer = z.infer<typeof problemSchema>

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
})

/** The refusals any route may answer with. */
export const refusals = {
  401: problem('Nobody is signed in, the admin session has ended, or a second factor must be proved first.'),
  403: problem(
    'The permission is missing in this practice, its policy refuses you here and now, or the request was not made by the admin pages.',
  ),
  404: problem('There is no such practice, entry, user, session or role.'),
  422: problem('Bad input: every problem at once, each with its path.'),
  503: problem('The database cannot be reached; nothing was changed.'),
} as const

/** The refusals of an edit, on top of `refusals`. */
export const editRefusals = {
  ...refusals,
  409: problem(
    'The change would lock out an admin or remove the last one, or an earlier one waits to be confirmed.',
  ),
  412: problem('Somebody else saved in between; `current` is the revision to load.'),
  428: problem('If-Match is missing.'),
} as const

/** The refusals of what may be done only so often, on top of `refusals`. */
export const countedRefusals = {
  ...refusals,
  429: problem('Too often; `retryAfterMs` says when to come again.'),
} as const

/** A JSON answer. */
export const answers = <S extends z.ZodType>(schema: S, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

/** A required JSON body. */
export const body = <S extends z.ZodType>(schema: S) => ({
  required: true as const,
  content: { 'application/json': { schema } },
})

/** How far a published sequence has come. `everywhere`: every live gateway has acknowledged it. */
export const publishStateSchema = z
  .object({
    sequence: z.number().int(),
    /**
     * `saved`: committed, not yet published; `published`: on its way; `everywhere`: enforced by every live
     * gateway.
     */
    state: z.enum(['saved', 'published', 'everywhere']),
    /** Live gateways that acknowledged, of how many live ones. */
    active: z.number().int(),
    gateways: z.number().int(),
    savedAt: instantSchema.nullable(),
    /** From the save to the last acknowledgement; `null` until everywhere. */
    everywhereAfterMs: z.number().int().nullable(),
  })
  .openapi('PublishState')
/** How far a published sequence has come. */
export type PublishStateAnswer = z.infer<typeof publishStateSchema>

/**
 * What every edit of the policy answers: the new revision, and the sequence to follow at
 * `/api/publish/{sequence}`.
 */
export const savedSchema = z
  .object({ revision: z.number().int(), sequence: z.number().int() })
  .openapi('Saved')

/** A practice's name typed again, to override `lockout-risk` (SPEC §4). */
export const confirmPracticeName = z.string().max(80).optional()

/** Why, in the admin's words; kept in the security event. */
export const reason = z.string().trim().max(500).optional()
