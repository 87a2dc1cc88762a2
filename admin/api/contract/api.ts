/**
 * The whole contract in one place: every route of the admin API, and the type that the browser's client is
 * made from.
 *
 * Nothing answers here (that is `admin/api/*.ts`) and nothing here may import the store: the admin UI checks
 * its types against this file alone. Invariant: a route that is not in `routes` does not exist; the access
 * table and the OpenAPI document are held against this list by tests.
 */
import type { RouteConfig, RouteConfigToTypedResponse, RouteHandler } from '@hono/zod-openapi'
import type { Context, Env, Hono, Next, ToSchema } from 'hono'
import { accessRequestsRoutes } from './access-requests.ts'
import { activeUsersRoutes } from './active-users.ts'
import { addressCardRoutes } from './address-cards.ts'
import { confirmationRoutes } from './confirmation.ts'
import { emergencyRoutes } from './emergency.ts'
import { extensionsRoutes } from './extensions.ts'
import { forecastRoutes } from './forecast.ts'
import { generalRoutes } from './general.ts'
import { heartbeatRoutes } from './heartbeats.ts'
import { ipAllowlistRoutes } from './ip-allowlist.ts'
import { ipBulkRoutes } from './ip-bulk.ts'
import { ipImportRoutes } from './ip-import.ts'
import { shellRoutes } from './me.ts'
import { notificationsRoutes } from './notifications.ts'
import { ownAccountsRoutes } from './own-accounts.ts'
import { peopleImportRoutes } from './people-import.ts'
import { practicesRoutes } from './practices.ts'
import { presetsRoutes } from './presets.ts'
import { rolesRoutes } from './roles.ts'
import { scheduleRoutes } from './schedule.ts'
import { securityEventsRoutes } from './security-events.ts'
import { timeWindowsRoutes } from './time-windows.ts'
import { tokensRoutes } from './tokens.ts'
import { twoFactorRoutes } from './two-factor.ts'
import { usersRoutes } from './users.ts'

/** Every route, by tab. */
export const routes = {
  shell: shellRoutes,
  practices: practicesRoutes,
  general: generalRoutes,
  confirmation: confirmationRoutes,
  presets: presetsRoutes,
  schedule: scheduleRoutes,
  forecast: forecastRoutes,
  ipAllowlist: ipAllowlistRoutes,
  ipBulk: ipBulkRoutes,
  ipImport: ipImportRoutes,
  heartbeats: heartbeatRoutes,
  addressCards: addressCardRoutes,
  timeWindows: timeWindowsRoutes,
  activeUsers: activeUsersRoutes,
  users: usersRoutes,
  peopleImport: peopleImportRoutes,
  twoFactor: twoFactorRoutes,
  accessRequests: accessRequestsRoutes,
  notifications: notificationsRoutes,
  extensions: extensionsRoutes,
  roles: rolesRoutes,
  tokens: tokensRoutes,
  emergency: emergencyRoutes,
  securityEvents: securityEventsRoutes,
  ownAccounts: ownAccountsRoutes,
} as const

type Declared = RouteConfig & { getRoutingPath(): string }
type PathOf<R extends Declared> = ReturnType<R['getRoutingPath']>
type InputOf<R extends Declared> =
  RouteHandler<R> extends (c: Context<infer _E, infer _P, infer I>, next: Next) => infer _A ? I : never
type SchemaOf<R extends Declared> = ToSchema<
  R['method'],
  PathOf<R>,
  InputOf<R>,
  RouteConfigToTypedResponse<R>
>

type Tabs = typeof routes
type AnyRoute = { [T in keyof Tabs]: Tabs[T][keyof Tabs[T]] }[keyof Tabs]
type Intersection<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void
  ? I
  : never
type Every<R> = Intersection<R extends Declared ? SchemaOf<R> : never>

/** The API as `hc<Api>(origin)` needs it: paths, inputs and answers of every route. */
export type Api = Hono<Env, Every<AnyRoute> & {}, '/'>
