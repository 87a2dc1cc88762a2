/**
 * Gatehouse's own permissions (`gw.…`): what a person may see and change in Security Management.
 *
 * They are not part of the application's catalogue, but live in the same model: roles hold them, blockers work the
 * same, and the admin origin is judged by the same `decide`. Invariant: whoever may change the security settings
 * may see them; the holder of `gw.security.settings.edit` is a security admin (SPEC §4).
 */
import { listed, type Permission } from './permission.ts'

/** The permission that makes a security admin. */
export const securityAdminPermission = 'gw.security.settings.edit'

const view = ['gw.security.view']

/** Gatehouse's own permissions. */
export const gatehousePermissions: readonly Permission[] = listed('Gatehouse', 'Security Management', [
  ['gw.security.view', 'View security management', 'Open Security Management and read it.', 'gatehouse'],
  [
    securityAdminPermission,
    'Change security settings',
    'Switch controls, apply presets, set timeouts: a security admin.',
    'gatehouse',
    view,
  ],
  ['gw.ip.edit', 'Edit IP allowlist', 'Add, change and remove allowlist entries.', 'gatehouse', view],
  ['gw.time.edit', 'Edit time windows', 'Change windows, closures and openings.', 'gatehouse', view],
  [
    'gw.requests.review',
    'Review access requests',
    'Approve and reject requests for addresses and hours.',
    'gatehouse',
    view,
  ],
  ['gw.sessions.view', 'View active users', 'See who is signed in, from where and how.', 'gatehouse', view],
  [
    'gw.sessions.revoke',
    'Revoke sessions',
    'End sessions of other people.',
    'gatehouse',
    [...view, 'gw.sessions.view'],
  ],
  ['gw.two-factor.view', 'View 2FA status', 'See who has a second factor and which.', 'gatehouse', view],
  [
    'gw.two-factor.reset',
    "Reset a user's 2FA",
    "Remove a person's second factors, so that they set up new ones.",
    'gatehouse',
    [...view, 'gw.two-factor.view'],
  ],
  [
    'gw.roles.edit',
    'Edit roles and permissions',
    'Make roles and change what they grant.',
    'gatehouse',
    view,
  ],
  [
    'gw.users.edit',
    'Edit users and their roles',
    'Add and suspend people, and change the roles they hold.',
    'gatehouse',
    view,
  ],
  ['gw.events.view', 'View security events', 'Read the record of security events.', 'gatehouse', view],
  [
    'gw.events.export',
    'Export security events',
    'Take the record of security events out of Gatehouse.',
    'gatehouse',
    [...view, 'gw.events.view'],
  ],
  [
    'gw.break-glass',
    'Use emergency access',
    'Lift address and time rules for oneself for a while; loud and reviewed later.',
    'gatehouse',
  ],
  [
    'gw.tokens.edit',
    'Edit service tokens',
    'Make and revoke tokens for machines.',
    'gatehouse',
    [...view, securityAdminPermission],
  ],
])
