/**
 * The banner above every screen while somebody in this practice uses emergency access.
 *
 * Taking it is the portal's, ending and reviewing are screens. Invariant: it is shown to every admin of the practice as
 * long as one use is on, and cannot be dismissed: emergency access is loud.
 */
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Icon } from '../parts/icons.tsx'
import { usePractice } from '../practice.ts'
import { dateTime } from '../times.ts'
import { emergencyQuery } from './shell-queries.ts'

/** The banner; nothing while nobody uses it. */
export function EmergencyBanner() {
  const { id, zone } = usePractice()
  const { data } = useQuery(emergencyQuery(id))
  const now = (data?.uses ?? []).filter(({ state }) => state === 'on')
  if (now.length === 0) return null
  return (
    <section className="gh-banner gh-tone-bad" aria-label="Emergency access in use">
      <Icon name="warning" size={18} />
      <div className="gh-banner-text" role="status">
        <strong>
          Emergency access is in use{now.length === 1 ? '' : ` by ${now.length} people`}: addresses and hours
          do not hold {now.length === 1 ? 'this person' : 'them'} back.
        </strong>
        <ul className="gh-plain-list">
          {now.slice(0, 3).map(({ id: use, user, reason, address, endsAt }) => (
            <li key={use}>
              {user.name} from {address}, until {dateTime(endsAt, zone)}: “{reason}”
            </li>
          ))}
          {now.length > 3 && <li>and {now.length - 3} more</li>}
        </ul>
      </div>
      <div className="gh-banner-acts">
        <Link to="/practices/$practice/emergency" params={{ practice: id }} className="gh-banner-link">
          End or review it
        </Link>
        <Link
          to="/practices/$practice/security-events"
          params={{ practice: id }}
          search={{ type: 'break-glass' }}
          className="gh-banner-link"
        >
          What they did
        </Link>
      </div>
    </section>
  )
}
