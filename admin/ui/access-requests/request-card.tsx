/**
 * A request that waits: who, from where, why, since when, what is known about it, and the ways to decide.
 *
 * Decided ones are rows (`request-row.tsx`). Invariant: the reason is the person's own words and marked as such.
 */
import { Checkbox } from '@mantine/core'
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import type { AccessRequest } from '../queries.ts'
import { useNow } from '../times.ts'
import type { Ask } from './decision-dialog.tsx'
import { RequestActs } from './request-acts.tsx'
import { RequestHints } from './request-hints.tsx'

const dayMs = 86_400_000

/** The card. `others`: how many others ask from the same network. */
export function RequestCard(props: {
  readonly request: AccessRequest
  readonly standardMs: number
  readonly others: number
  readonly isEager: boolean
  /** Below the heading of its group, if it has one. */
  readonly heading: 'h2' | 'h3'
  readonly isPicked: boolean
  readonly onPick: (isPicked: boolean) => void
  readonly onAsk: Ask
}) {
  const { request, isPicked, onPick } = props
  const Heading = props.heading
  const { user, kind, address, repeats, createdAt, expiresAt } = request
  const isOld = useNow() - createdAt > dayMs
  return (
    <li className="gh-request">
      <Checkbox
        aria-label={`Select the request of ${user.name}, ${kind === 'ip' ? address : 'for hours'}`}
        checked={isPicked}
        onChange={(event) => onPick(event.currentTarget.checked)}
      />
      <section
        className="gh-request-body"
        aria-label={`${user.name}, ${kind === 'ip' ? address : 'for hours'}`}
      >
        <div className="gh-request-head">
          <Heading>{user.name}</Heading>
          <span className="gh-faint">{user.login}</span>
          <span>
            {kind === 'ip' ? 'from' : 'to come in outside their hours, from'} <code>{address}</code>
          </span>
          <span className="gh-request-age">
            {isOld && <Tag tone="warn">waits for more than a day</Tag>} asked <When at={createdAt} />
            {repeats > 0 && <>, again {repeats === 1 ? 'once' : `${repeats} times`}</>}; expires{' '}
            <When at={expiresAt} />
          </span>
        </div>
        {request.reason !== '' && <p className="gh-quote">“{request.reason}”</p>}
        <RequestHints request={request} others={props.others} isEager={props.isEager} />
        <div className="gh-request-acts">
          <RequestActs request={request} standardMs={props.standardMs} onAsk={props.onAsk} />
        </div>
      </section>
    </li>
  )
}
