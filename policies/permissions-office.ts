/**
 * The permission catalogue, part of the application: what the whole practice, its messages and its calendar offer.
 *
 * It is not payments, forms and figures (`permissions-business.ts`) and not Gatehouse's own
 * permissions. Invariant: ids and names are those of the permission reference guide; blockers name ids that exist,
 * earlier or later in the lists. Descriptions are ours. A JSON file was refused: types catch a wrong label here.
 */
import { listed, type Permission } from './permission.ts'

/** The permissions of General, Communication and Appointment, in the order of the guide. */
export const officePermissions: readonly Permission[] = [
  ...listed('General', 'General', [
    [
      'view-practice-management-data',
      'View practice management data',
      'See figures that come from the practice management system, wherever they appear.',
      'field',
    ],
    [
      'manage-everyones-tasks',
      "Manage everyone's tasks",
      "Change who a task belongs to, when it is due and how it stands, also for colleagues' tasks.",
      'route-write',
    ],
    [
      'change-practice-settings',
      'Change practice settings',
      'Open the settings of the practice and change them.',
      'route-write',
    ],
    [
      'view-patient-window',
      'View patient window',
      "Open a patient's window and read it.",
      'route-read',
      [],
      ['use-patient-search'],
    ],
    [
      'use-patient-search',
      'Use patient search',
      'Search for patients. Without it the patient window stays shut as well.',
      'route-read',
    ],
    ['can-view-user-accounts', 'Can view user accounts', 'Open the list of user accounts.', 'route-read'],
    [
      'can-edit-user-accounts',
      'Can edit user accounts',
      'Change user accounts and the roles they hold.',
      'route-write',
      ['can-view-user-accounts'],
    ],
    ['can-log-in-to-ios-app', 'Can log in to iOS app', 'Sign in with the iOS app.', 'client'],
    [
      'can-edit-create-and-delete-custom-follow-up-campaigns',
      'Can edit, create, and delete custom/follow-up campaigns',
      'Make, change and remove custom and follow-up campaigns.',
      'route-write',
    ],
    [
      'can-change-communication-settings',
      'Can change communication settings',
      'Change how the practice communicates.',
      'route-write',
    ],
    [
      'can-edit-templates-email-sms-review-replies',
      'Can edit templates (email/SMS/review replies)',
      'Change the reusable texts for e-mail, SMS and review replies.',
      'route-write',
    ],
    ['access-billing-settings', 'Access billing settings', 'Open the billing settings.', 'route-read'],
    [
      'edit-patient-portal-settings',
      'Edit Patient Portal settings',
      'Change what the patient portal offers.',
      'route-write',
    ],
  ]),
  ...listed('General', 'Desktop App', [
    ['login-to-desktop-app', 'Login to desktop app', 'Sign in with the desktop app.', 'client'],
    [
      'see-production-numbers-on-schedule-desktop',
      'See production numbers on schedule (Desktop)',
      'See production figures on the home page of the desktop app.',
      'field',
    ],
  ]),
  ...listed('General', 'Insurance', [
    [
      'run-insurance-verification',
      'Run insurance verification',
      "Start the verification of a patient's insurance.",
      'route-write',
      ['view-insurance-dashboard'],
    ],
    [
      'change-insurance-verification-settings',
      'Change insurance verification settings',
      'Change how insurance is verified.',
      'route-write',
      ['view-insurance-dashboard'],
    ],
    ['view-insurance-dashboard', 'View Insurance Dashboard', 'Open the insurance dashboard.', 'route-read'],
  ]),
  ...listed('Communication', 'Communication', [
    [
      'access-team-messaging',
      'Access team messaging',
      'Read and write messages within the team.',
      'route-read',
    ],
    [
      'access-location-messaging',
      'Access location messaging',
      'Read and write the messages of a location.',
      'route-read',
      ['access-team-messaging'],
    ],
    [
      'access-communication-center',
      'Access communication center',
      'Open the communication center with the messages of patients.',
      'route-read',
    ],
    [
      'respond-to-patient-messages',
      'Respond to patient messages',
      'Answer messages of patients.',
      'route-write',
      ['access-communication-center'],
    ],
    [
      'delete-messages-from-communication-center',
      'Delete messages from communication center',
      'Delete messages of patients.',
      'route-write',
      ['access-communication-center', 'respond-to-patient-messages'],
    ],
    [
      'see-reviews-and-feedback',
      'See reviews and feedback',
      'Read what patients say in reviews and feedback.',
      'route-read',
    ],
    [
      'respond-to-reviews-and-feedback',
      'Respond to reviews and feedback',
      'Answer reviews and feedback.',
      'route-write',
      ['see-reviews-and-feedback'],
    ],
    [
      'change-reputation-settings',
      'Change reputation settings',
      'Connect and disconnect the public accounts that collect reviews.',
      'route-write',
    ],
    ['view-phone-call-logs', 'View phone call logs', 'Read the log of phone calls.', 'route-read'],
  ]),
  ...listed('Appointment', 'Appointment', [
    ['see-schedule-page', 'See schedule page', 'Open the calendar of appointments.', 'route-read'],
    [
      'create-appointments-on-schedule',
      'Create appointments on schedule',
      'Book appointments in the calendar.',
      'route-write',
      ['see-schedule-page'],
    ],
    [
      'see-operations-dashboard',
      'See operations dashboard',
      'Open the dashboard that follows patients through the visit.',
      'route-read',
      ['access-team-messaging', 'access-location-messaging'],
    ],
    [
      'change-patient-flow-settings',
      'Change patient flow settings',
      'Change the steps and alerts of a visit.',
      'route-write',
      ['access-team-messaging', 'access-location-messaging'],
    ],
    ['see-huddle-dashboard', 'See huddle dashboard', 'Open the morning huddle.', 'route-read'],
    [
      'see-production-numbers-on-schedule-huddle',
      'See production numbers on schedule (Huddle)',
      'See production figures in the huddle.',
      'field',
      ['see-huddle-dashboard'],
    ],
    [
      'see-new-appointment-list',
      'See new appointment list',
      'See the appointments that patients asked for online.',
      'route-read',
      ['see-schedule-page'],
    ],
    ['change-oab-settings', 'Change OAB settings', 'Change how patients book online.', 'route-write'],
  ]),
]
