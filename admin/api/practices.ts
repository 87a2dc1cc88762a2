/**
 * Answers about practices: creating one, its name, zone and contact line, which controls it has, how it is recognised, and
 * retiring it.
 *
 * The changes are `practice-edits.ts`, `practice-retiring.ts` and `policy-edit.ts`. Invariant: that an account is an operator's is asked here,
 * beside the access table, since no permission within one practice says so.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { never } from '../../policies/instant.ts'
import { createPractice, switchFeature } from '../practices/practice-edits.ts'
import {
  readRetirement,
  reinstatableUntil,
  reinstatePractice,
  retirePractice,
} from '../practices/practice-retiring.ts'
import { practiceSourcesOf } from '../practices/practice-sources.ts'
import { listFeaturesOff, practiceFeatures } from '../store/practice-features.ts'
import { findNewestRevision } from '../store/practices.ts'
import { listRetired } from '../store/retired-practices.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { practicesRoutes } from './contract/practices.ts'
import { savedOf, saveWish } from './edits.ts'
import { etagOf, revisionIn } from './paging.ts'
import { invalid, refusal } from './refusals.ts'

function assertOperator(c: Context<AdminEnv>): void {
  if (c.get('admin').account.practices !== 'every')
    throw refusal(
      'not-permitted',
      'Only an operator of Gatehouse, whose account is for every practice, can do this.',
    )
}

const noSuch = (): Error => refusal('not-found', 'There is no such practice.')

function answerRetiring(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  const { store } = plane
  app.openapi(practicesRoutes.sources, async (c) => {
    const { practice } = c.req.valid('param')
    if ((await store.read((rows) => findNewestRevision(rows, practice))) === null) throw noSuch()
    return c.json(practiceSourcesOf(plane.sources, practice), 200)
  })
  app.openapi(practicesRoutes.retirement, async (c) => {
    const { practice } = c.req.valid('param')
    const found = await readRetirement(store, practice, plane.now())
    if (found === null) throw noSuch()
    c.header('etag', etagOf(found.revision))
    return c.json(found, 200)
  })
  app.openapi(practicesRoutes.retire, async (c) => {
    assertOperator(c)
    const { practice } = c.req.valid('param')
    const { reason, contact, confirmPracticeName } = c.req.valid('json')
    const { document } = await plane.views.read(practice)
    if (confirmPracticeName.trim() !== document.practice.name)
      throw invalid([{ path: 'confirmPracticeName', sentence: `Type “${document.practice.name}”.` }])
    const outcome = await retirePractice(store, {
      ...{ practice, contact, from: revisionIn(c.req.valid('header')['if-match']) },
      deed: deedOf(c, plane, reason),
    })
    switch (outcome.outcome) {
      case 'retired':
        return c.json({ sequence: outcome.announced }, 200)
      case 'unknown':
        throw noSuch()
      case 'conflict':
        throw refusal('revision-conflict', 'Somebody saved in between: look at it again.', {
          current: outcome.current,
        })
      case 'last':
        throw invalid([
          { path: '', sentence: 'It is the only practice here, and one stays. Create another one first.' },
        ])
    }
  })
  app.openapi(practicesRoutes.retired, async (c) => {
    const practices = await store.read(async (rows) => {
      const found = await listRetired(rows)
      return Promise.all(
        found.map(async (one) => {
          const until = await reinstatableUntil(rows, one)
          return { ...one, reinstatableUntil: until === never ? null : until }
        }),
      )
    })
    return c.json({ practices }, 200)
  })
  app.openapi(practicesRoutes.reinstate, async (c) => {
    const { practice } = c.req.valid('param')
    const { reason } = c.req.valid('json')
    const outcome = await reinstatePractice(store, { practice, deed: deedOf(c, plane, reason) })
    switch (outcome.outcome) {
      case 'reinstated':
        return c.json({ revision: outcome.revision, sequence: outcome.announced }, 200)
      case 'unknown':
        throw refusal('not-found', 'There is no retired practice of this id.')
      case 'late':
        throw invalid([
          { path: '', sentence: 'Its events have been kept their time: create it anew under another id.' },
        ])
      case 'problems':
        throw invalid(outcome.problems)
    }
  })
}

/** Adds the answers. */
export function answerPractices(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  answerRetiring(app, plane)
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
