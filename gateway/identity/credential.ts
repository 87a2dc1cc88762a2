/**
 * The application's own credential of a request: its session cookies, all of them together, under one hash.
 *
 * It says which credential came, never whose it is. Invariant: the same cookies give the same hash in every
 * gateway, and quotes around a value (which some applications strip) do not make another credential of it. The
 * hash is keyed by upstream, so that two applications with one cookie name do not share state.
 */
import { hash } from 'node:crypto'
import { readCookie, readSetCookie } from '../cookies.ts'

/** A credential. `pairs` in the order of configuration; `hash` is base64url, 43 characters. */
export type Credential = {
  readonly hash: string
  readonly pairs: readonly (readonly [name: string, value: string])[]
}

/** What a request carries: nothing, a credential, or something that parsers could read two ways. */
export type CredentialReading = Credential | 'none' | 'doubtful'

const unquoted = (value: string): string =>
  value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value

const credentialOf = (upstream: string, pairs: Credential['pairs']): Credential | 'none' =>
  pairs.length === 0
    ? 'none'
    : {
        hash: hash(
          'sha256',
          `${upstream}\0${pairs.map(([name, value]) => `${name}=${unquoted(value)}`).join(';')}`,
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

/** The `Cookie` header value that carries only this credential. */
export const credentialHeader = (credential: Credential): string =>
  credential.pairs.map(([name, value]) => `${name}=${value}`).join('; ')
