/**
 * One request for access in the list of decided ones: who, from where, why, what became of it, and the way back.
 *
 * Those that wait are cards (`request-card.tsx`). Invariant: an approval in force can be taken back, a denial opened again
 * for as long as its request would have waited.
 */
import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Tag, type Tone } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { problemOf } from '../problem.ts'
import type { AccessRequest } from '../queries.ts'
import { useNow } from '../times.ts'
import type { Ask } from './decision-dialog.tsx'
import { useDecisions } from './decisions.ts'

const states: Readonly<Record<AccessRequest['status'], { readonly name: string; readonly tone: Tone }>> = {
  pending: { name: 'Pending', tone: 'accent' },
  approved: { name: 'Approved', tone: 'good' },
  rejected: { name: 'Rejected', tone: 'bad' },
  withdrawn: { name: 'Withdrawn', tone: 'neutral' },
  expired: { name: 'Expired', tone: 'neutral' },
  lapsed: { name: 'Ended', tone: 'neutral' },
}

function Outcome({ request }: { readonly request: AccessRequest }) {
  const { status, decidedAt, decidedBy, accessUntil, note } = request
  const { name, tone } = states[status]
  return (
    <>
      <Tag tone={tone}>{name}</Tag>
      {decidedAt !== null && (
        <span className="gh-sub">
          by {decidedBy} <When at={decidedAt} />
          {status === 'approved' &&
            (accessUntil === null ? (
              ', without end'
            ) : (
              <>
                , until <When at={accessUntil} as="date" />
              </>
            ))}
        </span>
      )}
      {note !== '' && <span className="gh-sub">“{note}”</span>}
    </>
  )
}

function OpenAgain({ request }: { readonly request: AccessRequest }) {
  const { openAgain } = useDecisions()
  const [isBusy, setBusy] = useState(false)
  const [refused, setRefused] = useState<string | null>(null)
  const { name } = request.user
  const run = async () => {
    setBusy(true)
    try {
      await openAgain(request.id, name)
    } catch (error) {
      setRefused(problemOf(error).detail)
    } finally {
      setBusy(false)
    }
  }
  if (refused !== null)
    return (
      <span role="alert" className="gh-sub">
        {refused}
      </span>
    )
  return (
    <Button
      size="compact-sm"
      variant="subtle"
      loading={isBusy}
      aria-label={`Open again: the request of ${name}`}
      onClick={() => void run()}
    >
      Open again
    </Button>
  )
}

/** The row. */
export function RequestRow(props: { readonly request: AccessRequest; readonly onAsk: Ask }) {
  const { request } = props
  const practice = usePractice()
  const now = useNow()
  return (
    <tr>
      <td data-label="Who">
        <span className="gh-strong">{request.user.name}</span>
        <span className="gh-sub">{request.user.login}</span>
      </td>
      <td data-label="From">
        <code>{request.address}</code>
        <span className="gh-sub">
          {request.kind === 'time'
            ? 'for hours'
            : request.entry === null
              ? 'for them'
              : 'as an allowlist entry'}
        </span>
      </td>
      <td data-label="Reason">
        <span>{request.reason}</span>
      </td>
      <td data-label="Asked">
        <When at={request.createdAt} />
        {request.repeats > 0 && (
          <span className="gh-sub">
            asked again {request.repeats === 1 ? 'once' : `${request.repeats} times`}
          </span>
        )}
      </td>
      <td data-label="Status">
        <Outcome request={request} />
      </td>
      <td className="gh-row-acts">
        {request.status === 'pending' && (
          <Link to="/practices/$practice/access-requests" params={{ practice: practice.id }} search={{}}>
            Decide
            <span className="gh-unseen"> on the request of {request.user.name}</span>
          </Link>
        )}
        {request.status === 'rejected' && request.expiresAt > now && <OpenAgain request={request} />}
        {request.status === 'approved' && (
          <Button
            size="compact-sm"
            variant="subtle"
            color="red"
            aria-label={`Take back the approval of ${request.user.name}`}
            onClick={() => props.onAsk('withdraw', request)}
          >
            Take back
          </Button>
        )}
      </td>
    </tr>
  )
}
