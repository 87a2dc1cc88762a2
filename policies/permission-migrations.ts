/**
 * Old permission names to today's ids: one renamed, one split, one replaced (permission reference, Key Updates).
 *
 * It is for imports only; documents hold ids. Invariant: case does not matter, applying it twice changes nothing,
 * nobody loses access, and every change is told so that it can be logged. Unknown names are Problems, never skipped.
 */
import type { PermissionId } from './access-request.ts'
import { catalogue, unknownPermission } from './permissions.ts'
import { type Problem, pathText } from './problem.ts'

/** One old name met, and what it became. */
export type PermissionMigration = {
  readonly from: string
  readonly to: readonly PermissionId[]
  readonly kind: 'renamed' | 'split' | 'replaced'
}

const migrations: readonly PermissionMigration[] = [
  { from: 'Set Goals', to: ['edit-and-set-practice-goals'], kind: 'renamed' },
  {
    from: 'Query Revenue Opportunities',
    to: ['run-revenueiq-queries', 'save-custom-revenueiq-queries'],
    kind: 'split',
  },
  {
    from: 'Manage User Logins and Access Privileges',
    to: ['can-view-user-accounts', 'can-edit-user-accounts'],
    kind: 'replaced',
  },
]

const folded = (name: string): string => name.trim().replace(/\s+/g, ' ').toLowerCase()

const idByName: ReadonlyMap<string, PermissionId> = new Map(
  catalogue.flatMap(({ id, name }) => [
    [id, id],
    [folded(name), id],
  ]),
)
const migrationByName = new Map(migrations.map((one) => [folded(one.from), one]))

/**
 * Names or ids, old and new, as ids: in order of appearance, each once. `migrated` lists the old names met;
 * `problems` has one per unknown name, at `[index]`, with the nearest name; `ids` leaves those out.
 */
export const migratePermissionNames = (
  names: readonly string[],
): {
  readonly ids: readonly PermissionId[]
  readonly migrated: readonly PermissionMigration[]
  readonly problems: readonly Problem[]
} => {
  const ids = new Set<PermissionId>()
  const migrated: PermissionMigration[] = []
  const problems: Problem[] = []
  names.forEach((name, index) => {
    const known = idByName.get(folded(name))
    const migration = migrationByName.get(folded(name))
    if (known !== undefined) ids.add(known)
    else if (migration !== undefined) {
      migrated.push(migration)
      for (const id of migration.to) ids.add(id)
    } else
      problems.push({ path: pathText([index]), sentence: unknownPermission(name) ?? `${name} is unknown` })
  })
  return { ids: [...ids], migrated, problems }
}
