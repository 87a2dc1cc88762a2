/**
 * Answers of emergency access: the uses, ending one early, noting a review.
 *
 * The changes are `admin/emergency-access.ts`. Invariant: whoever acts second changes nothing and is told how it stands.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { type EmergencyOutcome, endEmergency, reviewEmergency } from '../emergency-access.ts'
import { type EmergencyUse, listEmergencies, readDrill } from '../store/emergencies.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { type EmergencyAnswer, emergencyRoutes } from './contract/emergency.ts'
import { etagOf } from './paging.ts'
import { refusal } from './refusals.ts'

const listedMax = 500

const emergencyAnswer = (use: EmergencyUse): EmergencyAnswer => ({
  id: use.id,
  user: { id: use.user.id, name: use.user.name, login: use.user.login },
  reason: use.reason,
  address: use.address,
  method: use.method,
  startedAt: use.startedAt,
  endsAt: use.endsAt,
  state: use.state,
  endedBy: use.endedByName,
  reviewedAt: use.reviewedAt,
  reviewedBy: use.reviewedByName,
  reviewNote: use.reviewNote,
})

function changedAnswer(outcome: EmergencyOutcome) {
  switch (outcome.outcome) {
    case 'done':
    case 'unchanged':
      return { use: emergencyAnswer(outcome.use), sequence: outcome.announced }
    case 'unknown':
      throw refusal('not-found', 'There is no such use of emergency access in this practice.')
    case 'own':
      throw refusal('not-permitted', 'This is your own. Somebody else must review it.')
  }
}

/** Adds the answers. */
export function answerEmergency(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(emergencyRoutes.list, async (c) => {
    const { practice } = c.req.valid('param')
    const view = await plane.views.read(practice)
    const uses = await plane.store.read((rows) => listEmergencies(rows, practice, listedMax, plane.now()))
    const drill = await plane.store.read((rows) => readDrill(rows, practice))
    c.header('etag', etagOf(view.revision))
    return c.json(
      {
        revision: view.revision,
        settings: view.document.emergency,
        unreviewed: uses.filter(({ reviewedAt }) => reviewedAt === null).length,
        uses: uses.map(emergencyAnswer),
        drill,
      },
      200,
    )
  })
  app.openapi(emergencyRoutes.end, async (c) => {
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    return c.json(changedAnswer(await endEmergency(plane.store, { ...c.req.valid('param'), deed })), 200)
  })
  app.openapi(emergencyRoutes.review, async (c) => {
    const { note } = c.req.valid('json')
    const deed = deedOf(c, plane, undefined)
    const reviewerLogin = c.get('admin').account.login
    const review = { ...c.req.valid('param'), deed, note, reviewerLogin }
    return c.json(changedAnswer(await reviewEmergency(plane.store, review)), 200)
  })
}
