/**
 * How often a password may be tried: per person and network, per network, and per person over all networks.
 *
 * Counted before the password is looked at, so that parallel tries cannot slip through together, and by what
 * was typed, so that unknown names are limited like known ones. Invariant: a stranger cannot lock an admin
 * out; the limit over all networks spares networks that the account has signed in from. Counts are this
 * process's: with two control planes there are twice the tries, which argon2 and the size of the numbers
 * forgive.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { type Address, networkOf, rangeText } from '../../policies/address.ts'
import type { DurationMs } from '../../policies/instant.ts'

/** A try that may go on, with what its success takes back; or after how long to come again. */
export type Try =
  | { readonly allowed: true; readonly succeeded: () => Promise<void> }
  | { readonly allowed: false; readonly retryAfterMs: DurationMs }

/** The counters. `known`: the account has signed in from this network before. */
export type TryLimits = {
  readonly begin: (login: string, address: Address, known: boolean) => Promise<Try>
  /** A code of an own account's second factor, wherever it is typed; only who has the password comes so far. */
  readonly beginCode: (account: string) => Promise<Try>
}

const pairTries = { points: 5, duration: 15 * 60 }
const networkTries = { points: 30, duration: 15 * 60 }
const accountTries = { points: 50, duration: 60 * 60 }
const codeTries = { points: 10, duration: 60 * 60 }

/**
 * New counters, all at zero: 5 tries a person and network, 30 a network in 15 minutes, 50 a person in an
 * hour, and 10 codes an account in an hour.
 */
export function createTryLimits(): TryLimits {
  const pair = new RateLimiterMemory(pairTries)
  const network = new RateLimiterMemory(networkTries)
  const account = new RateLimiterMemory(accountTries)
  const codes = new RateLimiterMemory(codeTries)
  return {
    async beginCode(key) {
      try {
        await codes.consume(key)
        return { allowed: true, succeeded: () => codes.delete(key).then(() => undefined) }
      } catch (reason) {
        return {
          allowed: false,
          retryAfterMs: reason instanceof RateLimiterRes ? reason.msBeforeNext : 60_000,
        }
      }
    },

    async begin(login, address, known) {
      const from = rangeText(networkOf(address))
      const both = `${login} ${from}`
      const counted: [RateLimiterMemory, string][] = [
        [pair, both],
        [network, from],
      ]
      if (!known) counted.push([account, login])
      const results = await Promise.allSettled(counted.map(([limiter, key]) => limiter.consume(key)))
      const waits = results
        .filter((result) => result.status === 'rejected')
        .map(({ reason }) => (reason instanceof RateLimiterRes ? reason.msBeforeNext : 60_000))
      if (waits.length > 0) return { allowed: false, retryAfterMs: Math.max(...waits) }
      return {
        allowed: true,
        succeeded: async () => {
          await pair.delete(both)
          await Promise.all(counted.slice(1).map(([limiter, key]) => limiter.reward(key)))
        },
      }
    },
  }
}
