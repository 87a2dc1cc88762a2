/**
 * A day as a track of 24 hours with bars on it: hours, verdicts, sign-ins; and the axis above such tracks.
 *
 * A picture only: whoever draws one also says it in words. Invariant: bars lie to the minute on the day's wall; one that
 * runs over midnight has no end there and shows an arrow, so that a night is seen as one.
 */
import type { ReactNode } from 'react'

const dayMinutes = 1_440

/** What a bar means; its colour comes from `look-hours.css`. */
export type BarTone = 'open' | 'good' | 'warn' | 'bad' | 'neutral' | 'change'

/** A bar, in minutes of the day. `text` is drawn where it fits. */
export type Bar = {
  readonly from: number
  readonly to: number
  readonly tone: BarTone
  readonly text?: string
  readonly title?: string
}

const part = (minutes: number): string => `${(minutes / dayMinutes) * 100}%`
const roomMinutes = 150

/** The track; `goesOn`: the first bar began the day before; `comesOn`: the last one runs into the next day. */
export function DayBars(props: {
  readonly bars: readonly Bar[]
  readonly goesOn?: boolean
  readonly comesOn?: boolean
  readonly now?: number | null
  readonly children?: ReactNode
}) {
  const { bars, goesOn = false, comesOn = false, now = null } = props
  return (
    <span className="gh-track" role="none">
      {props.children}
      <span className="gh-bars" aria-hidden="true">
        {bars.map(({ from, to, tone, text, title }) => (
          <span
            key={`${from} ${tone}`}
            title={title}
            className={[
              `gh-bar gh-bar-${tone}`,
              goesOn && from === 0 ? 'gh-bar-goes-on' : '',
              comesOn && to === dayMinutes ? 'gh-bar-comes-on' : '',
            ].join(' ')}
            style={{ left: part(from), width: part(to - from) }}
          >
            {text !== undefined && to - from >= roomMinutes && <span className="gh-bar-text">{text}</span>}
          </span>
        ))}
        {now !== null && <span className="gh-track-now" style={{ left: part(now) }} />}
      </span>
    </span>
  )
}

const marks = [0, 3, 6, 9, 12, 15, 18, 21, 24]

/** The hours above tracks. */
export const HourAxis = () => (
  <div className="gh-axis" aria-hidden="true">
    <span className="gh-axis-marks">
      {marks.map((hour) => (
        <span key={hour} className={hour % 6 === 0 ? 'gh-axis-main' : ''} style={{ left: part(hour * 60) }}>
          {hour}
        </span>
      ))}
    </span>
  </div>
)
