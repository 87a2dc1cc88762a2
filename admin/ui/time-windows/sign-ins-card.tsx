/**
 * When people sign in, hour by hour, drawn over the hours of the week that is shown: do the windows fit the work?
 *
 * Counts are the API's, of four weeks. Invariant: the hours behind the bars are those painted above, saved or not; the
 * sentence says what the picture shows, the hours outside by name.
 */
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { audienceText } from '../parts/audience-field.tsx'
import { DayBars, HourAxis } from '../parts/day-track.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { type Audience, timeWindowsQuery } from '../queries.ts'
import { type HourOfWeek, signInPicture } from './sign-in-picture.ts'
import { type SignInHours, signInHoursQuery, type TimeList } from './time-queries.ts'
import { draftIn } from './time-search.ts'
import { clockOf, hoursOfDay, type WeekHours, weekDays } from './week-hours.ts'
import { weekPlanOf } from './week-plans.ts'
import { dayNames } from './week-text.ts'
import { chosenAudience } from './weeks-card.tsx'

const route = getRouteApi('/practices/$practice/time-windows')
const namedMax = 5

const hourText = ({ day, hour, count }: HourOfWeek): string =>
  `${dayNames[day]} ${clockOf(hour * 60)}–${clockOf(hour * 60 + 60)} (${count})`

function Sentence({
  found,
  picture,
}: {
  readonly found: SignInHours
  readonly picture: ReturnType<typeof signInPicture>
}) {
  if (picture.total === 0)
    return (
      <p className="gh-card-foot gh-faint">
        No sign-ins of {found.name === 'Everyone' ? 'anybody' : found.name} in the last {found.days} days.
        Once people work, the hours in which they sign in stand here beside their windows.
      </p>
    )
  const outside = picture.hours
    .filter((hour) => hour.outside)
    .sort((one, other) => other.count - one.count || one.day - other.day || one.hour - other.hour)
  return (
    <p className="gh-card-foot">
      <strong className="gh-numbers">{picture.total}</strong> sign-ins of{' '}
      {found.name === 'Everyone' ? 'everyone' : found.name} in {found.days} days,{' '}
      <strong className={`gh-numbers ${picture.outside > 0 ? 'gh-warn-text' : ''}`}>{picture.outside}</strong>{' '}
      outside the hours above
      {outside.length > 0 &&
        `${outside.length > namedMax ? ', most of them' : ':'} ${outside.slice(0, namedMax).map(hourText).join(', ')}`}
      .
    </p>
  )
}

function Picture({
  picture,
  hours,
}: {
  readonly picture: ReturnType<typeof signInPicture>
  readonly hours: WeekHours
}) {
  return (
    <div className="gh-fortnight" aria-hidden="true">
      <HourAxis />
      <div className="gh-fortnight-days">
        {weekDays.map((name, day) => (
          <div key={name} className="gh-fortnight-row gh-fortnight-counted">
            <span className="gh-fortnight-day">{dayNames[day]}</span>
            <DayBars bars={hoursOfDay(hours, day).map((open) => ({ ...open, tone: 'neutral' }))}>
              {picture.hours
                .filter((one) => one.day === day)
                .map((one) => (
                  <span
                    key={one.hour}
                    className={`gh-count${one.outside ? ' gh-count-outside' : ''}`}
                    title={hourText(one)}
                    style={{ left: `${(one.hour / 24) * 100}%`, height: `${Math.max(8, one.share * 100)}%` }}
                  />
                ))}
            </DayBars>
            <span className="gh-faint gh-numbers">
              {picture.hours.filter((one) => one.day === day).reduce((sum, { count }) => sum + count, 0)}
            </span>
          </div>
        ))}
      </div>
      <p className="gh-hours-legend">
        <span>
          <i className="gh-legend-hours" />
          the hours above
        </span>
        <span>
          <i />
          sign-ins within
        </span>
        <span>
          <i className="gh-legend-outside" />
          sign-ins outside
        </span>
      </p>
    </div>
  )
}

/** The hours in which anybody signed in, as a table. */
function Numbers({ picture }: { readonly picture: ReturnType<typeof signInPicture> }) {
  return (
    <details className="gh-replay gh-card-foot">
      <summary className="gh-replay-title">As a table</summary>
      <div className="gh-table-scroll">
        <table className="gh-diff">
          <thead>
            <tr>
              <th scope="col">Hour</th>
              <th scope="col">Sign-ins</th>
              <th scope="col">The hours above</th>
            </tr>
          </thead>
          <tbody>
            {picture.hours.map(({ day, hour, count, outside }) => (
              <tr key={`${day} ${hour}`}>
                <th scope="row">
                  {dayNames[day]} {clockOf(hour * 60)}–{clockOf(hour * 60 + 60)}
                </th>
                <td className="gh-numbers">{count}</td>
                <td>{outside ? 'outside' : 'within'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}

function Counted({ list, audience }: { readonly list: TimeList; readonly audience: Audience }) {
  const practice = usePractice()
  const search = route.useSearch()
  const counts = useQuery(signInHoursQuery(practice.id, audience))
  if (counts.isPending) return <Loading rows={3} label="Counting sign-ins" />
  if (counts.isError) return <Failed error={counts.error} again={counts.refetch} />
  const draft = draftIn(search, weekPlanOf(list.windows, audience))
  const picture = signInPicture(counts.data.counts, draft.hours)
  return (
    <>
      <Sentence found={counts.data} picture={picture} />
      {draft.zone !== null && draft.zone !== counts.data.zone && (
        <p className="gh-card-foot gh-faint">
          Sign-ins are counted on the clocks of {counts.data.zone}, the hours above are those of {draft.zone}.
        </p>
      )}
      {picture.total > 0 && (
        <>
          <Picture picture={picture} hours={draft.hours} />
          <Numbers picture={picture} />
        </>
      )}
    </>
  )
}

/** The card. */
export function SignInsCard() {
  const practice = usePractice()
  const search = route.useSearch()
  const { data: list } = useQuery(timeWindowsQuery(practice.id))
  if (list === undefined) return null
  const audience = chosenAudience(search, list)
  const state = list.audiences.find((one) => audienceText(one.audience) === audienceText(audience))
  return (
    <section className="gh-card" aria-labelledby="sign-ins-title">
      <div className="gh-card-head">
        <h2 id="sign-ins-title">Sign-ins by hour</h2>
        <p className="gh-summary">against the hours of {state?.audienceName ?? 'the week above'}</p>
      </div>
      {practice.may('gw.events.view') ? (
        <Counted list={list} audience={audience} />
      ) : (
        <p className="gh-faint gh-card-foot">
          When people sign in is counted from the security events: that needs “view security events”.
        </p>
      )}
    </section>
  )
}
