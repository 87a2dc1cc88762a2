/**
 * Reads whose an application's signed token is (JWT, RFC 7519), without asking the application.
 *
 * It decides nothing and remembers nothing. Invariant: algorithms, issuer, audience and expiry are fixed by
 * configuration, and nothing that the token says of itself (`alg`, `kid`, `jku`, `x5u`) chooses a kind of key or an
 * address (RFC 8725). A token that is wrong is nobody's; keys that cannot be had make it indeterminate, never valid.
 */
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, jwtVerify } from 'jose'
import { type Dispatcher, fetch } from 'undici'
import type { DurationMs } from '../../policies/instant.ts'
import type { Checked } from '../../policies/problem.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { UpstreamConfig } from '../../runtime/config.ts'
import type { TokenRules } from '../../runtime/config-upstream.ts'
import { type AskOnce, type Introspected, indeterminate, keptMs } from './introspect.ts'
import { parseStrictJson, readIdentity } from './json-claims.ts'

/** The keys of one application's tokens. */
export type TokenKeys = KeyObject | ReturnType<typeof createRemoteJWKSet>

/** A word read off a token is as old as the token says; kept no longer than one that was asked for. */
const keptMsMax: DurationMs = 30_000
const nobodyMs: DurationMs = 1_000
/** Keys are looked at again no more often than this, whatever `kid` strangers invent. */
const keysCooldownMs: DurationMs = 30_000
const secretBytesMin = 32

/** The problems of a token itself; all others are problems of the keys. */
const worthless: ReadonlySet<string> = new Set([
  errors.JWTExpired.code,
  errors.JWTClaimValidationFailed.code,
  errors.JWTInvalid.code,
  errors.JWSInvalid.code,
  errors.JWSSignatureVerificationFailed.code,
  errors.JWKSNoMatchingKey.code,
  errors.JWKSMultipleMatchingKeys.code,
  errors.JOSEAlgNotAllowed.code,
  errors.JOSENotSupported.code,
])

function readKeyFile(file: string, isShared: boolean): Checked<KeyObject> {
  const refused = (sentence: string): Checked<never> => ({ ok: false, problems: [{ path: file, sentence }] })
  let text: string
  try {
    text = readFileSync(file, 'utf8').trim()
  } catch {
    return refused('cannot be read')
  }
  if (isShared) {
    const secret = Buffer.from(text, 'utf8')
    if (secret.length < secretBytesMin) return refused(`is too short: use at least ${secretBytesMin} bytes`)
    // A public key is known to all: as a shared secret it would let anyone sign.
    if (text.includes('-----BEGIN')) return refused('is a public key or certificate, not a shared secret')
    return { ok: true, value: createSecretKey(secret) }
  }
  try {
    return { ok: true, value: createPublicKey(text) }
  } catch {
    return refused('is no public key in PEM')
  }
}

/**
 * The keys that `rules` name, of an application at `base`; what lies there is asked for through `dispatcher`, if given.
 * Problems: the key file cannot be read or used.
 */
export function openTokenKeys(
  rules: TokenRules,
  base: string,
  dispatcher: Dispatcher | null = null,
): Checked<TokenKeys> {
  const { jwks, keyFile, timeoutMs } = rules
  if (keyFile !== null)
    return readKeyFile(
      keyFile,
      rules.algorithms.some((one) => one.startsWith('HS')),
    )
  const address = new URL(jwks ?? '', base)
  const isOwn = dispatcher !== null && address.origin === new URL(base).origin
  const options = {
    timeoutDuration: timeoutMs,
    cooldownDuration: keysCooldownMs,
    ...(isOwn ? { [customFetch]: fetchThrough(dispatcher) } : {}),
  }
  return { ok: true, value: createRemoteJWKSet(address, options) }
}

/** Over the application's own connections, so that its certificate is checked on its own terms. */
const fetchThrough =
  (dispatcher: Dispatcher): FetchImplementation =>
  async (url, { method, redirect, signal, headers }) => {
    const { status, body } = await fetch(url, { method, redirect, signal, headers: [...headers], dispatcher })
    return new Response(body, { status })
  }

const payloadOf = (token: string): Uint8Array => Buffer.from(token.split('.')[1] ?? '', 'base64url')

/** The one token of a credential; bearer tokens and cookies alike. */
const tokenOf = ({ pairs }: Parameters<AskOnce>[0]): string => pairs[0]?.[1] ?? ''

type ReaderParts = {
  readonly upstream: UpstreamConfig
  readonly rules: TokenRules
  readonly keys: TokenKeys
  readonly clock: Pick<Clock, 'now'>
}

type Read = { readonly answer: Introspected; readonly leftMs: DurationMs }

async function readToken({ upstream, rules, keys, clock }: ReaderParts, token: string): Promise<Read> {
  const at = clock.now()
  const { payload } = await jwtVerify(
    token,
    async (header, jws) => (typeof keys === 'function' ? keys(header, jws) : keys),
    {
      algorithms: [...rules.algorithms],
      issuer: rules.issuer,
      audience: rules.audience,
      requiredClaims: ['exp'],
      clockTolerance: rules.skewMs / 1_000,
      currentDate: new Date(at),
      ...(rules.type === null ? {} : { typ: rules.type }),
    },
  )
  const claims = parseStrictJson(payloadOf(token))
  const identity = claims === undefined ? null : readIdentity(claims, rules, upstream.practice.fixed)
  if (identity === null) return { answer: indeterminate('token names nobody'), leftMs: 0 }
  const leftMs = (payload.exp ?? 0) * 1_000 + rules.skewMs - at
  return { answer: { kind: 'known', identity, renewed: [] }, leftMs }
}

/** Reads tokens of one upstream by its `identity.jwt`. Never rejects. */
export const createTokenReader =
  (parts: ReaderParts): AskOnce =>
  async (credential) => {
    try {
      const { answer, leftMs } = await readToken(parts, tokenOf(credential))
      return { answer, keptMs: keptMs(answer, Math.min(keptMsMax, leftMs), nobodyMs) }
    } catch (error) {
      const answer: Introspected =
        error instanceof errors.JOSEError && worthless.has(error.code)
          ? { kind: 'anonymous', renewed: [] }
          : indeterminate(`keys of tokens: ${String(error)}`)
      return { answer, keptMs: keptMs(answer, 0, nobodyMs) }
    }
  }
