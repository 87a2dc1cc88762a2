/**
 * Answers of the directory: members of a practice, their roles, suspension.
 *
 * The changes themselves are `admin/directory.ts`. Invariant: every edit names the members version it was
 * made from.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { type MemberOutcome, setRoles, setSuspended } from '../directory.ts'
import { addressOfLogin, layPasswordLink, noteLink, passwordLinkMs } from '../own-sign-in/password-links.ts'
import { mailPasswordLink, passwordLinkUrl } from '../own-sign-in/password-mails.ts'
import { listActiveUsers } from '../store/active-users.ts'
import { listMembers, readMembers } from '../store/members.ts'
import { lastAnnounced } from '../store/publish-state.ts'
import { listPracticesOf } from '../two-factor/chains.ts'
import { holds } from './access.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { usersRoutes } from './contract/users.ts'
import { etagOf, mentions, pageOf, revisionIn } from './paging.ts'
import { invalid, refusal } from './refusals.ts'

async function savedAnswer(plane: ApiPlane, practice: string, outcome: MemberOutcome) {
  switch (outcome.outcome) {
    case 'saved':
      return { version: outcome.version, sequence: outcome.announced }
    case 'unchanged': {
      const last = await plane.store.read((rows) => lastAnnounced(rows, practice))
      return { version: outcome.version, sequence: last ?? 0 }
    }
    case 'unknown-member':
      throw refusal('not-found', 'There is no such member in this practice.')
    case 'conflict':
      throw refusal('revision-conflict', 'Members were changed in between. Load them again.', {
        current: outcome.version,
      })
    case 'problems':
      throw invalid(outcome.problems)
    case 'last-security-admin':
      throw refusal(
        'last-security-admin',
        'This is the only security admin here. Make somebody else one first.',
      )
  }
}

async function readList(plane: ApiPlane, practice: string) {
  const at = plane.now()
  const [listed, known, active] = await Promise.all([
    plane.store.read((rows) => listMembers(rows, practice)),
    plane.store.read((rows) => readMembers(rows, practice, at)),
    plane.store.read((rows) => listActiveUsers(rows, practice, at)),
  ])
  if (listed === null || known === null) throw refusal('not-found', 'There is no such practice.')
  const sessions = new Map(active.map((user) => [user.user, user.sessions.length]))
  const factors = new Map(known.members.map((member) => [member.user, member.factors]))
  return { version: listed.version, members: listed.members, sessions, factors }
}

async function findMember(plane: ApiPlane, practice: string, user: string) {
  const listed = await plane.store.read((rows) => listMembers(rows, practice))
  const found = listed?.members.find((member) => member.user === user)
  if (found === undefined) throw refusal('not-found', 'There is no such member in this practice.')
  return found
}

/** The answer to whoever wishes a member to have a link: it was mailed, or here it is. */
async function givePasswordLink(
  c: Context<AdminEnv>,
  plane: ApiPlane,
  wish: { readonly practice: string; readonly user: string; readonly reason: string | undefined },
) {
  const { passwordLinks: via } = plane
  if (via === null)
    throw invalid([
      { path: '', sentence: 'Nobody signs in here with a password: identity.own.password is off.' },
    ])
  const { user, login, name } = await findMember(plane, wish.practice, wish.user)
  const deed = deedOf(c, plane, wish.reason)
  const endsAt = deed.at + passwordLinkMs
  const tooMany = (): Error =>
    refusal('too-many', 'They were sent three links within the hour. Wait for one of them to be used.', {
      retryAfterMs: 3_600_000,
    })
  const { queue, portal } = via
  const to = queue === null ? null : addressOfLogin(login)
  if (queue !== null && to !== null) {
    const account = { user, login, name }
    const sent = await plane.store.transaction((tx) => mailPasswordLink(tx, account, { queue, portal }, deed))
    if (!sent) throw tooMany()
    return { mailedTo: to, url: null, endsAt }
  }
  // Whoever holds the link becomes them in all their practices: their own mailbox may, an admin of one may not.
  const practices = await plane.store.read((rows) => listPracticesOf(rows, user))
  if (!practices.every((id) => holds(c.get('admin').account, id, 'gw.users.edit')))
    throw refusal(
      'not-permitted',
      'They belong to another practice too, where you may not edit people, and cannot be sent a mail. Ask somebody who may edit people in all of them.',
    )
  const link = await plane.store.transaction(async (tx) => {
    const made = await layPasswordLink(tx, user, deed.at)
    if (made !== null) await noteLink(tx, { user, name }, deed, 'handed-out')
    return made
  })
  if (link === null) throw tooMany()
  return { mailedTo: null, url: passwordLinkUrl(portal, link), endsAt }
}

/** Adds the answers. */
export function answerUsers(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(usersRoutes.list, async (c) => {
    const { practice } = c.req.valid('param')
    const query = c.req.valid('query')
    const { version, members, sessions, factors } = await readList(plane, practice)
    const found = members.filter(({ name, login, email }) => mentions(query.text, [name, login, email]))
    const page = pageOf(found, ({ user }) => user, query)
    c.header('etag', etagOf(version))
    return c.json(
      {
        version,
        total: found.length,
        members: page.items.map((member) => ({
          user: member.user,
          name: member.name,
          login: member.login,
          email: member.email,
          roles: [...member.roles],
          suspended: member.suspended,
          otherPractices: member.otherPractices,
          sessions: sessions.get(member.user) ?? 0,
          factors: [...(factors.get(member.user) ?? [])],
        })),
        nextCursor: page.nextCursor,
      },
      200,
    )
  })
  app.openapi(usersRoutes.saveRoles, async (c) => {
    const { practice, user } = c.req.valid('param')
    const { roles, reason } = c.req.valid('json')
    const ifVersion = revisionIn(c.req.valid('header')['if-match'])
    const deed = deedOf(c, plane, reason)
    const outcome = await setRoles(plane.store, { practice, user, ifVersion, deed, roles })
    return c.json(await savedAnswer(plane, practice, outcome), 200)
  })
  app.openapi(usersRoutes.passwordLink, async (c) => {
    const { practice, user } = c.req.valid('param')
    const { reason } = c.req.valid('json')
    return c.json(await givePasswordLink(c, plane, { practice, user, reason }), 200)
  })
  const suspension = async (
    change: Parameters<typeof setSuspended>[1],
  ): Promise<{ version: number; sequence: number }> =>
    savedAnswer(plane, change.practice, await setSuspended(plane.store, change))
  app.openapi(usersRoutes.suspend, async (c) => {
    const ifVersion = revisionIn(c.req.valid('header')['if-match'])
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    return c.json(await suspension({ ...c.req.valid('param'), ifVersion, deed, suspended: true }), 200)
  })
  app.openapi(usersRoutes.rejoin, async (c) => {
    const ifVersion = revisionIn(c.req.valid('header')['if-match'])
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    return c.json(await suspension({ ...c.req.valid('param'), ifVersion, deed, suspended: false }), 200)
  })
}
