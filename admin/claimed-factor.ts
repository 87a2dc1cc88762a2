/**
 * Whether a word from elsewhere about how somebody signed in tells of a second factor (RFC 8176 `amr`).
 *
 * Practices decide whether they take it (`policies/two-factor.ts`, `trust`); this only reads it. Invariant: what is not
 * plainly a second factor is none: a password, a PIN or a question is not, however many of them there are. A list of what is
 * not one was refused: every new word would become a factor.
 */
import type { VerifiedFactor } from '../policies/access-request.ts'
import type { Instant } from '../policies/instant.ts'

const second: ReadonlySet<string> = new Set(['mfa', 'otp', 'sms', 'hwk', 'swk', 'sc', 'fido'])

/** Whether any of these methods is a second factor. */
export const tellsOfFactor = (amr: readonly string[]): boolean => amr.some((method) => second.has(method))

/** The factor that an application claims for a sign-in just seen; `null`: it claims none. */
export const appFactor = (amr: readonly string[], at: Instant): VerifiedFactor | null =>
  tellsOfFactor(amr) ? { method: 'app', verifiedAt: at } : null
