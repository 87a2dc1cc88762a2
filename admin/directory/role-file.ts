/**
 * Reading files of roles from elsewhere: JSON or CSV, with permission names of today or of before.
 *
 * It saves nothing. Invariant: a file is taken whole or not at all, with every Problem and where it stands; old names
 * become today's ids and each is told, so that the event can say what was read as what. Guessing unknown names was
 * refused: the nearest name is a hint, not a grant.
 */
import { z } from 'zod'
import type { Role } from '../../policies/document.ts'
import { migratePermissionNames, type PermissionMigration } from '../../policies/permission-migrations.ts'
import { type Checked, type Problem, problemsOf } from '../../policies/problem.ts'

/** A role as a file has it. */
export type FileRole = {
  readonly name: string
  readonly permissions: readonly string[]
  readonly migrated: readonly PermissionMigration[]
}

const rolesMax = 200
const namesMax = 1_000
const name = z.string().trim().min(1).max(80)
const jsonRoles = z
  .array(z.strictObject({ name, permissions: z.array(z.string().max(200)).max(namesMax) }))
  .min(1, 'there is no role in it')
  .max(rolesMax)
const jsonFile = z.union([jsonRoles, z.strictObject({ roles: jsonRoles })])

type Named = { readonly name: string; readonly permissions: readonly string[] }

const readJson = (text: string): Checked<readonly Named[]> => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { ok: false, problems: [{ path: 'text', sentence: 'this is no JSON' }] }
  }
  const parsed = jsonFile.safeParse(value)
  if (!parsed.success) return { ok: false, problems: problemsOf(parsed.error) }
  return { ok: true, value: 'roles' in parsed.data ? parsed.data.roles : parsed.data }
}

/** The cells of each line (RFC 4180); `null`: a quote is left open. */
function cellsOf(text: string): readonly (readonly string[])[] | null {
  const lines: string[][] = [[]]
  let cell = ''
  let quoted = false
  const close = (): void => {
    lines.at(-1)?.push(cell)
    cell = ''
  }
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? ''
    if (quoted) {
      if (sign !== '"') cell += sign
      else if (text[at + 1] === '"') {
        cell += '"'
        at += 1
      } else quoted = false
    } else if (sign === '"' && cell === '') quoted = true
    else if (sign === ',') close()
    else if (sign === '\n') {
      close()
      lines.push([])
    } else if (sign !== '\r') cell += sign
  }
  close()
  if (quoted) return null
  return lines.filter((line) => line.some((one) => one.trim() !== ''))
}

/** `role,permission`, a line each; a first line that says so is skipped. */
const readCsv = (text: string): Checked<readonly Named[]> => {
  const lines = cellsOf(text)
  if (lines === null) return { ok: false, problems: [{ path: 'text', sentence: 'a quote is not closed' }] }
  const problems: Problem[] = []
  const roles = new Map<string, string[]>()
  for (const [at, [role = '', permission = '', ...more]] of lines.entries()) {
    if (at === 0 && role.trim().toLowerCase() === 'role') continue
    const path = `text line ${at + 1}`
    if (more.length > 0 || permission.trim() === '')
      problems.push({ path, sentence: 'write a role and a permission, such as Front Desk,See schedule page' })
    const parsed = name.safeParse(role)
    if (!parsed.success) problems.push({ path, sentence: 'the role needs a name of at most 80 characters' })
    else roles.set(parsed.data, [...(roles.get(parsed.data) ?? []), permission.slice(0, 200)])
  }
  if (roles.size === 0) problems.push({ path: 'text', sentence: 'there is no role in it' })
  if (roles.size > rolesMax) problems.push({ path: 'text', sentence: `more than ${rolesMax} roles` })
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, 100) }
  return { ok: true, value: [...roles].map(([of, permissions]) => ({ name: of, permissions })) }
}

const fold = (text: string): string => text.trim().replace(/\s+/g, ' ').toLowerCase()

/** The roles of a file with today's ids, or everything that is wrong with it. */
export function readRoleFile(format: 'json' | 'csv', text: string): Checked<readonly FileRole[]> {
  const read = format === 'json' ? readJson(text) : readCsv(text)
  if (!read.ok) return read
  const problems: Problem[] = []
  const seen = new Set<string>()
  const roles = read.value.map(({ name: of, permissions }): FileRole => {
    if (seen.has(fold(of))) problems.push({ path: of, sentence: 'this role comes twice' })
    seen.add(fold(of))
    const { ids, migrated, problems: unknown } = migratePermissionNames(permissions)
    problems.push(...unknown.map(({ path, sentence }) => ({ path: `${of}${path}`, sentence })))
    return { name: of, permissions: ids, migrated }
  })
  return problems.length > 0 ? { ok: false, problems: problems.slice(0, 100) } : { ok: true, value: roles }
}

/** An id for a role's name that is not taken: `front-desk`, `front-desk-2`. */
export function roleIdFor(of: string, taken: ReadonlySet<string>): string {
  const plain =
    of
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 50) || 'role'
  let id = plain
  for (let count = 2; taken.has(id); count += 1) id = `${plain}-${count}`
  return id
}

/** The roles with those of a file: one of the same name (any case) gets the file's grants, others are added. */
export function withFileRoles(roles: readonly Role[], file: readonly FileRole[]): Role[] {
  const made = roles.map((role) => {
    const given = file.find((one) => fold(one.name) === fold(role.name))
    if (given === undefined) return role
    // Files from elsewhere know nothing of the gate's own keys: those stay as they were.
    const own = role.permissions.filter((id) => id.startsWith('gw.'))
    return { ...role, permissions: [...new Set([...given.permissions, ...own])] }
  })
  const known = new Set(roles.map((role) => fold(role.name)))
  for (const given of file.filter((one) => !known.has(fold(one.name))))
    made.push({
      id: roleIdFor(given.name, new Set(made.map(({ id }) => id))),
      name: given.name,
      permissions: [...given.permissions],
      idleMs: null,
      absoluteMs: null,
    })
  return made
}
