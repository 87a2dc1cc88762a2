/**
 * The hours of the next 14 days for a role, a person, or somebody without a role, as text.
 *
 * It works nothing out: the API reads the compiled timetable. Invariant: it says whether the hours are asked of them at
 * all, so that nobody takes shown hours for enforced ones.
 */
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { AudienceField, audienceOf } from '../parts/audience-field.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { timePreviewQuery } from '../queries.ts'

const dayFormat = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  timeZone: 'UTC',
})

const subjectOf = (text: string): { readonly user?: string; readonly role?: string } => {
  const audience = audienceOf(text)
  return audience === 'practice' ? {} : audience
}

/** The preview. */
export function HoursPreview() {
  const practice = usePractice()
  const [chosen, setChosen] = useState('practice')
  const preview = useQuery(timePreviewQuery(practice.id, subjectOf(chosen)))
  return (
    <section className="gh-card" aria-labelledby="preview-title">
      <div className="gh-card-head">
        <h2 id="preview-title">Next 14 days</h2>
      </div>
      <div className="gh-test">
        <AudienceField
          label="Hours of"
          description="Windows, closures, openings and grants together."
          everybody="Somebody without a role"
          value={chosen}
          onChange={setChosen}
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
          <ul className="gh-days" aria-label="Hours by day">
            {preview.data.days.map(({ date, isToday, hours }) => (
              <li key={date} className={isToday ? 'gh-today' : ''}>
                <span>{dayFormat.format(Date.parse(`${date}T00:00Z`))}</span>
                {hours.length === 0 ? (
                  <span className="gh-faint">closed</span>
                ) : (
                  <span>{hours.map(({ start, end }) => `${start}–${end}`).join(', ')}</span>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  )
}
