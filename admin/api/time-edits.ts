/**
 * Edits of the Time Windows tab: a weekly window, a closure or a one-off opening added, changed, removed.
 *
 * Who would be left without hours or locked out is the edit's own check. Invariant: a wish is checked by the document's
 * own schema before it is merged, so that its Problems name the fields that the admin sees.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { dayOf, parseDay } from '../../policies/calendar.ts'
import {
  type Audience,
  exceptionSchema,
  type PolicyDocument,
  type TimeException,
  type TimeWindow,
  timeWindowSchema,
} from '../../policies/document.ts'
import { type Problem, problemsOf } from '../../policies/problem.ts'
import { offsetAt } from '../../policies/timetable-zone.ts'
import { newToken } from '../../runtime/token.ts'
import type { AdminEnv } from './admin-env.ts'
import type { ApiPlane } from './api-plane.ts'
import { timeWindowsRoutes } from './contract/time-windows.ts'
import { saveWish, type Wish } from './edits.ts'
import { invalid, refusal } from './refusals.ts'
import { exceptionSentence, windowNotes, windowSentence } from './window-words.ts'

type Section = 'timeWindows' | 'exceptions'
type Item<S extends Section> = PolicyDocument[S][number]

const gone: { readonly problems: readonly Problem[] } = {
  problems: [{ path: 'id', sentence: 'There is no such window, closure or opening any more.' }],
}

/** The window, or a refusal with everything that is wrong with it. */
export function checkWindow(wish: unknown): TimeWindow {
  const parsed = timeWindowSchema.safeParse(wish)
  if (!parsed.success) throw invalid(problemsOf(parsed.error))
  return parsed.data
}

function checkException(wish: unknown): TimeException {
  const parsed = exceptionSchema.safeParse(wish)
  if (!parsed.success) throw invalid(problemsOf(parsed.error))
  return parsed.data
}

const windowTarget = (window: TimeWindow) => ({
  kind: 'time-window',
  id: window.id,
  name: window.label ?? windowSentence(window),
})

const exceptionTarget = ({ id, label, kind }: TimeException) => ({ kind, id, name: label })

/** Refuses an audience that there is not: a role by the policy, a person by the directory. */
export async function assertAudience(plane: ApiPlane, practice: string, audience: Audience): Promise<void> {
  if (audience === 'practice') return
  if ('role' in audience) {
    const { document } = await plane.views.read(practice)
    if (document.roles.some(({ id }) => id === audience.role)) return
    throw invalid([{ path: 'audience', sentence: `There is no role ${audience.role} in this practice.` }])
  }
  if ((await plane.views.people(practice)).byId.has(audience.user)) return
  throw invalid([{ path: 'audience', sentence: 'There is no such member in this practice.' }])
}

/** Refuses days that are over: nobody closes yesterday on purpose. */
async function assertAhead(plane: ApiPlane, practice: string, exception: TimeException): Promise<void> {
  const { document } = await plane.views.read(practice)
  const at = plane.now()
  const today = dayOf(at + offsetAt(document.practice.zone, at))
  if (parseDay(exception.to) < today)
    throw invalid([{ path: 'to', sentence: 'The last day lies in the past.' }])
}

/** The item of an id as it is now; refuses `not-found`. */
async function itemNow<S extends Section>(
  plane: ApiPlane,
  { practice, section, id }: { readonly practice: string; readonly section: S; readonly id: string },
): Promise<Item<S>> {
  const { document } = await plane.views.read(practice)
  const items: readonly Item<S>[] = document[section]
  const item = items.find((one) => one.id === id)
  if (item === undefined) throw refusal('not-found', 'There is no such window, closure or opening.')
  return item
}

type Extra = { readonly confirmPracticeName?: string | undefined; readonly reason?: string | undefined }

/** Splits a body into the wish and what goes with any edit; absent parts are left out. */
function partsOf<T extends Extra>(body: T) {
  const { confirmPracticeName, reason, ...wish } = body
  const present = Object.fromEntries(Object.entries(wish).filter(([, part]) => part !== undefined))
  return { extra: { confirmPracticeName, reason }, wish: present }
}

const save = async (c: Context<AdminEnv>, plane: ApiPlane, wish: Wish) => {
  const { revision, sequence } = await saveWish(c, plane, wish)
  return { revision, sequence }
}

/** The list with one item replaced, or `gone`. */
const replaced =
  <S extends Section>(section: S, item: Item<S>): Wish['change'] =>
  (current) => {
    const items: readonly Item<S>[] = current[section]
    if (!items.some(({ id }) => id === item.id)) return gone
    return { ...current, [section]: items.map((one) => (one.id === item.id ? item : one)) }
  }

const without =
  (section: Section, id: string): Wish['change'] =>
  (current) => {
    const items: readonly { readonly id: string }[] = current[section]
    if (!items.some((one) => one.id === id)) return gone
    return { ...current, [section]: items.filter((one) => one.id !== id) }
  }

function answerWindowEdits(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(timeWindowsRoutes.createWindow, async (c) => {
    const { practice } = c.req.valid('param')
    const { extra, wish } = partsOf(c.req.valid('json'))
    const window = checkWindow({ id: `tw_${newToken().slice(0, 16)}`, ...wish })
    await assertAudience(plane, practice, window.audience)
    const saved = await save(c, plane, {
      ...{ practice, ...extra, ifMatch: c.req.valid('header')['if-match'] },
      ...{ action: 'time-window.added', target: windowTarget(window) },
      change: (current) => ({ ...current, timeWindows: [...current.timeWindows, window] }),
    })
    return c.json({ ...saved, window, notes: [...windowNotes(window)] }, 201)
  })
  app.openapi(timeWindowsRoutes.changeWindow, async (c) => {
    const { practice, id } = c.req.valid('param')
    const { extra, wish } = partsOf(c.req.valid('json'))
    const before = await itemNow(plane, { practice, section: 'timeWindows', id })
    const window = checkWindow({ ...before, ...wish })
    await assertAudience(plane, practice, window.audience)
    const saved = await save(c, plane, {
      ...{ practice, ...extra, ifMatch: c.req.valid('header')['if-match'] },
      ...{ action: 'time-window.changed', target: windowTarget(window) },
      change: replaced('timeWindows', window),
    })
    return c.json({ ...saved, window, notes: [...windowNotes(window)] }, 200)
  })
  app.openapi(timeWindowsRoutes.removeWindow, async (c) => {
    const { practice, id } = c.req.valid('param')
    const window = await itemNow(plane, { practice, section: 'timeWindows', id })
    const saved = await save(c, plane, {
      ...{ practice, ...c.req.valid('query'), ifMatch: c.req.valid('header')['if-match'] },
      ...{ action: 'time-window.removed', target: windowTarget(window) },
      change: without('timeWindows', id),
    })
    return c.json(saved, 200)
  })
}

function answerExceptionEdits(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(timeWindowsRoutes.createException, async (c) => {
    const { practice } = c.req.valid('param')
    const { extra, wish } = partsOf(c.req.valid('json'))
    const exception = checkException({ id: `tx_${newToken().slice(0, 16)}`, ...wish })
    await assertAhead(plane, practice, exception)
    await assertAudience(plane, practice, exception.audience)
    const saved = await save(c, plane, {
      ...{ practice, ...extra, ifMatch: c.req.valid('header')['if-match'] },
      ...{ action: `${exception.kind}.added`, target: exceptionTarget(exception) },
      change: (current) => ({ ...current, exceptions: [...current.exceptions, exception] }),
    })
    return c.json({ ...saved, exception, notes: [exceptionSentence(exception)] }, 201)
  })
  app.openapi(timeWindowsRoutes.changeException, async (c) => {
    const { practice, id } = c.req.valid('param')
    const { extra, wish } = partsOf(c.req.valid('json'))
    const before = await itemNow(plane, { practice, section: 'exceptions', id })
    const exception = checkException({ ...before, ...wish })
    await assertAhead(plane, practice, exception)
    await assertAudience(plane, practice, exception.audience)
    const saved = await save(c, plane, {
      ...{ practice, ...extra, ifMatch: c.req.valid('header')['if-match'] },
      ...{ action: `${exception.kind}.changed`, target: exceptionTarget(exception) },
      change: replaced('exceptions', exception),
    })
    return c.json({ ...saved, exception, notes: [exceptionSentence(exception)] }, 200)
  })
  app.openapi(timeWindowsRoutes.removeException, async (c) => {
    const { practice, id } = c.req.valid('param')
    const exception = await itemNow(plane, { practice, section: 'exceptions', id })
    const saved = await save(c, plane, {
      ...{ practice, ...c.req.valid('query'), ifMatch: c.req.valid('header')['if-match'] },
      ...{ action: `${exception.kind}.removed`, target: exceptionTarget(exception) },
      change: without('exceptions', id),
    })
    return c.json(saved, 200)
  })
}

/** Adds the answers of edits. */
export function answerTimeEdits(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  answerWindowEdits(app, plane)
  answerExceptionEdits(app, plane)
}
