/**
 * Answers of the 2FA Management tab: everyone with their second factor, the same as a file, and taking one away.
 *
 * Who is found is `factor-report.ts`; the reset is `admin/two-factor/reset.ts`. Invariant: whoever takes the list away as
 * a file has just shown a second factor and leaves an event, since it tells an attacker whom to try first.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { eventOf } from '../deed.ts'
import { appendEvent } from '../store/events.ts'
import { lastAnnounced } from '../store/publish-state.ts'
import { giveEnrolmentCode } from '../two-factor/enrolment-codes.ts'
import { resetTwoFactor } from '../two-factor/reset.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { twoFactorRoutes } from './contract/two-factor.ts'
import { factorReportCsv, findPeople } from './factor-report.ts'
import { etagOf, pageOf } from './paging.ts'
import { invalid, refusal } from './refusals.ts'

/** Adds the answers. */
export function answerTwoFactor(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(twoFactorRoutes.list, async (c) => {
    const { practice } = c.req.valid('param')
    const query = c.req.valid('query')
    const { version, counts, people } = await findPeople(plane, practice, query)
    const page = pageOf(people, ({ user }) => user, query)
    c.header('etag', etagOf(version))
    return c.json(
      { version, total: people.length, counts, people: [...page.items], nextCursor: page.nextCursor },
      200,
    )
  })
  app.openapi(twoFactorRoutes.report, async (c) => {
    const { practice } = c.req.valid('param')
    const { format, ...filter } = c.req.valid('query')
    const deed = deedOf(c, plane, undefined)
    const { counts, people, name } = await findPeople(plane, practice, filter)
    await plane.store.transaction((tx) =>
      appendEvent(tx, {
        ...eventOf(deed),
        ...{ practice, action: 'two-factor.report-made', before: null },
        target: { kind: 'practice', id: practice, name },
        // What was searched for may be somebody's name.
        after: { format, ...filter, text: filter.text !== undefined, people: people.length },
      }),
    )
    if (format === 'json') return c.json({ practice, madeAt: deed.at, counts, people: [...people] }, 200)
    const day = new Date(deed.at).toISOString().slice(0, 10)
    return c.body(factorReportCsv(people), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="two-factor-${practice}-${day}.csv"`,
    })
  })
  app.openapi(twoFactorRoutes.enrolmentCode, async (c) => {
    const { practice, user } = c.req.valid('param')
    const { reason, validMs } = c.req.valid('json')
    const wish = { practice, user, validMs }
    const given = await giveEnrolmentCode(plane.store, wish, deedOf(c, plane, reason))
    if (given === null)
      throw refusal('not-found', 'There is no such member in this practice who may come in.')
    return c.json(given, 200)
  })
  app.openapi(twoFactorRoutes.reset, async (c) => {
    const { practice, user } = c.req.valid('param')
    const { reason } = c.req.valid('json')
    const outcome = await resetTwoFactor(plane.store, { practice, user, reason }, deedOf(c, plane, reason))
    if (outcome.outcome === 'unknown') throw refusal('not-found', 'There is no such member in this practice.')
    if (outcome.outcome === 'nothing-to-reset')
      throw invalid([{ path: '', sentence: 'They have no second factor set up: there is nothing to reset.' }])
    const last = await plane.store.read((rows) => lastAnnounced(rows, practice))
    return c.json({ sequence: last ?? 0, sessions: outcome.sessionsEnded }, 200)
  })
}
