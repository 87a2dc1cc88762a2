/**
 * Security events: every change with who, what, before and after; and beside it the refusals.
 *
 * It writes nothing. Invariant: filters live in the address, the export takes the same ones, and the badge says
 * up to which event the chain was checked and when, never that it merely should be whole.
 */
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { Tag } from '../parts/tag.tsx'
import { Views } from '../parts/views.tsx'
import { usePractice } from '../practice.ts'
import { standingQuery } from '../retention/retention-queries.ts'
import { fullTime } from '../times.ts'
import { Changes } from './changes-list.tsx'
import { Refusals } from './refusals-list.tsx'

const route = getRouteApi('/practices/$practice/security-events')

/** "verified to #8123", and the way to the whole of it. */
function ChainBadge() {
  const practice = usePractice()
  const { data } = useQuery(standingQuery(practice.id))
  if (data === undefined) return <Tag>Looking at the chain …</Tag>
  const { verified, badge } = data
  const title =
    verified === null
      ? 'The chain is checked at least once a day.'
      : `${verified.sentence} Checked ${fullTime(verified.at, practice.zone)}.`
  return (
    <Link
      to="/practices/$practice/retention"
      params={{ practice: practice.id }}
      className="gh-badge-link"
      title={title}
    >
      <Tag tone={verified === null ? 'neutral' : verified.intact ? 'good' : 'bad'}>Chain {badge}</Tag>
    </Link>
  )
}

const views = [
  { view: undefined, name: 'Changes' },
  { view: 'refusals', name: 'Refusals' },
] as const

/** The tab. */
export function SecurityEventsTab() {
  const practice = usePractice()
  const { view } = route.useSearch()
  return (
    <>
      <div className="gh-page-head gh-page-head-acts">
        <div>
          <h1>Security events</h1>
          <p>Who changed what, and who was refused.</p>
        </div>
        {practice.may('gw.events.view') && <ChainBadge />}
      </div>
      <section className="gh-card" aria-label={view === 'refusals' ? 'Refusals' : 'Changes'}>
        <div className="gh-card-head">
          <Views label="Kind of event" views={views} view={view} />
        </div>
        {view === 'refusals' ? <Refusals /> : <Changes />}
      </section>
    </>
  )
}
