/**
 * A refused request asked once more under what is in force now: newest policies, today's members, the session as it is.
 *
 * Not the replay (`replay.ts`): its answer may well differ, which is the point. Invariant: if the session itself is in
 * the way (ended, idle, waiting for a step), the same person is asked as freshly signed in, and that is said.
 */
import type { Member, PracticeId, Session } from '../policies/access-request.ts'
import type { Instant } from '../policies/instant.ts'
import type { RecordedQuestion } from '../runtime/records.ts'
import { askAgain, type Cure, type Failing, type Finding, freshSession, snapshotOf } from './asked-again.ts'
import type { Rows } from './store/database.ts'
import { readMembers } from './store/members.ts'
import { findRevision, membershipsOf, type StoredRefusal } from './store/refusals.ts'
import { findSessionById, type SessionRow, sessionRecordOf } from './store/sessions.ts'

/** What the same request would be answered now. */
export type AskedNow = {
  readonly at: Instant
  /** `after-sign-in`: it passes once the person has signed in again, or their held sign-in went on. */
  readonly verdict: 'passes' | 'after-sign-in' | 'refused'
  readonly policies: readonly { readonly practice: PracticeId; readonly revision: number }[]
  readonly failing: readonly Failing[]
  readonly cures: readonly Cure[]
}

/** Practices the request is about now: those it named, or every membership. */
async function practicesNow(
  rows: Rows,
  user: string,
  { resolved, practices }: RecordedQuestion,
): Promise<readonly PracticeId[]> {
  if (resolved) return practices.map(({ practice }) => practice)
  const named = practices.filter(({ member }) => member === null).map(({ practice }) => practice)
  return [...new Set([...(await membershipsOf(rows, user)), ...named])]
}

const own = (of: Readonly<Record<PracticeId, number>>, practice: PracticeId): number | null =>
  Object.hasOwn(of, practice) ? (of[practice] ?? null) : null

const sessionNow = (
  row: SessionRow,
  practice: PracticeId,
  member: Member | null,
  boundTo: string | null,
): Session => {
  const record = sessionRecordOf(row)
  return {
    kind: 'session',
    id: row.id,
    user: row.user_id,
    member,
    epoch: own(record.epochs, practice) ?? 0,
    held: record.held,
    ended: record.ended !== null,
    startedAt: record.startedAt,
    lastSeenAt: row.last_seen_at,
    factor: record.factor,
    deviceTrustedUntil: own(record.trustedDevices, practice),
    boundTo,
  }
}

const isInTheWay = ({ failing }: Finding): boolean =>
  failing.some(({ control, monitored }) => control === 'session' && !monitored)

/** The request of a refusal asked at `at`; `null`: nobody known asked, or a policy is gone or does not compile. */
export async function askNow(
  rows: Rows,
  row: StoredRefusal,
  question: RecordedQuestion,
  at: Instant,
): Promise<AskedNow | null> {
  const { user_id: user, session: sessionId, address } = row
  if (user === null || question.session === null) return null
  const live = sessionId === null ? null : await findSessionById(rows, sessionId)
  const { boundTo } = question.session
  const asIs = []
  const fresh = []
  for (const practice of await practicesNow(rows, user, question)) {
    const stored = await findRevision(rows, practice, 'newest')
    const snapshot = stored === null ? null : snapshotOf(stored, question, at)
    if (snapshot === null || typeof snapshot === 'string') return null
    const members = (await readMembers(rows, practice, at))?.members ?? []
    const member = members.find((one) => one.user === user) ?? null
    if (live !== null) asIs.push({ snapshot, session: sessionNow(live, practice, member, boundTo) })
    fresh.push({ snapshot, session: freshSession(user, member, address, at) })
  }
  const first = askAgain(question, asIs, row, at)
  const isFirst = first !== null && !isInTheWay(first)
  const finding = isFirst ? first : askAgain(question, fresh, row, at)
  if (finding === null) return null
  const { decision, failing, cures } = finding
  return {
    at,
    verdict: decision.verdict !== 'permit' ? 'refused' : isFirst ? 'passes' : 'after-sign-in',
    policies: fresh.map(({ snapshot }) => ({ practice: snapshot.practice.id, revision: snapshot.revision })),
    failing,
    cures,
  }
}
