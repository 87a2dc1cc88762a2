/**
 * Random names: bearer tokens, what is stored of them, and the codes that people read out on the telephone.
 *
 * Only the hash of a token is ever stored or sent between planes: who reads a store cannot become somebody. A slow
 * hash is not needed: a token has 256 bits, unlike a password. Reference codes are names, never secrets.
 */
import { hash, randomBytes } from 'node:crypto'

/** A new bearer token: 256 random bits, base64url, 43 characters. */
export const newToken = (): string => randomBytes(32).toString('base64url')

/** SHA-256 of a token, base64url, 43 characters; about 1 µs. */
export const hashToken = (token: string): string => hash('sha256', token, 'base64url')

/** What every service token begins with, so that scanners find one that was left in a file. */
const servicePrefix = 'ght_'

/** A new service token: `ght_` and 256 random bits, 47 characters. */
export const newServiceToken = (): string => `${servicePrefix}${newToken()}`

/** A text that has the form of a service token, or `null`. */
export const readServiceToken = (text: string): string | null =>
  /^ght_[A-Za-z0-9_-]{43}$/.test(text) ? text : null

/** What of a service token is shown in lists: its first ten characters, 36 of 256 bits. */
export const servicePrefixOf = (token: string): string => token.slice(0, 10)

/** Crockford's base 32: no I, L, O, U, so that a code survives being read aloud. */
const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** A new reference code of a refusal, as `GH-7K2M-94QX`: 40 random bits, 12 characters. */
export function newReferenceCode(): string {
  let text = ''
  for (const byte of randomBytes(8)) text += digits[byte & 31]
  return `GH-${text.slice(0, 4)}-${text.slice(4)}`
}

/**
 * A reference code as people type or dictate it (any case, with or without `GH` and dashes, O for 0, I and L for 1), in
 * the form of `newReferenceCode`; `null` where it can be none.
 */
export function readReferenceCode(text: string): string | null {
  const plain = text.toUpperCase().replaceAll(/[\s-]/g, '')
  const read = (plain.length === 10 && plain.startsWith('GH') ? plain.slice(2) : plain)
    .replaceAll('O', '0')
    .replaceAll(/[IL]/g, '1')
  return /^[0-9A-HJKMNP-TV-Z]{8}$/.test(read) ? `GH-${read.slice(0, 4)}-${read.slice(4)}` : null
}
