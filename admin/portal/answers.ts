/**
 * The portal's answers: pages and redirects with the headers that each of them carries.
 *
 * It knows no page. Invariant: nothing is stored, framed or sniffed, no script runs but the one that a page names by its
 * hash, and no other origin is asked for anything; only the visit's application may be led to. `Referrer-Policy: same-origin` and not `no-referrer`, under
 * which browsers send `Origin: null` with our own forms; neither tells another origin anything.
 */
import { pagePolicyWith } from '../../runtime/pages/page.ts'
import type { PageScript } from './scripts.ts'

/** What an answer adds to its page. `script`: the one in it; `elsewhere`: the origin its forms may lead to; `refreshS`: loads `refreshTo` again. */
export type Extras = {
  readonly elsewhere?: string | null
  readonly script?: PageScript
  readonly setCookie?: string
  readonly refresh?: { readonly afterS: number; readonly to: string }
  readonly retryAfterS?: number
}

/** Answers of one origin. */
export type Answers = {
  readonly page: (status: number, html: string, extras?: Extras) => Response
  /** 303 to `location`. */
  readonly seeOther: (location: string, ...setCookies: readonly string[]) => Response
}

/** The answers of a portal that browsers reach over https (`secure`) or not. */
export function createAnswers(secure: boolean): Answers {
  const standard = (elsewhere: string | null, script?: PageScript): Record<string, string> => ({
    'content-security-policy': pagePolicyWith(elsewhere, script?.hash ?? null),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'cache-control': 'no-store',
    ...(secure ? { 'strict-transport-security': 'max-age=31536000' } : {}),
  })
  return {
    page: (status, html, { elsewhere = null, script, setCookie, refresh, retryAfterS } = {}) =>
      new Response(html, {
        status,
        headers: {
          ...standard(elsewhere, script),
          'content-type': 'text/html; charset=utf-8',
          ...(setCookie === undefined ? {} : { 'set-cookie': setCookie }),
          ...(refresh === undefined ? {} : { refresh: `${refresh.afterS}; url=${refresh.to}` }),
          ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
        },
      }),
    seeOther: (location, ...setCookies) => {
      const headers = new Headers({ ...standard(null), location })
      for (const line of setCookies) headers.append('set-cookie', line)
      return new Response(null, { status: 303, headers })
    },
  }
}
