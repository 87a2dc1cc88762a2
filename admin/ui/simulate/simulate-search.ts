/**
 * What the address of a simulation says: who, from where, when, on which page, and beside which draft.
 *
 * Invariant: everything that was asked is in it, so that a link sent to a colleague asks the same question; what is not
 * understood is dropped, never asked.
 */
import { weekTextMax } from '../time-windows/week-text.ts'

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
  /** `preset:…`, `enforce:…`, or `week` with the two below. */
  readonly draft?: string | undefined
  readonly week?: string | undefined
  readonly hours?: string | undefined
}

const matched = (value: unknown, pattern: RegExp): string | undefined =>
  typeof value === 'string' && pattern.test(value) ? value : undefined

/** The parameters of an address. */
export const simulateSearch = (search: Readonly<Record<string, unknown>>): SimulateSearch => {
  const { route, hours, factor } = search
  return {
    user: matched(search.user, /^[A-Za-z0-9_-]{1,64}$/),
    address: matched(search.address, /^[0-9A-Fa-f:.]{1,64}$/),
    at: matched(search.at, /^20\d\d-\d\d-\d\dT\d\d:\d\d$/),
    route: typeof route === 'string' && route !== '' && route.length <= 300 ? route : undefined,
    factor: factors.find((one) => one === factor),
    draft: matched(search.draft, /^(?:week|preset:[a-z-]{1,40}|enforce:(?:ip|time|twoFactor|permission))$/),
    week: matched(search.week, /^(?:practice|role:[a-z0-9-]{1,64}|user:[A-Za-z0-9_-]{1,64})$/),
    hours: typeof hours === 'string' && hours.length <= weekTextMax ? hours : undefined,
  }
}
