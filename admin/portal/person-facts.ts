/**
 * What the portal's pages tell a person besides their factors: the deadline, the practice's time zone, and which
 * recovery codes are the newest.
 *
 * It decides nothing: whether a factor is required is the policy's, whether it may be set up here is `enrolment.ts`.
 * Invariant: only facts about the visit's own person are read. The browser's zone was refused: without script nobody
 * knows it.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { momentText } from '../../policies/timetable-zone.ts'
import type { Store } from '../store/database.ts'
import { readPolicy } from '../store/practices.ts'
import type { PortalVisit } from '../two-factor/visits.ts'

/** What is told. */
export type PersonFacts = {
  /** The first grace that ends and how long that is, ready to read; `null`: none runs. */
  readonly deadline: string | null
  /** An instant in the zone of the person's first practice, ready to read. */
  readonly moment: (at: Instant) => string
  /** When the newest recovery codes were made, as text that only a renewal changes; '0': never. */
  readonly codesMark: string
}

const hourMs: DurationMs = 3_600_000

/** A time to go, rounded down so that nobody counts on more: `3 days`, `5 hours`, `12 minutes`. */
function spanText(ms: DurationMs): string {
  if (ms >= 48 * hourMs) return `${Math.floor(ms / (24 * hourMs))} days`
  if (ms >= 2 * hourMs) return `${Math.floor(ms / hourMs)} hours`
  const minutes = Math.max(1, Math.floor(ms / 60_000))
  return minutes === 1 ? 'a minute' : `${minutes} minutes`
}

/** The facts about a visit's person at `at`. Rejects with a `Fault` when the database cannot be had. */
export function readPersonFacts(store: Store, visit: PortalVisit, at: Instant): Promise<PersonFacts> {
  return store.read(async (rows) => {
    const grace = await rows
      .selectFrom('membership')
      .select((eb) => eb.fn.min('enrol_by').as('first'))
      .where('user_id', '=', visit.user)
      .where('suspended', '=', false)
      .where('enrol_by', '>', at)
      .executeTakeFirst()
    const codes = await rows
      .selectFrom('recovery_code')
      .select((eb) => eb.fn.max('issued_at').as('newest'))
      .where('user_id', '=', visit.user)
      .executeTakeFirst()
    const [practice] = visit.practices
    const policy = practice === undefined ? null : await readPolicy(rows, practice.id)
    const zone = policy?.document.practice.zone ?? 'UTC'
    const moment = (instant: Instant): string => momentText(zone, instant)
    return {
      deadline:
        grace?.first == null
          ? null
          : `${moment(Number(grace.first))} (in ${spanText(Number(grace.first) - at)})`,
      moment,
      codesMark: String(codes?.newest ?? 0),
    }
  })
}
