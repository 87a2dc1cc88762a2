/**
 * A passkey device in software, with the browser around it: makes keys, signs, counts, and lies when told.
 *
 * Written by the letter of WebAuthn Level 3 (§6.1, §6.5) and RFC 9053, with an own CBOR writer, so that it shares nothing
 * with the package that judges its answers.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'

/** What a device or a browser gets wrong on purpose. `flags`: instead of present, verified and backed up as usual. */
export type Quirks = {
  readonly origin?: string
  readonly rpId?: string
  readonly flags?: number
  readonly counter?: number
  readonly type?: string
  readonly framed?: boolean
  /** A statement with a certificate in it. */
  readonly certified?: boolean
  /** Signs with a key of somebody else. */
  readonly strangeKey?: boolean
}

/** The algorithms that it can. */
export type KeyKind = 'ES256' | 'EdDSA' | 'RS256'

type Made = { readonly id: string; readonly rpId: string; readonly handle: string; readonly kind: KeyKind }
type Held = Made & { readonly key: KeyObject; counter: number }

const head = (major: number, length: number): Buffer => {
  if (length < 24) return Buffer.from([(major << 5) | length])
  if (length < 256) return Buffer.from([(major << 5) | 24, length])
  return Buffer.from([(major << 5) | 25, length >> 8, length & 255])
}

type Cbor = number | string | Buffer | readonly Cbor[] | ReadonlyMap<number | string, Cbor>

const cbor = (value: Cbor): Buffer => {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value)
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  if (value instanceof Map) {
    const pairs = [...value].flatMap(([name, part]) => [cbor(name), cbor(part)])
    return Buffer.concat([head(5, value.size), ...pairs])
  }
  const parts = value as readonly Cbor[]
  return Buffer.concat([head(4, parts.length), ...parts.map(cbor)])
}

const sha256 = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest()

const newKeys = (kind: KeyKind) => {
  if (kind === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return kind === 'EdDSA'
    ? generateKeyPairSync('ed25519')
    : generateKeyPairSync('rsa', { modulusLength: 2_048 })
}

const part = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url')

/** RFC 9053: the public key as COSE. */
const coseOf = (kind: KeyKind, key: KeyObject): Buffer => {
  const { x, y, n, e } = key.export({ format: 'jwk' })
  if (kind === 'ES256')
    return cbor(
      new Map<number, Cbor>([
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, part(x)],
        [-3, part(y)],
      ]),
    )
  if (kind === 'EdDSA')
    return cbor(
      new Map<number, Cbor>([
        [1, 1],
        [3, -8],
        [-1, 6],
        [-2, part(x)],
      ]),
    )
  return cbor(
    new Map<number, Cbor>([
      [1, 3],
      [3, -257],
      [-1, part(n)],
      [-2, part(e)],
    ]),
  )
}

const present = 1
const verified = 4
const attested = 64

const authData = (
  rpId: string,
  flags: number,
  counter: number,
  credential: Buffer = Buffer.alloc(0),
): Buffer => {
  const rest = Buffer.alloc(5)
  rest.writeUInt8(flags)
  rest.writeUInt32BE(counter, 1)
  return Buffer.concat([sha256(rpId), rest, credential])
}

const clientData = (type: string, challenge: string, origin: string, quirks: Quirks): Buffer =>
  Buffer.from(
    JSON.stringify({ type, challenge, origin: quirks.origin ?? origin, crossOrigin: quirks.framed ?? false }),
  )

type Creation = {
  readonly challenge: string
  readonly rp: { readonly id: string }
  readonly user: { readonly id: string }
}
type Request = {
  readonly challenge: string
  readonly rpId: string
  readonly allowCredentials?: readonly { readonly id: string }[]
}

/** Makes a passkey for what was asked, and the JSON that a browser would send. */
const createIn = (held: Held[], origin: string, options: string, kind: KeyKind, quirks: Quirks): string => {
  const asked = JSON.parse(options) as Creation
  const keys = newKeys(kind)
  const id = randomBytes(32)
  const counter = quirks.counter ?? 1
  const made = { id: id.toString('base64url'), rpId: asked.rp.id, handle: asked.user.id, kind }
  held.push({ ...made, key: keys.privateKey, counter })
  const length = Buffer.from([0, id.length])
  const credential = Buffer.concat([Buffer.alloc(16), length, id, coseOf(kind, keys.publicKey)])
  const flags = (quirks.flags ?? present | verified) | attested
  const certificates: Cbor = new Map([['x5c', [Buffer.from('30', 'hex')]]])
  const object = new Map<string, Cbor>([
    ['fmt', quirks.certified === true ? 'packed' : 'none'],
    ['attStmt', quirks.certified === true ? certificates : new Map()],
    ['authData', authData(quirks.rpId ?? asked.rp.id, flags, counter, credential)],
  ])
  const data = clientData(quirks.type ?? 'webauthn.create', asked.challenge, origin, quirks)
  return JSON.stringify({
    id: made.id,
    type: 'public-key',
    response: {
      clientDataJSON: data.toString('base64url'),
      attestationObject: cbor(object).toString('base64url'),
      transports: ['internal', 'hybrid'],
    },
  })
}

/** Shows the first passkey that it may, as the JSON that a browser would send. */
const showFrom = (held: readonly Held[], origin: string, options: string, quirks: Quirks): string => {
  const asked = JSON.parse(options) as Request
  const wanted = asked.allowCredentials?.map(({ id }) => id)
  const found = held.find(({ id, rpId }) => rpId === asked.rpId && (wanted?.includes(id) ?? true))
  if (found === undefined) throw new Error('no passkey for this')
  found.counter += 1
  const data = clientData(quirks.type ?? 'webauthn.get', asked.challenge, origin, quirks)
  const flags = quirks.flags ?? present | verified
  const bytes = authData(quirks.rpId ?? asked.rpId, flags, quirks.counter ?? found.counter)
  const key = quirks.strangeKey === true ? newKeys(found.kind).privateKey : found.key
  const signature = sign(found.kind === 'EdDSA' ? null : 'sha256', Buffer.concat([bytes, sha256(data)]), key)
  return JSON.stringify({
    id: found.id,
    type: 'public-key',
    response: {
      clientDataJSON: data.toString('base64url'),
      authenticatorData: bytes.toString('base64url'),
      signature: signature.toString('base64url'),
      userHandle: found.handle,
    },
  })
}

/**
 * A new device without passkeys, in a browser that stands at `origin`. `create` answers `creationOptions`, `show`
 * `requestOptions` (and throws where it has none).
 */
export const createSoftwareAuthenticator = (origin: string) => {
  const held: Held[] = []
  return {
    create: (options: string, kind: KeyKind = 'ES256', quirks: Quirks = {}): string =>
      createIn(held, origin, options, kind, quirks),
    show: (options: string, quirks: Quirks = {}): string => showFrom(held, origin, options, quirks),
  }
}
