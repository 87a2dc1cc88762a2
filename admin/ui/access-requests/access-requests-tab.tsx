/**
 * Access requests: who asks to be let in from where or when, and the decisions made.
 *
 * People ask on the gateway's own pages, never here. Invariant: pending ones are shown first, the longest waiting
 * first; which are shown, how they are put together, which are ticked and what is asked, the address of the page says.
 */
import { NativeSelect } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { LoadMore } from '../parts/load-more.tsx'
import { useKept, useOpened } from '../parts/opened.ts'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { usePractice } from '../practice.ts'
import {
  type AccessRequest,
  type AccessRequests,
  accessRequestsQuery,
  type RequestFilter,
} from '../queries.ts'
import { lengthText } from '../times.ts'
import { type Act, type Ask, DecisionDialog } from './decision-dialog.tsx'
import { PendingRequests } from './pending-requests.tsx'
import type { Grouping } from './request-groups.ts'
import { RequestRow } from './request-row.tsx'
import { RequestsChart } from './requests-chart.tsx'

const route = getRouteApi('/practices/$practice/access-requests')
const to = '/practices/$practice/access-requests'

const filters = [
  { name: 'Pending', status: 'pending' },
  { name: 'Approved', status: 'approved' },
  { name: 'Rejected', status: 'rejected' },
  { name: 'All', status: 'all' },
] as const

const empty: Readonly<Record<RequestFilter, string>> = {
  pending: 'Nobody is waiting',
  approved: 'No approval is in force',
  rejected: 'No request was rejected',
  all: 'Nobody has asked for access yet',
}

const acts: readonly Act[] = ['approve', 'share', 'deny', 'withdraw']

type Kind = AccessRequest['kind']

function Table(props: { readonly requests: readonly AccessRequest[]; readonly onAsk: Ask }) {
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
          <RequestRow key={request.id} request={request} onAsk={props.onAsk} />
        ))}
      </tbody>
    </table>
  )
}

/** What is taken at all; where nothing is, nobody can ask. */
function Nothing(props: {
  readonly status: RequestFilter
  readonly kind: Kind | undefined
  readonly settings: AccessRequests['settings'] | undefined
}) {
  const { id } = usePractice()
  const { settings } = props
  const isOff = settings !== undefined && !settings.ip && !settings.time
  return (
    <Blank icon="check" title={empty[props.status]}>
      {isOff ? (
        'Requests are not taken in this practice. '
      ) : props.kind === undefined ? (
        <>
          Whoever signs in from a network that is not listed, or outside their hours, can ask for access on
          the page that stops them. Their request appears here at once.{' '}
        </>
      ) : (
        `None ${props.kind === 'ip' ? 'from another network' : 'outside their hours'} is among them. `
      )}
      <Link to="/practices/$practice/general" params={{ practice: id }} hash="requests">
        Rules of access requests
      </Link>
    </Blank>
  )
}

function Requests(props: {
  readonly status: RequestFilter
  readonly kind: Kind | undefined
  readonly group: Grouping | undefined
}) {
  const { status, kind, group } = props
  const practice = usePractice()
  const { name, id, key, open, openWith, problem, close } = useOpened()
  const found = useInfiniteQuery(accessRequestsQuery(practice.id, status))
  const all = found.data?.pages.flatMap((page) => page.requests) ?? []
  const act = acts.find((one) => one === name)
  const request = useKept(
    act === undefined ? null : key,
    all.find((one) => one.id === id),
  )
  if (found.isPending) return <Loading rows={4} label="Loading the requests" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  // What a status means the API says; what arrives late is left out all the same.
  const ofStatus = status === 'pending' ? all.filter((one) => one.status === 'pending') : all
  const requests = ofStatus.filter((one) => kind === undefined || one.kind === kind)
  const [first] = found.data.pages
  const standardMs = first?.settings.standardMs ?? 0
  const onAsk: Ask = (wanted, { id: about }, refused) =>
    refused === undefined ? open(wanted, about) : openWith(wanted, about, refused)
  const shared = { requests, onAsk }
  return (
    <>
      {requests.length === 0 ? (
        <Nothing status={status} kind={kind} settings={first?.settings} />
      ) : status === 'pending' ? (
        <PendingRequests {...shared} standardMs={standardMs} grouping={group} />
      ) : (
        <Table {...shared} />
      )}
      <LoadMore hasMore={found.hasNextPage} isLoading={found.isFetchingNextPage} load={found.fetchNextPage} />
      {act !== undefined && request !== undefined && (
        <DecisionDialog key={key} asked={{ act, request, problem }} standardMs={standardMs} onClose={close} />
      )}
    </>
  )
}

function Filters(props: {
  readonly status: RequestFilter
  readonly kind: Kind | undefined
  readonly group: Grouping | undefined
}) {
  const { status, kind, group } = props
  const practice = usePractice()
  const { span } = route.useSearch()
  const navigate = route.useNavigate()
  const searchOf = (one: RequestFilter) => ({
    ...(one === 'pending' ? {} : { status: one }),
    ...(kind === undefined ? {} : { kind }),
    ...(group === undefined ? {} : { group }),
    ...(span === undefined ? {} : { span }),
  })
  const go = (change: { readonly kind?: Kind | undefined; readonly group?: Grouping | undefined }) =>
    void navigate({ search: (now) => ({ ...now, ...change }), replace: true })
  return (
    <div className="gh-card-head">
      <nav className="gh-views" aria-label="Status of requests">
        {filters.map((filter) => (
          <Link
            key={filter.status}
            to={to}
            params={{ practice: practice.id }}
            search={searchOf(filter.status)}
            className="gh-view"
            activeOptions={{ exact: true }}
            {...(filter.status === status ? { 'aria-current': 'page' as const } : {})}
          >
            {filter.name}
          </Link>
        ))}
      </nav>
      <div className="gh-request-filters">
        <NativeSelect
          size="xs"
          aria-label="What is asked for"
          value={kind ?? ''}
          onChange={({ currentTarget: { value } }) =>
            go({ kind: value === 'ip' || value === 'time' ? value : undefined })
          }
        >
          <option value="">Networks and hours</option>
          <option value="ip">Networks</option>
          <option value="time">Hours</option>
        </NativeSelect>
        {status === 'pending' && (
          <NativeSelect
            size="xs"
            aria-label="Put together"
            value={group ?? ''}
            onChange={({ currentTarget: { value } }) =>
              go({ group: value === 'network' || value === 'person' ? value : undefined })
            }
          >
            <option value="">One by one</option>
            <option value="network">By network</option>
            <option value="person">By person</option>
          </NativeSelect>
        )}
      </div>
    </div>
  )
}

/** The tab. */
export function AccessRequestsTab() {
  const practice = usePractice()
  const { status = 'pending', kind, group } = route.useSearch()
  const { data } = useInfiniteQuery(accessRequestsQuery(practice.id, status))
  const settings = data?.pages[0]?.settings
  return (
    <>
      <div className="gh-page-head">
        <h1>Access requests</h1>
        <p>
          Who asks to be let in, and what was decided.
          {settings !== undefined && ` One click approves for ${lengthText(settings.standardMs)}.`}
        </p>
      </div>
      <section className="gh-card" aria-label="Requests">
        <Filters status={status} kind={kind} group={group} />
        <Requests status={status} kind={kind} group={group} />
      </section>
      <RequestsChart />
    </>
  )
}
