/**
 * Answers that change roles: adding, renaming, removing, taking them from a file.
 *
 * Replacing a role's grants is `roles.ts`. Invariant: each is one edit of the policy, guarded and confirmed as all are;
 * a role's id never changes, since people and windows refer to it.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Role } from '../../policies/document.ts'
import { describeChanges } from '../../policies/document-changes.ts'
import { readRoleFile, roleIdFor, withFileRoles } from '../directory/role-file.ts'
import { roleRemoval } from '../directory/role-removal.ts'
import { holds } from './access.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { rolesRoutes } from './contract/roles.ts'
import { saveWish } from './edits.ts'
import { assertMayEditRoles, assertMayGrant, ownKeysOf } from './own-keys.ts'
import { etagOf } from './paging.ts'
import { invalid, refusal } from './refusals.ts'

const noSuchRole = () => refusal('not-found', 'There is no such role in this practice.')

/** A name is free where no other role has it in any case: people choose roles by name. */
const nameProblems = (roles: readonly Role[], name: string, own: string | null) =>
  roles.some((role) => role.id !== own && role.name.toLowerCase() === name.toLowerCase())
    ? [{ path: 'name', sentence: `there is already a role called ${name}` }]
    : []

function answerCreate(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(rolesRoutes.create, async (c) => {
    const { practice } = c.req.valid('param')
    const { name, copyOf, permissions, confirmPracticeName, reason } = c.req.valid('json')
    const { document } = await plane.views.read(practice)
    const model = copyOf === undefined ? null : document.roles.find(({ id }) => id === copyOf)
    if (model === undefined) throw noSuchRole()
    const id = roleIdFor(name, new Set(document.roles.map((role) => role.id)))
    const role: Role = {
      ...{ id, name, permissions: [...new Set(permissions ?? model?.permissions ?? [])] },
      ...{ idleMs: model?.idleMs ?? null, absoluteMs: model?.absoluteMs ?? null },
    }
    assertMayGrant(c.get('admin').account, practice, new Set(), ownKeysOf([role]))
    const saved = await saveWish(c, plane, {
      practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'role.added',
      target: { kind: 'role', id, name },
      confirmPracticeName,
      reason,
      change: (current) => {
        const problems = nameProblems(current.roles, name, null)
        return problems.length > 0 ? { problems } : { ...current, roles: [...current.roles, role] }
      },
    })
    return c.json({ revision: saved.revision, sequence: saved.sequence, role: id }, 201)
  })
}

function answerChange(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(rolesRoutes.change, async (c) => {
    const { practice, role: id } = c.req.valid('param')
    const { confirmPracticeName, reason, name, idleMs, absoluteMs } = c.req.valid('json')
    const { document } = await plane.views.read(practice)
    const role = document.roles.find((one) => one.id === id)
    if (role === undefined) throw noSuchRole()
    const { revision, sequence } = await saveWish(c, plane, {
      practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'role.changed',
      target: { kind: 'role', id, name: name ?? role.name },
      confirmPracticeName,
      reason,
      change: (current) => {
        const problems = name === undefined ? [] : nameProblems(current.roles, name, id)
        if (problems.length > 0) return { problems }
        const changed = (one: Role): Role => ({
          ...one,
          name: name ?? one.name,
          // `null` is a value here: as the practice says.
          idleMs: idleMs === undefined ? one.idleMs : idleMs,
          absoluteMs: absoluteMs === undefined ? one.absoluteMs : absoluteMs,
        })
        return { ...current, roles: current.roles.map((one) => (one.id === id ? changed(one) : one)) }
      },
    })
    return c.json({ revision, sequence }, 200)
  })
}

function answerRemove(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(rolesRoutes.remove, async (c) => {
    const { practice, role: id } = c.req.valid('param')
    const { moveTo = null, confirmPracticeName, reason } = c.req.valid('query')
    const { document } = await plane.views.read(practice)
    const role = document.roles.find((one) => one.id === id)
    if (role === undefined) throw noSuchRole()
    if (moveTo !== null && !holds(c.get('admin').account, practice, 'gw.users.edit'))
      throw refusal('not-permitted', 'Giving people another role needs the permission gw.users.edit.')
    const target = document.roles.filter((one) => one.id === moveTo)
    assertMayGrant(c.get('admin').account, practice, ownKeysOf([role]), ownKeysOf(target))
    const deed = deedOf(c, plane, reason)
    const { revision, sequence } = await saveWish(c, plane, {
      ...roleRemoval({ practice, role: id, moveTo, deed }),
      practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'role.removed',
      target: { kind: 'role', id, name: role.name },
      ...(moveTo === null ? {} : { notes: { 'moved to': moveTo } }),
      confirmPracticeName,
      reason,
    })
    return c.json({ revision, sequence }, 200)
  })
}

function answerImport(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(rolesRoutes.importFile, async (c) => {
    const { practice } = c.req.valid('param')
    const { format, text, dryRun, confirmPracticeName, reason } = c.req.valid('json')
    const read = readRoleFile(format, text)
    if (!read.ok) throw invalid(read.problems)
    const { document } = await plane.views.read(practice)
    const names = new Set(document.roles.map(({ name }) => name.toLowerCase()))
    const made = { ...document, roles: withFileRoles(document.roles, read.value) }
    assertMayEditRoles(c.get('admin').account, practice, document.roles, made.roles)
    const migrated = read.value.flatMap((role) =>
      role.migrated.map(({ from, to, kind }) => ({ role: role.name, from, to, kind })),
    )
    const saved = dryRun
      ? null
      : await saveWish(c, plane, {
          practice,
          ifMatch: c.req.valid('header')['if-match'],
          action: 'roles.imported',
          notes: { migrated },
          confirmPracticeName,
          reason,
          change: (current) => ({ ...current, roles: withFileRoles(current.roles, read.value) }),
        })
    if (saved !== null) c.header('etag', etagOf(saved.revision))
    return c.json(
      {
        saved: saved === null ? null : { revision: saved.revision, sequence: saved.sequence },
        roles: read.value.map(({ name, permissions, migrated: old }) => ({
          ...{ name, isNew: !names.has(name.toLowerCase()), permissions: [...permissions] },
          migrated: old.map(({ from, to, kind }) => ({ from, to: [...to], kind })),
        })),
        changes: [...describeChanges(document, made)],
      },
      200,
    )
  })
}

/** Adds the answers. */
export function answerRoleEdits(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  answerCreate(app, plane)
  answerChange(app, plane)
  answerRemove(app, plane)
  answerImport(app, plane)
}
