/**
 * `gatehouse user list|roles|suspend|rejoin|revoke|reset|remove`: members of a practice at the command line, by the
 * functions of the API.
 *
 * It takes nobody in (`user-add.ts`). Invariant: the last
 * security admin stays one; who did it stands in the event as the account of the operating system.
 */
import type { Deed } from '../admin/deed.ts'
import { type MemberOutcome, setRoles, setSuspended } from '../admin/directory/directory.ts'
import { removeMember } from '../admin/directory/directory-edits.ts'
import { revokeUser } from '../admin/sessions/revocations.ts'
import { listActiveUsers } from '../admin/store/active-users.ts'
import type { Store } from '../admin/store/database.ts'
import { type ListedMember, listMembers, readMembers } from '../admin/store/members.ts'
import { lastAnnounced } from '../admin/store/publish-state.ts'
import { resetTwoFactor } from '../admin/two-factor/reset.ts'
import type { Instant } from '../policies/instant.ts'
import { type CommandLine, listIn } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { oneLine, problemsStop } from './policy-file.ts'
import { operatorDeed } from './policy-operator.ts'
import { withDatabase } from './reached-database.ts'
import { readSettings } from './settings.ts'
import { type ToldChange, tellChange } from './told-change.ts'

/** The member of a login, in any case; ends the command (exit 1) where there is none. */
export async function findMemberByLogin(
  store: Store,
  practice: string,
  login: string,
): Promise<ListedMember> {
  const listed = await store.read((rows) => listMembers(rows, practice))
  if (listed === null) throw stopWith(exitCodes.failed, `gatehouse: there is no practice "${practice}".`)
  const wanted = login.normalize('NFC').toLowerCase()
  const found = listed.members.find((member) => member.login === wanted || member.user === login)
  if (found === undefined)
    throw stopWith(exitCodes.failed, `gatehouse: ${practice} has no member with the login "${login}".`)
  return found
}

/** Exit 0 with the members of a practice by name; 1 where there is no such practice; 69 without a database. */
export const showUsers = async (line: CommandLine, now: () => Instant): Promise<number> => {
  const practice = line.practice ?? ''
  const config = await readSettings(line)
  const at = now()
  const read = await withDatabase(config, async (store) => ({
    listed: await store.read((rows) => listMembers(rows, practice)),
    known: await store.read((rows) => readMembers(rows, practice, at)),
    active: await store.read((rows) => listActiveUsers(rows, practice, at)),
  }))
  if (read.listed === null) throw stopWith(exitCodes.failed, `gatehouse: there is no practice "${practice}".`)
  const factors = new Map(read.known?.members.map((member) => [member.user, member.factors]))
  const sessions = new Map(read.active.map((user) => [user.user, user.sessions.length]))
  const users = read.listed.members.map(({ user, name, login, email, roles, suspended }) => ({
    ...{ user, name, login, email, roles, suspended },
    factors: factors.get(user) ?? [],
    sessions: sessions.get(user) ?? 0,
  }))
  if (line.json) process.stdout.write(`${JSON.stringify({ ok: true, practice, users })}\n`)
  else
    for (const { name, login, roles, suspended, factors: methods, sessions: open } of users) {
      const facts = [
        ...(suspended ? ['suspended'] : []),
        `second factor: ${methods.length === 0 ? 'none' : methods.join(', ')}`,
        `${open} ${open === 1 ? 'session' : 'sessions'}`,
      ]
      process.stdout.write(`${oneLine(`${login}  ${name}  [${roles.join(', ')}]  ${facts.join('; ')}`)}\n`)
    }
  return exitCodes.ok
}

const memberChange = (outcome: MemberOutcome, line: CommandLine, sentence: string): ToldChange => {
  switch (outcome.outcome) {
    case 'saved':
      return { sentence, told: { outcome: 'saved' }, announced: outcome.announced }
    case 'unchanged':
      return { sentence: 'Nothing to do: it is so already.', told: { outcome: 'unchanged' }, announced: null }
    case 'unknown-member':
    case 'conflict':
      throw stopWith(exitCodes.refused, 'gatehouse: the member was changed in between. Look again.')
    case 'problems':
      throw problemsStop('roles', outcome.problems, line.json)
    case 'lockout-risk':
      throw stopWith(
        exitCodes.refused,
        `gatehouse: not changed: ${oneLine(outcome.lockedOut.map(({ name }) => name).join(', '))} could no longer get in.`,
      )
    case 'last-security-admin':
      throw stopWith(
        exitCodes.refused,
        'gatehouse: not changed: this is the only security admin here. Make somebody else one first.',
      )
  }
}

type Verb = 'user roles' | 'user suspend' | 'user rejoin' | 'user revoke' | 'user reset' | 'user remove'

/** Takes a member's second factor away; the reason stands in the event and is asked of everybody who does so. */
const reset = async (
  store: Store,
  { practice, user, name }: { readonly practice: string; readonly user: string; readonly name: string },
  deed: Deed,
): Promise<ToldChange> => {
  const { reason } = deed
  if (typeof reason !== 'string' || reason.trim() === '')
    throw stopWith(exitCodes.usage, 'gatehouse user reset: say why with --reason TEXT.')
  const outcome = await resetTwoFactor(store, { practice, user, reason }, deed)
  switch (outcome.outcome) {
    case 'unknown':
      throw stopWith(exitCodes.failed, `gatehouse: ${practice} has no such member.`)
    case 'nothing-to-reset':
      return {
        sentence: `${name} has no second factor: there is nothing to reset.`,
        told: { outcome: 'unchanged', sessions: 0 },
        announced: null,
      }
    case 'reset': {
      const { sessionsEnded: sessions } = outcome
      return {
        sentence: `The second factor of ${name} is gone; ${sessions} sessions were ended.`,
        told: { outcome: 'reset', sessions },
        announced: await store.read((rows) => lastAnnounced(rows, practice)),
      }
    }
  }
}

const changed = async (store: Store, line: CommandLine, verb: Verb, at: Instant): Promise<ToldChange> => {
  const practice = line.practice ?? ''
  const { user, name } = await findMemberByLogin(store, practice, line.subject ?? '')
  const deed = operatorDeed(at, line.reason)
  const change = { practice, user, ifVersion: null, deed }
  switch (verb) {
    case 'user roles': {
      const roles = listIn(line, 'role')
      if (roles.length === 0)
        throw stopWith(
          exitCodes.usage,
          'gatehouse user roles: name at least one --role; to refuse somebody, suspend them.',
        )
      return memberChange(
        await setRoles(store, { ...change, roles }),
        line,
        `${name} has these roles now: ${roles.join(', ')}.`,
      )
    }
    case 'user suspend':
    case 'user rejoin': {
      const suspended = verb === 'user suspend'
      const outcome = await setSuspended(store, { ...change, suspended })
      return memberChange(outcome, line, suspended ? `${name} is suspended.` : `${name} may come in again.`)
    }
    case 'user reset':
      return reset(store, { practice, user, name }, deed)
    case 'user remove':
      return memberChange(
        await removeMember(store, change),
        line,
        `${name} is no longer a member of ${practice}.`,
      )
    case 'user revoke': {
      const outcome = await revokeUser(store, { practice, user, block: false, deed })
      if (outcome.outcome === 'unknown')
        throw stopWith(exitCodes.failed, `gatehouse: ${practice} has no such member.`)
      // Asked of one practice alone, and nobody is blocked by it.
      if (outcome.outcome !== 'revoked')
        throw new Error(`invariant: a plain revocation is never ${outcome.outcome}`)
      const { sessions, announced } = outcome
      return {
        sentence: `${sessions} sessions of ${name} were ended.`,
        told: { outcome: 'revoked', sessions },
        announced,
      }
    }
  }
}

/** Exit 0: changed and active everywhere, or nothing to change; 75: not everywhere yet; 77: the last security admin; 1: no such member. */
export const changeUser = async (line: CommandLine, verb: Verb, now: () => Instant): Promise<number> => {
  const config = await readSettings(line)
  return withDatabase(config, async (store) =>
    tellChange(store, line, await changed(store, line, verb, now()), now),
  )
}
