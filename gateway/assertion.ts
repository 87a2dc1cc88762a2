/**
 * What the application is told of who asks: `X-Gatehouse-*` headers, and the same signed, as a JWT.
 *
 * It decides nothing. Invariant: all gateways of a fleet sign with one Ed25519 key, derived from the cluster key by
 * HKDF, so that an application may verify what any of them says with the keys under `/.gatehouse/jwks.json`.
 * A key per gateway was refused: a new gateway would be a stranger until the application fetched keys again.
 * Permissions are a header only: signed too, they would fill the head that small servers allow.
 */
import { createPrivateKey, createPublicKey, hash, hkdfSync, sign } from 'node:crypto'
import type { FactorMethod, PracticeId, RoleId, UserId } from '../policies/access-request.ts'
import type { Instant } from '../policies/instant.ts'
import type { SessionRecord, SignInMethod } from '../runtime/records.ts'
import type { RawHeaders } from './exchange.ts'

/** How somebody proved who they are. `factor: null`: no second factor, or not in this browser. */
export type Proved = Pick<SessionRecord, 'method' | 'startedAt' | 'factor'>

/** Who is asserted. `practice: null`: several were asked. `permissions`: those in effect, sorted. `proved`: how, and when. */
export type Asserted = {
  readonly session: string
  readonly user: UserId
  readonly name: string
  readonly email: string | null
  readonly practice: PracticeId | null
  readonly roles: readonly RoleId[]
  readonly permissions: readonly string[]
  readonly upstream: string
  /** `service-token`: a machine, whose id stands for user and session. */
  readonly proved: Proved | 'service-token'
}

/** Signs assertions. */
export type Asserter = {
  /** Header names and values for the forwarded request, the signed one last. */
  headers(who: Asserted, at: Instant): RawHeaders
  /** The body of `/.gatehouse/jwks.json` (RFC 7517). */
  readonly jwks: string
}

const lifetimeSeconds = 120
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Text that is safe in a header as it is; other letters are percent-encoded UTF-8. */
const headerText = (text: string): string =>
  /^[\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text).replaceAll('%20', ' ')

/** Authentication methods by RFC 8176; where the gateway did not see how, none is claimed. */
const firstMethods: Readonly<Record<SignInMethod, readonly string[]>> = {
  'app-password': ['pwd'],
  'own-password': ['pwd'],
  'own-passkey': ['hwk'],
  'app-callback': [],
  'own-oidc': [],
  'trusted-header': [],
  adopted: [],
  token: [],
}
const secondMethods: Readonly<Record<FactorMethod, readonly string[]>> = {
  totp: ['otp'],
  'recovery-code': ['otp'],
  sms: ['sms'],
  'unvouched-passkey': ['hwk'],
  passkey: ['hwk'],
  app: [],
  google: [],
}

/** Claims on how and when: `acr` as step-up asks for it (RFC 9470), `amr`, and `auth_time` where it is known. */
function provedClaims(proved: Asserted['proved']): object {
  if (proved === 'service-token') return { acr: 'service-token', amr: [] }
  const { method, startedAt, factor } = proved
  const second = factor === null ? [] : [...secondMethods[factor.method], 'mfa']
  const proofs = [method === 'adopted' ? 0 : startedAt, factor?.verifiedAt ?? 0]
  const provedAt = Math.floor(Math.max(...proofs) / 1_000)
  return {
    acr: factor === null ? 'password' : 'two-factor',
    amr: [...new Set([...firstMethods[method], ...second])],
    ...(provedAt === 0 ? {} : { auth_time: provedAt }),
  }
}

/** An asserter of the fleet that shares `clusterKey`; `issuer` is the application's public origin. About 100 µs a signature. */
export function createAsserter(clusterKey: string, issuer: string): Asserter {
  const seed = Buffer.from(hkdfSync('sha256', clusterKey, '', 'gatehouse assertion 1', 32))
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' })
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  // RFC 7638: the thumbprint of the required members in lexical order.
  const kid = hash('sha256', JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }), 'base64url')
  const head = base64url({ alg: 'EdDSA', typ: 'JWT', kid })

  const mint = (who: Asserted, at: Instant): string => {
    const issuedAt = Math.floor(at / 1_000)
    const body = base64url({
      iss: issuer,
      aud: who.upstream,
      sub: who.user,
      sid: who.session,
      iat: issuedAt,
      exp: issuedAt + lifetimeSeconds,
      name: who.name,
      email: who.email,
      practice: who.practice,
      roles: who.roles,
      ...provedClaims(who.proved),
    })
    const signed = `${head}.${body}`
    return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`
  }

  return {
    headers: (who, at) => [
      'x-gatehouse-user',
      who.user,
      ...(who.email === null ? [] : ['x-gatehouse-email', headerText(who.email)]),
      'x-gatehouse-roles',
      who.roles.join(','),
      ...(who.practice === null ? [] : ['x-gatehouse-practice', who.practice]),
      'x-gatehouse-permissions',
      who.permissions.join(','),
      'x-gatehouse-session',
      who.session,
      'x-gatehouse-assertion',
      mint(who, at),
    ],
    jwks: JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x, kid, use: 'sig', alg: 'EdDSA' }] }),
  }
}
