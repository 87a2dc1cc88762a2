/**
 * What the address of the page of hours says: whose week, a week that is not saved yet, the month, whose days to come.
 *
 * Invariant: a link sent to a colleague shows the same, a painted week that nobody has saved included; what is not
 * understood is dropped.
 */
import { openIn } from '../route-search.ts'
import type { WeekHours } from './week-hours.ts'
import { readWeek, weekText, weekTextMax } from './week-text.ts'

/** The parameters. `hours`, `zone` and `own` are of a week that is not saved. */
export type TimeSearch = {
  /** `practice`, `role:…` or `user:…`. */
  readonly week?: string | undefined
  readonly hours?: string | undefined
  /** `practice`: its own. */
  readonly zone?: string | undefined
  /** Instead of role hours: `yes` or `no`. */
  readonly own?: 'yes' | 'no' | undefined
  /** `2026-12`. */
  readonly month?: string | undefined
  /** Whose days to come; as `week`. */
  readonly of?: string | undefined
  /** The open dialog. */
  readonly open?: string | undefined
}

const matched = (value: unknown, pattern: RegExp): string | undefined =>
  typeof value === 'string' && pattern.test(value) ? value : undefined

const audience = /^(?:practice|role:[a-z0-9-]{1,64}|user:[A-Za-z0-9_-]{1,64})$/

/** The parameters of an address. */
export const timeSearch = (search: Readonly<Record<string, unknown>>): TimeSearch => {
  const { hours, own } = search
  return {
    week: matched(search.week, audience),
    hours: typeof hours === 'string' && hours.length <= weekTextMax ? hours : undefined,
    zone: matched(search.zone, /^[A-Za-z0-9_+/-]{1,64}$/),
    own: own === 'yes' || own === 'no' ? own : undefined,
    month: matched(search.month, /^20\d\d-(?:0[1-9]|1[0-2])$/),
    of: matched(search.of, audience),
    open: openIn(search.open),
  }
}

/** A week that is not saved. */
export type WeekDraft = {
  readonly hours: WeekHours
  readonly zone: string | null
  readonly insteadOfRoleHours: boolean
}

/** The draft in the address over what is saved; hours that cannot be read are those saved. */
export function draftIn({ hours, zone, own }: TimeSearch, saved: WeekDraft): WeekDraft {
  const read = hours === undefined ? null : readWeek(hours)
  return {
    hours: read !== null && 'hours' in read ? read.hours : saved.hours,
    zone: zone === undefined ? saved.zone : zone === 'practice' ? null : zone,
    insteadOfRoleHours: own === undefined ? saved.insteadOfRoleHours : own === 'yes',
  }
}

/** The draft as parameters; those of what is saved are left out. */
export function searchOfDraft(
  draft: WeekDraft,
  saved: WeekDraft,
): Pick<TimeSearch, 'hours' | 'zone' | 'own'> {
  const [text, before] = [weekText(draft.hours), weekText(saved.hours)]
  return {
    hours: text === before ? undefined : text,
    zone: draft.zone === saved.zone ? undefined : (draft.zone ?? 'practice'),
    own:
      draft.insteadOfRoleHours === saved.insteadOfRoleHours
        ? undefined
        : draft.insteadOfRoleHours
          ? 'yes'
          : 'no',
  }
}

/** Whether anything differs from what is saved. */
export const isChanged = ({ hours, zone, own }: TimeSearch): boolean =>
  hours !== undefined || zone !== undefined || own !== undefined
