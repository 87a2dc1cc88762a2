/**
 * The sentences of the pages of signing in, of setting a password, and of the portal's pages without anybody.
 *
 * Words only; labels are in `texts-labels.ts`. Invariant: none names a person or tells whether there is
 * such a login name, and each page without anybody says what to do next.
 */
import { html } from 'hono/html'
import { awayTitle, worksOn } from './texts.ts'

/** What became of a try to sign in, by the word in the address. */
export const signInSaidTexts = {
  cancelled: 'Nobody was signed in there. You can try again.',
  refused:
    'The answer that came back could not be trusted, so nobody was signed in. Please try again from here.',
  'not-verified':
    'Your e-mail address there is not verified. Verify it there first, or use another account, then try again.',
  'not-allowed': 'That account is not one of your practice’s. Use the account that your practice gave you.',
  away: 'The sign-in cannot be reached just now. Please try again in a moment.',
  'no-passkey':
    'Nobody was signed in with that passkey. Try again, or use another way; if it goes on, ask the person who manages access at your practice.',
  wrong:
    'That login name and that password do not belong together. Check both, and whether Caps Lock is on, then try again.',
} as const

/** The page of signing in, and the one that asks for a link. */
export const signInTexts = {
  goOn: (host: string) => html`Sign in to go on to <strong>${host}</strong>.`,
  tooMany: (minutes: number): string =>
    `There were too many tries. Wait ${minutes === 1 ? 'a minute' : `${minutes} minutes`}, then try again.`,
  askForLink: 'No password yet, or forgotten? Ask the person who manages access at your practice for a link.',
  notYou: 'Did you not just open this application? Then close this page.',
  linkOnItsWay:
    'If that login name is an e-mail address that your practice knows, a link is on its way to it. It works once, for half an hour.',
  noLinkCame:
    'Nothing came? Look among unwanted mail, then ask the person who manages access at your practice.',
  linkGoes: 'A link to set your password goes to your e-mail address, if it is your login name.',
} as const

/** The pages of setting a password. */
export const passwordTexts = {
  whose: (name: string, login: string) => html`This is the password of <strong>${name}</strong> (${login}).`,
  rules: (least: number): string =>
    `At least ${least} characters. A few words that do not belong together are easy to keep and hard to guess. Your own name and your practice’s must not be in it.`,
  signsOut: 'All places where you are signed in are signed out by this.',
  set: 'You are signed out everywhere. Open your practice application and sign in with the new password.',
  factorStays:
    'If your practice asks for a second factor, it still does: the password changed nothing about that.',
  noLink: 'A link to set a password works once, for half an hour, and no longer once a password was set.',
  noLinkNext: 'Ask for a new one where you sign in, or the person who manages access at your practice.',
  tooShort: (least: number): string =>
    `Use at least ${least} characters: a few words that do not belong together are easy to keep.`,
  tooLong: (most: number): string => `Use at most ${most} characters.`,
  ownName: 'Leave out your own name, your login name and the name of your practice: they are tried first.',
  common:
    'That password is among the first that are tried: common words, rows of keys and years. Use a few words that do not belong together.',
  differ: 'The two fields differ. Type the same password twice.',
} as const

/** Where nothing else helps but beginning again. */
const goBack = 'Go back to your practice application and try again: it will bring you here once more.'

/** The portal's pages without anybody: a heading and sentences. */
export const portalPageTexts = {
  ticket: {
    title: 'This link no longer works',
    sentences: [
      'A link to this page works once, and only for half a minute. This one was used already, or it is too old.',
      goBack,
      'If somebody sent you this link, do not use it.',
    ],
  },
  over: {
    title: 'This step is over',
    sentences: ['It was finished already, or more than ten minutes have passed since you came here.', goBack],
  },
  noTries: {
    title: 'Too many wrong codes',
    sentences: [
      'None of the codes was right, so this step has ended. Nothing was changed.',
      `${goBack} If you do not have your phone at hand, use a recovery code then.`,
    ],
  },
  notOurs: {
    title: 'Nothing was done',
    sentences: ['That form was not sent by this page, or the page had become too old.', goBack],
  },
  tooWeak: {
    title: 'A stronger second factor is needed',
    sentences: [
      'The part you opened asks for a passkey. A code from an authenticator app does not suffice there.',
      'Go back to your practice application. If you need this for your work, ask the person who manages access at your practice.',
    ],
  },
  signedOut: {
    title: 'You are signed out everywhere',
    sentences: [
      'Every session of yours has ended, on every device, in every practice of yours.',
      'Open your practice application and sign in again. If somebody else may know your password, change it first.',
    ],
  },
  away: {
    title: awayTitle,
    sentences: [
      `This cannot be done at the moment, and nothing was changed. ${worksOn}`,
      'This is usually over in a few seconds. The page tries again by itself.',
    ],
  },
  mistake: {
    title: 'Something went wrong',
    sentences: ['That was a mistake of ours, and it has been logged.', goBack],
  },
  nowhere: { title: 'There is no such page', sentences: ['This address leads nowhere.', goBack] },
} as const

/** Too many came from one network: what to do. `afterS`: when to come again, in seconds. */
export const tooManyPeopleTexts = (afterS: number): readonly string[] => [
  'Too many people came here from your network at once.',
  `Wait ${afterS === 1 ? 'a second' : `${afterS} seconds`}, then go back to your practice application and try again.`,
]
