/**
 * What the reviewer of a request should know: who else comes from that network, what is listed beside it, their hours.
 *
 * Hints decide nothing. Invariant: what nobody knows is told as such ("nobody else came from there"), since a new network
 * is the case that deserves a look.
 */
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { Tag } from '../parts/tag.tsx'
import { usePractice } from '../practice.ts'
import { type AccessRequest, timePreviewQuery } from '../queries.ts'

const named = (names: readonly string[], count: number): string => {
  const more = count - names.length
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

function NetworkHints({ request, others }: { readonly request: AccessRequest; readonly others: number }) {
  const practice = usePractice()
  const { colleagues, colleagueCount, nextTo } = request.hints
  return (
    <>
      {colleagueCount > 0 ? (
        <li>
          <Tag tone="good">Known network</Tag> {named(colleagues, colleagueCount)} came in from there within
          30 days.
        </li>
      ) : (
        <li>
          <Tag tone="warn">New network</Tag> Nobody else of the practice came in from there within 30 days.
        </li>
      )}
      {nextTo !== null && (
        <li>
          <Tag tone="accent">Beside a listed one</Tag> It lies next to “{nextTo}” of the IP allowlist.
        </li>
      )}
      {others > 0 && (
        <li>
          <Link
            to="/practices/$practice/access-requests"
            params={{ practice: practice.id }}
            search={{ group: 'network' }}
          >
            {others === 1 ? 'Another request' : `${others} other requests`} from this network
          </Link>
        </li>
      )}
    </>
  )
}

function HoursHints({ user, isEager }: { readonly user: string; readonly isEager: boolean }) {
  const practice = usePractice()
  const [isAsked, setAsked] = useState(isEager)
  const maySee = practice.may('gw.security.view')
  const { data } = useQuery({
    ...timePreviewQuery(practice.id, { user }),
    enabled: maySee && isAsked,
  })
  if (maySee && !isAsked)
    return (
      <li>
        <Button size="compact-xs" variant="default" onClick={() => setAsked(true)}>
          Show their hours
        </Button>
      </li>
    )
  if (data === undefined) return null
  const today = data.days.find(({ isToday }) => isToday)?.hours ?? []
  const hours = today.map(({ start, end }) => `${start}–${end}`).join(', ')
  return (
    <li>
      <Tag tone={data.open ? 'good' : 'warn'}>{data.open ? 'Within their hours' : 'Outside their hours'}</Tag>{' '}
      Today: {hours === '' ? 'closed' : hours}. {data.sentence}.
    </li>
  )
}

/**
 * The hints. `others`: how many others of those loaded ask from the same network; `isEager`: hours are asked for at once,
 * which is not done for hundreds of requests together.
 */
export function RequestHints(props: {
  readonly request: AccessRequest
  readonly others: number
  readonly isEager: boolean
}) {
  const { request, others, isEager } = props
  return (
    <ul className="gh-hints" aria-label="What is known">
      {request.kind === 'ip' ? (
        <NetworkHints request={request} others={others} />
      ) : (
        <HoursHints user={request.user.id} isEager={isEager} />
      )}
    </ul>
  )
}
