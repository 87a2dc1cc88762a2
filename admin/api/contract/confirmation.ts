/**
 * Contract of commit-confirm: confirming a save that waits, taking it back, turning it on again afterwards.
 *
 * What waits is told with the controls (`general.ts`), which every page of a practice reads. Invariant: each names the
 * revision it is about (If-Match), so that nobody confirms what they have not seen.
 */
import { createRoute, z } from '@hono/zod-openapi'
import {
  answers,
  body,
  confirmPracticeName,
  editRefusals,
  ifMatchHeaders,
  instantSchema,
  practiceParams,
  reason,
  savedSchema,
} from './wire.ts'

/** What waits to be confirmed, or was just taken back; `null`: neither. */
export const confirmationSchema = z
  .discriminatedUnion('state', [
    z.object({
      state: z.literal('waiting'),
      /** The revision that waits. */
      revision: z.number().int(),
      /** What was saved, such as `Office only`, by whom. */
      name: z.string(),
      by: z.string(),
      /** What becomes of it, and when. */
      sentence: z.string(),
      /** Sentences: what it changed. */
      changes: z.array(z.string()),
      confirmBy: instantSchema,
      /** As of this answer, whatever the browser's clock says. */
      leftMs: z.number().int().nonnegative(),
      /** Whether the account may settle it at all. */
      mine: z.boolean(),
      /** Why it cannot be confirmed from here; `null`: it can. */
      refused: z.string().nullable(),
    }),
    z.object({
      state: z.literal('reverted'),
      /** The revision that was taken back. */
      revision: z.number().int(),
      name: z.string(),
      /** What was switched off, when and why. */
      sentence: z.string(),
      /** Sentences: what turning it on again changes. */
      changes: z.array(z.string()),
      at: instantSchema,
    }),
  ])
  .nullable()
  .openapi('Confirmation')

const request = {
  params: practiceParams,
  headers: ifMatchHeaders,
  body: body(z.strictObject({ reason })),
}

/** Routes of commit-confirm. */
export const confirmationRoutes = {
  confirm: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/confirmation/confirm',
    summary:
      'Keeps what waits, if the new policy lets this session pass; If-Match is the revision that waits',
    request,
    responses: { 200: answers(savedSchema, 'Confirmed.'), ...editRefusals },
  }),
  revert: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/confirmation/revert',
    summary: 'Takes back what waits, from wherever',
    request,
    responses: { 200: answers(savedSchema, 'Taken back.'), ...editRefusals },
  }),
  again: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/confirmation/again',
    summary: 'Saves what was taken back once more; it has to be confirmed again',
    request: { ...request, body: body(z.strictObject({ confirmPracticeName, reason })) },
    responses: { 200: answers(savedSchema, 'Saved.'), ...editRefusals },
  }),
} as const
