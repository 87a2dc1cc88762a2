/**
 * The page of one's own sessions, requests and refusals, and the forms that end sessions.
 *
 * What may be seen is `store/own-account.ts`'s, ending is `own-sessions.ts`'s. Invariant: it is for somebody who is in, with every
 * step done: whoever holds only a stolen password sees no address of its owner and ends nothing. What was done is told by one
 * short word in the address, of a closed grammar, so that a reload does nothing again.
 */
import { accountTexts } from '../../runtime/pages/texts-account.ts'
import { labels } from '../../runtime/pages/texts-labels.ts'
import { deviceName } from '../api/networks.ts'
import { endOwnSessions } from '../sessions/own-sessions.ts'
import { type OwnAccount, type OwnRequest, type OwnSession, readOwnAccount } from '../store/own-account.ts'
import { findSession } from '../store/sessions.ts'
import { standingOf } from '../two-factor/enrolment.ts'
import { accountPage, type ShownRefusal, type ShownRequest, type ShownSession } from './account-page.ts'
import type { PortalForm } from './forms.ts'
import { type PersonFacts, readPersonFacts } from './person-facts.ts'
import { frameOf, pageOf, type Visitor } from './visitor.ts'

/** A mark for leave that never ends (`never` of `policies/instant.ts` is further than any calendar). */
const farAhead = 4_102_444_800_000

const isIn = async ({ portal, visit }: Visitor): Promise<boolean> =>
  visit.reason === null &&
  visit.adminEntry === null &&
  (await portal.parts.store.read((rows) => findSession(rows, visit.tokenHash)))?.held === false

const sessionOf = (session: OwnSession, { visit }: Visitor, { moment }: PersonFacts): ShownSession => ({
  ...{ id: session.id, device: deviceName(session.device), address: session.address, held: session.held },
  started: moment(session.startedAt),
  lastSeen: moment(session.lastSeenAt),
  way: `${accountTexts.ways[session.method]}${session.factor === null ? '' : ' and a second factor'}`,
  isThis: session.tokenHash === visit.tokenHash,
})

const shownMax = 10

/** The one that they look from first; of somebody who has very many, the newest. */
const shownSessions = (sessions: readonly OwnSession[], visitor: Visitor, facts: PersonFacts) => {
  const all = sessions.map((session) => sessionOf(session, visitor, facts))
  const sorted = [...all.filter(({ isThis }) => isThis), ...all.filter(({ isThis }) => !isThis)]
  return { sessions: sorted.slice(0, shownMax), more: Math.max(0, sorted.length - shownMax) }
}

const until = (endsAt: number, { moment }: PersonFacts): string =>
  endsAt >= farAhead ? labels.withoutAnEnd : `Until ${moment(endsAt)}`

const marks = { pending: 'wait', approved: 'good', rejected: 'stop' } as const
const statusTexts: Readonly<Record<OwnRequest['status'], string>> = {
  pending: labels.pending,
  approved: labels.approved,
  rejected: labels.rejected,
  withdrawn: labels.takenBack,
  expired: labels.notDecidedInTime,
  lapsed: labels.hasEnded,
}

const requestOf = (request: OwnRequest, facts: PersonFacts): ShownRequest => {
  const { status, kind, network, practiceName, note, grantEndsAt, askedAt } = request
  return {
    title: `${practiceName}: ${kind === 'ip' ? `from ${network}` : 'outside the hours'}`,
    status: statusTexts[status],
    mark: status === 'pending' || status === 'approved' || status === 'rejected' ? marks[status] : 'calm',
    notes: [
      `Asked ${facts.moment(askedAt)}`,
      ...(status === 'approved' && grantEndsAt !== null ? [until(grantEndsAt, facts)] : []),
      ...(note === '' ? [] : [note]),
    ],
  }
}

const leaveOf = (leave: OwnAccount['leave'][number], facts: PersonFacts): ShownRequest => {
  const { practiceName, kind, range, endsAt } = leave
  const what = {
    ip: range === null ? 'from anywhere' : `from ${range}`,
    time: 'outside the hours',
    'break-glass': 'emergency access',
  }[kind]
  return {
    title: `${practiceName}: ${what}`,
    status: labels.allowed,
    mark: 'good',
    notes: [until(endsAt, facts)],
  }
}

/** Leave that a listed request has brought is told with the request alone. */
const requestsOf = ({ requests, leave }: OwnAccount, facts: PersonFacts): readonly ShownRequest[] => {
  const told = new Set(
    requests
      .filter(({ status }) => status === 'approved')
      .map(({ practiceName, kind, grantEndsAt }) => `${practiceName} ${kind} ${grantEndsAt}`),
  )
  const other = leave.filter(
    ({ practiceName, kind, endsAt }) => !told.has(`${practiceName} ${kind} ${endsAt}`),
  )
  return [...other.map((one) => leaveOf(one, facts)), ...requests.map((one) => requestOf(one, facts))]
}

const saidOf = (word: string | undefined): string | null => {
  const count = Number(/^ended-(\d{1,3})$/.exec(word ?? '')?.[1] ?? Number.NaN)
  return Number.isNaN(count) ? null : accountTexts.ended(count)
}

/** The page; whoever still owes a step is led to it. */
export async function showAccount(visitor: Visitor): Promise<Response> {
  const { portal, c, visit, address, at } = visitor
  if (!(await isIn(visitor))) return portal.answers.seeOther('/')
  const { store } = portal.parts
  const facts = await readPersonFacts(store, visit, at)
  const account = await store.read((rows) => readOwnAccount(rows, visit.user, at))
  const standing = await standingOf(store, visit, address, at)
  const refusals = account.refusals.map(
    ({ at: when, practiceName, ...rest }): ShownRefusal => ({
      ...rest,
      practice: practiceName,
      when: facts.moment(when),
    }),
  )
  const html = accountPage({
    frame: frameOf(visitor),
    ...shownSessions(account.sessions, visitor, facts),
    said: saidOf(c.req.query('said')),
    factors: standing.factors.length,
    recoveryCodesLeft: standing.recoveryCodesLeft,
    requests: requestsOf(account, facts),
    refusals,
  })
  return pageOf(visitor, 200, html)
}

/** Ends one other session, or all others. */
export async function takeEnding(visitor: Visitor, form: PortalForm): Promise<Response> {
  const { portal, visit, address, at } = visitor
  if (!(await isIn(visitor))) return portal.answers.seeOther('/')
  const wished = form.get('session')
  const deed = { user: visit.user, name: visit.name, address, at }
  const wish = wished === 'others' ? 'others' : { only: wished }
  const ended = await endOwnSessions(portal.parts.store, deed, visit.tokenHash, wish)
  if (ended > 0) portal.parts.changed()
  return portal.answers.seeOther(`/account?said=ended-${Math.min(ended, 999)}`)
}
