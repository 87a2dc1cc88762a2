/**
 * Decisions over time by verdict: what was permitted on a scale of its own, and below it what was not.
 *
 * It asks for counts, never for refusals. Invariant: what monitor mode would have refused is never drawn as refused; permits,
 * of which there are thousands, do not make refusals too small to see.
 */
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Failed } from '../parts/states.tsx'
import { StepChart, type Strip, spanOf } from '../parts/step-chart.tsx'
import { usePractice } from '../practice.ts'
import { useNow } from '../times.ts'
import { decisionCountsQuery } from './event-queries.ts'

const route = getRouteApi('/practices/$practice/security-events')

const strips: readonly Strip[] = [
  { size: 'low', series: [{ id: 'permitted', name: 'permitted' }] },
  {
    size: 'high',
    series: [
      { id: 'refused', name: 'refused' },
      { id: 'challenged', name: 'asked to prove something first' },
      { id: 'unavailable', name: 'not known' },
      { id: 'monitored', name: 'would be refused' },
    ],
  },
]

/** The chart. */
export function DecisionsChart() {
  const practice = usePractice()
  const { span = 'week' } = route.useSearch()
  const { from, to } = spanOf(span, useNow())
  const { data, isError, error, refetch } = useQuery(decisionCountsQuery(practice.id, from, to))
  if (isError) return <Failed error={error} again={refetch} />
  return (
    <StepChart
      about="Decisions"
      span={span}
      strips={strips}
      stepMs={data?.stepMs ?? 0}
      steps={data?.counts.map(({ at, permitted, ...others }) => ({
        at,
        counts: { ...others, permitted: permitted ?? 0 },
      }))}
      empty="Nothing was decided in this time: nobody of this practice came through a gateway."
    />
  )
}
