/**
 * Requests over time: how many waited and how many asked, and how long it takes until somebody decides.
 *
 * The requests themselves are the list above it. Invariant: what waits now is the last bar and the figure of the legend; who
 * was decided by nobody in time does not make the answer look quicker.
 */
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Failed } from '../parts/states.tsx'
import { StepChart, type Strip, spanOf } from '../parts/step-chart.tsx'
import { usePractice } from '../practice.ts'
import { problemOf } from '../problem.ts'
import { useNow } from '../times.ts'
import { requestCountsQuery } from './request-queries.ts'

const route = getRouteApi('/practices/$practice/access-requests')

const strips: readonly Strip[] = [
  { size: 'high', series: [{ id: 'waiting', name: 'waiting now', as: 'last' }] },
  { size: 'low', series: [{ id: 'asked', name: 'asked' }] },
]

/** "12 min", "3 h", "2 d". */
const waitText = (ms: number): string => {
  const minutes = Math.max(1, Math.round(ms / 60_000))
  if (minutes < 120) return `${minutes} min`
  return minutes < 2_880 ? `${Math.round(minutes / 60)} h` : `${Math.round(minutes / 1_440)} d`
}

/** The card. */
export function RequestsChart() {
  const practice = usePractice()
  const { span = 'week' } = route.useSearch()
  const { from, to } = spanOf(span, useNow())
  const { data, isError, error, refetch } = useQuery(requestCountsQuery(practice.id, from, to))
  // Whoever may not see the requests is told so once, by the list.
  if (isError && problemOf(error).status === 403) return null
  return (
    <section className="gh-card" aria-labelledby="requests-chart-title">
      <div className="gh-card-head">
        <h2 id="requests-chart-title">Requests over time</h2>
        {data !== undefined && data.medianMs !== null && (
          <p className="gh-summary gh-numbers">
            {data.decided} decided, half of them within {waitText(data.medianMs)}
          </p>
        )}
      </div>
      {isError ? (
        <Failed error={error} again={refetch} />
      ) : (
        <StepChart
          about="Requests for access"
          span={span}
          strips={strips}
          stepMs={data?.stepMs ?? 0}
          steps={data?.counts.map(({ at, asked, waiting }) => ({ at, counts: { asked, waiting } }))}
          empty="Nobody asked and nobody waited in this time."
        />
      )}
    </section>
  )
}
