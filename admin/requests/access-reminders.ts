/**
 * Reminding reviewers: one mail a practice when requests for access have waited for a day, and each request once.
 *
 * It decides nothing. Invariant: which requests were reminded of is written with the mail, so that of two control planes
 * one reminds, and a crash reminds neither twice nor never.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { tellWaiting } from '../notify/notices.ts'
import type { Store } from '../store/database.ts'

const waitedMs: DurationMs = 24 * 3_600_000
const remindedMax = 500

/** Reminds of requests that have waited for a day, at most 500 at once; answers how many practices were told. */
export const remindReviewers = (store: Store, at: Instant): Promise<number> =>
  store.transaction(async (tx) => {
    const due = tx
      .selectFrom('access_request')
      .select('id')
      .where('status', '=', 'pending')
      .where('expires_at', '>', at)
      .where('created_at', '<=', at - waitedMs)
      .where('reminded_at', 'is', null)
      .orderBy('created_at')
      .limit(remindedMax)
      .forUpdate()
      .skipLocked()
    const reminded = await tx
      .updateTable('access_request')
      .set({ reminded_at: at })
      .where('id', 'in', due)
      .returning(['practice', 'created_at'])
      .execute()
    const byPractice = Map.groupBy(reminded, ({ practice }) => practice)
    for (const [practice, requests] of byPractice) {
      const since = Math.min(...requests.map(({ created_at }) => created_at))
      await tellWaiting(tx, practice, { count: requests.length, since }, at)
    }
    return byPractice.size
  })
