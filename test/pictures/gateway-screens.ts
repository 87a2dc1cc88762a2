/**
 * Every page that a gateway shows to people, in each of its states: refusals, the step of a held sign-in, failures.
 *
 * Facts are made up, pages and headers are the gateway's own. Invariant: every reason of a decision has a screen, so that one
 * that is added is looked at too; a value that could be taken for markup is in each kind of page.
 */
import { adminProblems } from '../../admin/api/problem-texts.ts'
import { away, notOurs, stale, tooOften } from '../../gateway/access-failures.ts'
import { plainDecision } from '../../gateway/questions.ts'
import {
  answerFailure,
  type Failure,
  type RefusalExtra,
  type RefusalFacts,
  refuse,
} from '../../gateway/refusal.ts'
import type { ShownHours } from '../../gateway/shown-hours.ts'
import { stepPage } from '../../gateway/step-visit.ts'
import { type Reason, reasons } from '../../policies/decision.ts'
import { type AccessView, accessPage } from '../../runtime/pages/access-page.ts'
import { type FactorView, factorPage } from '../../runtime/pages/factor-page.ts'
import type { ShownDay } from '../../runtime/pages/hours-part.ts'
import { type PracticeRow, practicesPage } from '../../runtime/pages/practice-list.ts'
import { problemsPage } from '../../runtime/pages/problems-page.ts'
import { gatewayProblems } from '../../runtime/problem-kinds.ts'
import { type Screen, screenOfRaw } from './screen.ts'

const facts: RefusalFacts = {
  kind: 'navigation',
  method: 'GET',
  headers: [],
  target: '/schedule?day=2026-11-23',
  signIn: { page: '/login', returnParameter: 'next' },
}
const form: RefusalFacts = { ...facts, method: 'POST', target: '/patients' }

const day = (name: string, ...hours: readonly string[]): ShownDay => ({
  name,
  isToday: name === 'Tuesday',
  hours: hours.map((text) => ({ start: text.slice(0, 5), end: text.slice(6) })),
})

const hours: ShownHours = {
  ...{ at: Date.UTC(2026, 10, 24, 14, 12), zone: 'America/Denver', clock: '07:12' },
  now: 'Tuesday, November 24, 2026 at 07:12 MST',
  week: [
    day('Monday', '08:00-12:00', '13:00-18:00'),
    day('Tuesday', '08:00-18:00'),
    day('Wednesday', '00:00-06:00', '08:00-18:00', '22:00-24:00'),
    day('Thursday', '08:00-18:00'),
    day('Friday', '08:00-16:00'),
    day('Saturday'),
    day('Sunday'),
  ],
  opens: { text: 'Tuesday, November 24 at 08:00 MST', span: '48 min', leftMs: 2_880_000 },
}

const view: NonNullable<RefusalExtra['view']> = {
  practice: { name: 'Riverside & Sons <i>Dental</i>', logo: '/.gatehouse/logo/riverside' },
  now: 'Tuesday, November 24, 2026 at 07:12 MST',
  contact: 'Olivia Hart, ext. 204',
}

const viewFor: Partial<Record<Reason, NonNullable<RefusalExtra['view']>>> = {
  'address-not-allowed': {
    ...{ address: '203.0.113.9', ask: '/.gatehouse/requests?practice=riverside' },
    emergency: '/.gatehouse/second-factor?emergency=1',
  },
  'outside-time-window': { now: null, ask: '/.gatehouse/requests?practice=riverside' },
  'permission-missing': { permissions: ['Change practice settings'] },
  'route-unmapped': { management: '/.gatehouse/security-management' },
  'two-factor-too-old': { confirm: '/.gatehouse/access?to=%2F' },
  'two-factor-too-weak': { confirm: '/.gatehouse/access?to=%2F' },
  'two-factor-not-verified': { confirm: '/.gatehouse/access?to=%2F' },
  'two-factor-not-enrolled': { confirm: '/.gatehouse/access?to=%2F' },
  'sign-in-held': { confirm: '/.gatehouse/access' },
}

const extraFor = (reason: Reason): RefusalExtra => ({
  code: 'GH-7K2M-94QX',
  view: { ...view, ...viewFor[reason] },
  ...(reason === 'outside-time-window' ? { hours, returnAfterMs: 2_887_000 } : {}),
})

const refusal = (name: string, of: RefusalFacts, reason: Reason, extra: RefusalExtra): Screen => {
  const opensAt = extra.returnAfterMs === undefined ? null : 1
  return screenOfRaw(name, refuse(of, { ...plainDecision(reason), opensAt }, extra))
}

const refusals: readonly Screen[] = (Object.keys(reasons) as Reason[])
  .filter((reason) => reason !== 'ok')
  .map((reason) => refusal(`refused-${reason}`, form, reason, extraFor(reason)))

const row: PracticeRow = {
  name: 'Riverside & Sons <i>Dental</i>',
  ...{ state: 'closed', words: '', note: '', href: null, ask: null },
}

const several: Screen = refusal('refused-several-practices', facts, 'outside-time-window', {
  ...extraFor('outside-time-window'),
  view: {
    ...view,
    ...viewFor['outside-time-window'],
    practices: [
      { ...row, name: 'Lakeview Family Dentistry', state: 'open', words: 'Access allowed now', href: '/' },
      { ...row, name: 'North', state: 'step', words: 'After your second factor', href: '/' },
      {
        ...row,
        ...{ state: 'closed', words: 'Closed until Tue, Nov 24 at 08:00 MST' },
        ask: '/.gatehouse/requests?practice=riverside',
      },
      {
        ...row,
        name: 'Hillside Orthodontics',
        state: 'refused',
        words: 'Not from this network',
        note: 'To get access, contact Maya Lindqvist, 555 0142.',
      },
    ],
    emergencyUntil: 'Tuesday, November 24, 2026 at 09:00 MST',
  },
})

const access: AccessView = {
  state: 'ask',
  kind: 'ip',
  ...{ isHeld: true, brand: null, chosen: null, others: [] },
  rows: [
    {
      ...{ practice: 'riverside', name: 'Riverside & Sons <i>Dental</i>', status: 'rejected' },
      note: 'Please call me first, Olivia',
      ...{ askAgain: 'on Tue, Nov 24 at 07:27 MST, in 15 min', open: false, contact: '' },
    },
    {
      ...{ practice: 'lakeview', name: 'Lakeview Family Dentistry', status: 'not-requested', note: '' },
      ...{ askAgain: null, open: true, contact: '' },
    },
    {
      ...{ practice: 'hillside', name: 'Hillside Orthodontics', status: 'not-requested', note: '' },
      ...{ askAgain: null, open: false, contact: 'Maya Lindqvist, 555 0142' },
    },
  ],
  address: '203.0.113.9',
  hours: null,
  code: 'GH-7K2M-94QX',
  token: 'a'.repeat(43),
  problem: null,
  reason: '',
  here: '/.gatehouse/access',
  askMore: '/.gatehouse/access?ask=more',
  emergency: '/.gatehouse/second-factor?emergency=1',
  emergencyUntil: null,
  changes: '/.gatehouse/access?wait=1',
}
const onePractice: AccessView['rows'] = [
  {
    ...{ practice: 'riverside', name: 'Riverside & Sons <i>Dental</i>', status: 'pending', note: '' },
    ...{ askAgain: null, open: false, contact: '' },
  },
]

const step = (name: string, body: string, status = 200): Screen =>
  screenOfRaw(name, stepPage(status, body, 'same-origin', []))

const accessScreens: readonly Screen[] = [
  step('access-ask', accessPage(access)),
  step(
    'access-ask-problem',
    accessPage({ ...access, problem: 'Please say why you need access.', emergency: null }),
    422,
  ),
  step(
    'access-ask-hours',
    accessPage({
      ...access,
      kind: 'time',
      hours: { ...hours, backMs: 2_887_000 },
    }),
  ),
  step('access-wait', accessPage({ ...access, state: 'wait', rows: onePractice })),
  step(
    'access-wait-emergency',
    accessPage({
      ...{ ...access, state: 'wait', rows: onePractice, emergency: null },
      emergencyUntil: 'Tuesday, November 24 at 09:00 MST',
    }),
  ),
  step(
    'access-wait-hours',
    accessPage({
      ...access,
      state: 'wait',
      kind: 'time',
      rows: onePractice,
      hours: { ...hours, backMs: null },
    }),
  ),
  step(
    'access-signed-in',
    accessPage({
      ...{ ...access, isHeld: false, brand: view.practice ?? null, chosen: 'riverside', emergency: null },
      rows: access.rows.map((one) => ({ ...one, askAgain: null, open: one.contact === '' })),
      others: [
        {
          ...{ ...row, name: 'Lakeview Family Dentistry', href: '/' },
          ...{ state: 'open', words: 'Access allowed now' },
        },
      ],
    }),
  ),
  step('access-signed-in-wait', accessPage({ ...access, state: 'wait', isHeld: false, rows: onePractice })),
  step(
    'access-again',
    accessPage({
      ...{ ...access, state: 'again' },
      rows: onePractice.map((one) => ({ ...one, status: 'approved' })),
    }),
  ),
]

const factor: FactorView = {
  state: 'go',
  reason: 'two-factor-not-verified',
  deadline: null,
  next: '/.gatehouse/second-factor',
  here: '/.gatehouse/access',
  back: '/',
  token: 'a'.repeat(43),
  code: 'GH-7K2M-94QX',
  emergencyUntil: null,
}

const factorScreens: readonly Screen[] = (
  [
    ['go', {}],
    ['missing', { reason: 'two-factor-too-weak' }],
    [
      'grace',
      {
        deadline: { text: 'Tuesday, December 1 at 09:00 MST', left: '6 d 2 h' },
        reason: 'two-factor-not-enrolled',
        code: null,
      },
    ],
    ['late', {}],
    ['away', { reason: null }],
    ['again', { reason: null }],
    ['leave', { reason: null }],
  ] as const
).map(([state, more]) => step(`factor-${state}`, factorPage({ ...factor, ...more, state })))

const mine: readonly PracticeRow[] = [
  {
    ...row,
    name: 'Lakeview Family Dentistry',
    state: 'open',
    words: 'Access allowed now',
    href: '/practices',
  },
  {
    ...row,
    ...{ state: 'closed', words: 'Closed until Tue, Nov 24 at 08:00 MST' },
    ask: '/.gatehouse/requests?practice=riverside',
  },
]
const practices: readonly Screen[] = [
  step('practices', practicesPage({ rows: mine, emergencyUntil: null })),
  step(
    'practices-emergency',
    practicesPage({ rows: mine.slice(0, 1), emergencyUntil: 'Tuesday at 09:00 MST' }),
  ),
  step('problems', problemsPage(gatewayProblems)),
  step('problems-admin', problemsPage(adminProblems)),
  step('practices-none', practicesPage({ rows: [], emergencyUntil: null })),
]

const broken: Failure = {
  status: 502,
  title: 'The practice application does not answer',
  sentence: 'The practice application closed the connection.',
}

const failures: readonly Screen[] = Object.entries({ away, notOurs, stale, tooOften }).map(
  ([name, failure]) => screenOfRaw(`failure-${name.toLowerCase()}`, answerFailure(form, failure)),
)

/** All of them. */
export const gatewayScreens: readonly Screen[] = [
  ...refusals,
  several,
  ...accessScreens,
  ...factorScreens,
  ...practices,
  ...failures,
  screenOfRaw('failure-broken', answerFailure(facts, broken)),
]
