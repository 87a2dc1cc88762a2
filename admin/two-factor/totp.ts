/**
 * Time-based codes (RFC 6238): SHA-1, six digits, 30 seconds, one step either way for clocks that are a little off.
 *
 * It stores nothing and cannot say whether a code was used before: the step it answers is what the caller compares and
 * sets. Invariant: only six ASCII digits are ever compared, and that in constant time (otplib does). Wider windows were
 * refused: each step more is one more code to guess.
 */
import { generateSecret, generateURI, verifySync } from 'otplib/functional'
import type { Instant } from '../../policies/instant.ts'

const periodSeconds = 30

/** A new secret: 160 random bits as base32, 32 characters. */
export const newTotpSecret = (): string => generateSecret({ length: 20 })

/** What an authenticator app reads from the picture: `otpauth://totp/…`. A colon would split the issuer's name. */
export const totpUri = (secret: string, issuer: string, login: string): string =>
  generateURI({
    issuer: issuer.replaceAll(':', ' ').toWellFormed(),
    label: login.replaceAll(':', ' ').toWellFormed(),
    secret,
    algorithm: 'sha1',
    digits: 6,
    period: periodSeconds,
  })

/**
 * The time step whose code this is, the present one or one beside it; `null`: none. `after`: steps up to this one do not
 * count. Throws for a secret that is none.
 */
export const matchingStep = (
  secret: string,
  code: string,
  at: Instant,
  after: number | null,
): number | null => stepWithin(secret, code, at, after, periodSeconds)

/**
 * Whether the code was, or will be, one within five minutes: what people type whose clock is off or who waited too long.
 * It is said, and never accepted; it tells a guesser nothing of any code that counts.
 */
export const isNearlyRight = (secret: string, code: string, at: Instant): boolean =>
  stepWithin(secret, code, at, null, Math.min(10 * periodSeconds, Math.floor(at / 1_000))) !== null

function stepWithin(
  secret: string,
  code: string,
  at: Instant,
  after: number | null,
  toleranceSeconds: number,
): number | null {
  if (!/^[0-9]{6}$/.test(code)) return null
  const answer = verifySync({
    secret,
    token: code,
    strategy: 'totp',
    algorithm: 'sha1',
    digits: 6,
    period: periodSeconds,
    epoch: Math.floor(at / 1_000),
    epochTolerance: toleranceSeconds,
    ...(after === null ? {} : { afterTimeStep: after }),
  })
  return answer.valid && 'timeStep' in answer ? answer.timeStep : null
}
