/**
 * Answers about practices: creating one, its name, zone and contact line, and which controls it has.
 *
 * The changes are `practice-edits.ts` and `policy-edit.ts`. Invariant: that an account is an operator's is asked here,
 * beside the access table, since no permission within one practice says so.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { createPractice, switchFeature } from '../practice-edits.ts'
import { listFeaturesOff, practiceFeatures } from '../store/practice-features.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { practicesRoutes } from './contract/practices.ts'
import { savedOf, saveWish } from './edits.ts'
import { etagOf } from './paging.ts'
import { invalid, refusal } from './refusals.ts'

function assertOperator(c: Context<AdminEnv>): void {
  if (c.get('admin').account.practices !== 'every')
    throw refusal(
      'not-permitted',
      'Only an operator of Gatehouse, whose account is for every practice, can do this.',
    )
}

/** Adds the answers. */
export function answerPractices(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(practicesRoutes.create, async (c) => {
    assertOperator(c)
    const { reason, ...practice } = c.req.valid('json')
    const problems = await createPractice(plane.store, practice, deedOf(c, plane, reason))
    if (problems.length > 0) throw invalid(problems)
    return c.json({ id: practice.id, revision: 1 as const }, 201)
  })
  app.openapi(practicesRoutes.change, async (c) => {
    const { practice } = c.req.valid('param')
    const { name, zone, contact, confirmPracticeName, reason } = c.req.valid('json')
    const { revision, sequence } = await saveWish(c, plane, {
      practice,
      ifMatch: c.req.valid('header')['if-match'],
      action: 'practice.changed',
      confirmPracticeName,
      reason,
      change: ({ practice: of, requests, ...rest }) => ({
        ...rest,
        practice: { ...of, name: name ?? of.name, zone: zone ?? of.zone },
        requests: { ...requests, contact: contact ?? requests.contact },
      }),
    })
    return c.json({ revision, sequence }, 200)
  })
  app.openapi(practicesRoutes.features, async (c) => {
    const { practice } = c.req.valid('param')
    const off = (await plane.store.read((rows) => listFeaturesOff(rows, practice))).get(practice)
    return c.json(
      {
        features: [
          ...practiceFeatures.map((id) => ({ id, on: off?.has(id) !== true, always: false })),
          { id: 'two-factor' as const, on: true, always: true },
          { id: 'google' as const, on: true, always: true },
        ],
      },
      200,
    )
  })
  app.openapi(practicesRoutes.switchFeature, async (c) => {
    assertOperator(c)
    const { practice, feature } = c.req.valid('param')
    const { on, reason } = c.req.valid('json')
    const outcome = await switchFeature(plane.store, {
      ...{ practice, feature, on },
      deed: deedOf(c, plane, reason),
    })
    const { revision, sequence } = await savedOf(plane, practice, outcome)
    c.header('etag', etagOf(revision))
    return c.json({ revision, sequence }, 200)
  })
}
