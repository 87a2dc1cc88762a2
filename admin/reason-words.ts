/**
 * Each reason in words for admins, as the end of a sentence: "was refused …: the permission is missing".
 *
 * Not what the refused person reads (`runtime/pages/texts.ts`), and not why in this practice's own labels (`explain`
 * says that). Invariant: every reason of the closed set has its words.
 */
import type { Reason } from '../policies/decision.ts'

const words: Readonly<Record<Reason, string>> = {
  ok: 'nothing',
  'identity-unavailable': 'the application did not say who it was',
  'not-signed-in': 'nobody was signed in',
  'sign-in-held': 'the sign-in waits for a step',
  'session-revoked': 'an admin ended the access',
  'session-ended': 'the session had ended',
  'user-suspended': 'the user is suspended',
  'session-idle': 'the session was idle for too long',
  'session-expired': 'the session was too old',
  'network-changed': 'the session came from another network',
  'practice-unknown': 'the practice is not known',
  'practice-retired': 'the practice is no longer at Gatehouse',
  'not-a-member': 'the user is no member of this practice',
  'token-revoked': 'the service token was revoked',
  'token-expired': 'the service token has expired',
  'token-out-of-scope': 'the service token does not cover this',
  'address-not-allowed': 'the address is not on the allowlist',
  'timetable-exhausted': 'the timetable needs to be compiled anew',
  'outside-time-window': 'it was outside the allowed hours',
  'two-factor-not-enrolled': 'two-factor is required and not set up',
  'two-factor-not-verified': 'a second factor was needed',
  'two-factor-too-old': 'a fresh second factor was needed',
  'two-factor-too-weak': 'a stronger second factor was needed',
  'permission-missing': 'the permission is missing',
  'route-unmapped': 'the route has no permission set',
}

const isReason = (text: string): text is Reason => Object.hasOwn(words, text)

/** The words of a stored reason; one that this build does not know stands as it is. */
export const reasonWords = (reason: string): string => (isReason(reason) ? words[reason] : reason)
