/**
 * The requests that wait, as cards: one by one, or put together by network or person; several can be picked and decided.
 *
 * Invariant: picks are in the address and never outlive their requests: what somebody else has decided meanwhile is no longer picked, and what
 * is decided for several is what is on the screen.
 */
import { Button, Checkbox } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useChosen } from '../parts/opened.ts'
import { usePractice } from '../practice.ts'
import type { AccessRequest } from '../queries.ts'
import type { Ask } from './decision-dialog.tsx'
import type { Undecided } from './decisions.ts'
import { RequestCard } from './request-card.tsx'
import { countsByNetwork, type Group, type Grouping, groupsOf } from './request-groups.ts'
import { SeveralActs, UndecidedNotice } from './several.tsx'

const eagerMax = 12

type Shared = {
  readonly standardMs: number
  readonly onAsk: Ask
  readonly onUndecided: (undecided: readonly Undecided[]) => void
}

function GroupHead({ group, standardMs, onAsk, onUndecided }: Shared & { readonly group: Group }) {
  const practice = usePractice()
  const { requests, network, title } = group
  const [first] = requests
  const people = new Set(requests.map(({ user }) => user.id)).size
  const what = `all ${requests.length} of ${title}`
  return (
    <div className="gh-request-group">
      <h2>
        {title}{' '}
        <span className="gh-faint">
          {requests.length === 1 ? '1 request' : `${requests.length} requests`}
          {network !== null && people > 1 && ` of ${people} people`}
        </span>
      </h2>
      {requests.length > 1 && (
        <div className="gh-request-acts">
          <SeveralActs
            requests={requests}
            what={what}
            scope={group.key.replaceAll(' ', '.')}
            standardMs={standardMs}
            onUndecided={onUndecided}
            onDone={() => undefined}
          />
          {network !== null && first !== undefined && people > 1 && practice.may('gw.ip.edit') && (
            <Button
              size="compact-sm"
              variant="subtle"
              aria-label={`List ${network} for the practice`}
              onClick={() => onAsk('share', first)}
            >
              List for the practice
            </Button>
          )}
        </div>
      )}
    </div>
  )
}

function PickBar(
  props: Omit<Shared, 'onAsk'> & {
    readonly shown: readonly AccessRequest[]
    readonly picked: readonly AccessRequest[]
    readonly pick: (ids: readonly string[]) => void
  },
) {
  const { shown, picked, pick } = props
  return (
    <section className="gh-pick-bar" aria-label="Selected requests">
      <Checkbox
        label={picked.length === 0 ? 'Select all' : `${picked.length} selected`}
        checked={picked.length === shown.length}
        indeterminate={picked.length > 0 && picked.length < shown.length}
        onChange={(event) => pick(event.currentTarget.checked ? shown.map(({ id }) => id) : [])}
      />
      {picked.length > 0 && (
        <div className="gh-request-acts">
          <SeveralActs
            requests={picked}
            what={`${picked.length} selected`}
            scope="picked"
            standardMs={props.standardMs}
            onUndecided={props.onUndecided}
            onDone={() => pick([])}
          />
        </div>
      )}
    </section>
  )
}

/** The cards. */
export function PendingRequests(props: {
  readonly requests: readonly AccessRequest[]
  readonly grouping: Grouping | undefined
  readonly standardMs: number
  readonly onAsk: Ask
}) {
  const { requests, grouping, standardMs, onAsk } = props
  const { ids, choose, turn } = useChosen()
  const [undecided, setUndecided] = useState<readonly (Undecided & { readonly name: string })[]>([])
  const picked = requests.filter(({ id }) => ids.has(id))
  const place = useRef<HTMLDivElement>(null)
  // The button that decided is gone with its card: whoever works by keyboard goes on from the list, not from the top.
  const before = useRef(requests.length)
  useEffect(() => {
    const isFewer = requests.length < before.current
    before.current = requests.length
    if (isFewer && document.activeElement === document.body) place.current?.focus({ preventScroll: true })
  }, [requests.length])
  const counts = countsByNetwork(requests)
  const eager = new Set(requests.slice(0, eagerMax).map(({ id }) => id))
  const tellUndecided = (found: readonly Undecided[]) =>
    setUndecided(
      found.map((one) => ({
        ...one,
        name: requests.find(({ id }) => id === one.id)?.user.name ?? 'A request',
      })),
    )
  const shared = { standardMs, onAsk, onUndecided: tellUndecided }
  return (
    <div ref={place} tabIndex={-1} className="gh-quiet-focus">
      <UndecidedNotice undecided={undecided} onClose={() => setUndecided([])} />
      {requests.length > 1 && <PickBar {...shared} shown={requests} picked={picked} pick={choose} />}
      {groupsOf(requests, grouping).map((group) => (
        <div key={group.key}>
          {group.title !== '' && <GroupHead {...shared} group={group} />}
          <ul className="gh-requests" aria-label={group.title === '' ? 'Requests that wait' : group.title}>
            {group.requests.map((request) => (
              <RequestCard
                key={request.id}
                request={request}
                standardMs={standardMs}
                isEager={eager.has(request.id)}
                heading={group.title === '' ? 'h2' : 'h3'}
                others={(counts.get(request.network) ?? 1) - 1}
                isPicked={ids.has(request.id)}
                onPick={(isPicked) => turn([request.id], isPicked)}
                onAsk={onAsk}
              />
            ))}
          </ul>
        </div>
      ))}
    </div>
  )
}
