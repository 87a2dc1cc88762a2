/**
 * The cookies of the portal, of a visit and of a remembered browser: how they are called, written, read and expired.
 *
 * Each carries a bearer token and nothing else. SameSite=Lax and not Strict: people come here by a redirect
 * from the application's origin, and a Strict cookie would not go along. Invariant: two cookies of our name with
 * different values are nobody's (cookie tossing), and a value that is no token of ours is never looked up.
 */
import type { DurationMs } from '../../policies/instant.ts'
import { readCookieCalled } from '../sign-in/cookie.ts'

/** How long a browser keeps it: as long as a visit can last. */
export const cookieMs: DurationMs = 600_000

/** Under which name it goes: bound to host and https where there is https. */
export const portalCookieName = (secure: boolean): string =>
  secure ? '__Host-gatehouse-portal' : 'gatehouse-portal'

const attributes = (secure: boolean): string => `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`

/** The `Set-Cookie` value of a new visit. */
export const setPortalCookie = (secure: boolean, token: string): string =>
  `${portalCookieName(secure)}=${token}; Max-Age=${cookieMs / 1_000}; ${attributes(secure)}`

/** The `Set-Cookie` value that removes it. */
export const expirePortalCookie = (secure: boolean): string =>
  `${portalCookieName(secure)}=; Max-Age=0; ${attributes(secure)}`

/** The token in a `Cookie` header; `null`: none, several that differ, or no token of ours. */
export function readPortalCookie(header: string | undefined, secure: boolean): string | null {
  const value = readCookieCalled(portalCookieName(secure), header)
  return value !== null && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : null
}

const deviceCookieName = (secure: boolean): string =>
  secure ? '__Host-gatehouse-device' : 'gatehouse-device'

/** The `Set-Cookie` value of a browser that is remembered, for `ms`. */
export const setDeviceCookie = (secure: boolean, token: string, ms: DurationMs): string =>
  `${deviceCookieName(secure)}=${token}; Max-Age=${Math.floor(ms / 1_000)}; ${attributes(secure)}`

/** The token of a remembered browser in a `Cookie` header; `null`: none, several that differ, or no token of ours. */
export function readDeviceCookie(header: string | undefined, secure: boolean): string | null {
  const value = readCookieCalled(deviceCookieName(secure), header)
  return value !== null && /^[A-Za-z0-9_-]{43}$/.test(value) ? value : null
}
