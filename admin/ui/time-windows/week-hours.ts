/**
 * The hours of a week as stretches of its minutes: painted, copied from day to day, and to and from weekly windows.
 *
 * No date, zone or person: what holds on a day is the API's. Invariant: stretches are sorted, apart and within the week
 * (0 is Monday 00:00), so that equal hours are equal values; a window over midnight is one window again after a round
 * trip. A cell per half hour was refused: 08:10 could not be kept.
 */

/** Days in the order of the week. */
export const weekDays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
/** A day of the week. */
export type WeekDay = (typeof weekDays)[number]

/** Minutes of a day and of a week. */
export const dayMinutes = 1_440
/** Minutes of a week. */
export const weekMinutes = 7 * dayMinutes

/** Minutes of the week from Monday 00:00, the end not included. */
export type Stretch = { readonly from: number; readonly to: number }
/** Open stretches: sorted, never touching each other, all of them within the week. */
export type WeekHours = readonly Stretch[]

/** Days and times as a window has them; an end before the start is the next day's. */
export type WeeklyTimes = { readonly days: readonly WeekDay[]; readonly start: string; readonly end: string }

/** `HH:MM` of minutes of a day, `24:00` included. */
export const clockOf = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`

const minuteOf = (clock: string): number => {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number)
  return hours * 60 + minutes
}

/** The stretches sorted and merged; empty ones are dropped. */
const merged = (stretches: readonly Stretch[]): WeekHours => {
  const found: { from: number; to: number }[] = []
  for (const { from, to } of [...stretches].sort((one, other) => one.from - other.from)) {
    const last = found.at(-1)
    if (from >= to) continue
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to)
    else found.push({ from, to })
  }
  return found
}

/** A stretch that may run past Sunday midnight, cut there and begun again on Monday. */
const within = ({ from, to }: Stretch): readonly Stretch[] =>
  to <= weekMinutes
    ? [{ from, to }]
    : [
        { from, to: weekMinutes },
        { from: 0, to: to - weekMinutes },
      ]

/** The hours of windows together. */
export const hoursOf = (windows: readonly WeeklyTimes[]): WeekHours =>
  merged(
    windows.flatMap(({ days, start, end }) =>
      days.flatMap((day) => {
        const midnight = weekDays.indexOf(day) * dayMinutes
        const [first, last] = [minuteOf(start), minuteOf(end)]
        return within({ from: midnight + first, to: midnight + last + (last > first ? 0 : dayMinutes) })
      }),
    ),
  )

/** Whether two weeks have the same hours. */
export const isSameWeek = (one: WeekHours, other: WeekHours): boolean =>
  one.length === other.length &&
  one.every(({ from, to }, at) => from === other[at]?.from && to === other[at]?.to)

/** The hours without those from `from` to `to`. */
const without = (hours: WeekHours, { from, to }: Stretch): WeekHours =>
  hours
    .flatMap((open) => [
      { from: open.from, to: Math.min(open.to, from) },
      { from: Math.max(open.from, to), to: open.to },
    ])
    .filter((open) => open.from < open.to)

/** The hours with a stretch open or closed. */
export const painted = (hours: WeekHours, stretch: Stretch, open: boolean): WeekHours =>
  open ? merged([...hours, stretch]) : without(hours, stretch)

/** How many minutes of a stretch are open. */
export const openMinutes = (hours: WeekHours, { from, to }: Stretch = { from: 0, to: weekMinutes }): number =>
  hours.reduce((sum, open) => sum + Math.max(0, Math.min(open.to, to) - Math.max(open.from, from)), 0)

/** The open stretches of a day (0 Monday) in its own minutes; what runs over midnight ends or begins there. */
export const hoursOfDay = (hours: WeekHours, day: number): readonly Stretch[] => {
  const midnight = day * dayMinutes
  return hours
    .map(({ from, to }) => ({
      from: Math.max(from - midnight, 0),
      to: Math.min(to - midnight, dayMinutes),
    }))
    .filter(({ from, to }) => from < to)
}

/** The hours with those of one day on others too, minute for minute from midnight to midnight. */
export const withDayCopied = (hours: WeekHours, day: number, others: readonly number[]): WeekHours =>
  others.reduce<WeekHours>((week, other) => {
    const midnight = other * dayMinutes
    const emptied = without(week, { from: midnight, to: midnight + dayMinutes })
    const copied = hoursOfDay(hours, day).map(({ from, to }) => ({
      from: midnight + from,
      to: midnight + to,
    }))
    return merged([...emptied, ...copied])
  }, hours)

/** Stretches with Sunday night and Monday morning as one, which then ends after the week. */
const joined = (hours: WeekHours): readonly Stretch[] => {
  const [first, last] = [hours[0], hours.at(-1)]
  if (first === undefined || last === undefined || hours.length < 2) return hours
  if (first.from > 0 || last.to < weekMinutes) return hours
  return [...hours.slice(1, -1), { from: last.from, to: weekMinutes + first.to }]
}

/** A stretch as times of one day each: over one midnight as it is, over more cut at each of them. */
const timesIn = ({ from, to }: Stretch): readonly { day: number; start: number; end: number }[] => {
  const found: { day: number; start: number; end: number }[] = []
  for (let at = from; at < to; ) {
    const midnight = Math.floor(at / dayMinutes) * dayMinutes
    const isNight = to > midnight + dayMinutes && to - at < dayMinutes
    const end = isNight ? to : Math.min(to, midnight + dayMinutes)
    const day = Math.floor(midnight / dayMinutes) % 7
    found.push({ day, start: at - midnight, end: isNight ? end - midnight - dayMinutes : end - midnight })
    at = end
  }
  return found
}

/** Times by the day on which they start, Monday first. */
export const timesByDay = (
  hours: WeekHours,
): readonly (readonly { readonly start: string; readonly end: string }[])[] => {
  const days: { start: string; end: string }[][] = weekDays.map(() => [])
  const times = joined(hours).flatMap(timesIn)
  for (const { day, start, end } of times.sort((one, other) => one.start - other.start))
    days[day]?.push({ start: clockOf(start), end: clockOf(end) })
  return days
}

/** The windows that make these hours: days with the same times together, in the order of the week. */
export const windowsOf = (hours: WeekHours): readonly WeeklyTimes[] => {
  const found = new Map<string, { days: WeekDay[]; start: string; end: string }>()
  for (const [day, times] of timesByDay(hours).entries())
    for (const { start, end } of times) {
      const key = `${start} ${end}`
      const window = found.get(key) ?? { days: [], start, end }
      window.days.push(weekDays[day] ?? 'mon')
      found.set(key, window)
    }
  return [...found.values()]
}
