/**
 * Answers of a practice in which nothing has happened yet: no hours, nobody with a second factor, no request, no emergency.
 *
 * Not a server (`canned-server.ts`). Invariant: every answer passes the contract's own schema.
 */
import { factorStatuses } from './canned-factors.ts'
import { timeWindows } from './canned-hours.ts'
import { decisionCounts, emergency } from './canned-operations.ts'
import { accessRequests } from './canned-requests.ts'

/** By what is asked. */
export const nothingYet = {
  timeWindows: { ...timeWindows, windows: [], exceptions: [], audiences: [] },
  twoFactor: { ...factorStatuses, total: 0, people: [] },
  requests: { ...accessRequests, pending: 0, requests: [] },
  emergency: { ...emergency, uses: [] },
} as const

/** A week in which nothing was decided. */
export const emptyRefusals = {
  ...decisionCounts,
  counts: decisionCounts.counts.map(({ at }) => ({
    ...{ at, permitted: 0, refused: 0, challenged: 0, unavailable: 0, monitored: 0 },
  })),
}
