/**
 * What the answers stand on, and the deed that every change carries: one value, made once by `admin/main.ts`.
 *
 * It starts nothing and holds no request. Invariant: an answer reaches the database, the clock and the
 * practice's policy through this and nothing else, so that a test can hand in its own.
 */
import type { Context } from 'hono'
import type { Instant } from '../../policies/instant.ts'
import type { RouteId, RouteRequirement } from '../../policies/routes.ts'
import type { Deed } from '../deed.ts'
import type { Live } from '../live.ts'
import type { QueueMail } from '../own-sign-in/password-mails.ts'
import type { NamingUpstream } from '../practices/practice-sources.ts'
import type { AdminProvider } from '../sign-in/admin-providers.ts'
import { type AdminSessions, actorOf } from '../sign-in/admin-sessions.ts'
import type { TryLimits } from '../sign-in/try-limits.ts'
import type { Store } from '../store/database.ts'
import type { FactorKeyring } from '../two-factor/factor-keys.ts'
import type { RelyingParty } from '../webauthn.ts'
import type { AdminEnv } from './admin-env.ts'
import type { Admission } from './admission.ts'
import type { PolicyViews } from './policy-views.ts'

/** `queue`: `null` where no mail can be sent; `portal`: the origin that links lead to. */
export type PasswordLinks = { readonly queue: QueueMail | null; readonly portal: string }

/**
 * What every tab's answers are given. `publicKey`: of the control plane's own signatures (checkpoints). `changed`:
 * to be called once something may have been saved, so that it is published at once. `routes`: what every configured
 * route asks for; read-only, nobody edits it here. `notifications`: what configuration offers to tell people and machines
 * by; webhooks by name. `portal`: the origin of people's pages. `upstreams`: ids of the applications whose people are
 * known. `sources`: how the applications name practices, as configured.
 */
export type ApiPlane = {
  readonly store: Store
  readonly now: () => Instant
  readonly views: PolicyViews
  readonly live: Live
  readonly sessions: AdminSessions
  readonly admission: Admission
  /** What sealed second factors of own accounts are opened with, and how often codes and passwords may be tried. */
  readonly keyring: FactorKeyring
  readonly limits: TryLimits
  /** Who asks own accounts for passkeys; `null`: browsers make none at this origin. */
  readonly party: RelyingParty | null
  /** The OIDC providers that own accounts may be linked with, by id. */
  readonly providers: ReadonlyMap<string, AdminProvider>
  readonly publicKey: string
  readonly routes: ReadonlyMap<RouteId, RouteRequirement>
  /** How links to set a password go out; `null`: nobody signs in here with one. */
  readonly passwordLinks: PasswordLinks | null
  readonly notifications: { readonly mailGoesOut: boolean; readonly webhooks: readonly string[] }
  readonly changed: () => void
  readonly portal: () => string
  readonly upstreams: readonly string[]
  readonly sources: readonly NamingUpstream[]
}

/** Who does it, when, from where, why, as the change's event will say. */
export const deedOf = (c: Context<AdminEnv>, plane: ApiPlane, reason: string | undefined): Deed => {
  return {
    actor: actorOf(c.get('admin').account),
    origin: 'ui',
    at: plane.now(),
    reason: reason === undefined || reason === '' ? null : reason,
    requestId: c.get('requestId'),
    address: c.get('hop').client.text,
  }
}
