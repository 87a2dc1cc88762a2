/**
 * Resetting somebody's second factor: an admin takes away what they have, and every session that it opened.
 *
 * Setting up again is the person's own business at the next sign-in, without another grace. Invariant: factors, codes
 * and whatever was on its way to the portal go in the transaction that ends the sessions, in every practice. Keeping
 * sessions was refused: whoever holds the lost telephone may hold one of them.
 */
import { type Deed, eventOf } from '../deed.ts'
import { type Mail, queueMail } from '../notify/mail-queue.ts'
import { endEverything } from '../sessions/ending-everywhere.ts'
import type { Store, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { listPracticesOf } from './chains.ts'
import { refreshRequirements } from './requirements.ts'

/** What became of a reset. `unknown`: no such member of the practice. */
export type ResetOutcome =
  | { readonly outcome: 'reset'; readonly sessionsEnded: number }
  | { readonly outcome: 'unknown' }
  | { readonly outcome: 'nothing-to-reset' }

/** Whose factor to reset, asked in which practice, and why (a sentence for the record). */
export type ResetWish = { readonly practice: string; readonly user: string; readonly reason: string }

/** Removes everything of a user's second factor; the methods there were, and how many codes. */
async function removeFactors(tx: Tx, user: string) {
  await tx.deleteFrom('factor_visit').where('user_id', '=', user).execute()
  const sessions = tx.selectFrom('session').select('token_hash').where('user_id', '=', user)
  await tx.deleteFrom('factor_ticket').where('token_hash', 'in', sessions).execute()
  await tx.deleteFrom('factor_proof').where('token_hash', 'in', sessions).execute()
  const factors = await tx.deleteFrom('factor').where('user_id', '=', user).returning('method').execute()
  const codes = await tx.deleteFrom('recovery_code').where('user_id', '=', user).executeTakeFirst()
  await tx.deleteFrom('factor_tries').where('user_id', '=', user).execute()
  await tx.deleteFrom('trusted_device').where('user_id', '=', user).execute()
  await tx.deleteFrom('enrolment_code').where('user_id', '=', user).execute()
  return {
    methods: factors.map(({ method }) => method).sort(),
    recoveryCodesCount: Number(codes.numDeletedRows),
  }
}

/** What the person is told, so that a reset that they did not ask for does not go unnoticed. */
const mailOf = (to: string, name: string): Mail => ({
  to,
  subject: 'Your second factor was reset',
  text: `Hello ${name},

an administrator of your practice has removed your second factor and its recovery codes, and signed you out everywhere.

If you asked for this, sign in again: if your practice asks for a second factor, you will be led through setting one up.

If you did not ask for it, call your practice now. Somebody may be trying to get into your account.
`,
})

/** Removes a member's factors and codes, ends all their sessions everywhere, tells them by mail, and records it in every practice of theirs. */
export function resetTwoFactor(store: Store, wish: ResetWish, deed: Deed): Promise<ResetOutcome> {
  const { user, reason } = wish
  return store.transaction(async (tx): Promise<ResetOutcome> => {
    // The person before their practices, as an enrolment does: neither waits for the other in a circle.
    const person = await tx
      .selectFrom('app_user')
      .select(['name', 'email'])
      .where('id', '=', user)
      .forNoKeyUpdate()
      .executeTakeFirst()
    const practices = await listPracticesOf(tx, user)
    if (person === undefined || !practices.includes(wish.practice)) return { outcome: 'unknown' }
    const removed = await removeFactors(tx, user)
    if (removed.methods.length === 0 && removed.recoveryCodesCount === 0)
      return { outcome: 'nothing-to-reset' }
    const sessionsEnded = (await endEverything(tx, user, deed.at))?.sessionsEnded ?? 0
    await tx.updateTable('membership').set({ grace_spent: true }).where('user_id', '=', user).execute()
    for (const practice of practices) await refreshRequirements(tx, practice, [user], deed.at)
    const mailed = person.email !== null && (await queueMail(tx, mailOf(person.email, person.name), deed.at))
    for (const practice of practices)
      await appendEvent(tx, {
        // Why is what one practice wrote: the others read that it was done, and by whom.
        ...eventOf({ ...deed, reason: practice === wish.practice ? reason : null }),
        practice,
        action: 'two-factor.reset',
        target: { kind: 'user', id: user, name: person.name },
        before: removed,
        after: { methods: [], sessionsEnded, mailed },
      })
    return { outcome: 'reset', sessionsEnded }
  })
}
