/**
 * What is wrong with a document as a whole: references, duplicates, and switches that would shut everyone out.
 *
 * What is wrong within one value is the schema's (`document.ts`). Who would be locked out is not asked here either
 * (`lockout.ts`), since it takes the directory. Invariant: all Problems at once; a document without any compiles.
 * An empty list is a Problem where it would have to mean something (L6).
 */
import type { Audience, PolicyDocument, Role, Scope } from './document.ts'
import { type Problem, pathText } from './problem.ts'
import { fallbackRole } from './standard-roles.ts'

type Add = (path: readonly PropertyKey[], sentence: string) => void

const addDuplicates = (add: Add, section: string, ids: readonly string[]): void => {
  const first = new Map<string, number>()
  ids.forEach((id, at) => {
    const earlier = first.get(id)
    if (earlier === undefined) first.set(id, at)
    else add([section, at, 'id'], `the id ${id} is already that of ${section}[${earlier}]`)
  })
}

const addUnknownRole = (
  add: Add,
  path: readonly PropertyKey[],
  role: string,
  known: ReadonlySet<string>,
): void => {
  if (!known.has(role)) add(path, `there is no role ${role} in this practice`)
}

const addAudience = (
  add: Add,
  path: readonly PropertyKey[],
  audience: Audience,
  known: ReadonlySet<string>,
): void => {
  if (audience !== 'practice' && 'role' in audience)
    addUnknownRole(add, [...path, 'role'], audience.role, known)
}

const addScope = (
  add: Add,
  path: readonly PropertyKey[],
  scope: Scope,
  { on, known }: { readonly on: boolean; readonly known: ReadonlySet<string> },
): void => {
  const { include, exempt } = scope
  for (const [at, role] of exempt.roles.entries())
    addUnknownRole(add, [...path, 'exempt', 'roles', at], role, known)
  if (include === 'everyone') return
  for (const [at, role] of include.roles.entries())
    addUnknownRole(add, [...path, 'include', 'roles', at], role, known)
  if (on && include.roles.length === 0 && include.users.length === 0) {
    add([...path, 'include'], 'nobody is chosen: choose roles or users, write "everyone", or switch it off')
  }
}

/** Whether a role is in scope by itself: what a user who holds only this role would meet. */
const isRoleInScope = ({ include, exempt }: Scope, role: Role): boolean =>
  !exempt.roles.includes(role.id) && (include === 'everyone' || include.roles.includes(role.id))

/** In scope of `time` without a window would mean closed for good: refused here (SPEC §1). */
const addWindowless = (add: Add, document: PolicyDocument): void => {
  const { scope, mode } = document.controls.time
  if (mode === 'off') return
  const audiences = document.timeWindows.map(({ audience }) => audience)
  if (audiences.includes('practice')) return
  const windowed = (key: 'role' | 'user', id: string): boolean =>
    audiences.some((audience) => audience !== 'practice' && (audience as Record<string, string>)[key] === id)
  for (const role of document.roles) {
    // People without a proper role stay closed on purpose.
    if (role.id === fallbackRole || !isRoleInScope(scope, role) || windowed('role', role.id)) continue
    const cure = 'add one, add a window for the whole practice, or exempt the role'
    add(['controls', 'time', 'scope'], `${role.name} is in scope of time windows and has none: ${cure}`)
  }
  if (scope.include === 'everyone') return
  for (const [at, user] of scope.include.users.entries()) {
    if (windowed('user', user) || audiences.some((audience) => audience !== 'practice' && 'role' in audience))
      continue
    const path = ['controls', 'time', 'scope', 'include', 'users', at]
    add(path, `${user} is in scope of time windows and there is none: add one first`)
  }
}

/**
 * Whether somebody with these roles is in scope of `time`, which is on, and has no window at all, practice-wide, by role
 * or by name: closed for good. Whoever has no proper role stays closed on purpose and does not count.
 */
export const hasNoHours = (
  { controls, timeWindows }: PolicyDocument,
  { user, roles }: { readonly user: string; readonly roles: readonly string[] },
): boolean => {
  const { mode, scope } = controls.time
  const { include, exempt } = scope
  if (mode === 'off' || exempt.users.includes(user)) return false
  const proper = roles.filter((role) => role !== fallbackRole)
  const isNamed = include !== 'everyone' && include.users.includes(user)
  const isIncluded = (role: string): boolean =>
    !exempt.roles.includes(role) && (include === 'everyone' || include.roles.includes(role))
  if (proper.length === 0 || (!isNamed && !proper.some(isIncluded))) return false
  return !timeWindows.some(
    ({ audience }) =>
      audience === 'practice' ||
      ('role' in audience ? roles.includes(audience.role) : audience.user === user),
  )
}

const addReferences = (add: Add, document: PolicyDocument, known: ReadonlySet<string>): void => {
  for (const section of ['ipEntries', 'timeWindows', 'exceptions'] as const) {
    for (const [at, { audience }] of document[section].entries()) {
      addAudience(add, [section, at, 'audience'], audience, known)
    }
  }
  for (const key of ['ip', 'time', 'twoFactor'] as const) {
    const { scope, mode } = document.controls[key]
    addScope(add, ['controls', key, 'scope'], scope, { on: mode !== 'off', known })
  }
}

/** Every Problem of a document that the schema accepts; empty: it compiles. */
export const documentProblems = (document: PolicyDocument): readonly Problem[] => {
  const problems: Problem[] = []
  const add: Add = (path, sentence) => problems.push({ path: pathText(path), sentence })
  const known = new Set(document.roles.map(({ id }) => id))
  for (const section of ['ipEntries', 'timeWindows', 'exceptions', 'roles'] as const) {
    addDuplicates(
      add,
      section,
      document[section].map(({ id }) => id),
    )
  }
  addReferences(add, document, known)
  const { ip } = document.controls
  if (ip.mode !== 'off' && !document.ipEntries.some(({ on }) => on)) {
    add(
      ['ipEntries'],
      'no address is listed, so nobody could get in: add one before you switch IP restrictions on',
    )
  }
  addWindowless(add, document)
  return problems
}
