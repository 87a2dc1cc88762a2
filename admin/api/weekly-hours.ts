/**
 * The hours of a whole week replaced as one change, and sign-ins by hour to hold hours against.
 *
 * One window at a time is `time-edits.ts`. Invariant: a week is saved whole or not at all, with one event and one
 * confirmation; a window whose times stay keeps its id and label. One request per window was refused: the first of them
 * that is stricter waits for its confirmation and stops the others.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Audience, PolicyDocument, TimeWindow } from '../../policies/document.ts'
import type { Problem } from '../../policies/problem.ts'
import { newToken } from '../../runtime/token.ts'
import { signInsByHour } from '../sign-in-hours.ts'
import type { AdminEnv } from './admin-env.ts'
import type { ApiPlane } from './api-plane.ts'
import { timeWindowsRoutes } from './contract/time-windows.ts'
import { saveWish } from './edits.ts'
import { type Subject, subjectOf } from './hours-subject.ts'
import { audienceName } from './networks.ts'
import { invalid } from './refusals.ts'
import { assertAudience, checkWindow } from './time-edits.ts'
import { windowNotes } from './window-words.ts'

const countedDays = 28

type Week = {
  readonly replaces: readonly string[]
  readonly audience: Audience
  readonly zone: string | null
  readonly insteadOfRoleHours: boolean
  readonly windows: readonly Pick<TimeWindow, 'days' | 'start' | 'end'>[]
}

/** Why these windows cannot be replaced; empty: they can. */
function problemsOf({ replaces }: Week, current: readonly TimeWindow[]): readonly Problem[] {
  return replaces.flatMap((id, at) => {
    const window = current.find((one) => one.id === id)
    if (window === undefined)
      return [{ path: `replaces[${at}]`, sentence: 'There is no such window any more.' }]
    return window.validFrom === null && window.validTo === null
      ? []
      : [{ path: `replaces[${at}]`, sentence: 'A window for some dates only is changed by itself.' }]
  })
}

/** The windows of the week; each takes id and label of a replaced one with the same times. */
function weekWindows(week: Week, current: readonly TimeWindow[]): readonly TimeWindow[] {
  const free = current.filter(({ id }) => week.replaces.includes(id))
  return week.windows.map(({ days, start, end }) => {
    const at = free.findIndex((old) => old.start === start && old.end === end)
    const [old] = at === -1 ? [] : free.splice(at, 1)
    return checkWindow({
      ...{ id: old?.id ?? `tw_${newToken().slice(0, 16)}`, label: old?.label ?? null },
      ...{ days, start, end, audience: week.audience, zone: week.zone },
      ...{ validFrom: null, validTo: null, insteadOfRoleHours: week.insteadOfRoleHours },
    })
  })
}

/** The list with the week in the place of what it replaces; what is new comes last. */
function withWeek(
  current: PolicyDocument,
  week: Week,
): PolicyDocument | { readonly problems: readonly Problem[] } {
  const problems = problemsOf(week, current.timeWindows)
  if (problems.length > 0) return { problems }
  const made = new Map(weekWindows(week, current.timeWindows).map((window) => [window.id, window]))
  const kept = current.timeWindows.flatMap((window) => {
    if (!week.replaces.includes(window.id)) return [window]
    const again = made.get(window.id)
    made.delete(window.id)
    return again === undefined ? [] : [again]
  })
  return { ...current, timeWindows: [...kept, ...made.values()] }
}

async function nameOf(plane: ApiPlane, practice: string, audience: Audience): Promise<string> {
  const { document } = await plane.views.read(practice)
  const { byId } = await plane.views.people(practice)
  return audienceName(document, audience, (user) => byId.get(user)?.name ?? null)
}

/** The members whose sign-ins are counted; `null`: everyone's, whoever has left included. */
async function countedUsers(plane: ApiPlane, practice: string, { user, role }: Subject) {
  if (user !== undefined) return [user]
  if (role === undefined) return null
  const { members } = await plane.views.people(practice)
  return members.filter(({ roles }) => roles.includes(role)).map((member) => member.user)
}

async function signInHours(plane: ApiPlane, practice: string, asked: Subject) {
  const view = await plane.views.read(practice)
  const at = plane.now()
  const isEveryone = asked.user === undefined && asked.role === undefined
  const name = isEveryone ? 'Everyone' : (await subjectOf(plane, view, asked)).name
  const users = await countedUsers(plane, practice, asked)
  const { zone } = view.document.practice
  const wish = { practice, zone, users, at, days: countedDays }
  const counts = await plane.store.read((rows) => signInsByHour(rows, wish))
  const total = counts.flat().reduce((sum, count) => sum + count, 0)
  return { zone, name, days: countedDays, total, counts: counts.map((day) => [...day]) }
}

/** Adds the answers. */
export function answerWeeklyHours(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(timeWindowsRoutes.replaceWeek, async (c) => {
    const { practice } = c.req.valid('param')
    const { confirmPracticeName, reason, ...week } = c.req.valid('json')
    const { document: before } = await plane.views.read(practice)
    const problems = problemsOf(week, before.timeWindows)
    if (problems.length > 0) throw invalid(problems)
    await assertAudience(plane, practice, week.audience)
    // Looked at before it is saved, so that what is wrong is told by the names of the fields.
    const looked = weekWindows(week, before.timeWindows)
    const saved = await saveWish(c, plane, {
      ...{ practice, confirmPracticeName, reason, ifMatch: c.req.valid('header')['if-match'] },
      action: 'weekly-hours.changed',
      target: {
        kind: 'weekly-hours',
        id: week.audience === 'practice' ? practice : Object.values(week.audience).join(),
        name: await nameOf(plane, practice, week.audience),
      },
      change: (current) => withWeek(current, week),
    })
    const known = new Set(before.timeWindows.map(({ id }) => id))
    const windows = saved.document.timeWindows.filter(
      ({ id }) => week.replaces.includes(id) || !known.has(id),
    )
    const notes = [...new Set(looked.flatMap(windowNotes))]
    return c.json({ revision: saved.revision, sequence: saved.sequence, windows, notes }, 200)
  })
  app.openapi(timeWindowsRoutes.signInHours, async (c) =>
    c.json(await signInHours(plane, c.req.valid('param').practice, c.req.valid('query')), 200),
  )
}
