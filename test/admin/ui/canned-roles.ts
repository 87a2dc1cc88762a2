/**
 * Roles & permissions as the API would answer: the real catalogue, four roles of the demo kind, a few routes.
 *
 * What grants come to is worked out by `policies/permissions.ts`, as in the API. Invariant: as everywhere here, each
 * answer passes the contract's schema.
 */
import { catalogue, effectivePermissions, permissionLists } from '../../../policies/permissions.ts'
import { at } from './canned-practice.ts'

const practice = '/api/practices/:practice'
const options = { hiddenBlockers: true }
const hour = 3_600_000

const ours = catalogue.filter(({ component }) => component !== 'Gatehouse').map(({ id }) => id)
const grants: Readonly<Record<string, readonly string[]>> = {
  owner: catalogue.map(({ id }) => id),
  dentist: ours.filter((_, place) => place % 3 !== 2),
  'front-desk': ['see-schedule-page', 'create-appointments-on-schedule', 'respond-to-patient-messages'],
  hygienist: ['see-schedule-page'],
}
const names: Readonly<Record<string, string>> = {
  owner: 'Owner',
  dentist: 'Dentist',
  'front-desk': 'Front desk',
  hygienist: 'Hygienist',
}

const roleOf = (id: string) => {
  const { included, available } = permissionLists(new Set(grants[id]), options)
  return {
    id,
    name: names[id],
    members: 1,
    included: included
      .filter(({ blockedBy }) => blockedBy.length === 0)
      .map(({ permission }) => permission.id),
    blocked: included
      .filter(({ blockedBy }) => blockedBy.length > 0)
      .map(({ permission, blockedBy }) => ({ id: permission.id, by: [...blockedBy] })),
    available: available.map(({ id: one }) => one),
    idleMs: id === 'front-desk' ? hour / 2 : null,
    absoluteMs: null,
  }
}

const saved = { revision: 18, sequence: 42 }

const held = (() => {
  const granted = new Set(grants['front-desk'])
  const { effective, blocked } = effectivePermissions(granted, options)
  return catalogue.map(({ id, name, component, enforceableAt }) => ({
    ...{ id, name, component, enforceableAt, effective: effective.has(id) },
    grantedBy: granted.has(id) ? ['front-desk'] : [],
    blockedBy: [...(blocked.get(id) ?? [])],
    routes: id === 'see-schedule-page' ? ['demo GET /schedule'] : [],
    sentence: !granted.has(id)
      ? 'No role grants it.'
      : blocked.has(id)
        ? 'Granted by Front desk, but blocked: “Access communication center” is not granted.'
        : 'Granted by Front desk.',
  }))
})()

/** The schedule is mapped, payments are; appointments of real traffic are not. */
export const routeTable = {
  routes: [
    { id: 'demo GET /login', class: 'public', stepUp: null, any: [], all: [] },
    { id: 'demo GET /schedule', class: 'staff', stepUp: null, any: ['see-schedule-page'], all: [] },
    {
      id: 'demo POST /payments/*/refund',
      class: 'staff',
      stepUp: 'money',
      any: [],
      all: ['can-see-payment-methods', 'manage-refunds'],
    },
  ],
  unmapped: [
    {
      upstream: 'demo',
      method: 'POST',
      template: '/appointments/:x',
      odd: '',
      count: 1_841,
      firstAt: at - 300 * hour,
      lastAt: at - hour,
    },
    {
      upstream: 'demo',
      method: 'GET',
      template: '/reports//daily',
      odd: 'an empty segment',
      count: 12,
      firstAt: at - 200 * hour,
      lastAt: at - 30 * hour,
    },
  ],
  yaml: [
    {
      upstream: 'demo',
      text: 'routes:\n  - match: "POST /appointments/*" # 1841 requests\n    # any: [see-schedule-page]\n',
    },
  ],
}

const used = { upstream: 'demo', method: 'GET', firstAt: at - 300 * hour, lastAt: at - hour }
const proposedLines = (match: string, note: string, permission: string): string[] => [
  `  - match: "${match}" # ${note}`,
  `    # any: [${permission}]`,
]

/** One application is learned, the other is not; one line is certain, the others are not. */
export const proposal = {
  learning: [
    { upstream: 'demo', learn: 'paths' },
    { upstream: 'imaging', learn: 'off' },
  ],
  head: '# What people of this practice did, not what they may do.',
  places: [
    {
      ...{ ...used, template: '/schedule/day', match: 'GET /schedule/day', count: 4_210 },
      roles: [
        { role: 'front-desk', count: 3_900 },
        { role: 'hygienist', count: 310 },
      ],
      candidates: [
        { permission: 'see-schedule-page', others: 0 },
        { permission: 'view-patient-window', others: 2 },
      ],
      doubts: [] as string[],
      lines: proposedLines('GET /schedule/day', '4210 requests: Front desk 3900', 'see-schedule-page'),
    },
    {
      ...{
        ...used,
        method: 'POST',
        template: '/appointments/:x',
        match: 'POST /appointments/*',
        count: 1_841,
      },
      roles: [{ role: 'front-desk', count: 1_841 }],
      candidates: [{ permission: 'create-appointments-on-schedule', others: 1 }],
      doubts: ['unnamed', 'shared'],
      lines: proposedLines('POST /appointments/*', '1841 requests', 'create-appointments-on-schedule'),
    },
    {
      ...{ ...used, template: '/exports/daily', match: 'GET /exports/daily', count: 3 },
      ...{ roles: [] as object[], candidates: [] as object[], doubts: ['few', 'no-role'] },
      lines: proposedLines('GET /exports/daily', '3 requests', 'see-schedule-page'),
    },
  ],
  yaml: [] as object[],
}

/** What a file with an old name would do; nothing is saved. */
export const importPlan = {
  saved: null,
  roles: [
    {
      name: 'Office lead',
      isNew: true,
      permissions: ['edit-and-set-practice-goals', 'run-revenueiq-queries', 'save-custom-revenueiq-queries'],
      migrated: [
        { from: 'Set Goals', to: ['edit-and-set-practice-goals'], kind: 'renamed' },
        {
          from: 'Query Revenue Opportunities',
          to: ['run-revenueiq-queries', 'save-custom-revenueiq-queries'],
          kind: 'split',
        },
      ],
    },
  ],
  changes: ['Role Office lead is added with 3 permissions.'],
}

/** Taking the schedule away from the front desk. */
export const rolePreview = {
  revision: 17,
  gained: [],
  lost: ['see-schedule-page'],
  nowEffective: [],
  noLongerEffective: ['see-schedule-page', 'create-appointments-on-schedule'],
  needs: [
    {
      id: 'create-appointments-on-schedule',
      name: 'Create appointments on schedule',
      with: ['see-schedule-page', 'create-appointments-on-schedule'],
    },
    {
      id: 'respond-to-patient-messages',
      name: 'Respond to patient messages',
      with: ['access-communication-center', 'respond-to-patient-messages'],
    },
  ],
  takesAway: [
    { id: 'see-schedule-page', name: 'See schedule page', with: ['create-appointments-on-schedule'] },
  ],
  members: 1,
}

/** What the canned server answers for Roles & permissions. */
export const roleAnswers: Readonly<Record<string, unknown>> = {
  'GET /api/permissions': {
    permissions: catalogue.map(({ hiddenBlockedBy: _, blockedBy, ...one }) => ({
      ...one,
      blockedBy: [...blockedBy],
    })),
  },
  [`GET ${practice}/roles`]: { revision: 17, roles: Object.keys(grants).map(roleOf) },
  [`POST ${practice}/roles`]: { ...saved, role: 'office-lead' },
  [`PATCH ${practice}/roles/:role`]: saved,
  [`DELETE ${practice}/roles/:role`]: saved,
  [`PUT ${practice}/roles/:role/permissions`]: saved,
  [`POST ${practice}/roles/:role/preview`]: rolePreview,
  [`POST ${practice}/roles/import`]: importPlan,
  [`GET ${practice}/users/:user/permissions`]: {
    name: 'Fiona Front',
    roles: ['front-desk'],
    mode: 'enforce',
    permissions: held,
  },
  [`GET ${practice}/routes`]: routeTable,
  [`GET ${practice}/route-proposal`]: proposal,
}
