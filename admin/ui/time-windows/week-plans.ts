/**
 * The week of an audience among a practice's windows: which of them the grid shows, and what a changed week sends.
 *
 * Pure. Invariant: every window is either in the grid or beside it, never both and never neither; those of some dates
 * only, or of other clocks than the grid's, stay beside it and are changed one by one.
 */
import type { Audience, TimeWindow } from '../queries.ts'
import { hoursOf, type WeekHours, type WeeklyTimes, windowsOf } from './week-hours.ts'

/** The week that the grid shows. `zone` `null`: the practice's. */
export type WeekPlan = {
  /** What it is made of. */
  readonly windows: readonly TimeWindow[]
  readonly zone: string | null
  readonly insteadOfRoleHours: boolean
  readonly hours: WeekHours
  /** Windows of the audience that the grid cannot show. */
  readonly beside: readonly TimeWindow[]
}

const isSame = (one: Audience, other: Audience): boolean => JSON.stringify(one) === JSON.stringify(other)

const isWeekly = ({ validFrom, validTo }: TimeWindow): boolean => validFrom === null && validTo === null

/** The week of an audience; without a window of it an empty one. */
export function weekPlanOf(windows: readonly TimeWindow[], audience: Audience): WeekPlan {
  const own = windows.filter((window) => isSame(window.audience, audience))
  const first = own.find(isWeekly)
  const zone = first?.zone ?? null
  const insteadOfRoleHours = first?.insteadOfRoleHours ?? false
  const shown = own.filter(
    (window) => isWeekly(window) && window.zone === zone && window.insteadOfRoleHours === insteadOfRoleHours,
  )
  return {
    ...{ zone, insteadOfRoleHours, hours: hoursOf(shown), windows: shown },
    beside: own.filter((window) => !shown.includes(window)),
  }
}

/** A week as it is wished. */
export type WeekWish = {
  readonly audience: Audience
  readonly zone: string | null
  readonly insteadOfRoleHours: boolean
  readonly hours: WeekHours
}

const listOf = (times: readonly WeeklyTimes[]) =>
  times.map(({ days, start, end }) => ({ days: [...days], start, end }))

/** What is sent to save a week in the place of another. */
export const weekBodyOf = (plan: WeekPlan, { hours, ...wish }: WeekWish) => ({
  ...wish,
  replaces: plan.windows.map(({ id }) => id),
  windows: listOf(windowsOf(hours)),
})

/** The same as a draft, to be asked about before it is saved: a window whose times stay is the same one, as in a save. */
export function weekDraftOf(plan: WeekPlan, { hours, audience, zone, insteadOfRoleHours }: WeekWish) {
  const free = [...plan.windows]
  const put = listOf(windowsOf(hours)).map((times, place) => {
    const at = free.findIndex(({ start, end }) => start === times.start && end === times.end)
    const [old] = at === -1 ? [] : free.splice(at, 1)
    return {
      ...{ id: old?.id ?? `draft-${place + 1}`, label: old?.label ?? null },
      ...{ audience, zone, insteadOfRoleHours, validFrom: null, validTo: null },
      ...times,
    }
  })
  return { timeWindows: { put, remove: free.map(({ id }) => id) } }
}
