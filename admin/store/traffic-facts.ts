/**
 * Recorded requests of a practice, as impact previews ask them again.
 *
 * It only reads; gateways' reports are written by `reports.ts` and thrown away after 30 days by the jobs. One fact
 * stands for all requests of a person from an address on a route within a quarter of an hour.
 */
import type { FactorMethod } from '../../policies/access-request.ts'
import type { TrafficFact } from '../../policies/impact.ts'
import type { Instant } from '../../policies/instant.ts'
import type { Rows } from './database.ts'

const methods: Readonly<Record<FactorMethod, true>> = {
  sms: true,
  'recovery-code': true,
  app: true,
  google: true,
  totp: true,
  'unvouched-passkey': true,
  passkey: true,
}

/** A word that names no factor (`password`, `adopted`) means that none was shown. */
const factorOf = (assurance: string): FactorMethod | null =>
  Object.hasOwn(methods, assurance) ? (assurance as FactorMethod) : null

/** The facts of a practice from `since` on, newest first; at most `countMax`. */
export async function listTrafficFacts(
  rows: Rows,
  practice: string,
  since: Instant,
  countMax: number,
): Promise<readonly TrafficFact[]> {
  const found = await rows
    .selectFrom('traffic_fact')
    .select(['at', 'user_id', 'address', 'route', 'assurance'])
    .where('practice', '=', practice)
    .where('at', '>=', since)
    .orderBy('at', 'desc')
    .limit(countMax)
    .execute()
  return found.map(({ at, user_id: user, address, route, assurance }) => ({
    at,
    user,
    address,
    route,
    factor: factorOf(assurance),
  }))
}
