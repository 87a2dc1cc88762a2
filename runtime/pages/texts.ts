/**
 * The words for each reason: what happened, why, and what to do next. One catalogue for pages and problem documents.
 *
 * Facts of one refusal (an address, a permission's name) are not here; pages put them beside these sentences.
 * Invariant: every reason has words, kind ones: the reader is somebody who wants to start work.
 */
import type { Reason } from '../../policies/decision.ts'

/** The words for one reason. `title` is a heading; `why` and `next` are whole sentences. */
export type ReasonText = { readonly title: string; readonly why: string; readonly next: string }

/** The heading of every page that waits for the control plane, which no request that is forwarded waits for. */
export const awayTitle = 'Not possible right now'

/** The same where it is signing in that waits. */
export const signInAwayTitle = 'Signing in is not possible right now'

/** What all of them say, so that nobody thinks that the whole practice stands still. */
export const worksOn = 'Work in the practice application goes on for everybody who is signed in.'

const signInAgain = 'Sign in again to go on.'
const wait = 'This is usually over in a few seconds. Try again in a moment.'
const askAdmin = 'If you need it for your work, ask the person who manages access at your practice.'

/** The words for each reason. */
export const reasonTexts: Readonly<Record<Reason, ReasonText>> = {
  ok: { title: 'Access is allowed', why: 'Nothing stands in the way.', next: 'Go on with your work.' },
  'identity-unavailable': {
    title: 'Not possible right now',
    why: 'The practice application could not be asked who you are.',
    next: wait,
  },
  'not-signed-in': { title: 'Please sign in', why: 'You are not signed in.', next: 'Sign in to go on.' },
  'sign-in-held': {
    title: 'One more step',
    why: 'Your sign-in is waiting for a step to be finished.',
    next: 'Finish the step, or sign in as someone else.',
  },
  'session-revoked': {
    title: 'Your access was ended',
    why: 'An administrator of the practice ended your access.',
    next: signInAgain,
  },
  'session-ended': { title: 'You are signed out', why: 'This session has ended.', next: signInAgain },
  'user-suspended': {
    title: 'Your account is suspended',
    why: 'An administrator of the practice suspended your account.',
    next: 'Only the practice can lift this: please contact the person who manages access.',
  },
  'session-idle': {
    title: 'You were away for a while',
    why: 'The session ended because it was not used for some time.',
    next: signInAgain,
  },
  'session-expired': {
    title: 'Your session has run out',
    why: 'A session lasts only so long, however busy it is.',
    next: signInAgain,
  },
  'network-changed': {
    title: 'Your network has changed',
    why: 'The session belongs to the network it was started from.',
    next: 'Sign in again from where you are now.',
  },
  'practice-unknown': {
    title: 'This practice is not known here',
    why: 'The practice asked for is not set up.',
    next: askAdmin,
  },
  'practice-retired': {
    title: 'This practice is no longer at Gatehouse',
    why: 'Gatehouse does not look after the access to this practice any more, so nobody comes in here.',
    next: 'Ask the practice where its application is to be found now.',
  },
  'not-a-member': {
    title: 'This practice is not yours',
    why: 'Your account does not belong to the practice you asked for.',
    next: askAdmin,
  },
  'token-revoked': {
    title: 'The service token was revoked',
    why: 'An administrator revoked this token.',
    next: 'Ask for a new one.',
  },
  'token-expired': {
    title: 'The service token has expired',
    why: 'A token lasts a year at most.',
    next: 'Ask for a new one.',
  },
  'token-out-of-scope': {
    title: 'The service token does not cover this',
    why: 'This token is for other addresses or methods.',
    next: 'Ask the token’s owner to widen its scope.',
  },
  'address-not-allowed': {
    title: 'Access is restricted to approved networks',
    why: 'Your practice allows access from approved networks only, and the one you are on is not among them.',
    next: 'Try again from the office, or ask the person who manages access at your practice to approve this network.',
  },
  'outside-time-window': {
    title: 'Access restricted',
    why: 'Access is currently restricted: your practice allows it at certain hours only.',
    next: 'Come back when the hours begin.',
  },
  'timetable-exhausted': {
    title: 'Not possible right now',
    why: 'The access hours could not be checked.',
    next: wait,
  },
  'two-factor-not-enrolled': {
    title: 'Set up a second factor',
    why: 'Your practice asks for a second factor, and none is set up yet.',
    next: 'Set one up to go on.',
  },
  'two-factor-not-verified': {
    title: 'Confirm that it is you',
    why: 'Your practice asks for a second factor.',
    next: 'Confirm it to go on.',
  },
  'two-factor-too-old': {
    title: 'Confirm again that it is you',
    why: 'This part asks for a recent second factor.',
    next: 'Confirm it again to go on.',
  },
  'two-factor-too-weak': {
    title: 'A stronger second factor is needed',
    why: 'This part asks for a passkey.',
    next: 'Confirm with a passkey to go on.',
  },
  'permission-missing': {
    title: 'Your role does not include this',
    why: 'What you opened needs a permission that your role does not have.',
    next: askAdmin,
  },
  'route-unmapped': {
    title: 'This page is not open yet',
    why: 'The page is not assigned to any permission.',
    next: askAdmin,
  },
}
