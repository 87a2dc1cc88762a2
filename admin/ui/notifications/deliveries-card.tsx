/**
 * How webhooks fared in the last thirty days: delivered, waiting with the next try, given up and why.
 *
 * Messages themselves are not kept. Invariant: what waits is asked for again by itself, so that a test is seen to arrive.
 */
import { useInfiniteQuery } from '@tanstack/react-query'
import { LoadMore } from '../parts/load-more.tsx'
import { Blank, Failed, Loading } from '../parts/states.tsx'
import { Tag, type Tone } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { type Delivery, deliveriesQuery } from './notification-queries.ts'
import { topicName } from './topic-words.ts'

const states: Readonly<Record<Delivery['state'], { readonly name: string; readonly tone: Tone }>> = {
  waiting: { name: 'waiting', tone: 'warn' },
  delivered: { name: 'delivered', tone: 'good' },
  'given-up': { name: 'given up', tone: 'bad' },
}

function Row({ one }: { readonly one: Delivery }) {
  const { name, tone } = states[one.state]
  return (
    <tr>
      <th scope="row" data-label="Webhook">
        {one.webhook}
      </th>
      <td data-label="What">{topicName(one.topic)}</td>
      <td data-label="Queued">
        <When at={one.queuedAt} />
      </td>
      <td data-label="State">
        <Tag tone={tone}>{name}</Tag>
      </td>
      <td data-label="Last try">
        {one.lastAt === null ? (
          <span className="gh-faint">not tried yet</span>
        ) : (
          <span>
            {one.lastAnswer}, <When at={one.lastAt} />
            {one.tries > 1 && <span className="gh-faint"> ({one.tries} tries)</span>}
          </span>
        )}
      </td>
      <td data-label="Id">
        <code>{one.id}</code>
      </td>
    </tr>
  )
}

function Deliveries() {
  const practice = usePractice()
  const found = useInfiniteQuery(deliveriesQuery(practice.id))
  if (found.isPending) return <Loading label="Loading the deliveries" />
  if (found.isError) return <Failed error={found.error} again={found.refetch} />
  const all = found.data.pages.flatMap(({ deliveries }) => deliveries)
  if (all.length === 0)
    return (
      <Blank icon="bell" title="Nothing was sent to a webhook yet">
        Each message is kept here for thirty days with what the receiver answered. One that fails is tried
        again for about eight hours.
      </Blank>
    )
  return (
    <>
      <table className="gh-table">
        <caption className="gh-unseen">Messages to webhooks, newest first</caption>
        <thead>
          <tr>
            {['Webhook', 'What', 'Queued', 'State', 'Last try', 'Id'].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {all.map((one) => (
            <Row key={one.id} one={one} />
          ))}
        </tbody>
      </table>
      <LoadMore hasMore={found.hasNextPage} isLoading={found.isFetchingNextPage} load={found.fetchNextPage} />
    </>
  )
}

/** The card. */
export function DeliveriesCard() {
  return (
    <section className="gh-card" aria-labelledby="deliveries-title">
      <div className="gh-card-head">
        <h2 id="deliveries-title">How webhooks fared</h2>
      </div>
      <Deliveries />
    </section>
  )
}
