/**
 * What goes wrong at the step of a held sign-in, in public words.
 *
 * Words only: when each is said is `access-step.ts`'s. Invariant: none tells anything about a person or a practice.
 */
import { awayTitle, worksOn } from '../runtime/pages/texts.ts'
import type { Failure } from './refusal.ts'

/** The control plane could not be asked. */
export const away: Failure = {
  status: 503,
  title: awayTitle,
  sentence: `This could not be done just now. ${worksOn} Please go back and try again in a moment.`,
  retryAfterMs: 5_000,
}
/** The form was not made by this page. */
export const notOurs: Failure = {
  status: 403,
  title: 'This was not sent',
  sentence: 'The form did not come from this page. Please open the page again and send it from there.',
}
/** A script asked for what is a page. */
export const notAPage: Failure = {
  status: 400,
  title: 'This is a page',
  sentence: 'Only a browser’s own navigation goes on here: open this address as a page.',
}
/** More often than a person reloads. */
export const tooOften: Failure = {
  status: 429,
  title: 'A moment, please',
  sentence: 'This page was asked for too often. It goes on in a minute.',
  retryAfterMs: 60_000,
}
/** The knowledge to judge by is too old. */
export const stale: Failure = {
  status: 503,
  title: 'Not available just now',
  sentence: 'Access rules could not be checked just now. This page tries again by itself.',
  retryAfterMs: 5_000,
}
