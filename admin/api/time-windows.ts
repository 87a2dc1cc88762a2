/**
 * Answers of the Time Windows tab: weekly windows, closures, openings, and whose hours they come to.
 *
 * Edits are `time-edits.ts`, the switch is General Settings'. Invariant: what is open is read off the timetable that
 * gateways run, never worked out a second time from the windows.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Member } from '../../policies/access-request.ts'
import { dayOf, parseDay } from '../../policies/calendar.ts'
import type { Audience, PolicyDocument } from '../../policies/document.ts'
import { hoursGrid } from '../../policies/hours-grid.ts'
import { momentText, offsetAt } from '../../policies/timetable-zone.ts'
import { describeDays } from '../../policies/week.ts'
import type { AdminEnv } from './admin-env.ts'
import type { ApiPlane } from './api-plane.ts'
import { timeWindowsRoutes } from './contract/time-windows.ts'
import { anybody, type Subject, subjectOf } from './hours-subject.ts'
import { audienceName } from './networks.ts'
import { etagOf } from './paging.ts'
import type { People } from './people-views.ts'
import { concerns, createConcern } from './policy-views.ts'
import { answerTimeEdits } from './time-edits.ts'
import { answerWeeklyHours } from './weekly-hours.ts'
import { exceptionSentence, stateSentence, windowSentence } from './window-words.ts'

const previewDays = 14
const calendarDays = 7
const peopleMax = 100

/** A member who stands for an audience; who has left stands without roles. */
function standInOf(audience: Audience, byId: People['byId']): Member {
  if (audience === 'practice') return anybody([])
  if ('role' in audience) return anybody([audience.role])
  return byId.get(audience.user) ?? { ...anybody([]), user: audience.user }
}

/** The audiences of all windows once each, the practice first, then roles, then people. */
function audiencesOf({ timeWindows }: PolicyDocument): readonly Audience[] {
  const found = new Map(timeWindows.map(({ audience }) => [JSON.stringify(audience), audience]))
  const rank = (audience: Audience): number => (audience === 'practice' ? 0 : 'role' in audience ? 1 : 2)
  return [...found.values()].sort((one, other) => rank(one) - rank(other))
}

async function listWindows(plane: ApiPlane, practice: string) {
  const view = await plane.views.read(practice)
  const at = plane.now()
  const { byId } = await plane.views.people(practice)
  const { document, snapshot } = view
  const { zone } = document.practice
  const named = (audience: Audience): string =>
    audienceName(document, audience, (user) => byId.get(user)?.name ?? null)
  const today = dayOf(at + offsetAt(zone, at))
  return {
    revision: view.revision,
    zone,
    now: momentText(zone, at),
    mode: document.controls.time.mode,
    windows: document.timeWindows.map((window) => ({
      ...window,
      audienceName: named(window.audience),
      sentence: windowSentence(window),
    })),
    exceptions: document.exceptions.map((exception) => ({
      ...exception,
      audienceName: named(exception.audience),
      sentence: exceptionSentence(exception),
      past: parseDay(exception.to) < today,
    })),
    audiences: audiencesOf(document).map((audience) => {
      const state = describeDays(snapshot, standInOf(audience, byId), at, 1)
      return {
        audience,
        audienceName: named(audience),
        open: state.open,
        changesAt: state.changesAt,
        sentence: stateSentence(state),
      }
    }),
  }
}

async function preview(plane: ApiPlane, practice: string, asked: Subject) {
  const view = await plane.views.read(practice)
  const at = plane.now()
  const { member, name } = await subjectOf(plane, view, asked)
  const week = describeDays(view.snapshot, member, at, previewDays)
  return {
    zone: week.zone,
    now: week.now,
    name,
    mode: view.document.controls.time.mode,
    inScope: concerns(view.snapshot, member, 'time'),
    open: week.open,
    changesAt: week.changesAt,
    sentence: stateSentence(week),
    days: week.days.map(({ hours, ...day }) => ({ ...day, hours: [...hours] })),
  }
}

/** Who is in when. People who are suspended are in at no hour and left out. */
async function calendar(plane: ApiPlane, practice: string) {
  const { snapshot, document } = await plane.views.read(practice)
  const at = plane.now()
  const people = await plane.views.people(practice)
  const members = people.members.filter(({ suspended }) => !suspended)
  const isInScope = createConcern(snapshot, 'time')
  const { dates, groups, counts } = hoursGrid(snapshot, members, at, { count: calendarDays, isInScope })
  const { zone } = document.practice
  return {
    ...{ zone, now: momentText(zone, at), mode: document.controls.time.mode },
    days: dates.map(({ date, weekday, isToday }) => ({ date, weekday, isToday })),
    counts: counts.map((day) => [...day]),
    groups: groups.map(({ days, people }) => ({
      hours: [...days],
      count: people.length,
      people: people
        .slice(0, peopleMax)
        .map((member) => ({ user: member.user, name: member.name, inScope: isInScope(member) })),
    })),
  }
}

/** Adds the answers. */
export function answerTimeWindows(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(timeWindowsRoutes.list, async (c) => {
    const list = await listWindows(plane, c.req.valid('param').practice)
    c.header('etag', etagOf(list.revision))
    return c.json(list, 200)
  })
  app.openapi(timeWindowsRoutes.preview, async (c) =>
    c.json(await preview(plane, c.req.valid('param').practice, c.req.valid('query')), 200),
  )
  app.openapi(timeWindowsRoutes.calendar, async (c) =>
    c.json(await calendar(plane, c.req.valid('param').practice), 200),
  )
  answerTimeEdits(app, plane)
  answerWeeklyHours(app, plane)
}
