/**
 * The mail that tells every security admin of a practice that somebody uses emergency access there.
 *
 * It sends nothing itself: mails are queued in the transaction of the use (`emergency-access.ts`). Invariant: whoever uses it
 * is not told of it as an admin; everybody else who looks after access is, where they have an address.
 */
import type { Instant } from '../policies/instant.ts'
import { momentText } from '../policies/timetable-zone.ts'
import { securityAdmins } from './directory/security-admins.ts'
import type { EmergencyWish } from './emergency-access.ts'
import { queueMail } from './notify/mail-queue.ts'
import type { Tx } from './store/database.ts'
import { readMembers } from './store/members.ts'
import { readPolicy } from './store/practices.ts'

/** Tells every security admin of the practice, the person themselves left out. */
export async function mailEmergency(
  tx: Tx,
  practice: string,
  wish: EmergencyWish,
  at: Instant,
  until: Instant,
): Promise<void> {
  const policy = await readPolicy(tx, practice)
  const known = await readMembers(tx, practice, at)
  if (policy === null || known === null) return
  const { name, zone } = policy.document.practice
  const text = [
    `${wish.name} uses emergency access at ${name} until ${momentText(zone, until)}.`,
    `From: ${wish.address}. Reason: ${wish.reason}`,
    'Until then the rules for addresses and hours do not stop them; the second factor and permissions hold as ever.',
    'Look at it in Security Management: you can end it at once, and note that it was reviewed.',
  ].join('\n\n')
  for (const { user, email } of securityAdmins(policy.document, known.members))
    if (user !== wish.user && email !== null)
      await queueMail(tx, { to: email, subject: `Emergency access at ${name}: ${wish.name}`, text }, at)
}
