/**
 * Whether a request comes from the admin pages themselves: Host, Origin and Fetch Metadata.
 *
 * The third defence, a token in a header, is checked where the session is known. Invariant: an unsafe request
 * without an `Origin` that equals ours is refused; what a browser leaves out is never taken as consent.
 * Referer was refused as a substitute: it is stripped and rewritten on the way.
 */

import { ownPath } from '../../runtime/own-path.ts'

/** Whether the method may change something. */
export const isUnsafe = (method: string): boolean => method !== 'GET' && method !== 'HEAD'

/** Whether the request was addressed to our own host: a name that was rebound to our address is not ours. */
export const isForUs = (url: string, origin: string): boolean => new URL(url).host === new URL(origin).host

/**
 * Whether a page of ours sent this. `origin` and `fetchSite` are the request's `Origin` and `Sec-Fetch-Site`;
 * browsers that send no Fetch Metadata are judged by `Origin` alone.
 */
export const isFromUs = (ours: string, origin: string | undefined, fetchSite: string | undefined): boolean =>
  origin === ours && (fetchSite === undefined || fetchSite === 'same-origin')

/** Where to go after sign-in: a path of ours by a strict grammar; anything else becomes `/`. */
export const returnTarget = (text: string | undefined): string =>
  text !== undefined &&
  ownPath(text, 500) !== null &&
  /^[A-Za-z0-9\-._~/?=&%]*$/.test(text) &&
  !/^\/(?:api|sign-in|sign-out|hand-over|step-up|set-password)(?:[/?]|$)/.test(text)
    ? text
    : '/'
