/**
 * The log of refusals as rows and as sentences: who was refused, from where, by what, under which reference code.
 *
 * Gateways report them and jobs write them; nothing here decides or replays. Invariant: a practice reads its own
 * rows only, and every reason of the closed set has its words.
 */
import type { Reason } from '../../policies/decision.ts'
import type { Instant } from '../../policies/instant.ts'
import type { Rows } from '../store/database.ts'

/** Which refusals to read; absent: all. `from` inclusive, `to` exclusive. */
export type DecisionFilter = {
  readonly practice: string
  readonly code?: string | undefined
  readonly from?: Instant | undefined
  readonly to?: Instant | undefined
  readonly user?: string | undefined
  readonly control?: string | undefined
  readonly monitored?: boolean | undefined
}

const words: Readonly<Record<Reason, string>> = {
  ok: 'nothing',
  'identity-unavailable': 'the application did not say who it was',
  'not-signed-in': 'nobody was signed in',
  'sign-in-held': 'the sign-in waits for a step',
  'session-revoked': 'an admin ended the access',
  'session-ended': 'the session had ended',
  'user-suspended': 'the user is suspended',
  'session-idle': 'the session was idle for too long',
  'session-expired': 'the session was too old',
  'network-changed': 'the session came from another network',
  'practice-unknown': 'the practice is not known',
  'not-a-member': 'the user is no member of this practice',
  'token-revoked': 'the service token was revoked',
  'token-expired': 'the service token has expired',
  'token-out-of-scope': 'the service token does not cover this',
  'address-not-allowed': 'the address is not on the allowlist',
  'timetable-exhausted': 'the timetable needs to be compiled anew',
  'outside-time-window': 'it was outside the allowed hours',
  'two-factor-not-enrolled': 'two-factor is required and not set up',
  'two-factor-not-verified': 'a second factor was needed',
  'two-factor-too-old': 'a fresh second factor was needed',
  'two-factor-too-weak': 'a stronger second factor was needed',
  'permission-missing': 'the permission is missing',
  'route-unmapped': 'the route has no permission set',
}

const isReason = (text: string): text is Reason => Object.hasOwn(words, text)

const query = (rows: Rows, filter: DecisionFilter) => {
  let found = rows
    .selectFrom('decision_log as d')
    .leftJoin('app_user as u', 'u.id', 'd.user_id')
    .selectAll('d')
    .select('u.name')
    .where('d.practice', '=', filter.practice)
    .orderBy('d.id', 'desc')
  if (filter.code !== undefined) found = found.where('d.code', '=', filter.code)
  if (filter.from !== undefined) found = found.where('d.at', '>=', filter.from)
  if (filter.to !== undefined) found = found.where('d.at', '<', filter.to)
  if (filter.user !== undefined) found = found.where('d.user_id', '=', filter.user)
  if (filter.control !== undefined) found = found.where('d.control', '=', filter.control)
  if (filter.monitored !== undefined) found = found.where('d.monitored', '=', filter.monitored)
  return found
}

type Row = Awaited<ReturnType<ReturnType<typeof query>['execute']>>[number]

const sentenceOf = (row: Row): string => {
  const who = row.name ?? (row.user_id === null ? 'Somebody' : 'Somebody who left')
  const act = row.monitored ? 'would have been refused' : 'was refused'
  const why = isReason(row.reason) ? words[row.reason] : row.reason
  return `${who} ${act} from ${row.address}: ${why}.`
}

const answerOf = (row: Row) => ({
  code: row.code,
  firstAt: row.at,
  lastAt: row.last_at,
  count: row.count,
  monitored: row.monitored,
  user: row.user_id === null ? null : { id: row.user_id, name: row.name ?? row.user_id },
  address: row.address,
  upstream: row.upstream,
  method: row.method,
  route: row.route,
  verdict: row.verdict,
  reason: row.reason,
  control: row.control,
  sentence: sentenceOf(row),
  revision: row.revision,
  failing: row.failing,
})

/** A refusal as the API tells it. */
export type RefusedDecision = ReturnType<typeof answerOf>

/** One page, newest first. `before`: the cursor of the page before, a row number; `nextCursor: null`: the last page. */
export async function listDecisions(
  rows: Rows,
  filter: DecisionFilter,
  page: { readonly before: number | null; readonly limit: number },
): Promise<{ readonly decisions: RefusedDecision[]; readonly nextCursor: string | null }> {
  const { before, limit } = page
  const found = await query(rows, filter)
    .$if(before !== null, (part) => part.where('d.id', '<', before ?? 0))
    .limit(limit + 1)
    .execute()
  const shown = found.slice(0, limit)
  const last = shown.at(-1)
  return {
    decisions: shown.map(answerOf),
    nextCursor: found.length > limit && last !== undefined ? String(last.id) : null,
  }
}

/** The refusal behind a reference code (any case), or `null`. */
export async function findDecision(
  rows: Rows,
  practice: string,
  code: string,
): Promise<RefusedDecision | null> {
  const row = await query(rows, { practice, code: code.toUpperCase() }).limit(1).executeTakeFirst()
  return row === undefined ? null : answerOf(row)
}
