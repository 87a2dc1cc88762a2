/**
 * Goal: a record opens only under the key, version and signer it was sealed with, and whole.
 * Method: seal one, then alter each part in turn, and check every defect gives null.
 */
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import {
  bodyHash,
  createSigner,
  createVerifier,
  generateSigningKey,
  keepSigningKey,
  openRecord,
  readSigningKey,
  sealRecord,
} from '../../runtime/signing.ts'

const schema = z.strictObject({ name: z.string(), count: z.number() })
const signer = createSigner(generateSigningKey())
const verifier = createVerifier(signer.publicKey)!
const value = { name: 'Smile Dental\nSt. Mary’s', count: 3 }

describe('a sealed record', () => {
  const text = sealRecord(signer, 'gh:policy:{smile}', 7, value)

  test('opens to its version and value, and is one line', () => {
    expect(openRecord(verifier, 'gh:policy:{smile}', text, schema)).toEqual({ version: 7, value })
    expect(text.split('\n')).toHaveLength(1)
  })

  test('does not open under another key, version, body or signer', () => {
    const [version, signature, ...body] = text.split(' ')
    const rest = body.join(' ')
    const others = [
      ['gh:policy:{other}', text],
      ['gh:policy:{smile}', `8 ${signature} ${rest}`],
      ['gh:policy:{smile}', `07 ${signature} ${rest}`],
      ['gh:policy:{smile}', `${version} ${signature} ${rest.replace('3', '4')}`],
      ['gh:policy:{smile}', `${version} ${signature} ${rest} `],
      ['gh:policy:{smile}', `${version} ${signature!.slice(0, -1)} ${rest}`],
      [
        'gh:policy:{smile}',
        `${version} ${signature!.startsWith('A') ? 'B' : 'A'}${signature!.slice(1)} ${rest}`,
      ],
      ['gh:policy:{smile}', sealRecord(createSigner(generateSigningKey()), 'gh:policy:{smile}', 7, value)],
      ['gh:policy:{smile}', ''],
      ['gh:policy:{smile}', ' '],
      ['gh:policy:{smile}', JSON.stringify(value)],
    ] as const
    for (const [key, altered] of others) expect(openRecord(verifier, key, altered, schema)).toBeNull()
  })

  test('has one spelling: unused bits of its signature cannot differ', () => {
    const last = text.indexOf(' ', 2) - 1
    const spellings = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const open = [...spellings].filter(
      (letter) =>
        openRecord(
          verifier,
          'gh:policy:{smile}',
          text.slice(0, last) + letter + text.slice(last + 1),
          schema,
        ) !== null,
    )
    expect(open).toEqual([text[last]])
  })

  test('no single altered character opens', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 0, max: 127 }), (at, code) => {
        const altered = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1)
        fc.pre(altered !== text)
        return openRecord(verifier, 'gh:policy:{smile}', altered, schema) === null
      }),
      { numRuns: 300 },
    )
  })

  test('key and version cannot trade places over the separator', () => {
    const moved = sealRecord(signer, 'gh:a', 1, value)
    expect(() => sealRecord(signer, 'gh:a\u00001', 1, value)).toThrow()
    expect(openRecord(verifier, 'gh:a\u00001', moved, schema)).toBeNull()
  })

  test('with an unknown, missing or wrong field is refused though rightly signed', () => {
    for (const body of [{ ...value, extra: 1 }, { name: 'x' }, { name: 'x', count: '3' }, [value]])
      expect(openRecord(verifier, 'k', sealRecord(signer, 'k', 1, body), schema)).toBeNull()
  })

  test('takes no version that could not be read back', () => {
    for (const version of [-1, 1.5, Number.NaN, 2 ** 53])
      expect(() => sealRecord(signer, 'k', version, value)).toThrow()
  })

  test('has a body hash that depends on the body alone', () => {
    const again = sealRecord(createSigner(generateSigningKey()), 'elsewhere', 99, value)
    expect(bodyHash(text)).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(bodyHash(again)).toBe(bodyHash(text))
    expect(bodyHash(sealRecord(signer, 'k', 7, { ...value, count: 4 }))).not.toBe(bodyHash(text))
    expect(bodyHash('nonsense')).toBeNull()
  })
})

describe('keys', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-signing-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('a public key that is none is refused', () => {
    for (const text of ['', 'x', `${signer.publicKey}=`, signer.publicKey.slice(1), '*'.repeat(43)])
      expect(createVerifier(text)).toBeNull()
  })

  test('a signer of another kind of key is a mistake of ours', () => {
    expect(() => createSigner(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)).toThrow()
  })

  test('a key that all control planes are given is the same key wherever it is read, and no weak text is one', () => {
    // RFC 8032, 7.1, test 1.
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
    const told = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
    const key = readSigningKey(seed.toString('base64url'))
    expect(key === null ? null : createSigner(key).publicKey).toBe(
      Buffer.from(told, 'hex').toString('base64url'),
    )
    for (const text of ['', 'A'.repeat(43), seed.toString('hex'), `${seed.toString('base64url')}A`])
      expect(readSigningKey(text), text).toBeNull()
  })

  test('a key file is made once, is 0600, and gives the same key again', () => {
    const file = join(folder, 'deep', 'signing-key.pem')
    const first = keepSigningKey(file)
    const second = keepSigningKey(file)
    if (!first.ok || !second.ok) throw new Error('no key')
    expect(createSigner(second.value).publicKey).toBe(createSigner(first.value).publicKey)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(createPrivateKey(readFileSync(file)).asymmetricKeyType).toBe('ed25519')
    expect(readdirSync(join(folder, 'deep'))).toEqual(['signing-key.pem'])
  })

  test('a file open to others, empty, or without a key is a Problem that names it', () => {
    const file = join(folder, 'key.pem')
    keepSigningKey(file)
    chmodSync(file, 0o644)
    expect(keepSigningKey(file)).toMatchObject({ ok: false, problems: [{ path: file }] })
    for (const content of ['', 'nonsense']) {
      const other = join(folder, `bad-${content}.pem`)
      writeFileSync(other, content, { mode: 0o600 })
      expect(keepSigningKey(other)).toMatchObject({ ok: false, problems: [{ path: other }] })
      expect(readFileSync(other, 'utf8')).toBe(content)
    }
  })
})
