/**
 * Contract of the IP Allowlist tab: entries, "add my current IP", "test an IP".
 *
 * The switch itself is General Settings'. Invariant: what is stored is canonical CIDR text; what the admin
 * typed is masked with a note, never silently. A bare address means /32 or /64 (SPEC §4).
 */
import { createRoute, z } from '@hono/zod-openapi'
import { audienceSchema, ipEntrySchema } from '../../../policies/document.ts'
import {
  answers,
  body,
  confirmPracticeName,
  editRefusals,
  entryParams,
  ifMatchHeaders,
  ifMatchOptionalHeaders,
  instantSchema,
  opaqueIdSchema,
  pageQuery,
  practiceParams,
  reason,
  refusals,
  savedSchema,
} from './wire.ts'

const listedEntrySchema = ipEntrySchema
  .extend({
    /** The audience as people read it: "Whole practice", "Role Front desk", "Ada Example". */
    audienceName: z.string(),
    /** When a gateway last let somebody in by it; `null`: never seen. */
    lastMatchedAt: instantSchema.nullable(),
    hits7d: z.number().int(),
    /** Members seen within thirty days at an address that this entry has for them. */
    users30d: z.number().int(),
    state: z.enum(['on', 'off', 'expired']),
    /** A warning in words for an entry that nobody has come by for a long time; `null`: none. */
    stale: z.string().nullable(),
    /** Other entries on or around the same addresses, most specific first, at most five. */
    overlaps: z.array(
      z.object({ id: z.string(), label: z.string(), relation: z.enum(['same', 'inside', 'around']) }),
    ),
  })
  .openapi('IpEntry')

/** After so many days without a match an entry is worth a second look. */
export const staleAfterDays = 60

/** Filters and order of the list. A cursor belongs to the filters and the order it was given under. */
export const entryQuery = pageQuery.extend({
  text: z.string().max(80).optional(),
  state: z.enum(['on', 'off', 'expired']).optional(),
  /** `practice`, any `role` or `user`, or one of them: `role:front-desk`. */
  audience: z
    .string()
    .regex(/^(practice|role|user|role:[a-z0-9][a-z0-9-]{0,63}|user:[A-Za-z0-9_-]{1,64})$/)
    .optional(),
  /** On, and expiring within so many days. */
  expiresWithinDays: z.coerce.number().int().min(1).max(400).optional(),
  /** On, and neither matched nor added within so many days. */
  unmatchedDays: z.coerce.number().int().min(1).max(400).optional(),
  sort: z.enum(['added', 'label', 'range', 'expires', 'matched']).optional(),
  order: z.enum(['asc', 'desc']).optional(),
})

const newEntry = {
  /** CIDR or a bare address; IPv4 and IPv6. */
  range: z.string().trim().min(1, 'enter an address or a range such as 203.0.113.0/24').max(64),
  label: z.string().trim().min(1, 'name the network, such as Office Network').max(80),
  audience: audienceSchema,
  expiresAt: instantSchema.nullable(),
  note: z.string().max(500),
  on: z.boolean(),
}

const createBody = z.strictObject({
  ...newEntry,
  audience: audienceSchema.default('practice'),
  expiresAt: instantSchema.nullable().default(null),
  note: newEntry.note.default(''),
  on: z.boolean().default(true),
  /** Says yes to a range wider than /16 (IPv4) or /32 (IPv6). */
  confirmWide: z.boolean().default(false),
  confirmPracticeName,
  reason,
})

const changeBody = z.strictObject({
  range: newEntry.range.optional(),
  label: newEntry.label.optional(),
  audience: audienceSchema.optional(),
  expiresAt: newEntry.expiresAt.optional(),
  note: newEntry.note.optional(),
  on: newEntry.on.optional(),
  confirmWide: z.boolean().default(false),
  confirmPracticeName,
  reason,
})

const entrySavedSchema = savedSchema.extend({
  entry: ipEntrySchema,
  /** What was changed or deserves a thought: masked host bits, a private range, an overlap. */
  notes: z.array(z.string()),
})

const testAnswerSchema = z.object({
  /** Whether the allowlist has the address for this person. */
  listed: z.boolean(),
  entry: z.object({ id: z.string(), label: z.string(), range: z.string() }).nullable(),
  inScope: z.boolean(),
  mode: z.enum(['off', 'monitor', 'enforce']),
  /** The whole answer in words. */
  sentence: z.string(),
})

/** Routes of the IP Allowlist tab. */
export const ipAllowlistRoutes = {
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/ip-entries',
    summary: 'Entries with their use; ETag is the revision',
    request: {
      params: practiceParams,
      query: entryQuery,
    },
    responses: {
      200: answers(
        z.object({
          revision: z.number().int(),
          total: z.number().int(),
          entries: z.array(listedEntrySchema),
          nextCursor: z.string().nullable(),
        }),
        'In the order asked for; by default as they were added.',
      ),
      ...refusals,
    },
  }),
  create: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/ip-entries',
    summary: 'Adds an entry',
    request: { params: practiceParams, headers: ifMatchOptionalHeaders, body: body(createBody) },
    responses: { 201: answers(entrySavedSchema, 'Added.'), ...editRefusals },
  }),
  change: createRoute({
    method: 'patch',
    path: '/api/practices/{practice}/ip-entries/{id}',
    summary: 'Changes the given fields of an entry',
    request: { params: entryParams, headers: ifMatchHeaders, body: body(changeBody) },
    responses: { 200: answers(entrySavedSchema, 'Changed.'), ...editRefusals },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/api/practices/{practice}/ip-entries/{id}',
    summary: 'Removes an entry',
    request: {
      params: entryParams,
      headers: ifMatchHeaders,
      query: z.strictObject({ confirmPracticeName, reason }),
    },
    responses: { 200: answers(savedSchema, 'Removed.'), ...editRefusals },
  }),
  test: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/ip-entries/test',
    summary: 'Would this address be allowed for this user?',
    request: {
      params: practiceParams,
      body: body(
        z.strictObject({ user: opaqueIdSchema.nullable().default(null), address: z.string().trim().max(64) }),
      ),
    },
    responses: { 200: answers(testAnswerSchema, 'The answer, and which entry gives it.'), ...refusals },
  }),
  myAddress: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/my-address',
    summary: 'The address the control plane sees, which hop gave it, and whether it is listed',
    request: { params: practiceParams },
    responses: {
      200: answers(
        z.object({
          address: z.string(),
          sentence: z.string(),
          /** What "add my current IP" would add. */
          range: z.string(),
          listed: z.boolean(),
          label: z.string().nullable(),
        }),
        'The address.',
      ),
      ...refusals,
    },
  }),
} as const
