/**
 * The log of refusals as rows and as sentences: who was refused, from where, by what, under which reference code.
 *
 * Gateways report them and jobs write them; nothing here decides, and the replay is `admin/replay.ts`. Invariant: a
 * practice reads its own rows only, but for those that are no practice's, which have no user either unless theirs.
 */
import type { Instant } from '../../policies/instant.ts'
import { readReferenceCode } from '../../runtime/token.ts'
import { reasonWords } from '../reason-words.ts'
import { replayRefusal } from '../replay.ts'
import { replayLines } from '../replay-text.ts'
import type { Rows } from '../store/database.ts'
import { findRefusal } from '../store/refusals.ts'

/** Which refusals to read; absent: all. `from` inclusive, `to` exclusive. */
export type DecisionFilter = {
  readonly practice: string
  readonly from?: Instant | undefined
  readonly to?: Instant | undefined
  readonly user?: string | undefined
  readonly control?: string | undefined
  readonly address?: string | undefined
  readonly reason?: string | undefined
  readonly monitored?: boolean | undefined
}

/** All but what a replay alone needs, which is the larger part of a row. */
const columns = [
  ...(['d.id', 'd.code', 'd.monitored', 'd.at', 'd.last_at', 'd.count', 'd.user_id', 'd.address'] as const),
  ...(['d.upstream', 'd.method', 'd.route', 'd.verdict', 'd.reason', 'd.control'] as const),
  ...(['d.revision', 'd.failing', 'd.token'] as const),
] as const

const query = (rows: Rows, filter: DecisionFilter) => {
  let found = rows
    .selectFrom('decision_log as d')
    .leftJoin('app_user as u', 'u.id', 'd.user_id')
    .leftJoin('service_token as t', 't.id', 'd.token')
    .select([...columns, 'u.name', 't.name as token_name'])
    .where('d.practice', '=', filter.practice)
    .orderBy('d.id', 'desc')
  if (filter.from !== undefined) found = found.where('d.at', '>=', filter.from)
  if (filter.to !== undefined) found = found.where('d.at', '<', filter.to)
  if (filter.user !== undefined) found = found.where('d.user_id', '=', filter.user)
  if (filter.address !== undefined) found = found.where('d.address', '=', filter.address)
  if (filter.reason !== undefined) found = found.where('d.reason', '=', filter.reason)
  if (filter.control !== undefined) found = found.where('d.control', '=', filter.control)
  if (filter.monitored !== undefined) found = found.where('d.monitored', '=', filter.monitored)
  return found
}

type Row = Awaited<ReturnType<ReturnType<typeof query>['execute']>>[number]

const sentenceOf = (row: Row): string => {
  const person = row.user_id === null ? 'Somebody' : 'Somebody who left'
  const who = row.name ?? (row.token === null ? person : `The service token ${row.token_name ?? row.token}`)
  const act = row.monitored ? 'would have been refused' : 'was refused'
  return `${who} ${act} from ${row.address}: ${reasonWords(row.reason)}.`
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

/**
 * The refusal behind a reference code as people type it, replayed at `at`; `null`: none such that is this practice's or
 * nobody's. Refusals of no practice (nobody known, no membership) are told to whoever has the code; who it was only
 * where they are a member.
 */
export async function findDecision(rows: Rows, practice: string, code: string, at: Instant) {
  const read = readReferenceCode(code)
  const row = read === null ? null : await findRefusal(rows, read)
  const replay = read === null ? null : await replayRefusal(rows, read, at, { practice })
  if (row === null || replay === null) return null
  const { agreement, note, policies, failing, cures, elsewhere, now, user } = replay
  return {
    ...answerOf({ ...row, user_id: user?.id ?? null, name: user?.name ?? null }),
    replay: {
      ...{ agreement, note, elsewhere },
      policies: policies.map(({ practice: of, revision, savedAt, savedBy, newest }) => ({
        ...{ practice: of, revision, savedAt, savedBy, newest },
      })),
      failing: [...failing],
      cures: [...cures],
      now:
        now === null
          ? null
          : { ...now, policies: [...now.policies], failing: [...now.failing], cures: [...now.cures] },
      lines: [...replayLines(replay)],
    },
  }
}
