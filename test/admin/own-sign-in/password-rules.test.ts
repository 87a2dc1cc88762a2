/**
 * Goal: passwords that are guessed first are refused with a sentence, whatever signs are put around them; others are not.
 * Method: examples of both kinds, and properties over common words with years, rows and disguises.
 */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { passwordProblem } from '../../../admin/own-sign-in/password-rules.ts'

const names = ['fiona.frontdesk@demo.test', 'Fiona Front', 'riverside', 'Riverside Dental', '']
const words = readFileSync(new URL('../../../admin/own-sign-in/common-words.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n')

test('the list is in order, in small letters, without repetition', () => {
  expect(words.length).toBeGreaterThan(300)
  expect(words).toEqual([...new Set(words)].sort())
  expect(words.filter((word) => !/^[a-z]{4,}$/.test(word))).toEqual([])
})

describe('a password', () => {
  test.each([
    'correct battery staple',
    'lamp-otter-thirteen-violin',
    'gh7Kq2mZx9Rv',
    'Ein Esel liest die Zeitung',
    'пингвин на крыше',
    '🦦🪣🧵🎻🪴🧂🦦🪣🎻🧵🧂🪴',
  ])('%s is taken', (password) => expect(passwordProblem(password, names)).toBeNull())

  test.each([
    ['short', /12 characters/],
    ['🦦🪣🧵🎻🪴🧂', /12 characters/],
    ['x'.repeat(129), /at most 128/],
    ['password1234', /first/],
    ['P4$$w0rd!2026', /first/],
    ['Summer2026!!', /first/],
    ['qwertyuiop123', /first/],
    ['aaaaaaaaaaaaaaaa', /first/],
    ['123456789012345', /first/],
    ['welcomeDental99', /first/],
    // Read greedily, the row takes the first letter of the word.
    ['1234abcdengland', /first/],
    ['xx fiona.frontdesk xx', /own name/],
    ['Riverside-Dental-x7q', /own name/],
    ['r1vers1de otter lamp', /own name/],
    ['FIONA FRONT tea pot', /own name/],
  ])('%s is refused', (password, sentence) => expect(passwordProblem(password, names)).toMatch(sentence))

  test('made of common words, years and rows alone is always refused', () => {
    const part = fc.oneof(fc.constantFrom(...words), fc.constantFrom('1234', '2026', 'qwerty', '!!!', 'abcd'))
    fc.assert(
      fc.property(fc.array(part, { minLength: 3, maxLength: 8 }), fc.boolean(), (parts, upper) => {
        const text = parts.join('').slice(0, 128)
        return passwordProblem(upper ? text.toUpperCase() : text, []) !== null
      }),
    )
  })

  test('of any text gets an answer at once', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200, unit: 'grapheme' }), (text) => {
        const said = passwordProblem(text, names)
        return said === null || said.endsWith('.')
      }),
    )
  })
})
