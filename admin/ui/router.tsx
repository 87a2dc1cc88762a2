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
  stringifySearchWith,
} from '@tanstack/react-router'
import { type ActiveFilters, factorFilters, signIns } from './active-users/active-queries.ts'
import { Crashed, NotFound } from './parts/states.tsx'
import type { FactorState, RequestFilter } from './queries.ts'
import {
  allowlistSearch,
  chosenIn,
  eventSearch,
  listSearch,
  openIn,
  pagedSearch,
  spanIn,
} from './route-search.ts'
import { ConsoleRoot, FirstPractice, FirstTab } from './shell/console-root.tsx'
import { PracticeShell } from './shell/practice-shell.tsx'
import { simulateSearch } from './simulate/simulate-search.ts'
import { timeSearch } from './time-windows/time-search.ts'
import {
  type FactorFilters,
  methods as factorMethods,
  sorts as factorSorts,
} from './two-factor/two-factor-queries.ts'

type Search = Readonly<Record<string, unknown>>

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, 80) : undefined

const filtered = (search: Search): { text?: string } => {
  const text = textOf(search.text)
  return text === undefined ? {} : { text }
}

/** Which requests for access are shown, whether they are put together, which are ticked, what is open, the chart's span. */
export type RequestSearch = {
  readonly status?: Exclude<RequestFilter, 'pending'>
  readonly kind?: 'ip' | 'time' | undefined
  readonly group?: 'network' | 'person' | undefined
  readonly chosen?: string | undefined
  readonly open?: string | undefined
  readonly span?: 'day' | 'month' | undefined
}

// As above: a word that means nothing is named as absent, else it would stay in the address.
const requestSearch = ({ status, kind, group, ...search }: Search): RequestSearch => ({
  ...(status === 'approved' || status === 'rejected' || status === 'all' ? { status } : {}),
  kind: kind === 'ip' || kind === 'time' ? kind : undefined,
  group: group === 'network' || group === 'person' ? group : undefined,
  chosen: chosenIn(search.chosen),
  open: openIn(search.open),
  span: spanIn(search.span),
})

/** What the address of the general settings carries besides the anchor. */
export type GeneralSearch = { readonly open?: string | undefined }

const generalSearch = ({ open }: Search): GeneralSearch => only<GeneralSearch>({ open: openIn(open) })

const factorStates: readonly FactorState[] = [
  'off',
  'optional',
  'enabled',
  'required-enabled',
  'required-not-set-up',
  'locked',
]

const countOf = (value: unknown): number | undefined =>
  /^\d{1,7}$/.test(String(value)) ? Number(value) : undefined

const only = <S extends object>(fields: S): S =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as S

/** What 2FA management shows. */
export type FactorSearch = FactorFilters & {
  readonly view?: 'gaps' | undefined
  readonly from?: number | undefined
  readonly open?: string | undefined
}

// A word that there is not is named as absent: left out, the address's own word would stay.
const factorSearch = (search: Search): FactorSearch => ({
  ...filtered(search),
  view: search.view === 'gaps' ? 'gaps' : undefined,
  status: factorStates.find((state) => state === search.status),
  method: factorMethods.find((method) => method === search.method),
  gaps: search.gaps === 'true' ? 'true' : undefined,
  unseen: search.unseen === '30' || search.unseen === '90' ? search.unseen : undefined,
  sort: factorSorts.find((sort) => sort === search.sort),
  order: search.order === 'desc' ? 'desc' : undefined,
  after: textOf(search.after),
  from: textOf(search.after) === undefined ? undefined : countOf(search.from),
  open: openIn(search.open),
})

/** What Active users shows; `chosen`: ids by comma, `user`: whose drawer is open. */
export type ActiveSearch = ActiveFilters & {
  readonly from?: number | undefined
  readonly user?: string | undefined
  readonly chosen?: string | undefined
  readonly open?: string | undefined
}

const activeSearch = (search: Search): ActiveSearch =>
  only<ActiveSearch>({
    ...filtered(search),
    method: signIns.find((method) => method === search.method),
    factor: factorFilters.find((factor) => factor === search.factor),
    practices: search.practices === 'several' ? 'several' : undefined,
    idle: search.idle === '15' || search.idle === '60' || search.idle === '240' ? search.idle : undefined,
    held: search.held === 'yes' ? 'yes' : undefined,
    after: textOf(search.after),
    from: textOf(search.after) === undefined ? undefined : countOf(search.from),
    user: textOf(search.user),
    chosen: chosenIn(search.chosen),
    open: openIn(search.open),
  })

/** What Users shows; `after` and `from`: where the page of the list begins. */
export type UserSearch = {
  readonly view?: 'import' | undefined
  readonly text?: string | undefined
  readonly role?: string | undefined
  readonly state?: 'active' | 'suspended' | undefined
  readonly practices?: 'several' | undefined
  readonly after?: string | undefined
  readonly from?: number | undefined
  readonly user?: string | undefined
  readonly open?: string | undefined
}

const userSearch = (search: Search): UserSearch =>
  only<UserSearch>({
    view: search.view === 'import' ? 'import' : undefined,
    text: textOf(search.text),
    role: textOf(search.role),
    state: search.state === 'active' || search.state === 'suspended' ? search.state : undefined,
    practices: search.practices === 'several' ? 'several' : undefined,
    after: textOf(search.after),
    from: textOf(search.after) === undefined ? undefined : countOf(search.from),
    user: textOf(search.user),
    open: openIn(search.open),
  })

/** What Roles & permissions shows; `open`: components of the matrix, by comma; `dialog`: an open dialog. */
export type RoleSearch = {
  readonly view?: 'person' | 'routes' | 'proposal' | 'import'
  readonly role?: string | undefined
  readonly user?: string | undefined
  readonly text?: string | undefined
  readonly open?: string | undefined
  readonly show?: 'blocked' | 'missing' | undefined
  readonly dialog?: string | undefined
  /** Lines of the proposed routes that are left out, by their short names. */
  readonly without?: string | undefined
}

const roleViews = ['person', 'routes', 'proposal', 'import'] as const

const roleSearch = (search: Search): RoleSearch => {
  const { view, show, without } = search
  const fields = {
    view: roleViews.find((one) => one === view),
    role: textOf(search.role),
    user: textOf(search.user),
    text: textOf(search.text),
    open: textOf(search.open),
    show: show === 'blocked' || show === 'missing' ? show : undefined,
    dialog: openIn(search.dialog),
    without: typeof without === 'string' && /^[a-z0-9.]{1,2400}$/.test(without) ? without : undefined,
  }
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

const root = createRootRoute({ component: ConsoleRoot, notFoundComponent: NotFound })
const start = createRoute({ getParentRoute: () => root, path: '/', component: FirstPractice })
const account = createRoute({
  getParentRoute: () => root,
  path: 'account',
  validateSearch: listSearch,
  component: lazyRouteComponent(() => import('./account/account-page.tsx'), 'AccountPage'),
})
const practice = createRoute({
  getParentRoute: () => root,
  path: 'practices/$practice',
  component: PracticeShell,
})
const first = createRoute({ getParentRoute: () => practice, path: '/', component: FirstTab })
const general = createRoute({
  getParentRoute: () => practice,
  path: 'general',
  validateSearch: generalSearch,
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
  validateSearch: timeSearch,
  component: lazyRouteComponent(() => import('./time-windows/time-windows-tab.tsx'), 'TimeWindowsTab'),
})
const simulate = createRoute({
  getParentRoute: () => practice,
  path: 'simulate',
  validateSearch: simulateSearch,
  component: lazyRouteComponent(() => import('./simulate/simulate-tab.tsx'), 'SimulateTab'),
})
const activeUsers = createRoute({
  getParentRoute: () => practice,
  path: 'active-users',
  validateSearch: activeSearch,
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
  validateSearch: userSearch,
  component: lazyRouteComponent(() => import('./users/users-tab.tsx'), 'UsersTab'),
})
const roles = createRoute({
  getParentRoute: () => practice,
  path: 'roles',
  validateSearch: roleSearch,
  component: lazyRouteComponent(() => import('./roles/roles-tab.tsx'), 'RolesTab'),
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
    account,
    practice.addChildren([
      first,
      general,
      ipAllowlist,
      timeWindows,
      simulate,
      activeUsers,
      twoFactor,
      accessRequests,
      users,
      roles,
      securityEvents,
      emergency,
      tokens,
      notifications,
      retention,
      allPractices,
      ownAccounts,
    ]),
  ]),
  // Every parameter is plain text: what looks like a number, `true` or JSON stays as it was typed. The router's own
  // reading turns the first two into values, and a search for 203 would be lost.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
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
