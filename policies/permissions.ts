/**
 * The permission model: one catalogue, what blocks what, and what a set of grants comes to.
 *
 * It is not the check on a route (`gates.ts` asks through `requirementsOf`) and stores nothing. Invariant:
 * `effective(p) = granted(p) ∧ effective(all its blockers)`; a blocked grant is kept and ineffective, and comes back
 * with its blocker. Deleting blocked grants was refused: switching a blocker off and on would lose them.
 */
import type { PermissionId } from './access-request.ts'
import type { Permission } from './permission.ts'
import { businessPermissions } from './permissions-business.ts'
import { gatehousePermissions } from './permissions-gatehouse.ts'
import { officePermissions } from './permissions-office.ts'

/** Every permission: the application's 68 in the order of the guide, then Gatehouse's own. */
export const catalogue: readonly Permission[] = [
  ...officePermissions,
  ...businessPermissions,
  ...gatehousePermissions,
]

const byId: ReadonlyMap<PermissionId, Permission> = new Map(catalogue.map((one) => [one.id, one]))

/** The permission of this id, or `null` if there is none. */
export const permissionById = (id: PermissionId): Permission | null => byId.get(id) ?? null

/** The name people know the permission by; its id where unknown. */
export const permissionName = (id: PermissionId): string => byId.get(id)?.name ?? id

/** Whether the hidden edge (view patient window ← use patient search) holds. */
export type BlockerOptions = { readonly hiddenBlockers: boolean }

/** Depth-first, blockers before what they block. */
const collect = (id: PermissionId, hidden: boolean, into: Set<PermissionId>): void => {
  const permission = byId.get(id)
  if (into.has(id) || permission === undefined) return
  for (const blocker of permission.blockedBy) collect(blocker, hidden, into)
  if (hidden) for (const blocker of permission.hiddenBlockedBy) collect(blocker, hidden, into)
  into.add(id)
}

const closure = (hidden: boolean): ReadonlyMap<PermissionId, readonly PermissionId[]> =>
  new Map(
    catalogue.map(({ id }) => {
      const all = new Set<PermissionId>()
      collect(id, hidden, all)
      return [id, [...all]]
    }),
  )

const closures = { hidden: closure(true), declared: closure(false) }

/**
 * Everything that must be granted for the permission to be effective: its blockers through all chains, root first,
 * itself last. An id outside the catalogue needs only itself.
 */
export const requirementsOf = (id: PermissionId, options: BlockerOptions): readonly PermissionId[] =>
  (options.hiddenBlockers ? closures.hidden : closures.declared).get(id) ?? [id]

/** What grants come to: those that work, and those that are blocked, each with the missing ids, root first. */
export const effectivePermissions = (
  granted: ReadonlySet<PermissionId>,
  options: BlockerOptions,
): {
  readonly effective: ReadonlySet<PermissionId>
  readonly blocked: ReadonlyMap<PermissionId, readonly PermissionId[]>
} => {
  const effective = new Set<PermissionId>()
  const blocked = new Map<PermissionId, readonly PermissionId[]>()
  for (const id of granted) {
    const missing = requirementsOf(id, options).filter((needed) => !granted.has(needed))
    if (missing.length === 0) effective.add(id)
    else blocked.set(id, missing)
  }
  return { effective, blocked }
}

/** Whether a member's roles under a document come to a permission; a suspended member's are not looked at differently. */
export const holdsByRoles = (
  {
    roles,
    controls,
  }: {
    readonly roles: readonly { readonly id: string; readonly permissions: readonly PermissionId[] }[]
    readonly controls: { readonly permission: BlockerOptions }
  },
  member: { readonly roles: readonly string[] },
  id: PermissionId,
): boolean => {
  const granted = new Set(roles.flatMap((role) => (member.roles.includes(role.id) ? role.permissions : [])))
  return effectivePermissions(granted, controls.permission).effective.has(id)
}

/** The editor's two lists: granted (with what blocks each, empty: nothing) and not granted, in catalogue order. */
export const permissionLists = (
  granted: ReadonlySet<PermissionId>,
  options: BlockerOptions,
): {
  readonly included: readonly {
    readonly permission: Permission
    readonly blockedBy: readonly PermissionId[]
  }[]
  readonly available: readonly Permission[]
} => {
  const { blocked } = effectivePermissions(granted, options)
  const has = ({ id }: Permission): boolean => granted.has(id)
  return {
    included: catalogue
      .filter(has)
      .map((permission) => ({ permission, blockedBy: blocked.get(permission.id) ?? [] })),
    available: catalogue.filter((permission) => !has(permission)),
  }
}

/** What else must be granted, root first, so that granting `id` has an effect. Empty: nothing. */
export const neededToEnable = (
  id: PermissionId,
  granted: ReadonlySet<PermissionId>,
  options: BlockerOptions,
): readonly PermissionId[] =>
  requirementsOf(id, options).filter((needed) => needed !== id && !granted.has(needed))

/** What stops being effective, in catalogue order, once `id` is withdrawn; `id` itself not listed. */
export const lostByDisabling = (
  id: PermissionId,
  granted: ReadonlySet<PermissionId>,
  options: BlockerOptions,
): readonly PermissionId[] => {
  const before = effectivePermissions(granted, options).effective
  const left = new Set([...granted].filter((one) => one !== id))
  const after = effectivePermissions(left, options).effective
  return catalogue.map((one) => one.id).filter((one) => one !== id && before.has(one) && !after.has(one))
}

/** Edits from one text to the other, stopped at `max`; the bound keeps hints cheap for hostile names. */
const distance = (from: string, to: string, max: number): number => {
  if (Math.abs(from.length - to.length) >= max) return max
  let previous = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = (previous[j - 1] ?? max) + (from[i - 1] === to[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (previous[j] ?? max) + 1, (row[j - 1] ?? max) + 1))
    }
    previous = row
  }
  return Math.min(previous[to.length] ?? max, max)
}

/** The catalogue id nearest to a wrong id or name, or `null` when nothing is near. */
export const nearestPermission = (text: string): PermissionId | null => {
  const wanted = text.trim().toLowerCase().slice(0, 80)
  let best: PermissionId | null = null
  let bestDistance = Math.max(3, Math.ceil(wanted.length / 3))
  for (const { id, name } of catalogue) {
    for (const known of [id, name.toLowerCase()]) {
      const edits = distance(wanted, known, bestDistance)
      if (edits < bestDistance) {
        best = id
        bestDistance = edits
      }
    }
  }
  return best
}

/** `null` for an id of the catalogue, else a sentence for a Problem, with the nearest id where one is near. */
export const unknownPermission = (id: PermissionId): string | null => {
  if (byId.has(id)) return null
  const near = nearestPermission(id)
  const shown = JSON.stringify(id.slice(0, 80))
  return near === null
    ? `${shown} is not a permission`
    : `${shown} is not a permission; did you mean "${near}" (${permissionName(near)})?`
}
