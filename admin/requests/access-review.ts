/**
 * Deciding on requests for access: approve or reject, once, by somebody else than who asks.
 *
 * Who may review was asked before (`admin/api`). Invariant: a request is decided by compare-and-set, so that of two
 * reviewers exactly one decides and the other hears who did; the usual approval is a grant to this user from this
 * network, and lifts only the control it was asked for (`access-wide.ts` gives more). What is given, event,
 * announcement and notice are one transaction.
 */
import { parseAddress, parseRange, type Range, rangeContains, rangeText } from '../../policies/address.ts'
import { type DurationMs, type Instant, never } from '../../policies/instant.ts'
import type { Problem } from '../../policies/problem.ts'
import { nextClock } from '../../policies/timetable-zone.ts'
import { newToken } from '../../runtime/token.ts'
import { type Deed, eventOf } from '../deed.ts'
import { tellDecided } from '../notify/notices.ts'
import type { EditOutcome } from '../policy-edit.ts'
import { findRequest, type ListedRequest } from '../store/access-requests.ts'
import type { Store, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { announceMembers } from '../store/outbox.ts'
import { lockPractice, readPolicy } from '../store/practices.ts'

/**
 * What became of a decision. `already-decided`: the request as the other reviewer, or time, left it; `not-saved`: the
 * allowlist could not be edited, and so nothing was decided.
 */
export type ReviewOutcome =
  | { readonly outcome: 'decided'; readonly request: ListedRequest; readonly announced: number | null }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'own-request' }
  /** It would edit the allowlist, which this reviewer may not. */
  | { readonly outcome: 'not-permitted' }
  | { readonly outcome: 'already-decided'; readonly request: ListedRequest }
  | { readonly outcome: 'problems'; readonly problems: readonly Problem[] }
  | { readonly outcome: 'not-saved'; readonly edit: EditOutcome }

/** Which request, who decides it, and the login their account is known by: nobody reviews their own. */
export type Review = {
  readonly practice: string
  readonly id: string
  readonly note: string
  readonly reviewerLogin: string
  readonly deed: Deed
}

/**
 * How long an approval lasts: the practice's standard time, a time of its own, until its clocks next show `until`
 * (`HH:MM`), or (`null`) without end.
 */
export type ApprovalLength = 'standard' | DurationMs | { readonly until: string } | null

/** What a decision gives. `endsAt: never`: without end; `null`: it gives nothing. */
export type Given = {
  readonly status: 'approved' | 'rejected'
  readonly grant: string | null
  readonly entry: string | null
  readonly endsAt: Instant | null
  /** The network it holds for, as told in the event. */
  readonly network: string
  readonly announced: number | null
}

/** Why nothing can be given. */
export type NotGiven = Extract<ReviewOutcome, { outcome: 'problems' | 'not-saved' }>

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

/** When an approval given at `at` ends. */
export async function endOf(tx: Tx, practice: string, length: ApprovalLength, at: Instant): Promise<Instant> {
  if (length === null) return never
  if (typeof length === 'number') return at + length
  const policy = await readPolicy(tx, practice)
  if (policy === null) throw new Error(`invariant: ${practice} has a policy`)
  return length === 'standard'
    ? at + policy.document.requests.standardMs
    : nextClock(policy.document.practice.zone, length.until, at)
}

/** Wider than this is a matter of the allowlist, where width is asked about. */
const widest = { 4: 16, 6: 32 } as const

const wrong = (sentence: string): NotGiven => ({
  outcome: 'problems',
  problems: [{ path: 'network', sentence }],
})

/**
 * The network an approval is to hold for: as asked, or `network` where the reviewer chose another one around the same
 * address, no wider than /16 (IPv4) or /32 (IPv6).
 */
export function networkFor(request: ListedRequest, network: string | null): Range | NotGiven {
  const parsed = parseRange(network ?? request.network)
  const address = parseAddress(request.address)
  if (parsed === null || address === null) {
    if (network === null) throw new Error(`invariant: ${request.network} is a network`)
    return wrong(`"${network}" is no address and no range. Write 203.0.113.7 or 203.0.113.0/24.`)
  }
  const { range } = parsed
  if (!rangeContains(range, address))
    return wrong(`${rangeText(range)} does not contain ${request.address}, from where they ask.`)
  if (range.prefix < widest[range.family])
    return wrong(`${rangeText(range)} is wider than /${widest[range.family]}: list it in the IP allowlist.`)
  return range
}

/** The request under locks that make two reviewers, and the expiry job, take turns: the second finds what was decided. */
export async function findLocked(
  tx: Tx,
  practice: string,
  id: string,
  at: Instant,
): Promise<ListedRequest | null> {
  if ((await lockPractice(tx, practice)) === null) return null
  await tx.selectFrom('access_request').select('id').where('id', '=', id).forUpdate().execute()
  return findRequest(tx, practice, id, at)
}

async function record(tx: Tx, request: ListedRequest, review: Review, given: Given): Promise<ListedRequest> {
  const { practice, id, note, deed } = review
  const { status, grant, entry, endsAt, network } = given
  const { numUpdatedRows } = await tx
    .updateTable('access_request')
    .set({
      ...{ status, note, grant_id: grant, entry_id: entry },
      entry_ends_at: entry === null || endsAt === never ? null : endsAt,
      ...{ decided_at: deed.at, decided_by: deed.actor.id, decided_by_name: deed.actor.name },
    })
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) throw new Error(`invariant: ${id} was pending under its lock`)
  await appendEvent(tx, {
    ...eventOf({ ...deed, reason: note === '' ? null : note }),
    practice,
    action: `access-request.${status}`,
    target: { kind: 'user', id: request.user, name: request.name },
    before: { status: 'pending' },
    after: {
      ...{ status, request: id, kind: request.kind, network },
      ...(endsAt === null
        ? {}
        : { ...(entry === null ? { grant } : { entry }), endsAt: endsAt === never ? 'never' : endsAt }),
    },
  })
  const decided = await findRequest(tx, practice, id, deed.at)
  if (decided === null) throw new Error(`invariant: ${id} is still there`)
  await tellDecided(tx, decided, endsAt, deed.at)
  return decided
}

/** Decides a pending request once, giving what `give` gives, unless it is the reviewer's own. */
export async function decideOnce(
  tx: Tx,
  review: Review,
  give: (request: ListedRequest) => Promise<Given | NotGiven>,
): Promise<ReviewOutcome> {
  const { practice, id, deed } = review
  const request = await findLocked(tx, practice, id, deed.at)
  if (request === null) return { outcome: 'unknown' }
  if (request.status !== 'pending') return { outcome: 'already-decided', request }
  if (await isOwn(tx, request, review)) return { outcome: 'own-request' }
  const given = await give(request)
  if ('outcome' in given) return given
  return {
    outcome: 'decided',
    request: await record(tx, request, review, given),
    announced: given.announced,
  }
}

async function grantTo(
  tx: Tx,
  request: ListedRequest,
  deed: Deed,
  wish: { readonly length: ApprovalLength; readonly network: string | null },
): Promise<Given | NotGiven> {
  if (request.kind === 'time' && wish.network !== null)
    return wrong('This request is about hours: leave the network out.')
  const range = request.kind === 'time' ? null : networkFor(request, wish.network)
  if (range !== null && 'outcome' in range) return range
  const { practice } = request
  const endsAt = await endOf(tx, practice, wish.length, deed.at)
  const grant = `grt_${newToken().slice(0, 22)}`
  await tx
    .insertInto('access_grant')
    .values({
      ...{ id: grant, practice, user_id: request.user, kind: request.kind },
      range: range === null ? null : rangeText(range),
      ...{ starts_at: deed.at, ends_at: endsAt, given_by: deed.actor.id, withdrawn_at: null },
    })
    .execute()
  const { announced } = await announceMembers(tx, practice, deed.at)
  const network = range === null ? request.network : rangeText(range)
  return { status: 'approved', grant, entry: null, endsAt, network, announced }
}

/**
 * Grants what was asked to this user, from now on for `length`; from the network they asked for, or from `network`
 * (absent: as asked), which must contain their address.
 */
export const approveRequest = (
  store: Store,
  review: Review & { readonly length: ApprovalLength; readonly network?: string | null },
): Promise<ReviewOutcome> =>
  store.transaction((tx) =>
    decideOnce(tx, review, (request) =>
      grantTo(tx, request, review.deed, { length: review.length, network: review.network ?? null }),
    ),
  )

/** Says no; the note is shown to who asked. */
export const rejectRequest = (store: Store, review: Review): Promise<ReviewOutcome> =>
  store.transaction((tx) =>
    decideOnce(tx, review, ({ network }) =>
      Promise.resolve({
        ...{ status: 'rejected', grant: null, entry: null, endsAt: null, network, announced: null },
      }),
    ),
  )
