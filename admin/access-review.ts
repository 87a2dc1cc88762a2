/**
 * Deciding on requests for access: approve or reject, once, by somebody else than who asks.
 *
 * Who may review was asked before (`admin/api`). Invariant: a request is decided by compare-and-set, so that of two
 * reviewers exactly one decides and the other hears who did; an approval is a grant to this user from this network,
 * and lifts only the control it was asked for. Grant, event and announcement are one transaction.
 */
import { parseRange, rangeText } from '../policies/address.ts'
import { type DurationMs, type Instant, never } from '../policies/instant.ts'
import { newToken } from '../runtime/token.ts'
import { type Deed, eventOf } from './deed.ts'
import { findRequest, type ListedRequest } from './store/access-requests.ts'
import type { Store, Tx } from './store/database.ts'
import { appendEvent } from './store/events.ts'
import { announceMembers } from './store/outbox.ts'
import { lockPractice, readPolicy } from './store/practices.ts'

/** What became of a decision. `decided` elsewhere: the request as the other reviewer, or time, left it. */
export type ReviewOutcome =
  | { readonly outcome: 'decided'; readonly request: ListedRequest; readonly announced: number | null }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'own-request' }
  | { readonly outcome: 'already-decided'; readonly request: ListedRequest }

/** Which request, who decides it, and the login their account is known by: nobody reviews their own. */
export type Review = {
  readonly practice: string
  readonly id: string
  readonly note: string
  readonly reviewerLogin: string
  readonly deed: Deed
}

/** How long an approval lasts: the practice's standard time, a time of its own, or (`null`) without end. */
export type ApprovalLength = 'standard' | DurationMs | null

const isOwn = async (tx: Tx, request: ListedRequest, { deed, reviewerLogin }: Review): Promise<boolean> => {
  if (deed.actor.id === request.user) return true
  const person = await tx
    .selectFrom('app_user')
    .select(['login', 'email'])
    .where('id', '=', request.user)
    .executeTakeFirstOrThrow()
  const login = reviewerLogin.toLowerCase()
  return person.login.toLowerCase() === login || person.email?.toLowerCase() === login
}

async function endOf(tx: Tx, practice: string, length: ApprovalLength, at: Instant): Promise<Instant> {
  if (length === null) return never
  if (length !== 'standard') return at + length
  const policy = await readPolicy(tx, practice)
  if (policy === null) throw new Error(`invariant: ${practice} has a policy`)
  return at + policy.document.requests.standardMs
}

/** The network as gateways read ranges, however the database writes it. */
const rangeOfRequest = ({ kind, network }: ListedRequest): string | null => {
  if (kind === 'time') return null
  const parsed = parseRange(network)
  if (parsed === null) throw new Error(`invariant: ${network} is a network`)
  return rangeText(parsed.range)
}

async function addGrant(tx: Tx, request: ListedRequest, deed: Deed, endsAt: Instant): Promise<string> {
  const id = `grt_${newToken().slice(0, 22)}`
  await tx
    .insertInto('access_grant')
    .values({
      id,
      practice: request.practice,
      user_id: request.user,
      kind: request.kind,
      range: rangeOfRequest(request),
      starts_at: deed.at,
      ends_at: endsAt,
      given_by: deed.actor.id,
      withdrawn_at: null,
    })
    .execute()
  return id
}

type Decision =
  | { readonly status: 'approved'; readonly length: ApprovalLength }
  | { readonly status: 'rejected' }

/** The request under locks that make two reviewers, and the expiry job, take turns: the second finds what was decided. */
async function findLocked(tx: Tx, practice: string, id: string, at: Instant): Promise<ListedRequest | null> {
  if ((await lockPractice(tx, practice)) === null) return null
  await tx.selectFrom('access_request').select('id').where('id', '=', id).forUpdate().execute()
  return findRequest(tx, practice, id, at)
}

async function decide(tx: Tx, review: Review, decision: Decision): Promise<ReviewOutcome> {
  const { practice, id, note, deed } = review
  const request = await findLocked(tx, practice, id, deed.at)
  if (request === null) return { outcome: 'unknown' }
  if (request.status !== 'pending') return { outcome: 'already-decided', request }
  if (await isOwn(tx, request, review)) return { outcome: 'own-request' }
  const approval = decision.status === 'approved' ? decision : null
  const endsAt = approval === null ? null : await endOf(tx, practice, approval.length, deed.at)
  const grant = endsAt === null ? null : await addGrant(tx, request, deed, endsAt)
  const { numUpdatedRows } = await tx
    .updateTable('access_request')
    .set({
      status: decision.status,
      decided_at: deed.at,
      decided_by: deed.actor.id,
      decided_by_name: deed.actor.name,
      note,
      grant_id: grant,
    })
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) throw new Error(`invariant: ${id} was pending under its lock`)
  const told = grant === null ? null : await announceMembers(tx, practice, deed.at)
  await appendEvent(tx, {
    ...eventOf({ ...deed, reason: note === '' ? null : note }),
    practice,
    action: `access-request.${decision.status}`,
    target: { kind: 'user', id: request.user, name: request.name },
    before: { status: 'pending' },
    after: {
      status: decision.status,
      request: id,
      kind: request.kind,
      network: request.network,
      ...(endsAt === null ? {} : { grant, endsAt: endsAt === never ? 'never' : endsAt }),
    },
  })
  const decided = await findRequest(tx, practice, id, deed.at)
  return { outcome: 'decided', request: decided ?? request, announced: told?.announced ?? null }
}

/** Grants what was asked, to this user from this network, from now on for `length`. */
export const approveRequest = (
  store: Store,
  review: Review & { readonly length: ApprovalLength },
): Promise<ReviewOutcome> =>
  store.transaction((tx) => decide(tx, review, { status: 'approved', length: review.length }))

/** Says no; the note is shown to who asked. */
export const rejectRequest = (store: Store, review: Review): Promise<ReviewOutcome> =>
  store.transaction((tx) => decide(tx, review, { status: 'rejected' }))

/**
 * Takes an approval back from the next request on; somebody's own may be taken back too. `already-decided`: none is
 * in force (any more). The note stays the approval's; the reason of the deed goes into the event.
 */
export const withdrawApproval = (
  store: Store,
  wish: Pick<Review, 'practice' | 'id' | 'deed'>,
): Promise<ReviewOutcome> =>
  store.transaction(async (tx) => {
    const { practice, id, deed } = wish
    const request = await findLocked(tx, practice, id, deed.at)
    if (request === null) return { outcome: 'unknown' }
    if (request.status !== 'approved') return { outcome: 'already-decided', request }
    await tx
      .updateTable('access_grant')
      .set({ withdrawn_at: deed.at })
      .where('id', '=', request.grantId)
      .where('withdrawn_at', 'is', null)
      .execute()
    await tx.updateTable('access_request').set({ status: 'withdrawn' }).where('id', '=', id).execute()
    const { announced } = await announceMembers(tx, practice, deed.at)
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'access-request.withdrawn',
      target: { kind: 'user', id: request.user, name: request.name },
      before: { status: 'approved' },
      after: { status: 'withdrawn', request: id, kind: request.kind, network: request.network },
    })
    return {
      outcome: 'decided',
      request: (await findRequest(tx, practice, id, deed.at)) ?? request,
      announced,
    }
  })
