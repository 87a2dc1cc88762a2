/**
 * The closed catalogue of what a security event can say was done: one line per action, with its group and its meaning.
 *
 * It writes no event. Invariant: an action that is not here fails the tests, whoever writes it, so that filters, exports
 * and receivers elsewhere know each one. **A new action needs one line below, in its group, and nothing else.** A union
 * type threaded through every change was refused: gateways of another version report actions by name.
 */

/** What an action is about; filters offer these. */
export type ActionGroup =
  | 'settings'
  | 'addresses'
  | 'hours'
  | 'access requests'
  | 'sessions'
  | 'people'
  | 'roles'
  | 'two-factor'
  | 'admins'
  | 'events'
  | 'gateways'

type Lines = Readonly<Record<string, string>>

const catalogue: Readonly<Record<ActionGroup, Lines>> = {
  settings: {
    'practice.created': 'A practice was set up.',
    'practice.changed': 'A practice’s name, time zone or contact was changed.',
    'practice.retired': 'A practice was retired: nobody of it comes in any more.',
    'practice.reinstated': 'A retired practice was taken back.',
    'feature.given': 'A practice was given a control that it did not have.',
    'feature.taken-away': 'A control was taken away from a practice.',
    'control.switched-off': 'A control was switched off because the practice does not have it any more.',
    'policy.edited': 'The policy was changed.',
    'policy.confirmed': 'A change that had to be confirmed was confirmed.',
    'policy.reverted': 'A change was taken back because nobody confirmed it, or by an admin.',
    'control.ip.changed': 'The IP allowlist was switched, or who it is for was changed.',
    'control.time.changed': 'Time windows were switched, or who they are for was changed.',
    'control.two-factor.changed': 'The second factor was switched, or who needs it was changed.',
    'control.permission.changed': 'Permissions were switched, or who they are for was changed.',
    'control.sign-in.changed': 'By which ways people may sign in here was changed.',
    'control.requests.changed': 'Whether people may ask for access was changed.',
    'control.sessions.changed': 'Session limits, or what sessions are bound to, were changed.',
    'control.emergency.changed': 'Whether people may use emergency access was changed.',
    'notifications.changed': 'Who is told about what was changed.',
    'notifications.tested': 'A test message was sent.',
    'policy.scheduled': 'A change was scheduled for later.',
    'policy.schedule-cancelled': 'A scheduled change was cancelled.',
    'policy.schedule-applied': 'A scheduled change came into force.',
    'policy.schedule-refused': 'A scheduled change could not come into force.',
    'preset.applied': 'A preset was applied.',
    'preset.undone': 'A preset was undone.',
  },
  addresses: {
    'ip-entry.added': 'An entry was added to the IP allowlist.',
    'ip-entry.changed': 'An entry of the IP allowlist was changed.',
    'ip-entry.removed': 'An entry was removed from the IP allowlist.',
    'ip-entries.changed': 'Many entries of the IP allowlist were changed at once.',
    'ip-entries.removed': 'Many entries of the IP allowlist were removed at once.',
    'ip-entry.expired': 'An entry of the IP allowlist came to its end.',
    'ip-entries.imported': 'Entries of the IP allowlist were imported from a file.',
    'ip-entries.exported': 'The IP allowlist was taken out as a file.',
    'ip-entry.followed': 'An entry of the IP allowlist followed its office to another address.',
    'heartbeat.created': 'An office heartbeat was set up.',
    'heartbeat.revoked': 'An office heartbeat was revoked.',
    'address-card.dismissed': 'The question whether an office has another address was put aside.',
  },
  hours: {
    'time-window.added': 'A time window was added.',
    'time-window.changed': 'A time window was changed.',
    'time-window.removed': 'A time window was removed.',
    'weekly-hours.changed': 'The weekly hours of the practice, a role or a person were changed.',
    'closure.added': 'A closure was added.',
    'closure.changed': 'A closure was changed.',
    'closure.removed': 'A closure was removed.',
    'opening.added': 'A one-off opening was added.',
    'opening.changed': 'A one-off opening was changed.',
    'opening.removed': 'A one-off opening was removed.',
    'extension.given': 'Somebody was given leave to stay late.',
    'extension.withdrawn': 'Leave to stay late was withdrawn.',
  },
  'access requests': {
    'access-request.asked': 'Somebody asked for access.',
    'access-request.approved': 'A request for access was approved.',
    'access-request.rejected': 'A request for access was rejected.',
    'access-request.withdrawn': 'An approved access was withdrawn, or a request taken back.',
    'access-request.expired': 'A request for access expired without a decision.',
    'access-request.lapsed': 'An approved access came to its end.',
    'access-request.reopened': 'A decision about a request for access was undone.',
    'access-request.taken-back': 'Somebody took their own request for access back.',
    'break-glass.used': 'Somebody used emergency access.',
    'break-glass.ended': 'An emergency access was ended.',
    'break-glass.reviewed': 'An emergency access was reviewed.',
    'break-glass.codes-made': 'Sealed break-glass codes of an account were made anew.',
    'break-glass.codes-voided': 'Unused sealed break-glass codes of an account were made void.',
    'break-glass.code-used': 'Somebody signed in with a sealed break-glass code.',
  },
  sessions: {
    'session.opened': 'Somebody signed in.',
    'session.adopted': 'A session that the application had begun earlier was taken over.',
    'session.held': 'A sign-in was held until a step is done.',
    'session.released': 'A held sign-in went on.',
    'session.ended': 'A session ended.',
    'session.revoked': 'An admin ended a session.',
    'user.revoked': 'An admin ended all sessions of a person.',
    'user.revoked-and-suspended': 'An admin ended all sessions of a person and suspended them.',
    'user.ended-own-sessions': 'Somebody ended sessions of their own on other devices.',
    'user.signed-out-everywhere': 'Somebody ended all their own sessions.',
    'practice.revoked': 'An admin ended the sessions of everyone in a practice.',
    'identity-mismatch': 'A session was ended because another person’s credential came with it.',
    'user.sign-in-failed': 'A sign-in failed.',
  },
  people: {
    'user.created': 'Somebody was taken into the directory.',
    'user.changed': 'A person’s name, sign-in name or address was changed.',
    'user.joined': 'Somebody became a member of the practice.',
    'user.removed': 'Somebody was removed from the practice.',
    'users.imported': 'People were imported from a file.',
    'users.exported': 'The people of the practice were taken out as a file.',
    'user.provisioned': 'Somebody new became a member of a practice.',
    'user.suspended': 'A member was suspended.',
    'user.rejoined': 'A suspended member was let in again.',
    'user.password-set': 'Somebody set their first password.',
    'user.password-changed': 'Somebody changed their password.',
    'user.password-link-made': 'A link to set a password was made for somebody.',
  },
  roles: {
    'user.roles-changed': 'The roles of a member were changed.',
    'role.added': 'A role was added.',
    'role.changed': 'A role was renamed or its limits were changed.',
    'role.removed': 'A role was removed.',
    'roles.imported': 'Roles were imported.',
    'role.permissions-changed': 'The permissions of a role were changed.',
  },
  'two-factor': {
    'two-factor.renamed': 'Somebody renamed a second factor.',
    'two-factor.removed': 'Somebody removed a second factor of their own.',
    'two-factor.device-remembered':
      'A browser was remembered, so that it is not asked for a second factor for a while.',
    'two-factor.device-accepted': 'A remembered browser was not asked for a second factor.',
    'two-factor.devices-forgotten': 'Somebody had their remembered browsers forgotten.',
    'two-factor.enrolment-code-given':
      'An admin gave a code with which a second factor can be set up from anywhere.',
    'two-factor.enrolment-code-used': 'A code of an admin was used to set up a second factor.',
    'two-factor.enrolled': 'Somebody set up a second factor.',
    'two-factor.verified': 'Somebody proved their second factor.',
    'two-factor.failed': 'A second factor was not proved.',
    'two-factor.recovery-code-used': 'Somebody used a recovery code.',
    'two-factor.recovery-codes-renewed': 'Somebody made new recovery codes.',
    'two-factor.reset': 'An admin reset somebody’s second factor.',
    'two-factor.report-made': 'A report of second factors and what is missing was made.',
    'two-factor.text-sent': 'A code was sent to somebody’s phone.',
    'keys.rotated': 'The secrets of second factors were sealed under another key.',
    'keys.dropped': 'A key that sealed nothing any more was taken out.',
  },
  admins: {
    'admin.created': 'An account of the admin pages was made.',
    'admin.signed-in': 'Somebody signed in to the admin pages.',
    'admin.signed-out': 'Somebody signed out of the admin pages.',
    'admin.sign-in-failed': 'A sign-in to the admin pages failed.',
    'admin.changed': 'An account of the admin pages was changed.',
    'admin.removed': 'An account of the admin pages was removed.',
    'admin.reset': 'An account of the admin pages was sent a link to set its password.',
    'admin.password-set': 'An account of the admin pages set its password.',
    'admin.session-ended': 'A session of the admin pages was ended.',
    'admin.identity-linked': 'An account of the admin pages was linked with an identity at a provider.',
    'admin.identity-unlinked': 'An account of the admin pages lost its link with a provider.',
    'admin.two-factor.enrolled': 'An account of the admin pages set up a second factor.',
    'admin.two-factor.failed': 'A code or a passkey of an account of the admin pages was wrong.',
    'admin.two-factor.removed': 'An account of the admin pages removed a second factor.',
    'admin.recovery-codes.renewed': 'An account of the admin pages made new recovery codes.',
    'admin.two-factor.renamed': 'An account of the admin pages renamed a passkey.',
    'token.created': 'A service token was made.',
    'token.revoked': 'A service token was revoked.',
  },
  events: {
    'events.exported': 'Security events were taken out as a file.',
    'events.retention-changed': 'How long events are kept, or the legal hold, was changed.',
    'events.forgetting-waits': 'Events that had been kept their time wait for a stream that lags.',
    'events.forgotten': 'Events that had been kept their time were forgotten.',
    'access-report.made': 'An access report was made.',
  },
  gateways: {
    'host-override.on':
      'An operator had addresses and hours watched instead of enforced, on a gateway’s host.',
    'host-override.off': 'Addresses and hours were enforced again on a gateway’s host.',
    'database.restored':
      'The database was found to be an older copy: everything was published anew, and everybody signs in afresh.',
    'gateway.event': 'A gateway reported something that this version does not know.',
  },
}

/** An action with what it is about and what it means. */
export type KnownAction = {
  readonly action: string
  readonly group: ActionGroup
  readonly meaning: string
}

/** Every action by name. */
export const knownActions: ReadonlyMap<string, KnownAction> = new Map(
  Object.entries(catalogue).flatMap(([group, lines]) =>
    Object.entries(lines).map(([action, meaning]) => [
      action,
      { action, group: group as ActionGroup, meaning },
    ]),
  ),
)
