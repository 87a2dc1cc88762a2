/**
 * Around every tab of a practice: header, navigation, state badges, and the practice for what is inside.
 *
 * The parts of the header are `header-parts.tsx`. Invariant: a practice that the admin holds no permission in looks
 * exactly like one that there is not.
 */
import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useParams } from '@tanstack/react-router'
import { Suspense, useEffect } from 'react'
import { useLive } from '../live.ts'
import { Blank, Loading } from '../parts/states.tsx'
import { PracticeContext } from '../practice.ts'
import { meQuery, type PracticeOfAdmin, waitingQuery } from '../queries.ts'
import { ConfirmationBanner } from './confirmation-banner.tsx'
import { AccountMenu, AddressChip, Brand, LiveDot, PracticeSwitcher, SchemeToggle } from './header-parts.tsx'
import { StateBadges } from './state-badges.tsx'

const tabs = [
  { to: '/practices/$practice/general', name: 'General settings' },
  { to: '/practices/$practice/ip-allowlist', name: 'IP allowlist' },
  { to: '/practices/$practice/time-windows', name: 'Time windows' },
  { to: '/practices/$practice/active-users', name: 'Active users' },
  { to: '/practices/$practice/two-factor', name: '2FA management' },
  { to: '/practices/$practice/access-requests', name: 'Access requests' },
  { to: '/practices/$practice/users', name: 'Users & roles' },
  { to: '/practices/$practice/security-events', name: 'Security events' },
  { to: '/practices/$practice/emergency', name: 'Emergency access' },
  { to: '/practices/$practice/tokens', name: 'Service tokens' },
  { to: '/practices/$practice/notifications', name: 'Notifications' },
  { to: '/practices/$practice/retention', name: 'Audit and retention' },
] as const
/** For operators only. */
const operatorTabs = [
  { to: '/practices/$practice/all-practices', name: 'Practices' },
  { to: '/practices/$practice/own-accounts', name: 'Own accounts' },
] as const

function Tabs({ practice }: { readonly practice: PracticeOfAdmin }) {
  const mayReview = practice.permissions.includes('gw.requests.review')
  const { data: count = 0 } = useQuery({ ...waitingQuery(practice.id), enabled: mayReview })
  const { data: me } = useQuery(meQuery)
  const shown = me?.operator === true ? [...tabs, ...operatorTabs] : tabs
  const waiting = (to: string): number => (to.endsWith('access-requests') ? count : 0)
  return (
    <nav className="gh-tabs" aria-label="Practice">
      {shown.map(({ to, name }) => (
        <Link
          key={to}
          to={to}
          params={{ practice: practice.id }}
          activeOptions={{ includeSearch: false }}
          className="gh-tab"
          {...(waiting(to) > 0 ? { 'aria-label': `${name} ${waiting(to)} waiting` } : {})}
        >
          {name} {waiting(to) > 0 && <span className="gh-tab-count gh-numbers">{waiting(to)}</span>}
        </Link>
      ))}
    </nav>
  )
}

function Header({ practice, id }: { readonly practice: PracticeOfAdmin | null; readonly id: string }) {
  const live = useLive(practice === null ? null : id)
  return (
    <header className="gh-header">
      <div className="gh-header-row">
        <Brand />
        <PracticeSwitcher current={practice} />
        <div className="gh-header-end">
          {practice !== null && <LiveDot state={live} />}
          <AddressChip practice={practice} />
          <SchemeToggle />
          <AccountMenu />
        </div>
      </div>
      {practice !== null && (
        <div className="gh-header-row gh-header-tabs">
          <Tabs practice={practice} />
          <StateBadges practice={practice.id} />
        </div>
      )}
    </header>
  )
}

/** The shell. */
export function PracticeShell() {
  const { practice: id } = useParams({ from: '/practices/$practice' })
  const { data: me } = useQuery(meQuery)
  const practice = me?.practices.find((one) => one.id === id) ?? null
  useEffect(() => {
    document.title = practice === null ? 'Gatehouse' : `${practice.name} · Gatehouse`
  }, [practice])
  return (
    <>
      <a className="gh-skip" href="#content">
        Skip to content
      </a>
      <Header practice={practice} id={id} />
      <main className="gh-main" id="content" tabIndex={-1}>
        {practice === null ? (
          <Blank icon="shield" title="You may not administer this practice" role="alert">
            There is no practice “{id}”, or you hold no permission in it. Choose another one above.
          </Blank>
        ) : (
          <PracticeContext value={practice}>
            <ConfirmationBanner key={id} />
            <Suspense fallback={<Loading rows={6} />}>
              <Outlet key={id} />
            </Suspense>
          </PracticeContext>
        )}
      </main>
    </>
  )
}
