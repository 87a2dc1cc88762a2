/**
 * One request for access: who, from where, why, since when, what became of it; and the ways to decide.
 *
 * The dialogs are `decision-dialog.tsx`. Invariant: the one-click approval says on its button how long it lasts; what
 * it is refused with leads to the dialog and is never lost.
 */
import { Button } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { parseResponse } from 'hono/client'
import { useState } from 'react'
import { api } from '../api-client.ts'
import { followSave } from '../parts/follow-save.tsx'
import { Tag, type Tone } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { usePractice } from '../practice.ts'
import { problemOf } from '../problem.ts'
import { type AccessRequest, topicKey } from '../queries.ts'
import { lengthText } from '../times.ts'
import { type Asked, coverage } from './decision-dialog.tsx'

const route = api.practices[':practice']['access-requests'][':id']

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

function Acts(props: {
  readonly request: AccessRequest
  readonly standardMs: number
  readonly onAsk: (asked: Asked) => void
}) {
  const { request, standardMs, onAsk } = props
  const practice = usePractice()
  const client = useQueryClient()
  const [isBusy, setBusy] = useState(false)
  const { name } = request.user
  const approval = `Approve for ${lengthText(standardMs)}`
  const approve = async () => {
    setBusy(true)
    try {
      const param = { practice: practice.id, id: request.id }
      const { sequence } = await parseResponse(
        route.approve.$post({ param, json: { durationMs: 'standard' } }),
      )
      if (sequence !== null) followSave(`${name} may come in`, sequence)
      await client.invalidateQueries({ queryKey: topicKey(practice.id) })
    } catch (error) {
      onAsk({ act: 'approve', request, problem: problemOf(error) })
    } finally {
      setBusy(false)
    }
  }
  const ask = (act: Asked['act']) => onAsk({ act, request, problem: null })
  return (
    <>
      <Button
        size="compact-sm"
        loading={isBusy}
        title={coverage(request)}
        aria-label={`${approval}: ${name}`}
        onClick={() => void approve()}
      >
        {approval}
      </Button>
      <Button
        size="compact-sm"
        variant="subtle"
        aria-label={`Other time for ${name}`}
        onClick={() => ask('approve')}
      >
        Other time
      </Button>
      <Button
        size="compact-sm"
        variant="subtle"
        color="red"
        aria-label={`Deny ${name}`}
        onClick={() => ask('deny')}
      >
        Deny
      </Button>
    </>
  )
}

/** The row. `standardMs`: how long an approval lasts by the practice's setting. */
export function RequestRow(props: {
  readonly request: AccessRequest
  readonly standardMs: number
  readonly onAsk: (asked: Asked) => void
}) {
  const { request } = props
  return (
    <tr>
      <td data-label="Who">
        <span className="gh-strong">{request.user.name}</span>
        <span className="gh-sub">{request.user.login}</span>
      </td>
      <td data-label="From">
        <code>{request.address}</code>
        <span className="gh-sub">{request.kind === 'ip' ? 'for this address' : 'for hours'}</span>
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
        {request.status === 'pending' && <Acts {...props} />}
        {request.status === 'approved' && (
          <Button
            size="compact-sm"
            variant="subtle"
            color="red"
            aria-label={`Take back the approval of ${request.user.name}`}
            onClick={() => props.onAsk({ act: 'withdraw', request, problem: null })}
          >
            Take back
          </Button>
        )}
      </td>
    </tr>
  )
}
