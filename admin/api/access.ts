/**
 * Who may call what: one table from route to permission, and what an account holds in a practice.
 *
 * It is not the practice's own permission control (gateways enforce that). Invariant: deny by default; a
 * route that is not in the table cannot be registered (`guarded.ts`), and a test walks every route.
 * Permissions written beside each answer were refused: a reader could not see at a glance that nothing is
 * open.
 */
import { catalogue, effectivePermissions } from '../../policies/permissions.ts'
import type { Administrator } from '../sign-in/admin-sessions.ts'

/**
 * What a route asks for: a `gw.…` permission in the practice it names, or only that somebody is signed in. `factor`: a
 * second factor of the last minutes, `always`, or `weakening`: where what is asked makes the practice easier to get into,
 * which the answer finds out from the change itself (`policies/tightening.ts`); absent: never.
 */
export type Needed =
  | {
      readonly permission: string
      readonly practiceIn: 'path' | 'query'
      readonly factor?: 'always' | 'weakening'
    }
  /** `own`: an own account, about itself; `every`: one with every practice, about all own accounts. */
  | { readonly account: 'own' | 'every'; readonly factor?: 'always' }
  | 'signed-in'

const inPath = (permission: string, factor?: 'always' | 'weakening'): Needed => ({
  permission,
  practiceIn: 'path',
  ...(factor === undefined ? {} : { factor }),
})

/**
 * Every route of the API. `signed-in` ones answer only what the account may see anyway, or public knowledge.
 */
export const neededBy: Readonly<Record<string, Needed>> = {
  'GET /api/me': 'signed-in',
  'GET /api/practices': 'signed-in',
  // Operators only, whose account is for every practice: asked by the answers.
  'POST /api/practices': 'signed-in',
  'PUT /api/practices/:practice/features/:feature': inPath('gw.security.settings.edit', 'always'),
  'GET /api/practices/:practice/features': inPath('gw.security.view'),
  'GET /api/practices/:practice/sources': { account: 'every' },
  'GET /api/practices/:practice/retirement': { account: 'every' },
  'POST /api/practices/:practice/retire': inPath('gw.security.settings.edit', 'always'),
  'GET /api/retired-practices': { account: 'every' },
  // Of no policy that is in force: there is none to ask.
  'POST /api/practices/:practice/reinstate': { account: 'every', factor: 'always' },
  'PATCH /api/practices/:practice': inPath('gw.security.settings.edit', 'weakening'),
  'GET /api/permissions': 'signed-in',
  'GET /api/publish/:sequence': 'signed-in',
  'GET /api/me/factors': { account: 'own' },
  'POST /api/me/factors/totp': { account: 'own', factor: 'always' },
  'POST /api/me/factors/totp/confirm': { account: 'own', factor: 'always' },
  'DELETE /api/me/factors/totp': { account: 'own', factor: 'always' },
  'POST /api/me/factors/passkeys': { account: 'own', factor: 'always' },
  'POST /api/me/factors/passkeys/confirm': { account: 'own', factor: 'always' },
  'PATCH /api/me/factors/passkeys/:id': { account: 'own', factor: 'always' },
  'DELETE /api/me/factors/passkeys/:id': { account: 'own', factor: 'always' },
  'DELETE /api/me/factors': { account: 'own', factor: 'always' },
  'POST /api/me/factors/recovery-codes': { account: 'own', factor: 'always' },
  'POST /api/me/sealed-codes': { account: 'own', factor: 'always' },
  'POST /api/me/sealed-codes/revoke': { account: 'own', factor: 'always' },
  'POST /api/me/password': { account: 'own', factor: 'always' },
  'GET /api/admins': { account: 'every' },
  'POST /api/admins': { account: 'every', factor: 'always' },
  'PUT /api/admins/:id': { account: 'every', factor: 'always' },
  'DELETE /api/admins/:id': { account: 'every', factor: 'always' },
  'PUT /api/admins/:id/identity': { account: 'every', factor: 'always' },
  'DELETE /api/admins/:id/identity': { account: 'every', factor: 'always' },
  'POST /api/admins/:id/reset': { account: 'every', factor: 'always' },
  'GET /api/admin-sessions': { account: 'every' },
  'POST /api/admin-sessions/:id/end': { account: 'every' },
  'GET /api/live': { permission: 'gw.security.view', practiceIn: 'query' },
  'GET /api/practices/:practice/general': inPath('gw.security.view'),
  'PUT /api/practices/:practice/controls/ip': inPath('gw.security.settings.edit', 'weakening'),
  'PUT /api/practices/:practice/controls/time': inPath('gw.security.settings.edit', 'weakening'),
  'PUT /api/practices/:practice/controls/two-factor': inPath('gw.security.settings.edit', 'weakening'),
  'PUT /api/practices/:practice/controls/permission': inPath('gw.security.settings.edit', 'weakening'),
  'PUT /api/practices/:practice/controls/sign-in': inPath('gw.security.settings.edit', 'weakening'),
  'PUT /api/practices/:practice/controls/sessions': inPath('gw.security.settings.edit', 'weakening'),
  'PUT /api/practices/:practice/controls/emergency': inPath('gw.security.settings.edit', 'weakening'),
  'POST /api/practices/:practice/impact': inPath('gw.security.view'),
  'POST /api/practices/:practice/simulate': inPath('gw.security.view'),
  'GET /api/practices/:practice/scheduled-changes': inPath('gw.security.view'),
  'POST /api/practices/:practice/scheduled-changes': inPath('gw.security.settings.edit', 'always'),
  'POST /api/practices/:practice/scheduled-changes/:id/cancel': inPath('gw.security.settings.edit', 'always'),
  'GET /api/practices/:practice/ip-entries': inPath('gw.security.view'),
  'POST /api/practices/:practice/ip-entries': inPath('gw.ip.edit', 'weakening'),
  'PATCH /api/practices/:practice/ip-entries/:id': inPath('gw.ip.edit', 'weakening'),
  'DELETE /api/practices/:practice/ip-entries/:id': inPath('gw.ip.edit', 'weakening'),
  'GET /api/practices/:practice/ip-entries/look': inPath('gw.security.view'),
  'POST /api/practices/:practice/ip-entries/act': inPath('gw.ip.edit', 'weakening'),
  'GET /api/practices/:practice/ip-entries/export': inPath('gw.security.view', 'always'),
  'POST /api/practices/:practice/ip-entries/import/preview': inPath('gw.ip.edit'),
  'POST /api/practices/:practice/ip-entries/import': inPath('gw.ip.edit', 'weakening'),
  'POST /api/practices/:practice/ip-entries/test': inPath('gw.security.view'),
  'GET /api/practices/:practice/heartbeats': inPath('gw.security.view'),
  'POST /api/practices/:practice/ip-entries/:id/heartbeats': inPath('gw.ip.edit', 'always'),
  'POST /api/practices/:practice/heartbeats/:id/revoke': inPath('gw.ip.edit'),
  'GET /api/practices/:practice/address-cards': inPath('gw.security.view'),
  'POST /api/practices/:practice/address-cards/accept': inPath('gw.ip.edit', 'weakening'),
  'POST /api/practices/:practice/address-cards/dismiss': inPath('gw.ip.edit'),
  'GET /api/practices/:practice/my-address': inPath('gw.security.view'),
  'GET /api/practices/:practice/time-windows': inPath('gw.security.view'),
  'POST /api/practices/:practice/time-windows': inPath('gw.time.edit', 'weakening'),
  'PATCH /api/practices/:practice/time-windows/:id': inPath('gw.time.edit', 'weakening'),
  'DELETE /api/practices/:practice/time-windows/:id': inPath('gw.time.edit', 'weakening'),
  'PUT /api/practices/:practice/weekly-hours': inPath('gw.time.edit', 'weakening'),
  // When one person works is theirs: counted from the events, so asked as they are.
  'GET /api/practices/:practice/sign-in-hours': inPath('gw.events.view'),
  'POST /api/practices/:practice/time-exceptions': inPath('gw.time.edit', 'weakening'),
  'PATCH /api/practices/:practice/time-exceptions/:id': inPath('gw.time.edit', 'weakening'),
  'DELETE /api/practices/:practice/time-exceptions/:id': inPath('gw.time.edit', 'weakening'),
  'GET /api/practices/:practice/time-preview': inPath('gw.security.view'),
  'GET /api/practices/:practice/time-calendar': inPath('gw.security.view'),
  // Whoever saved it may settle it, other accounts need gw.security.settings.edit: asked by the answer.
  'POST /api/practices/:practice/confirmation/confirm': inPath('gw.security.view'),
  'POST /api/practices/:practice/confirmation/revert': inPath('gw.security.view'),
  'POST /api/practices/:practice/confirmation/again': inPath('gw.security.settings.edit', 'weakening'),
  'GET /api/practices/:practice/presets': inPath('gw.security.view'),
  'GET /api/practices/:practice/presets/:preset': inPath('gw.security.view'),
  'POST /api/practices/:practice/presets/:preset/apply': inPath('gw.security.settings.edit', 'weakening'),
  'POST /api/practices/:practice/presets/undo': inPath('gw.security.settings.edit', 'weakening'),
  'GET /api/practices/:practice/active-users': inPath('gw.sessions.view'),
  'POST /api/practices/:practice/sessions/:id/revoke': inPath('gw.sessions.revoke'),
  'POST /api/practices/:practice/users/:user/revoke': inPath('gw.sessions.revoke'),
  // In every practice of the user: asked by the answer.
  'POST /api/practices/:practice/users/:user/revoke-everywhere': inPath('gw.sessions.revoke'),
  'POST /api/practices/:practice/active-users/revoke-all-but-mine': inPath('gw.sessions.revoke'),
  'GET /api/practices/:practice/access-requests': inPath('gw.requests.review'),
  'GET /api/practices/:practice/access-requests/counts': inPath('gw.requests.review'),
  'POST /api/practices/:practice/access-requests/:id/approve': inPath('gw.requests.review', 'weakening'),
  'POST /api/practices/:practice/access-requests/:id/reject': inPath('gw.requests.review'),
  // For more than who asks it needs gw.ip.edit as well: asked by the answer.
  'POST /api/practices/:practice/access-requests/decide': inPath('gw.requests.review', 'weakening'),
  'POST /api/practices/:practice/access-requests/:id/reopen': inPath('gw.requests.review'),
  'POST /api/practices/:practice/access-requests/:id/withdraw': inPath('gw.requests.review'),
  'GET /api/practices/:practice/extensions': inPath('gw.security.view'),
  'POST /api/practices/:practice/users/:user/extensions': inPath('gw.time.edit', 'always'),
  'DELETE /api/practices/:practice/extensions/:id': inPath('gw.time.edit'),
  'PUT /api/practices/:practice/controls/requests': inPath('gw.security.settings.edit', 'weakening'),
  'GET /api/practices/:practice/notifications': inPath('gw.security.view'),
  'PUT /api/practices/:practice/notifications': inPath('gw.security.settings.edit', 'always'),
  'POST /api/practices/:practice/notifications/test': inPath('gw.security.settings.edit'),
  'GET /api/practices/:practice/webhook-deliveries': inPath('gw.security.view'),
  'GET /api/practices/:practice/two-factor': inPath('gw.two-factor.view'),
  'GET /api/practices/:practice/two-factor/report': inPath('gw.two-factor.view', 'always'),
  'POST /api/practices/:practice/users/:user/two-factor/reset': inPath('gw.two-factor.reset', 'always'),
  'POST /api/practices/:practice/users/:user/two-factor/enrolment-code': inPath(
    'gw.two-factor.reset',
    'always',
  ),
  'GET /api/practices/:practice/users': inPath('gw.security.view'),
  'GET /api/practices/:practice/users/export': inPath('gw.security.view', 'always'),
  'POST /api/practices/:practice/users/import/preview': inPath('gw.users.edit'),
  'POST /api/practices/:practice/users/import': inPath('gw.users.edit', 'always'),
  'POST /api/practices/:practice/users': inPath('gw.users.edit', 'always'),
  'PATCH /api/practices/:practice/users/:user': inPath('gw.users.edit', 'always'),
  'POST /api/practices/:practice/users/:user/remove': inPath('gw.users.edit'),
  // Also where a role is taken away: a control may be for that role alone.
  'PUT /api/practices/:practice/users/:user/roles': inPath('gw.users.edit', 'always'),
  'POST /api/practices/:practice/users/:user/suspend': inPath('gw.users.edit'),
  'POST /api/practices/:practice/users/:user/rejoin': inPath('gw.users.edit', 'always'),
  'POST /api/practices/:practice/users/:user/password-link': inPath('gw.users.edit', 'always'),
  'GET /api/practices/:practice/tokens': inPath('gw.security.view'),
  'POST /api/practices/:practice/tokens': inPath('gw.tokens.edit', 'always'),
  'POST /api/practices/:practice/tokens/:id/revoke': inPath('gw.tokens.edit'),
  'GET /api/practices/:practice/emergency-access': inPath('gw.security.view'),
  'POST /api/practices/:practice/emergency-access/:id/end': inPath('gw.sessions.revoke'),
  'POST /api/practices/:practice/emergency-access/:id/review': inPath('gw.security.settings.edit'),
  'GET /api/practices/:practice/roles': inPath('gw.security.view'),
  'PUT /api/practices/:practice/roles/:role/permissions': inPath('gw.roles.edit', 'weakening'),
  'POST /api/practices/:practice/roles': inPath('gw.roles.edit', 'weakening'),
  'PATCH /api/practices/:practice/roles/:role': inPath('gw.roles.edit', 'weakening'),
  // It gives people other roles: asked for gw.users.edit by the answer, too.
  'DELETE /api/practices/:practice/roles/:role': inPath('gw.roles.edit', 'always'),
  'POST /api/practices/:practice/roles/:role/preview': inPath('gw.security.view'),
  'POST /api/practices/:practice/roles/import': inPath('gw.roles.edit', 'weakening'),
  'GET /api/practices/:practice/users/:user/permissions': inPath('gw.security.view'),
  'GET /api/practices/:practice/routes': inPath('gw.security.view'),
  'GET /api/practices/:practice/route-proposal': inPath('gw.security.view'),
  'GET /api/practices/:practice/security-events': inPath('gw.events.view'),
  'GET /api/practices/:practice/security-events/verify': inPath('gw.events.view'),
  'GET /api/practices/:practice/security-events/export': inPath('gw.events.export', 'always'),
  'GET /api/practices/:practice/security-events/actions': inPath('gw.events.view'),
  'GET /api/practices/:practice/security-events/chain': inPath('gw.events.view'),
  'GET /api/practices/:practice/security-events/retention': inPath('gw.events.view'),
  'PUT /api/practices/:practice/security-events/retention': inPath('gw.security.settings.edit', 'always'),
  'GET /api/practices/:practice/access-report': inPath('gw.events.export', 'always'),
  'GET /api/practices/:practice/decisions': inPath('gw.events.view'),
  'GET /api/practices/:practice/decisions/counts': inPath('gw.events.view'),
  'GET /api/practices/:practice/decisions/:code': inPath('gw.events.view'),
}

/** What an operator still reads of a practice that is retired, and how long its events are kept: nothing else of it is answered. */
export const answeredWhenRetired: ReadonlySet<string> = new Set([
  'GET /api/practices/:practice/security-events',
  'GET /api/practices/:practice/security-events/actions',
  'GET /api/practices/:practice/security-events/chain',
  'GET /api/practices/:practice/security-events/export',
  'GET /api/practices/:practice/security-events/verify',
  'GET /api/practices/:practice/security-events/retention',
  'PUT /api/practices/:practice/security-events/retention',
  'GET /api/practices/:practice/decisions',
  'GET /api/practices/:practice/decisions/:code',
  'GET /api/practices/:practice/decisions/counts',
])

const ours: readonly string[] = catalogue.map(({ id }) => id).filter((id) => id.startsWith('gw.'))
const everything: ReadonlySet<string> = new Set(ours)
const nothing: ReadonlySet<string> = new Set()

/**
 * The `gw.…` permissions that somebody holds in a practice, without those that another missing one blocks.
 */
export function permissionsIn(
  account: Pick<Administrator, 'practices'>,
  practice: string,
): ReadonlySet<string> {
  if (account.practices === 'every') return everything
  if (!Object.hasOwn(account.practices, practice)) return nothing
  const granted = new Set(account.practices[practice] ?? [])
  const { effective } = effectivePermissions(granted, { hiddenBlockers: true })
  return new Set(ours.filter((id) => effective.has(id)))
}

/** Whether an account holds a permission in a practice. */
export const holds = (
  account: Pick<Administrator, 'practices'>,
  practice: string,
  permission: string,
): boolean => permissionsIn(account, practice).has(permission)
