/**
 * Whether every gateway enforces what is saved, at a glance.
 *
 * What each control does stands beside its screen (`sidebar.tsx`). Invariant: "saved" and "active everywhere" are shown as different things, and a gateway
 * that has not acknowledged is counted, never assumed.
 */
import { useQuery } from '@tanstack/react-query'
import { Tag } from '../parts/tag.tsx'
import { generalQuery, type PublishState } from '../queries.ts'
import { spanText } from '../times.ts'

function publishWords({ state, active, gateways }: PublishState): {
  readonly words: string
  readonly isDone: boolean
} {
  if (gateways === 0) return { words: 'No gateway is running', isDone: false }
  if (state === 'everywhere') return { words: 'Active everywhere', isDone: true }
  return {
    words: state === 'saved' ? 'Saved, not yet enforced' : `On ${active} of ${gateways} gateways`,
    isDone: false,
  }
}

/** The badge; nothing until the practice's settings are known. */
export function StateBadges({ practice }: { readonly practice: string }) {
  const { data } = useQuery(generalQuery(practice))
  if (data === undefined) return <div className="gh-badges" />
  const { publish } = data
  const { words, isDone } = publishWords(publish)
  const took =
    publish.everywhereAfterMs === null ? '' : `, the last save after ${spanText(publish.everywhereAfterMs)}`
  return (
    <div className="gh-badges">
      <span
        title={`${publish.active} of ${publish.gateways} gateways${took}`}
        role="status"
        aria-label="Publishing"
      >
        <Tag tone={isDone ? 'good' : 'warn'}>
          {words}
          {isDone && (
            <span className="gh-numbers gh-faint">
              {' '}
              {publish.gateways === 1 ? '1 gateway' : `${publish.active} of ${publish.gateways}`}
            </span>
          )}
        </Tag>
      </span>
    </div>
  )
}
