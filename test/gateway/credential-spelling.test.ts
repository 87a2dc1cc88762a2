/**
 * Goal: a credential that was ended does not come back in another spelling that its application takes for the same.
 * Method: tokens signed by every algorithm, spelled otherwise and verified by a real verifier; cookies with escapes.
 */
import { generateKeyPair, jwtVerify, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { type CredentialReading, readCredential } from '../../gateway/identity/credential.ts'

const hashOf = (value: string): string | null => {
  const reading: CredentialReading = readCredential('app', ['sid'], [`sid=${value}`])
  return typeof reading === 'string' ? null : reading.hash
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const orders = {
  ES256: 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551',
  ES384: 'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
  ES512:
    '01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409',
} as const

/** Other texts of a token, some of which decode to the same signature. */
function* respelled(token: string, alg: string): Generator<string> {
  for (const digit of digits) yield `${token.slice(0, -1)}${digit}`
  yield* [`${token}=`, `${token}==`]
  const [head = '', body = '', signature = ''] = token.split('.')
  yield [head, body, signature.replaceAll('-', '+').replaceAll('_', '/')].join('.')
  if (!Object.hasOwn(orders, alg)) return
  const order = BigInt(`0x${orders[alg as keyof typeof orders]}`)
  const bytes = Buffer.from(signature, 'base64url')
  const half = bytes.length / 2
  const mirrored = (order - BigInt(`0x${bytes.toString('hex', half)}`)).toString(16).padStart(2 * half, '0')
  const both = Buffer.concat([bytes.subarray(0, half), Buffer.from(mirrored, 'hex')])
  yield [head, body, both.toString('base64url')].join('.')
}

describe('a signed token', () => {
  test.each(['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'])(
    'of %s is one credential in every spelling that is valid',
    async (alg) => {
      const { privateKey, publicKey } = await generateKeyPair(alg)
      const sign = (subject: string) =>
        new SignJWT({ sub: subject }).setProtectedHeader({ alg }).setExpirationTime('1h').sign(privateKey)
      const token = await sign('ann')
      let valid = 0
      for (const other of respelled(token, alg)) {
        const isValid = await jwtVerify(other, publicKey).then(
          () => true,
          () => false,
        )
        if (other === token || !isValid) continue
        valid += 1
        expect(hashOf(other)).toBe(hashOf(token))
      }
      expect(valid).toBeGreaterThan(0)
      expect(hashOf(await sign('ben'))).not.toBe(hashOf(token))
      expect(hashOf(`${token.slice(0, -20)}${'A'.repeat(20)}`)).not.toBe(hashOf(token))
    },
  )
})

describe('a cookie', () => {
  test('with escapes is the one that it decodes to', () => {
    for (const other of ['s%3aabc.d', 's:abc.d', 's%3A%61bc.d', '"s%3Aabc.d"'])
      expect(hashOf(other)).toBe(hashOf('s%3Aabc.d'))
  })

  test('that differs in anything else is another one', () => {
    const all = [
      'abc',
      'abd',
      'ABC',
      'a%2Fbc',
      '%',
      '%6',
      'eyJ.a.b',
      'eyJ.a.c',
      'x.y.AA',
      'x.y.AB',
      'a+b',
      'a b',
    ]
    expect(new Set(all.map(hashOf)).size).toBe(all.length)
    const pairs = (line: string) => readCredential('app', ['sid', 'b'], [line])
    expect(pairs('sid=x%3Bb=y')).not.toMatchObject({ hash: (pairs('sid=x; b=y') as { hash: string }).hash })
  })
})
