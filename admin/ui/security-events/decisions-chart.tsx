/**
 * Refusals over time by verdict: a bar for each step, and the same as a table for whoever reads numbers.
 *
 * It asks for counts, never for refusals. Invariant: colours only repeat what the legend says in words; what monitor mode
 * would have refused is never drawn as refused.
 */
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { usePractice } from '../practice.ts'
import { eventSearch } from '../route-search.ts'
import { dateTime, lengthText, useNow } from '../times.ts'
import { type DecisionCounts, decisionCountsQuery } from './event-queries.ts'

const route = getRouteApi('/practices/$practice/security-events')
const dayMs = 86_400_000
const roundMs = 300_000
const height = 100
const counted = new Intl.NumberFormat('en-GB')

type Count = DecisionCounts['counts'][number]
type Kind = 'refused' | 'challenged' | 'unavailable' | 'monitored'

const kinds: readonly (readonly [kind: Kind, name: string])[] = [
  ['refused', 'refused'],
  ['challenged', 'asked to prove something first'],
  ['unavailable', 'not known'],
  ['monitored', 'would be refused'],
]

const spans = [
  ['day', 'Day', dayMs],
  ['week', 'Week', 7 * dayMs],
  ['month', 'Month', 30 * dayMs],
] as const

const totalOf = (counts: readonly Count[], kind: Kind): number =>
  counts.reduce((sum, count) => sum + count[kind], 0)
const heightOf = (count: Count): number => kinds.reduce((sum, [kind]) => sum + count[kind], 0)

function Bars({ counts, label }: { readonly counts: readonly Count[]; readonly label: string }) {
  const most = Math.max(1, ...counts.map(heightOf))
  return (
    <svg
      className="gh-chart"
      viewBox={`0 0 ${counts.length * 10} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {counts.map((count, place) => {
        let top = height
        return kinds.map(([kind]) => {
          const tall = (count[kind] / most) * height
          top -= tall
          return tall === 0 ? null : (
            <rect
              key={`${count.at} ${kind}`}
              className={`gh-bar-${kind}`}
              x={place * 10 + 1}
              y={top}
              width={8}
              height={tall}
            />
          )
        })
      })}
    </svg>
  )
}

function Numbers({ counts }: { readonly counts: readonly Count[] }) {
  const { zone } = usePractice()
  const some = counts.filter((count) => heightOf(count) > 0)
  return (
    <details className="gh-replay">
      <summary className="gh-replay-title">As a table</summary>
      <table className="gh-diff">
        <thead>
          <tr>
            <th scope="col">From</th>
            {kinds.map(([kind, name]) => (
              <th key={kind} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {some.map((count) => (
            <tr key={count.at}>
              <th scope="row">{dateTime(count.at, zone)}</th>
              {kinds.map(([kind]) => (
                <td key={kind} className="gh-numbers">
                  {counted.format(count[kind])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}

function Spans({ chosen }: { readonly chosen: string }) {
  return (
    <nav className="gh-states gh-chart-spans" aria-label="Span of the chart">
      {spans.map(([id, name]) => (
        <Link
          key={id}
          to="."
          search={((now: object) => eventSearch({ ...now, span: id })) as never}
          activeOptions={{ exact: true, includeSearch: true }}
          aria-current={id === chosen ? 'page' : 'false'}
          className="gh-state"
          resetScroll={false}
        >
          {name}
        </Link>
      ))}
    </nav>
  )
}

/** The chart. */
export function DecisionsChart() {
  const practice = usePractice()
  const { span = 'week' } = route.useSearch()
  const now = useNow()
  const to = Math.ceil(now / roundMs) * roundMs
  const [, name, spanMs] = spans.find(([id]) => id === span) ?? spans[1]
  const { data } = useQuery(decisionCountsQuery(practice.id, to - spanMs, to))
  const counts = data?.counts ?? []
  const words = kinds.map(([kind, what]) => `${counted.format(totalOf(counts, kind))} ${what}`).join(', ')
  return (
    <figure className="gh-figure">
      <figcaption className="gh-legend">
        {kinds.map(([kind, what]) => (
          <span key={kind} className="gh-legend-part">
            <span className={`gh-legend-dot gh-bar-${kind}`} />
            <span className="gh-numbers gh-strong">{counted.format(totalOf(counts, kind))}</span> {what}
          </span>
        ))}
        <Spans chosen={span} />
      </figcaption>
      {data === undefined ? (
        <div className="gh-chart" />
      ) : (
        <>
          <Bars counts={counts} label={`Refusals of the last ${name.toLowerCase()}: ${words}`} />
          <p className="gh-chart-ends gh-faint">
            <span>{dateTime(to - spanMs, practice.zone)}</span>
            <span>a bar is {lengthText(data.stepMs)}</span>
            <span>now</span>
          </p>
          <Numbers counts={counts} />
        </>
      )}
    </figure>
  )
}
