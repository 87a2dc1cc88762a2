/**
 * What the address of a simulation says: who, from where, when, on which page, and beside which draft.
 *
 * Invariant: everything that was asked is in it, so that a link sent to a colleague asks the same question; what is not
 * understood is dropped, never asked.
 */
import { type TimeSearch, timeSearch } from '../time-windows/time-search.ts'

/** Second factors that can be tried. */
export const factors = ['totp', 'passkey', 'sms', 'recovery-code'] as const
/** A second factor that can be tried. */
export type TriedFactor = (typeof factors)[number]

/** Controls that can be tried as enforced. */
export const triedControls = ['ip', 'time', 'twoFactor', 'permission'] as const

/** The parameters. */
export type SimulateSearch = {
  readonly user?: string | undefined
  readonly address?: string | undefined
  /** On the practice's wall: `2026-12-24T20:00`; absent: now. */
  readonly at?: string | undefined
  /** A route's id; absent: some page of staff. */
  readonly route?: string | undefined
  readonly factor?: TriedFactor | undefined
  /** `preset:…`, `planned:…`, `enforce:…`, or `week` with those below, which are as on Time windows. */
  readonly draft?: string | undefined
} & Pick<TimeSearch, 'week' | 'hours' | 'zone' | 'own'>

const matched = (value: unknown, pattern: RegExp): string | undefined =>
  typeof value === 'string' && pattern.test(value) ? value : undefined

/** The parameters of an address. */
export const simulateSearch = (search: Readonly<Record<string, unknown>>): SimulateSearch => {
  const { route, factor } = search
  const { week, hours, zone, own } = timeSearch(search)
  return {
    user: matched(search.user, /^[A-Za-z0-9_-]{1,64}$/),
    // Whatever was typed: what is no address the API says, and nothing else is asked in its place.
    address: matched(search.address, /^.{1,64}$/),
    at: matched(search.at, /^20\d\d-\d\d-\d\dT\d\d:\d\d$/),
    route: typeof route === 'string' && route !== '' && route.length <= 300 ? route : undefined,
    factor: factors.find((one) => one === factor),
    draft: matched(
      search.draft,
      /^(?:week|preset:[a-z-]{1,40}|planned:[A-Za-z0-9_-]{1,64}|enforce:(?:ip|time|twoFactor|permission))$/,
    ),
    week,
    hours,
    zone,
    own,
  }
}
