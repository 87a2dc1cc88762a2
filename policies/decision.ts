/**
 * What `decide` answers: the closed set of verdicts, controls and reasons, and the decision itself.
 *
 * It is not the sentence a person reads (that is the page catalogue's) and not the act of refusing (the
 * gateway's). Every reason belongs to exactly one control and one verdict, so that a reason alone tells what
 * may cure it. An open set of strings was refused: a switch over reasons must be exhaustive.
 */
import type { Instant } from './instant.ts'

/** `permit`: forward. `challenge`: the subject can cure it now. `deny`: it cannot. `unavailable`: not known. */
export type Verdict = 'permit' | 'challenge' | 'deny' | 'unavailable'

/** The five things enforced, named the same everywhere (SPEC, People). */
export type Control = 'session' | 'ip' | 'time' | 'two-factor' | 'permission'

/** How a control acts: not at all, recorded only, or for real. `session` is always enforced. */
export type ControlMode = 'off' | 'monitor' | 'enforce'

/** The number of a saved policy document of one practice; grows by one at each save. */
export type Revision = number

/**
 * Each reason with its control and verdict. `ok` has no control. Order is that of the gates (DESIGN §4).
 */
export const reasons = {
  ok: { control: null, verdict: 'permit' },
  'identity-unavailable': { control: 'session', verdict: 'unavailable' },
  'not-signed-in': { control: 'session', verdict: 'challenge' },
  'sign-in-held': { control: 'session', verdict: 'challenge' },
  'session-revoked': { control: 'session', verdict: 'challenge' },
  'session-ended': { control: 'session', verdict: 'challenge' },
  'user-suspended': { control: 'session', verdict: 'deny' },
  'session-idle': { control: 'session', verdict: 'challenge' },
  'session-expired': { control: 'session', verdict: 'challenge' },
  'network-changed': { control: 'session', verdict: 'challenge' },
  'practice-unknown': { control: 'session', verdict: 'deny' },
  'practice-retired': { control: 'session', verdict: 'deny' },
  'not-a-member': { control: 'session', verdict: 'deny' },
  'token-revoked': { control: 'session', verdict: 'deny' },
  'token-expired': { control: 'session', verdict: 'deny' },
  'token-out-of-scope': { control: 'session', verdict: 'deny' },
  'address-not-allowed': { control: 'ip', verdict: 'deny' },
  'timetable-exhausted': { control: 'time', verdict: 'unavailable' },
  'outside-time-window': { control: 'time', verdict: 'deny' },
  'two-factor-not-enrolled': { control: 'two-factor', verdict: 'challenge' },
  'two-factor-not-verified': { control: 'two-factor', verdict: 'challenge' },
  'two-factor-too-old': { control: 'two-factor', verdict: 'challenge' },
  'two-factor-too-weak': { control: 'two-factor', verdict: 'challenge' },
  'permission-missing': { control: 'permission', verdict: 'deny' },
  'route-unmapped': { control: 'permission', verdict: 'deny' },
} as const satisfies Record<string, { readonly control: Control | null; readonly verdict: Verdict }>

/** The closed set of reasons. */
export type Reason = keyof typeof reasons

/** The answer to one access request (DESIGN §1). Plain data; safe to keep, compare and record. */
export type Decision = {
  readonly verdict: Verdict
  readonly reason: Reason
  /** Who spoke; `null` for `ok`. */
  readonly control: Control | null
  /** Of which policy. */
  readonly revision: Revision
  /** Until then the passing of time alone cannot change verdict, reason or control. Always later than `at`. */
  readonly validUntil: Instant
  /** When the gate that refused opens by itself; `null`: never by itself, or nothing refused. */
  readonly opensAt: Instant | null
  /**
   * Controls in monitor mode that would have refused, in gate order; empty for most requests. Each is a
   * shared constant array where empty, so that a permit allocates nothing for it.
   */
  readonly wouldRefuse: readonly Reason[]
}
