/**
 * The decision on a request that owes several requirements (a path with several readings) or concerns several practices.
 *
 * It asks no gate itself: `decide`, `decideEvery` and `decideAny` do. Invariant: no permit comes out that they did not
 * give, and what it says holds until the first of them changes. Here and not in the gateway, so that a replay puts the
 * answers together by the same rule.
 */
import { type Asked, decide, decideAny, decideEvery } from './decide.ts'
import { type Decision, type Reason, reasons } from './decision.ts'
import { type Instant, never } from './instant.ts'

const ranks = new Map<Reason, number>((Object.keys(reasons) as Reason[]).map((reason, at) => [reason, at]))

const isEarlier = (a: Decision, b: Decision): boolean =>
  (ranks.get(a.reason) ?? 0) < (ranks.get(b.reason) ?? 0)

const nothing: readonly Reason[] = []

/** All must permit; of several refusals the earliest in gate order speaks. */
const together = (decisions: readonly Decision[], at: Instant): Decision => {
  const [first = decideAny([], at)] = decisions
  let worst: Decision | null = null
  let validUntil = never
  for (const decision of decisions) {
    if (decision.validUntil < validUntil) validUntil = decision.validUntil
    if (decision.verdict !== 'permit' && (worst === null || isEarlier(decision, worst))) worst = decision
  }
  const wouldRefuse = decisions.flatMap((decision) => decision.wouldRefuse)
  return {
    ...(worst ?? first),
    validUntil,
    wouldRefuse: wouldRefuse.length === 0 ? nothing : [...new Set(wouldRefuse)],
  }
}

/**
 * The answer to a request at `at`: `asked` has one list per requirement, each with every practice asked. All must permit;
 * `picking`: for each requirement one practice suffices. Nobody asked: `practice-unknown`.
 */
export const decideRoutes = (
  asked: readonly (readonly Asked[])[],
  picking: boolean,
  at: Instant,
): Decision => {
  const [only] = asked
  const [one] = only ?? []
  if (asked.length === 1 && only?.length === 1 && one !== undefined)
    return decide(one.snapshot, one.request, at)
  if (!picking) return decideEvery(asked.flat(), at)
  return together(
    asked.map((list) => decideAny(list, at)),
    at,
  )
}
