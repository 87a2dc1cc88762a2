/**
 * The hours of the next 14 days for a role, a person, or somebody without a role, as bars and as text.
 *
 * It works nothing out: the API reads the compiled timetable. Invariant: it says whether the hours are asked of them at
 * all, so that nobody takes shown hours for enforced ones; every bar's times stand beside it as text.
 */
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { AudienceField, audienceOf } from '../parts/audience-field.tsx'
import { type Bar, DayBars, HourAxis } from '../parts/day-track.tsx'
import { Icon } from '../parts/icons.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { timePreviewQuery } from '../queries.ts'
import { clockChangeOn, clockChangeText } from './clock-changes.ts'
import { subjectOf, type TimePreview } from './time-queries.ts'

const route = getRouteApi('/practices/$practice/time-windows')
const dayFormat = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
})

const minuteOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))

type Day = TimePreview['days'][number]

const barsOf = ({ hours }: Day): readonly Bar[] =>
  hours.map(({ start, end }) => ({ from: minuteOf(start), to: minuteOf(end), tone: 'open' }))

function Days({ preview }: { readonly preview: TimePreview }) {
  const { days, zone } = preview
  const starts = (day: Day | undefined) => day?.hours[0]?.start === '00:00'
  const ends = (day: Day | undefined) => day?.hours.at(-1)?.end === '24:00'
  const now = minuteOf(preview.now.slice(-5))
  return (
    <div className="gh-fortnight">
      <HourAxis />
      <ul className="gh-fortnight-days" aria-label="Hours by day">
        {days.map((day, place) => {
          const change = clockChangeOn(day.date, zone)
          const text = day.hours.map(({ start, end }) => `${start}–${end}`).join(', ')
          return (
            <li
              key={day.date}
              className={`gh-fortnight-row gh-fortnight-told${day.isToday ? ' gh-today' : ''}`}
            >
              <span className="gh-fortnight-day">{dayFormat.format(Date.parse(`${day.date}T00:00Z`))}</span>
              <DayBars
                bars={barsOf(day)}
                goesOn={ends(days[place - 1])}
                comesOn={starts(days[place + 1])}
                now={day.isToday ? now : null}
              />
              <span className={text === '' ? 'gh-faint' : ''}>
                {text === '' ? 'closed' : text}
                {change !== null && (
                  <span className="gh-sub">
                    <Icon name="moon" size={12} /> {clockChangeText(change)}
                  </span>
                )}
              </span>
            </li>
          )
        })}
      </ul>
    </div>
  )
}

/** The preview. */
export function HoursPreview() {
  const practice = usePractice()
  const navigate = route.useNavigate()
  const { of = 'practice' } = route.useSearch()
  const preview = useQuery(timePreviewQuery(practice.id, subjectOf(audienceOf(of))))
  return (
    <section className="gh-card" aria-labelledby="preview-title">
      <div className="gh-card-head">
        <h2 id="preview-title">Next 14 days</h2>
      </div>
      <div className="gh-test">
        <AudienceField
          label="Hours of"
          description="Windows, closures, openings and extensions together."
          everybody="Somebody without a role"
          value={of}
          onChange={(chosen) =>
            navigate({
              search: (old) => ({ ...old, of: chosen === 'practice' ? undefined : chosen }),
              replace: true,
              resetScroll: false,
            })
          }
        />
      </div>
      {preview.isPending && <Loading rows={3} label="Loading the preview" />}
      {preview.isError && <Failed error={preview.error} again={preview.refetch} />}
      {preview.data !== undefined && (
        <>
          <p className="gh-card-foot">
            {preview.data.name}: {preview.data.sentence}.{' '}
            <span className="gh-faint">
              {preview.data.mode === 'off'
                ? 'Time windows are switched off.'
                : preview.data.inScope
                  ? `It is ${preview.data.now} there.`
                  : 'Not in scope: these hours are not asked of them.'}
            </span>
          </p>
          <Days preview={preview.data} />
        </>
      )}
    </section>
  )
}
