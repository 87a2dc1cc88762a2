/**
 * The sentences of "My sessions and security" and of emergency access.
 *
 * Words only; labels are in `texts-labels.ts`. Invariant: whoever is offered emergency access reads first
 * what it lifts, and that everybody who manages access is told.
 */
import { html } from 'hono/html'

/** "My sessions and security". */
export const accountTexts = {
  /** How somebody signed in, after "Signed in …, ". */
  ways: {
    'app-password': 'with a password',
    'app-callback': 'by the application',
    adopted: 'before Gatehouse was there',
    token: 'with a token of the application',
    'own-password': 'with a password',
    'own-passkey': 'with a passkey',
    'own-oidc': 'by another provider',
    'trusted-header': 'by an identity proxy',
  },
  more: (count: number): string =>
    `And ${count === 1 ? 'one more' : `${count} more`} that you used longer ago.`,
  unknownSession: 'One that you do not know? End it, then change your password.',
  codesLeft: (left: number): string => `${left} of 10 recovery codes are left.`,
  noRequests:
    'You have asked for nothing. Where your practice takes requests, you can ask when you are refused for where or when you work.',
  noRefusals: 'Nothing was refused to you.',
  refusals:
    'With its reference, the person who manages access can see why. Something you do not remember may have been somebody else.',
  ended: (count: number): string => {
    if (count === 0) return 'That session had ended already.'
    return count === 1 ? 'The session has ended.' : `${count} sessions have ended.`
  },
} as const

/** Emergency access: the pages of it, and what other pages say of it. */
export const emergencyTexts = {
  offer: (href: string) =>
    html`Urgent care, and nobody to ask? <a href="${href}">Use emergency access</a>: it opens for a while, needs your second factor, and everybody who manages access is told.`,
  on: (until: string) =>
    html`<strong>You are using emergency access until ${until}.</strong> Everybody who manages access was told.`,
  what: 'For urgent care, when you cannot wait for somebody to approve you. The rules for networks and hours are lifted for you for a while; your second factor and your permissions hold as ever.',
  told: () =>
    html`<strong>Every security admin of the practice is told now</strong>, with your reason, and it is reviewed later.`,
  wereTold: 'Every security admin was told. Whoever manages access can end it earlier.',
  call: 'Call the person who manages access at your practice.',
  noReason: 'Say in a few words what the emergency is.',
  noFactor: 'It needs a second factor that is set up already, and you have none.',
  notOpen: 'It is not open to you at your practice.',
  unknown: 'This practice is not known here.',
  closed: 'Emergency access is not open to you here.',
  tooOften: (practice: string, most: number): string =>
    `You have used emergency access at ${practice} ${most} times within a week. Call the person who manages access.`,
} as const
