/**
 * What a person may see of themselves: their live sessions, their requests and leave, and what was refused to them lately.
 *
 * It changes nothing (`admin/sessions/own-sessions.ts`). Invariant: every query is bound to one user, and answers nothing of anybody
 * else: not who decided in what words of theirs but the note that was meant for this person, not another's address.
 */

import { sql } from 'kysely'
import type { FactorMethod } from '../../policies/access-request.ts'
import type { Reason } from '../../policies/decision.ts'
import { policyDocumentSchema } from '../../policies/document.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { SignInMethod } from '../../runtime/records.ts'
import { epochIn } from '../sessions/session-epochs.ts'
import { type ListedRequest, listRequestsOf } from './access-requests.ts'
import { timeoutsOf } from './active-users.ts'
import type { Rows } from './database.ts'

/** A live session of one's own. `device`: the User-Agent as sent. */
export type OwnSession = {
  readonly id: string
  readonly tokenHash: string
  readonly device: string
  readonly address: string
  readonly startedAt: Instant
  readonly lastSeenAt: Instant
  readonly method: SignInMethod
  readonly factor: FactorMethod | null
  /** The sign-in waits for a step. */
  readonly held: boolean
}

/** Leave that counts now: to pass a control for a while. `range`: CIDR text, `null`: wherever they are. */
export type OwnLeave = {
  readonly practiceName: string
  readonly kind: 'ip' | 'time' | 'break-glass'
  readonly range: string | null
  readonly endsAt: Instant
}

/** A request of one's own, with its practice's name. */
export type OwnRequest = ListedRequest & { readonly practiceName: string }

/** What was refused to somebody: `count` times within a minute. `practiceName`: `null`: no single practice said so. */
export type OwnRefusal = {
  readonly at: Instant
  readonly practiceName: string | null
  readonly reason: Reason
  readonly code: string | null
  readonly count: number
  readonly address: string
}

/** All of it, newest first. */
export type OwnAccount = {
  readonly sessions: readonly OwnSession[]
  readonly requests: readonly OwnRequest[]
  readonly leave: readonly OwnLeave[]
  readonly refusals: readonly OwnRefusal[]
}

const listedMax = 10
const leaveMax = 5
const sessionsMax = 200
const refusedSinceMs: DurationMs = 30 * 86_400_000

type Reach = {
  readonly practice: string
  readonly epoch: number
  readonly idleMs: DurationMs
  readonly absoluteMs: DurationMs
}

/** Where somebody is let in at all, with how long a session of theirs lasts there. */
async function reachesOf(rows: Rows, user: string): Promise<readonly Reach[]> {
  const found = await rows
    .selectFrom('membership as m')
    .innerJoin('practice as p', 'p.id', 'm.practice')
    .innerJoin('policy_revision as r', (join) =>
      join.onRef('r.practice', '=', 'p.id').onRef('r.revision', '=', 'p.revision'),
    )
    .select(['m.practice', 'm.epoch', 'm.roles', 'r.document'])
    .where('m.user_id', '=', user)
    .where('m.suspended', '=', false)
    .execute()
  return found.map(({ practice, epoch, roles, document }) => ({
    ...{ practice, epoch },
    ...timeoutsOf(policyDocumentSchema.parse(document), roles),
  }))
}

/** The live sessions of a user that some practice of theirs still lets in, last seen first; at most 200. */
async function listOwnSessions(rows: Rows, user: string, at: Instant): Promise<readonly OwnSession[]> {
  const reaches = await reachesOf(rows, user)
  const found = await rows
    .selectFrom('session')
    .selectAll()
    .where('user_id', '=', user)
    .where('ended_at', 'is', null)
    .where('absolute_deadline', '>', at)
    .orderBy('last_seen_at', 'desc')
    .orderBy('id')
    .limit(sessionsMax)
    .execute()
  return found
    .filter((row) =>
      reaches.some(
        ({ practice, epoch, idleMs, absoluteMs }) =>
          epochIn(row.epochs, practice) >= epoch &&
          row.last_seen_at + idleMs > at &&
          row.started_at + absoluteMs > at,
      ),
    )
    .map((row) => ({
      ...{ id: row.id, tokenHash: row.token_hash, device: row.device, address: row.address_last },
      ...{ startedAt: row.started_at, lastSeenAt: row.last_seen_at, method: row.method },
      ...{ factor: row.factor_method, held: row.held },
    }))
}

const listLeave = (rows: Rows, user: string, at: Instant): Promise<readonly OwnLeave[]> =>
  rows
    .selectFrom('access_grant as g')
    .innerJoin('practice as p', 'p.id', 'g.practice')
    .select(['p.name as practiceName', 'g.kind', 'g.range', 'g.ends_at as endsAt'])
    .where('g.user_id', '=', user)
    .where('g.withdrawn_at', 'is', null)
    .where('g.starts_at', '<=', at)
    .where('g.ends_at', '>', at)
    .orderBy('g.ends_at')
    .orderBy('g.id')
    .limit(leaveMax)
    .execute()

const listRefusals = (rows: Rows, user: string, at: Instant): Promise<readonly OwnRefusal[]> =>
  rows
    .selectFrom('decision_log as d')
    .leftJoin('practice as p', 'p.id', 'd.practice')
    .select(['d.last_at as at', 'p.name as practiceName', 'd.code', 'd.count', 'd.address'])
    .select(sql<Reason>`d.reason`.as('reason'))
    .where('d.user_id', '=', user)
    .where('d.monitored', '=', false)
    .where('d.at', '>', at - refusedSinceMs)
    .orderBy('d.at', 'desc')
    .orderBy('d.id', 'desc')
    .limit(listedMax)
    .execute()

/** What a user may see of themselves at `at`. */
export async function readOwnAccount(rows: Rows, user: string, at: Instant): Promise<OwnAccount> {
  return {
    sessions: await listOwnSessions(rows, user, at),
    requests: await listRequestsOf(rows, user, at, leaveMax),
    leave: await listLeave(rows, user, at),
    refusals: await listRefusals(rows, user, at),
  }
}
