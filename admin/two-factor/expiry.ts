/**
 * Forgetting what ran out on the way through the portal: tickets, visits, proofs, sign-ins, codes of admins, remembered
 * browsers, and tries of long ago.
 *
 * It is not what makes them invalid: each is judged at an instant, so a late round lets nothing in. Invariant: what is
 * still good is not touched. Deleting at each visit was refused: those who never come back leave the most behind.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { forgetOldLinks } from '../own-sign-in/password-links.ts'
import { forgetOldTries } from '../own-sign-in/password-tries.ts'
import type { Tx } from '../store/database.ts'

const dayMs: DurationMs = 86_400_000

/** Deletes what has run out by `at`; how many things that was. */
export async function forgetOldVisits(tx: Tx, at: Instant): Promise<number> {
  const deletions = [
    await tx.deleteFrom('factor_ticket').where('ends_at', '<=', at).executeTakeFirst(),
    await tx.deleteFrom('factor_visit').where('ends_at', '<=', at).executeTakeFirst(),
    await tx.deleteFrom('admin_entry').where('ends_at', '<=', at).executeTakeFirst(),
    await tx.deleteFrom('admin_sign_in').where('ends_at', '<=', at).executeTakeFirst(),
    await tx.deleteFrom('admin_factor_pending').where('ends_at', '<=', at).executeTakeFirst(),
    await tx.deleteFrom('admin_passkey_challenge').where('ends_at', '<=', at).executeTakeFirst(),
    await tx.deleteFrom('admin_link').where('ends_at', '<=', at).executeTakeFirst(),
    await tx.deleteFrom('own_sign_in').where('ends_at', '<=', at).executeTakeFirst(),
    await tx.deleteFrom('enrolment_code').where('ends_at', '<=', at).executeTakeFirst(),
    await tx.deleteFrom('trusted_device').where('ends_at', '<=', at).executeTakeFirst(),
    await tx
      .deleteFrom('text_sent')
      .where('sent_at', '<=', at - dayMs)
      .executeTakeFirst(),
    await tx.deleteFrom('factor_proof').where('ends_at', '<=', at).executeTakeFirst(),
    await tx
      .deleteFrom('factor_tries')
      .where('last_at', '<=', at - dayMs)
      .where('free_at', '<=', at)
      .executeTakeFirst(),
  ]
  const passwords = (await forgetOldLinks(tx, at)) + (await forgetOldTries(tx, at))
  return deletions.reduce((sum, { numDeletedRows }) => sum + Number(numDeletedRows), passwords)
}
