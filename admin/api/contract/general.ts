/**
 * Contract of the General Settings tab: the practice's controls with mode and scope, and who is in scope of
 * each.
 *
 * Entries, windows and roles have tabs of their own. Invariant: a control is changed as a whole (mode and
 * scope together) from a named revision, so that nobody switches on a scope they never saw. One route per
 * control was preferred to one body for all: each has its own permission, prerequisites and event.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { modeSchema, policyDocumentSchema, scopeSchema, signInSchema } from '../../../policies/document.ts'
import { confirmationSchema } from './confirmation.ts'
import { scheduledSchema } from './schedule.ts'
import {
  answers,
  body,
  confirmPracticeName,
  editRefusals,
  ifMatchHeaders,
  instantSchema,
  practiceParams,
  publishStateSchema,
  reason,
  refusals,
  savedSchema,
  slugSchema,
} from './wire.ts'

const inScopeSchema = z.object({
  count: z.number().int(),
  /** The first hundred, in order of their names. */
  people: z.array(z.object({ user: z.string(), name: z.string() })),
})

const ipControlSchema = z.strictObject({
  mode: modeSchema,
  scope: scopeSchema,
  signInOnlyFromListed: z.boolean(),
})
const scopedControlSchema = z.strictObject({ mode: modeSchema, scope: scopeSchema })
/** What two-factor asks beyond mode and scope; devices are not remembered yet, so that is not offered. */
const factorRules = policyDocumentSchema.shape.controls.shape.twoFactor.pick({
  graceMs: true,
  maxAgeMs: true,
  notFromListedNetworks: true,
  trust: true,
  sms: true,
})
const {
  sessions: sessionsSchema,
  emergency: emergencySchema,
  requests: requestsSchema,
} = policyDocumentSchema.shape
const permissionControlSchema = z.strictObject({ mode: modeSchema, hiddenBlockers: z.boolean() })

const generalSchema = z
  .object({
    practice: z.object({ id: slugSchema, name: z.string(), zone: z.string() }),
    revision: z.number().int(),
    publish: publishStateSchema,
    /** What waits to be confirmed or was just taken back. */
    confirmation: confirmationSchema,
    /** The people that scopes and exemptions name, as far as they are members. */
    named: z.array(z.object({ user: z.string(), name: z.string() })),
    controls: z.object({
      ip: ipControlSchema.extend({
        inScope: inScopeSchema,
        entries: z.number().int(),
        /** People in scope with a live session from an address that would be refused under `enforce`. */
        wouldRefuse: z.array(z.object({ user: z.string(), name: z.string(), address: z.string() })),
      }),
      time: z.object({
        mode: modeSchema,
        scope: scopeSchema,
        inScope: inScopeSchema,
        windows: z.number().int(),
        /** People in scope with a live session whose hours are over, who would be refused under `enforce`. */
        wouldRefuse: z.array(z.object({ user: z.string(), name: z.string() })),
      }),
      twoFactor: factorRules.extend({
        mode: modeSchema,
        scope: scopeSchema,
        inScope: inScopeSchema,
        /** People in scope who have set nothing up, the first hundred; `until`: how long they get in without. */
        notSetUp: z.array(z.object({ user: z.string(), name: z.string(), until: instantSchema.nullable() })),
      }),
      permission: permissionControlSchema,
    }),
    sessions: sessionsSchema,
    emergency: emergencySchema,
    requests: requestsSchema,
    /** Changes that wait for their time, the next one first. */
    scheduled: z.array(scheduledSchema),
    /** By which ways people may sign in at Gatehouse, where an application has no sign-in of its own. */
    signIn: signInSchema,
  })
  .openapi('General')

const overridable = { confirmPracticeName, reason }

/** Routes of the General Settings tab. */
export const generalRoutes = {
  read: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/general',
    summary: 'Every control with its mode and scope; ETag is the revision',
    request: { params: practiceParams },
    responses: { 200: answers(generalSchema, 'The controls.'), ...refusals },
  }),
  saveIp: createRoute({
    method: 'put',
    path: '/api/practices/{practice}/controls/ip',
    summary: 'Mode and scope of the IP allowlist',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(ipControlSchema.extend(overridable)),
    },
    responses: { 200: answers(savedSchema, 'Saved.'), ...editRefusals },
  }),
  saveTime: createRoute({
    method: 'put',
    path: '/api/practices/{practice}/controls/time',
    summary: 'Mode and scope of the time windows',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(scopedControlSchema.extend(overridable)),
    },
    responses: { 200: answers(savedSchema, 'Saved.'), ...editRefusals },
  }),
  saveTwoFactor: createRoute({
    method: 'put',
    path: '/api/practices/{practice}/controls/two-factor',
    summary: 'Mode, scope and rules of two-factor; rules that are not sent stay',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(scopedControlSchema.extend({ ...factorRules.partial().shape, ...overridable })),
    },
    responses: { 200: answers(savedSchema, 'Saved.'), ...editRefusals },
  }),
  saveSignIn: createRoute({
    method: 'put',
    path: '/api/practices/{practice}/controls/sign-in',
    summary: 'By which ways people may sign in at Gatehouse; bites on the next sign-in',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(z.strictObject({ signIn: signInSchema, ...overridable })),
    },
    responses: { 200: answers(savedSchema, 'Saved.'), ...editRefusals },
  }),
  saveSessions: createRoute({
    method: 'put',
    path: '/api/practices/{practice}/controls/sessions',
    summary: 'When sessions end, how many a person may have, and whether they are bound to their network',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(sessionsSchema.extend(overridable)),
    },
    responses: { 200: answers(savedSchema, 'Saved.'), ...editRefusals },
  }),
  saveEmergency: createRoute({
    method: 'put',
    path: '/api/practices/{practice}/controls/emergency',
    summary: 'Whether people may let themselves in in an emergency, and for how long',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(emergencySchema.extend(overridable)),
    },
    responses: { 200: answers(savedSchema, 'Saved.'), ...editRefusals },
  }),
  savePermission: createRoute({
    method: 'put',
    path: '/api/practices/{practice}/controls/permission',
    summary: 'Mode of the permission control',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(permissionControlSchema.extend(overridable)),
    },
    responses: { 200: answers(savedSchema, 'Saved.'), ...editRefusals },
  }),
} as const
