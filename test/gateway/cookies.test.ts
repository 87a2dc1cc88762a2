/**
 * Goal: a cookie is read as every parser would read it, or not at all.
 * Method: plain and tricky headers by hand, then properties over generated jars.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { expiredCookie, readCookie, readSetCookie, replaceCookies } from '../../gateway/cookies.ts'
import { overlayCredential, readCredential } from '../../gateway/identity/credential.ts'

const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,8}$/)
const value = fc.stringMatching(/^[A-Za-z0-9+/._~-]{1,20}$/)

describe('reading', () => {
  test('finds the value wherever it stands', () => {
    for (const line of [
      'sid=a',
      'x=1; sid=a',
      'sid=a; x=1',
      ' sid=a ;x',
      'sid=a; sid=a',
      'xsid=b; sid=a; sid2=c',
    ])
      expect([line, readCookie([line], 'sid')]).toEqual([line, { value: 'a', doubtful: false }])
    expect(readCookie(['x=1', 'sid=a'], 'sid').value).toBe('a')
    expect(readCookie(['back=/in?sid=zzz&x; sid=a'], 'sid').value).toBe('a')
  })

  test('is absent where no parser would find it', () => {
    for (const line of ['', 'x=1', 'sidx=1', 'my_sid=1', 'sid', 'SID=1'])
      expect([line, readCookie([line], 'sid')]).toEqual([line, { value: null, doubtful: false }])
  })

  test('is doubtful where parsers could differ', () => {
    const lines = [
      'sid=a; sid=b',
      'sid=a; x="; sid=b"',
      'sid=a,sid=b',
      'sid=a, sid=b',
      'sid =a',
      'x="sid=b"; sid=a',
      'sid=a; x=1,SID=b',
      'sid=\u0000',
      'sid=\u00e9',
    ]
    for (const line of lines) expect([line, readCookie([line], 'sid').doubtful]).toEqual([line, true])
    expect(readCookie(['sid=a', 'sid=b'], 'sid').doubtful).toBe(true)
    expect(readCookie([`sid=${'a'.repeat(5_000)}`], 'sid').doubtful).toBe(true)
  })

  test('any plain jar is read as it was written', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key.toLowerCase(), maxLength: 8 }),
        (jar) => {
          const line = jar.map(([key, text]) => `${key}=${text}`).join('; ')
          for (const [key, text] of jar)
            expect(readCookie([line], key)).toEqual({ value: text, doubtful: false })
        },
      ),
      { seed: 1, numRuns: 300 },
    )
  })
})

test('Set-Cookie: cleared by Max-Age, by Expires, by emptiness; Max-Age wins', () => {
  const at = Date.UTC(2026, 0, 1)
  const cleared = (line: string): boolean | undefined => readSetCookie(line, at)?.cleared
  expect(cleared('sid=a; Path=/')).toBe(false)
  expect(cleared('sid=; Path=/')).toBe(true)
  expect(cleared('sid=a; Max-Age=0')).toBe(true)
  expect(cleared('sid=a; max-age=-1')).toBe(true)
  expect(cleared('sid=a; Expires=Thu, 01 Jan 1970 00:00:00 GMT')).toBe(true)
  expect(cleared('sid=a; Expires=Thu, 01 Jan 2099 00:00:00 GMT')).toBe(false)
  expect(cleared('sid=a; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT')).toBe(false)
  expect(readSetCookie('; Path=/', at)).toBeNull()
  expect(cleared(expiredCookie('sid', true))).toBe(true)
})

test('a renewed value takes the old one’s place, and nothing else changes', () => {
  expect(replaceCookies(['a=1; sid=old; b=2'], new Map([['sid', 'new']]))).toBe('a=1; b=2; sid=new')
  expect(replaceCookies(['a=1; sid=old'], new Map([['sid', '']]))).toBe('a=1')
})

describe('a credential', () => {
  const read = (line: string) => readCredential('app', ['sid', 'tok'], [line])
  const hash = (line: string): string => {
    const reading = read(line)
    return typeof reading === 'string' ? reading : reading.hash
  }

  test('is one for the same cookies in any order, with or without quotes', () => {
    expect(hash('sid=a; tok=b')).toBe(hash('tok=b; x=1; sid=a'))
    expect(hash('sid="a"')).toBe(hash('sid=a'))
    expect(hash('sid=a')).not.toBe(hash('sid=b'))
    expect(hash('sid=a')).not.toBe(hash('tok=a'))
    expect(hash('sid=a')).toMatch(/^[A-Za-z0-9_-]{43}$/)
  })

  test('is none without a value, and doubtful if one part is', () => {
    expect([read(''), read('sid='), read('sid=""'), read('x=1')]).toEqual(['none', 'none', 'none', 'none'])
    expect(read('sid=a; tok=1; tok=2')).toBe('doubtful')
  })

  test('after an answer is what the browser then has', () => {
    const overlaid = (before: string, lines: readonly string[]) =>
      overlayCredential('app', ['sid', 'tok'], read(before), lines, 0)
    expect(overlaid('sid=a', ['sid=b; Path=/', 'x=1'])).toEqual(read('sid=b'))
    expect(overlaid('sid=a', ['sid=; Max-Age=0'])).toBe('none')
    expect(overlaid('', ['sid=a', 'sid=b', 'tok=c'])).toEqual(read('sid=b; tok=c'))
  })
})
