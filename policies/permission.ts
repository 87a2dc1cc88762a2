/**
 * What a permission is: the shape that the catalogue's lists share.
 *
 * It is not the catalogue (`permissions.ts` joins the lists) and grants nothing. Invariant: ids never change, since
 * policy documents and route tables hold them; names are what people read and old imports match.
 */
import type { PermissionId } from './access-request.ts'

/**
 * Where a permission can be enforced: on a page or reading call, on a changing call, only on a part of a
 * response, only on a kind of client, or inside Gatehouse itself. `field` and `client` never earn a green tick.
 */
export type EnforceableAt = 'route-read' | 'route-write' | 'field' | 'client' | 'gatehouse'

/** One permission of the catalogue. */
export type Permission = {
  readonly id: PermissionId
  /** Exactly as people know it; unique. */
  readonly name: string
  readonly description: string
  readonly component: string
  /** The table it is listed in; often the component's own name. */
  readonly group: string
  /** Ids that must be effective too, root first: the slash of "Blocked By" is a chain. */
  readonly blockedBy: readonly PermissionId[]
  /** Blockers that only the blocker's own description tells of; they hold behind a switch. */
  readonly hiddenBlockedBy: readonly PermissionId[]
  readonly enforceableAt: EnforceableAt
}

/** One line of a list: id, name, description, where enforceable, blockers, hidden blockers. */
export type PermissionLine = readonly [
  id: PermissionId,
  name: string,
  description: string,
  enforceableAt: EnforceableAt,
  blockedBy?: readonly PermissionId[],
  hiddenBlockedBy?: readonly PermissionId[],
]

/** The lines of one table as permissions. */
export const listed = (
  component: string,
  group: string,
  lines: readonly PermissionLine[],
): readonly Permission[] =>
  lines.map(([id, name, description, enforceableAt, blockedBy = [], hiddenBlockedBy = []]) => ({
    id,
    name,
    description,
    component,
    group,
    blockedBy,
    hiddenBlockedBy,
    enforceableAt,
  }))
