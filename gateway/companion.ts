/**
 * The companion: the gateway's own cookie on the application's origin. It carries the bearer of a gateway session.
 *
 * Only the token's hash ever leaves the gateway. Invariant: the application neither receives nor sets it (the
 * engine strips it both ways), and a reading that is doubtful or malformed is no companion at all. Signed,
 * self-contained cookies were refused: revocation must really end a session.
 */
import { hashToken, newToken } from '../runtime/token.ts'
import { expiredCookie, readCookie } from './cookies.ts'

/** The cookie of one gateway. Over https `__Host-` makes browsers refuse look-alikes from other hosts. */
export type Companion = {
  /** The name by which a browser that came `secure`ly knows it. */
  name(secure: boolean): string
  /** Hash of the token in these `Cookie` lines; `null`: none, or none that can be trusted. */
  read(lines: readonly string[], secure: boolean): string | null
  /** The token itself, which opens what was parked for its browser; `null` as with `read`. It goes nowhere else. */
  token(lines: readonly string[], secure: boolean): string | null
  /** The `Set-Cookie` value that gives the token to a browser, for as long as the browser runs. */
  give(token: string, secure: boolean): string
  /** The `Set-Cookie` value that takes it away. */
  take(secure: boolean): string
}

const tokenForm = /^[A-Za-z0-9_-]{43}$/

/** The companion of configuration `gateway.companionName`. */
export function createCompanion(companionName: string): Companion {
  const secureName = `__Host-${companionName}`
  const name = (secure: boolean): string => (secure ? secureName : companionName)
  const token = (lines: readonly string[], secure: boolean): string | null => {
    const { value } = readCookie(lines, name(secure))
    return value !== null && tokenForm.test(value) ? value : null
  }
  return {
    name,
    token,
    read(lines, secure) {
      const value = token(lines, secure)
      return value === null ? null : hashToken(value)
    },
    give: (token, secure) =>
      `${name(secure)}=${token}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`,
    take: (secure) => expiredCookie(name(secure), secure),
  }
}

/** A new bearer and its hash. */
export function mintToken(): { readonly token: string; readonly tokenHash: string } {
  const token = newToken()
  return { token, tokenHash: hashToken(token) }
}
