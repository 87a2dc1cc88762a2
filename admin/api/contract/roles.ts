/**
 * Contract of Roles and Permissions: the roles of a practice, and the catalogue they grant from.
 *
 * Which route asks which permission is configuration and not edited here. Invariant: a blocked grant is kept
 * and shown as blocked, never dropped (SPEC §10).
 */
import { createRoute, z } from '@hono/zod-openapi'
import { roleSchema as documentRole } from '../../../policies/document.ts'
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
  roleParams,
  savedSchema,
  slugSchema,
  userParams,
} from './wire.ts'

const roleSchema = z
  .object({
    id: slugSchema,
    name: z.string(),
    members: z.number().int(),
    /** Granted and effective. */
    included: z.array(z.string()),
    /** Granted and kept, ineffective until what blocks them is granted too. */
    blocked: z.array(z.object({ id: z.string(), by: z.array(z.string()) })),
    /** Not granted. */
    available: z.array(z.string()),
    /** When its holders' sessions end, if earlier than the practice's; `null`: as the practice says. */
    idleMs: z.number().int().nullable(),
    absoluteMs: z.number().int().nullable(),
  })
  .openapi('Role')

const permissionSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    /** `General`, `Communication` … or `Gatehouse` for its own. */
    component: z.string(),
    group: z.string(),
    blockedBy: z.array(z.string()),
    /** Where a gateway can refuse it; `field` and `client` are never shown as enforced. */
    enforceableAt: z.enum(['route-read', 'route-write', 'field', 'client', 'gatehouse']),
  })
  .openapi('Permission')

const { name: roleName, idleMs, absoluteMs } = documentRole.shape
const madeSchema = savedSchema.extend({ role: slugSchema }).openapi('RoleMade')
const grants = z.array(z.string().max(80)).max(200)

const hintSchema = z.object({ id: z.string(), name: z.string(), with: z.array(z.string()) })
const previewSchema = z
  .object({
    revision: z.number().int(),
    /** Granted anew and withdrawn. */
    gained: z.array(z.string()),
    lost: z.array(z.string()),
    /** What is newly effective, and what no longer: more than what was granted, as one blocks the other. */
    nowEffective: z.array(z.string()),
    noLongerEffective: z.array(z.string()),
    /** Grants without effect: `with` would have to be granted too, root first. */
    needs: z.array(hintSchema),
    /** What is withdrawn: `with` goes with it, although it stays granted. */
    takesAway: z.array(hintSchema),
    /** How many people hold the role. */
    members: z.number().int(),
  })
  .openapi('RolePreview')

const importedSchema = z
  .object({
    /** `null`: only looked at. */
    saved: z.object({ revision: z.number().int(), sequence: z.number().int() }).nullable(),
    roles: z.array(
      z.object({
        name: z.string(),
        isNew: z.boolean(),
        permissions: z.array(z.string()),
        /** Old names and what they became. */
        migrated: z.array(z.object({ from: z.string(), to: z.array(z.string()), kind: z.string() })),
      }),
    ),
    /** One sentence a difference; empty: it is like that already. */
    changes: z.array(z.string()),
  })
  .openapi('RolesImported')

const heldSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    component: z.string(),
    enforceableAt: permissionSchema.shape.enforceableAt,
    /** Granted, and nothing blocks it. */
    effective: z.boolean(),
    /** The roles that grant it; empty: none does. */
    grantedBy: z.array(slugSchema),
    /** What would have to be granted too, root first. */
    blockedBy: z.array(z.string()),
    /** Routes of the application that ask for it; a gateway refuses it there and nowhere else. */
    routes: z.array(z.string()),
    /** Why, as a sentence. */
    sentence: z.string(),
  })
  .openapi('HeldPermission')

/** Routes of Roles and Permissions. */
export const rolesRoutes = {
  list: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/roles',
    summary: 'Roles with included, blocked and available permissions; ETag is the revision',
    request: { params: practiceParams },
    responses: {
      200: answers(
        z.object({ revision: z.number().int(), roles: z.array(roleSchema) }),
        'In the order of the document.',
      ),
      ...refusals,
    },
  }),
  savePermissions: createRoute({
    method: 'put',
    path: '/api/practices/{practice}/roles/{role}/permissions',
    summary: "Replaces a role's grants",
    request: {
      params: roleParams,
      headers: ifMatchHeaders,
      body: body(
        z.strictObject({ permissions: z.array(z.string().max(80)).max(200), confirmPracticeName, reason }),
      ),
    },
    responses: { 200: answers(savedSchema, 'Saved.'), ...editRefusals },
  }),
  create: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/roles',
    summary: 'Adds a role: empty, with grants, or as a copy of another',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(
        z.strictObject({
          name: roleName,
          /** The role whose grants and timeouts it starts with. */
          copyOf: slugSchema.optional(),
          permissions: grants.optional(),
          confirmPracticeName,
          reason,
        }),
      ),
    },
    responses: { 201: answers(madeSchema, 'Added.'), ...editRefusals },
  }),
  change: createRoute({
    method: 'patch',
    path: '/api/practices/{practice}/roles/{role}',
    summary: 'Name and timeouts of a role; what is not sent stays',
    request: {
      params: roleParams,
      headers: ifMatchHeaders,
      body: body(
        z.strictObject({
          name: roleName.optional(),
          idleMs: idleMs.optional(),
          absoluteMs: absoluteMs.optional(),
          confirmPracticeName,
          reason,
        }),
      ),
    },
    responses: { 200: answers(savedSchema, 'Saved.'), ...editRefusals },
  }),
  remove: createRoute({
    method: 'delete',
    path: '/api/practices/{practice}/roles/{role}',
    summary: 'Removes a role; its holders get another in the same change',
    request: {
      params: roleParams,
      headers: ifMatchHeaders,
      query: z.strictObject({ moveTo: slugSchema.optional(), confirmPracticeName, reason }),
    },
    responses: { 200: answers(savedSchema, 'Removed.'), ...editRefusals },
  }),
  preview: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/roles/{role}/preview',
    summary: 'What other grants would come to: what they need, and what goes with what is withdrawn',
    request: { params: roleParams, body: body(z.strictObject({ permissions: grants })) },
    responses: { 200: answers(previewSchema, 'Nothing is saved.'), ...refusals },
  }),
  importFile: createRoute({
    method: 'post',
    path: '/api/practices/{practice}/roles/import',
    summary: 'Takes roles from a file, old permission names included; all or nothing',
    request: {
      params: practiceParams,
      headers: ifMatchHeaders,
      body: body(
        z.strictObject({
          format: z.enum(['json', 'csv']),
          text: z.string().max(500_000),
          /** Only look at it. */
          dryRun: z.boolean().default(false),
          confirmPracticeName,
          reason,
        }),
      ),
    },
    responses: { 200: answers(importedSchema, 'Taken, or looked at.'), ...editRefusals },
  }),
  effective: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/users/{user}/permissions',
    summary: 'What a user may do and why: granted by which role, blocked by what, asked for where',
    request: { params: userParams },
    responses: {
      200: answers(
        z.object({
          name: z.string(),
          roles: z.array(slugSchema),
          /** Whether the practice enforces permissions at all. */
          mode: z.enum(['off', 'monitor', 'enforce']),
          permissions: z.array(heldSchema),
        }),
        'In the order of the guide.',
      ),
      ...refusals,
    },
  }),
  routeTable: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/routes',
    summary:
      'The route table as configured (read-only), and what no route maps, with ready-made configuration',
    request: { params: practiceParams },
    responses: {
      200: answers(
        z.object({
          routes: z.array(
            z.object({
              id: z.string(),
              class: z.string(),
              stepUp: z.string().nullable(),
              any: z.array(z.string()),
              all: z.array(z.string()),
            }),
          ),
          /** Most requests first, at most 500; counted over all practices of the application. */
          unmapped: z.array(
            z.object({
              upstream: z.string(),
              method: z.string(),
              template: z.string(),
              /** What is odd about the path; empty: nothing. */
              odd: z.string(),
              count: z.number().int(),
              firstAt: instantSchema,
              lastAt: instantSchema,
            }),
          ),
          /** For `upstreams[].routes` of the configuration, by upstream; to be completed with permissions. */
          yaml: z.array(z.object({ upstream: z.string(), text: z.string() })),
        }),
        'As the gateways have it.',
      ),
      ...refusals,
    },
  }),
  routeProposal: createRoute({
    method: 'get',
    path: '/api/practices/{practice}/route-proposal',
    summary:
      'A route table proposed from what people of the practice did where no route maps it; nothing of it holds',
    request: { params: practiceParams },
    responses: {
      200: answers(
        z.object({
          /** What is gathered of each application (`upstreams[].learn`). */
          learning: z.array(z.object({ upstream: z.string(), learn: z.enum(['off', 'roles', 'paths']) })),
          /** The comment above each table. */
          head: z.string(),
          /** Most requests first, at most 300; gathered where the application is learned. */
          places: z.array(
            z.object({
              upstream: z.string(),
              method: z.string(),
              template: z.string(),
              /** As a route of the configuration. */
              match: z.string(),
              count: z.number().int(),
              /** How many of them each role sent; who has two roles counts for both. */
              roles: z.array(z.object({ role: z.string(), count: z.number().int() })),
              /** Permissions that all these roles hold, those first that the fewest others hold. */
              candidates: z.array(z.object({ permission: z.string(), others: z.number().int() })),
              /**
               * What is not certain: few requests, segments that nothing names, no role of the practice, no permission
               * that all of them hold, or only such as others hold, too.
               */
              doubts: z.array(z.enum(['few', 'unnamed', 'no-role', 'no-permission', 'shared'])),
              /** Its lines of `yaml`. */
              lines: z.array(z.string()),
              firstAt: instantSchema,
              lastAt: instantSchema,
            }),
          ),
          /** For `upstreams[].routes` of the configuration, by upstream; permissions are comments, to be completed. */
          yaml: z.array(z.object({ upstream: z.string(), text: z.string() })),
        }),
        'What was gathered so far.',
      ),
      ...refusals,
    },
  }),
  catalogue: createRoute({
    method: 'get',
    path: '/api/permissions',
    summary: 'Every permission there is',
    responses: {
      200: answers(z.object({ permissions: z.array(permissionSchema) }), 'In the order of the guide.'),
      ...refusals,
    },
  }),
} as const
