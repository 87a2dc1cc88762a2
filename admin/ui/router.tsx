/**
 * The addresses of the pages: `/practices/{practice}/{tab}?filters`; each tab is loaded when first opened.
 *
 * What a tab shows is the tab's. Invariant: the address says everything that is on the screen, so that a link sent to
 * a colleague shows the same; unknown parameters are dropped, never shown.
 */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  parseSearchWith,
  stringifySearchWith,
} from '@tanstack/react-router'
import { Crashed, NotFound } from './parts/states.tsx'
import type { FactorState, RequestFilter } from './queries.ts'
import { allowlistSearch, eventSearch, listSearch, pagedSearch } from './route-search.ts'
import { ConsoleRoot, FirstPractice, FirstTab } from './shell/console-root.tsx'
import { PracticeShell } from './shell/practice-shell.tsx'

type Search = Readonly<Record<string, unknown>>

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, 80) : undefined

const filtered = (search: Search): { text?: string } => {
  const text = textOf(search.text)
  return text === undefined ? {} : { text }
}

const requestSearch = ({ status }: Search): { status?: Exclude<RequestFilter, 'pending'> } =>
  status === 'approved' || status === 'rejected' || status === 'all' ? { status } : {}

const factorStates: readonly FactorState[] = [
  'off',
  'optional',
  'enabled',
  'required-enabled',
  'required-not-set-up',
  'locked',
]

// A state that there is not is named as absent: left out, the address's own word would stay.
const factorSearch = (search: Search): { text?: string; status?: FactorState | undefined } => ({
  ...filtered(search),
  status: factorStates.find((state) => state === search.status),
})

const root = createRootRoute({ component: ConsoleRoot, notFoundComponent: NotFound })
const start = createRoute({ getParentRoute: () => root, path: '/', component: FirstPractice })
const practice = createRoute({
  getParentRoute: () => root,
  path: 'practices/$practice',
  component: PracticeShell,
})
const first = createRoute({ getParentRoute: () => practice, path: '/', component: FirstTab })
const general = createRoute({
  getParentRoute: () => practice,
  path: 'general',
  component: lazyRouteComponent(() => import('./general/general-tab.tsx'), 'GeneralTab'),
})
const ipAllowlist = createRoute({
  getParentRoute: () => practice,
  path: 'ip-allowlist',
  validateSearch: allowlistSearch,
  component: lazyRouteComponent(() => import('./ip-allowlist/ip-allowlist-tab.tsx'), 'IpAllowlistTab'),
})
const timeWindows = createRoute({
  getParentRoute: () => practice,
  path: 'time-windows',
  component: lazyRouteComponent(() => import('./time-windows/time-windows-tab.tsx'), 'TimeWindowsTab'),
})
const activeUsers = createRoute({
  getParentRoute: () => practice,
  path: 'active-users',
  validateSearch: filtered,
  component: lazyRouteComponent(() => import('./active-users/active-users-tab.tsx'), 'ActiveUsersTab'),
})
const accessRequests = createRoute({
  getParentRoute: () => practice,
  path: 'access-requests',
  validateSearch: requestSearch,
  component: lazyRouteComponent(
    () => import('./access-requests/access-requests-tab.tsx'),
    'AccessRequestsTab',
  ),
})
const twoFactor = createRoute({
  getParentRoute: () => practice,
  path: 'two-factor',
  validateSearch: factorSearch,
  component: lazyRouteComponent(() => import('./two-factor/two-factor-tab.tsx'), 'TwoFactorTab'),
})
const users = createRoute({
  getParentRoute: () => practice,
  path: 'users',
  validateSearch: filtered,
  component: lazyRouteComponent(() => import('./users/users-tab.tsx'), 'UsersTab'),
})
const securityEvents = createRoute({
  getParentRoute: () => practice,
  path: 'security-events',
  validateSearch: eventSearch,
  component: lazyRouteComponent(
    () => import('./security-events/security-events-tab.tsx'),
    'SecurityEventsTab',
  ),
})

const emergency = createRoute({
  getParentRoute: () => practice,
  path: 'emergency',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./emergency/emergency-tab.tsx'), 'EmergencyTab'),
})
const tokens = createRoute({
  getParentRoute: () => practice,
  path: 'tokens',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./tokens/tokens-tab.tsx'), 'TokensTab'),
})

const notifications = createRoute({
  getParentRoute: () => practice,
  path: 'notifications',
  component: lazyRouteComponent(() => import('./notifications/notifications-tab.tsx'), 'NotificationsTab'),
})
const retention = createRoute({
  getParentRoute: () => practice,
  path: 'retention',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./retention/retention-tab.tsx'), 'RetentionTab'),
})
const allPractices = createRoute({
  getParentRoute: () => practice,
  path: 'all-practices',
  validateSearch: pagedSearch,
  component: lazyRouteComponent(() => import('./practices/practices-tab.tsx'), 'PracticesTab'),
})
const ownAccounts = createRoute({
  getParentRoute: () => practice,
  path: 'own-accounts',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./own-accounts/own-accounts-tab.tsx'), 'OwnAccountsTab'),
})

/** The router of the page. */
export const router = createRouter({
  routeTree: root.addChildren([
    start,
    practice.addChildren([
      first,
      general,
      ipAllowlist,
      timeWindows,
      activeUsers,
      twoFactor,
      accessRequests,
      users,
      securityEvents,
      emergency,
      tokens,
      notifications,
      retention,
      allPractices,
      ownAccounts,
    ]),
  ]),
  // Every parameter is plain text: what looks like a number or JSON stays as it was typed.
  parseSearch: parseSearchWith((text) => text),
  stringifySearch: stringifySearchWith(String),
  defaultErrorComponent: Crashed,
  defaultPreload: 'intent',
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: the router's own register is merged by declaration
  interface Register {
    router: typeof router
  }
}
