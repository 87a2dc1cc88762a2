/**
 * Mail as a row in the transaction of the change that it tells of: committed together, or not at all.
 *
 * It sends nothing (`mail-delivery.ts` does), and what it says lies sealed (`mail-seal.ts`). Invariant: what is queued is one plain-text mail to one address, without a
 * control character where a header will be, so that no name or address of somebody's can add a header or a recipient.
 * Sending from the request was refused: a slow mail server would hold the rows, and a crash would lose the word.
 */
import type { Instant } from '../../policies/instant.ts'
import type { Tx } from '../store/database.ts'
import { readMailKey, sealMail } from './mail-seal.ts'

/** A mail: one recipient, plain text. `subject` is cut at 200 characters, `text` at 20,000. */
export type Mail = { readonly to: string; readonly subject: string; readonly text: string }

const subjectMax = 200
const textMax = 20_000
const addressMax = 254
const localMax = 64

/** Local part of RFC 5322 atoms, a host of letters, digits, hyphens and dots; no quotes, comments, lists or spaces. */
const addressForm =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/

/** Whether mail can be sent to `text`: one plain address within the lengths of RFC 5321. */
export const isMailAddress = (text: string): boolean =>
  text.length <= addressMax && text.indexOf('@') <= localMax && addressForm.test(text)

/** `text` on one line: every run of controls and white space is one space. */
const onOneLine = (text: string): string => text.replaceAll(/[\s\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()

/** `text` without controls but line breaks and tabs. */
const plainText = (text: string): string =>
  text.replaceAll(/\r\n?/g, '\n').replaceAll(/(?![\n\t])\p{Cc}/gu, '')

/** At most `max` characters, and no half of one at the end. */
const cut = (text: string, max: number): string => [...text].slice(0, max).join('')

/**
 * Queues a mail in the transaction of the change it tells of; it is sent once that has committed. `false`: nothing was queued,
 * since `to` is no address (directories hold what applications say, and that is not always one), or since it could only
 * have waited in the clear. A change is not held up for want of its mail: revoking must go on.
 */
export async function queueMail(tx: Tx, mail: Mail, at: Instant): Promise<boolean> {
  const subject = cut(onOneLine(mail.subject), subjectMax)
  const body = cut(plainText(mail.text), textMax)
  if (subject === '' || body === '') throw new Error('invariant: a mail has a subject and a text')
  if (!isMailAddress(mail.to)) return false
  const key = await readMailKey(tx)
  if (key === 'unreadable') return false
  const said =
    key === null
      ? { subject, body, key_id: null, sealed: null }
      : {
          ...{ subject: null, body: null, key_id: key.keyId },
          sealed: sealMail(key, { subject, text: body }, mail.to),
        }
  await tx
    .insertInto('mail')
    .values({ to_address: mail.to, ...said, queued_at: at, due_at: at })
    .execute()
  return true
}
