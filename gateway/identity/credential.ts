/**
 * The application's own credential of a request: its session cookies, all of them together, or its bearer token.
 *
 * It says which credential came, never whose it is. Invariant: the same cookies give the same hash in every
 * gateway, and no other spelling of a value that its application takes for the same (`spelling.ts`), quotes
 * around it included, makes another credential of it. The hash is keyed by upstream, so that two applications with
 * one cookie name do not share state. A token counts only in the one header that is removed when it is worth
 * nothing: reading it from queries and bodies too was refused.
 */
import { hash } from 'node:crypto'
import type { Instant } from '../../policies/instant.ts'
import type { IdentityConfig } from '../../runtime/config.ts'
import { readCookie, readSetCookie, setCookieLines } from '../cookies.ts'
import type { Exchange, WholeResponse } from '../exchange.ts'
import { fieldAt, parseStrictJson } from './json-claims.ts'
import { oneSpelling } from './spelling.ts'

/** A credential. `pairs` in the order of configuration; `hash` is base64url, 43 characters. */
export type Credential = {
  readonly hash: string
  readonly pairs: readonly (readonly [name: string, value: string])[]
  /** When the person signed in, by the clock of the identity proxy that says so; absent: nobody says. */
  readonly signedInAt?: Instant
}

/** What a request carries: nothing, a credential, or something that parsers could read two ways. */
export type CredentialReading = Credential | 'none' | 'doubtful'

/** Whether ending a session also ends the credential it came with; else it is tied to its user alone (SPEC §2). */
export const bindsValue = ({
  binding,
  trustedHeader,
}: Pick<IdentityConfig, 'binding' | 'trustedHeader'>): boolean =>
  // A sign-in that is told of with its time is one credential; without it all of a user's would be the same one.
  trustedHeader === null ? binding === 'value' : trustedHeader.signedInAt !== null

const unquoted = (value: string): string =>
  value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value

const credentialOf = (upstream: string, pairs: Credential['pairs']): Credential | 'none' =>
  pairs.length === 0
    ? 'none'
    : {
        hash: hash(
          'sha256',
          `${upstream}\0${pairs.map(([name, value]) => `${name}=${oneSpelling(unquoted(value))}`).join(';')}`,
          'base64url',
        ),
        pairs,
      }

/** The credential in `lines` (of `cookieLines`): the cookies `names` of `upstream`, empty values left out. */
export function readCredential(
  upstream: string,
  names: readonly string[],
  lines: readonly string[],
): CredentialReading {
  if (lines.length === 0) return 'none'
  const pairs: (readonly [string, string])[] = []
  for (const name of names) {
    const reading = readCookie(lines, name)
    if (reading.doubtful) return 'doubtful'
    if (reading.value !== null && unquoted(reading.value) !== '') pairs.push([name, reading.value])
  }
  return credentialOf(upstream, pairs)
}

/** The credential a browser has after it saw `setCookies`; the last line of a name wins. */
export function overlayCredential(
  upstream: string,
  names: readonly string[],
  before: CredentialReading,
  setCookies: readonly string[],
  at: number,
): Credential | 'none' {
  const values = new Map(typeof before === 'string' ? [] : before.pairs)
  for (const line of setCookies) {
    const change = readSetCookie(line, at)
    if (change === null || !names.includes(change.name)) continue
    if (change.cleared) values.delete(change.name)
    else values.set(change.name, change.value)
  }
  const pairs = names.flatMap((name) => {
    const value = values.get(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  return credentialOf(upstream, pairs)
}

/** One token of RFC 6750 behind one space, in the capitals of that RFC or none. */
const bearerForm = /^bearer ([A-Za-z0-9._~+/-]+=*)$/i
const tokenBytesMax = 8_192
const headerName = 'authorization'

const bearerOf = (upstream: string, token: string): Credential | 'none' =>
  credentialOf(upstream, [[headerName, token]])

/** The bearer token in `headers`; another scheme is no credential, anything near a token is doubtful. */
function readBearer(upstream: string, headers: Exchange['headers']): CredentialReading {
  const values = headers.filter((_, i) => i % 2 === 1 && headers[i - 1]?.toLowerCase() === headerName)
  const [value, ...others] = values
  if (value === undefined) return 'none'
  const token = bearerForm.exec(value)?.[1]
  if (others.length > 0 || value.length > tokenBytesMax) return 'doubtful'
  if (token !== undefined) return bearerOf(upstream, token)
  return /bearer/i.test(value) ? 'doubtful' : 'none'
}

/** The credential that `exchange` carries, by its upstream's configuration; `lines` of `cookieLines`. */
export const carriedCredential = (
  { upstream, headers }: Pick<Exchange, 'upstream' | 'headers'>,
  lines: readonly string[],
): CredentialReading =>
  (upstream.identity?.bearer ?? null) === null
    ? readCredential(upstream.id, upstream.identity?.cookies ?? [], lines)
    : readBearer(upstream.id, headers)

/** The credential that a browser has after a sign-in whose answer is `response`. */
export function credentialAfter(
  { upstream }: Pick<Exchange, 'upstream'>,
  before: CredentialReading,
  response: WholeResponse,
  at: number,
): Credential | 'none' {
  const { cookies = [], bearer = null } = upstream.identity ?? {}
  if (bearer === null)
    return overlayCredential(upstream.id, cookies, before, setCookieLines(response.headers), at)
  const { body } = response
  const answer = parseStrictJson(typeof body === 'string' ? Buffer.from(body) : body)
  const token = answer === undefined ? undefined : fieldAt(answer, bearer.tokenField)
  if (typeof token !== 'string' || !bearerForm.test(`bearer ${token}`)) return 'none'
  return bearerOf(upstream.id, token)
}

/** The headers that carry only this credential to the application. */
export const credentialHeaders = (
  { bearer }: Pick<IdentityConfig, 'bearer'>,
  { pairs }: Credential,
): Readonly<Record<string, string>> =>
  bearer === null
    ? { cookie: pairs.map(([name, value]) => `${name}=${value}`).join('; ') }
    : { [headerName]: `Bearer ${pairs[0]?.[1] ?? ''}` }

/** The body of the call that ends this credential's session; `null`: none. */
export const endSessionBody = (
  tokenField: string | null | undefined,
  { pairs }: Credential,
): string | null => {
  const token = pairs[0]?.[1]
  return tokenField == null || token === undefined ? null : JSON.stringify({ [tokenField]: token })
}
