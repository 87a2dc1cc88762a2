/**
 * Editing a practice's policy: load, change, check, guard against lockout, save with event and outbox row — in one
 * transaction, from the revision that the editor saw.
 *
 * It compiles to find Problems but publishes nothing itself (`publish.ts` does). What can be expected is an
 * outcome, never an exception; nothing is half-saved. Merging concurrent edits was refused: a merged policy is
 * one that nobody has read.
 */
import { compile } from '../policies/compile.ts'
import type { PolicyDocument } from '../policies/document.ts'
import type { Problem } from '../policies/problem.ts'
import { type Deed, eventOf } from './deed.ts'
import { findLockedOut, type LockedOut } from './lockout.ts'
import { type Difference, differenceOf } from './policy-diff.ts'
import { securityAdmins } from './security-admins.ts'
import type { Store, Tx } from './store/database.ts'
import { appendEvent, type Target } from './store/events.ts'
import { readMembers } from './store/members.ts'
import { announceMembers, announcePolicy } from './store/outbox.ts'
import { insertRevision, lockPractice, readPolicy, type SavedPolicy } from './store/practices.ts'
import { refreshRequirements } from './two-factor/requirements.ts'

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
  /** The practice's name typed again, to override `lockout-risk`. */
  readonly typedName?: string | null
}

/** What became of an edit. Nothing was changed unless `saved`. */
export type EditOutcome =
  | {
      readonly outcome: 'saved'
      readonly revision: number
      /** The number to follow it by (`store/publish-state.ts`). */
      readonly announced: number
      readonly document: PolicyDocument
      readonly difference: Difference
    }
  | { readonly outcome: 'unchanged'; readonly revision: number; readonly document: PolicyDocument }
  | { readonly outcome: 'unknown-practice' }
  | { readonly outcome: 'conflict'; readonly revision: number }
  | { readonly outcome: 'problems'; readonly problems: readonly Problem[] }
  | { readonly outcome: 'lockout-risk'; readonly lockedOut: readonly LockedOut[] }
  | { readonly outcome: 'last-security-admin' }

type Draft = {
  readonly current: SavedPolicy
  readonly document: PolicyDocument
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
  return { current, document, difference }
}

/** What stands against a draft because of who would be locked out by it; `null`: nothing. */
async function guard(tx: Tx, edit: PolicyEdit, { current, document }: Draft): Promise<EditOutcome | null> {
  const known = await readMembers(tx, edit.practice, edit.deed.at)
  const members = known?.members ?? []
  if (securityAdmins(current.document, members).length > 0 && securityAdmins(document, members).length === 0)
    return { outcome: 'last-security-admin' }
  if (edit.typedName != null && edit.typedName.trim() === current.document.practice.name) return null
  const lockedOut = await findLockedOut(tx, {
    before: current.document,
    after: document,
    members,
    deed: edit.deed,
  })
  return lockedOut.length > 0 ? { outcome: 'lockout-risk', lockedOut } : null
}

async function save(tx: Tx, edit: PolicyEdit, made: Draft, overridden: boolean): Promise<EditOutcome> {
  const { document, difference } = made
  const revision = made.current.revision + 1
  const { practice, deed } = edit
  await insertRevision(tx, {
    practice,
    revision,
    document,
    authorId: deed.actor.id,
    authorName: deed.actor.name,
    savedAt: deed.at,
  })
  // Members first: whoever a policy requires a second factor of must have their grace when it comes.
  if (await refreshRequirements(tx, practice, 'everyone', deed.at))
    await announceMembers(tx, practice, deed.at)
  const announced = await announcePolicy(tx, practice, deed.at)
  await appendEvent(tx, {
    ...eventOf(deed),
    practice,
    action: edit.action ?? 'policy.edited',
    target: edit.target ?? { kind: 'practice', id: practice, name: document.practice.name },
    before: difference.before,
    after: {
      ...difference.after,
      ...(difference.more > 0 ? { '…': `${difference.more} more` } : {}),
      ...(overridden ? { 'lockout guard': 'overridden' } : {}),
    },
    policyVersion: revision,
  })
  return { outcome: 'saved', revision, announced, document, difference }
}

/** Tries an edit. Rejects only with a `Fault` (database) or for a mistake of ours. */
export function editPolicy(store: Store, edit: PolicyEdit): Promise<EditOutcome> {
  return store.transaction(async (tx) => {
    if ((await lockPractice(tx, edit.practice)) === null) return { outcome: 'unknown-practice' }
    const current = await readPolicy(tx, edit.practice)
    if (current === null) return { outcome: 'unknown-practice' }
    if (edit.ifRevision !== null && edit.ifRevision !== current.revision)
      return { outcome: 'conflict', revision: current.revision }
    const made = draft(current, edit)
    if ('outcome' in made) return made
    const against = await guard(tx, edit, made)
    return against ?? save(tx, edit, made, edit.typedName != null)
  })
}
