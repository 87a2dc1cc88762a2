/**
 * Goal: codes are those of RFC 6238, accepted one step either way, in one spelling and nothing but ASCII digits.
 * Method: the RFC's own vectors, an own reading of the RFC on random secrets, and oathtool.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newRecoveryCodes, readCode } from '../../../admin/two-factor/codes.ts'
import { matchingStep, newTotpSecret, totpUri } from '../../../admin/two-factor/totp.ts'
import { findOathtool } from '../../support/oathtool.ts'
import { bytesOf, codeAt, wrongCode } from './factor-stage.ts'

/** "12345678901234567890", the secret of RFC 6238 appendix B, in base32. */
const rfcSecret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
/** Appendix B, SHA-1, the last six of the eight digits. */
const vectors = [
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
] as const
const step = 30_000

describe('time-based codes', () => {
  test.each(vectors)(
    'RFC 6238: at second %i the code is %s, and no other of its neighbours in time',
    (second, code) => {
      const at = second * 1_000
      const own = Math.floor(second / 30)
      expect(matchingStep(rfcSecret, code, at, null)).toBe(own)
      expect(matchingStep(rfcSecret, code, at + step, null)).toBe(own)
      expect(matchingStep(rfcSecret, code, at - step, null)).toBe(own)
      expect(matchingStep(rfcSecret, code, at + 2 * step, null)).toBeNull()
      expect(matchingStep(rfcSecret, code, at - Math.min(2 * step, at), null)).toBe(
        second === 59 ? own : null,
      )
      expect(matchingStep(rfcSecret, wrongCode(rfcSecret, at), at, null)).toBeNull()
    },
  )

  test('any secret at any instant: the code of an own reading of the RFC, one step either way and not two', () => {
    const secret = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(() => newTotpSecret())
    const instant = fc.integer({ min: 4 * step, max: 4_000_000_000_000 })
    fc.assert(
      fc.property(secret, instant, fc.integer({ min: -3, max: 3 }), (key, at, away) => {
        const there = Math.floor(at / step) + away
        const found = matchingStep(key, codeAt(key, there * step), at, null)
        if (Math.abs(away) <= 1) expect(found).not.toBeNull()
        // One code in a million is that of another step as well.
        else if (found !== null) expect(codeAt(key, found * step)).toBe(codeAt(key, there * step))
        if (found !== null) expect(Math.abs(found - Math.floor(at / step))).toBeLessThanOrEqual(1)
      }),
      { numRuns: 300 },
    )
  })

  test('steps up to one already accepted do not count', () => {
    const at = 1_234_567_890_000
    const own = Math.floor(at / step)
    expect(matchingStep(rfcSecret, '005924', at, own - 1)).toBe(own)
    expect(matchingStep(rfcSecret, '005924', at, own)).toBeNull()
    expect(matchingStep(rfcSecret, codeAt(rfcSecret, at + step), at, own)).toBe(own + 1)
  })

  test('oathtool shows the same codes', { timeout: 60_000 }, async () => {
    const shownAt = await findOathtool()
    for (let round = 0; round < 20; round += 1) {
      const key = newTotpSecret()
      const at = 1_700_000_000_000 + round * 7_919_000
      expect(matchingStep(key, shownAt(key, at), at, null)).toBe(Math.floor(at / step))
    }
  })

  test('a new secret has 160 bits, and no two are the same', () => {
    const secrets = Array.from({ length: 100 }, newTotpSecret)
    expect(new Set(secrets).size).toBe(100)
    expect(secrets.every((secret) => bytesOf(secret).length === 20)).toBe(true)
  })

  test('the picture says issuer, login and secret, and a colon in a name moves nothing', () => {
    const url = new URL(totpUri(rfcSecret, 'North: Dental', 'ada@example.org'))
    expect([url.protocol, url.host]).toEqual(['otpauth:', 'totp'])
    expect(decodeURIComponent(url.pathname)).toBe('/North  Dental:ada@example.org')
    expect(url.searchParams.get('secret')).toBe(rfcSecret)
    expect(url.searchParams.get('issuer')).toBe('North  Dental')
  })
})

describe('what people type', () => {
  test('spaces and dashes are nothing; case and look-alikes of recovery codes are one', () => {
    expect(readCode(' 287 082 ')).toEqual({ kind: 'totp', code: '287082' })
    expect(readCode('287-082')).toEqual({ kind: 'totp', code: '287082' })
    expect(readCode('7k2m9-4qxab')).toEqual({ kind: 'recovery-code', code: '7K2M94QXAB' })
    expect(readCode('O1IL0 ABCDE')).toEqual({ kind: 'recovery-code', code: '01110ABCDE' })
  })

  test.each([
    '',
    '28708',
    '2870821',
    '２８７０８２',
    '٢٨٧٠٨٢',
    '28708a',
    '+28708',
    'UUUUUUUUUU',
    '7K2M94QXABC',
    `287082${' '.repeat(60)}`,
    '0'.repeat(10_000),
    '287082\0',
  ])('%j can be no code', (text) => expect(readCode(text)).toBeNull())

  test('ten recovery codes of 50 bits, all different, read back as they were written', () => {
    const codes = newRecoveryCodes()
    expect(new Set(codes).size).toBe(10)
    for (const code of codes) {
      expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}$/)
      expect(readCode(code)).toEqual({ kind: 'recovery-code', code: code.replace('-', '') })
    }
  })
})
