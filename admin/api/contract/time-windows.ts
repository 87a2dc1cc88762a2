/**
 * Contract of the Time Windows tab: weekly windows, closures and one-off openings, and a preview of the days to come.
 *
 * The switch is General Settings'. Invariant: times are what the wall of the practice's zone shows, never instants;
 * what is open is asked of the compiled timetable, so that the preview cannot promise what gateways refuse. Paging was
 * refused: a document holds at most 2,000 of each, and people read them side by side.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { audienceSchema, exceptionSchema, modeSchema, timeWindowSchema } from '../../../policies/document.ts'
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
  practiceParams,
  reason,
  refusals,
  savedSchema,
  slugSchema,
} from './wire.ts'

const { id: _windowId, ...windowFields } = timeWindowSchema.shape
const { id: _exceptionId, ...exceptionFields } = exceptionSchema.shape

const overridable = { confirmPracticeName, reason }

const newWindowBody = z.strictObject({
  ...windowFields,
  label: windowFields.label.default(null),
  audience: audienceSchema.default('practice'),
  zone: windowFields.zone.default(null),
  validFrom: windowFields.validFrom.default(null),
  validTo: windowFields.validTo.default(null),
  insteadOfRoleHours: z.boolean().default(false),
  ...overridable,
})

const changedWindowBody = z.strictObject({ ...z.strictObject(windowFields).partial().shape, ...overridable })

const newExceptionBody = z.strictObject({
  ...exceptionFields,
  start: exceptionFields.start.default('00:00'),
  end: exceptionFields.end.default('24:00'),
  audience: audienceSchema.default('practice'),
  ...overridable,
})

const changedExceptionBody = z.strictObject({
  ...z.strictObject(exceptionFields).partial().shape,
  ...overridable,
})

const listedWindowSchema = z
  .object({
    ...timeWindowSchema.shape,
    /** The audience as people read it: "Whole practice", "Role Front desk", "Ada Example". */
    audienceName: z.string(),
    /** The whole window in words: "Mon to Fri 08:00–18:00". */
    sentence: z.string(),
  })
  .openapi('TimeWindow')

const listedExceptionSchema = z
  .object({
    ...exceptionSchema.shape,
    audienceName: z.string(),
    sentence: z.string(),
    /** Whether its last day is over. */
    past: z.boolean(),
  })
  .openapi('TimeException')

const stateFields = {
  open: z.boolean(),
  /** When that changes by itself; `null`: not as far as the timetable is known. */
  changesAt: instantSchema.nullable(),
  /** "Open until Mon 23 Nov 2026, 18:00". */
  sentence: z.string(),
}

const audienceStateSchema = z.object({ audience: audienceSchema, audienceName: z.string(), ...stateFields })

const daySchema = z.object({
  /** `YYYY-MM-DD` in the practice's zone. */
  date: z.string(),
  weekday: timeWindowSchema.shape.days.element,
  isToday: z.boolean(),
  /** `HH:MM`, the end at most `24:00`; empty: closed. */
  hours: z.array(z.object({ start: z.string(), end: z.string() })),
})

const previewQuery = z
  .strictObject({ user: opaqueIdSchema.optional(), role: slugSchema.optional() })
  .refine(({ user, role }) => user === undefined || role === undefined, {
    path: ['role'],
    message: 'ask for a user or for a role, not for both',
  })

const previewSchema = z
  .object({
    zone: z.string(),
    /** The current date and time there: `Mon 23 Nov 2026, 08:00`. */
    now: z.string(),
    /** Whose hours these are. */
    name: z.string(),
    mode: modeSchema,
    /** Whether the control concerns them; if not, these hours are not asked of them. */
    inScope: z.boolean(),
    ...stateFields,
    days: z.array(daySchema),
  })
  .openapi('TimePreview')

const weekBody = z.strictObject({
  /** Ids of the windows that these hours replace; none of them with a first or last day. */
  replaces: z.array(opaqueIdSchema).max(200).default([]),
  audience: audienceSchema,
  zone: windowFields.zone.default(null),
  insteadOfRoleHours: z.boolean().default(false),
  /** Every time of the week; empty: none. */
  windows: z
    .array(z.strictObject({ days: windowFields.days, start: windowFields.start, end: windowFields.end }))
    .max(200),
  ...overridable,
})

/** By day of the week (Monday first) and hour. */
const signInHoursSchema = z
  .object({
    zone: z.string(),
    /** Whose sign-ins these are. */
    name: z.string(),
    /** How many days back they are counted. */
    days: z.number().int(),
    total: z.number().int(),
    counts: z.array(z.array(z.number().int())),
  })
  .openapi('SignInHours')

const removal = {
  params: entryParams,
  headers: ifMatchHeaders,
  query: z.strictObject(overridable),
}

const windowSaved = savedSchema.extend({
  window: timeWindowSchema,
  /** What deserves a thought, such as a window that runs into the next day. */
  notes: z.array(z.string()),
})

const exceptionSaved = savedSchema.extend({ exception: exceptionSchema, notes: z.array(z.string()) })

/** Routes of the Time Windows tab. */
export const timeWindowsRoutes = {
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/time-windows',
    summary: 'Windows, closures and openings, and who is open now; ETag is the revision',
    request: { params: practiceParams },
    responses: {
      200: answers(
        z.object({
          revision: z.number().int(),
          zone: z.string(),
          now: z.string(),
          mode: modeSchema,
          windows: z.array(listedWindowSchema),
          exceptions: z.array(listedExceptionSchema),
          /** Everyone that has a window of their own, the whole practice first. */
          audiences: z.array(audienceStateSchema),
        }),
        'In the order they were added.',
      ),
      ...refusals,
    },
  }),
  replaceWeek: createRoute({
    method: 'put',
    path: '/api/practices/{practice}/weekly-hours',
    summary: 'Replaces windows of one audience by the times of a whole week, as one change',
    request: { params: practiceParams, headers: ifMatchHeaders, body: body(weekBody) },
    responses: {
      200: answers(
        savedSchema.extend({ windows: z.array(timeWindowSchema), notes: z.array(z.string()) }),
        'Saved.',
      ),
      ...editRefusals,
    },
  }),
  signInHours: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/sign-in-hours',
    summary: 'Sign-ins of the last 28 days by hour of the week, of everyone, a user or a role',
    request: { params: practiceParams, query: previewQuery },
    responses: { 200: answers(signInHoursSchema, 'Counted on the practice’s wall.'), ...refusals },
  }),
  createWindow: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/time-windows',
    summary: 'Adds a weekly window',
    request: { params: practiceParams, headers: ifMatchOptionalHeaders, body: body(newWindowBody) },
    responses: { 201: answers(windowSaved, 'Added.'), ...editRefusals },
  }),
  changeWindow: createRoute({
    method: 'patch',
    path: '/api/practices/{practice}/time-windows/{id}',
    summary: 'Changes the given fields of a window',
    request: { params: entryParams, headers: ifMatchHeaders, body: body(changedWindowBody) },
    responses: { 200: answers(windowSaved, 'Changed.'), ...editRefusals },
  }),
  removeWindow: createRoute({
    method: 'delete',
    path: '/api/practices/{practice}/time-windows/{id}',
    summary: 'Removes a window',
    request: removal,
    responses: { 200: answers(savedSchema, 'Removed.'), ...editRefusals },
  }),
  createException: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/time-exceptions',
    summary: 'Adds a closure or a one-off opening',
    request: { params: practiceParams, headers: ifMatchOptionalHeaders, body: body(newExceptionBody) },
    responses: { 201: answers(exceptionSaved, 'Added.'), ...editRefusals },
  }),
  changeException: createRoute({
    method: 'patch',
    path: '/api/practices/{practice}/time-exceptions/{id}',
    summary: 'Changes the given fields of a closure or an opening',
    request: { params: entryParams, headers: ifMatchHeaders, body: body(changedExceptionBody) },
    responses: { 200: answers(exceptionSaved, 'Changed.'), ...editRefusals },
  }),
  removeException: createRoute({
    method: 'delete',
    path: '/api/practices/{practice}/time-exceptions/{id}',
    summary: 'Removes a closure or an opening',
    request: removal,
    responses: { 200: answers(savedSchema, 'Removed.'), ...editRefusals },
  }),
  calendar: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/time-calendar',
    summary: 'Who is in at each hour of the seven days to come, people of the same hours together',
    request: { params: practiceParams },
    responses: {
      200: answers(
        z.object({
          zone: z.string(),
          now: z.string(),
          mode: modeSchema,
          days: z.array(z.object({ date: z.string(), weekday: z.string(), isToday: z.boolean() })),
          /** By day and hour, how many are in for at least a part of it. */
          counts: z.array(z.array(z.number().int())),
          groups: z.array(
            z.object({
              /** 24 signs a day: `1` in, `0` out, `~` for a part of the hour. */
              hours: z.array(z.string()),
              count: z.number().int(),
              /** The first hundred, in order of their names. */
              people: z.array(z.object({ user: opaqueIdSchema, name: z.string(), inScope: z.boolean() })),
            }),
          ),
        }),
        'The largest group first.',
      ),
      ...refusals,
    },
  }),
  preview: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/time-preview',
    summary: 'The next 14 days of a user or a role; without either, of who has no role',
    request: { params: practiceParams, query: previewQuery },
    responses: { 200: answers(previewSchema, 'Today first.'), ...refusals },
  }),
} as const
