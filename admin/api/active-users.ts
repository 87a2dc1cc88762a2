/**
 * Answers of the Active Users tab: who is in now, and ending it.
 *
 * What ends it is `admin/sessions/revocations.ts`. Invariant: of practices that the reading admin holds no permission
 * in only their number is told; every revocation answers the number by which its spread can be followed.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { parseAddress, parseRange, rangeContains } from '../../policies/address.ts'
import type { Instant } from '../../policies/instant.ts'
import {
  type MayRevoke,
  type RevocationOutcome,
  revokeEveryoneBut,
  revokeSession,
  revokeUser,
  revokeUserEverywhere,
} from '../sessions/revocations.ts'
import type { Admin, Administrator } from '../sign-in/admin-sessions.ts'
import { type ActiveSession, type ActiveUser, listActiveUsers } from '../store/active-users.ts'
import { listPractices } from '../store/practices.ts'
import { holds, permissionsIn } from './access.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { type ActiveQuery, activeUsersRoutes } from './contract/active-users.ts'
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

const lastAdminSentence = 'This is the only security admin of a practice. Make somebody else one first.'

const revokedAnswer = (outcome: RevocationOutcome, who: string) => {
  switch (outcome.outcome) {
    case 'revoked':
      return { sequence: outcome.announced, sessions: outcome.sessions }
    case 'unknown':
      throw refusal('not-found', `There is no such ${who} in this practice.`)
    case 'last-security-admin':
      throw refusal('last-security-admin', lastAdminSentence)
    case 'not-everywhere':
      throw refusal(
        'not-permitted',
        'This person has a practice in which you may not end sessions. End their access to this practice alone.',
      )
  }
}

const mayRevokeOf =
  ({ account }: Admin): MayRevoke =>
  (practice) =>
    holds(account, practice, 'gw.sessions.revoke')

const isFactor = ({ factor }: ActiveSession, wanted: ActiveQuery['factor']): boolean => {
  if (wanted === undefined) return true
  if (wanted === 'none') return factor === null
  return factor !== null && (wanted === 'any' || factor.method === wanted)
}

/** Whether a session is one of those looked for. */
function fits(session: ActiveSession, query: ActiveQuery, at: Instant): boolean {
  const range = query.address === undefined ? null : (parseRange(query.address)?.range ?? null)
  const address = parseAddress(session.address)
  return (
    (query.method === undefined || session.method === query.method) &&
    isFactor(session, query.factor) &&
    (range === null || (address !== null && rangeContains(range, address))) &&
    mentions(query.device, [deviceName(session.device)]) &&
    (query.idleMs === undefined || at - session.lastSeenAt >= query.idleMs) &&
    (query.held === undefined || session.held === (query.held === 'yes'))
  )
}

/** The people looked for, each with those of their sessions that are. */
const foundIn = (all: readonly ActiveUser[], query: ActiveQuery, at: Instant): readonly ActiveUser[] =>
  all
    .filter(({ practices }) =>
      query.practices === undefined ? true : practices.length > 1 === (query.practices === 'several'),
    )
    .map((user) => ({ ...user, sessions: user.sessions.filter((session) => fits(session, query, at)) }))
    .filter(({ name, login, email, sessions }) =>
      sessions.length === 0
        ? false
        : mentions(query.text, [name, login, email, ...sessions.map(({ address }) => address)]),
    )

/** Adds the answers. */
export function answerActiveUsers(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(activeUsersRoutes.list, async (c) => {
    const { practice } = c.req.valid('param')
    const query = c.req.valid('query')
    const view = await plane.views.read(practice)
    const visible = await visibleNames(plane, c.get('admin').account)
    const at = plane.now()
    const own = c.get('admin').gateway?.id ?? null
    const alone = query.user === undefined ? {} : { users: [query.user] }
    const all = await plane.store.read((rows) =>
      listActiveUsers(rows, practice, at, { document: view.document, ...alone }),
    )
    const found = foundIn(all, query, at)
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
  answerRevocations(app, plane)
}

function answerRevocations(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(activeUsersRoutes.revokeSession, async (c) => {
    const { practice, id: session } = c.req.valid('param')
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    const mayRevoke = mayRevokeOf(c.get('admin'))
    const outcome = await revokeSession(plane.store, { practice, session, mayRevoke, deed })
    return c.json(revokedAnswer(outcome, 'live session'), 200)
  })
  app.openapi(activeUsersRoutes.revokeUser, async (c) => {
    const { practice, user } = c.req.valid('param')
    const { block, reason } = c.req.valid('json')
    const deed = deedOf(c, plane, reason)
    const outcome = await revokeUser(plane.store, { practice, user, block, deed })
    return c.json(revokedAnswer(outcome, 'member'), 200)
  })
  app.openapi(activeUsersRoutes.revokeEverywhere, async (c) => {
    const { practice, user } = c.req.valid('param')
    const { block, reason } = c.req.valid('json')
    const wish = { practice, user, block, deed: deedOf(c, plane, reason) }
    const mayRevoke = mayRevokeOf(c.get('admin'))
    const outcome = await revokeUserEverywhere(plane.store, { ...wish, mayRevoke })
    return c.json(revokedAnswer(outcome, 'member'), 200)
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
