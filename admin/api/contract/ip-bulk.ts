/**
 * Contract of what the allowlist's table asks beyond one entry: what a range would be, and one act on many entries.
 *
 * One entry at a time is `ip-allowlist.ts`, files `ip-import.ts`. Invariant: an act on many is one revision with one event,
 * all of it or nothing, guarded like any edit.
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

/** How many entries one act takes at most. */
export const bulkMax = 500

const lookedSchema = z
  .object({
    /** As it would be stored; `null`: it is no range, and `problem` says why. */
    range: z.string().nullable(),
    problem: z.string().nullable(),
    /** It has to be confirmed that so wide a range is meant. */
    wide: z.boolean(),
    /** How many addresses, in words, and for IPv4 from which to which. */
    size: z.string().nullable(),
    /** What was changed or deserves a thought. */
    notes: z.array(z.string()),
    /** Entries on or around the same addresses, most specific first, at most five. */
    overlaps: z.array(
      z.object({
        ...{ id: z.string(), label: z.string(), range: z.string(), on: z.boolean() },
        relation: z.enum(['same', 'inside', 'around']),
      }),
    ),
  })
  .openapi('LookedRange')

const actSchema = z.union([
  z.strictObject({ on: z.boolean() }),
  z.strictObject({ expiresAt: instantSchema.nullable() }),
  z.strictObject({ remove: z.literal(true) }),
])
/** What is done to each of the entries. */
export type BulkAct = z.infer<typeof actSchema>

/** Routes of the table. */
export const ipBulkRoutes = {
  look: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/ip-entries/look',
    summary: 'What a range would be stored as, how large it is and what it lies upon',
    request: {
      params: practiceParams,
      query: z.strictObject({
        range: z.string().trim().max(64),
        /** The entry that is edited, which is no overlap of itself. */
        id: opaqueIdSchema.optional(),
      }),
    },
    responses: { 200: answers(lookedSchema, 'What it is, or why it is none.'), ...refusals },
  }),
  act: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/ip-entries/act',
    summary: 'Switches, dates or removes many entries as one change',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(
        z.strictObject({
          ids: z.array(opaqueIdSchema).min(1).max(bulkMax),
          act: actSchema,
          ...{ confirmPracticeName, reason },
        }),
      ),
    },
    responses: {
      200: answers(savedSchema.extend({ entries: z.number().int() }), 'Done to so many.'),
      ...editRefusals,
    },
  }),
} as const
