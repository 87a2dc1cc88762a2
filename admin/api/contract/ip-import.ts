/**
 * Contract of the allowlist as a file: export, what a file would change, and importing it.
 *
 * `docs/csv.md` describes the columns. Invariant: what is looked at and what is saved come from one plan, an import is
 * one revision with one event, and a file with one bad line changes nothing.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { ipEntrySchema } from '../../../policies/document.ts'
import {
  answers,
  body,
  confirmPracticeName,
  editRefusals,
  ifMatchHeaders,
  practiceParams,
  reason,
  refusals,
  savedSchema,
} from './wire.ts'

/** A file as text. The whole body may have 1 MiB. */
export const csvText = z.string().min(1, 'choose a file').max(1_000_000, 'use at most 1 MB a file')

const importBody = z.strictObject({
  csv: csvText,
  /** Says yes to ranges wider than /16 (IPv4) or /32 (IPv6). */
  confirmWide: z.boolean().default(false),
})

/** What is wrong in a file. */
export const lineProblemSchema = z.object({
  line: z.number().int(),
  column: z.string().nullable(),
  sentence: z.string(),
})

/** Whom a save would shut out who must not be, as in 409 `lockout-risk`. */
export const lockedOutSchema = z.array(
  z.object({ name: z.string(), address: z.string().nullable(), sentence: z.string() }),
)

const lineSchema = z.object({
  line: z.number().int(),
  before: ipEntrySchema.nullable(),
  entry: ipEntrySchema,
  notes: z.array(z.string()),
})

const countsSchema = z.object({
  adds: z.number().int(),
  changes: z.number().int(),
  duplicates: z.number().int(),
  overlaps: z.number().int(),
  unchanged: z.number().int(),
  problems: z.number().int(),
})

const previewSchema = z
  .object({
    /** The revision to import from (`If-Match`). */
    revision: z.number().int(),
    counts: countsSchema,
    /** Of each list the first two hundred, in the order of the lines; `counts` has all. */
    problems: z.array(lineProblemSchema),
    adds: z.array(lineSchema),
    changes: z.array(lineSchema),
    duplicates: z.array(
      z.object({
        line: z.number().int(),
        range: z.string(),
        of: z.object({ id: z.string(), label: z.string() }),
      }),
    ),
    overlaps: z.array(z.object({ line: z.number().int(), sentence: z.string() })),
    /** Not empty: the import is refused unless the practice's name is typed. */
    lockedOut: lockedOutSchema,
    /** It can refuse somebody who passes now: it holds ten minutes unless it is confirmed. */
    toBeConfirmed: z.boolean(),
    /** People with a live session who would be refused, by name and network. */
    wouldRefuse: z.array(z.object({ name: z.string(), networks: z.array(z.string()) })),
  })
  .openapi('IpImportPreview')

/** Routes of the allowlist as a file. */
export const ipImportRoutes = {
  download: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/ip-entries/export',
    summary: 'All entries as CSV; importing it again changes nothing',
    request: { params: practiceParams },
    responses: {
      200: { description: 'The file.', content: { 'text/csv': { schema: z.string() } } },
      ...refusals,
    },
  }),
  preview: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/ip-entries/import/preview',
    summary: 'What a file would add and change, and everything that is wrong with it; saves nothing',
    request: { params: practiceParams, body: body(importBody) },
    responses: { 200: answers(previewSchema, 'The plan.'), ...refusals },
  }),
  upload: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/ip-entries/import',
    summary: 'Imports a file: all of it or nothing',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(importBody.extend({ confirmPracticeName, reason })),
    },
    responses: { 200: answers(savedSchema.extend({ counts: countsSchema }), 'Imported.'), ...editRefusals },
  }),
} as const
