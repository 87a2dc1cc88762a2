/**
 * Answers of Roles and Permissions: the roles of a practice with what each grant comes to, and the catalogue.
 *
 * What a grant is worth is worked out in `policies/permissions.ts`. Invariant: a role is replaced as a whole
 * from a named revision, so that two editors cannot mix their grants.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Role } from '../../policies/document.ts'
import { catalogue, permissionLists } from '../../policies/permissions.ts'
import type { AdminEnv } from './admin-env.ts'
import type { ApiPlane } from './api-plane.ts'
import { rolesRoutes } from './contract/roles.ts'
import { saveWish } from './edits.ts'
import { assertMayGrant, ownKeysOf } from './own-keys.ts'
import { etagOf } from './paging.ts'
import { refusal } from './refusals.ts'

const roleAnswer = (role: Role, members: number, hiddenBlockers: boolean) => {
  const { included, available } = permissionLists(new Set(role.permissions), { hiddenBlockers })
  return {
    id: role.id,
    name: role.name,
    members,
    included: included
      .filter(({ blockedBy }) => blockedBy.length === 0)
      .map(({ permission }) => permission.id),
    blocked: included
      .filter(({ blockedBy }) => blockedBy.length > 0)
      .map(({ permission, blockedBy }) => ({ id: permission.id, by: [...blockedBy] })),
    available: available.map(({ id }) => id),
    idleMs: role.idleMs,
    absoluteMs: role.absoluteMs,
  }
}

/** Adds the answers. */
export function answerRoles(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(rolesRoutes.list, async (c) => {
    const { practice } = c.req.valid('param')
    const { document, revision } = await plane.views.read(practice)
    const { members } = await plane.views.people(practice)
    const { hiddenBlockers } = document.controls.permission
    const holders = new Map<string, number>()
    for (const { roles } of members)
      for (const role of new Set(roles)) holders.set(role, (holders.get(role) ?? 0) + 1)
    c.header('etag', etagOf(revision))
    return c.json(
      {
        revision,
        roles: document.roles.map((role) => roleAnswer(role, holders.get(role.id) ?? 0, hiddenBlockers)),
      },
      200,
    )
  })
  app.openapi(rolesRoutes.savePermissions, async (c) => {
    const { practice, role: id } = c.req.valid('param')
    const { permissions, confirmPracticeName, reason } = c.req.valid('json')
    const { document } = await plane.views.read(practice)
    const role = document.roles.find((one) => one.id === id)
    if (role === undefined) throw refusal('not-found', 'There is no such role in this practice.')
    assertMayGrant(c.get('admin').account, practice, ownKeysOf([role]), ownKeysOf([{ permissions }]))
    const { revision, sequence } = await saveWish(c, plane, {
      practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'role.permissions-changed',
      target: { kind: 'role', id, name: role.name },
      confirmPracticeName,
      reason,
      change: (current) => ({
        ...current,
        roles: current.roles.map((one) =>
          one.id === id ? { ...one, permissions: [...new Set(permissions)] } : one,
        ),
      }),
    })
    return c.json({ revision, sequence }, 200)
  })
  app.openapi(rolesRoutes.catalogue, (c) =>
    c.json(
      {
        permissions: catalogue.map(({ hiddenBlockedBy: _, blockedBy, ...permission }) => ({
          ...permission,
          blockedBy: [...blockedBy],
        })),
      },
      200,
    ),
  )
}
