/**
 * How often an own account may be tried: its password per person and network, per network, and per person over all networks
 * that are new to it; and the codes of its second factor.
 *
 * The counting is `own-sign-in/password-tries.ts`'s, in the database, so that any number of control planes share the counts.
 * Invariant: counted before anything is looked at, so that parallel tries cannot slip through together, and by what was
 * typed, so that unknown names are limited like known ones; a stranger cannot lock an admin out. The counts are not those
 * of people of the same network or name: neither may use up the other's tries.
 */
import { hash } from 'node:crypto'
import { type Address, networkOf, rangeText } from '../../policies/address.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { type Counted, giveBackTry, isKnownThere, takeTries } from '../own-sign-in/password-tries.ts'
import type { Store } from '../store/database.ts'

/** A try that may go on, with what its success takes back; or after how long to come again. */
export type Try =
  | { readonly allowed: true; readonly succeeded: () => Promise<void> }
  | { readonly allowed: false; readonly retryAfterMs: DurationMs }

/** Whose password is tried. `account`: its id; `null` where no account has that login. */
export type OwnTrier = { readonly login: string; readonly account: string | null; readonly address: Address }

/** The counters. Each call rejects with a `Fault` when the database cannot be had. */
export type TryLimits = {
  readonly begin: (trier: OwnTrier) => Promise<Try>
  /** A sign-in that goes to a provider: each is a row until it comes back. */
  readonly beginVisit: (address: Address) => Promise<Try>
  /** A code of an own account's second factor, wherever it is typed; only who has the password comes so far. */
  readonly beginCode: (account: string) => Promise<Try>
}

/** After so many come pauses of a minute that double, to 15 minutes at most; one is forgotten after `refillMs`. */
const rules = {
  pair: { free: 5, refillMs: 900_000 },
  network: { free: 30, refillMs: 30_000 },
  account: { free: 50, refillMs: 72_000 },
  code: { free: 10, refillMs: 3_600_000 },
} as const

/**
 * The counters in `store`: without a pause 5 tries a person and network, 30 a network, 50 a person from new networks, and
 * 10 codes an account.
 */
export function createTryLimits(store: Store, now: () => Instant): TryLimits {
  const take = async (counted: readonly Counted[]): Promise<Try> => {
    const at = now()
    const taken = await takeTries(store, counted, at)
    return taken.outcome === 'wait'
      ? { allowed: false, retryAfterMs: Math.max(1, taken.until - at) }
      : { allowed: true, succeeded: () => giveBackTry(store, taken.keys) }
  }
  return {
    async begin({ login, account, address }) {
      const from = rangeText(networkOf(address))
      // As long for nobody as for somebody: the same question is asked of the database.
      const known = await isKnownThere(store, account ?? 'nobody', from, now())
      // A login can be as long as a form; its hash is not.
      const who = account ?? hash('sha256', login, 'base64url')
      const counted: Counted[] = [
        { key: `network admin ${from}`, rule: rules.network },
        { key: `pair admin ${who} ${from}`, rule: rules.pair },
      ]
      if (!known) counted.push({ key: `user admin ${who}`, rule: rules.account })
      return take(counted)
    },

    beginVisit: (address) =>
      take([{ key: `visit admin ${rangeText(networkOf(address))}`, rule: rules.network }]),

    beginCode: (account) => take([{ key: `code admin ${account}`, rule: rules.code }]),
  }
}
