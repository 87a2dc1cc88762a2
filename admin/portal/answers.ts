/**
 * The portal's answers: pages and redirects with the headers that each of them carries.
 *
 * It knows no page. Invariant: nothing is stored, framed or sniffed, no script ever runs, and no other origin is asked
 * for anything; only the visit's application may be led to. `Referrer-Policy: same-origin` and not `no-referrer`, under
 * which browsers send `Origin: null` with our own forms; neither tells another origin anything.
 */
import { pagePolicyWith } from '../../runtime/pages/page.ts'

/** What an answer adds to its page. `elsewhere`: the origin its forms may lead to; `refreshS`: loads `refreshTo` again. */
export type Extras = {
  readonly elsewhere?: string | null
  readonly setCookie?: string
  readonly refresh?: { readonly afterS: number; readonly to: string }
  readonly retryAfterS?: number
}

/** Answers of one origin. */
export type Answers = {
  readonly page: (status: number, html: string, extras?: Extras) => Response
  /** 303 to `location`. */
  readonly seeOther: (location: string, setCookie?: string) => Response
}

/** The answers of a portal that browsers reach over https (`secure`) or not. */
export function createAnswers(secure: boolean): Answers {
  const standard = (elsewhere: string | null): Record<string, string> => ({
    'content-security-policy': pagePolicyWith(elsewhere),
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
    page: (status, html, { elsewhere = null, setCookie, refresh, retryAfterS } = {}) =>
      new Response(html, {
        status,
        headers: {
          ...standard(elsewhere),
          'content-type': 'text/html; charset=utf-8',
          ...(setCookie === undefined ? {} : { 'set-cookie': setCookie }),
          ...(refresh === undefined ? {} : { refresh: `${refresh.afterS}; url=${refresh.to}` }),
          ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
        },
      }),
    seeOther: (location, setCookie) =>
      new Response(null, {
        status: 303,
        headers: {
          ...standard(null),
          location,
          ...(setCookie === undefined ? {} : { 'set-cookie': setCookie }),
        },
      }),
  }
}
