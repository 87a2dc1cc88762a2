/**
 * Answers about what grants come to: a preview of other grants, one user's permissions with reasons, the route table.
 *
 * They change nothing. Invariant: what no gateway can enforce is never called enforced: a permission is refused on the
 * routes that ask for it, and where none does, or where it is about a part of a page or a kind of client, that is said.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { PermissionId } from '../../policies/access-request.ts'
import type { Role } from '../../policies/document.ts'
import type { EnforceableAt, Permission } from '../../policies/permission.ts'
import {
  type BlockerOptions,
  catalogue,
  effectivePermissions,
  lostByDisabling,
  neededToEnable,
  permissionName,
} from '../../policies/permissions.ts'
import type { RouteRequirement } from '../../policies/routes.ts'
import { proposalHead, proposeRoutes } from '../route-proposal.ts'
import { listLearned } from '../store/learned-routes.ts'
import { findMember } from '../store/members.ts'
import { listUnmapped } from '../store/unmapped-routes.ts'
import { unmappedYaml } from '../unmapped-yaml.ts'
import type { AdminEnv } from './admin-env.ts'
import type { ApiPlane } from './api-plane.ts'
import { rolesRoutes } from './contract/roles.ts'
import { refusal } from './refusals.ts'

const unmappedMax = 500
const learnedMax = 500

const named = (ids: readonly PermissionId[]): string => ids.map((id) => `“${permissionName(id)}”`).join(', ')

/** What other grants would come to, held against those of now. */
function previewOf(
  before: ReadonlySet<PermissionId>,
  after: ReadonlySet<PermissionId>,
  options: BlockerOptions,
) {
  const was = effectivePermissions(before, options).effective
  const is = effectivePermissions(after, options).effective
  const inOrder = (fits: (id: PermissionId) => boolean) => catalogue.map(({ id }) => id).filter(fits)
  const hint = (id: PermissionId, others: readonly PermissionId[]) => ({
    ...{ id, name: permissionName(id), with: [...others] },
  })
  const lost = inOrder((id) => before.has(id) && !after.has(id))
  return {
    gained: inOrder((id) => after.has(id) && !before.has(id)),
    lost,
    nowEffective: inOrder((id) => is.has(id) && !was.has(id)),
    noLongerEffective: inOrder((id) => was.has(id) && !is.has(id)),
    needs: inOrder((id) => after.has(id) && !is.has(id)).map((id) =>
      hint(id, neededToEnable(id, after, options)),
    ),
    takesAway: lost
      .map((id) =>
        hint(
          id,
          lostByDisabling(id, before, options).filter((other) => after.has(other)),
        ),
      )
      .filter(({ with: others }) => others.length > 0),
  }
}

const asks = ({ permissions }: RouteRequirement, id: PermissionId): boolean =>
  permissions !== null && ('any' in permissions ? permissions.any : permissions.all).includes(id)

const limits: { readonly [at in EnforceableAt]: string | null } = {
  'route-read': null,
  'route-write': null,
  field: 'It is about a part of a page: only the application itself can hold it back.',
  client: 'It is about a kind of client: only the application itself can tell clients apart.',
  gatehouse: null,
}

/** Where it is refused, in words; nowhere is said so. */
function whereSentence({ enforceableAt }: Permission, routes: readonly string[]): string {
  if (enforceableAt === 'gatehouse') return 'Gatehouse asks for it itself.'
  if (routes.length > 0) return ''
  return limits[enforceableAt] ?? 'No route asks for it yet, so no gateway refuses it.'
}

function heldBy(roles: readonly Role[], options: BlockerOptions, routes: readonly RouteRequirement[]) {
  const granted = new Set(roles.flatMap(({ permissions }) => permissions))
  const { effective, blocked } = effectivePermissions(granted, options)
  return catalogue.map((permission) => {
    const { id, name, component, enforceableAt } = permission
    const givers = roles.filter(({ permissions }) => permissions.includes(id))
    const blockedBy = blocked.get(id) ?? []
    const asking = routes.filter((route) => asks(route, id)).map((route) => route.id)
    const by = givers.map((role) => role.name).join(', ')
    const why =
      givers.length === 0
        ? 'No role grants it.'
        : blockedBy.length > 0
          ? `Granted by ${by}, but blocked: ${named(blockedBy)} is not granted.`
          : `Granted by ${by}.`
    return {
      ...{ id, name, component, enforceableAt, effective: effective.has(id) },
      grantedBy: givers.map((role) => role.id),
      blockedBy: [...blockedBy],
      routes: asking,
      sentence: [why, whereSentence(permission, asking)].filter((one) => one !== '').join(' '),
    }
  })
}

function answerRoutes(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(rolesRoutes.routeTable, async (c) => {
    await plane.views.read(c.req.valid('param').practice)
    const unmapped = await plane.store.read((rows) => listUnmapped(rows, unmappedMax))
    return c.json(
      {
        routes: [...plane.routes.values()].map(({ id, class: of, stepUp, permissions }) => ({
          ...{ id, class: of, stepUp },
          any: permissions !== null && 'any' in permissions ? [...permissions.any] : [],
          all: permissions !== null && 'all' in permissions ? [...permissions.all] : [],
        })),
        unmapped: unmapped.map(({ first_at: firstAt, last_at: lastAt, ...place }) => ({
          ...place,
          ...{ firstAt, lastAt },
        })),
        yaml: unmappedYaml(unmapped).map(({ upstream, text }) => ({ upstream, text })),
      },
      200,
    )
  })
}

function answerProposal(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(rolesRoutes.routeProposal, async (c) => {
    const { practice } = c.req.valid('param')
    const { document } = await plane.views.read(practice)
    const { places, yaml } = await plane.store.read(async (rows) =>
      proposeRoutes(document, await listLearned(rows, practice, learnedMax)),
    )
    return c.json(
      {
        learning: plane.sources.map(({ id: upstream, learn }) => ({ upstream, learn })),
        head: proposalHead,
        places: places.map(({ roles, ...place }) => ({ ...place, roles: [...roles] })),
        yaml: [...yaml],
      },
      200,
    )
  })
}

/** Adds the answers. */
export function answerRoleViews(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(rolesRoutes.preview, async (c) => {
    const { practice, role: id } = c.req.valid('param')
    const { document, revision } = await plane.views.read(practice)
    const role = document.roles.find((one) => one.id === id)
    if (role === undefined) throw refusal('not-found', 'There is no such role in this practice.')
    const { members } = await plane.views.people(practice)
    const { hiddenBlockers } = document.controls.permission
    const after = new Set(c.req.valid('json').permissions)
    return c.json(
      {
        revision,
        ...previewOf(new Set(role.permissions), after, { hiddenBlockers }),
        members: members.filter(({ roles }) => roles.includes(id)).length,
      },
      200,
    )
  })
  app.openapi(rolesRoutes.effective, async (c) => {
    const { practice, user } = c.req.valid('param')
    const { document } = await plane.views.read(practice)
    const member = await plane.store.read((rows) => findMember(rows, practice, user, plane.now()))
    if (member === null) throw refusal('not-found', 'There is no such member in this practice.')
    const roles = document.roles.filter(({ id }) => member.roles.includes(id))
    const { mode, hiddenBlockers } = document.controls.permission
    const permissions = heldBy(roles, { hiddenBlockers }, [...plane.routes.values()])
    return c.json({ name: member.name, roles: [...member.roles], mode, permissions }, 200)
  })
  answerRoutes(app, plane)
  answerProposal(app, plane)
}
