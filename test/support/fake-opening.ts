/**
 * The session that the control plane of gateway tests opens: whose it is, its epochs, and what it inherits.
 *
 * It follows `admin/sessions/session-opening.ts` without a database; epochs of a sign-in that a proxy tells of are that file's own.
 */

import { epochAtOpening } from '../../admin/sessions/session-opening.ts'
import type { Member } from '../../policies/access-request.ts'
import type { OpenSession } from '../../runtime/internal.ts'
import type { SessionRecord } from '../../runtime/records.ts'

/** What opening looks at. `revokedAt` by `practice user`. */
export type OpeningState = {
  readonly now: () => number
  readonly members: ReadonlyMap<string, { readonly list: readonly Member[] }>
  readonly sessions: ReadonlyMap<string, { readonly record: SessionRecord }>
  readonly revokedAt: ReadonlyMap<string, number>
}

/** A credential that no sign-in was seen of inherits how the session it came with has ended, as the real one does. */
const inheritedEnd = (state: OpeningState, request: OpenSession, user: string): SessionRecord['ended'] => {
  if (request.method !== 'adopted' && request.method !== 'trusted-header') return null
  if (request.cookieHash === null) return null
  const before = [...state.sessions.values()].findLast(
    ({ record }) => record.cookieHash === request.cookieHash && record.user === user,
  )
  return before?.record.ended ?? null
}

/** A sign-in over a session of the same person keeps a factor that was proved a moment ago, as with the real one. */
const keptFactor = (
  state: OpeningState,
  { replaces }: OpenSession,
  user: string,
): SessionRecord['factor'] => {
  const before = replaces === null ? undefined : state.sessions.get(replaces)?.record
  if (before === undefined || before.user !== user || before.ended !== null) return null
  const { factor } = before
  return factor !== null && state.now() - factor.verifiedAt < 600_000 ? factor : null
}

const epochOf = (state: OpeningState, request: OpenSession, practice: string, { user, epoch }: Member) => {
  // Revoked or not: no test of adopted cookies waits 30 days.
  if (request.method === 'adopted') return 0
  const revokedAt = state.revokedAt.get(`${practice} ${user}`) ?? null
  return epochAtOpening({ epoch, revokedAt }, request, state.now())
}

/** The record of a session just opened for `person`. */
export const openedRecord = (
  state: OpeningState,
  request: OpenSession,
  person: { readonly user: string; readonly roles: Readonly<Record<string, unknown>> },
): SessionRecord => {
  const epochs: Record<string, number> = {}
  for (const practice of Object.keys(person.roles)) {
    const member = state.members.get(practice)?.list.find(({ user }) => user === person.user)
    if (member !== undefined) epochs[practice] = epochOf(state, request, practice, member)
  }
  return {
    id: `ses_${state.sessions.size + 1}`,
    upstream: request.upstream,
    user: person.user,
    appUser: request.identity.appUser,
    method: request.method,
    epochs,
    cookieHash: request.cookieHash,
    startedAt: state.now(),
    absoluteDeadline: state.now() + 30 * 86_400_000,
    held: false,
    ended: inheritedEnd(state, request, person.user),
    factor: keptFactor(state, request, person.user),
    trustedDevices: {},
    address: request.address,
  }
}
