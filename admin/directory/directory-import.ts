/**
 * People of a practice as a file: who would be added, changed and has left, and importing that.
 *
 * `docs/csv.md` describes the columns. People are told apart by their sign-in name, whatever its case. Invariant: all or
 * nothing, in one transaction with one event; who is missing in the file stays unless the importer says otherwise, and
 * what is somebody's everywhere is not changed by a file where they belong to other practices too.
 */

import type { Member } from '../../policies/access-request.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { fallbackRole } from '../../policies/standard-roles.ts'
import { type CsvRow, csvLine, type LineProblem, readCsv } from '../csv.ts'
import { type Deed, eventOf } from '../deed.ts'
import type { LockedOut } from '../lockout.ts'
import type { Store, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { type ListedMember, listMembers, readMembers } from '../store/members.ts'
import { announceMembers } from '../store/outbox.ts'
import { lockPractice, readPolicy } from '../store/practices.ts'
import { refreshRequirements } from '../two-factor/requirements.ts'
import { foldId, guardMembers, printable, sameRoles } from './directory.ts'
import { addMember, dropMember, findOrCreatePerson, type Reach, readLogin } from './directory-edits.ts'

/** The columns in the order they are written; `login` must be there, and `name` for new people. */
export const peopleColumns = ['login', 'name', 'email', 'roles', 'application', 'app user'] as const

const linesMax = 5_000
const eventLinesMax = 500

/** What happens to members whom the file does not name. */
export type Leavers = 'keep' | 'suspend' | 'remove'

/** A member that a file adds or changes. `user: null`: new here. */
export type PersonLine = {
  readonly line: number
  readonly user: string | null
  readonly login: string
  readonly name: string
  readonly email: string | null
  readonly roles: readonly string[]
  readonly identity: { readonly upstream: string; readonly appUser: string } | null
  /** What differs, in words; empty for somebody new. */
  readonly changes: readonly string[]
}

/** What a file comes to. With problems there is nothing else. */
export type PeopleImport = {
  readonly problems: readonly LineProblem[]
  readonly adds: readonly PersonLine[]
  readonly changes: readonly PersonLine[]
  readonly leavers: readonly { readonly user: string; readonly name: string; readonly login: string }[]
  readonly unchanged: number
}

/** What a file is read against. `upstreams`: ids of the applications that people come from. */
export type PeopleReading = {
  readonly document: PolicyDocument
  readonly members: readonly ListedMember[]
  readonly upstreams: readonly string[]
}

/** The members as a file. Which application they come from is not in it: that is theirs already. */
export const writePeople = (members: readonly ListedMember[]): string =>
  [
    csvLine(peopleColumns.slice(0, 4)),
    ...members.map(({ login, name, email, roles }) => csvLine([login, name, email ?? '', roles.join('; ')])),
  ].join('')

type Read<T> = T | { readonly sentence: string }
const isWrong = <T>(read: Read<T>): read is { readonly sentence: string } =>
  typeof read === 'object' && read !== null && 'sentence' in read

function readRoles(cell: string, { roles }: PolicyDocument): Read<readonly string[]> {
  const wanted = cell
    .split(/[;,]/)
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const found = wanted.map((name) => {
    const folded = foldId(name)
    return roles.find((role) => role.id === folded || foldId(role.name) === folded)
  })
  const missing = wanted.find((_, place) => found[place] === undefined)
  if (missing !== undefined) return { sentence: `there is no role "${missing}" in this practice` }
  return [...new Set(found.flatMap((role) => (role === undefined ? [] : [role.id])))]
}

function readEmail(cell: string): Read<string | null> {
  const text = cell.trim()
  if (text === '') return null
  return /^[^\s@\p{Cc}]{1,64}@[^\s@\p{Cc}]{1,190}$/u.test(text)
    ? text
    : { sentence: 'this is no e-mail address' }
}

function readIdentity(
  {
    application,
    user,
    login,
  }: { readonly application: string; readonly user: string; readonly login: string },
  upstreams: readonly string[],
): Read<PersonLine['identity']> {
  const [only, ...more] = upstreams
  const upstream = application === '' && more.length === 0 ? (only ?? '') : application
  if (upstream === '')
    return user === '' ? null : { sentence: `name the application: one of ${upstreams.join(', ')}` }
  if (!upstreams.includes(upstream)) return { sentence: `there is no application "${upstream}"` }
  return { upstream, appUser: user === '' ? login : user }
}

type Line =
  | { readonly problems: readonly LineProblem[] }
  | { readonly person: PersonLine; readonly isSame: boolean }

type Reading = PeopleReading & { readonly byLogin: ReadonlyMap<string, ListedMember> }

function readLine(row: CsvRow, reading: Reading, given: ReadonlySet<string>): Line {
  const { line, cells } = row
  const cell = (name: (typeof peopleColumns)[number]): string => cells[name] ?? ''
  const login = readLogin(cell('login'))
  if (login === null)
    return { problems: [{ line, column: 'login', sentence: 'write a sign-in name without blanks' }] }
  const member = reading.byLogin.get(login)
  const name = given.has('name') ? printable(cell('name')).slice(0, 200) : (member?.name ?? '')
  const email = given.has('email') ? readEmail(cell('email')) : (member?.email ?? null)
  const standard = reading.document.roles.some(({ id }) => id === fallbackRole) ? [fallbackRole] : []
  const roles = given.has('roles') ? readRoles(cell('roles'), reading.document) : (member?.roles ?? standard)
  const asked = { application: cell('application').trim(), user: cell('app user').trim(), login }
  const identity = member === undefined ? readIdentity(asked, reading.upstreams) : null
  const at = (column: string, sentence: string): LineProblem => ({ line, column, sentence })
  const problems: LineProblem[] = []
  if (name === '') problems.push(at('name', 'write their name'))
  if (isWrong(email)) problems.push(at('email', email.sentence))
  if (isWrong(roles)) problems.push(at('roles', roles.sentence))
  if (isWrong(identity)) problems.push(at('application', identity.sentence))
  if (isWrong(email) || isWrong(roles) || isWrong(identity) || problems.length > 0) return { problems }
  const changes: string[] = []
  if (member !== undefined && member.name !== name) changes.push(`name: ${member.name} → ${name}`)
  if (member !== undefined && member.email !== email)
    changes.push(`e-mail: ${member.email ?? 'none'} → ${email ?? 'none'}`)
  if (member !== undefined && member.otherPractices > 0 && changes.length > 0) {
    const sentence = `they are also in ${member.otherPractices} other practices: change name and e-mail by hand`
    return { problems: [at('name', sentence)] }
  }
  if (member !== undefined && !sameRoles(roles, member.roles))
    changes.push(`roles: ${member.roles.join(', ') || 'none'} → ${roles.join(', ') || 'none'}`)
  const person = { line, user: member?.user ?? null, login, name, email, roles, identity, changes }
  return { person, isSame: member !== undefined && changes.length === 0 }
}

/** The plan of a file against the members. Who is suspended is no leaver again. */
export function planPeople(csv: string, reading: PeopleReading): PeopleImport {
  const { rows, columns, problems } = readCsv(csv, {
    needed: ['login'],
    known: peopleColumns,
    rowsMax: linesMax,
  })
  const given = new Set(columns)
  // Once, and not for each line: thousands of lines and members would stop everybody else for seconds.
  const byLogin = new Map(reading.members.map((member) => [foldId(member.login), member]))
  const lines = rows.map((row) => readLine(row, { ...reading, byLogin }, given))
  const people = lines.flatMap((line) => ('person' in line ? [line] : []))
  const seen = new Map<string, number>()
  const twice: LineProblem[] = []
  for (const { person } of people) {
    const earlier = seen.get(person.login)
    if (earlier === undefined) seen.set(person.login, person.line)
    else
      twice.push({
        line: person.line,
        column: 'login',
        sentence: `line ${earlier} has the same sign-in name`,
      })
  }
  const wrong = [...problems, ...lines.flatMap((line) => ('problems' in line ? line.problems : [])), ...twice]
  if (wrong.length > 0)
    return {
      problems: wrong.sort((a, b) => a.line - b.line),
      ...{ adds: [], changes: [], leavers: [], unchanged: 0 },
    }
  return {
    problems: [],
    adds: people.map(({ person }) => person).filter(({ user }) => user === null),
    changes: people
      .filter(({ person, isSame }) => person.user !== null && !isSame)
      .map(({ person }) => person),
    leavers: reading.members
      .filter(({ login, suspended }) => !suspended && !seen.has(foldId(login)))
      .map(({ user, name, login }) => ({ user, name, login })),
    unchanged: people.filter(({ isSame }) => isSame).length,
  }
}

/** A file to import. */
export type PeopleWish = {
  readonly practice: string
  readonly csv: string
  readonly leavers: Leavers
  readonly ifVersion: number
  readonly upstreams: readonly string[]
  readonly reach: Reach
  readonly deed: Deed
  /** The practice's name typed again, to override `lockout-risk`. */
  readonly typedName: string | null
}

/** What became of it. Nothing was changed unless `saved`. */
export type PeopleImported =
  | {
      readonly outcome: 'saved'
      readonly version: number
      readonly announced: number
      readonly plan: PeopleImport
    }
  | { readonly outcome: 'unchanged'; readonly version: number; readonly plan: PeopleImport }
  | { readonly outcome: 'unknown-practice' }
  | { readonly outcome: 'conflict'; readonly version: number }
  | { readonly outcome: 'problems'; readonly problems: readonly LineProblem[] }
  | { readonly outcome: 'last-security-admin' }
  | { readonly outcome: 'lockout-risk'; readonly lockedOut: readonly LockedOut[] }

/** Thrown so that a transaction undoes what it did before it was found that it must not. */
const undone = (outcome: PeopleImported) => Object.assign(new Error(outcome.outcome), { undone: outcome })
const isUndone = (error: unknown): error is ReturnType<typeof undone> =>
  error instanceof Error && 'undone' in error

async function add(tx: Tx, wish: PeopleWish, person: PersonLine): Promise<void> {
  const { practice, reach, deed } = wish
  const found = await findOrCreatePerson(tx, practice, person, reach, deed)
  if ('problem' in found) {
    const column = found.problem.path === 'login' ? 'login' : 'app user'
    const problem = { line: person.line, column, sentence: found.problem.sentence }
    throw undone({ outcome: 'problems', problems: [problem] })
  }
  await addMember(tx, practice, { user: found.user, roles: person.roles }, deed)
}

async function apply(tx: Tx, wish: PeopleWish, plan: PeopleImport): Promise<void> {
  const { practice, leavers, deed } = wish
  for (const person of plan.adds) await add(tx, wish, person)
  for (const { user, name, email, roles, changes } of plan.changes) {
    if (user === null) continue
    if (changes.some((change) => !change.startsWith('roles:')))
      await tx.updateTable('app_user').set({ name, email, kept: true }).where('id', '=', user).execute()
    await tx
      .updateTable('membership')
      .set({ roles: [...roles] })
      .where('practice', '=', practice)
      .where('user_id', '=', user)
      .execute()
  }
  for (const { user } of leavers === 'keep' ? [] : plan.leavers)
    if (leavers === 'remove') await dropMember(tx, practice, user, deed)
    else
      await tx
        .updateTable('membership')
        .set({ suspended: true })
        .where('practice', '=', practice)
        .where('user_id', '=', user)
        .execute()
  await refreshRequirements(tx, practice, 'everyone', deed.at)
}

const eventLines = (plan: PeopleImport, leavers: Leavers) => {
  const lines = [
    ...plan.adds.map(({ login, roles }) => `${login}: added as ${roles.join(', ') || 'nothing'}`),
    ...plan.changes.map(({ login, changes }) => `${login}: ${changes.join('; ')}`),
    ...(leavers === 'keep'
      ? []
      : plan.leavers.map(({ login }) => `${login}: ${leavers === 'remove' ? 'removed' : 'suspended'}`)),
  ]
  const more = lines.length - eventLinesMax
  return [...lines.slice(0, eventLinesMax), ...(more > 0 ? [`and ${more} more`] : [])]
}

/** Refuses an import that would shut out an admin or leave none, as the members now lie in the transaction. */
async function assertNobodyLockedOut(
  tx: Tx,
  { practice, deed, typedName }: PeopleWish,
  document: PolicyDocument,
  before: readonly Member[],
): Promise<void> {
  const now = await readMembers(tx, practice, deed.at)
  const people = { before, after: now?.members ?? [] }
  const against = await guardMembers(tx, { deed, typedName, user: '' }, document, people)
  if (against?.outcome === 'lockout-risk' || against?.outcome === 'last-security-admin') throw undone(against)
}

async function importNow(tx: Tx, wish: PeopleWish): Promise<PeopleImported> {
  const { practice, deed, leavers } = wish
  if ((await lockPractice(tx, practice)) === null) return { outcome: 'unknown-practice' }
  const policy = await readPolicy(tx, practice)
  const listed = await listMembers(tx, practice)
  const before = await readMembers(tx, practice, deed.at)
  if (policy === null || listed === null || before === null) return { outcome: 'unknown-practice' }
  if (wish.ifVersion !== listed.version) return { outcome: 'conflict', version: listed.version }
  const reading = { document: policy.document, members: listed.members, upstreams: wish.upstreams }
  const plan = planPeople(wish.csv, reading)
  if (plan.problems.length > 0) return { outcome: 'problems', problems: plan.problems }
  const gone = leavers === 'keep' ? 0 : plan.leavers.length
  if (plan.adds.length + plan.changes.length + gone === 0)
    return { outcome: 'unchanged', version: listed.version, plan }
  await apply(tx, wish, plan)
  await assertNobodyLockedOut(tx, wish, policy.document, before.members)
  const told = await announceMembers(tx, practice, deed.at)
  await appendEvent(tx, {
    ...eventOf(deed),
    practice,
    action: 'users.imported',
    target: { kind: 'practice', id: practice, name: policy.document.practice.name },
    before: null,
    after: {
      added: plan.adds.length,
      changed: plan.changes.length,
      left: gone,
      leavers,
      members: eventLines(plan, leavers),
    },
    policyVersion: policy.revision,
  })
  return { outcome: 'saved', ...told, plan }
}

/** Imports a file: all of it or nothing. Rejects only with a `Fault`. */
export const importPeople = (store: Store, wish: PeopleWish): Promise<PeopleImported> =>
  store
    .transaction((tx) => importNow(tx, wish))
    .catch((error: unknown) => {
      if (isUndone(error)) return error.undone
      throw error
    })
