/**
 * The admin session's cookie: how it is called, written, read and expired.
 *
 * It carries a bearer token and nothing else. SameSite=Strict: a request that another site starts never
 * carries it, not even a followed link. That costs nothing here, because a link from a mail loads the page
 * shell, which needs no cookie, and the shell's own calls are same-site and carry it; Lax would only have
 * widened what a forged navigation may read. Invariant: two cookies of our name with different values are
 * nobody's (cookie tossing).
 */

/** Under which name the cookie goes: bound to host and https where there is https. */
export const cookieName = (secure: boolean): string => (secure ? '__Host-gatehouse-admin' : 'gatehouse-admin')

const attributes = (secure: boolean): string => `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`

/** The `Set-Cookie` value of a new session. It is a browser-session cookie: the server knows when it ends. */
export const setCookie = (secure: boolean, token: string): string =>
  `${cookieName(secure)}=${token}; ${attributes(secure)}`

/** The `Set-Cookie` value that removes it. */
export const expireCookie = (secure: boolean): string =>
  `${cookieName(secure)}=; Max-Age=0; ${attributes(secure)}`

const trimmed = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, '')

/** The token in a `Cookie` header; `null`: none, or several that differ. */
export const readCookie = (header: string | undefined, secure: boolean): string | null =>
  readCookieCalled(cookieName(secure), header)

/** The value of the cookie `name` in a `Cookie` header; `null`: none, or several that differ. */
export function readCookieCalled(name: string, header: string | undefined): string | null {
  const values = new Set<string>()
  for (const part of (header ?? '').split(';')) {
    const equals = part.indexOf('=')
    if (equals > 0 && trimmed(part.slice(0, equals)) === name) values.add(trimmed(part.slice(equals + 1)))
  }
  const [only = null] = values
  return values.size === 1 ? only : null
}
