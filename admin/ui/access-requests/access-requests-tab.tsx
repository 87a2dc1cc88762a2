/**
 * Access requests: who asks to be let in from where or when, and the decisions made.
 *
 * People ask on the gateway's own pages, never here. Invariant: pending ones are shown first, the longest waiting
 * first; which status is shown, the address of the page says.
 */
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { LoadMore } from '../parts/load-more.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import { type AccessRequest, accessRequestsQuery, type RequestFilter } from '../queries.ts'
import { type Asked, DecisionDialog } from './decision-dialog.tsx'
import { RequestRow } from './request-row.tsx'

const route = getRouteApi('/practices/$practice/access-requests')
const to = '/practices/$practice/access-requests'

const filters = [
  { name: 'Pending', status: 'pending', search: {} },
  { name: 'Approved', status: 'approved', search: { status: 'approved' } },
  { name: 'Rejected', status: 'rejected', search: { status: 'rejected' } },
  { name: 'All', status: 'all', search: { status: 'all' } },
] as const

const empty: Readonly<Record<RequestFilter, string>> = {
  pending: 'Nobody is waiting',
  approved: 'No approval is in force',
  rejected: 'No request was rejected',
  all: 'Nobody has asked for access yet',
}

function Table(props: {
  readonly requests: readonly AccessRequest[]
  readonly standardMs: number
  readonly onAsk: (asked: Asked) => void
}) {
  return (
    <table className="gh-table">
      <caption className="gh-unseen">Requests for access</caption>
      <thead>
        <tr>
          <th scope="col">Who</th>
          <th scope="col">From</th>
          <th scope="col">Reason</th>
          <th scope="col">Asked</th>
          <th scope="col">Status</th>
          <th scope="col">
            <span className="gh-unseen">Decide</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {props.requests.map((request) => (
          <RequestRow key={request.id} request={request} standardMs={props.standardMs} onAsk={props.onAsk} />
        ))}
      </tbody>
    </table>
  )
}

function Requests({ status }: { readonly status: RequestFilter }) {
  const practice = usePractice()
  const [asked, setAsked] = useState<Asked | null>(null)
  const found = useInfiniteQuery(accessRequestsQuery(practice.id, status))
  if (found.isPending) return <Loading rows={4} label="Loading the requests" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  const requests = found.data.pages.flatMap((page) => page.requests)
  const standardMs = found.data.pages[0]?.settings.standardMs ?? 0
  return (
    <>
      {requests.length === 0 ? (
        <Blank icon="check" title={empty[status]}>
          Whoever signs in from a network that is not listed, or outside their hours, can ask for access on
          the page that stops them. Their request appears here at once.
        </Blank>
      ) : (
        <Table requests={requests} standardMs={standardMs} onAsk={setAsked} />
      )}
      <LoadMore hasMore={found.hasNextPage} isLoading={found.isFetchingNextPage} load={found.fetchNextPage} />
      {asked !== null && (
        <DecisionDialog
          key={`${asked.act} ${asked.request.id}`}
          asked={asked}
          standardMs={standardMs}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  )
}

/** The tab. */
export function AccessRequestsTab() {
  const practice = usePractice()
  const { status = 'pending' } = route.useSearch()
  return (
    <>
      <div className="gh-page-head">
        <h1>Access requests</h1>
        <p>Who asks to be let in, and what was decided.</p>
      </div>
      <section className="gh-card" aria-label="Requests">
        <div className="gh-card-head">
          <nav className="gh-tabs gh-tabs-small" aria-label="Status of requests">
            {filters.map((filter) => (
              <Link
                key={filter.status}
                to={to}
                params={{ practice: practice.id }}
                search={filter.search}
                className="gh-tab"
                activeOptions={{ exact: true }}
              >
                {filter.name}
              </Link>
            ))}
          </nav>
        </div>
        <Requests status={status} />
      </section>
    </>
  )
}
