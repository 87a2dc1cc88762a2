/**
 * Who may be at the admin origin now, from here, for a practice: judged at each request by that practice's own policy.
 *
 * Which permission a route needs is the access table's. Invariant: it is `decide` that answers, for a person with the
 * gateway session that they came by and what they proved here; what would be refused by a control in monitor mode is
 * recorded and passes. While a change waits to be confirmed, whoever passes under the policy before it passes too: else
 * nobody whom it shuts out could take it back. Judging at sign-in alone was refused: hours end while somebody is in.
 */

import type { Member, Session, VerifiedFactor } from '../../policies/access-request.ts'
import type { Address } from '../../policies/address.ts'
import { compile } from '../../policies/compile.ts'
import { type Decision, type Reason, reasons } from '../../policies/decision.ts'
import type { Instant } from '../../policies/instant.ts'
import { loadSnapshot, type PolicySnapshot } from '../../policies/snapshot.ts'
import { momentText } from '../../policies/timetable-zone.ts'
import { reasonTexts } from '../../runtime/pages/texts.ts'
import { adminRoutes, decideForAdmin, flawlessSession, standIn } from '../admin-judging.ts'
import { epochIn } from '../sessions/session-epochs.ts'
import type { Admin } from '../sign-in/admin-sessions.ts'
import { readDeadline } from '../store/confirmations.ts'
import type { Store } from '../store/database.ts'
import { findMember } from '../store/members.ts'
import { readPolicy } from '../store/practices.ts'
import { applyRefusals } from '../store/reports.ts'
import { findRetired } from '../store/retired-practices.ts'
import type { PolicyViews } from './policy-views.ts'
import { type Refusal, refusal, stepUpPath } from './refusals.ts'

/** A request to be judged. `method`: of the request, for the record; `ofRetired`: it is answered of a retired practice too. */
export type Asking = {
  readonly ofRetired?: boolean
  readonly admin: Admin
  readonly practice: string
  readonly client: Address
  readonly method: string
}

/** Judges requests. `admit`: why somebody is refused, or `null`; the refusal of an ended session has ended it. */
export type Admission = { readonly admit: (asking: Asking) => Promise<Refusal | null> }

const later = (one: VerifiedFactor | null, other: VerifiedFactor | null): VerifiedFactor | null => {
  if (one === null || other === null) return one ?? other
  return one.verifiedAt >= other.verifiedAt ? one : other
}

/** An own account; one whose session a sealed code opened is let in from anywhere, at any hour, as in an emergency. */
const ownMember = ({ account, breakGlass, endsAt }: Admin, at: Instant): Member => ({
  ...standIn(account),
  grants: breakGlass ? [{ id: 'sealed-code', kind: 'break-glass', range: null, startsAt: at, endsAt }] : [],
})

/** The asker as the practice's policy sees them: the gateway session with what was proved and done here since. */
async function sessionOf(store: Store, { admin, practice }: Asking, at: Instant): Promise<Session> {
  const { account, gateway, factor, lastSeenAt } = admin
  if (gateway === null) return flawlessSession(ownMember(admin, at), at)
  const member = await store.read((rows) => findMember(rows, practice, account.id, at))
  const before =
    gateway.factor_method === null || gateway.factor_verified_at === null
      ? null
      : { method: gateway.factor_method, verifiedAt: gateway.factor_verified_at }
  return {
    kind: 'session',
    id: gateway.id,
    user: account.id,
    member,
    epoch: epochIn(gateway.epochs, practice),
    held: gateway.held,
    ended: gateway.ended_at !== null,
    startedAt: gateway.started_at,
    lastSeenAt: Math.max(gateway.last_seen_at, lastSeenAt),
    factor: later(factor, before),
    // A remembered device spares a factor in the application; here one was proved on the way in.
    deviceTrustedUntil: null,
    boundTo: null,
  }
}

/** The policy before one that waits to be confirmed; `null`: nothing waits. */
async function predecessorOf(
  store: Store,
  practice: string,
  revision: number,
  at: Instant,
): Promise<PolicySnapshot | null> {
  const before = await store.read(async (rows) => {
    const waiting = await readDeadline(rows, practice, revision)
    return waiting === null ? null : readPolicy(rows, practice, revision - 1)
  })
  const compiled = before === null ? null : compile(before.document, at, process.versions.tz)
  return compiled?.ok === true ? loadSnapshot(compiled.value, revision - 1, adminRoutes) : null
}

const cause = (reason: Reason): string => `${reasonTexts[reason].why} ${reasonTexts[reason].next}`

/** The refusal in words. `zone`: of the practice, to say when it opens. */
function refusalOf({ reason, control, verdict, opensAt }: Decision, zone: string): Refusal {
  const named = control === null ? {} : { control }
  if (control === 'two-factor')
    return refusal('step-up-required', cause(reason), { ...named, reason, stepUp: stepUpPath })
  if (control === 'session') return refusal('not-signed-in', cause(reason), { ...named, reason })
  if (verdict === 'unavailable')
    return refusal('control-plane-unavailable', cause(reason), { retryAfterMs: 2_000 })
  const opens = opensAt === null ? '' : ` It opens ${momentText(zone, opensAt)}.`
  const wait = opensAt === null ? {} : { opensAt }
  return refusal('access-refused', `${reasonTexts[reason].why}${opens}`, { ...named, reason, ...wait })
}

/** Asked of the few routes that read what is kept of a retired practice. */
const isRetired = async (store: Store, practice: string): Promise<boolean> =>
  (await store.read((rows) => findRetired(rows, practice))) !== null

const noLongerHere = (): Refusal =>
  refusal('not-found', 'This practice is no longer at Gatehouse. An operator can read what is kept of it.')

const recordedMax = 10_000

/** Judges by the policies of `views`; `end` ends an admin session that a policy has found to be over. */
export function createAdmission(parts: {
  readonly store: Store
  readonly views: PolicyViews
  readonly now: () => Instant
  readonly end: (session: string) => Promise<void>
}): Admission {
  const { store, views, now, end } = parts
  // Each reason once a minute: the pages ask for many things at once.
  const recorded = new Map<string, number>()
  const record = async (asking: Asking, decision: Decision, reason: Reason, monitored: boolean) => {
    const at = now()
    const { admin, practice, client, method } = asking
    const minute = Math.floor(at / 60_000)
    const key = `${admin.session} ${practice} ${client.text} ${reason}`
    if (recorded.get(key) === minute) return
    if (recorded.size >= recordedMax) recorded.clear()
    recorded.set(key, minute)
    const { control, verdict } = reasons[reason]
    await store.transaction((tx) =>
      applyRefusals(tx, [
        {
          ...{ kind: 'refusal', code: null, monitored, at, gateway: 'admin', practice, method },
          ...{ user: admin.account.id, session: admin.session, address: client.text, upstream: 'admin' },
          ...{ route: 'Security Management', verdict, reason, control, revision: decision.revision },
          failing: [reason],
        },
      ]),
    )
  }
  return {
    async admit(asking) {
      const { admin, practice, client } = asking
      const at = now()
      if (asking.ofRetired === true && (await isRetired(store, practice)))
        // Its policy is no longer in force: the account alone speaks.
        return admin.account.practices === 'every' ? null : noLongerHere()
      const view = await views.read(practice)
      const session = await sessionOf(store, asking, at)
      const decision = decideForAdmin(view.snapshot, session, client, at)
      for (const reason of decision.wouldRefuse) await record(asking, decision, reason, true)
      if (decision.verdict === 'permit') return null
      const before = await predecessorOf(store, practice, view.revision, at)
      if (before !== null && decideForAdmin(before, session, client, at).verdict === 'permit') return null
      await record(asking, decision, decision.reason, false)
      if (decision.control === 'session') await end(admin.session)
      return refusalOf(decision, view.document.practice.zone)
    },
  }
}
