/**
 * The directory: who people are across applications, where they are members, in which roles.
 *
 * It is the truth for memberships and roles; what an application says only seeds it (SPEC §3). Patients never get
 * in. Each change is one transaction with its event and its outbox row. Matching people of two applications by
 * e-mail was refused: whoever may write an address in one would become somebody in the other.
 */
import { sql } from 'kysely'
import type { Member } from '../../policies/access-request.ts'
import type { PolicyDocument } from '../../policies/document.ts'
import { hasNoHours } from '../../policies/document-problems.ts'
import type { Problem } from '../../policies/problem.ts'
import { fallbackRole } from '../../policies/standard-roles.ts'
import type { AppIdentity } from '../../runtime/internal.ts'
import { newToken } from '../../runtime/token.ts'
import { type Deed, eventOf } from '../deed.ts'
import { findLockedOut, type LockedOut } from '../lockout.ts'
import type { Rows, Store, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { readMembers } from '../store/members.ts'
import { announceMembers } from '../store/outbox.ts'
import { lockPractice, readPolicy } from '../store/practices.ts'
import { refreshRequirements } from '../two-factor/requirements.ts'
import { securityAdmins } from './security-admins.ts'

/** What an upstream does with people it names for the first time. */
export type Provisioning = 'app-roles' | 'unassigned' | 'deny'

/** A person found or made. `changed`: practices whose members record changed by it, in order of their ids. */
export type KnownPerson = {
  readonly user: string
  readonly name: string
  readonly suspended: boolean
  readonly changed: readonly string[]
}

/** An application's id of a user as it is compared: NFC, lower case, so that two spellings are one person. */
export const foldId = (text: string): string => text.normalize('NFC').toLowerCase()

const controlCharacters = /\p{Cc}/gu
/** A text without control characters and blanks around it. */
export const printable = (text: string): string =>
  text.toWellFormed().replaceAll(controlCharacters, ' ').trim()

async function findPerson(tx: Rows, upstream: string, folded: string) {
  return tx
    .selectFrom('app_identity as i')
    .innerJoin('app_user as u', 'u.id', 'i.user_id')
    .select(['u.id', 'u.name', 'u.email', 'u.suspended', 'u.kept'])
    .select((eb) =>
      eb
        .selectFrom('app_identity as other')
        .select(eb.fn.countAll<number>().as('count'))
        .whereRef('other.user_id', '=', 'u.id')
        .as('identities'),
    )
    .where('i.upstream', '=', upstream)
    .where('i.folded', '=', folded)
    .executeTakeFirst()
}

/** The user behind an application's id; `null`: nobody known. */
export async function findUser(tx: Rows, upstream: string, appUser: string): Promise<string | null> {
  return (await findPerson(tx, upstream, foldId(appUser)))?.id ?? null
}

/** The name people know somebody by: the e-mail address where the application tells it, else its own id. */
async function freeLogin(tx: Tx, upstream: string, folded: string, email: string | null): Promise<string> {
  const known = email === null ? [] : [foldId(email)]
  for (const login of [...known, folded, `${folded}@${upstream}`]) {
    const taken = await tx.selectFrom('app_user').select('id').where('login', '=', login).executeTakeFirst()
    if (taken === undefined) return login
  }
  return `${folded}@${upstream}-${newToken().slice(0, 6).toLowerCase()}`
}

async function createPerson(tx: Tx, upstream: string, identity: AppIdentity, deed: Deed) {
  const folded = foldId(identity.appUser)
  const user = `usr_${newToken().slice(0, 22)}`
  const name = printable(identity.name ?? '') || printable(identity.appUser)
  await tx
    .insertInto('app_user')
    .values({
      id: user,
      name,
      login: await freeLogin(tx, upstream, folded, identity.email),
      email: identity.email,
      created_at: deed.at,
    })
    .execute()
  await tx
    .insertInto('app_identity')
    .values({ upstream, folded, app_user: identity.appUser, user_id: user, created_at: deed.at })
    .execute()
  return { id: user, name, email: identity.email, suspended: false, kept: false, identities: 1 }
}

/** The roles of `document` that an application's role names mean, by id or name in any case; none: the fallback. */
export function rolesFor(
  roles: readonly { readonly id: string; readonly name: string }[],
  appRoles: readonly string[],
): readonly string[] {
  const wanted = new Set(appRoles.map((role) => foldId(role.trim())))
  const found = roles.filter((role) => wanted.has(role.id) || wanted.has(foldId(role.name)))
  if (found.length > 0) return found.map((role) => role.id)
  return roles.some((role) => role.id === fallbackRole) ? [fallbackRole] : []
}

/** Makes the memberships that the application names and the directory lacks; answers the practices it changed. */
async function seedMemberships(
  tx: Tx,
  user: string,
  identity: AppIdentity,
  provisioning: Provisioning,
  deed: Deed,
): Promise<readonly string[]> {
  if (provisioning === 'deny' || identity.practices.length === 0) return []
  const named = new Map(identity.practices.map((practice) => [practice.id, practice.roles]))
  const missing = await tx
    .selectFrom('practice as p')
    .innerJoin('policy_revision as r', (join) =>
      join.onRef('r.practice', '=', 'p.id').onRef('r.revision', '=', 'p.revision'),
    )
    .leftJoin('membership as m', (join) => join.onRef('m.practice', '=', 'p.id').on('m.user_id', '=', user))
    // Whoever was removed by an admin stays so, whatever the application still says.
    .leftJoin('former_member as f', (join) =>
      join.onRef('f.practice', '=', 'p.id').on('f.user_id', '=', user),
    )
    .select('p.id')
    .select(sql<{ id: string; name: string }[]>`r.document -> 'roles'`.as('roles'))
    .where('p.id', 'in', [...named.keys()])
    .where('m.user_id', 'is', null)
    .where('f.user_id', 'is', null)
    .orderBy('p.id')
    .execute()
  const changed: string[] = []
  for (const practice of missing) {
    const appRoles = provisioning === 'app-roles' ? (named.get(practice.id) ?? []) : []
    const made = await tx
      .insertInto('membership')
      .values({
        practice: practice.id,
        user_id: user,
        roles: [...rolesFor(practice.roles, appRoles)],
        created_at: deed.at,
      })
      .onConflict((oc) => oc.doNothing())
      .returning('roles')
      .executeTakeFirst()
    if (made !== undefined) changed.push(practice.id)
  }
  return changed
}

async function appendJoined(tx: Tx, user: string, name: string, practices: readonly string[], deed: Deed) {
  for (const practice of practices) {
    const member = await tx
      .selectFrom('membership')
      .select('roles')
      .where('practice', '=', practice)
      .where('user_id', '=', user)
      .executeTakeFirstOrThrow()
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'user.provisioned',
      target: { kind: 'user', id: user, name },
      before: null,
      after: { roles: member.roles },
    })
  }
}

/** The name or e-mail changed in the only application that knows the person: the directory follows. */
async function followProfile(
  tx: Tx,
  person: { readonly id: string; readonly name: string; readonly email: string | null },
  identity: AppIdentity,
): Promise<readonly string[]> {
  const name = printable(identity.name ?? '') || person.name
  const email = identity.email ?? person.email
  if (name === person.name && email === person.email) return []
  await tx.updateTable('app_user').set({ name, email }).where('id', '=', person.id).execute()
  const practices = await tx
    .selectFrom('membership')
    .select('practice')
    .where('user_id', '=', person.id)
    .orderBy('practice')
    .execute()
  return practices.map((row) => row.practice)
}

/**
 * The person behind an application's identity, made and given memberships where `provisioning` says so; `null`:
 * a patient, or unknown and denied. Practices that there are not are ignored; existing memberships stay as they are.
 * Memberships made are announced and recorded; append no event before it in the same transaction.
 */
export async function findOrProvision(
  tx: Tx,
  upstream: string,
  identity: AppIdentity,
  provisioning: Provisioning,
  deed: Deed,
): Promise<KnownPerson | null> {
  if (identity.kind !== 'staff') return null
  const folded = foldId(identity.appUser)
  let person = await findPerson(tx, upstream, folded)
  if (person === undefined) {
    if (provisioning === 'deny') return null
    // Two first sign-ins of one person at once: the second waits here, then finds what the first has made.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`${upstream} ${folded}`}, 4247))`.execute(tx)
    person = await findPerson(tx, upstream, folded)
    person ??= await createPerson(tx, upstream, identity, deed)
  }
  const known = person
  const joined = await seedMemberships(tx, known.id, identity, provisioning, deed)
  for (const practice of joined) await refreshRequirements(tx, practice, [known.id], deed.at)
  const renamed = known.identities === 1 && !known.kept ? await followProfile(tx, known, identity) : []
  const changed = [...new Set([...joined, ...renamed])].sort()
  for (const practice of changed) await announceMembers(tx, practice, deed.at)
  await appendJoined(tx, known.id, known.name, joined, deed)
  return { user: known.id, name: known.name, suspended: known.suspended, changed }
}

/** What became of a change to a member. `version`: the members version; `announced`: the number to follow it by. */
export type MemberOutcome =
  | { readonly outcome: 'saved'; readonly version: number; readonly announced: number }
  | { readonly outcome: 'unchanged'; readonly version: number }
  | { readonly outcome: 'unknown-member' }
  | { readonly outcome: 'conflict'; readonly version: number }
  | { readonly outcome: 'problems'; readonly problems: readonly Problem[] }
  | { readonly outcome: 'last-security-admin' }
  | { readonly outcome: 'lockout-risk'; readonly lockedOut: readonly LockedOut[] }

/** Which member to change, and the members version that the change was made from; `null`: whatever it is. */
export type MemberChange = {
  readonly practice: string
  readonly user: string
  readonly ifVersion: number | null
  readonly deed: Deed
  /** The practice's name typed again, to override `lockout-risk`. */
  readonly typedName?: string | null
}

/** `withheld`: roles that were wished and not given, for the record. */
type MemberPatch =
  | { readonly roles: readonly string[]; readonly withheld?: readonly string[] }
  | { readonly suspended: boolean }

/** What to change, found out once the practice is held. */
type MemberPatching = (document: PolicyDocument, roles: readonly string[]) => MemberPatch

/** What is wrong with roles that a member is to have. */
export const rolesProblems = (
  known: readonly { readonly id: string }[],
  roles: readonly string[],
): readonly Problem[] =>
  roles.flatMap((role, position) =>
    known.some(({ id }) => id === role)
      ? []
      : [{ path: `roles[${position}]`, sentence: `there is no role "${role}" in this practice` }],
  )

/** What stands against these people under this policy; `null`: nothing. `user`: whose hours are looked at. */
export async function guardMembers(
  tx: Tx,
  {
    deed,
    typedName,
    user,
    bySystem = false,
  }: Pick<MemberChange, 'deed' | 'typedName' | 'user'> & { readonly bySystem?: boolean },
  document: PolicyDocument,
  { before, after }: { readonly before: readonly Member[]; readonly after: readonly Member[] },
): Promise<MemberOutcome | null> {
  if (securityAdmins(document, before).length > 0 && securityAdmins(document, after).length === 0)
    return { outcome: 'last-security-admin' }
  if (bySystem) return null
  const [was, is] = [before, after].map((members) => members.find((member) => member.user === user))
  if (is !== undefined && hasNoHours(document, is) && (was === undefined || !hasNoHours(document, was))) {
    const sentence = `${is.name} would be in scope of time windows and have none: add hours for one of the roles first`
    return { outcome: 'problems', problems: [{ path: 'roles', sentence }] }
  }
  const change = { before: document, after: document, members: after, membersBefore: before, deed }
  const lockedOut = await findLockedOut(tx, change)
  const isOverridden = typedName?.trim() === document.practice.name
  return lockedOut.length > 0 && !isOverridden ? { outcome: 'lockout-risk', lockedOut } : null
}

/** Whether two lists name the same roles. */
export const sameRoles = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((role) => b.includes(role))

/**
 * Changes a member in a transaction with its event. `bySystem`: nobody sits before it who could be told of hours or addresses,
 * so these are not asked about; the last security admin stays in any case.
 */
export async function changeMember(
  tx: Tx,
  change: MemberChange & { readonly bySystem?: boolean },
  patching: MemberPatching,
  action: string,
): Promise<MemberOutcome> {
  const { practice, user, deed } = change
  if ((await lockPractice(tx, practice)) === null) return { outcome: 'unknown-member' }
  const policy = await readPolicy(tx, practice)
  const current = await readMembers(tx, practice, deed.at)
  const row = await tx
    .selectFrom('membership as m')
    .innerJoin('app_user as u', 'u.id', 'm.user_id')
    .select(['m.roles', 'm.suspended', 'u.name'])
    .where('m.practice', '=', practice)
    .where('m.user_id', '=', user)
    .executeTakeFirst()
  if (policy === null || current === null || row === undefined) return { outcome: 'unknown-member' }
  if (change.ifVersion !== null && change.ifVersion !== current.version)
    return { outcome: 'conflict', version: current.version }
  const patch = patching(policy.document, row.roles)
  const problems = 'roles' in patch ? rolesProblems(policy.document.roles, patch.roles) : []
  if (problems.length > 0) return { outcome: 'problems', problems }
  const after = {
    roles: 'roles' in patch ? patch.roles : row.roles,
    suspended: 'suspended' in patch ? patch.suspended : row.suspended,
  }
  if (sameRoles(after.roles, row.roles) && after.suspended === row.suspended)
    return { outcome: 'unchanged', version: current.version }
  const members = current.members.map((member) => (member.user === user ? { ...member, ...after } : member))
  const people = { before: current.members, after: members }
  const refused = await guardMembers(tx, change, policy.document, people)
  if (refused !== null) return refused
  await tx
    .updateTable('membership')
    .set({ roles: [...new Set(after.roles)], suspended: after.suspended })
    .where('practice', '=', practice)
    .where('user_id', '=', user)
    .execute()
  await refreshRequirements(tx, practice, [user], deed.at)
  const told = await announceMembers(tx, practice, deed.at)
  await appendEvent(tx, {
    ...eventOf(deed),
    practice,
    action,
    target: { kind: 'user', id: user, name: row.name },
    before: 'roles' in patch ? { roles: row.roles } : { suspended: row.suspended },
    after: patch,
    policyVersion: policy.revision,
  })
  return { outcome: 'saved', ...told }
}

/**
 * Replaces a member's roles; bites on the next request. The last security admin keeps the permission, nobody is put in
 * scope of hours that they have none of, and the lockout guard is asked as for an edit of the policy.
 */
export const setRoles = (
  store: Store,
  change: MemberChange & { readonly roles: readonly string[] },
): Promise<MemberOutcome> =>
  store.transaction((tx) => changeMember(tx, change, () => ({ roles: change.roles }), 'user.roles-changed'))

/** Suspends a member in this practice, or ends that. The last security admin cannot be suspended. */
export const setSuspended = (
  store: Store,
  change: MemberChange & { readonly suspended: boolean },
): Promise<MemberOutcome> =>
  store.transaction((tx) =>
    changeMember(
      tx,
      change,
      () => ({ suspended: change.suspended }),
      change.suspended ? 'user.suspended' : 'user.rejoined',
    ),
  )
