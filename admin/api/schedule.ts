/**
 * Answers of changes that wait for their time.
 *
 * What happens at their time is `scheduled-changes.ts`. Invariant: what could not be saved now is not scheduled, except
 * against the lockout guard where the practice's name is typed, as with every save.
 */
import type { OpenAPIHono, z } from '@hono/zod-openapi'
import { compile } from '../../policies/compile.ts'
import type { DurationMs } from '../../policies/instant.ts'
import { momentText } from '../../policies/timetable-zone.ts'
import { applySettings } from '../policy-draft.ts'
import { forecastPolicy } from '../policy-forecast.ts'
import { cancelScheduled, scheduleChange, waitingMax } from '../scheduled-changes.ts'
import { listScheduled, type Scheduled } from '../store/scheduled.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { type scheduledSchema, scheduleRoutes } from './contract/schedule.ts'
import { lockoutRefusal } from './edits.ts'
import { revisionIn } from './paging.ts'
import { invalid, refusal } from './refusals.ts'

const settledMax = 20
const soonestMs: DurationMs = 60_000
const latestMs: DurationMs = 400 * 86_400_000

const shown = (zone: string, one: Scheduled): z.infer<typeof scheduledSchema> => ({
  ...{ id: one.id, startsAt: one.startsAt, startsText: momentText(zone, one.startsAt) },
  ...{ changes: [...one.changes], notice: one.notice, by: one.actor.name, reason: one.reason },
  ...{ createdAt: one.createdAt, settledAt: one.settledAt, outcome: one.outcome, detail: one.detail },
})

/** What waits in a practice, or what became of the last twenty. */
export async function readScheduledAnswer(plane: ApiPlane, practice: string, state: 'waiting' | 'settled') {
  const { document } = await plane.views.read(practice)
  const countMax = state === 'waiting' ? waitingMax : settledMax
  const found = await plane.store.read((rows) => listScheduled(rows, practice, state, countMax))
  return found.map((one) => shown(document.practice.zone, one))
}

function assertTime(startsAt: number, at: number): void {
  if (startsAt < at + soonestMs)
    throw invalid([{ path: 'startsAt', sentence: 'choose a time that is at least a minute away' }])
  if (startsAt > at + latestMs)
    throw invalid([{ path: 'startsAt', sentence: 'choose a time within the next 400 days' }])
}

function answerCreate(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(scheduleRoutes.create, async (c) => {
    const { practice } = c.req.valid('param')
    const { startsAt, draft, notice, confirmPracticeName, reason } = c.req.valid('json')
    const deed = deedOf(c, plane, reason)
    assertTime(startsAt, deed.at)
    const { document, revision } = await plane.views.read(practice)
    if (revisionIn(c.req.valid('header')['if-match']) !== revision)
      throw refusal('revision-conflict', 'The policy was changed in between. Load it again.', {
        current: revision,
      })
    const made = applySettings(document, draft)
    if ('problems' in made) throw invalid(made.problems)
    const compiled = compile(made, deed.at, process.versions.tz)
    if (!compiled.ok) throw invalid(compiled.problems)
    const wish = { document: compiled.value.document, deed, routes: plane.routes }
    const forecast = await plane.store.snapshot((tx) => forecastPolicy(tx, wish))
    if (forecast === null) throw refusal('not-found', 'There is no such practice.')
    if (forecast.changes.length === 0)
      throw invalid([{ path: 'draft', sentence: 'it is like that already: there is nothing to schedule' }])
    if (forecast.lastSecurityAdmin)
      throw refusal('last-security-admin', 'Nobody would be left who may change security settings.')
    const overridden = confirmPracticeName?.trim() === document.practice.name
    if (forecast.lockedOut.length > 0 && !overridden) throw lockoutRefusal(forecast.lockedOut)
    const { changes } = forecast
    const one = await scheduleChange(plane.store, {
      ...{ practice, startsAt, draft, changes, notice, deed },
      overridden: overridden && forecast.lockedOut.length > 0,
    })
    if (one === 'full') throw refusal('too-many', `At most ${waitingMax} changes can wait. Cancel one first.`)
    if (typeof one === 'string') throw refusal('not-found', 'There is no such practice.')
    return c.json(shown(document.practice.zone, one), 201)
  })
}

/** Adds the answers. */
export function answerSchedule(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(scheduleRoutes.list, async (c) => {
    const { practice } = c.req.valid('param')
    const [waiting, settled] = await Promise.all([
      readScheduledAnswer(plane, practice, 'waiting'),
      readScheduledAnswer(plane, practice, 'settled'),
    ])
    return c.json({ waiting, settled }, 200)
  })
  answerCreate(app, plane)
  app.openapi(scheduleRoutes.cancel, async (c) => {
    const { practice, id } = c.req.valid('param')
    const deed = deedOf(c, plane, c.req.valid('json').reason)
    if (!(await cancelScheduled(plane.store, { practice, id, deed })))
      throw refusal('not-found', 'There is no such change that waits.')
    return c.json({ cancelled: true as const }, 200)
  })
}
