/**
 * Answers of the Access Requests tab: the list, the two decisions, and whether requests are taken at all.
 *
 * The decisions themselves are `admin/access-review.ts`. Invariant: whoever comes second is told who decided, and
 * nobody reviews a request of their own.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { never } from '../../policies/instant.ts'
import {
  approveRequest,
  type Review,
  type ReviewOutcome,
  rejectRequest,
  withdrawApproval,
} from '../access-review.ts'
import { isFresh } from '../sign-in/freshness.ts'
import { countPending, type ListedRequest, listRequests } from '../store/access-requests.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { accessRequestsRoutes } from './contract/access-requests.ts'
import { saveWish } from './edits.ts'
import { etagOf, pageOf } from './paging.ts'
import { refusal, stepUpRequired } from './refusals.ts'

const listedMax = 2_000

const requestAnswer = (request: ListedRequest) => ({
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
})

const alreadySentence = ({ status, decidedByName }: ListedRequest): string => {
  if (status === 'approved') return `${decidedByName} has approved it. Nothing was changed.`
  if (status === 'rejected') return `${decidedByName} has rejected it. Nothing was changed.`
  return 'It is no longer open. Nothing was changed.'
}

function decidedAnswer(outcome: ReviewOutcome) {
  switch (outcome.outcome) {
    case 'decided':
      return { request: requestAnswer(outcome.request), sequence: outcome.announced }
    case 'unknown':
      throw refusal('not-found', 'There is no such request in this practice.')
    case 'own-request':
      throw refusal('not-permitted', 'This is your own request. Somebody else must decide it.')
    case 'already-decided':
      throw refusal('already-decided', alreadySentence(outcome.request))
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

/** Adds the answers. */
export function answerAccessRequests(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
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
    c.header('etag', etagOf(view.revision))
    return c.json(
      {
        revision: view.revision,
        settings: view.document.requests,
        pending,
        requests: page.items.map(requestAnswer),
        nextCursor: page.nextCursor,
      },
      200,
    )
  })
  app.openapi(accessRequestsRoutes.approve, async (c) => {
    const { durationMs, note } = c.req.valid('json')
    // Without end it is as good as an entry of the allowlist.
    if (durationMs === null && !isFresh(c.get('admin'), plane.now())) throw stepUpRequired()
    const review = reviewOf(c, plane, c.req.valid('param'), note)
    return c.json(decidedAnswer(await approveRequest(plane.store, { ...review, length: durationMs })), 200)
  })
  app.openapi(accessRequestsRoutes.reject, async (c) => {
    const review = reviewOf(c, plane, c.req.valid('param'), c.req.valid('json').note)
    return c.json(decidedAnswer(await rejectRequest(plane.store, review)), 200)
  })
  app.openapi(accessRequestsRoutes.withdraw, async (c) => {
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    return c.json(decidedAnswer(await withdrawApproval(plane.store, { ...c.req.valid('param'), deed })), 200)
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
