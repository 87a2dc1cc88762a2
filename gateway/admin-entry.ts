/**
 * Handing somebody over from the application to the admin origin, with a ticket (SPEC §12).
 *
 * It judges nobody: whether they hold a permission there, and whether the practice's policy lets them in, the admin origin
 * finds out itself at each request. Invariant: the ticket is made for the session whose companion this browser brought,
 * is good once and for half a minute, and opens nothing without a second factor. A link that carries the companion over
 * was refused: it must never leave the application's host.
 */

import { pagePolicy } from '../runtime/pages/page.ts'
import { plainPage } from '../runtime/pages/plain-page.ts'
import { awayTitle } from '../runtime/pages/texts.ts'
import { managementTexts } from '../runtime/pages/texts-gateway.ts'
import { hashToken, newToken } from '../runtime/token.ts'
import { tooOften } from './access-failures.ts'
import type { WholeResponse } from './exchange.ts'
import { answerFailure } from './refusal.ts'
import { again, seeOther, signInPage, type Visit } from './step-visit.ts'

const awayPage = (): WholeResponse => ({
  status: 503,
  headers: [
    ...['Cache-Control', 'no-store', 'Content-Type', 'text/html; charset=utf-8'],
    ...['Content-Security-Policy', pagePolicy, 'X-Content-Type-Options', 'nosniff'],
  ],
  body: plainPage(awayTitle, managementTexts.away),
})

/** Hands this browser over to the admin origin; one whose session is over signs in first. */
export async function handOverToAdmin(visit: Visit): Promise<WholeResponse> {
  const { parts, exchange, session } = visit
  if (!parts.handOvers.take(session.tokenHash) || !parts.rate.take(`hand-over ${exchange.client.text}`))
    return again(answerFailure(exchange, tooOften))
  const ticket = newToken()
  try {
    const entered = await parts.controlPlane?.enterAdmin({
      ticketHash: hashToken(ticket),
      tokenHash: session.tokenHash,
      origin: `${exchange.secure ? 'https' : 'http'}://${exchange.host}`,
    })
    if (entered === null) return seeOther(signInPage(exchange), [parts.companion.take(exchange.secure)])
    if (entered !== undefined && /^https?:\/\/[^/?#@\s]+$/.test(entered.admin)) {
      const response = seeOther(`${entered.admin}/hand-over?ticket=${ticket}`)
      return { ...response, headers: [...response.headers, 'Referrer-Policy', 'no-referrer'] }
    }
  } catch (error) {
    parts.log.warn(
      { error, session: session.record.id },
      'somebody could not be handed over to the admin origin',
    )
  }
  return again(awayPage())
}
