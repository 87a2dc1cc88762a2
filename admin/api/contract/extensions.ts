/**
 * Contract of "stay late": who may go on past their hours just now, giving that to somebody, and taking it back.
 *
 * Approved requests about hours are the Access Requests tab's. Invariant: an extension lasts a day at most; more is a
 * window of the person's own.
 */
import { createRoute, z } from '@hono/zod-openapi'
import {
  answers,
  body,
  editRefusals,
  entryParams,
  instantSchema,
  opaqueIdSchema,
  practiceParams,
  reason,
  refusals,
  userParams,
} from './wire.ts'

const extensionSchema = z
  .object({
    id: opaqueIdSchema,
    user: z.object({ id: opaqueIdSchema, name: z.string() }),
    startsAt: instantSchema,
    endsAt: instantSchema,
    givenBy: z.string(),
  })
  .openapi('Extension')

const doneSchema = z
  .object({
    extension: extensionSchema,
    /** Follow it at `/api/publish/{sequence}`. */
    sequence: z.number().int(),
  })
  .openapi('DoneExtension')

/** Routes of "stay late". */
export const extensionsRoutes = {
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/extensions',
    summary: 'Who may go on past their hours just now, the first to end first',
    request: { params: practiceParams },
    responses: { 200: answers(z.object({ extensions: z.array(extensionSchema) }), 'In force.'), ...refusals },
  }),
  give: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/users/{user}/extensions',
    summary: 'Lets somebody go on past their hours, for a while or until a time of the practice’s clocks',
    request: {
      params: userParams,
      body: body(
        z.strictObject({
          length: z.union([
            z.number().int().min(900_000, 'use at least 15 minutes').max(86_400_000, 'use at most a day'),
            z.strictObject({
              until: z
                .string()
                .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'write a time like 18:30, at most 24:00'),
            }),
          ]),
          reason,
        }),
      ),
    },
    responses: { 201: answers(doneSchema, 'Given.'), ...editRefusals },
  }),
  withdraw: createRoute({
    method: 'delete',
    path: '/api/practices/{practice}/extensions/{id}',
    summary: 'Takes it back; bites on the next request',
    request: { params: entryParams, body: body(z.strictObject({ reason })) },
    responses: { 200: answers(doneSchema, 'Taken back.'), ...editRefusals },
  }),
} as const
