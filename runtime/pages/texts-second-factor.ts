/**
 * The sentences of the pages of the second factor: asking for one, setting one up, looking after those one has.
 *
 * Words only, with the facts of a page put in where they are given; labels are in `texts-labels.ts`.
 * Invariant: a sentence is whole here, so that it can be read, judged and said in another language; none tells a secret.
 */
import { html } from 'hono/html'

/** What is said about a code that was sent, by which one it was. */
export const codeTexts = {
  wrong: {
    app: 'That is not the code your app shows now.',
    recovery: 'That is none of your recovery codes.',
    passkey: 'That passkey did not work here.',
    admission: 'That is not the code you were given.',
    text: 'That is not the code we sent you.',
    number: 'That is not the code we sent to this number.',
  },
  used: {
    app: 'That code was used already. Wait for the next one: it comes within 30 seconds.',
    recovery: 'That recovery code was used already; each works once.',
    passkey: 'That was used already.',
    admission: 'That code was used already; it works once. Ask for a new one.',
    text: 'That code was used already; it works once. Have a new one sent.',
    number: 'That code was used already; it works once. Have a new one sent.',
  },
  expired: {
    app: 'That code has run out, or the clock of your phone is off. Enter the one that is shown now; if this goes on, let your phone set its time by itself.',
    recovery: 'That recovery code no longer counts.',
    passkey: 'That took too long.',
    admission: 'That code has run out. Ask for a new one.',
    text: 'That code has run out: each works for five minutes. Have a new one sent.',
    number: 'That code has run out: each works for five minutes. Have a new one sent.',
  },
  shapeless: {
    app: 'Enter the six digits that your app shows.',
    recovery: 'Enter one of your recovery codes as you wrote it down.',
    passkey: 'Nothing came from your passkey. Please try again.',
    admission: 'Enter the 16 letters and digits that you were given.',
    text: 'Enter the six digits that we sent you.',
    number: 'Enter your number with + and the code of its country, for example +1 555 0100.',
  },
  sent: 'A code is on its way. It can take a minute.',
  unsent: 'No code could be sent just now. Try again in a minute, or use another way.',
  tooOften: 'That was too often.',
  tooManyWrong: 'Too many wrong codes.',
} as const

/** How many tries are left. */
export const triesText = (left: number): string => {
  if (left === 0) return 'No try is left: go back to your practice application and start again.'
  return left === 1 ? 'One try is left.' : `${left} tries are left.`
}

/** When the next try counts. `ms`: until then. */
export const waitText = (ms: number): string => {
  if (ms <= 0) return 'You can try again now.'
  const minutes = Math.ceil(ms / 60_000)
  if (minutes === 1) return 'Try again in a minute.'
  return minutes <= 90 ? `Try again in ${minutes} minutes.` : `Try again in ${Math.ceil(minutes / 60)} hours.`
}

/** What several of these pages say. */
export const factorPartTexts = {
  notYou: 'Is this not you?',
  notYouYet: 'Is this not you, or did you not just sign in? Then enter nothing here.',
  deviceName: 'So that you know it again, for example “My phone”. You can leave it empty.',
  noScript:
    'A passkey needs JavaScript, which is switched off in this browser. Switch it on for this page, or use another way.',
  whyOne: 'With one, a stolen password alone no longer opens your account.',
  noCodesLeft: 'No recovery code is left.',
  changes: 'It changes every 30 seconds.',
  appInstead: 'Set up an authenticator app instead',
} as const

/** What the script of a passkey says. */
export const passkeyTexts = {
  existing: 'This device has a passkey for you already.',
  unconfirmed: 'Nothing was confirmed. You can try again, or use another way.',
  wrongAddress: 'Passkeys do not work at this address. Use another way.',
  notInBrowser: 'This browser cannot use passkeys. Use another way.',
  failed: 'Your passkey could not be used. Try again, or use another way.',
} as const

/** The page that asks for a second factor. */
export const verifyTexts = {
  before: {
    'recovery-codes': 'Before new recovery codes are made, confirm that it is you.',
    'set-up': 'Before another authenticator app is set up, confirm that it is you.',
    passkey: 'Before a passkey is set up, confirm that it is you.',
    text: 'Before a number is set up, confirm that it is you.',
    factor: 'Before anything of your second factor is changed, confirm that it is you.',
  },
  strong: 'The part you opened asks for your passkey. A code does not suffice there.',
  again: 'The part you opened asks for your second factor again.',
  first: 'Your password was right. Your practice asks for a second factor too.',
  remember: (days: number): string =>
    `Do not ask again in this browser for ${days === 1 ? 'a day' : `${days} days`}. Leave this empty on a computer that others use.`,
  appCode: (isFirst: boolean): string =>
    `${isFirst ? 'Enter' : 'Or enter'} the 6-digit code from your authenticator app`,
  recovery: 'One of the ten that you kept when you set up your second factor. Each works once.',
  noRecovery:
    'No code left either? Ask the person who manages access at your practice to reset your second factor.',
} as const

/** The pages that set up an authenticator app or a passkey. */
export const setUpTexts = {
  picture: 'QR code with the key that is written below',
  oneMore: 'What you have set up stays as it is. Remove a device that you no longer have afterwards.',
  why: 'Your password alone no longer opens your account: besides it something is asked for that only you have with you.',
  by: (deadline: string) => html`Please set it up by <strong>${deadline}</strong>.`,
  passkeyInstead:
    'Does this device unlock with your finger, your face or a code? Then a passkey is quicker, and no look-alike page can coax it out of you:',
  passkeyLink: 'set up a passkey instead',
  noSmartphone: 'No smartphone?',
  textsInstead: 'Have codes sent by text message',
  onThatPhone: 'Are you on that phone?',
  openKey: 'Open the key in the app',
  openApp: '1. Open an authenticator app on your phone',
  anyApp:
    'Any will do, for example Google Authenticator, Microsoft Authenticator or the password app that your phone has.',
  scan: '2. Add an account by scanning this picture',
  typeKey: 'If you cannot scan it, choose to enter a key in the app and type this one:',
  appCode: 'Enter the 6-digit code that the app shows now',
  passkey:
    'A passkey stays on your device, or in the account that keeps your passwords. You use it as you unlock the device: with your finger, your face or its code. Nothing of that leaves the device.',
  admissionField: 'Code from the person who manages access',
  admission: '16 letters and digits. It works once.',
  notHereTitle: 'This has to be set up at the practice',
  notHere:
    'Your practice asks for a second factor. It can be set up only from a network that your practice has approved, and the one you are on is not among them.',
  notHereNext:
    'Sign in from the practice once and set it up there, or ask the person who manages access to approve this network, or to give you a code.',
  full: 'Nobody can have more than ten second factors. Remove one that you no longer use first.',
} as const

/** The pages of recovery codes. */
export const recoveryCodesTexts = {
  enrolled: 'Your second factor is set up.',
  renewed: 'Here are your new recovery codes. The old ones no longer work.',
  keep: () =>
    html`If your device is lost or broken, one of these codes lets you in instead. Each works once. <strong>They are shown only now:</strong> print them, save them or write them down, and keep them away from that device.`,
  file: (name: string, login: string): string => `Recovery codes of ${name} (${login}). Each works once.`,
  renew: (left: number): string =>
    `Ten new codes are made and shown once. ${
      left === 0 ? '' : `The ${left === 1 ? 'one' : left} that you still have will no longer work.`
    }`,
  shown:
    'Recovery codes are shown once. If you have kept them, go on. If not, make new ones: those you did not keep will then no longer work.',
  copied: 'The codes are copied.',
  notCopied: 'They could not be copied: select them by hand.',
} as const

/** Codes by text message. */
export const numberTexts = {
  sentTo: (masked: string): string => `The 6-digit code that was sent to ${masked}`,
  counts: 'It counts for five minutes, once.',
  title: 'Set up codes by text message',
  why: 'At each sign-in a code is sent to your phone. An authenticator app or a passkey is safer: a message can be read by others, or led away.',
  number:
    'With + and the code of its country, for example +1 555 0100. Your operator may charge for messages.',
  notYours: 'Not your number, or nothing came?',
} as const

/** The page of one's own second factors, and of one of them. */
export const manageTexts = {
  codesFew: (left: number): string =>
    `${
      left === 0
        ? 'No recovery code is left.'
        : left === 1
          ? 'Only one recovery code is left.'
          : `Only ${left} recovery codes are left.`
    } Make new ones, so that you get in without your device too.`,
  remembered: (devices: number): string =>
    `${devices === 1 ? 'One browser is' : `${devices} browsers are`} not asked for your second factor at each sign-in.`,
  none: 'You have no second factor yet. With one, a stolen password alone no longer opens your account.',
  by: (deadline: string) => html`Your practice asks for one by <strong>${deadline}</strong>.`,
  notHere:
    'It can be set up only from a network that your practice has approved, and the one you are on is not among them.',
  codeGiven: 'I was given a code for it',
  signOut:
    'Ends every session of yours on every device, this one too: for when a device was lost, or somebody may have used your account.',
  onlyOneAsked: (requiring: readonly string[]): string =>
    `This is your only one, and ${requiring.join(' and ')} ${requiring.length === 1 ? 'asks' : 'ask'} for a second factor. Set up another one first, then you can remove this.`,
  onlyOne:
    'This is your only one. Without it your password alone opens your account, and your recovery codes go too. Browsers that are remembered will ask again.',
  oneOfSeveral:
    'It will no longer work for signing in. Your other second factors stay. Browsers that are remembered will ask again.',
  confirmed: 'It is confirmed that it is you.',
} as const

/** The page for a passkey that counts as a code so far. */
export const vouchingTexts = {
  madeTitle: 'Your passkey has to be vouched for',
  title: 'Somebody has to vouch for your passkey',
  made: 'Your passkey works, but for now it counts as much as a code does. The part you opened asks for more.',
  madeWhy:
    'It was made after a code or a password, and a look-alike page can coax those out of people and make a passkey of its own. So somebody has to vouch for it once.',
  none: 'The part you opened asks for a passkey, and you have none yet that counts there.',
  noneWhy:
    'A look-alike page can coax codes and passwords out of people and make a passkey of its own. So somebody has to vouch for yours once.',
  ask: 'Ask the person who manages access at your practice for a code, and enter it here, or',
  approved: (made: boolean): string =>
    `${made ? 'use this passkey' : 'make it'} once from a network that your practice has approved, or`,
  another: 'if you have another passkey that counts there already, show that one first.',
  withoutCode: 'Set up a passkey without a code',
  countsAsCode: 'It counts as a code until somebody vouches for it.',
} as const
