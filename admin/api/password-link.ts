/**
 * A link with which a member sets their password, sent or handed out for an admin who asked for it.
 *
 * The link itself is `own-sign-in/password-links.ts`. Invariant: whoever holds one becomes its person in all of their
 * practices, so that it goes to their own mailbox, and to an admin only who may edit people in each of those practices and holds there what they hold.
 */
import type { Context } from 'hono'
import { addressOfLogin, layPasswordLink, noteLink, passwordLinkMs } from '../own-sign-in/password-links.ts'
import { mailPasswordLink, passwordLinkUrl } from '../own-sign-in/password-mails.ts'
import { findMember } from '../store/members.ts'
import { listPracticesOf } from '../two-factor/chains.ts'
import { holds } from './access.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { assertMayStandFor } from './own-keys.ts'
import { invalid, refusal } from './refusals.ts'

/** The member as they are now; refuses `not-found`. */
async function memberNow(plane: ApiPlane, practice: string, user: string) {
  const found = await plane.store.read((rows) => findMember(rows, practice, user, plane.now()))
  if (found === null) throw refusal('not-found', 'There is no such member in this practice.')
  return found
}

/** The answer to whoever wishes a member to have a link: it was mailed, or here it is. Refuses where neither may be. */
export async function givePasswordLink(
  c: Context<AdminEnv>,
  plane: ApiPlane,
  wish: { readonly practice: string; readonly user: string; readonly reason: string | undefined },
) {
  const { passwordLinks: via } = plane
  if (via === null)
    throw invalid([
      { path: '', sentence: 'Nobody signs in here with a password: identity.own.password is off.' },
    ])
  const { user, login, name } = await memberNow(plane, wish.practice, wish.user)
  const deed = deedOf(c, plane, wish.reason)
  const endsAt = deed.at + passwordLinkMs
  const tooMany = (): Error =>
    refusal('too-many', 'They were sent three links within the hour. Wait for one of them to be used.', {
      retryAfterMs: 3_600_000,
    })
  const { queue, portal } = via
  const to = queue === null ? null : addressOfLogin(login)
  if (queue !== null && to !== null) {
    const account = { user, login, name }
    const sent = await plane.store.transaction((tx) => mailPasswordLink(tx, account, { queue, portal }, deed))
    if (!sent) throw tooMany()
    return { mailedTo: to, url: null, endsAt }
  }
  // Whoever holds the link becomes them in all their practices: their own mailbox may, an admin of one may not.
  const practices = await plane.store.read((rows) => listPracticesOf(rows, user))
  if (!practices.every((id) => holds(c.get('admin').account, id, 'gw.users.edit')))
    throw refusal(
      'not-permitted',
      'They belong to another practice too, where you may not edit people, and cannot be sent a mail. Ask somebody who may edit people in all of them.',
    )
  await assertMayStandFor(plane, c.get('admin').account, user)
  const link = await plane.store.transaction(async (tx) => {
    const made = await layPasswordLink(tx, user, deed.at)
    if (made !== null) await noteLink(tx, { user, name }, deed, 'handed-out')
    return made
  })
  if (link === null) throw tooMany()
  return { mailedTo: null, url: passwordLinkUrl(portal, link), endsAt }
}
