/**
 * Signed records: Ed25519 over key, version and body, so that a text's trust is its signature and not its place.
 *
 * Text format, one line: `VERSION SIGNATURE BODY` (decimal, base64url, JSON). The signature covers
 * `KEY \0 VERSION \0 BODY`: a record moved to another key, or given another version, no longer opens. It is not
 * encryption, and it does not know replay: callers refuse a version lower than the one they hold. Whatever is
 * wrong with a text, the answer is `null`: a reader that could tell defects apart would soon treat one as mild.
 * JWS was refused: it costs an algorithm header that a verifier must then distrust.
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import type { z } from 'zod'
import type { Checked } from '../policies/problem.ts'
import { keepSecret } from './secret-file.ts'

/** Signs texts; the control plane has one. `publicKey` is raw Ed25519, base64url (43 characters). */
export type Signer = { readonly publicKey: string; sign(message: string): string }

/** Reports whether `signature` (base64url) is the signer's over `message`; about 100 µs. Never throws. */
export type Verifier = { verify(message: string, signature: string): boolean }

/** A record whose signature, key and form were right. */
export type OpenedRecord<T> = { readonly version: number; readonly value: T }

const signatureForm = /^[A-Za-z0-9_-]{85}[AQgw]$/
const publicKeyForm = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/
const versionForm = /^(0|[1-9]\d{0,15})$/

/** A new Ed25519 private key. */
export const generateSigningKey = (): KeyObject => generateKeyPairSync('ed25519').privateKey

/**
 * The private key kept in `file` (PKCS#8 PEM, mode 0600), made there at the first call.
 * Problems: a file that others can read, or that holds no Ed25519 key.
 */
export function keepSigningKey(file: string): Checked<KeyObject> {
  const kept = keepSecret(file, () =>
    generateSigningKey().export({ type: 'pkcs8', format: 'pem' }).toString(),
  )
  if (!kept.ok) return kept
  try {
    const key = createPrivateKey(kept.value)
    if (key.asymmetricKeyType === 'ed25519') return { ok: true, value: key }
  } catch {
    // Falls through to the same Problem: whose fault the bytes are does not matter to the reader.
  }
  return { ok: false, problems: [{ path: file, sentence: 'holds no Ed25519 private key (PKCS#8 PEM)' }] }
}

const seedHead = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The private key whose 32 bytes (RFC 8032) are written in base64url; `null`: the text is none. */
export function readSigningKey(text: string): KeyObject | null {
  const seed = Buffer.from(text, 'base64url')
  if (!publicKeyForm.test(text) || seed.length !== 32 || new Set(seed).size < 12) return null
  return createPrivateKey({ key: Buffer.concat([seedHead, seed]), format: 'der', type: 'pkcs8' })
}

/** A signer of a private Ed25519 key; throws if the key is of another kind (a mistake in our wiring). */
export function createSigner(privateKey: KeyObject): Signer {
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' })
  if (privateKey.asymmetricKeyType !== 'ed25519' || x === undefined) throw new Error('not an Ed25519 key')
  return {
    publicKey: x,
    sign: (message) => sign(null, Buffer.from(message), privateKey).toString('base64url'),
  }
}

/** A verifier of a raw Ed25519 public key in base64url; `null` if the text is none. */
export function createVerifier(publicKey: string): Verifier | null {
  if (!publicKeyForm.test(publicKey)) return null
  let key: KeyObject
  try {
    key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: publicKey }, format: 'jwk' })
  } catch {
    return null
  }
  return {
    verify(message, signature) {
      if (!signatureForm.test(signature)) return false
      try {
        return verify(null, Buffer.from(message), key, Buffer.from(signature, 'base64url'))
      } catch {
        return false
      }
    },
  }
}

const covered = (key: string, version: string, body: string): string => `${key}\0${version}\0${body}`

/**
 * The signed text of `value` for `key`. `version`: a whole number from 0; it only ever grows per key.
 * Throws on a version or key that could not be read back (a mistake in our code).
 */
export function sealRecord(signer: Signer, key: string, version: number, value: object): string {
  if (!Number.isSafeInteger(version) || version < 0) throw new Error(`bad version ${version} of ${key}`)
  if (key.includes('\0')) throw new Error('a key with NUL')
  const body = JSON.stringify(value)
  return `${version} ${signer.sign(covered(key, String(version), body))} ${body}`
}

type Parts = { readonly version: string; readonly signature: string; readonly body: string }

function partsOf(text: string): Parts | null {
  const first = text.indexOf(' ')
  const second = text.indexOf(' ', first + 1)
  if (first < 1 || second < 0) return null
  return {
    version: text.slice(0, first),
    signature: text.slice(first + 1, second),
    body: text.slice(second + 1),
  }
}

/**
 * The record in `text`, if it was sealed for this very `key` and matches `schema`; `null` for any defect: another
 * key, a bad signature, no JSON, an unknown or missing field. The signature is checked before the body is parsed.
 */
export function openRecord<T>(
  verifier: Verifier,
  key: string,
  text: string,
  schema: z.ZodType<T>,
): OpenedRecord<T> | null {
  const parts = partsOf(text)
  if (parts === null || !versionForm.test(parts.version)) return null
  const version = Number(parts.version)
  if (!Number.isSafeInteger(version)) return null
  if (!verifier.verify(covered(key, parts.version, parts.body), parts.signature)) return null
  try {
    const parsed = schema.safeParse(JSON.parse(parts.body))
    return parsed.success ? { version, value: parsed.data } : null
  } catch {
    return null
  }
}

/** The version that a sealed text claims to have, *not* verified; `null` if the text has not that form. */
export function claimedVersion(text: string): number | null {
  const version = partsOf(text)?.version
  return version !== undefined && versionForm.test(version) ? Number(version) : null
}

/** SHA-256 (base64url) of a sealed text's body, the manifest's root; `null` if the text has not that form. */
export function bodyHash(text: string): string | null {
  const parts = partsOf(text)
  return parts === null ? null : hash('sha256', parts.body, 'base64url')
}
