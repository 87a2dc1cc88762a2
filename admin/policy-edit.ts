/**
 * Editing a practice's policy: load, change, check, guard against lockout, save with event and outbox row — in one
 * transaction, from the revision that the editor saw.
 *
 * What can refuse somebody who passes now has to be confirmed (`commit-confirm.ts`); until then nothing else is edited.
 * It compiles to find Problems but publishes nothing itself (`publish.ts` does). What can be expected is an
 * outcome, never an exception; nothing is half-saved. Merging concurrent edits was refused: a merged policy is
 * one that nobody has read.
 */
import type { Member, RoleId, UserId } from '../policies/access-request.ts'
import { type CompiledPolicy, compile } from '../policies/compile.ts'
import type { PolicyDocument } from '../policies/document.ts'
import { hasNoHours } from '../policies/document-problems.ts'
import type { Instant } from '../policies/instant.ts'
import type { Problem } from '../policies/problem.ts'
import { canRefuseMore, isWeaker } from '../policies/tightening.ts'
import { needsCodesFirst } from './codes-first.ts'
import { type CompiledPolicies, compiledPoliciesOf } from './compiled-policies.ts'
import type { Deed } from './deed.ts'
import { securityAdmins } from './directory/security-admins.ts'
import { findLockedOut, type LockedOut, type Move } from './lockout.ts'
import { type Difference, differenceOf } from './policy-diff.ts'
import { withRoles } from './policy-forecast.ts'
import { saveRevision } from './policy-saving.ts'
import { confirmWithinMs, readDeadline, type Unconfirmed, waitingNote } from './store/confirmations.ts'
import type { Store, Tx } from './store/database.ts'
import type { Target } from './store/events.ts'
import { readMembers } from './store/members.ts'
import { listFeaturesOff, practiceFeatures } from './store/practice-features.ts'
import { lockPractice, readPolicy, type SavedPolicy } from './store/practices.ts'

/** An edit to try. */
export type PolicyEdit = {
  readonly practice: string
  /** The revision that the editor saw; `null`: whatever is current (an edit that only adds, or Gatehouse's own). */
  readonly ifRevision: number | null
  readonly deed: Deed
  /** Of the event, dotted, past tense: `ip-entry.added`; default `policy.edited`. */
  readonly action?: string
  /** Of the event; default: the practice. */
  readonly target?: Target
  /**
   * Makes the new document from the current one, without changing that; pure, may run twice. Problems instead
   * where the wish itself is wrong (there is no such entry).
   */
  readonly change: (document: PolicyDocument) => PolicyDocument | { readonly problems: readonly Problem[] }
  /** Whether whoever acts may make the practice easier to get into; absent: they may (Gatehouse itself, an operator). */
  readonly mayWeaken?: boolean
  /** The practice's name typed again, to override `lockout-risk`. */
  readonly typedName?: string | null
  /**
   * The edit only follows people to where they have gone (`ip-list/heartbeats.ts`): the guard lets admins go with them,
   * and it is not held for a confirmation, since what it would fall back to is the network that is gone.
   */
  readonly follows?: Move
  /** Who gets other roles with it, written by `alongside`; the guard judges the people as they would be. */
  readonly roles?: ReadonlyMap<UserId, readonly RoleId[]>
  /** What is written in the same transaction, before the revision; the practice is held. */
  readonly alongside?: (tx: Tx) => Promise<void>
  /** Asked while the practice is held; `false`: it has been done, or is not wanted any more, and nothing is changed. */
  readonly isWanted?: (tx: Tx) => Promise<boolean>
  /** More for the event. */
  readonly notes?: Readonly<Record<string, unknown>>
  /**
   * It comes into force by itself at a time chosen before: nobody is there to confirm it, so that what the guard lets
   * through holds for good. What was overridden has to be confirmed all the same.
   */
  readonly isUnattended?: boolean
}

/** What became of an edit. Nothing was changed unless `saved`. */
export type EditOutcome =
  | {
      readonly outcome: 'saved'
      readonly revision: number
      /** The number to follow it by (`store/publish-state.ts`). */
      readonly announced: number
      readonly document: PolicyDocument
      readonly compiled: CompiledPolicy
      readonly difference: Difference
      /** Until when it has to be confirmed (`commit-confirm.ts`); `null`: it can refuse nobody who passes now. */
      readonly confirmBy: Instant | null
    }
  | { readonly outcome: 'unchanged'; readonly revision: number; readonly document: PolicyDocument }
  | { readonly outcome: 'unknown-practice' }
  | { readonly outcome: 'conflict'; readonly revision: number }
  | { readonly outcome: 'confirmation-pending'; readonly waiting: Unconfirmed }
  | { readonly outcome: 'problems'; readonly problems: readonly Problem[] }
  | { readonly outcome: 'lockout-risk'; readonly lockedOut: readonly LockedOut[] }
  | { readonly outcome: 'last-security-admin' }
  /** Nobody else could take it back (`codes-first.ts`). */
  | { readonly outcome: 'sealed-codes-first' }
  /** It makes the practice easier to get into, and whoever acts may not. */
  | { readonly outcome: 'weakens' }

type Draft = {
  readonly current: SavedPolicy
  readonly document: PolicyDocument
  readonly compiled: CompiledPolicy
  readonly difference: Difference
}

/** The draft an edit makes, fully checked but not guarded; or what stands against it. */
function draft(current: SavedPolicy, edit: PolicyEdit): Draft | EditOutcome {
  const wished = edit.change(structuredClone(current.document))
  if ('problems' in wished) return { outcome: 'problems', problems: wished.problems }
  const compiled = compile(wished, edit.deed.at, process.versions.tz)
  if (!compiled.ok) return { outcome: 'problems', problems: compiled.problems }
  const { document } = compiled.value
  if (document.practice.id !== edit.practice)
    return {
      outcome: 'problems',
      problems: [{ path: 'practice.id', sentence: 'the id of a practice cannot be changed' }],
    }
  const difference = differenceOf(current.document, document)
  if (difference === null) return { outcome: 'unchanged', revision: current.revision, document }
  return { current, document, compiled: compiled.value, difference }
}

type People = readonly [PolicyDocument, readonly Member[]]

/** Who would be in scope of `time` and have no window at all, and is not so now: closed for good, and so refused. */
function strandedProblems([was, before]: People, [is, after]: People): readonly Problem[] {
  if (is.controls.time.mode === 'off') return []
  const already = new Set(before.filter((member) => hasNoHours(was, member)).map(({ user }) => user))
  const stranded = after.filter(
    (member) => !member.suspended && !already.has(member.user) && hasNoHours(is, member),
  )
  if (stranded.length === 0) return []
  const names = stranded.slice(0, 5).map(({ name }) => name)
  const who = stranded.length > 5 ? `${names.join(', ')} and ${stranded.length - 5} more` : names.join(', ')
  const sentence = `in scope of time windows and without any: ${who}. Add hours for their roles, or exempt them`
  return [{ path: 'controls.time.scope', sentence }]
}

/** Whom a draft would lock out; an outcome where it cannot be saved at all. */
async function guard(
  tx: Tx,
  edit: PolicyEdit,
  { current, document }: Draft,
): Promise<readonly LockedOut[] | EditOutcome> {
  const known = await readMembers(tx, edit.practice, edit.deed.at)
  const membersBefore = known?.members ?? []
  const members = withRoles(membersBefore, edit.roles)
  const before = current.document
  if (securityAdmins(before, membersBefore).length > 0 && securityAdmins(document, members).length === 0)
    return { outcome: 'last-security-admin' }
  const problems = strandedProblems([before, membersBefore], [document, members])
  if (problems.length > 0) return { outcome: 'problems', problems }
  const { deed, follows: move = null } = edit
  if (await needsCodesFirst(tx, { before, after: document, members, deed }))
    return { outcome: 'sealed-codes-first' }
  return findLockedOut(tx, { before, after: document, members, membersBefore, deed, move })
}

/** Until when a draft may hold unconfirmed; `null`: it can refuse nobody who passes now. */
const deadlineOf = (edit: PolicyEdit, made: Draft, overridden: boolean): Instant | null =>
  overridden ||
  (edit.follows === undefined &&
    !edit.isUnattended &&
    canRefuseMore(made.current.document, made.document, edit.deed.at))
    ? edit.deed.at + confirmWithinMs
    : null

async function save(tx: Tx, edit: PolicyEdit, made: Draft, overridden: boolean): Promise<EditOutcome> {
  const { document, compiled, difference } = made
  const { practice, deed } = edit
  const revision = made.current.revision + 1
  const confirmBy = deadlineOf(edit, made, overridden)
  await edit.alongside?.(tx)
  const announced = await saveRevision(tx, {
    ...{ practice, revision, document, difference, deed, confirmBy },
    action: edit.action ?? 'policy.edited',
    target: edit.target ?? { kind: 'practice', id: practice, name: document.practice.name },
    notes: {
      ...edit.notes,
      ...(overridden ? { 'lockout guard': 'overridden' } : {}),
      ...(confirmBy === null ? {} : { [waitingNote]: new Date(confirmBy).toISOString() }),
    },
  })
  return { outcome: 'saved', revision, announced, document, compiled, difference, confirmBy }
}

/** What a draft uses that the practice does not have (`practice-edits.ts`). */
async function withheld(tx: Tx, { practice }: PolicyEdit, { document }: Draft): Promise<readonly Problem[]> {
  const off = (await listFeaturesOff(tx, practice)).get(practice) ?? new Set()
  return practiceFeatures
    .filter((feature) => off.has(feature) && document.controls[feature].mode !== 'off')
    .map((feature) => ({
      path: `controls.${feature}.mode`,
      sentence: 'This practice does not have this control. Ask the operator of Gatehouse for it.',
    }))
}

/** Tries an edit. Rejects only with a `Fault` (database) or for a mistake of ours. */
export async function editPolicy(store: Store, edit: PolicyEdit): Promise<EditOutcome> {
  const kept = compiledPoliciesOf(store)
  const outcome = await store.transaction((tx) => editPolicyIn(tx, edit, kept))
  const { practice, deed } = edit
  // Committed: whoever shows or publishes it next need not compile it again.
  if (outcome.outcome === 'saved')
    kept.keep({ practice, revision: outcome.revision, savedAt: deed.at }, outcome.compiled)
  return outcome
}

/** The newest policy, taken from what is compiled already where it is. */
async function readCurrent(tx: Tx, { practice, deed }: PolicyEdit, kept: CompiledPolicies | null) {
  const known = (await kept?.read(tx, practice, deed.at)) ?? null
  return known?.ok ? { ...known.value, document: known.value.compiled.document } : readPolicy(tx, practice)
}

/** Tries an edit as part of a larger change: what that change does besides is committed with it or not at all. */
export async function editPolicyIn(
  tx: Tx,
  edit: PolicyEdit,
  kept: CompiledPolicies | null = null,
): Promise<EditOutcome> {
  if ((await lockPractice(tx, edit.practice)) === null) return { outcome: 'unknown-practice' }
  const current = await readCurrent(tx, edit, kept)
  if (current === null) return { outcome: 'unknown-practice' }
  if (edit.isWanted !== undefined && !(await edit.isWanted(tx)))
    return { outcome: 'unchanged', revision: current.revision, document: current.document }
  const waiting = await readDeadline(tx, edit.practice, current.revision)
  if (waiting !== null) return { outcome: 'confirmation-pending', waiting }
  if (edit.ifRevision !== null && edit.ifRevision !== current.revision)
    return { outcome: 'conflict', revision: current.revision }
  const made = draft(current, edit)
  if ('outcome' in made) return made
  const problems = await withheld(tx, edit, made)
  if (problems.length > 0) return { outcome: 'problems', problems }
  if (edit.mayWeaken === false && isWeaker(made.current.document, made.document, edit.deed.at))
    return { outcome: 'weakens' }
  const lockedOut = await guard(tx, edit, made)
  if ('outcome' in lockedOut) return lockedOut
  const overrides = edit.typedName?.trim() === current.document.practice.name
  if (lockedOut.length > 0 && !overrides) return { outcome: 'lockout-risk', lockedOut }
  return save(tx, edit, made, lockedOut.length > 0)
}
