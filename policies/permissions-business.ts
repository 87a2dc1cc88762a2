/**
 * The permission catalogue, part of the application: figures, payments and forms.
 *
 * It is not the daily office (`permissions-office.ts`) and not Gatehouse's own
 * permissions. Invariant: ids and names are those of the permission reference guide; blockers name ids that exist,
 * earlier or later in the lists. Descriptions are ours. A JSON file was refused: types catch a wrong label here.
 */
import { listed, type Permission } from './permission.ts'

/** The permissions of Analytics, Payments and Forms, in the order of the guide. */
export const businessPermissions: readonly Permission[] = [
  ...listed('Analytics', 'Analytics', [
    [
      'view-financial-accounts-data',
      'View financial accounts data',
      'See bookkeeping accounts and financial indicators.',
      'field',
    ],
    [
      'view-built-in-dashboards',
      'View built-in dashboards',
      'Open the dashboards that come with the product.',
      'route-read',
    ],
    [
      'edit-and-set-practice-goals',
      'Edit and set practice goals',
      'Set and change the goals of the practice and its targets.',
      'route-write',
    ],
    [
      'run-revenueiq-queries',
      'Run RevenueIQ queries',
      'Open the search for revenue that is being missed.',
      'route-write',
    ],
    [
      'save-custom-revenueiq-queries',
      'Save custom RevenueIQ queries',
      'Keep own searches for missed revenue.',
      'route-write',
      ['run-revenueiq-queries'],
    ],
    [
      'create-custom-dashboards',
      'Create custom dashboards',
      'Make dashboards and change them.',
      'route-write',
    ],
    [
      'export-data-from-dashboard-graphs',
      'Export data from dashboard graphs',
      'Take the figures behind a graph out of the product.',
      'route-read',
    ],
    [
      'export-data-from-patient-tables',
      'Export data from patient tables',
      'Take lists of patients out of the product.',
      'route-read',
      ['see-patient-table'],
    ],
    [
      'see-patient-table',
      'See patient table',
      'See the patients behind an indicator, one by one.',
      'route-read',
    ],
    ['see-marketing-leads', 'See marketing leads', 'See the list of marketing leads.', 'route-read'],
    ['edit-leads', 'Edit leads', 'Change marketing leads.', 'route-write', ['see-marketing-leads']],
    [
      'buy-numbers',
      'Buy numbers',
      'Buy phone numbers that tell which advertisement was called.',
      'route-write',
      ['change-marketingiq-settings'],
    ],
    [
      'change-marketingiq-settings',
      'Change MarketingIQ settings',
      'Change the marketing settings.',
      'route-write',
    ],
  ]),
  ...listed('Payments', 'Payments', [
    ['view-payments-dashboard', 'View payments dashboard', 'Open the payments dashboard.', 'route-read'],
    [
      'send-payment-requests-and-charge-customers',
      'Send payment requests and charge customers',
      'Ask patients for payment and charge them.',
      'route-write',
      ['can-see-payment-methods'],
    ],
    ['manage-refunds', 'Manage refunds', 'Pay money back.', 'route-write', ['can-see-payment-methods']],
    [
      'can-change-payment-settings',
      'Can change payment settings',
      'Change payment settings and payment plans.',
      'route-write',
    ],
    [
      'can-add-patients-to-payments-follow-up',
      'Can add patients to payments follow-up',
      'Put patients on the list for payment follow-up.',
      'route-write',
    ],
    [
      'can-remove-patients-from-payments-follow-up',
      'Can remove patients from payments follow-up',
      'Take patients off the list for payment follow-up.',
      'route-write',
      ['can-add-patients-to-payments-follow-up'],
    ],
    [
      'can-snooze-patients-from-payments-follow-up',
      'Can snooze patients from payments follow-up',
      'Put a payment follow-up off to a later day.',
      'route-write',
      ['can-add-patients-to-payments-follow-up'],
    ],
    [
      'can-remove-patients-from-pending-one-time-requests',
      'Can remove patients from pending one-time requests',
      'Call back a payment request that is still open.',
      'route-write',
      ['send-payment-requests-and-charge-customers'],
    ],
    [
      'can-see-payment-methods',
      'Can see payment methods',
      'See which cards and accounts are on file.',
      'route-read',
    ],
  ]),
  ...listed('Forms', 'Forms', [
    [
      'can-see-forms-page',
      'Can see forms page',
      'Open the forms page; everything else about forms needs it.',
      'route-read',
    ],
    [
      'preview-form-submissions',
      'Preview form submissions',
      'Look at forms that patients sent in.',
      'route-read',
      ['can-see-forms-page'],
    ],
    [
      'modify-a-completed-form',
      'Modify a completed form',
      'Change a completed form and add signatures.',
      'route-write',
      ['can-see-forms-page', 'preview-form-submissions'],
    ],
    ['edit-forms', 'Edit forms', 'Change form templates.', 'route-write', ['can-see-forms-page']],
    [
      'change-form-settings',
      'Change form settings',
      'Change how forms and their packages work.',
      'route-write',
      ['can-see-forms-page'],
    ],
    [
      'send-form-request-manually',
      'Send form request manually',
      'Send a form to a patient by hand, again if need be.',
      'route-write',
      ['can-see-forms-page'],
    ],
    [
      'download-submitted-forms',
      'Download submitted forms',
      'Download forms as PDF.',
      'route-read',
      ['can-see-forms-page', 'preview-form-submissions'],
    ],
    [
      'cancel-pending-forms',
      'Cancel pending forms',
      'Call back a form that has not been filled in.',
      'route-write',
      ['can-see-forms-page', 'send-form-request-manually'],
    ],
    ['add-tablets', 'Add tablets', 'Add tablets and unlock them.', 'route-write', ['can-see-forms-page']],
    [
      'delete-tablets',
      'Delete tablets',
      'Remove tablets.',
      'route-write',
      ['can-see-forms-page', 'add-tablets'],
    ],
    [
      'can-change-forms-master-toggle-setting',
      'Can change forms master toggle setting',
      'Switch forms on or off for the whole practice.',
      'route-write',
      ['can-see-forms-page', 'change-form-settings'],
    ],
  ]),
]
