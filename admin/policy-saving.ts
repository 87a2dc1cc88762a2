/**
 * Writing the next revision of a practice's policy with all that belongs to it: requirements, announcement, event.
 *
 * It checks nothing: an edit (`policy-edit.ts`), a confirmation and a reversion (`commit-confirm.ts`) have done so.
 * Invariant: the caller holds the practice, and all of it is committed or none.
 */
import type { PolicyDocument } from '../policies/document.ts'
import type { Instant } from '../policies/instant.ts'
import { type Deed, eventOf } from './deed.ts'
import type { Difference } from './policy-diff.ts'
import type { Tx } from './store/database.ts'
import { appendEvent, type Target } from './store/events.ts'
import { announceMembers, announcePolicy } from './store/outbox.ts'
import { insertRevision } from './store/practices.ts'
import { refreshRequirements } from './two-factor/requirements.ts'

/** A revision to write. `confirmBy`: until when it holds unconfirmed, `null`: for good; `notes`: more for the event. */
export type RevisionToSave = {
  readonly practice: string
  readonly revision: number
  readonly document: PolicyDocument
  readonly difference: Difference
  readonly deed: Deed
  readonly action: string
  readonly target: Target
  readonly confirmBy: Instant | null
  readonly notes?: Readonly<Record<string, unknown>>
}

/** Writes it; the number to follow its spread by. */
export async function saveRevision(tx: Tx, wish: RevisionToSave): Promise<number> {
  const { practice, revision, document, difference, deed, confirmBy } = wish
  await insertRevision(
    tx,
    {
      ...{ practice, revision, document, savedAt: deed.at },
      ...{ authorId: deed.actor.id, authorName: deed.actor.name },
    },
    confirmBy,
  )
  // Members first: whoever a policy requires a second factor of must have their grace when it comes.
  if (await refreshRequirements(tx, practice, 'everyone', deed.at, document))
    await announceMembers(tx, practice, deed.at)
  const announced = await announcePolicy(tx, practice, deed.at)
  await appendEvent(tx, {
    ...eventOf(deed),
    practice,
    action: wish.action,
    target: wish.target,
    before: difference.before,
    after: {
      ...difference.after,
      ...(difference.more > 0 ? { '…': `${difference.more} more` } : {}),
      ...wish.notes,
    },
    policyVersion: revision,
  })
  return announced
}
