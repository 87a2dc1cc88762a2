/**
 * The roles a new practice starts with, and its first document.
 *
 * They are a start that admins change, not a rule: nothing refers to these ids but `fallbackRole`. Invariant: every
 * grant is effective as it stands (no blocker is missing), and the first document has every control off, so that a
 * new upstream changes nothing for anybody (SPEC §1).
 */
import type { PermissionId, PracticeId } from './access-request.ts'
import type { PolicyDocument, Role, Scope } from './document.ts'
import { catalogue } from './permissions.ts'

/** The role of people the directory does not know yet: no permissions. */
export const fallbackRole = 'unassigned'

const everyPermission: readonly PermissionId[] = catalogue.map(({ id }) => id)

const chairside: readonly PermissionId[] = [
  'use-patient-search',
  'view-patient-window',
  'see-schedule-page',
  'see-huddle-dashboard',
  'access-team-messaging',
  'access-location-messaging',
  'see-operations-dashboard',
  'can-see-forms-page',
  'preview-form-submissions',
  'login-to-desktop-app',
  'can-log-in-to-ios-app',
]

const frontDesk: readonly PermissionId[] = [
  'use-patient-search',
  'view-patient-window',
  'see-schedule-page',
  'create-appointments-on-schedule',
  'see-new-appointment-list',
  'see-huddle-dashboard',
  'access-team-messaging',
  'access-location-messaging',
  'see-operations-dashboard',
  'access-communication-center',
  'respond-to-patient-messages',
  'see-reviews-and-feedback',
  'view-phone-call-logs',
  'view-insurance-dashboard',
  'run-insurance-verification',
  'view-payments-dashboard',
  'can-see-payment-methods',
  'send-payment-requests-and-charge-customers',
  'can-add-patients-to-payments-follow-up',
  'can-snooze-patients-from-payments-follow-up',
  'can-see-forms-page',
  'preview-form-submissions',
  'send-form-request-manually',
  'cancel-pending-forms',
  'download-submitted-forms',
  'add-tablets',
  'login-to-desktop-app',
]

/** What an office manager leaves to the owner: money out of the practice and the gate's own keys. */
const ownerOnly: ReadonlySet<PermissionId> = new Set(['gw.tokens.edit', 'view-financial-accounts-data'])

const role = (id: string, name: string, permissions: readonly PermissionId[]): Role => ({
  id,
  name,
  permissions: [...permissions],
  idleMs: null,
  absoluteMs: null,
})

/** Owner, office manager, front desk, dentist, hygienist, and the fallback. */
export const standardRoles: readonly Role[] = [
  role('owner', 'Owner', everyPermission),
  role(
    'office-manager',
    'Office Manager',
    everyPermission.filter((id) => !ownerOnly.has(id)),
  ),
  role('front-desk', 'Front Desk', frontDesk),
  role('dentist', 'Dentist', [
    ...chairside,
    'create-appointments-on-schedule',
    'modify-a-completed-form',
    'download-submitted-forms',
    'see-reviews-and-feedback',
    'view-built-in-dashboards',
    'see-production-numbers-on-schedule-desktop',
    'see-production-numbers-on-schedule-huddle',
    'view-practice-management-data',
  ]),
  role('hygienist', 'Hygienist', chairside),
  role(fallbackRole, 'Unassigned', []),
]

const everyone = (): Scope => ({ include: 'everyone', exempt: { roles: [], users: [] } })

/**
 * The first document of a practice: every control off, everyone in scope once one is switched on. `roles`: the
 * standard ones, or those given; the fallback role is added where missing. Not checked: `compile` does that.
 */
export const newDocument = (
  practice: { readonly id: PracticeId; readonly name: string; readonly zone: string },
  roles: 'standard' | readonly Role[],
): PolicyDocument => {
  const chosen = roles === 'standard' ? standardRoles : roles
  const fallback = chosen.some(({ id }) => id === fallbackRole) ? [] : [role(fallbackRole, 'Unassigned', [])]
  return {
    schema: 1,
    practice: { ...practice },
    controls: {
      ip: { mode: 'off', scope: everyone(), signInOnlyFromListed: false },
      time: { mode: 'off', scope: everyone() },
      twoFactor: {
        mode: 'off',
        scope: everyone(),
        graceMs: 7 * 86_400_000,
        maxAgeMs: null,
        notFromListedNetworks: false,
        trust: { app: false, google: false },
        rememberDeviceMs: 0,
      },
      permission: { mode: 'off', hiddenBlockers: true },
    },
    ipEntries: [],
    timeWindows: [],
    exceptions: [],
    roles: [...chosen, ...fallback].map((one) => ({ ...one, permissions: [...one.permissions] })),
    stepUp: {},
    requests: { ip: true, time: true, standardMs: 30 * 86_400_000, contact: '' },
    emergency: { allowed: false, lastsMs: 3_600_000 },
    sessions: {
      idleMs: 12 * 3_600_000,
      absoluteMs: 30 * 86_400_000,
      concurrentMax: null,
      bindToNetwork: false,
    },
    signIn: { password: true, passkey: true, provider: true },
    presets: {},
  }
}
