/**
 * Every page that a gateway shows to people, in each of its states: refusals, the step of a held sign-in, failures.
 *
 * Facts are made up, pages and headers are the gateway's own. Invariant: every reason of a decision has a screen, so that one
 * that is added is looked at too; a value that could be taken for markup is in each kind of page.
 */
import { away, notOurs, stale, tooOften } from '../../gateway/access-failures.ts'
import { plainDecision } from '../../gateway/questions.ts'
import { answerFailure, type RefusalExtra, type RefusalFacts, refuse } from '../../gateway/refusal.ts'
import { stepPage } from '../../gateway/step-visit.ts'
import { type Reason, reasons } from '../../policies/decision.ts'
import { type AccessView, accessPage } from '../../runtime/pages/access-page.ts'
import { type FactorView, factorPage } from '../../runtime/pages/factor-page.ts'
import { pagePolicy } from '../../runtime/pages/page.ts'
import { waitingPolicy } from '../../runtime/pages/wait-script.ts'
import { type Screen, screenOfRaw } from './screen.ts'

const facts: RefusalFacts = {
  kind: 'navigation',
  method: 'GET',
  headers: [],
  target: '/schedule?day=2026-11-23',
  signIn: { page: '/login', returnParameter: 'next' },
}
const form: RefusalFacts = { ...facts, method: 'POST', target: '/patients' }

const week = [
  'Monday 08:00–12:00, 13:00–18:00',
  'Tuesday 08:00–18:00 (today)',
  'Wednesday 08:00–18:00',
  'Thursday 08:00–18:00',
  'Friday 08:00–16:00',
]

const view: NonNullable<RefusalExtra['view']> = {
  practice: 'Riverside & Sons <i>Dental</i>',
  now: 'Tuesday, November 24, 2026 at 07:12 MST',
  contact: 'Olivia Hart, ext. 204',
}

const viewFor: Partial<Record<Reason, NonNullable<RefusalExtra['view']>>> = {
  'address-not-allowed': { address: '203.0.113.9', emergency: '/.gatehouse/second-factor?emergency=1' },
  'outside-time-window': { approvedTimes: week, opens: 'Tuesday, November 24, 2026 at 08:00 MST, in 48 min' },
  'permission-missing': { permissions: ['Change practice settings'] },
  'route-unmapped': { management: '/.gatehouse/security-management' },
  'two-factor-too-old': { confirm: '/.gatehouse/access?to=%2F' },
}

const extraFor = (reason: Reason): RefusalExtra => ({
  code: 'GH-7K2M-94QX',
  view: { ...view, ...viewFor[reason] },
  ...(reason === 'outside-time-window' ? { returnAfterMs: 2_880_000 } : {}),
})

const refusal = (name: string, of: RefusalFacts, reason: Reason, extra: RefusalExtra): Screen => {
  const opensAt = extra.returnAfterMs === undefined ? null : 1
  return screenOfRaw(name, refuse(of, { ...plainDecision(reason), opensAt }, extra))
}

const refusals: readonly Screen[] = (Object.keys(reasons) as Reason[])
  .filter((reason) => reason !== 'ok')
  .map((reason) => refusal(`refused-${reason}`, form, reason, extraFor(reason)))

const several: Screen = refusal('refused-several-practices', facts, 'outside-time-window', {
  ...extraFor('outside-time-window'),
  view: {
    ...view,
    ...viewFor['outside-time-window'],
    practices: [
      { name: 'Riverside & Sons <i>Dental</i>', allowed: false, href: null },
      { name: 'Lakeview Family Dentistry', allowed: true, href: '/' },
      { name: 'Hillside Orthodontics', allowed: false, href: null },
    ],
    emergencyUntil: 'Tuesday, November 24, 2026 at 09:00 MST',
  },
})

const access: AccessView = {
  state: 'ask',
  kind: 'ip',
  rows: [
    {
      ...{ practice: 'riverside', name: 'Riverside & Sons <i>Dental</i>', status: 'rejected' },
      note: 'Please call me first, Olivia',
      ...{ askAgain: 'at Nov 24, 2026, 7:27 AM', open: false, contact: '' },
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
  changes: '/.gatehouse/access?wait=1',
}
const onePractice: AccessView['rows'] = [
  {
    ...{ practice: 'riverside', name: 'Riverside & Sons <i>Dental</i>', status: 'pending', note: '' },
    ...{ askAgain: null, open: false, contact: '' },
  },
]

const step = (name: string, body: string, policy = pagePolicy, status = 200): Screen =>
  screenOfRaw(name, stepPage(status, body, 'same-origin', [], policy))

const accessScreens: readonly Screen[] = [
  step('access-ask', accessPage(access)),
  step(
    'access-ask-problem',
    accessPage({ ...access, problem: 'Please say why you need access.', emergency: null }),
    pagePolicy,
    422,
  ),
  step(
    'access-ask-hours',
    accessPage({
      ...access,
      kind: 'time',
      hours: {
        now: 'Tuesday, November 24, 2026 at 07:12 MST',
        approvedTimes: week,
        opens: 'Tuesday, November 24, 2026 at 08:00 MST, in 48 min',
      },
    }),
  ),
  step('access-wait', accessPage({ ...access, state: 'wait', rows: onePractice }), waitingPolicy),
  step('access-again', accessPage({ ...access, state: 'again', rows: onePractice })),
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
}

const factorScreens: readonly Screen[] = (
  [
    ['go', {}],
    ['missing', { reason: 'two-factor-too-weak' }],
    ['grace', { deadline: 'December 1, 2026 at 9:00 AM', reason: 'two-factor-not-enrolled', code: null }],
    ['late', {}],
    ['away', { reason: null }],
    ['again', { reason: null }],
    ['leave', { reason: null }],
  ] as const
).map(([state, more]) => step(`factor-${state}`, factorPage({ ...factor, ...more, state })))

const failures: readonly Screen[] = Object.entries({ away, notOurs, stale, tooOften }).map(
  ([name, failure]) => screenOfRaw(`failure-${name.toLowerCase()}`, answerFailure(form, failure)),
)

/** All of them. */
export const gatewayScreens: readonly Screen[] = [
  ...refusals,
  several,
  ...accessScreens,
  ...factorScreens,
  ...failures,
]
