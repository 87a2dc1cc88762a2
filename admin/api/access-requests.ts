/**
 * Answers of the Access Requests tab: the list with hints, the decisions, and whether requests are taken at all.
 *
 * The decisions themselves are `admin/requests/access-review.ts` and its neighbours. Invariant: whoever comes second is told who
 * decided, nobody reviews a request of their own, and whoever gives more than a grant to one person may edit the list.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { parseRange } from '../../policies/address.ts'
import type { IpEntry } from '../../policies/document.ts'
import { type Instant, never } from '../../policies/instant.ts'
import {
  type ApprovalLength,
  approveRequest,
  type Review,
  type ReviewOutcome,
  rejectRequest,
} from '../requests/access-review.ts'
import { reopenRequest, withdrawApproval } from '../requests/access-undoing.ts'
import { approveWidely } from '../requests/access-wide.ts'
import { isFresh } from '../sign-in/freshness.ts'
import { countPending, type ListedRequest, listRequests, readRequests } from '../store/access-requests.ts'
import { countRequests } from '../store/request-counts.ts'
import { findColleagues } from '../store/request-hints.ts'
import { holds } from './access.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { chartSpan } from './chart-span.ts'
import { accessRequestsRoutes } from './contract/access-requests.ts'
import { savedOf, saveWish } from './edits.ts'
import { etagOf, pageOf } from './paging.ts'
import { invalid, refusal, stepUpRequired } from './refusals.ts'

const listedMax = 2_000

type Hints = {
  readonly colleagues: string[]
  readonly colleagueCount: number
  readonly nextTo: string | null
}

const noHints: Hints = { colleagues: [], colleagueCount: 0, nextTo: null }

const requestAnswer = (request: ListedRequest, hints: Hints = noHints) => ({
  id: request.id,
  user: { id: request.user, name: request.name, login: request.login },
  kind: request.kind,
  address: request.address,
  network: request.network,
  status: request.status,
  reason: request.reason,
  repeats: request.repeats,
  createdAt: request.createdAt,
  expiresAt: request.expiresAt,
  decidedAt: request.decidedAt,
  decidedBy: request.decidedByName,
  note: request.note,
  accessUntil: request.grantEndsAt === never ? null : request.grantEndsAt,
  entry: request.entryId,
  hints,
})

/** Where a network lies: its /24 (IPv4) or /56 (IPv6); `null`: it is wider than that. */
const placeOf = (text: string): string | null => {
  const range = parseRange(text)?.range
  if (range === undefined || range.prefix < (range.family === 4 ? 24 : 56)) return null
  return range.family === 4 ? `4 ${range.w3 >>> 8}` : `6 ${range.w0} ${range.w1 >>> 8}`
}

/** Labels of entries in force by where they lie: one walk over the list, however many ask. */
function labelsByPlace(entries: readonly IpEntry[], at: Instant): ReadonlyMap<string, string> {
  const labels = new Map<string, string>()
  for (const { range, on, expiresAt, label } of entries) {
    const place = on && (expiresAt === null || expiresAt > at) ? placeOf(range) : null
    if (place !== null && !labels.has(place)) labels.set(place, label)
  }
  return labels
}

/** Hints for the pending requests about a network among `requests`, by id. */
async function readHints(
  plane: ApiPlane,
  practice: string,
  requests: readonly ListedRequest[],
  entries: readonly IpEntry[],
): Promise<ReadonlyMap<string, Hints>> {
  const asking = requests.filter(({ status, kind }) => status === 'pending' && kind === 'ip')
  if (asking.length === 0) return new Map()
  const at = plane.now()
  const { byId } = await plane.views.people(practice)
  const colleagues = await plane.store.read((rows) => findColleagues(rows, practice, asking, byId, at))
  const labels = labelsByPlace(entries, at)
  return new Map(
    asking.map(({ id, network }) => {
      const seen = colleagues.get(id)
      const hints = { colleagues: [...(seen?.names ?? [])], colleagueCount: seen?.count ?? 0 }
      return [id, { ...hints, nextTo: labels.get(placeOf(network) ?? '') ?? null }]
    }),
  )
}

const alreadySentence = ({ status, decidedByName }: ListedRequest): string => {
  if (status === 'approved') return `${decidedByName} has approved it. Nothing was changed.`
  if (status === 'rejected') return `${decidedByName} has rejected it. Nothing was changed.`
  if (status === 'pending') return 'Nobody has decided it yet. Nothing was changed.'
  return 'It is no longer open. Nothing was changed.'
}

const mayNotList = 'This concerns the IP allowlist of others too: it needs the permission gw.ip.edit.'

function undecidedSentence(outcome: Exclude<ReviewOutcome, { outcome: 'decided' }>): string {
  switch (outcome.outcome) {
    case 'unknown':
      return 'There is no such request in this practice.'
    case 'own-request':
      return 'This is your own request. Somebody else must decide it.'
    case 'already-decided':
      return alreadySentence(outcome.request)
    case 'problems':
      return outcome.problems.map(({ sentence }) => sentence).join(' ')
    case 'not-permitted':
      return mayNotList
    case 'not-saved':
      return 'The IP allowlist could not be edited.'
  }
}

async function decidedAnswer(plane: ApiPlane, practice: string, outcome: ReviewOutcome) {
  switch (outcome.outcome) {
    case 'decided':
      return { request: requestAnswer(outcome.request), sequence: outcome.announced }
    case 'unknown':
      throw refusal('not-found', undecidedSentence(outcome))
    case 'own-request':
    case 'not-permitted':
      throw refusal('not-permitted', undecidedSentence(outcome))
    case 'already-decided':
      throw refusal('already-decided', undecidedSentence(outcome))
    case 'problems':
      throw invalid(outcome.problems)
    case 'not-saved':
      await savedOf(plane, practice, outcome.edit)
      throw new Error('invariant: what was not saved has a refusal')
  }
}

const reviewOf = (
  c: Context<AdminEnv>,
  plane: ApiPlane,
  where: { readonly practice: string; readonly id: string },
  note: string,
): Review => ({
  ...where,
  note,
  reviewerLogin: c.get('admin').account.login,
  deed: deedOf(c, plane, undefined),
})

/** What an approval would give. */
type Given = {
  readonly practice: string
  readonly length: ApprovalLength
  readonly audience: 'user' | 'practice' | { readonly role: string }
  readonly network: string | null
}

/** What may be given to a role or the practice, or why not. */
function assertMayList(c: Context<AdminEnv>, practice: string, label: string | undefined): string {
  if (!holds(c.get('admin').account, practice, 'gw.ip.edit')) throw refusal('not-permitted', mayNotList)
  if (label === undefined)
    throw invalid([
      { path: 'label', sentence: 'Give the network a name: it will stand in the IP allowlist.' },
    ])
  return label
}

/** Whether a network that a reviewer chose is more than one address or, of IPv6, one household's. */
const isMany = (network: string): boolean => {
  const range = parseRange(network)?.range
  return range === undefined || range.prefix < (range.family === 4 ? 32 : 64)
}

/**
 * What is given to more than who asks, for a wider network, or for longer than is usual here, is as good as an entry of
 * the allowlist.
 */
async function assertMayWiden(
  c: Context<AdminEnv>,
  plane: ApiPlane,
  { practice, length, audience, network }: Given,
): Promise<void> {
  if (isFresh(c.get('admin'), plane.now())) return
  const isWide = length === null || audience !== 'user' || (network !== null && isMany(network))
  const { document } = await plane.views.read(practice)
  if (isWide || (typeof length === 'number' && length > document.requests.standardMs)) throw stepUpRequired()
}

function answerDecisions(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(accessRequestsRoutes.decide, async (c) => {
    const { practice } = c.req.valid('param')
    const { ids, decision, durationMs: length, note } = c.req.valid('json')
    if (decision === 'approve')
      await assertMayWiden(c, plane, { practice, length, audience: 'user', network: null })
    const decided: ReturnType<typeof requestAnswer>[] = []
    const undecided: { id: string; sentence: string }[] = []
    let sequence: number | null = null
    for (const id of ids) {
      const review = reviewOf(c, plane, { practice, id }, note)
      const outcome = await (decision === 'approve'
        ? approveRequest(plane.store, { ...review, length })
        : rejectRequest(plane.store, review))
      if (outcome.outcome === 'decided') {
        decided.push(requestAnswer(outcome.request))
        sequence = outcome.announced ?? sequence
      } else undecided.push({ id, sentence: undecidedSentence(outcome) })
    }
    return c.json({ decided, undecided, sequence }, 200)
  })
  app.openapi(accessRequestsRoutes.approve, async (c) => {
    const wish = c.req.valid('json')
    const where = c.req.valid('param')
    const { audience, network, durationMs: length } = wish
    await assertMayWiden(c, plane, { practice: where.practice, length, audience, network })
    const review = reviewOf(c, plane, where, wish.note)
    const outcome =
      audience === 'user'
        ? await approveRequest(plane.store, { ...review, length, network })
        : await approveWidely(plane.store, {
            ...{ ...review, length, network, audience },
            label: assertMayList(c, where.practice, wish.label),
            typedName: wish.confirmPracticeName ?? null,
          })
    return c.json(await decidedAnswer(plane, where.practice, outcome), 200)
  })
  app.openapi(accessRequestsRoutes.reject, async (c) => {
    const where = c.req.valid('param')
    const review = reviewOf(c, plane, where, c.req.valid('json').note)
    return c.json(await decidedAnswer(plane, where.practice, await rejectRequest(plane.store, review)), 200)
  })
  app.openapi(accessRequestsRoutes.reopen, async (c) => {
    const where = c.req.valid('param')
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    return c.json(
      await decidedAnswer(plane, where.practice, await reopenRequest(plane.store, { ...where, deed })),
      200,
    )
  })
  app.openapi(accessRequestsRoutes.withdraw, async (c) => {
    const where = c.req.valid('param')
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    const mayEditList = holds(c.get('admin').account, where.practice, 'gw.ip.edit')
    const outcome = await withdrawApproval(plane.store, { ...where, deed, mayEditList })
    return c.json(await decidedAnswer(plane, where.practice, outcome), 200)
  })
}

/** Adds the answers. */
export function answerAccessRequests(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  answerDecisions(app, plane)
  app.openapi(accessRequestsRoutes.list, async (c) => {
    const { practice } = c.req.valid('param')
    const { status, ...query } = c.req.valid('query')
    const at = plane.now()
    const [view, pending, all] = await Promise.all([
      plane.views.read(practice),
      plane.store.read((rows) => countPending(rows, practice, at)),
      plane.store.read((rows) => listRequests(rows, practice, at, listedMax)),
    ])
    const found = all.filter((request) => status === undefined || request.status === status)
    const page = pageOf(found, ({ id }) => id, query)
    const ids = page.items.map(({ id }) => id)
    const requests = await plane.store.read((rows) => readRequests(rows, practice, ids, at))
    const hints = await readHints(plane, practice, requests, view.document.ipEntries)
    c.header('etag', etagOf(view.revision))
    return c.json(
      {
        revision: view.revision,
        settings: view.document.requests,
        pending,
        requests: requests.map((request) => requestAnswer(request, hints.get(request.id))),
        nextCursor: page.nextCursor,
      },
      200,
    )
  })
  app.openapi(accessRequestsRoutes.counts, async (c) => {
    const { practice } = c.req.valid('param')
    const span = { ...chartSpan(c.req.valid('query')), now: plane.now() }
    const { counts, ...told } = await plane.store.read((rows) => countRequests(rows, practice, span))
    return c.json({ stepMs: span.stepMs, counts: [...counts], ...told }, 200)
  })
  app.openapi(accessRequestsRoutes.saveSettings, async (c) => {
    const { confirmPracticeName, reason, ...requests } = c.req.valid('json')
    const { revision, sequence } = await saveWish(c, plane, {
      practice: c.req.valid('param').practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'control.requests.changed',
      confirmPracticeName,
      reason,
      change: (document) => ({ ...document, requests }),
    })
    return c.json({ revision, sequence }, 200)
  })
}
