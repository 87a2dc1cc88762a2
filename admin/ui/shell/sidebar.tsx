/**
 * The navigation of a practice: groups of screens at the left, behind a button where there is no room.
 *
 * Which screens there are, `navigation.ts` says. Invariant: one list for every width, so that keyboards and screen
 * readers meet the same screens in the same order; what stands beside a name is part of the link's own name.
 */
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Icon } from '../parts/icons.tsx'
import { modeNames, modeTones, Tag } from '../parts/tag.tsx'
import { generalQuery, meQuery, type PracticeOfAdmin, waitingQuery } from '../queries.ts'
import { groupsFor, type Screen } from './navigation.ts'

function Beside({ screen, practice }: { readonly screen: Screen; readonly practice: PracticeOfAdmin }) {
  const mayReview = practice.permissions.includes('gw.requests.review')
  const { data: general } = useQuery(generalQuery(practice.id))
  const { data: count = 0 } = useQuery({
    ...waitingQuery(practice.id),
    enabled: screen.counts !== undefined && mayReview,
  })
  if (screen.control !== undefined && general !== undefined) {
    const { mode } = general.controls[screen.control]
    return <Tag tone={modeTones[mode]}>{modeNames[mode]}</Tag>
  }
  if (screen.counts === undefined || count === 0) return null
  return (
    <span className="gh-nav-count gh-numbers">
      {count}
      <span className="gh-unseen"> waiting</span>
    </span>
  )
}

/** The navigation; `isOpen` matters only where it is behind a button. */
export function Sidebar(props: {
  readonly practice: PracticeOfAdmin
  readonly isOpen: boolean
  readonly onChoose: () => void
}) {
  const { practice, isOpen, onChoose } = props
  const { data: me } = useQuery(meQuery)
  return (
    <nav className="gh-nav" id="navigation" aria-label="Practice" data-open={isOpen}>
      {groupsFor(me?.operator === true).map(({ name, screens }) => (
        <div key={name} className="gh-nav-group">
          <div className="gh-nav-title" aria-hidden="true">
            {name}
          </div>
          <ul aria-label={name}>
            {screens.map((screen) => (
              <li key={screen.to}>
                <Link
                  to={screen.to}
                  params={{ practice: practice.id }}
                  activeOptions={{ includeSearch: false }}
                  className="gh-nav-link"
                  onClick={onChoose}
                >
                  <Icon name={screen.icon} />
                  <span className="gh-nav-name">{screen.name}</span>{' '}
                  <Beside screen={screen} practice={practice} />
                </Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </nav>
  )
}
