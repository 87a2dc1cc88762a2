/**
 * The epoch that a session carries in a practice: which revocations it has outlived.
 *
 * Raising and comparing epochs is done where people are judged and revoked. Invariant: only what the session's own record
 * says counts, since practices are named by others and one may be called `constructor`: what an object inherits is no
 * number, compares as neither less nor more, and would pass for one that no revocation reached.
 */
import type { PracticeId } from '../../policies/access-request.ts'

/** The epoch of a session in this practice; 0 where it carries none, so that any revocation is later. */
export const epochIn = (epochs: Readonly<Record<PracticeId, number>>, practice: PracticeId): number =>
  Object.hasOwn(epochs, practice) ? (epochs[practice] ?? 0) : 0
