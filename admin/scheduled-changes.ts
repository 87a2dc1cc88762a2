/**
 * Changes that wait for their time: "enforce from Monday 06:00".
 *
 * Each is a draft of settings, applied by a job to the policy of that moment through `policy-edit.ts`, so that what others
 * saved meanwhile stays, and the guard is asked again. Invariant: it comes into force once or not at all, with an event
 * either way; what its maker may not do any more, or would lock somebody out by then, does not. Nobody is there to
 * confirm it at its time, so what the guard lets through holds (decision 11). Writing the start into the document was
 * refused: gateways would each have to switch, and none could ask the guard.
 */

import type { Instant } from '../policies/instant.ts'
import { momentText } from '../policies/timetable-zone.ts'
import { newToken } from '../runtime/token.ts'
import { holds } from './api/access.ts'
import { type Deed, eventOf } from './deed.ts'
import { securityAdmins, securityPermission } from './directory/security-admins.ts'
import { queueMail } from './notify/mail-queue.ts'
import { applySettings, type SettingsDraft, settingsDraftSchema } from './policy-draft.ts'
import { type EditOutcome, editPolicy } from './policy-edit.ts'
import { findAdmin } from './store/admin-accounts.ts'
import type { Store, Tx } from './store/database.ts'
import { appendEvent, type Target } from './store/events.ts'
import { listMailAddresses, readMembers } from './store/members.ts'
import { lockPractice, readPolicy } from './store/practices.ts'
import {
  findScheduled,
  insertScheduled,
  listDue,
  type Scheduled,
  settleScheduled,
} from './store/scheduled.ts'

/** To how many people of a practice a notice is mailed at most. */
const toldMax = 2_000

/** How many may wait in a practice. */
export const waitingMax = 20

/** A change to keep until its time. `changes`: what it comes to as it stands, in words. */
export type ToSchedule = {
  readonly practice: string
  readonly startsAt: Instant
  readonly draft: SettingsDraft
  readonly changes: readonly string[]
  readonly notice: string
  readonly overridden: boolean
  readonly deed: Deed
}

const targetOf = ({ id, changes }: Pick<Scheduled, 'id' | 'changes'>): Target => ({
  kind: 'scheduled-change',
  id,
  name: changes[0] ?? id,
})

/** Mails the notice of a change, or that it will not come, to the members it was written for; without a notice nobody. */
async function tellMembers(
  tx: Tx,
  { practice, notice, changes, startsAt, outcome }: Scheduled,
  at: Instant,
): Promise<void> {
  const policy = notice === '' ? null : await readPolicy(tx, practice)
  if (policy === null) return
  const { name, zone } = policy.document.practice
  const when = momentText(zone, startsAt)
  const isOff = outcome !== null
  const text = isOff
    ? `What was announced for ${when} will not come into force. Nothing changes for you.`
    : `${notice}\n\nFrom ${when} on:\n${changes.map((change) => `- ${change}`).join('\n')}`
  const subject = isOff ? `${name}: no change of access on ${when}` : `${name}: access changes on ${when}`
  for (const to of await listMailAddresses(tx, practice, toldMax))
    await queueMail(tx, { to, subject, text }, at)
}

/** Keeps a change until its time; `full`: too many wait, `unknown`: no such practice, `not-a-person`: nobody to answer for it. */
export function scheduleChange(
  store: Store,
  wish: ToSchedule,
): Promise<Scheduled | 'full' | 'unknown' | 'not-a-person'> {
  const { practice, deed, startsAt, draft, changes, notice, overridden } = wish
  const { kind } = deed.actor
  return store.transaction(async (tx) => {
    if (kind !== 'admin' && kind !== 'user' && kind !== 'cli') return 'not-a-person'
    if ((await lockPractice(tx, practice)) === null) return 'unknown'
    const made = await insertScheduled(
      tx,
      {
        ...{ id: `chg_${newToken().slice(0, 22)}`, practice, startsAt, draft, changes, notice, overridden },
        ...{ reason: deed.reason ?? null, address: deed.address ?? null, createdAt: deed.at },
        actor: { kind, id: deed.actor.id, name: deed.actor.name },
      },
      waitingMax,
    )
    if (made === null) return 'full'
    await tellMembers(tx, made, deed.at)
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'policy.scheduled',
      target: targetOf(made),
      before: null,
      after: { startsAt: new Date(startsAt).toISOString(), changes, ...(notice === '' ? {} : { notice }) },
    })
    return made
  })
}

/** Cancels a change that still waits; `false`: there is none such. */
export function cancelScheduled(
  store: Store,
  { practice, id, deed }: { readonly practice: string; readonly id: string; readonly deed: Deed },
): Promise<boolean> {
  return store.transaction(async (tx) => {
    if ((await lockPractice(tx, practice)) === null) return false
    const found = await findScheduled(tx, id)
    if (found === null || found.practice !== practice) return false
    if (!(await settleScheduled(tx, id, 'cancelled', null, deed.at))) return false
    await tellMembers(tx, { ...found, outcome: 'cancelled' }, deed.at)
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'policy.schedule-cancelled',
      target: targetOf(found),
      before: { startsAt: new Date(found.startsAt).toISOString() },
      after: null,
    })
    return true
  })
}

/** What became of one at its time. */
export type SettledChange = {
  readonly practice: string
  readonly applied: boolean
  readonly sentence: string | null
}

/** The deed of its maker, now: the guard judges them, the event names them. */
const deedOf = ({ actor, reason, address }: Scheduled, at: Instant): Deed => ({
  ...{ actor, origin: 'auto', at, address },
  reason: reason === null ? 'scheduled' : `scheduled: ${reason}`,
})

/** Whether its maker may still change security settings there; whoever works at the command line may. */
async function mayStill(tx: Tx, { practice, actor }: Scheduled, at: Instant): Promise<boolean> {
  if (actor.kind === 'cli') return true
  if (actor.kind === 'admin') {
    const account = await findAdmin(tx, actor.id)
    return account !== null && !account.suspended && holds(account, practice, securityPermission)
  }
  const policy = await readPolicy(tx, practice)
  const known = await readMembers(tx, practice, at)
  if (policy === null || known === null) return false
  return securityAdmins(policy.document, known.members).some(({ user }) => user === actor.id)
}

/** Why it did not come into force; `null`: it did, or waits on. */
function whyNot(outcome: EditOutcome): string | null {
  switch (outcome.outcome) {
    case 'saved':
    case 'unchanged':
    case 'confirmation-pending':
      return null
    case 'lockout-risk':
      return `it would have locked out ${[...new Set(outcome.lockedOut.map(({ name }) => name))].join(', ')}`
    case 'last-security-admin':
      return 'nobody would have been left who may change security settings'
    case 'sealed-codes-first':
      return 'nobody else could have taken it back, and no sealed codes had been made'
    case 'problems':
      return outcome.problems
        .map(({ sentence }) => sentence)
        .join('; ')
        .slice(0, 500)
    case 'unknown-practice':
    case 'conflict':
    case 'weakens':
      return 'the practice could not be edited'
  }
}

/** Notes that it did not come into force, unless somebody was faster. */
function refuse(store: Store, due: Scheduled, sentence: string, at: Instant): Promise<boolean> {
  return store.transaction(async (tx) => {
    await lockPractice(tx, due.practice)
    if (!(await settleScheduled(tx, due.id, 'refused', sentence, at))) return false
    await tellMembers(tx, { ...due, outcome: 'refused' }, at)
    await appendEvent(tx, {
      ...eventOf(deedOf(due, at)),
      practice: due.practice,
      action: 'policy.schedule-refused',
      target: targetOf(due),
      before: null,
      after: { why: sentence },
    })
    return true
  })
}

async function settle(store: Store, due: Scheduled, at: Instant): Promise<SettledChange | null> {
  const { id, practice } = due
  const parsed = settingsDraftSchema.safeParse(due.draft)
  let isAllowed = true
  let isOurs = false
  const outcome = parsed.success
    ? await editPolicy(store, {
        ...{ practice, ifRevision: null, deed: deedOf(due, at), isUnattended: true },
        action: 'policy.schedule-applied',
        target: targetOf(due),
        notes: { scheduled: id },
        typedName: due.overridden ? await nameOf(store, practice) : null,
        change: (document) => applySettings(document, parsed.data),
        isWanted: async (tx) => {
          isAllowed = await mayStill(tx, due, at)
          isOurs = (await findScheduled(tx, id))?.settledAt === null
          return isAllowed && isOurs
        },
        alongside: async (tx) => void (await settleScheduled(tx, id, 'applied', null, at)),
      })
    : null
  if (outcome?.outcome === 'confirmation-pending') return null
  if (outcome?.outcome === 'saved') return { practice, applied: true, sentence: null }
  const why = !isAllowed
    ? `${due.actor.name} may not change security settings any more`
    : outcome === null
      ? 'this version does not know what was to be changed'
      : outcome.outcome === 'unchanged' && isOurs
        ? 'it was like that already'
        : whyNot(outcome)
  if (why === null || !(await refuse(store, due, why, at))) return null
  return { practice, applied: false, sentence: why }
}

async function nameOf(store: Store, practice: string): Promise<string | null> {
  return (await store.read((rows) => readPolicy(rows, practice)))?.document.practice.name ?? null
}

/**
 * Brings into force whose time has come by `at`, earliest first; those that wait behind a change which is not confirmed
 * yet come again with the next round. A failure of one leaves the others.
 */
export async function settleDue(store: Store, at: Instant): Promise<readonly SettledChange[]> {
  const settled: SettledChange[] = []
  const failures: unknown[] = []
  for (const due of await store.read((rows) => listDue(rows, at)))
    await settle(store, due, at).then(
      (one) => one !== null && settled.push(one),
      (error: unknown) => failures.push(error),
    )
  if (settled.length === 0 && failures.length > 0) throw failures[0]
  return settled
}
