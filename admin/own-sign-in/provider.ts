/**
 * One OpenID provider: where it is asked, and whether its answer names somebody (OpenID Connect Core 1.0, RFC 9700).
 *
 * It knows no visit and no directory. Invariant: nobody is named but by a token signed with the provider's own public key,
 * for this client, in answer to this very question, and not yet run out; an address counts only as verified. What
 * cannot be found out is `away`, never somebody. Redirects of the provider's own addresses are not followed.
 */
import { createHash } from 'node:crypto'
import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { ProviderRules } from '../../runtime/config-own-sign-in.ts'
import { tokenAlgorithms } from '../../runtime/config-upstream.ts'
import { sameText } from '../../runtime/fleet-seal.ts'
import { tellsOfFactor } from '../claimed-factor.ts'
import { foldId } from '../directory/directory.ts'
import type { Challenge, ProvedPerson } from './visits.ts'

/** What an answer came to. `refused`: it is no good; `not-verified`, `not-allowed`: of their address. */
export type ProviderAnswer =
  | { readonly kind: 'proved'; readonly person: ProvedPerson }
  | { readonly kind: 'cancelled' | 'refused' | 'not-verified' | 'not-allowed' | 'away'; readonly why: string }

/** A provider as the portal sees it. */
export type Provider = {
  readonly id: string
  readonly name: string
  /** Where to send the browser; `null`: the provider cannot be asked now. Never rejects. */
  begin(challenge: Challenge): Promise<string | null>
  /** What the query that it sent the browser back with says. Never rejects. */
  finish(query: URLSearchParams, challenge: Challenge): Promise<ProviderAnswer>
}

/** What it stands on. `redirectUri`: the provider's own on the portal; `secret`: `null` for a public client. */
export type ProviderParts = {
  readonly rules: ProviderRules
  readonly secret: string | null
  readonly redirectUri: string
  readonly now: () => Instant
}

type Metadata = {
  readonly authorization: string
  readonly token: string
  readonly keys: JWTVerifyGetKey
  /** It says with each answer who it is (RFC 9207). */
  readonly namesItself: boolean
  readonly until: Instant
}

const metadataMs: DurationMs = 600_000
const askMs: DurationMs = 5_000
const bytesMax = 262_144
const skewS = 30
/** Older tokens answer no question of ours. */
const tokenAgeMax = '10m'

/** What goes wrong before a token is looked at, by jose's codes. */
const unjudged: ReadonlySet<string> = new Set(['ERR_JWKS_TIMEOUT', 'ERR_JWKS_INVALID', 'ERR_JOSE_GENERIC'])

/** An answer that is no good, as opposed to none. */
const refusal = (why: string): ProviderAnswer => ({ kind: 'refused', why })

const ask = (url: string, init: RequestInit): Promise<Response> =>
  fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(askMs) })

async function readObject(response: Response): Promise<Readonly<Record<string, unknown>>> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of response.body ?? []) {
    size += part.length
    if (size > bytesMax) throw new Error('the answer is too large')
    parts.push(part)
  }
  const value: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('no JSON object')
  return value as Readonly<Record<string, unknown>>
}

/** An address of the provider's: as safe as its issuer is. */
function addressIn(found: Readonly<Record<string, unknown>>, key: string, issuer: string): string {
  const text = found[key]
  const url = typeof text === 'string' ? URL.parse(text) : null
  if (url === null || (url.protocol !== 'https:' && url.protocol !== new URL(issuer).protocol))
    throw new Error(`${key} is no address`)
  return url.href
}

async function discover({ rules, now }: ProviderParts): Promise<Metadata> {
  const { issuer } = rules
  const response = await ask(`${issuer}/.well-known/openid-configuration`, {})
  if (!response.ok) throw new Error(`discovery answered ${response.status}`)
  const found = await readObject(response)
  if (found['issuer'] !== issuer) throw new Error('discovery names another issuer')
  const keys = new URL(addressIn(found, 'jwks_uri', issuer))
  return {
    authorization: addressIn(found, 'authorization_endpoint', issuer),
    token: addressIn(found, 'token_endpoint', issuer),
    keys: createRemoteJWKSet(keys, {
      timeoutDuration: askMs,
      cooldownDuration: 10_000,
      [customFetch]: (url, init) => fetch(url, { ...init, redirect: 'error' }),
    }),
    namesItself: found['authorization_response_iss_parameter_supported'] === true,
    until: now() + metadataMs,
  }
}

const formEncoded = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)

/** The ID token for a code; throws where the provider gives none. */
async function redeem(
  { rules, secret, redirectUri }: ProviderParts,
  metadata: Metadata,
  code: string,
  verifier: string,
): Promise<string | null> {
  const basic = `${formEncoded(rules.clientId)}:${formEncoded(secret ?? '')}`
  const response = await ask(metadata.token, {
    method: 'POST',
    headers: {
      accept: 'application/json',
      ...(secret === null ? {} : { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
    },
    body: new URLSearchParams({
      ...{ grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier },
      ...(secret === null ? { client_id: rules.clientId } : {}),
    }),
  })
  if (response.status >= 500) throw new Error(`the token endpoint answered ${response.status}`)
  if (!response.ok) return null
  const { id_token: token } = await readObject(response)
  return typeof token === 'string' ? token : null
}

const textOf = (value: unknown, lengthMax: number): string | null =>
  typeof value === 'string' && value !== '' && value.length <= lengthMax && !/\p{Cc}/u.test(value)
    ? value
    : null

/** ASCII only: in lower case some other letters become these (the Kelvin sign a “k”), and with them somebody else. */
const addressForm = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9.-]{1,189})$/

/**
 * When the person showed this provider a second factor; `null`: it does not say that, or not when. Without `auth_time` a
 * factor of weeks ago would count as fresh.
 */
function factorOf(rules: ProviderRules, claims: JWTPayload, now: Instant): Instant | null {
  const { amr, acr, auth_time: at } = claims
  const methods = Array.isArray(amr) ? amr.filter((one): one is string => typeof one === 'string') : []
  const isTold = tellsOfFactor(methods) || (typeof acr === 'string' && rules.factorAcr.includes(acr))
  if (!isTold || typeof at !== 'number' || !Number.isSafeInteger(at) || at <= 0) return null
  return Math.min(at * 1_000, now)
}

/** Who a verified token's claims name; `email` only where the provider has verified it. */
function personOf(rules: ProviderRules, claims: JWTPayload, now: Instant): ProviderAnswer {
  const factorAt = factorOf(rules, claims, now)
  const text = textOf(claims['email'], 254)
  const verified = text !== null && claims['email_verified'] === true && addressForm.test(text) ? text : null
  const name = textOf(claims['name'], 200)
  if (verified === null && (rules.match === 'email' || rules.allowedDomains.length > 0))
    return { kind: 'not-verified', why: 'no verified address' }
  const domain = addressForm.exec(verified ?? '')?.[1]?.toLowerCase() ?? ''
  if (rules.allowedDomains.length > 0 && !rules.allowedDomains.includes(domain))
    return { kind: 'not-allowed', why: 'an address of another domain' }
  if (rules.match === 'email')
    return { kind: 'proved', person: { appUser: foldId(verified ?? ''), name, email: verified, factorAt } }
  const sub = textOf(claims.sub, 160)
  if (sub === null) return refusal('no usable sub')
  // In lower case two ids that differ by case alone would be one person.
  const exact = createHash('sha256').update(sub).digest('hex')
  return { kind: 'proved', person: { appUser: `${rules.id}:${exact}`, name, email: null, factorAt } }
}

async function verify(
  { rules, now }: ProviderParts,
  metadata: Metadata,
  token: string,
  nonce: string,
): Promise<ProviderAnswer> {
  try {
    const { payload } = await jwtVerify(token, metadata.keys, {
      issuer: rules.issuer,
      audience: rules.clientId,
      algorithms: [...tokenAlgorithms.public],
      requiredClaims: ['sub', 'exp', 'iat', 'nonce'],
      clockTolerance: skewS,
      maxTokenAge: tokenAgeMax,
      currentDate: new Date(now()),
    })
    const { azp, aud } = payload
    if (typeof payload['nonce'] !== 'string' || !sameText(payload['nonce'], nonce))
      return refusal('another nonce')
    if (
      (Array.isArray(aud) && aud.length > 1 && azp === undefined) ||
      (azp !== undefined && azp !== rules.clientId)
    )
      return refusal('given to another client')
    return personOf(rules, payload, now())
  } catch (error) {
    // Keys that cannot be had say nothing about the token.
    const isJudged = error instanceof errors.JOSEError && !unjudged.has(error.code)
    if (!isJudged) throw error
    return refusal(error.message)
  }
}

async function judge(
  parts: ProviderParts,
  metadata: Metadata,
  query: URLSearchParams,
  { state, nonce, verifier }: Challenge,
): Promise<ProviderAnswer> {
  const only = (name: string): string | null => (query.getAll(name).length === 1 ? query.get(name) : null)
  if (!sameText(only('state') ?? '', state)) return refusal('another state')
  const iss = query.has('iss') ? (only('iss') ?? '') : null
  if (iss === null ? metadata.namesItself : iss !== parts.rules.issuer) return refusal('another issuer')
  if (query.has('error')) return { kind: 'cancelled', why: 'the provider signed nobody in' }
  const code = only('code')
  if (code === null || code === '' || code.length > 4_096) return refusal('no code')
  const token = await redeem(parts, metadata, code, verifier)
  return token === null ? refusal('the code was not taken') : verify(parts, metadata, token, nonce)
}

/** The provider of these rules. What it says of itself is asked for at the first need, and kept for ten minutes. */
export function createProvider(parts: ProviderParts): Provider {
  const { rules, redirectUri, now } = parts
  let known: Metadata | null = null
  const metadata = async (): Promise<Metadata> => {
    if (known === null || known.until <= now()) known = await discover(parts)
    return known
  }
  return {
    id: rules.id,
    name: rules.name,
    async begin({ state, nonce, verifier }) {
      try {
        const url = new URL((await metadata()).authorization)
        const asked = {
          ...{ response_type: 'code', client_id: rules.clientId, redirect_uri: redirectUri },
          ...{ scope: rules.scopes.join(' '), state, nonce, code_challenge_method: 'S256' },
          code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        }
        for (const [key, value] of Object.entries(asked)) url.searchParams.set(key, value)
        return url.href
      } catch {
        return null
      }
    },
    async finish(query, challenge) {
      try {
        return await judge(parts, await metadata(), query, challenge)
      } catch (error) {
        return { kind: 'away', why: error instanceof Error ? error.message : 'not to be asked' }
      }
    },
  }
}
