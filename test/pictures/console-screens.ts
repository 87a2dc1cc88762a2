/**
 * Every screen of the console in each of its states, as data: where it is, what is done there, what the API answers.
 *
 * It takes no picture (`console.ts`). Invariant: a name once, kebab-case and beginning with its screen; answers are those of
 * the canned server, so that each passes the contract. **A new screen or state needs one entry here and nothing else.**
 */
import type { Page } from 'playwright-core'
import { noFactors, sessionsWithMine } from '../admin/ui/canned-account.ts'
import { factorStatuses } from '../admin/ui/canned-factors.ts'
import { emergencyInUse, peoplePlan } from '../admin/ui/canned-people.ts'
import { at, general, me, members } from '../admin/ui/canned-practice.ts'
import { retired } from '../admin/ui/canned-practices.ts'
import { proposal } from '../admin/ui/canned-roles.ts'
import type { ConsoleScreen } from './console-screen.ts'
import { away, consoleStates, forbidden, operator } from './console-states.ts'

const api = '/api/practices/maple'
const press = (page: Page, name: string | RegExp): Promise<void> =>
  page.getByRole('button', { name, ...(typeof name === 'string' ? { exact: true } : {}) }).click()

const stepUp = {
  title: 'Confirm that it is you',
  status: 401,
  code: 'step-up-required',
  detail: 'This makes the practice easier to get into: show your second factor once more.',
  stepUp: '/step-up',
}
const waiting = {
  state: 'waiting',
  revision: 17,
  name: 'IP allowlist',
  sentence: 'The IP allowlist goes back to Monitor at 10:12 unless somebody confirms it.',
  by: 'Nora Owner',
  mine: true,
  leftMs: 412_000,
  confirmBy: at + 412_000,
  refused: null,
  changes: ['The IP allowlist is enforced: before, it was monitored.'],
}
const noEntries = [
  `GET ${api}/ip-entries`,
  200,
  { revision: 17, total: 0, entries: [], nextCursor: null },
] as const
const noEvents = [`GET ${api}/security-events`, 200, { events: [], nextCursor: null }] as const
const haveRetired = ['GET /api/retired-practices', 200, { practices: retired }] as const
const notLearned = { ...proposal, places: [], learning: [{ upstream: 'demo', learn: 'off' }] }
const nobody = { version: 5, total: 0, members: [], nextCursor: null }
const manyMembers = Array.from({ length: 100 }, (_, place) => ({
  ...members[place % members.length],
  user: `u-${place}`,
  name: `Person ${place + 1}`,
}))

const frame: readonly ConsoleScreen[] = [
  { name: 'frame-menu', path: 'general', act: openMenu },
  {
    name: 'frame-find',
    path: 'general',
    act: async (page) => {
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox', { name: /^Find a screen/ }).fill('fi')
      await page.getByRole('option', { name: 'Office Network' }).waitFor()
    },
  },
  {
    name: 'frame-keys',
    path: 'general',
    act: async (page) => {
      await page.locator('body').press('?')
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'frame-emergency',
    path: 'general',
    answers: [[`GET ${api}/emergency-access`, 200, emergencyInUse]],
  },
  {
    name: 'frame-confirmation',
    path: 'general',
    answers: [[`GET ${api}/general`, 200, { ...general, confirmation: waiting }]],
  },
  { name: 'frame-not-yours', path: '../elsewhere/general' },
  {
    name: 'frame-operator',
    path: 'general',
    answers: [operator],
  },
]

/** The navigation is behind a button only where there is no room. */
async function openMenu(page: Page): Promise<void> {
  const menu = page.getByRole('button', { name: 'Menu', exact: true })
  if (await menu.isVisible()) await menu.click()
}

const security: readonly ConsoleScreen[] = [
  { name: 'general', path: 'general' },
  {
    name: 'general-unsaved',
    path: 'general#requests',
    act: (page) =>
      page
        .getByRole('checkbox', { name: /time|hours/i })
        .first()
        .click(),
  },
  { name: 'ip-allowlist', path: 'ip-allowlist' },
  {
    name: 'ip-allowlist-empty',
    path: 'ip-allowlist',
    answers: [noEntries],
  },
  { name: 'ip-allowlist-add', path: 'ip-allowlist', act: (page) => press(page, 'Add entry') },
  {
    name: 'ip-allowlist-tested',
    path: 'ip-allowlist',
    act: async (page) => {
      await page.getByRole('textbox', { name: 'Address' }).fill('203.0.113.7')
      await press(page, 'Test address')
    },
  },
  { name: 'ip-allowlist-chosen', path: 'ip-allowlist?chosen=ipe-office,ipe-lab' },
  { name: 'ip-allowlist-nothing-fits', path: 'ip-allowlist?text=zz', answers: [noEntries] },
  { name: 'time-windows', path: 'time-windows' },
  { name: 'time-windows-painted', path: 'time-windows?hours=Mon–Thu 07:00–19:00; Fri 22:00–06:00' },
  { name: 'active-users', path: 'active-users' },
  { name: 'active-users-chosen', path: 'active-users?chosen=u-fiona,u-nora' },
  { name: 'active-users-drawer', path: 'active-users?user=u-fiona' },
  {
    name: 'active-users-forbidden',
    path: 'active-users',
    answers: [[`GET ${api}/active-users`, 403, forbidden]],
  },
  {
    name: 'active-users-nobody',
    path: 'active-users',
    answers: [[`GET ${api}/active-users`, 200, { total: 0, users: [], nextCursor: null }]],
  },
  { name: 'active-users-revoke', path: 'active-users', act: (page) => press(page, 'Revoke Fiona Front') },
  {
    name: 'active-users-revoked',
    path: 'active-users',
    act: async (page) => {
      await press(page, 'Revoke Fiona Front')
      await press(page, 'Revoke')
      await page.getByText('live connections closed').waitFor()
    },
  },
  { name: 'two-factor', path: 'two-factor' },
  { name: 'two-factor-gaps', path: 'two-factor?view=gaps' },
  {
    name: 'two-factor-no-gaps',
    path: 'two-factor?view=gaps',
    answers: [[`GET ${api}/two-factor`, 200, { ...factorStatuses, total: 0, people: [] }]],
  },
  { name: 'two-factor-reset', path: 'two-factor', act: (page) => press(page, 'Reset 2FA of Nora Owner') },
  {
    name: 'two-factor-code',
    path: 'two-factor',
    act: async (page) => {
      await press(page, 'Enrolment code for Hugo Hygienist')
      await page.getByLabel('Reason').fill('Called back on the number in his file')
      await press(page, 'Make a code')
      await page.getByText('Shown this once').waitFor()
    },
  },
  { name: 'access-requests', path: 'access-requests' },
  { name: 'access-requests-grouped', path: 'access-requests?group=network&chosen=arq_home' },
  { name: 'access-requests-all', path: 'access-requests?status=all' },
  { name: 'security-events', path: 'security-events' },
  { name: 'security-events-opened', path: 'security-events?open=event.12' },
  { name: 'security-events-nothing-fits', path: 'security-events?actor=zz', answers: [noEvents] },
  { name: 'security-events-refusals', path: 'security-events?view=refusals' },
]

const people: readonly ConsoleScreen[] = [
  { name: 'users', path: 'users' },
  {
    name: 'users-many',
    path: 'users',
    answers: [
      [`GET ${api}/users`, 200, { version: 5, total: 100_000, members: manyMembers, nextCursor: 'u-99' }],
    ],
  },
  { name: 'users-nobody', path: 'users', answers: [[`GET ${api}/users`, 200, nobody]] },
  {
    name: 'users-drawer',
    path: 'users?user=u-fiona',
    answers: [[`GET ${api}/users`, 200, { ...nobody, total: 1, members: [members[1]] }]],
  },
  ...['edit', 'roles', 'suspension', 'password', 'remove'].map((open) => ({
    name: `users-${open}-one`,
    path: `users?user=u-fiona&open=${open}`,
    isDialog: true as const,
    answers: [[`GET ${api}/users`, 200, { ...nobody, total: 1, members: [members[1]] }] as const],
  })),
  { name: 'users-add', path: 'users', act: (page) => press(page, 'Add person') },
  {
    name: 'users-step-up',
    path: 'users',
    answers: [[`GET ${api}/users/export`, 401, stepUp]],
    act: (page) => press(page, 'Export CSV'),
  },
  {
    name: 'users-import',
    path: 'users?view=import',
    act: async (page) => {
      await page
        .getByRole('textbox', { name: 'People' })
        .fill('login,name,roles\ngina,Gina Gray,front-desk\n')
      await press(page, 'Check the file')
      await page.getByRole('heading', { name: 'What the file would do' }).waitFor()
    },
  },
  {
    name: 'users-import-problems',
    path: 'users?view=import',
    answers: [
      [
        `POST ${api}/users/import/preview`,
        200,
        {
          ...peoplePlan,
          counts: { ...peoplePlan.counts, problems: 1 },
          problems: [{ line: 4, column: 'roles', sentence: 'there is no role wizard' }],
        },
      ],
    ],
    act: async (page) => {
      await page.getByRole('textbox', { name: 'People' }).fill('login,name,roles\ngina,Gina Gray,wizard\n')
      await press(page, 'Check the file')
      await page.getByText('there is no role wizard').waitFor()
    },
  },
  { name: 'roles', path: 'roles?open=Appointment' },
  { name: 'roles-search', path: 'roles?text=schedule' },
  { name: 'roles-add', path: 'roles', act: (page) => press(page, 'Add role') },
  { name: 'roles-remove', path: 'roles', act: (page) => press(page, 'Remove Hygienist') },
  {
    name: 'roles-editor',
    path: 'roles?role=front-desk',
    act: async (page) => {
      await press(page, 'Withdraw See schedule page')
      await page.getByRole('region', { name: 'What goes with it' }).waitFor()
    },
  },
  {
    name: 'roles-review',
    path: 'roles?role=front-desk',
    act: async (page) => {
      await press(page, 'Withdraw See schedule page')
      await press(page, 'Review and save')
    },
  },
  { name: 'roles-person', path: 'roles?view=person&user=u-fiona' },
  { name: 'roles-nobody', path: 'roles?view=person' },
  { name: 'roles-routes', path: 'roles?view=routes' },
  { name: 'roles-proposal', path: 'roles?view=proposal' },
  {
    name: 'roles-proposal-off',
    path: 'roles?view=proposal',
    answers: [[`GET ${api}/route-proposal`, 200, notLearned]],
  },
  {
    name: 'roles-import',
    path: 'roles?view=import',
    act: async (page) => {
      await page.getByRole('textbox', { name: 'Roles' }).fill('role,permission\nOffice lead,Set Goals\n')
      await press(page, 'Check the file')
      await page.getByRole('heading', { name: 'What the file would do' }).waitFor()
    },
  },
]

const tools: readonly ConsoleScreen[] = [
  { name: 'simulate', path: 'simulate' },
  { name: 'simulate-asked', path: 'simulate?user=u-fiona&address=198.51.100.9' },
  { name: 'emergency', path: 'emergency' },
  { name: 'tokens', path: 'tokens' },
  { name: 'notifications', path: 'notifications' },
  { name: 'retention', path: 'retention' },
  { name: 'all-practices', path: 'all-practices', answers: [operator] },
  { name: 'all-practices-retired', path: 'all-practices?text=maple', answers: [operator, haveRetired] },
  { name: 'all-practices-hosts', path: 'all-practices?open=hosts.maple', answers: [operator] },
  { name: 'all-practices-retire', path: 'all-practices?open=retire.maple', answers: [operator] },
  { name: 'all-practices-left', path: '/practices/lakeside/general', answers: [operator, haveRetired] },
  {
    name: 'all-practices-left-events',
    path: '/practices/lakeside/security-events',
    answers: [operator, haveRetired],
  },
  { name: 'own-accounts', path: 'own-accounts', answers: [operator] },
]

const mine = ['GET /api/me', 200, { ...me, operator: true, sealedCodesLeft: 3 }] as const
const mySessions = ['GET /api/admin-sessions', 200, { sessions: sessionsWithMine }] as const

const account: readonly ConsoleScreen[] = [
  { name: 'account', path: '../../account', answers: [mine, mySessions] },
  {
    name: 'account-bare',
    path: '../../account',
    answers: [
      ['GET /api/me', 200, { ...me, sealedCodesLeft: 0 }],
      ['GET /api/me/factors', 200, noFactors],
    ],
  },
  { name: 'account-away', path: '../../account', answers: [mine, ['GET /api/me/factors', 503, away]] },
  { name: 'account-from-the-application', path: '../../account' },
  { name: 'account-password', path: '../../account?open=password', answers: [mine] },
  { name: 'account-passkey', path: '../../account?open=passkey', answers: [mine] },
  {
    name: 'account-app',
    path: '../../account?open=app',
    answers: [mine],
    act: (page) => press(page, 'Show the picture'),
  },
  {
    name: 'account-codes',
    path: '../../account?open=app',
    answers: [mine],
    act: async (page) => {
      await press(page, 'Show the picture')
      await page.getByRole('textbox', { name: 'Code' }).fill('123456')
      await press(page, 'Confirm')
      await page.getByRole('list', { name: 'Recovery codes' }).waitFor()
    },
  },
]

/** All of them, in the order of the navigation. */
export const consoleScreens: readonly ConsoleScreen[] = [
  ...frame,
  ...security,
  ...people,
  ...tools,
  ...account,
  ...consoleStates,
]
