/**
 * Answers of the directory: members of a practice, their roles, suspension.
 *
 * The changes themselves are `admin/directory/directory.ts`. Invariant: every edit names the members version it was
 * made from.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { type MemberOutcome, setRoles, setSuspended } from '../directory/directory.ts'
import { changeProfile, removeMember, takeIn } from '../directory/directory-edits.ts'
import type { Administrator } from '../sign-in/admin-sessions.ts'
import { listActiveUsers } from '../store/active-users.ts'
import { type MemberQuery, readMemberPage } from '../store/member-pages.ts'
import { findMember } from '../store/members.ts'
import { listPractices } from '../store/practices.ts'
import { lastAnnounced } from '../store/publish-state.ts'
import { holds } from './access.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { usersRoutes } from './contract/users.ts'
import { lockoutRefusal } from './edits.ts'
import { assertMayGiveRoles, assertMayStandFor } from './own-keys.ts'
import { etagOf, lostPage, revisionIn } from './paging.ts'
import { givePasswordLink } from './password-link.ts'
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
    case 'lockout-risk':
      throw lockoutRefusal(outcome.lockedOut)
    case 'last-security-admin':
      throw refusal(
        'last-security-admin',
        'This is the only security admin here. Make somebody else one first.',
      )
  }
}

/** A page of members, and how many live sessions those on it have. */
async function readPage(plane: ApiPlane, query: MemberQuery) {
  const { practice } = query
  const page = await plane.store.read((rows) => readMemberPage(rows, query))
  if (page === 'unknown') throw refusal('not-found', 'There is no such practice.')
  if (page === 'lost') throw lostPage()
  const { document } = await plane.views.read(practice)
  const users = page.members.map(({ user }) => user)
  const active = await plane.store.read((rows) =>
    listActiveUsers(rows, practice, plane.now(), { document, users }),
  )
  const sessions = new Map(active.map((user) => [user.user, user.sessions.length]))
  return { ...page, users, sessions }
}

/** Nobody gives a role whose own keys they do not hold, unless the member has these already. */
async function assertMayGive(
  plane: ApiPlane,
  account: Administrator,
  wish: { readonly practice: string; readonly user: string; readonly roles: readonly string[] },
): Promise<void> {
  const { practice, user, roles } = wish
  const { document } = await plane.views.read(practice)
  const member = await plane.store.read((rows) => findMember(rows, practice, user, plane.now()))
  assertMayGiveRoles(account, document, member?.roles ?? [], roles)
}

/** The other practices of people, as far as an account may see who belongs to them. */
async function othersOf(plane: ApiPlane, account: Administrator, practice: string, users: readonly string[]) {
  const practices = await plane.store.read(listPractices)
  const seen = new Map(
    practices
      .filter(({ id }) => id !== practice && holds(account, id, 'gw.security.view'))
      .map(({ id, name }) => [id, { id, name }]),
  )
  const others = new Map<string, { id: string; name: string }[]>()
  if (seen.size === 0 || users.length === 0) return others
  const rows = await plane.store.read((from) =>
    from
      .selectFrom('membership')
      .select(['user_id', 'practice'])
      .where('user_id', 'in', users)
      .orderBy('practice')
      .execute(),
  )
  for (const { user_id: user, practice: other } of rows) {
    const shown = seen.get(other)
    if (shown === undefined) continue
    others.set(user, [...(others.get(user) ?? []), shown])
  }
  return others
}

function answerPeople(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  const reachOf = (account: Administrator) => (practice: string) => holds(account, practice, 'gw.users.edit')
  app.openapi(usersRoutes.create, async (c) => {
    const { practice } = c.req.valid('param')
    const { identity, reason, ...person } = c.req.valid('json')
    const [only, ...more] = plane.upstreams
    if (identity !== undefined && !plane.upstreams.includes(identity.upstream))
      throw invalid([
        { path: 'identity.upstream', sentence: `There is no application ${identity.upstream}.` },
      ])
    const { account } = c.get('admin')
    assertMayGiveRoles(account, (await plane.views.read(practice)).document, [], person.roles)
    const standard = only === undefined || more.length > 0 ? null : { upstream: only, appUser: person.login }
    const done = await takeIn(plane.store, {
      practice,
      person: { ...person, identity: identity ?? standard },
      reach: reachOf(account),
      deed: deedOf(c, plane, reason),
    })
    if (done.outcome === 'unknown-practice') throw refusal('not-found', 'There is no such practice.')
    if (done.outcome === 'problems') throw invalid(done.problems)
    return c.json({ user: done.user, version: done.version, sequence: done.announced }, 201)
  })
  app.openapi(usersRoutes.change, async (c) => {
    const { practice, user } = c.req.valid('param')
    const { reason, ...profile } = c.req.valid('json')
    const ifVersion = revisionIn(c.req.valid('header')['if-match'])
    const { account } = c.get('admin')
    // A link to set a password goes to the sign-in name.
    if (profile.login !== undefined) await assertMayStandFor(plane, account, user)
    const reach = reachOf(account)
    const deed = deedOf(c, plane, reason)
    const outcome = await changeProfile(plane.store, { practice, user, ifVersion, deed, profile, reach })
    if (outcome.outcome === 'others-too') {
      const sentence = `They are also in ${outcome.count} other practices. Who administers all of them can change this.`
      throw refusal('not-permitted', sentence)
    }
    return c.json(await savedAnswer(plane, practice, outcome), 200)
  })
  app.openapi(usersRoutes.remove, async (c) => {
    const { practice, user } = c.req.valid('param')
    const ifVersion = revisionIn(c.req.valid('header')['if-match'])
    const { reason, confirmPracticeName: typedName = null } = c.req.valid('json')
    const deed = deedOf(c, plane, reason)
    const outcome = await removeMember(plane.store, { practice, user, ifVersion, deed, typedName })
    return c.json(await savedAnswer(plane, practice, outcome), 200)
  })
}

/** Adds the answers. */
export function answerUsers(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  answerPeople(app, plane)
  app.openapi(usersRoutes.list, async (c) => {
    const { practice } = c.req.valid('param')
    const query = c.req.valid('query')
    const { version, total, members, nextCursor, users, sessions } = await readPage(plane, {
      practice,
      ...query,
    })
    const others = await othersOf(plane, c.get('admin').account, practice, users)
    c.header('etag', etagOf(version))
    return c.json(
      {
        ...{ version, total, nextCursor },
        members: members.map((member) => ({
          user: member.user,
          name: member.name,
          login: member.login,
          email: member.email,
          roles: [...member.roles],
          suspended: member.suspended,
          otherPractices: member.otherPractices,
          alsoIn: others.get(member.user) ?? [],
          sessions: sessions.get(member.user) ?? 0,
          factors: [...member.factors],
        })),
      },
      200,
    )
  })
  app.openapi(usersRoutes.saveRoles, async (c) => {
    const { practice, user } = c.req.valid('param')
    const { roles, reason, confirmPracticeName: typedName = null } = c.req.valid('json')
    await assertMayGive(plane, c.get('admin').account, { practice, user, roles })
    const ifVersion = revisionIn(c.req.valid('header')['if-match'])
    const deed = deedOf(c, plane, reason)
    const outcome = await setRoles(plane.store, { practice, user, ifVersion, deed, roles, typedName })
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
    const { reason, confirmPracticeName: typedName = null } = c.req.valid('json')
    const change = { ...c.req.valid('param'), ifVersion, deed: deedOf(c, plane, reason), typedName }
    return c.json(await suspension({ ...change, suspended: true }), 200)
  })
  app.openapi(usersRoutes.rejoin, async (c) => {
    const ifVersion = revisionIn(c.req.valid('header')['if-match'])
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    return c.json(await suspension({ ...c.req.valid('param'), ifVersion, deed, suspended: false }), 200)
  })
}
