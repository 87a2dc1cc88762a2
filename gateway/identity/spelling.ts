/**
 * One spelling for all that an application takes for the same cookie or token.
 *
 * It judges no value and changes none on its way; only what a credential is known by goes through here. Invariant: two
 * values that differ in more than escapes, or in what a signature's decoder overlooks, keep two spellings. Without it
 * `%61` for an `a`, or another last letter of a JWT, would make a new credential of one that was ended. Refusing odd
 * spellings was refused: applications do write escapes.
 */

/** The orders of the curves of ES256, ES384 and ES512 (FIPS 186-4), by the bytes of a signature: (r, s) and (r, n - s) are one. */
const orders: ReadonlyMap<number, bigint> = new Map([
  [64, 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n],
  [96, 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n],
  [
    132,
    BigInt(
      '0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
    ),
  ],
])

/** Shorter ends of a value are no signature (SHA-1 has 20 bytes). */
const signatureBytesMin = 20

const lowerHalf = (signature: Buffer): string => {
  const order = orders.get(signature.length)
  if (order === undefined) return signature.toString('base64url')
  const half = signature.length / 2
  const s = BigInt(`0x${signature.toString('hex', half)}`)
  const other = order - s
  const low = other > 0n && other < s ? other : s
  return `${signature.toString('base64url', 0, half)}~${low.toString(36)}`
}

/** A signed token's signature decoded and written anew, as decoders ignore spare bits, padding and the alphabet. */
function withOneSignature(value: string): string {
  const end = value.lastIndexOf('.')
  const isToken = value.startsWith('eyJ') && value.indexOf('.') < end
  if (!isToken) return value
  const signature = Buffer.from(value.slice(end + 1), 'base64url')
  return signature.length < signatureBytesMin ? value : `${value.slice(0, end)}.${lowerHalf(signature)}`
}

const decoded = (value: string): string =>
  value.includes('%')
    ? value
        .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
        // Stays apart from the end of a value.
        .replaceAll(';', '%3B')
    : value

/** What all spellings of a cookie's or token's value have in common; for hashing alone. */
export const oneSpelling = (value: string): string => withOneSignature(decoded(value))
