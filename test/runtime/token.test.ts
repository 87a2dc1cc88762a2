/**
 * Goal: a reference code is understood however it is written down or read out, and nothing else is taken for one.
 * Method: new codes read back; spellings by table.
 */
import { expect, test } from 'vitest'
import { newReferenceCode, readReferenceCode } from '../../runtime/token.ts'

test('every new code reads back as itself, in small letters and without dashes too', () => {
  for (let n = 0; n < 500; n += 1) {
    const code = newReferenceCode()
    expect(readReferenceCode(code)).toBe(code)
    expect(readReferenceCode(code.toLowerCase())).toBe(code)
    expect(readReferenceCode(code.replaceAll('-', ''))).toBe(code)
    expect(readReferenceCode(code.slice(3).replace('-', ' '))).toBe(code)
  }
})

test.each([
  ['gh-7k2m-94qx', 'GH-7K2M-94QX'],
  ['7k2m94qx', 'GH-7K2M-94QX'],
  ['GH-OIL0-1111', 'GH-0110-1111'],
  [' GH 7K2M 94QX ', 'GH-7K2M-94QX'],
  // Eight characters may begin with GH themselves.
  ['GHAB-CDEF', 'GH-GHAB-CDEF'],
  ['GH-GHAB-CDEF', 'GH-GHAB-CDEF'],
])('%s is %s', (text, code) => {
  expect(readReferenceCode(text)).toBe(code)
})

test.each(['', 'GH', 'GH-7K2M', 'GH-7K2M-94QXX', 'GH-7K2M-94QU', 'XX-7K2M-94QX', "GH-7K2M-94Q'"])(
  '%j is none',
  (text) => {
    expect(readReferenceCode(text)).toBeNull()
  },
)
