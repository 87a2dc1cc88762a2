/**
 * The drill: the three ways of getting in, each with how to try it and when it was last seen to work.
 *
 * It tries nothing itself. Invariant: "last seen" is what the security events say, so that a drill that nobody did is shown
 * as due, whatever anybody remembers.
 */
import { Tag } from '../parts/tag.tsx'
import { When } from '../parts/when.tsx'
import { useNow } from '../times.ts'
import type { Emergency } from './emergency-queries.ts'

const dueMs = 183 * 86_400_000

const steps = [
  {
    seen: 'usedAt',
    name: 'Emergency access',
    how: 'From outside the office, take it, look for the mail and the event, end it here, have somebody review it.',
  },
  {
    seen: 'codeUsedAt',
    name: 'Sealed codes',
    how: 'Open one envelope, sign in with a code, look for the mail, make new ones here.',
  },
  {
    seen: 'overrideAt',
    name: 'Override on the host',
    how: 'On one gateway: gatehouse break-glass observe --for 5m. Look at the metric, then: gatehouse break-glass end.',
  },
] as const

function LastSeen({ at }: { readonly at: number | null }) {
  const now = useNow()
  if (at === null) return <Tag tone="warn">never seen</Tag>
  return (
    <span className="gh-tags">
      <span className="gh-faint">last seen</span> <When at={at} />
      {now - at > dueMs && <Tag tone="warn">due</Tag>}
    </span>
  )
}

/** The card. */
export function Drill({ drill }: { readonly drill: Emergency['drill'] }) {
  return (
    <section className="gh-card" aria-labelledby="drill-title">
      <div className="gh-card-head">
        <h2 id="drill-title">The drill, twice a year</h2>
      </div>
      <ol className="gh-rows">
        {steps.map(({ seen, name, how }) => (
          <li key={seen} className="gh-item">
            <div className="gh-item-text">
              <p className="gh-strong">{name}</p>
              <p className="gh-faint">{how}</p>
            </div>
            <LastSeen at={drill[seen]} />
          </li>
        ))}
      </ol>
    </section>
  )
}
