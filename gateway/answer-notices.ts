/**
 * What the application's own answers say about a session: that it is over, or that its person went to another practice.
 *
 * It decides nothing and changes no answer but that of a sign-out. Invariant: what the application ends, ends here too,
 * streams and all; and after a request that may have changed the practice its word is asked for anew, so that the old
 * one is not judged by. Trusting the old word until it runs out was refused.
 */
import type { Case } from './case.ts'
import { readSetCookie } from './cookies.ts'
import type { Held } from './exchange.ts'
import { isClaimed } from './practice.ts'
import type { MirroredSession } from './sessions.ts'

const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD' || method === 'OPTIONS'

/**
 * Called with the answer's `Set-Cookie` lines: ends the session that the application has cleared, and asks anew where the
 * request may have changed the practice.
 */
export const noticeOf =
  (
    {
      parts: { clock, endings },
      exchange: { upstream, method },
      identity: { introspector },
      carried: { credential },
      duties: { picking },
    }: Case,
    session: MirroredSession,
  ) =>
  // Of the exchange it holds nothing: a permit may be kept with it.
  (lines: readonly string[]): void => {
    if (lines.length === 0 && !isClaimed(upstream)) return
    const names = upstream.identity?.cookies ?? []
    const at = clock.now()
    const cleared = lines.some((line) => {
      const change = readSetCookie(line, at)
      return change?.cleared === true && names.includes(change.name)
    })
    if (cleared) {
      if (typeof credential !== 'string') introspector.forget(credential)
      void endings.end(session, 'app-signed-out')
    } else if (typeof credential !== 'string' && isClaimed(upstream)) {
      if (isSafe(method) && !picking) return
      introspector.forget(credential)
      void introspector.askAfresh(credential)
    }
  }

/** A sign-out on its way: where the application agrees, the gateway's session ends with its own. */
export const heldSignOut = (
  { parts, exchange, identity, carried }: Case,
  session: MirroredSession,
): Held => ({
  bytesMax: parts.observedBytesMax,
  async settle(response) {
    if (typeof carried.credential !== 'string') identity.introspector.forget(carried.credential)
    if (response.status >= 400) return response
    await parts.endings.end(session, 'app-signed-out')
    return {
      ...response,
      headers: [...response.headers, 'Set-Cookie', parts.companion.take(exchange.secure)],
    }
  },
})
