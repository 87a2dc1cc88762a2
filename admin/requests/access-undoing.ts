/**
 * Undoing decisions on requests for access: an approval is taken back, a rejection is opened again, and who asked takes
 * their own request back.
 *
 * Invariant: as with deciding, each is compare-and-set under the practice's lock, with its event in the transaction; what
 * an approval gave goes with it, be it a grant or an allowlist entry, the latter by way of the guard.
 */
import type { PolicyDocument } from '../../policies/document.ts'
import { type Deed, eventOf } from '../deed.ts'
import { editPolicyIn } from '../policy-edit.ts'
import { findRequest, type ListedRequest } from '../store/access-requests.ts'
import type { Store, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { announceMembers } from '../store/outbox.ts'
import { findLocked, type Review, type ReviewOutcome } from './access-review.ts'

type Undo = Pick<Review, 'practice' | 'id' | 'deed'>
/** `mayEditList`: an approval for a role or the practice is an allowlist entry, and goes only then. */
type Withdrawal = Undo & { readonly mayEditList: boolean }

/** Ends what an approval gave; the number to follow it by, or why the allowlist could not be edited. */
async function takeGiven(
  tx: Tx,
  request: ListedRequest,
  { deed, mayEditList }: Withdrawal,
): Promise<number | ReviewOutcome> {
  const { practice, entryId } = request
  if (entryId === null) {
    await tx
      .updateTable('access_grant')
      .set({ withdrawn_at: deed.at })
      .where('id', '=', request.grantId)
      .where('withdrawn_at', 'is', null)
      .execute()
    return (await announceMembers(tx, practice, deed.at)).announced
  }
  if (!mayEditList) return { outcome: 'not-permitted' }
  const without = (document: PolicyDocument): PolicyDocument => ({
    ...document,
    ipEntries: document.ipEntries.filter(({ id }) => id !== entryId),
  })
  const edit = await editPolicyIn(tx, {
    ...{ practice, ifRevision: null, deed, action: 'ip-entry.removed', change: without },
    target: { kind: 'ip-entry', id: entryId, name: request.network },
  })
  return edit.outcome === 'saved' ? edit.announced : { outcome: 'not-saved', edit }
}

async function note(
  tx: Tx,
  request: ListedRequest,
  deed: Deed,
  status: string,
  action: string,
): Promise<void> {
  await appendEvent(tx, {
    ...eventOf(deed),
    practice: request.practice,
    action: `access-request.${action}`,
    target: { kind: 'user', id: request.user, name: request.name },
    before: { status: request.status },
    after: { status, request: request.id, kind: request.kind, network: request.network },
  })
}

/**
 * Takes an approval back from the next request on; somebody's own may be taken back too. `already-decided`: none is
 * in force (any more). The note stays the approval's; the reason of the deed goes into the event.
 */
export const withdrawApproval = (store: Store, wish: Withdrawal): Promise<ReviewOutcome> =>
  store.transaction(async (tx) => {
    const { practice, id, deed } = wish
    const request = await findLocked(tx, practice, id, deed.at)
    if (request === null) return { outcome: 'unknown' }
    if (request.status !== 'approved') return { outcome: 'already-decided', request }
    const announced = await takeGiven(tx, request, wish)
    if (typeof announced !== 'number') return announced
    await tx.updateTable('access_request').set({ status: 'withdrawn' }).where('id', '=', id).execute()
    await note(tx, request, deed, 'withdrawn', 'withdrawn')
    const now = await findRequest(tx, practice, id, deed.at)
    return { outcome: 'decided', request: now ?? request, announced }
  })

/**
 * Opens a rejected request again, as if nobody had decided, until its 72 hours are over. `already-decided`: it is not
 * rejected, its time is over, or the same person has asked the same again meanwhile.
 */
export const reopenRequest = (store: Store, { practice, id, deed }: Undo): Promise<ReviewOutcome> =>
  store.transaction(async (tx) => {
    const request = await findLocked(tx, practice, id, deed.at)
    if (request === null) return { outcome: 'unknown' }
    const { numUpdatedRows } = await tx
      .updateTable('access_request as r')
      .set({ status: 'pending', note: '', decided_at: null, decided_by: null, decided_by_name: null })
      .where('r.id', '=', id)
      .where('r.status', '=', 'rejected')
      .where('r.expires_at', '>', deed.at)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('access_request as o')
              .select('o.id')
              .whereRef('o.practice', '=', 'r.practice')
              .whereRef('o.user_id', '=', 'r.user_id')
              .whereRef('o.network', '=', 'r.network')
              .whereRef('o.kind', '=', 'r.kind')
              .whereRef('o.created_at', '>', 'r.created_at'),
          ),
        ),
      )
      .executeTakeFirst()
    if (numUpdatedRows !== 1n) return { outcome: 'already-decided', request }
    await note(tx, request, deed, 'pending', 'reopened')
    const now = await findRequest(tx, practice, id, deed.at)
    return { outcome: 'decided', request: now ?? request, announced: null }
  })
