/**
 * Who is in when: how many people each hour of the seven days to come, and who has the same hours as whom.
 *
 * The API reads the compiled timetable; hours here are whole ones. Invariant: the groups say in names and text what the
 * picture shows as shades, and whoever the control does not concern is named as such.
 */
import { useQuery } from '@tanstack/react-query'
import { HourAxis } from '../parts/day-track.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { type TimeCalendar, timeCalendarQuery } from './time-queries.ts'
import { hoursOf, type WeekDay, type WeeklyTimes, weekDays } from './week-hours.ts'
import { weekText } from './week-text.ts'

const namedMax = 12
const dayFormat = new Intl.DateTimeFormat('en-GB', {
  ...{ weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' },
})
const clock = (hour: number): string => `${String(hour).padStart(2, '0')}:00`

const mostText = (counts: readonly number[]): string => {
  const most = Math.max(0, ...counts)
  return most === 0 ? 'nobody' : `${most} at most`
}

type Group = TimeCalendar['groups'][number]

/** "Mon–Fri 08:00–18:00"; "about" where hours are open in part. */
function groupHours({ hours }: Group, days: TimeCalendar['days']): string {
  const times = hours.flatMap((signs, place): readonly WeeklyTimes[] => {
    const day = weekDays.find((name) => name === days[place]?.weekday)
    return day === undefined ? [] : hoursOfSigns(signs, day)
  })
  const isRough = hours.some((signs) => signs.includes('~'))
  return `${isRough ? 'about ' : ''}${weekText(hoursOf(times))}`
}

const hoursOfSigns = (signs: string, day: WeekDay): readonly WeeklyTimes[] =>
  [...signs].flatMap((sign, hour) =>
    sign === '0' ? [] : [{ days: [day], start: clock(hour), end: clock(hour + 1) }],
  )

function Picture({ calendar, most }: { readonly calendar: TimeCalendar; readonly most: number }) {
  return (
    <div className="gh-fortnight" aria-hidden="true">
      <HourAxis />
      <div className="gh-fortnight-days">
        {calendar.days.map((day, place) => (
          <div
            key={day.date}
            className={`gh-fortnight-row gh-fortnight-told${day.isToday ? ' gh-today' : ''}`}
          >
            <span className="gh-fortnight-day">{dayFormat.format(Date.parse(`${day.date}T00:00Z`))}</span>
            <span className="gh-track gh-heat">
              {(calendar.counts[place] ?? []).map((count, hour) => (
                <span
                  key={clock(hour)}
                  title={`${clock(hour)}–${clock(hour + 1)}: ${count} of ${most}`}
                  style={{ opacity: count === 0 ? 0 : 0.15 + (0.85 * count) / most }}
                />
              ))}
            </span>
            <span className="gh-faint">{mostText(calendar.counts[place] ?? [])}</span>
          </div>
        ))}
      </div>
    </div>
  )
}

function Groups({ calendar }: { readonly calendar: TimeCalendar }) {
  return (
    <ul className="gh-plain-list gh-same-hours" aria-label="People with the same hours">
      {calendar.groups.map((group) => {
        const outside = group.people.filter(({ inScope }) => !inScope).length
        const more = group.count - Math.min(group.people.length, namedMax)
        return (
          <li key={group.hours.join()}>
            <strong className="gh-numbers">
              {group.count === 1 ? '1 person' : `${group.count} people`}, {groupHours(group, calendar.days)}
            </strong>
            <span className="gh-sub">
              {group.people
                .slice(0, namedMax)
                .map(({ name }) => name)
                .join(', ')}
              {more > 0 && ` and ${more} more`}
              {outside > 0 && outside === group.people.length && ' (the control does not concern them)'}
            </span>
          </li>
        )
      })}
    </ul>
  )
}

/** The card. */
export function WhoIsIn() {
  const practice = usePractice()
  const calendar = useQuery(timeCalendarQuery(practice.id))
  const people = calendar.data?.groups.reduce((sum, { count }) => sum + count, 0) ?? 0
  return (
    <section className="gh-card" aria-labelledby="who-title">
      <div className="gh-card-head">
        <h2 id="who-title">Who may be in, hour by hour</h2>
        <p className="gh-summary">
          {calendar.data?.mode === 'off' ? 'Time windows are switched off.' : 'The next seven days'}
        </p>
      </div>
      {calendar.isPending && <Loading rows={3} label="Loading who is in" />}
      {calendar.isError && <Failed error={calendar.error} again={calendar.refetch} />}
      {calendar.data !== undefined &&
        (people === 0 ? (
          <p className="gh-faint gh-card-foot">There is nobody in this practice yet.</p>
        ) : (
          <>
            <Picture calendar={calendar.data} most={people} />
            <Groups calendar={calendar.data} />
          </>
        ))}
    </section>
  )
}
