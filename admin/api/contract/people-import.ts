/**
 * Contract of a practice's people as a file: export, what a file would change, and importing it.
 *
 * `docs/csv.md` describes the columns. Invariant: what happens to people whom the file does not name is the importer's
 * explicit choice, and a file with one bad line changes nothing.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { csvText, lineProblemSchema } from './ip-import.ts'
import {
  answers,
  body,
  confirmPracticeName,
  editRefusals,
  ifMatchHeaders,
  practiceParams,
  reason,
  refusals,
} from './wire.ts'

const countsSchema = z.object({
  adds: z.number().int(),
  changes: z.number().int(),
  leavers: z.number().int(),
  unchanged: z.number().int(),
  problems: z.number().int(),
})

const lineSchema = z.object({
  line: z.number().int(),
  login: z.string(),
  name: z.string(),
  roles: z.array(z.string()),
  /** What differs, in words; empty for somebody new. */
  changes: z.array(z.string()),
})

const previewSchema = z
  .object({
    /** The members version to import from (`If-Match`). */
    version: z.number().int(),
    counts: countsSchema,
    /** Of each list the first two hundred; `counts` has all. */
    problems: z.array(lineProblemSchema),
    adds: z.array(lineSchema),
    changes: z.array(lineSchema),
    /** Members whom the file does not name and who are not suspended. */
    leavers: z.array(z.object({ user: z.string(), name: z.string(), login: z.string() })),
  })
  .openapi('PeopleImportPreview')

/** Routes of the people as a file. */
export const peopleImportRoutes = {
  download: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/users/export',
    summary: 'All members with their roles as CSV; importing it again changes nothing',
    request: { params: practiceParams },
    responses: {
      200: { description: 'The file.', content: { 'text/csv': { schema: z.string() } } },
      ...refusals,
    },
  }),
  preview: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/users/import/preview',
    summary:
      'Whom a file would add and change, who is missing in it, and what is wrong with it; saves nothing',
    request: { params: practiceParams, body: body(z.strictObject({ csv: csvText })) },
    responses: { 200: answers(previewSchema, 'The plan.'), ...refusals },
  }),
  upload: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/users/import',
    summary: 'Imports a file: all of it or nothing',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(
        z.strictObject({
          csv: csvText,
          leavers: z.enum(['keep', 'suspend', 'remove']).default('keep'),
          confirmPracticeName,
          reason,
        }),
      ),
    },
    responses: {
      200: answers(
        z.object({ version: z.number().int(), sequence: z.number().int(), counts: countsSchema }),
        'Imported.',
      ),
      ...editRefusals,
    },
  }),
} as const
