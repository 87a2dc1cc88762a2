/**
 * Certificates for tests of TLS, written by hand as DER (RFC 5280): an authority, and servers that it vouches for.
 *
 * Not a certificate library: ECDSA on P-256 and the few extensions that TLS clients look at. Made anew in each run, so
 * that no key lies in the repository and none expires; the openssl command was refused, since hosts differ in it.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIPv4 } from 'node:net'
import type { ListenerTls } from '../../gateway/listener-tls.ts'

/** A certificate and its key, both PEM. */
export type Certified = { readonly cert: string; readonly key: string }

/**
 * What a certificate says. `names`: host names, IPv4 addresses and URIs. `common`: of its subject, absent: the first of
 * these. `daysLeft`: below 0, it has expired.
 */
export type Wish = { readonly names: readonly string[]; readonly common?: string; readonly daysLeft?: number }

/** One who can vouch for others. */
export type Authority = { readonly cert: string; issue(wish: Wish): Certified }

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const { length } = body
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...head]), body])
}
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts)
const set = (...parts: readonly Uint8Array[]): Buffer => der(0x31, ...parts)
const octets = (...parts: readonly Uint8Array[]): Buffer => der(0x04, ...parts)
const bits = (bytes: Uint8Array): Buffer => der(0x03, Buffer.from([0]), bytes)
const yes = der(0x01, Buffer.from([0xff]))
const text = (value: string): Buffer => der(0x0c, Buffer.from(value))

/** An object identifier whose arcs, after the first two, are below 16,384. */
const oid = (dotted: string): Buffer => {
  const [first = 0, second = 0, ...arcs] = dotted.split('.').map(Number)
  const bytes = arcs.flatMap((arc) => (arc < 128 ? [arc] : [0x80 | (arc >> 7), arc & 127]))
  return der(0x06, Buffer.from([first * 40 + second, ...bytes]))
}

const time = (at: number): Buffer =>
  der(0x18, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]|\.\d+Z$/g, '')}Z`))

const named = (common: string): Buffer => sequence(set(sequence(oid('2.5.4.3'), text(common))))
const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'))

const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  sequence(oid(id), ...(critical ? [yes] : []), octets(value))

const alternativeNames = (names: readonly string[]): Buffer =>
  sequence(
    ...names.map((name) =>
      isIPv4(name)
        ? der(0x87, Buffer.from(name.split('.').map(Number)))
        : der(name.includes('://') ? 0x86 : 0x82, Buffer.from(name)),
    ),
  )

type Signing = {
  readonly subject: Buffer
  readonly issuer: Buffer
  readonly publicKey: KeyObject
  readonly signer: KeyObject
  readonly daysLeft: number
  readonly extensions: readonly Buffer[]
}

const dayMs = 86_400_000

const signed = (of: Signing): string => {
  const from = Date.now() - 30 * dayMs
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ecdsaWithSha256,
    of.issuer,
    sequence(time(from), time(Date.now() + of.daysLeft * dayMs)),
    of.subject,
    of.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...of.extensions)),
  )
  const whole = sequence(body, ecdsaWithSha256, bits(sign('sha256', body, of.signer)))
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

/** A new authority. */
export const createAuthority = (name = 'Test authority'): Authority => {
  const { publicKey, privateKey } = pair()
  const subject = named(`${name} ${randomBytes(4).toString('hex')}`)
  const cert = signed({
    ...{ subject, issuer: subject, publicKey, signer: privateKey, daysLeft: 10 },
    extensions: [extension('2.5.29.19', true, sequence(yes))],
  })
  return {
    cert,
    issue({ names, common = names[0] ?? '', daysLeft = 5 }) {
      const own = pair()
      const extensions = [extension('2.5.29.17', false, alternativeNames(names))]
      const facts = { subject: named(common), publicKey: own.publicKey, daysLeft, extensions }
      return { cert: signed({ ...facts, issuer: subject, signer: privateKey }), key: pem(own.privateKey) }
    },
  }
}

/** A server's certificate that nobody but itself vouches for. */
export const selfSigned = ({ names, common = names[0] ?? '', daysLeft = 5 }: Wish): Certified => {
  const { publicKey, privateKey } = pair()
  const subject = named(common)
  const extensions = [extension('2.5.29.17', false, alternativeNames(names))]
  const facts = { subject, issuer: subject, publicKey, signer: privateKey, daysLeft, extensions }
  return { cert: signed(facts), key: pem(privateKey) }
}

/** Options of a listener with a certificate of its own, that asks nobody for theirs. */
export const listenerTls = (): ListenerTls => ({
  ...selfSigned({ names: ['app.test'] }),
  minVersion: 'TLSv1.2',
  requestCert: false,
  rejectUnauthorized: false,
  secureOptions: 0,
  handshakeTimeout: 2_000,
})
