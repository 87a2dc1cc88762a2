/**
 * The sentences of the gateway's own pages: hours, requests for access, the way to the second factor, one's practices.
 *
 * Words only; labels are in `texts-labels.ts`, words for reasons in `texts.ts`. Invariant: what a page
 * promises ("goes on by itself") is true with script and without.
 */
import { html } from 'hono/html'
import { worksOn } from './texts.ts'

/** Hours. */
export const hoursTexts = {
  week: 'Your approved times this week',
  neverAgain:
    'These hours do not begin again by themselves: ask the person who manages access at your practice.',
  goesOn: 'You can leave this page open: it goes on by itself when access opens.',
} as const

/** Requests for access. */
export const accessTexts = {
  title: 'Ask for access',
  titleFor: (name: string | null): string => (name === null ? 'Ask for access' : `Ask for access to ${name}`),
  held: 'Your sign-in was right and waits here.',
  elsewhere: 'Where you can work meanwhile',
  back: 'Your practices',
  approved: 'Somebody has said yes, but your sign-in could not be kept until now.',
  sent: 'Your request was sent. You can leave this page open: it goes on by itself when somebody says yes.',
  askMore: 'Ask for another practice too',
  askAgain: (when: string): string => `You may ask again ${when}.`,
  contact: (whom: string): string => `To get access, contact ${whom}.`,
  /** Why an earlier request counts no more, by what became of it. */
  gone: {
    expired: 'Nobody decided on your last request in time. You may ask again.',
    lapsed: 'Your approval has ended. You may ask again.',
    withdrawn: 'Your approval was taken back. You may ask again.',
    takenBack: 'You took your request back. You may ask again.',
  },
  tooManyOpen: (most: number): string =>
    `At most ${most} requests may wait at once. Wait until one of yours is decided.`,
  tooManyToday: (most: number): string => `At most ${most} requests a day are taken. Try again tomorrow.`,
  tooManyFromNetwork: 'Too many requests came from your network just now. Try again in an hour.',
  notTaken: (whom: string | null): string =>
    whom === null ? 'No requests are taken here.' : `No requests are taken here: ask ${whom}.`,
  rejectedLately: 'Your request was rejected a short while ago. Ask again later.',
  signInFirst: 'Sign in again to ask for access.',
  noPractice: 'Choose at least one practice.',
  noReason: 'Write a few words on why you need access.',
  longReason: (most: number): string => `Use at most ${most} characters for the reason.`,
} as const

/** Between a sign-in and its second factor. */
export const factorTexts = {
  go: 'That is done on a page of its own, which opens by itself.',
  missing: 'Your second factor was confirmed, but it is not enough for this.',
  graceTitle: (deadline: string | null): string => `Set up your second factor by ${deadline ?? 'soon'}`,
  grace:
    'Your practice asks for a second factor from then on: a code from an app on your telephone, besides your password.',
  graceNext: (left: string | null): string =>
    `It takes about two minutes. ${left === null ? '' : `You have ${left} left. `}Without it you cannot sign in after that.`,
  lateTitle: 'That took too long: try again',
  late: 'What you confirmed has to arrive here within a minute, and counts once, in the browser where you began.',
  away: `The page for it could not be reached. ${worksOn} Nothing of yours is lost: this page tries again by itself.`,
  again: 'Your second factor is confirmed, but your sign-in has waited too long to go on by itself.',
  leave: 'What you have begun here ends, and the sign-in page opens.',
} as const

/** One's practices. */
export const practicesTexts = {
  open: 'Access allowed now',
  step: 'After your second factor',
  closed: (until: string | null): string => (until === null ? 'Closed' : `Closed until ${until}`),
  network: 'Not from this network',
  other: 'Not possible now',
  ask: 'Ask for access',
  to: (name: string): string => `to ${name}`,
  none: 'Your account belongs to no practice here. Ask the person who manages access at your practice.',
  summary: (open: number, all: number): string => {
    if (all === 1) return open === 1 ? 'It can be opened now.' : 'It cannot be opened just now.'
    if (open === 0) return 'None of them can be opened just now.'
    return open === all ? 'All of them can be opened now.' : `${open} of ${all} can be opened now.`
  },
} as const

/** The way to Security Management. */
export const managementTexts = {
  way: (href: string) => html`You look after access here. <a href="${href}">Open Security Management</a>`,
  away: [
    `Security Management cannot be reached at the moment. ${worksOn}`,
    'This is usually over in a few seconds. The page tries again by itself.',
  ],
} as const

/** Refusals, beside the words for their reason. */
export const refusalTexts = {
  entryNotSent: () =>
    html`<strong>What you entered was not sent.</strong> Go back with your browser to keep it.`,
  permissions: (count: number): string =>
    count === 1 ? 'The permission that is missing' : 'Permissions, one of which is missing',
  missing: (names: readonly string[]): string =>
    `This needs ${names.length === 1 ? 'the permission' : 'one of the permissions'} ${names.map((name) => `“${name}”`).join(', ')}, which your role does not have.`,
  perhapsNotSaved: 'What you entered may not have been saved.',
  problems: 'Programs that are refused get a problem document (RFC 9457) with one of these types.',
} as const
