/**
 * The admin API put together: the guards of every route first, then each tab's answers, then the OpenAPI
 * document.
 *
 * No answer is written here. Invariant: what is served is exactly the contract's list (`contract/api.ts`),
 * each route behind its line of the access table; the document is made from the same list.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { DurationMs } from '../../policies/instant.ts'
import { answerAccessRequests } from './access-requests.ts'
import { answerActiveUsers } from './active-users.ts'
import type { AdminEnv } from './admin-env.ts'
import type { ApiPlane } from './api-plane.ts'
import { answerConfirmation } from './confirmation.ts'
import { routes } from './contract/api.ts'
import { liveMessageSchema } from './contract/me.ts'
import { answerEmergency } from './emergency.ts'
import { answerForecast } from './forecast.ts'
import { answerGeneral } from './general.ts'
import { type ContractRoute, createGuardedApp } from './guarded.ts'
import { answerOnce } from './idempotency.ts'
import { answerIpAllowlist } from './ip-allowlist.ts'
import { answerIpImport } from './ip-import.ts'
import { answerPresets } from './presets.ts'
import { answerRoles } from './roles.ts'
import { answerSchedule } from './schedule.ts'
import { answerSecurityEvents } from './security-events.ts'
import { answerShell } from './shell.ts'
import { answerTimeWindows } from './time-windows.ts'
import { answerTokens } from './tokens.ts'
import { answerTwoFactor } from './two-factor.ts'
import { answerUsers } from './users.ts'

/** Every route of the contract, in the order of the tabs. */
export const everyRoute: readonly ContractRoute[] = Object.values(routes).flatMap((tab) => Object.values(tab))

const description = `The one way to steer Gatehouse; the admin UI is a client of it. Instants are milliseconds since
the epoch. Unsafe methods need the session cookie, Origin, and X-Gatehouse-Csrf from /api/me; edits need If-Match. A POST
with an Idempotency-Key is carried out at most once within a day, and answered again as it was the first time.`

/** Of every POST (`idempotency.ts`). */
const idempotencyParameter = {
  in: 'header',
  name: 'Idempotency-Key',
  required: false,
  description: 'New for each thing to be done, the same when it is sent again.',
  schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{16,128}$' },
} as const

/** The API. `origin`: ours, as browsers write it. `heartbeatMs`: of `/api/live`. */
export function createApi(
  plane: ApiPlane,
  options: { readonly origin: string; readonly heartbeatMs: DurationMs },
): OpenAPIHono<AdminEnv> {
  const app = createGuardedApp(
    {
      ...{ sessions: plane.sessions, admission: plane.admission, now: plane.now },
      ...{ origin: options.origin, changed: plane.changed },
      once: answerOnce(plane.store, plane.now),
    },
    everyRoute,
  )
  answerShell(app, plane, { secure: options.origin.startsWith('https:'), heartbeatMs: options.heartbeatMs })
  answerGeneral(app, plane)
  answerConfirmation(app, plane)
  answerPresets(app, plane)
  answerSchedule(app, plane)
  answerForecast(app, plane)
  answerIpAllowlist(app, plane)
  answerIpImport(app, plane)
  answerTimeWindows(app, plane)
  answerActiveUsers(app, plane)
  answerUsers(app, plane)
  answerTwoFactor(app, plane)
  answerAccessRequests(app, plane)
  answerRoles(app, plane)
  answerTokens(app, plane)
  answerEmergency(app, plane)
  answerSecurityEvents(app, plane)
  app.openAPIRegistry.register('LiveMessage', liveMessageSchema)
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: options.origin.startsWith('https:') ? '__Host-gatehouse-admin' : 'gatehouse-admin',
  })
  app.get('/api/openapi.json', (c) => {
    const document = app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: { title: 'Gatehouse admin API', version: '1', description },
      security: [{ session: [] }],
    })
    for (const { post } of Object.values(document.paths ?? {}))
      if (post !== undefined) post.parameters = [...(post.parameters ?? []), idempotencyParameter]
    return c.json(document)
  })
  return app
}
