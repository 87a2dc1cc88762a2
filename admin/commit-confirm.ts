/**
 * Commit-confirm: a save that can refuse somebody holds ten minutes, unless confirmed from where the new policy lets
 * its confirmer pass (SPEC §4). Who confirms is judged as the lockout guard judges: address and hour, by `decide`. Not
 * judged are a second factor and an own account's roles: it has none, so only what concerns everyone concerns it.
 *
 * Gateways fall back by themselves at the deadline (`signed-records.ts` gives them the predecessor); here the record
 * follows. Invariant: whoever settles writes the next revision while holding the practice, so of several one wins, and
 * at or after the deadline nobody can confirm any more. A timer in memory was refused: it would not survive a restart.
 */
import { describeChanges } from '../policies/document-changes.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import { momentText } from '../policies/timetable-zone.ts'
import { type Deed, ownDeed } from './deed.ts'
import { refusalOfActing } from './lockout.ts'
import { tellReverted } from './notify/notices.ts'
import { differenceOf } from './policy-diff.ts'
import { saveRevision } from './policy-saving.ts'
import { listOverdue, readDeadline, type Unconfirmed, waitingNote } from './store/confirmations.ts'
import type { Rows, Store, Tx } from './store/database.ts'
import { type ListedEvent, listEvents, type Target } from './store/events.ts'
import { readMembers } from './store/members.ts'
import { findNewestRevision, lockPractice, readPolicy, type SavedPolicy } from './store/practices.ts'

/** To settle what waits. `revision`: the one that waits, as its settler saw it. */
export type Settling = { readonly practice: string; readonly revision: number; readonly deed: Deed }

/** What became of it. Nothing was changed unless `settled`; `refused` says why in half a sentence. */
export type Settled =
  | { readonly outcome: 'settled'; readonly revision: number; readonly announced: number }
  | { readonly outcome: 'unknown-practice' }
  | { readonly outcome: 'nothing-waits'; readonly revision: number }
  | { readonly outcome: 'overdue'; readonly confirmBy: Instant }
  | { readonly outcome: 'refused'; readonly sentence: string }

/** A change in words. `turnedOn`: it switched a control to enforce, so that taking it back switches that off. */
type Change = { readonly name: string; readonly turnedOn: boolean; readonly event: ListedEvent | null }

const controls: Readonly<Record<string, string>> = {
  'control.ip.changed': 'IP allowlist',
  'control.time.changed': 'Time windows',
  'control.two-factor.changed': 'Two-factor',
  'control.permission.changed': 'Permission control',
}

type Values = Readonly<Record<string, unknown>>

const valuesOf = (side: unknown): Values =>
  typeof side === 'object' && side !== null ? (side as Values) : {}

/**
 * The event of a revision that `fits`; `null`: not among those of its instant. Numbers alone would not do: events of
 * people carry the members' version in the same field.
 */
async function eventOfRevision(
  rows: Rows,
  { practice, revision, savedAt }: Pick<Unconfirmed, 'practice' | 'revision' | 'savedAt'>,
  fits: (event: ListedEvent) => boolean,
): Promise<ListedEvent | null> {
  const filter = { practice, from: savedAt, to: savedAt + 1 }
  const events = await listEvents(rows, filter, { countMax: 100, before: null })
  return events.find((event) => event.policyVersion === revision && fits(event)) ?? null
}

async function readChange(rows: Rows, unconfirmed: Unconfirmed): Promise<Change> {
  const event = await eventOfRevision(rows, unconfirmed, ({ after }) => waitingNote in valuesOf(after))
  const target = event?.target ?? null
  const named = target === null || target.kind === 'practice' ? 'The change of the policy' : target.name
  const after = Object.entries(valuesOf(event?.after))
  return {
    name: controls[event?.action ?? ''] ?? named,
    turnedOn: after.some(([path, value]) => /^controls\.\w+\.mode$/.test(path) && value === 'enforce'),
    event,
  }
}

type Waiting = {
  readonly current: SavedPolicy
  readonly before: SavedPolicy
  readonly unconfirmed: Unconfirmed
}

/** Holds the practice and reads what waits in it; an outcome where that is not what the settler saw. */
async function holdWaiting(tx: Tx, practice: string, revision: number): Promise<Waiting | Settled> {
  const newest = await lockPractice(tx, practice)
  if (newest === null) return { outcome: 'unknown-practice' }
  const unconfirmed = newest === revision ? await readDeadline(tx, practice, revision) : null
  const current = await readPolicy(tx, practice, newest)
  const before = await readPolicy(tx, practice, newest - 1)
  if (unconfirmed === null || current === null || before === null)
    return { outcome: 'nothing-waits', revision: newest }
  return { current, before, unconfirmed }
}

const targetOf = (revision: number, { name }: Change): Target => ({
  kind: 'revision',
  id: String(revision),
  name,
})

async function takeBack(tx: Tx, { current, before, unconfirmed }: Waiting, deed: Deed): Promise<Settled> {
  const { practice } = current
  const revision = current.revision + 1
  const change = await readChange(tx, unconfirmed)
  const announced = await saveRevision(tx, {
    ...{ practice, revision, deed, confirmBy: null, document: before.document },
    difference: differenceOf(current.document, before.document) ?? { before: {}, after: {}, more: 0 },
    action: 'policy.reverted',
    target: targetOf(current.revision, change),
  })
  // Whoever takes it back in person knows; nobody reads a screen ten minutes after a mistake.
  if (deed.origin === 'auto')
    await tellReverted(tx, practice, { ...change, author: unconfirmed.authorName }, deed.at)
  return { outcome: 'settled', revision, announced }
}

/** Confirms what waits: the same document for good, as the next revision. Rejects only with a `Fault`. */
export function confirmPolicy(store: Store, { practice, revision, deed }: Settling): Promise<Settled> {
  return store.transaction(async (tx) => {
    const waiting = await holdWaiting(tx, practice, revision)
    if ('outcome' in waiting) return waiting
    const { current, unconfirmed } = waiting
    const { confirmBy } = unconfirmed
    // Gateways have gone back by now: a late yes would be a second change that nobody reviewed.
    if (deed.at >= confirmBy) return { outcome: 'overdue', confirmBy }
    const known = await readMembers(tx, practice, deed.at)
    const refused = refusalOfActing(current.document, known?.members ?? [], deed)
    if (refused !== null) return { outcome: 'refused', sentence: refused }
    const announced = await saveRevision(tx, {
      ...{ practice, revision: revision + 1, document: current.document, deed, confirmBy: null },
      difference: { before: {}, after: {}, more: 0 },
      action: 'policy.confirmed',
      target: targetOf(revision, await readChange(tx, unconfirmed)),
    })
    return { outcome: 'settled', revision: revision + 1, announced }
  })
}

/** Takes back what waits, from wherever: the document before it, as the next revision. Rejects only with a `Fault`. */
export function revertPolicy(store: Store, { practice, revision, deed }: Settling): Promise<Settled> {
  return store.transaction(async (tx) => {
    const waiting = await holdWaiting(tx, practice, revision)
    return 'outcome' in waiting ? waiting : takeBack(tx, waiting, deed)
  })
}

const unconfirmedReason = 'nobody confirmed it within 10 minutes'

/** Takes back everything that nobody confirmed by `at`, each on its own; how many that were, and where. */
export async function revertOverdue(store: Store, at: Instant): Promise<readonly string[]> {
  const reverted: string[] = []
  const failures: unknown[] = []
  for (const { practice, revision } of await store.read((rows) => listOverdue(rows, at))) {
    const deed = { ...ownDeed(at), reason: unconfirmedReason }
    await revertPolicy(store, { practice, revision, deed }).then(
      ({ outcome }) => outcome === 'settled' && reverted.push(practice),
      (error: unknown) => failures.push(error),
    )
  }
  // Where only some failed, the others' are told now; those come again with the next round.
  if (reverted.length === 0 && failures.length > 0) throw failures[0]
  return reverted
}

/** What waits in a practice, or was taken back by its newest revision. `changes` are sentences. */
export type Confirmation =
  | {
      readonly state: 'waiting'
      readonly unconfirmed: Unconfirmed
      readonly name: string
      readonly sentence: string
      readonly changes: readonly string[]
      readonly leftMs: DurationMs
      /** Why whoever asks could not confirm it from where they are; `null`: they could. */
      readonly refused: string | null
    }
  | {
      readonly state: 'reverted'
      /** The revision that was taken back: its document, turned on again, makes `changes`. */
      readonly revision: number
      readonly again: SavedPolicy
      readonly event: ListedEvent | null
      readonly name: string
      readonly sentence: string
      readonly changes: readonly string[]
      readonly at: Instant
    }

const clockText = (zone: string, at: Instant): string => momentText(zone, at).slice(-5)

async function readWaiting(rows: Rows, deed: Deed, unconfirmed: Unconfirmed): Promise<Confirmation | null> {
  const { practice, revision, confirmBy } = unconfirmed
  const current = await readPolicy(rows, practice, revision)
  const before = await readPolicy(rows, practice, revision - 1)
  if (current === null || before === null) return null
  const { name, turnedOn } = await readChange(rows, unconfirmed)
  const known = await readMembers(rows, practice, deed.at)
  const until = clockText(current.document.practice.zone, confirmBy)
  return {
    ...{ state: 'waiting', unconfirmed, name },
    sentence: `${name} ${turnedOn ? 'is switched off again' : 'is taken back'} at ${until} unless it is confirmed.`,
    changes: describeChanges(before.document, current.document),
    leftMs: Math.max(0, confirmBy - deed.at),
    refused: refusalOfActing(current.document, known?.members ?? [], deed),
  }
}

async function readReverted(rows: Rows, unconfirmed: Unconfirmed): Promise<Confirmation | null> {
  const { practice } = unconfirmed
  const current = await readPolicy(rows, practice, unconfirmed.revision + 1)
  if (current === null) return null
  const { revision, savedAt, document } = current
  const settled = await eventOfRevision(rows, current, ({ action }) => action === 'policy.reverted')
  const again = await readPolicy(rows, practice, revision - 1)
  if (settled === null || again === null) return null
  const { name, turnedOn, event } = await readChange(rows, unconfirmed)
  const why = settled.origin === 'auto' ? 'because nobody confirmed it' : `by ${settled.actor.name}`
  const until = clockText(document.practice.zone, savedAt)
  return {
    ...{ state: 'reverted', revision: revision - 1, again, event, name },
    sentence: `${name} was ${turnedOn ? 'switched off' : 'taken back'} at ${until} ${why}.`,
    changes: describeChanges(document, again.document),
    at: savedAt,
  }
}

/** What waits or was just taken back, as whoever does `deed` sees it; `null`: neither, or no such practice. */
export async function readConfirmation(
  rows: Rows,
  practice: string,
  deed: Deed,
): Promise<Confirmation | null> {
  // Deadlines first: mostly there is none, and documents can be long.
  const revision = await findNewestRevision(rows, practice)
  if (revision === null) return null
  const unconfirmed = await readDeadline(rows, practice, revision)
  if (unconfirmed !== null) return readWaiting(rows, deed, unconfirmed)
  const before = await readDeadline(rows, practice, revision - 1)
  return before === null ? null : readReverted(rows, before)
}
