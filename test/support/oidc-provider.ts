/**
 * An OpenID provider on a loopback port that signs in whom a test names, checks what a real one checks, and lies when told.
 *
 * It shows no page: whoever comes is sent back with a code. A code is good once, for its client's redirect and verifier.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'

/** What it lies about: claims put over the right ones, or how it answers. */
export type Lies = {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly unsigned?: boolean
  /** Signs with a key that its key set does not hold. */
  readonly strangeKey?: boolean
  readonly iss?: string | null
  readonly refuses?: boolean
}

type Asked = { readonly nonce: string; readonly challenge: string; readonly redirect: string }

const bodyOf = async (request: IncomingMessage): Promise<URLSearchParams> => {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return new URLSearchParams(Buffer.concat(parts).toString('utf8'))
}

type State = {
  readonly now: () => number
  readonly secret: string | null
  readonly keys: { readonly own: CryptoKey; readonly other: CryptoKey; readonly jwk: object }
  readonly codes: Map<string, Asked>
  lies: Lies
  /** The claims of whoever comes. */
  person: Readonly<Record<string, unknown>>
  issuer: string
  /** The `Authorization` of each code redeemed. */
  readonly clients: (string | undefined)[]
}

const tokenOf = ({ now, keys, lies, person, issuer }: State, { nonce }: Asked): Promise<string> | string => {
  const at = Math.floor(now() / 1_000)
  const right = { iss: issuer, aud: 'gatehouse', iat: at, exp: at + 300, nonce }
  const claims = { ...right, ...person, ...lies.claims }
  if (lies.unsigned === true) return new UnsecuredJWT(claims).encode()
  const key = lies.strangeKey === true ? keys.other : keys.own
  return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(key)
}

const authorize = (state: State, query: URLSearchParams, response: ServerResponse): void => {
  const redirect = query.get('redirect_uri') ?? ''
  const back = new URL(redirect)
  back.searchParams.set('state', query.get('state') ?? '')
  if (state.lies.iss !== null) back.searchParams.set('iss', state.lies.iss ?? state.issuer)
  if (state.lies.refuses === true) back.searchParams.set('error', 'access_denied')
  else {
    const code = randomBytes(16).toString('hex')
    const [nonce, challenge] = [query.get('nonce') ?? '', query.get('code_challenge') ?? '']
    state.codes.set(code, { nonce, challenge, redirect })
    back.searchParams.set('code', code)
  }
  response.writeHead(302, { location: back.href }).end()
}

const redeem = async (state: State, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { secret, codes } = state
  const form = await bodyOf(request)
  const { authorization } = request.headers
  state.clients.push(authorization)
  const asked = codes.get(form.get('code') ?? '')
  codes.delete(form.get('code') ?? '')
  const shown = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url')
  const basic = `Basic ${Buffer.from(`gatehouse:${secret ?? ''}`).toString('base64')}`
  const known = secret === null ? form.get('client_id') === 'gatehouse' : authorization === basic
  const good = asked !== undefined && asked.challenge === shown && asked.redirect === form.get('redirect_uri')
  const answer =
    known && good ? { access_token: 'a', token_type: 'Bearer', id_token: await tokenOf(state, asked) } : {}
  response.writeHead(known && good ? 200 : 400, { 'content-type': 'application/json' })
  response.end(JSON.stringify(answer))
}

const serve = (state: State, request: IncomingMessage, response: ServerResponse): void => {
  const { issuer, keys } = state
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://provider')
  const json = (value: object) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
  if (pathname === '/.well-known/openid-configuration')
    json({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
      authorization_response_iss_parameter_supported: true,
    })
  else if (pathname === '/keys') json({ keys: [keys.jwk] })
  else if (pathname === '/authorize') authorize(state, searchParams, response)
  else if (pathname === '/token') void redeem(state, request, response)
  else response.writeHead(404).end()
}

/** A running provider. `secret`: what its client must show, `null`: a public client. */
export const startOidcProvider = async (now: () => number, secret: string | null = null) => {
  const [own, other] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')])
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
  const state: State = {
    ...{ now, secret, keys: { own: own.privateKey, other: other.privateKey, jwk }, codes: new Map() },
    ...{ lies: {}, issuer: '', clients: [] },
    person: { sub: 'sub-1', email: 'fiona.frontdesk@demo.test', email_verified: true },
  }
  const server = createServer((request, response) => serve(state, request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  state.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    state,
    issuer: state.issuer,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A running provider. */
export type OidcProvider = Awaited<ReturnType<typeof startOidcProvider>>
