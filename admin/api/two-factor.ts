/**
 * Answers of the 2FA Management tab: everyone with their second factor, and taking one away.
 *
 * What state somebody is in is `admin/two-factor/statuses.ts`; the reset is `admin/two-factor/reset.ts`. Invariant: why
 * it is required is told only of those whom the gates would ask, so the words never disagree with what happens.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Member } from '../../policies/access-request.ts'
import { readMembersVersion } from '../store/members.ts'
import { lastAnnounced } from '../store/publish-state.ts'
import { giveEnrolmentCode } from '../two-factor/enrolment-codes.ts'
import { resetTwoFactor } from '../two-factor/reset.ts'
import { type FactorStatus, listFactorStatuses } from '../two-factor/statuses.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { twoFactorRoutes } from './contract/two-factor.ts'
import { etagOf, mentions, pageOf } from './paging.ts'
import { concerns, type PolicyView } from './policy-views.ts'
import { invalid, refusal } from './refusals.ts'

/** By which part of the scope somebody has to have a second factor; `null`: they do not have to, as while it is monitored. */
function requiredBy({ document, snapshot }: PolicyView, status: FactorStatus) {
  const { mode, scope } = document.controls.twoFactor
  const member: Member = {
    ...{ user: status.user, name: status.name, login: status.login, roles: status.roles, email: null },
    ...{ suspended: false, epoch: 0 },
    ...{ factors: [], enrolBy: null, grants: [] },
  }
  if (mode !== 'enforce' || !concerns(snapshot, member, 'two-factor')) return null
  if (scope.include === 'everyone') return { everyone: true, roles: [], named: false }
  const { roles, users } = scope.include
  const inScope = roles.filter((id) => member.roles.includes(id) && !scope.exempt.roles.includes(id))
  return {
    everyone: false,
    roles: inScope.map((id) => document.roles.find((role) => role.id === id)?.name ?? id),
    named: users.includes(member.user),
  }
}

async function readStatuses(plane: ApiPlane, practice: string) {
  const view = await plane.views.read(practice)
  const at = plane.now()
  // The version is read first: statuses read after it can only be newer.
  const version = await plane.store.read((rows) => readMembersVersion(rows, practice))
  if (version === null) throw refusal('not-found', 'There is no such practice.')
  const statuses = await plane.store.read((rows) => listFactorStatuses(rows, practice, at))
  return { view, version, statuses }
}

const countsOf = (statuses: readonly FactorStatus[]) => {
  const counts = {
    off: 0,
    optional: 0,
    enabled: 0,
    'required-enabled': 0,
    'required-not-set-up': 0,
    locked: 0,
  }
  for (const { status } of statuses) counts[status] += 1
  return counts
}

/** Adds the answers. */
export function answerTwoFactor(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(twoFactorRoutes.list, async (c) => {
    const { practice } = c.req.valid('param')
    const query = c.req.valid('query')
    const { view, version, statuses } = await readStatuses(plane, practice)
    const found = statuses.filter(
      ({ name, login, status }) =>
        (query.status === undefined || status === query.status) && mentions(query.text, [name, login]),
    )
    const page = pageOf(found, ({ user }) => user, query)
    c.header('etag', etagOf(version))
    return c.json(
      {
        version,
        total: found.length,
        counts: countsOf(statuses),
        people: page.items.map((one) => ({
          user: one.user,
          name: one.name,
          login: one.login,
          roles: [...one.roles],
          status: one.status,
          methods: [...one.methods],
          deadline: one.deadline,
          lastVerifiedAt: one.lastVerifiedAt,
          enrolledAt: one.enrolledAt,
          recoveryCodesLeft: one.recoveryCodesLeft,
          requiredBy: requiredBy(view, one),
        })),
        nextCursor: page.nextCursor,
      },
      200,
    )
  })
  app.openapi(twoFactorRoutes.enrolmentCode, async (c) => {
    const { practice, user } = c.req.valid('param')
    const { reason, validMs } = c.req.valid('json')
    const wish = { practice, user, validMs }
    const given = await giveEnrolmentCode(plane.store, wish, deedOf(c, plane, reason))
    if (given === null)
      throw refusal('not-found', 'There is no such member in this practice who may come in.')
    return c.json(given, 200)
  })
  app.openapi(twoFactorRoutes.reset, async (c) => {
    const { practice, user } = c.req.valid('param')
    const { reason } = c.req.valid('json')
    const outcome = await resetTwoFactor(plane.store, { practice, user, reason }, deedOf(c, plane, reason))
    if (outcome.outcome === 'unknown') throw refusal('not-found', 'There is no such member in this practice.')
    if (outcome.outcome === 'nothing-to-reset')
      throw invalid([{ path: '', sentence: 'They have no second factor set up: there is nothing to reset.' }])
    const last = await plane.store.read((rows) => lastAnnounced(rows, practice))
    return c.json({ sequence: last ?? 0, sessions: outcome.sessionsEnded }, 200)
  })
}
