/**
 * 2FA management: who has to show a second factor, who has one, what is missing; and giving or taking one.
 *
 * Setting one up is everybody's own, on the portal. Invariant: which view is shown lives in the address.
 */
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { ControlSwitch } from '../general/control-switch.tsx'
import { Views } from '../parts/views.tsx'
import { usePractice } from '../practice.ts'
import { type FactorState, generalQuery } from '../queries.ts'
import { GapsView } from './gaps-view.tsx'
import { PeopleCard } from './people-card.tsx'
import { Requirement } from './requirement.tsx'
import { factorPageQuery } from './two-factor-queries.ts'

const route = getRouteApi('/practices/$practice/two-factor')

type Counts = Readonly<Record<FactorState, number>>

/** How far the practice is, in one line; the gaps first. */
function sentenceOf(counts: Counts): string {
  const gaps = counts['required-not-set-up']
  const needed = gaps + counts['required-enabled']
  if (needed > 0)
    return gaps === 0
      ? `Everyone who has to show a second factor has set one up: ${needed} of ${needed}.`
      : `${gaps} of ${needed} who have to show a second factor ${gaps === 1 ? 'has' : 'have'} none set up.`
  const chosen = counts.enabled
  return chosen === 0
    ? 'Nobody has to show a second factor, and nobody has set one up.'
    : `Nobody has to show a second factor; ${chosen} ${chosen === 1 ? 'has' : 'have'} set one up all the same.`
}

function Summary() {
  const practice = usePractice()
  const { from: _, view: __, ...filters } = route.useSearch()
  const { data } = useQuery(factorPageQuery(practice.id, filters))
  return (
    <p className="gh-numbers">
      {data === undefined ? 'Who has a second factor, and who has to.' : sentenceOf(data.counts)}
    </p>
  )
}

const views = [
  { view: undefined, name: 'People' },
  { view: 'gaps', name: 'Report of gaps' },
] as const

/** The tab. */
export function TwoFactorTab() {
  const practice = usePractice()
  const { view } = route.useSearch()
  const { data: general } = useQuery(generalQuery(practice.id))
  return (
    <>
      <div className="gh-page-head">
        <h1>2FA management</h1>
        <Summary />
      </div>
      <ControlSwitch control="twoFactor">
        {general !== undefined && <Requirement general={general} />}
      </ControlSwitch>
      <Views views={views} view={view} />
      {view === 'gaps' ? <GapsView /> : <PeopleCard />}
    </>
  )
}
