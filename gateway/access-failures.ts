/**
 * What goes wrong at the step of a held sign-in: each with its status and how soon to come again.
 *
 * The words are the catalogue's; when each is said is `access-step.ts`'s. Invariant: none depends on a person or a practice.
 */
import { failureTexts } from '../runtime/pages/texts-failures.ts'
import type { Failure } from './refusal.ts'

/** The control plane could not be asked. */
export const away: Failure = {
  status: 503,
  ...failureTexts.away,
  retryAfterMs: 5_000,
}
/** The form was not made by this page. */
export const notOurs: Failure = {
  status: 403,
  ...failureTexts.notOurs,
}
/** A script asked for what is a page. */
export const notAPage: Failure = {
  status: 400,
  ...failureTexts.notAPage,
}
/** More often than a person reloads. */
export const tooOften: Failure = {
  status: 429,
  ...failureTexts.tooOften,
  retryAfterMs: 60_000,
}
/** The knowledge to judge by is too old. */
export const stale: Failure = {
  status: 503,
  ...failureTexts.stale,
  retryAfterMs: 5_000,
}
