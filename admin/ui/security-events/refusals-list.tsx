/**
 * The refusals of a practice, newest first, with their reference codes; monitor mode's "would have" among them.
 *
 * Not part of the audit chain: nobody changed anything. Invariant: what was refused and what only would have been are
 * never shown alike; a code that somebody reads out is found whatever else is filtered.
 */
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { LoadMore } from '../parts/load-more.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { decisionQuery, type RefusedDecision } from '../queries.ts'
import { DayFilters, FilterChip, useSetFilters } from './change-filters.tsx'
import { DecisionsChart } from './decisions-chart.tsx'
import {
  decisionsQuery,
  type Filters,
  newestDecisionsQuery,
  newestMax,
  refusalFilters,
} from './event-queries.ts'
import { NewPill } from './new-pill.tsx'
import { ReplayedRefusal } from './replayed-refusal.tsx'

const route = getRouteApi('/practices/$practice/security-events')

const keyOf = ({ code, firstAt, user, address, route: of, reason }: RefusedDecision): string =>
  `${code ?? ''} ${firstAt} ${user?.id ?? ''} ${address} ${of} ${reason}`

function Facts({ decision }: { readonly decision: RefusedDecision }) {
  const set = useSetFilters()
  return (
    <>
      <span className="gh-event">
        <Tag tone={decision.monitored ? 'warn' : 'bad'}>
          {decision.monitored ? 'would be refused' : 'refused'}
        </Tag>
        <span className="gh-strong">{decision.user?.name ?? 'Nobody signed in'}</span>
        <code>{decision.address}</code>
        <span className="gh-event-target">
          {decision.method} {decision.route}
        </span>
        <span className="gh-event-end">
          {decision.count > 1 && <span className="gh-numbers">{decision.count} times</span>}
          <When at={decision.lastAt} />
        </span>
      </span>
      <p className="gh-event-facts">
        <span>{decision.sentence}</span>
        {decision.code !== null && (
          <span>
            Reference <code>{decision.code}</code>
          </span>
        )}
        {decision.user !== null && (
          <button type="button" className="gh-text-button" onClick={() => set({ user: decision.user?.id })}>
            Only {decision.user.name}
          </button>
        )}
        <button type="button" className="gh-text-button" onClick={() => set({ address: decision.address })}>
          Only {decision.address}
        </button>
      </p>
    </>
  )
}

function Row({ decision }: { readonly decision: RefusedDecision }) {
  return (
    <li className="gh-refusal">
      <Facts decision={decision} />
      {decision.code !== null && <ReplayedRefusal code={decision.code} />}
    </li>
  )
}

/** The field for a code that somebody reads out, and what it leads to. */
function CodeSearch() {
  const { code = '' } = route.useSearch()
  const set = useSetFilters()
  const [typed, setTyped] = useState(code)
  const wanted = typed.trim()
  const isCode = /^[A-Za-z0-9-]{4,40}$/.test(wanted)
  return (
    <form
      className="gh-code-search"
      onSubmit={(event) => {
        event.preventDefault()
        if (wanted === '' || isCode) set({ code: wanted })
      }}
    >
      <TextInput
        aria-label="Reference code"
        placeholder="Reference code, such as GH-7QK2-M9XA"
        value={typed}
        error={wanted === '' || isCode ? null : 'Letters, digits and - only.'}
        maxLength={40}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        Find
      </Button>
      {code !== '' && (
        <FilterChip
          words={`Code ${code}`}
          onClear={() => {
            setTyped('')
            set({ code: undefined })
          }}
        />
      )}
    </form>
  )
}

function FoundCode({ code }: { readonly code: string }) {
  const practice = usePractice()
  const found = useQuery(decisionQuery(practice.id, code))
  if (found.isPending) return <Loading rows={2} label="Looking the code up" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  return (
    <ol className="gh-rows" aria-label="The refusal behind the code">
      <li className="gh-refusal">
        <Facts decision={found.data} />
        <ReplayedRefusal code={code} isFound />
      </li>
    </ol>
  )
}

function RefusalFilters() {
  const search = route.useSearch()
  const set = useSetFilters()
  return (
    <div className="gh-filters">
      <NativeSelect
        aria-label="What refused"
        value={search.control ?? ''}
        onChange={(event) => set({ control: event.currentTarget.value })}
      >
        <option value="">Any control</option>
        <option value="ip">IP allowlist</option>
        <option value="time">Time windows</option>
        <option value="two-factor">Two-factor</option>
        <option value="permission">Permissions</option>
        <option value="session">Session</option>
      </NativeSelect>
      <NativeSelect
        aria-label="Refused or monitored"
        value={search.kind ?? ''}
        onChange={(event) => set({ kind: event.currentTarget.value })}
      >
        <option value="">Any outcome</option>
        <option value="refused">Refused</option>
        <option value="monitored">Would be refused</option>
      </NativeSelect>
      <DayFilters />
      {search.user !== undefined && (
        <FilterChip words="One person" onClear={() => set({ user: undefined })} />
      )}
      {search.address !== undefined && (
        <FilterChip words={search.address} onClear={() => set({ address: undefined })} />
      )}
    </div>
  )
}

function useNew(filters: Filters, first: RefusedDecision | undefined, isLoaded: boolean) {
  const practice = usePractice()
  const { data } = useQuery(newestDecisionsQuery(practice.id, filters))
  const newest = data?.decisions ?? []
  const place = first === undefined ? -1 : newest.findIndex((one) => keyOf(one) === keyOf(first))
  const count = isLoaded ? (place === -1 ? newest.length : place) : 0
  return { count, isAtLeast: count === newestMax }
}

function List() {
  const practice = usePractice()
  const filters = refusalFilters(route.useSearch(), practice.zone)
  const found = useInfiniteQuery(decisionsQuery(practice.id, filters))
  const decisions = found.data?.pages.flatMap((page) => page.decisions) ?? []
  const fresh = useNew(filters, decisions[0], found.data !== undefined && !found.isPlaceholderData)
  if (found.isPending) return <Loading rows={6} label="Loading the refusals" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  const isFiltered = Object.keys(filters).length > 0
  return (
    <>
      <NewPill {...fresh} load={found.refetch} />
      {decisions.length === 0 ? (
        <Blank icon="check" title={isFiltered ? 'No refusal matches these filters' : 'Nobody was refused'}>
          Refusals appear here with their reference code, and what a control in monitor mode would have
          refused. They are kept for 90 days.
        </Blank>
      ) : (
        <ol className="gh-rows" aria-label="Refusals, newest first">
          {decisions.map((decision) => (
            <Row key={keyOf(decision)} decision={decision} />
          ))}
        </ol>
      )}
      <LoadMore hasMore={found.hasNextPage} isLoading={found.isFetchingNextPage} load={found.fetchNextPage} />
    </>
  )
}

/** The chart, the search by code, and the list. */
export function Refusals() {
  const { code } = route.useSearch()
  return (
    <>
      <DecisionsChart />
      <CodeSearch />
      {code === undefined ? (
        <>
          <RefusalFilters />
          <List />
        </>
      ) : (
        <FoundCode key={code} code={code} />
      )}
    </>
  )
}
