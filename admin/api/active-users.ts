/**
 * Answers of the Active Users tab: who is in now, and ending it.
 *
 * What ends it is `admin/revocations.ts`. Invariant: of practices that the reading admin holds no permission
 * in only their number is told; every revocation answers the number by which its spread can be followed.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { parseAddress } from '../../policies/address.ts'
import type { Instant } from '../../policies/instant.ts'
import { type RevocationOutcome, revokeEveryoneBut, revokeSession, revokeUser } from '../revocations.ts'
import { securityAdmins } from '../security-admins.ts'
import type { Administrator } from '../sign-in/admin-sessions.ts'
import { type ActiveSession, type ActiveUser, listActiveUsers } from '../store/active-users.ts'
import { readMembers } from '../store/members.ts'
import { listPractices } from '../store/practices.ts'
import { permissionsIn } from './access.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { activeUsersRoutes } from './contract/active-users.ts'
import { deviceName } from './networks.ts'
import { mentions, pageOf } from './paging.ts'
import { askAddress, type PolicyView } from './policy-views.ts'
import { refusal } from './refusals.ts'

type Names = ReadonlyMap<string, string>

const networkOf = (view: PolicyView, user: ActiveUser, text: string, at: Instant): string | null => {
  const address = parseAddress(text)
  if (address === null) return null
  const member = {
    user: user.user,
    name: user.name,
    login: user.login,
    email: user.email,
    roles: user.roles,
    suspended: user.suspended,
    epoch: 0,
    factors: [],
    enrolBy: null,
    grants: [],
  }
  return askAddress(view.snapshot, member, address, at).entry?.label ?? null
}

const sessionAnswer = (
  session: ActiveSession,
  user: ActiveUser,
  visible: Names,
  view: PolicyView,
  by: { readonly at: Instant; readonly own: string | null },
) => ({
  ...session,
  network: networkOf(view, user, session.address, by.at),
  device: deviceName(session.device),
  practices: user.practices.flatMap((id) => {
    const name = visible.get(id)
    return name === undefined ? [] : [{ id, name }]
  }),
  mine: session.id === by.own,
})

async function visibleNames(plane: ApiPlane, account: Administrator): Promise<Names> {
  const all = await plane.store.read(listPractices)
  return new Map(
    all.filter(({ id }) => permissionsIn(account, id).size > 0).map(({ id, name }) => [id, name]),
  )
}

const revokedAnswer = (outcome: RevocationOutcome, who: string) => {
  if (outcome.outcome === 'unknown') throw refusal('not-found', `There is no such ${who} in this practice.`)
  return { sequence: outcome.announced, sessions: outcome.sessions }
}

/** Blocking is suspending: the last security admin cannot be shut out by it. */
async function assertNotLast(plane: ApiPlane, practice: string, user: string): Promise<void> {
  const { document } = await plane.views.read(practice)
  const found = await plane.store.read((rows) => readMembers(rows, practice, plane.now()))
  const admins = securityAdmins(document, found?.members ?? [])
  if (admins.length === 1 && admins[0]?.user === user)
    throw refusal(
      'last-security-admin',
      `${admins[0].name} is the only security admin here. Make somebody else one first.`,
    )
}

/** Adds the answers. */
export function answerActiveUsers(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(activeUsersRoutes.list, async (c) => {
    const { practice } = c.req.valid('param')
    const query = c.req.valid('query')
    const view = await plane.views.read(practice)
    const visible = await visibleNames(plane, c.get('admin').account)
    const at = plane.now()
    const own = c.get('admin').gateway?.id ?? null
    const all = await plane.store.read((rows) => listActiveUsers(rows, practice, at))
    const found = all.filter(({ name, login, email, sessions }) =>
      mentions(query.text, [name, login, email, ...sessions.map(({ address }) => address)]),
    )
    const page = pageOf(found, ({ user }) => user, query)
    const users = page.items.map((user) => {
      const { practices, sessions, ...person } = user
      return {
        ...person,
        roles: [...person.roles],
        otherPractices: practices.length - 1,
        sessions: sessions.map((session) => sessionAnswer(session, user, visible, view, { at, own })),
      }
    })
    return c.json({ total: found.length, users, nextCursor: page.nextCursor }, 200)
  })
  app.openapi(activeUsersRoutes.revokeSession, async (c) => {
    const { practice, id: session } = c.req.valid('param')
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    const outcome = await revokeSession(plane.store, { practice, session, deed })
    return c.json(revokedAnswer(outcome, 'live session'), 200)
  })
  app.openapi(activeUsersRoutes.revokeUser, async (c) => {
    const { practice, user } = c.req.valid('param')
    const { block, reason } = c.req.valid('json')
    if (block) await assertNotLast(plane, practice, user)
    const deed = deedOf(c, plane, reason)
    return c.json(
      revokedAnswer(await revokeUser(plane.store, { practice, user, block, deed }), 'member'),
      200,
    )
  })
  app.openapi(activeUsersRoutes.revokeAllButMine, async (c) => {
    const { practice } = c.req.valid('param')
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    const { account } = c.get('admin')
    const keep = account.kind === 'user' ? account.id : null
    const outcome = await revokeEveryoneBut(plane.store, { practice, keep, deed })
    return c.json(revokedAnswer(outcome, 'practice'), 200)
  })
}
