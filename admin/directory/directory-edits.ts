/**
 * People as admins write them: taken into a practice, renamed, removed from it.
 *
 * Roles and suspension are `directory.ts`, files `directory-import.ts`. A person may belong to several practices, which
 * do not know of each other (SPEC §3): what is theirs everywhere (name, sign-in name, e-mail) is changed only by who
 * administers all of them. Invariant: each change is one transaction with its events; somebody removed takes nothing
 * back when taken in again, since the database remembers how far their sessions had come.
 */
import type { Problem } from '../../policies/problem.ts'
import { newToken } from '../../runtime/token.ts'
import { type Deed, eventOf } from '../deed.ts'
import type { Store, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { readMembers } from '../store/members.ts'
import { announceMembers } from '../store/outbox.ts'
import { lockPractice, readPolicy } from '../store/practices.ts'
import { refreshRequirements } from '../two-factor/requirements.ts'
import {
  foldId,
  guardMembers,
  type MemberChange,
  type MemberOutcome,
  printable,
  rolesProblems,
} from './directory.ts'

/** Whether whoever acts may edit people of a practice. */
export type Reach = (practice: string) => boolean

/** Somebody to take in. `identity`: what their application calls them, so that their first sign-in finds them. */
export type NewMember = {
  readonly name: string
  readonly login: string
  readonly email: string | null
  readonly roles: readonly string[]
  readonly identity: { readonly upstream: string; readonly appUser: string } | null
}

/** What became of taking somebody in. */
export type TakenIn =
  | {
      readonly outcome: 'saved'
      readonly user: string
      /** What they are called, which of somebody known already is not what was wished. */
      readonly name: string
      readonly version: number
      readonly announced: number
    }
  | { readonly outcome: 'unknown-practice' }
  | { readonly outcome: 'problems'; readonly problems: readonly Problem[] }

/** A sign-in name as it is stored and compared; `null`: it is none. */
export function readLogin(text: string): string | null {
  const login = foldId(text.trim())
  return /^[^\s\p{Cc}\p{Cf}]{1,200}$/u.test(login) ? login : null
}

const practicesOf = async (tx: Tx, user: string): Promise<readonly string[]> => {
  const rows = await tx
    .selectFrom('membership')
    .select('practice')
    .where('user_id', '=', user)
    .orderBy('practice')
    .execute()
  return rows.map(({ practice }) => practice)
}

const taken: Problem = {
  path: 'login',
  sentence:
    'This sign-in name is taken. If it is the same person, who administers their other practices too can take them in.',
}

type Found =
  | { readonly user: string; readonly name: string; readonly isNew: boolean }
  | { readonly problem: Problem }

/** The person of a sign-in name: new, or known from a practice that whoever acts administers as well. */
export async function findOrCreatePerson(
  tx: Tx,
  practice: string,
  person: NewMember & { readonly login: string },
  reach: Reach,
  deed: Deed,
): Promise<Found> {
  const known = await tx
    .selectFrom('app_user')
    .select(['id', 'name'])
    .where('login', '=', person.login)
    .executeTakeFirst()
  if (known !== undefined) {
    const practices = await practicesOf(tx, known.id)
    if (practices.includes(practice))
      return { problem: { path: 'login', sentence: 'They are a member already.' } }
    // Whoever belongs nowhere is nobody's secret; whoever belongs elsewhere is.
    return practices.every(reach) ? { user: known.id, name: known.name, isNew: false } : { problem: taken }
  }
  const user = `usr_${newToken().slice(0, 22)}`
  await tx
    .insertInto('app_user')
    .values({
      ...{ id: user, name: person.name, login: person.login, email: person.email, created_at: deed.at },
      kept: true,
    })
    .execute()
  const { identity } = person
  if (identity === null) return { user, name: person.name, isNew: true }
  const made = await tx
    .insertInto('app_identity')
    .values({
      upstream: identity.upstream,
      folded: foldId(identity.appUser),
      app_user: identity.appUser,
      user_id: user,
      created_at: deed.at,
    })
    .onConflict((oc) => oc.doNothing())
    .returning('user_id')
    .executeTakeFirst()
  return made === undefined
    ? {
        problem: {
          path: 'identity.appUser',
          sentence: 'The application’s user of this name is somebody else already.',
        },
      }
    : { user, name: person.name, isNew: true }
}

/** Thrown so that a transaction undoes what it did before its problem was found. */
const undone = (problem: Problem) => Object.assign(new Error(problem.sentence), { undone: problem })
const isUndone = (error: unknown): error is ReturnType<typeof undone> =>
  error instanceof Error && 'undone' in error

/** Takes somebody into a practice. Rejects only with a `Fault`. */
export async function takeIn(
  store: Store,
  wish: {
    readonly practice: string
    readonly person: NewMember
    readonly reach: Reach
    readonly deed: Deed
  },
): Promise<TakenIn> {
  const { practice, reach, deed } = wish
  const login = readLogin(wish.person.login)
  if (login === null)
    return {
      outcome: 'problems',
      problems: [{ path: 'login', sentence: 'Write a sign-in name without blanks, at most 200 characters.' }],
    }
  const person = { ...wish.person, login, name: printable(wish.person.name) }
  return store
    .transaction(async (tx): Promise<TakenIn> => {
      if ((await lockPractice(tx, practice)) === null) return { outcome: 'unknown-practice' }
      const policy = await readPolicy(tx, practice)
      const problems = rolesProblems(policy?.document.roles ?? [], person.roles)
      if (problems.length > 0) return { outcome: 'problems', problems }
      const found = await findOrCreatePerson(tx, practice, person, reach, deed)
      if ('problem' in found) throw undone(found.problem)
      await addMember(tx, practice, { user: found.user, roles: person.roles }, deed)
      const told = await announceMembers(tx, practice, deed.at)
      await appendEvent(tx, {
        ...eventOf(deed),
        practice,
        action: found.isNew ? 'user.created' : 'user.joined',
        target: { kind: 'user', id: found.user, name: found.name },
        before: null,
        after: { roles: person.roles, ...(found.isNew ? { login, email: person.email } : {}) },
      })
      return { outcome: 'saved', user: found.user, name: found.name, ...told }
    })
    .catch((error: unknown): TakenIn => {
      if (isUndone(error)) return { outcome: 'problems', problems: [error.undone] }
      throw error
    })
}

/** Makes a membership; the caller holds the practice and announces it. */
export async function addMember(
  tx: Tx,
  practice: string,
  { user, roles }: { readonly user: string; readonly roles: readonly string[] },
  deed: Deed,
): Promise<void> {
  await tx
    .insertInto('membership')
    .values({ practice, user_id: user, roles: [...new Set(roles)], created_at: deed.at })
    .execute()
  await refreshRequirements(tx, practice, [user], deed.at)
}

/** Ends a membership and remembers how far its sessions had come; the caller holds the practice and announces it. */
export async function dropMember(tx: Tx, practice: string, user: string, deed: Deed): Promise<void> {
  await tx.deleteFrom('access_request').where('practice', '=', practice).where('user_id', '=', user).execute()
  await tx.deleteFrom('access_grant').where('practice', '=', practice).where('user_id', '=', user).execute()
  const { epoch } = await tx
    .deleteFrom('membership')
    .where('practice', '=', practice)
    .where('user_id', '=', user)
    .returning('epoch')
    .executeTakeFirstOrThrow()
  const left = { epoch: epoch + 1, left_at: deed.at }
  await tx
    .insertInto('former_member')
    .values({ practice, user_id: user, ...left })
    .onConflict((oc) => oc.columns(['practice', 'user_id']).doUpdateSet(left))
    .execute()
}

/** Removes somebody from a practice: refused there from their next request on. The last security admin cannot be. */
export function removeMember(store: Store, change: MemberChange): Promise<MemberOutcome> {
  const { practice, user, ifVersion, deed } = change
  return store.transaction(async (tx): Promise<MemberOutcome> => {
    if ((await lockPractice(tx, practice)) === null) return { outcome: 'unknown-member' }
    const policy = await readPolicy(tx, practice)
    const current = await readMembers(tx, practice, deed.at)
    const member = current?.members.find((one) => one.user === user)
    if (policy === null || current === null || member === undefined) return { outcome: 'unknown-member' }
    if (ifVersion !== null && ifVersion !== current.version)
      return { outcome: 'conflict', version: current.version }
    const left = current.members.filter((one) => one.user !== user)
    const people = { before: current.members, after: left }
    const against = await guardMembers(tx, change, policy.document, people)
    if (against !== null) return against
    await dropMember(tx, practice, user, deed)
    const told = await announceMembers(tx, practice, deed.at)
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'user.removed',
      target: { kind: 'user', id: user, name: member.name },
      before: { roles: member.roles, login: member.login },
      after: null,
      policyVersion: policy.revision,
    })
    return { outcome: 'saved', ...told }
  })
}

/** What is somebody's everywhere; absent: as it is. */
export type Profile = {
  readonly name?: string | undefined
  readonly login?: string | undefined
  readonly email?: string | null | undefined
}

/** What became of a change of a profile: as of a member, or whoever acts does not administer all their practices. */
export type ProfileOutcome = MemberOutcome | { readonly outcome: 'others-too'; readonly count: number }

async function profileProblems(
  tx: Tx,
  user: string,
  login: string | null | undefined,
): Promise<readonly Problem[]> {
  if (login === undefined) return []
  if (login === null)
    return [{ path: 'login', sentence: 'Write a sign-in name without blanks, at most 200 characters.' }]
  const other = await tx
    .selectFrom('app_user')
    .select('id')
    .where('login', '=', login)
    .where('id', '!=', user)
    .executeTakeFirst()
  return other === undefined ? [] : [{ path: 'login', sentence: 'This sign-in name is taken.' }]
}

/** Changes somebody's name, sign-in name or e-mail, in all their practices at once. Rejects only with a `Fault`. */
export function changeProfile(
  store: Store,
  change: MemberChange & { readonly profile: Profile; readonly reach: Reach },
): Promise<ProfileOutcome> {
  const { practice, user, ifVersion, deed, profile, reach } = change
  return store.transaction(async (tx): Promise<ProfileOutcome> => {
    // In the order of their ids, as every transaction that touches several practices does.
    const practices = await practicesOf(tx, user)
    if (!practices.includes(practice)) return { outcome: 'unknown-member' }
    const others = practices.filter((one) => one !== practice && !reach(one))
    if (others.length > 0) return { outcome: 'others-too', count: others.length }
    for (const one of practices) await lockPractice(tx, one)
    const current = await readMembers(tx, practice, deed.at)
    const before = current?.members.find((one) => one.user === user)
    if (current === null || before === undefined) return { outcome: 'unknown-member' }
    if (ifVersion !== null && ifVersion !== current.version)
      return { outcome: 'conflict', version: current.version }
    const login = profile.login === undefined ? undefined : readLogin(profile.login)
    const problems = await profileProblems(tx, user, login)
    if (problems.length > 0) return { outcome: 'problems', problems }
    const after = {
      name: profile.name === undefined ? before.name : printable(profile.name),
      login: login ?? before.login,
      email: profile.email === undefined ? before.email : profile.email,
    }
    const was = { name: before.name, login: before.login, email: before.email }
    if (JSON.stringify(was) === JSON.stringify(after))
      return { outcome: 'unchanged', version: current.version }
    await tx
      .updateTable('app_user')
      .set({ ...after, kept: true })
      .where('id', '=', user)
      .execute()
    // Those in the mailbox of the name before would set a password of this person's for another half an hour.
    if (after.login !== before.login)
      await tx.deleteFrom('password_link').where('user_id', '=', user).execute()
    let told = { version: current.version, announced: 0 }
    for (const one of practices) {
      const announced = await announceMembers(tx, one, deed.at)
      if (one === practice) told = announced
    }
    for (const one of practices)
      await appendEvent(tx, {
        ...eventOf(deed),
        practice: one,
        action: 'user.changed',
        target: { kind: 'user', id: user, name: after.name },
        before: was,
        after,
      })
    return { outcome: 'saved', ...told }
  })
}
