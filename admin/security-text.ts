/**
 * `/.well-known/security.txt` (RFC 9116) of an origin of the control plane, as its operator configures it.
 *
 * The application's own origin is not touched: a file of that name there is the application's. Invariant: only for the
 * origin's own host, and without a contact there is no such file. A fixed date of expiry was refused: the file would end
 * on a day that nobody remembers, while a plane that runs is a plane whose configuration is in force.
 */
import type { Instant } from '../policies/instant.ts'
import type { SecurityText } from '../runtime/config-security-text.ts'
import { isForUs } from './sign-in/own-origin.ts'

const path = '/.well-known/security.txt'
/** RFC 9116 §2.5.5 wants less than a year. */
const validMs = 180 * 86_400_000

/** Answers requests for the file; `null`: another path, another host, or nobody is named. */
export function answerSecurityText(
  request: Request,
  origin: string,
  { contacts, policy, languages }: SecurityText,
  at: Instant,
): Response | null {
  const { url, method } = request
  if (contacts.length === 0 || new URL(url).pathname !== path || !isForUs(url, origin)) return null
  if (method !== 'GET' && method !== 'HEAD') return null
  const lines = [
    ...contacts.map((contact) => `Contact: ${contact}`),
    // Whole days, so that the file is the same all day.
    `Expires: ${new Date(Math.floor((at + validMs) / 86_400_000) * 86_400_000).toISOString()}`,
    ...(policy === null ? [] : [`Policy: ${policy}`]),
    `Preferred-Languages: ${languages}`,
    `Canonical: ${origin}${path}`,
  ]
  return new Response(method === 'HEAD' ? null : `${lines.join('\n')}\n`, {
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'public, max-age=3600',
      'x-content-type-options': 'nosniff',
    },
  })
}
