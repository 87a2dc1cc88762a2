/**
 * The mails about passwords: a link to set one, and that one was set; and sending the first to whoever asked for it.
 *
 * It sends nothing itself: mails are queued in the transaction of the change. Invariant: whether a link was sent is told to
 * nobody but the mailbox and the record; a mail about a password names the person and never the password. HTML was refused:
 * plain text shows where a link leads.
 */
import type { Address } from '../../policies/address.ts'
import type { Instant } from '../../policies/instant.ts'
import type { Deed } from '../deed.ts'
import type { Mail } from '../notify/mail-queue.ts'
import type { Store, Tx } from '../store/database.ts'
import { addressOfLogin, type LinkHolder, layPasswordLink, noteLink } from './password-links.ts'
import { findOwnAccount, foldLogin, type OwnAccount } from './password-sign-in.ts'

/** Queues one mail in the transaction of what it is about (`notify/mail-queue.ts`); false: to no address. */
export type QueueMail = (tx: Tx, mail: Mail, at: Instant) => Promise<boolean>

/** The address of a link. `portal`: its origin. */
export const passwordLinkUrl = (portal: string, link: string): string => `${portal}/password?link=${link}`

/**
 * Makes a link for a person and queues the mail with it, recorded as `deed`; false: they have no address, or were sent
 * enough within the hour.
 */
export async function mailPasswordLink(
  tx: Tx,
  account: Pick<OwnAccount, 'user' | 'login' | 'name'>,
  via: { readonly queue: QueueMail; readonly portal: string },
  deed: Deed,
): Promise<boolean> {
  const to = addressOfLogin(account.login)
  const link = to === null ? null : await layPasswordLink(tx, account.user, deed.at)
  if (to === null || link === null) return false
  const text = `Hello ${account.name},

with this link you set your password for the applications of your practice:

${passwordLinkUrl(via.portal, link)}

It works once, for half an hour. Nothing changes until you use it.

If neither you nor the person who manages access at your practice asked for it, do nothing.
`
  await via.queue(tx, { to, subject: 'Set your password', text }, deed.at)
  await noteLink(tx, account, deed, 'mailed')
  return true
}

/** Sends a link to whoever has that login name, if they may sign in and have an address. Tells nothing. */
export async function sendAskedLink(
  store: Store,
  asked: { readonly login: string; readonly address: Address },
  via: { readonly queue: QueueMail; readonly portal: string },
  at: Instant,
): Promise<void> {
  await store.transaction(async (tx) => {
    const account = await findOwnAccount(tx, foldLogin(asked.login))
    if (account === null || !account.isWelcome) return
    await mailPasswordLink(tx, account, via, {
      actor: { kind: 'system', id: 'sign-in', name: 'Somebody at the sign-in page' },
      ...{ origin: 'ui', at, address: asked.address.text },
    })
  })
}

/** Tells somebody that their password was set. `queue: null`: no mail can be sent. */
export const tellPasswordSet =
  (queue: QueueMail | null) =>
  async (tx: Tx, { login, name, isFirst }: LinkHolder, at: Instant): Promise<void> => {
    const to = addressOfLogin(login)
    if (queue === null || to === null) return
    const text = `Hello ${name},

the password with which you sign in to the applications of your practice was ${isFirst ? 'set' : 'changed'}. You were signed out everywhere.

If that was not you, tell the person who manages access at your practice at once.
`
    const subject = isFirst ? 'Your password was set' : 'Your password was changed'
    await queue(tx, { to, subject, text }, at)
  }
