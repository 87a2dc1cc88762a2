/**
 * Contract of presets: what each would change, applying one, taking the last one back.
 *
 * They are a card of General Settings. Invariant: a preset is applied from the revision whose difference was shown,
 * as one event. Undoing by a stored copy of the document was refused: it would take back what others did since.
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
  refusals,
  savedSchema,
  slugSchema,
} from './wire.ts'

const presetSchema = z
  .object({
    id: slugSchema,
    name: z.string(),
    description: z.string(),
    /** What has to be done first; empty: it can be applied. */
    problems: z.array(z.object({ path: z.string(), sentence: z.string() })),
    /** One sentence a difference; empty where it can be applied: it is like that already. */
    changes: z.array(z.string()),
    /** Where it asks for a second factor: who would have to and has none set up, the first hundred. */
    notSetUp: z.array(z.object({ user: z.string(), name: z.string() })),
    /** How long those get in without; 0: they set it up at their next sign-in. */
    graceMs: z.number().int(),
  })
  .openapi('Preset')

const presetParams = z.strictObject({ practice: slugSchema, preset: slugSchema })
const overridable = z.strictObject({ confirmPracticeName, reason })

/** Routes of the presets. */
export const presetsRoutes = {
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/presets',
    summary: 'The presets, what each would change, and the one that can be taken back; ETag is the revision',
    request: { params: practiceParams },
    responses: {
      200: answers(
        z.object({
          revision: z.number().int(),
          presets: z.array(presetSchema),
          /** The preset applied last; `null`: none, or it has been taken back. */
          last: z
            .object({
              id: z.string(),
              name: z.string(),
              by: z.string(),
              at: instantSchema,
              /** What taking it back would change; empty: its settings were changed since, it stays. */
              undo: z.array(z.string()),
            })
            .nullable(),
        }),
        'In the order in which they are offered.',
      ),
      ...refusals,
    },
  }),
  diff: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/presets/{preset}',
    summary: 'What a preset would change; ETag is the revision',
    request: { params: presetParams },
    responses: { 200: answers(presetSchema.extend({ revision: z.number().int() }), 'It.'), ...refusals },
  }),
  apply: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/presets/{preset}/apply',
    summary: 'Applies a preset, as one event',
    request: { params: presetParams, headers: ifMatchHeaders, body: body(overridable) },
    responses: { 200: answers(savedSchema, 'Applied.'), ...editRefusals },
  }),
  undo: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/presets/undo',
    summary: 'Takes back what the preset applied last has changed',
    request: { params: practiceParams, headers: ifMatchHeaders, body: body(overridable) },
    responses: { 200: answers(savedSchema, 'Taken back.'), ...editRefusals },
  }),
} as const
