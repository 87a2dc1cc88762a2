/**
 * The refusals of a practice, newest first, with their reference codes; monitor mode's "would have" among them.
 *
 * Not part of the audit chain: nobody changed anything. Invariant: what was refused and what only would have been are
 * never shown alike.
 */
import { useInfiniteQuery } from '@tanstack/react-query'
import { LoadMore } from '../parts/load-more.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { decisionsQuery, type RefusedDecision } from '../queries.ts'
import { ReplayedRefusal } from './replayed-refusal.tsx'

function Row({ decision }: { readonly decision: RefusedDecision }) {
  return (
    <li className="gh-refusal">
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
      </p>
      {decision.code !== null && <ReplayedRefusal code={decision.code} />}
    </li>
  )
}

/** The list. */
export function Refusals() {
  const practice = usePractice()
  const found = useInfiniteQuery(decisionsQuery(practice.id))
  if (found.isPending) return <Loading rows={6} label="Loading the refusals" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  const decisions = found.data.pages.flatMap((page) => page.decisions)
  if (decisions.length === 0)
    return (
      <Blank icon="check" title="Nobody was refused">
        Refusals appear here with their reference code, and what a control in monitor mode would have refused.
      </Blank>
    )
  return (
    <>
      <ol className="gh-rows" aria-label="Refusals, newest first">
        {decisions.map((decision) => (
          <Row
            key={`${decision.code ?? ''} ${decision.firstAt} ${decision.user?.id ?? ''} ${decision.address} ${decision.route} ${decision.reason}`}
            decision={decision}
          />
        ))}
      </ol>
      <LoadMore hasMore={found.hasNextPage} isLoading={found.isFetchingNextPage} load={found.fetchNextPage} />
    </>
  )
}
