/**
 * Whether somebody at the admin origin has proved a second factor recently enough to weaken the security of a practice.
 *
 * It checks no code (the portal, `own-factors.ts` and `own-passkeys.ts` do). Invariant: a person of a practice never passes by a password
 * alone; an own account does only while it has no factor at all, which is what its page of factors says. Asking at every
 * change was refused: who is asked all day types codes without reading what for.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Admin } from './admin-sessions.ts'

/** For so long after a proof nothing more is asked. */
export const freshMs: DurationMs = 15 * 60_000

/** Whether a second factor was proved at the admin origin within 15 minutes before `at`, or there is none to ask for. */
export const isFresh = ({ account, factor }: Pick<Admin, 'account' | 'factor'>, at: Instant): boolean => {
  if (factor !== null && at - factor.verifiedAt < freshMs) return true
  return account.kind === 'admin' && !account.hasFactor
}
