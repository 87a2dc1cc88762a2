/**
 * Every page of the portal's origin in each of its states: signing in, the second factor, emergency access, one's own
 * sessions, failures.
 *
 * Facts are made up, pages and headers are the portal's own. Invariant: names carry markup, which must stand on every page as
 * the text that it is; a page's script is allowed by the policy that goes with it, or it does not run here either.
 */
import { type AccountView, accountPage } from '../../admin/portal/account-page.ts'
import { createAnswers } from '../../admin/portal/answers.ts'
import { emergencyOnPage, emergencyPage, noEmergencyPage } from '../../admin/portal/emergency-page.ts'
import { confirmedPage, factorPage, type ManageView, managePage } from '../../admin/portal/manage-page.ts'
import type { PortalFrame } from '../../admin/portal/page-parts.ts'
import { noLinkPage, passwordPage, passwordSetPage } from '../../admin/portal/password-page.ts'
import * as plain from '../../admin/portal/plain-pages.ts'
import { codesScript, passkeyScript } from '../../admin/portal/scripts.ts'
import {
  codesPage,
  fullPage,
  notHerePage,
  passkeyPage,
  renewPage,
  type SetUpView,
  setUpPage,
  shownAlreadyPage,
} from '../../admin/portal/set-up-page.ts'
import {
  passwordLinkPage,
  readSignInSaid,
  type SignInView,
  signInPage,
} from '../../admin/portal/sign-in-page.ts'
import { numberPage } from '../../admin/portal/text-page.ts'
import { type VerifyView, verifyPage } from '../../admin/portal/verify-page.ts'
import { vouchingPage } from '../../admin/portal/vouching-page.ts'
import { totpUri } from '../../admin/two-factor/totp.ts'
import { type Screen, screenOf } from './screen.ts'

/** The application that people on these pages come from. */
export const pictureApplication = 'https://lakeside.example:8443'

const frame: PortalFrame = {
  name: 'Fiona <i>Díaz</i>',
  login: 'fiona.diaz@riverside-dental.example',
  practices: ['Riverside Dental', 'Lakeview & Sons', 'North', 'South', 'East', 'West', 'Hill'],
  brand: null,
  emergencyUntil: null,
  signedIn: false,
  leave: `${pictureApplication}/.gatehouse/access?leave`,
  token: 'a'.repeat(43),
  at: 0,
}
const inside: PortalFrame = { ...frame, signedIn: true }
const only: PortalFrame = {
  ...{ ...inside, practices: ['Riverside <i>Dental</i>'], emergencyUntil: 'Tue 24 Nov 2026, 10:12' },
  brand: { name: 'Riverside <i>Dental</i>', logo: '/logo/riverside' },
}
const key = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const verify: VerifyView = {
  ...{ frame, purpose: 'access', said: null, by: 'app' },
  ...{ app: true, passkey: null, texts: null, strong: false, rememberDays: 0 },
}
const setUp: SetUpView = {
  ...{ frame, key, uri: totpUri(key, 'Riverside Dental', frame.login) },
  ...{ deadline: null, adds: false, passkeys: true, texts: true, said: null },
}
const moments = { enrolledAt: 'Mon 2 Mar 2026, 11:00', lastVerifiedAt: 'Tue 3 Mar 2026, 08:02' }
const telephone = { id: 'fac_1', name: 'Fiona’s <i>phone</i>', method: 'Authenticator app', ...moments }
const manage: ManageView = {
  frame: inside,
  factors: [telephone, { id: 'fac_2', name: 'Passkey', method: 'Passkey', ...moments }],
  recoveryCodesLeft: 7,
  ...{ mayEnrol: true, passkeys: true, texts: true, devices: 2, deadline: null },
  management: `${pictureApplication}/.gatehouse/security-management`,
}
const numbers = [{ id: 'fac_3', name: 'Phone', masked: '•••• 42' }]
const wrong = { what: 'wrong', triesLeft: 4 } as const
const codes = Array.from({ length: 10 }, (_, at) => `7K2M${at}-94QX${at}`)
const deadline = 'Mon 9 Mar 2026, 11:00'
const place = { practice: 'riverside', name: 'Riverside <i>Dental</i>', lasts: '60 minutes', until: null }
const signIn: SignInView = {
  origin: pictureApplication,
  providers: [{ id: 'google', name: 'Google' }],
  password: { token: frame.token, hasLinks: true },
  passkey: { token: frame.token, options: '{}' },
  said: null,
}

const verifyPages: Readonly<Record<string, string>> = {
  verify: verifyPage(verify),
  'verify-again': verifyPage({ ...verify, frame: inside }),
  'verify-wrong': verifyPage({ ...verify, said: wrong }),
  'verify-wait': verifyPage({ ...verify, said: { what: 'wait', until: 420_000 } }),
  'verify-expired': verifyPage({ ...verify, said: { what: 'expired', triesLeft: 2 } }),
  'verify-recovery': verifyPage({ ...verify, said: { what: 'used', triesLeft: 1 }, by: 'recovery' }),
  'verify-change': verifyPage({ ...verify, purpose: 'set-up' }),
  'verify-passkey': verifyPage({ ...verify, passkey: '{"challenge":"<i>"}', rememberDays: 30 }),
  'verify-strong': verifyPage({ ...verify, passkey: '{}', strong: true, said: wrong, by: 'passkey' }),
  'verify-text': verifyPage({ ...verify, app: false, texts: { numbers, sent: null } }),
  'verify-text-sent': verifyPage({
    ...{ ...verify, by: 'text', said: { what: 'sent' }, rememberDays: 30 },
    texts: { numbers, sent: { masked: '•••• 42' } },
  }),
}

const setUpPages: Readonly<Record<string, string>> = {
  'set-up': setUpPage({ ...setUp, deadline }),
  'set-up-wrong': setUpPage({ ...setUp, frame: only, said: wrong }),
  'set-up-new': setUpPage({ ...setUp, adds: true }),
  number: numberPage({ frame, sent: null, said: { what: 'form' }, by: 'number' }),
  'number-sent': numberPage({ frame, sent: { masked: '•••• 42' }, said: wrong, by: 'text' }),
  passkey: passkeyPage({ frame, options: '{}', deadline: null, adds: false, said: null }),
  full: fullPage(frame),
  'not-here': notHerePage(frame, '2001:db8:85a3:8d3:1319:8a2e:370:7348', wrong),
  codes: codesPage({ frame, codes, fresh: 'enrolled', goesOn: true }),
  'codes-new': codesPage({ frame: only, codes, fresh: 'renewed', goesOn: false }),
  renew: renewPage(frame, 7, '1'),
  'shown-already': shownAlreadyPage(only),
  vouching: vouchingPage({ frame, made: true, said: null }),
  'vouching-before': vouchingPage({ frame, made: false, said: wrong }),
}

const ownPages: Readonly<Record<string, string>> = {
  manage: managePage(manage),
  'manage-few': managePage({ ...manage, recoveryCodesLeft: 1 }),
  'manage-none': managePage({ ...manage, factors: [], deadline }),
  'manage-away': managePage({ ...manage, factors: [], mayEnrol: false }),
  factor: factorPage({ frame, factor: telephone, last: false, requiring: [] }),
  'factor-last': factorPage({ frame, factor: telephone, last: true, requiring: ['Lakeview & Sons'] }),
  confirmed: confirmedPage(frame, 2),
}

const account: AccountView = {
  ...{ frame: inside, said: null, factors: 2, recoveryCodesLeft: 7, more: 0 },
  sessions: [
    {
      ...{ id: 'ses_1', device: 'Chrome on Windows', address: '203.0.113.9', held: false, isThis: true },
      ...{ started: 'Tue 24 Nov 2026, 07:58', lastSeen: 'Tue 24 Nov 2026, 09:41' },
      way: 'with a password and a second factor',
    },
    {
      ...{
        id: 'ses_2',
        device: 'Safari on iOS',
        address: '2001:db8:85a3:8d3:1319:8a2e:370:7348',
        held: false,
      },
      ...{ started: 'Mon 23 Nov 2026, 19:12', lastSeen: 'Mon 23 Nov 2026, 22:05', isThis: false },
      way: 'with a passkey',
    },
    {
      ...{ id: 'ses_3', device: 'Unknown device', address: '198.51.100.77', held: true, isThis: false },
      ...{ started: 'Tue 24 Nov 2026, 03:20', lastSeen: 'Tue 24 Nov 2026, 03:20', way: 'with a password' },
    },
  ],
  requests: [
    {
      ...{ title: 'Riverside <i>Dental</i>: outside the hours', status: 'Approved', mark: 'good' },
      notes: ['Asked Mon 23 Nov 2026, 17:40', 'Until Mon 23 Nov 2026, 21:00', 'Please lock up, Olivia'],
    },
    {
      ...{ title: 'Lakeview & Sons: from 198.51.100.0/24', status: 'Pending', mark: 'wait' },
      notes: ['Asked Tue 24 Nov 2026, 08:02'],
    },
  ],
  refusals: [
    {
      ...{
        reason: 'address-not-allowed',
        practice: 'Riverside <i>Dental</i>',
        when: 'Tue 24 Nov 2026, 03:20',
      },
      ...{ address: '198.51.100.77', code: 'GH-7K2M-94QX', count: 3 },
    },
    {
      ...{ reason: 'permission-missing', practice: null, when: 'Mon 23 Nov 2026, 10:11' },
      ...{ address: '203.0.113.9', code: 'GH-2M7K-QX94', count: 1 },
    },
  ],
}
const accountPages: Readonly<Record<string, string>> = {
  account: accountPage(account),
  'account-ended': accountPage({
    ...{ ...account, frame: only, said: '2 sessions have ended.', factors: 0 },
    ...{ sessions: account.sessions.slice(0, 1), requests: [], refusals: [] },
  }),
  'account-full': accountPage({
    ...{ ...account, frame: { ...only, emergencyUntil: null }, more: 3 },
    sessions: Array.from({ length: 10 }, (_, at) => ({ ...account.sessions[1]!, id: `ses_${at}` })),
    requests: Array.from({ length: 15 }, () => account.requests[0]!),
    refusals: Array.from({ length: 10 }, () => account.refusals[0]!),
  }),
}

const otherPages: Readonly<Record<string, string>> = {
  'sign-in': signInPage(signIn),
  'sign-in-wrong': signInPage({ ...signIn, passkey: null, providers: [], said: readSignInSaid('wrong') }),
  'password-link': passwordLinkPage({ token: frame.token, isAsked: false }),
  'password-link-sent': passwordLinkPage({ token: frame.token, isAsked: true }),
  password: passwordPage({ ...frame, said: 'Use at least 12 characters.' }),
  'password-set': passwordSetPage(),
  'no-link': noLinkPage(),
  emergency: emergencyPage(frame, [place, { ...place, practice: 'hill', name: 'Hill' }], null),
  'emergency-one': emergencyPage(frame, [place], 'Please say what the emergency is.'),
  'emergency-on': emergencyOnPage(frame, [{ ...place, until: 'Tue 24 Nov 2026, 09:12' }]),
  'emergency-not': noEmergencyPage(frame, 'You need a second factor for it, and none is set up.'),
  ticket: plain.ticketPage(),
  over: plain.overPage(),
  'no-tries': plain.noTriesPage(),
  'not-ours': plain.notOursPage(),
  'too-weak': plain.tooWeakPage(),
  'too-often': plain.tooOftenPage(12),
  'signed-out': plain.signedOutPage(),
  away: plain.awayPage(),
  mistake: plain.mistakePage(),
  nowhere: plain.nowherePage(),
}

const answers = createAnswers(false)

const screenFor = ([name, html]: readonly [string, string]): Screen => {
  const script = [passkeyScript, codesScript].find(({ tag }) => html.includes(String(tag)))
  const answer = answers.page(200, html, {
    elsewhere: pictureApplication,
    ...(script === undefined ? {} : { script }),
  })
  return screenOf(`portal-${name}`, answer, html)
}

/** All of them. */
export const portalScreens: readonly Screen[] = Object.entries({
  ...verifyPages,
  ...setUpPages,
  ...ownPages,
  ...accountPages,
  ...otherPages,
}).map(screenFor)
