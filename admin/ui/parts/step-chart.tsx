/**
 * Counts over time: a strip of bars for each scale, step by step, and the same as a table for whoever reads numbers.
 *
 * It asks for nothing; what is counted and what it is called is the caller's. Invariant: colours only repeat what the legend
 * says in words; each strip has a scale of its own and says what its highest bar stands for.
 */
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { usePractice } from '../practice.ts'
import { dateTime, lengthText } from '../times.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const heights = { low: 36, high: 100 } as const
const counted = new Intl.NumberFormat('en-GB')

/** The spans a chart can show, by the word in the address; absent: a week. */
export type Span = 'day' | 'week' | 'month'

const spans = [
  { span: 'day', name: 'Day', lengthMs: dayMs },
  { span: 'week', name: 'Week', lengthMs: 7 * dayMs },
  { span: 'month', name: 'Month', lengthMs: 30 * dayMs },
] as const

/** Where a chart of `span` begins and ends: at whole hours, by which some of what is drawn is counted. */
export function spanOf(span: Span, now: number): { readonly from: number; readonly to: number } {
  const to = Math.ceil((now + 1) / hourMs) * hourMs
  return { from: to - (spans.find((one) => one.span === span)?.lengthMs ?? dayMs), to }
}

/** What is counted. `as`: what its figure in the legend is, the sum of the bars or the last of them. */
export type Series = {
  readonly id: string
  readonly name: string
  readonly as?: 'sum' | 'last'
}

/** One step: when it begins, and the count of each series by its id. */
export type Step = { readonly at: number; readonly counts: Readonly<Record<string, number>> }

/** Series that share a scale, stacked. */
export type Strip = { readonly size: keyof typeof heights; readonly series: readonly Series[] }

const countOf = (step: Step | undefined, { id }: Series): number => step?.counts[id] ?? 0
const figureOf = (steps: readonly Step[], series: Series): number =>
  series.as === 'last'
    ? countOf(steps.at(-1), series)
    : steps.reduce((sum, step) => sum + countOf(step, series), 0)
const tallOf = (step: Step, strip: Strip): number =>
  strip.series.reduce((sum, series) => sum + countOf(step, series), 0)

function Bars({ strip, steps }: { readonly strip: Strip; readonly steps: readonly Step[] }) {
  const height = heights[strip.size]
  const most = Math.max(0, ...steps.map((step) => tallOf(step, strip)))
  return (
    <div className="gh-strip">
      <span className="gh-strip-most gh-numbers">
        {most === 0 ? 'none' : `up to ${counted.format(most)}`}
      </span>
      <svg
        className={`gh-chart gh-chart-${strip.size}`}
        viewBox={`0 0 ${steps.length * 10} ${height}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        {steps.map((step, place) => {
          let top = height
          return strip.series.map((series) => {
            const count = countOf(step, series)
            // A single one among thousands is seen too.
            const tall = count === 0 ? 0 : Math.max(1.5, (count / most) * height)
            top -= tall
            return tall === 0 ? null : (
              <rect
                key={`${step.at} ${series.id}`}
                className={`gh-bar-${series.id}`}
                x={place * 10 + 1}
                y={Math.max(0, top)}
                width={8}
                height={tall}
              />
            )
          })
        })}
      </svg>
    </div>
  )
}

function Numbers(props: { readonly series: readonly Series[]; readonly steps: readonly Step[] }) {
  const { zone } = usePractice()
  const { series } = props
  const some = props.steps.filter((step) => series.some((one) => countOf(step, one) > 0))
  if (some.length === 0) return null
  return (
    <details className="gh-replay">
      <summary className="gh-replay-title">As a table</summary>
      <div className="gh-table-scroll">
        <table className="gh-diff">
          <thead>
            <tr>
              <th scope="col">From</th>
              {series.map(({ id, name }) => (
                <th key={id} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {some.map((step) => (
              <tr key={step.at}>
                <th scope="row">{dateTime(step.at, zone)}</th>
                {series.map((one) => (
                  <td key={one.id} className="gh-numbers">
                    {counted.format(countOf(step, one))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}

function Spans({ chosen }: { readonly chosen: Span }) {
  return (
    <nav className="gh-states gh-chart-spans" aria-label="Span of the chart">
      {spans.map(({ span, name }) => (
        <Link
          key={span}
          to="."
          search={
            ((now: object) => {
              const { span: _, ...rest } = now as { readonly span?: unknown }
              return span === 'week' ? rest : { ...rest, span }
            }) as never
          }
          activeOptions={{ exact: true, includeSearch: true }}
          aria-current={span === chosen ? 'page' : 'false'}
          className="gh-state"
          resetScroll={false}
          replace
        >
          {name}
        </Link>
      ))}
    </nav>
  )
}

/** The chart. `about`: what it shows, for who does not see it; `steps`: `undefined` while they are asked for. */
export function StepChart(props: {
  readonly about: string
  readonly span: Span
  readonly strips: readonly Strip[]
  readonly steps: readonly Step[] | undefined
  readonly stepMs: number
  /** What stands where nothing was counted. */
  readonly empty: string
  readonly children?: ReactNode
}) {
  const practice = usePractice()
  const { strips, span } = props
  const steps = props.steps ?? []
  const series = strips.flatMap((strip) => strip.series)
  const words = series.map((one) => `${counted.format(figureOf(steps, one))} ${one.name}`).join(', ')
  const isEmpty = props.steps !== undefined && series.every((one) => figureOf(steps, one) === 0)
  const [first] = steps
  return (
    <figure className="gh-figure">
      <figcaption className="gh-legend">
        {series.map((one) => (
          <span key={one.id} className="gh-legend-part">
            <span className={`gh-legend-dot gh-bar-${one.id}`} />
            <span className="gh-numbers gh-strong">{counted.format(figureOf(steps, one))}</span> {one.name}
          </span>
        ))}
        <Spans chosen={span} />
      </figcaption>
      <div role="img" aria-label={`${props.about} of the last ${span}: ${words}`}>
        {isEmpty ? (
          <p className="gh-chart-empty gh-faint">{props.empty}</p>
        ) : (
          strips.map((strip) => <Bars key={strip.series[0]?.id} strip={strip} steps={steps} />)
        )}
      </div>
      {first !== undefined && !isEmpty && (
        <p className="gh-chart-ends gh-faint">
          <span>{dateTime(first.at, practice.zone)}</span>
          <span>a bar is {lengthText(props.stepMs)}</span>
          <span>now</span>
        </p>
      )}
      {props.children}
      <Numbers series={series} steps={steps} />
    </figure>
  )
}
