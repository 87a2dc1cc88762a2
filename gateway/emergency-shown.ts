/**
 * Until when emergency access of somebody's is on, for the banner that every page of ours carries while it is.
 *
 * It lifts nothing. Invariant: of several practices the last end is told, in that practice's own zone.
 */
import { emergencyUntil } from '../policies/emergency.ts'
import type { Instant } from '../policies/instant.ts'
import type { Directory } from './questions.ts'
import { readableNear } from './shown-hours.ts'

/** Until when, ready to read; `null`: it is not on. */
export function emergencyEnd(directory: Directory, user: string, at: Instant): string | null {
  const ends = directory.practicesOf(user).flatMap((practice) => {
    const member = directory.member(practice, user)
    const until = member === null ? null : emergencyUntil(member, at)
    return until === null ? [] : [{ until, zone: directory.practice(practice, at)?.snapshot.practice.zone }]
  })
  const [last] = ends.toSorted((a, b) => b.until - a.until)
  return last === undefined ? null : readableNear(last.until, last.zone ?? 'UTC')
}
