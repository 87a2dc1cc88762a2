/**
 * Contract of Roles and Permissions: the roles of a practice, and the catalogue they grant from.
 *
 * Which route asks which permission is configuration and not edited here. Invariant: a blocked grant is kept
 * and shown as blocked, never dropped (SPEC §10).
 */
import { createRoute, z } from '@hono/zod-openapi'
import {
  answers,
  body,
  confirmPracticeName,
  editRefusals,
  ifMatchHeaders,
  practiceParams,
  reason,
  refusals,
  roleParams,
  savedSchema,
  slugSchema,
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
