/**
 * The forms of the access step: who may send them, and what they say.
 *
 * It asks and grants nothing. Invariant: a form counts only from a page of this origin, shown to this very browser:
 * `Origin` must be ours, `Sec-Fetch-Site` must not speak against it, and the token is derived from the companion's,
 * which no other site and no script can read. A token in a cookie was refused: the application's origin could set it.
 */

import { hkdfSync } from 'node:crypto'
import { sameText } from '../runtime/fleet-seal.ts'
import { accessTexts } from '../runtime/pages/texts-gateway.ts'
import type { Exchange } from './exchange.ts'

/**
 * What a form says. `again`: sign in once more, confirmed as they are; `later`: go on without a second factor for now;
 * `withdraw`: take back what waits there.
 * `problem`: why it asks for nothing, one public sentence.
 */
export type AccessForm =
  | { readonly does: 'leave' }
  | { readonly does: 'again' }
  | { readonly does: 'later' }
  | { readonly does: 'withdraw'; readonly practices: readonly string[] }
  | {
      readonly does: 'ask'
      readonly practices: readonly string[]
      readonly reason: string
      readonly problem: string | null
    }

const bodyBytesMax = 16_384
const reasonMax = 500

/** Goes with each form of the browser that has this companion token; 43 characters. */
export const formToken = (companionToken: string): string =>
  Buffer.from(hkdfSync('sha256', companionToken, '', 'gatehouse access form 1', 32)).toString('base64url')

const headerOf = ({ headers }: Exchange, wanted: string): string | null => {
  for (let i = 0; i + 1 < headers.length; i += 2)
    if (headers[i]?.toLowerCase() === wanted) return headers[i + 1] ?? ''
  return null
}

const isOurs = (exchange: Exchange): boolean => {
  const site = headerOf(exchange, 'sec-fetch-site')
  const origin = `${exchange.secure ? 'https' : 'http'}://${exchange.host}`
  return headerOf(exchange, 'origin') === origin && (site === null || site === 'same-origin')
}

const problemOf = (practices: readonly string[], reason: string): string | null => {
  if (practices.length === 0) return accessTexts.noPractice
  if (reason === '') return accessTexts.noReason
  return reason.length > reasonMax ? accessTexts.longReason(reasonMax) : null
}

/** The form in a request's body; `null`: not one of ours, or not from this browser's page. */
export async function readAccessForm(exchange: Exchange, companionToken: string): Promise<AccessForm | null> {
  if (!isOurs(exchange)) return null
  if (!(headerOf(exchange, 'content-type') ?? '').startsWith('application/x-www-form-urlencoded')) return null
  const body = await exchange.body(bodyBytesMax)
  if (body === null) return null
  const fields = new URLSearchParams(Buffer.from(body).toString('utf8'))
  if (!sameText(fields.get('token') ?? '', formToken(companionToken))) return null
  const does = fields.get('do')
  if (does === 'leave' || does === 'again' || does === 'later') return { does }
  const practices = [...new Set(fields.getAll('practice'))].slice(0, 50)
  if (does === 'withdraw') return practices.length === 0 ? null : { does, practices }
  const reason = (fields.get('reason') ?? '').trim()
  return { does: 'ask', practices, reason, problem: problemOf(practices, reason) }
}
