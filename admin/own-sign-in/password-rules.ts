/**
 * What a password of our own may be: long enough, and more than words that everybody tries, rows of keys and years.
 *
 * It hashes nothing (`passwords.ts`) and asks no service on the network whether a password is known: that would tell of it.
 * Invariant: what is refused here is refused wherever a password is set, with a sentence that says what to do. Demands for
 * digits and signs were refused (NIST SP 800-63B): they lead to the same few passwords with `1!` at the end.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { passwordTexts } from '../../runtime/pages/texts-sign-in.ts'

/** The fewest characters. */
export const passwordCharactersMin = 12
/** The most UTF-16 units; no form of ours carries more. */
export const passwordLengthMax = 128

/** So many characters must be left besides common words, rows and years. */
const ownCharactersMin = 6
/** Shorter names are in too many words to be refused. */
const nameLengthMin = 4

const commonWords: readonly string[] = readFileSync(join(import.meta.dirname, 'common-words.txt'), 'utf8')
  .split('\n')
  .filter((word) => word !== '')

const disguises: Readonly<Record<string, string>> = {
  '@': 'a',
  '4': 'a',
  '3': 'e',
  '1': 'i',
  '!': 'i',
  '0': 'o',
  $: 's',
  '5': 's',
  '7': 't',
}

const plain = (text: string): string => text.normalize('NFKC').toLowerCase()
/** Letters for the signs that stand in for them; as long as `text`. */
const undisguised = (text: string): string =>
  text.replaceAll(/[@431!0$57]/g, (sign) => disguises[sign] ?? sign)
const lettersOf = (text: string): string => text.replaceAll(/[^\p{L}\p{N}]/gu, '')

const rows = ['abcdefghijklmnopqrstuvwxyz', '01234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm']
const allRows = [...rows, ...rows.map((row) => [...row].reverse().join(''))]
const rowLengthMin = 3

/** How long a row of keys or of one character begins at `at`; 0: none. */
function rowAt(text: string, at: number): number {
  let longest = /^(.)\1*/su.exec(text.slice(at))?.[0].length ?? 0
  for (const row of allRows) {
    let from = row.indexOf(text.charAt(at))
    if (from < 0) continue
    let length = 0
    while (from < row.length && text.charAt(at + length) === row.charAt(from)) {
      length += 1
      from += 1
    }
    longest = Math.max(longest, length)
  }
  return longest >= rowLengthMin ? longest : 0
}

/** The lengths of what everybody tries that begins at `at`: words, rows in each of their lengths, a year. */
function commonAt(text: string, words: string, at: number): readonly number[] {
  const lengths = commonWords
    .filter((one) => words.startsWith(one, at) || text.startsWith(one, at))
    .map(({ length }) => length)
  for (let length = rowAt(text, at); length >= rowLengthMin; length -= 1) lengths.push(length)
  if (/^(?:19|20)\d\d/.test(text.slice(at))) lengths.push(4)
  return lengths
}

/** How many characters are nobody's habit, read in the way that leaves fewest: a row may end where a word begins. */
function ownCharacters(password: string): number {
  const text = plain(password)
  const words = undisguised(text)
  const own: number[] = [0]
  // From the end, so that what follows is known: own[n] is what the last n characters leave.
  for (let at = text.length - 1; at >= 0; at -= 1) {
    const left = text.length - at
    const behind = commonAt(text, words, at).map((length) => own[left - length] ?? 0)
    own[left] = Math.min(1 + (own[left - 1] ?? 0), ...behind)
  }
  return own[text.length] ?? 0
}

/** The parts of a name that a password must not have: whole, and before an `@`. */
const partsOf = (name: string): readonly string[] =>
  [name, name.split('@')[0] ?? '']
    .map((part) => lettersOf(plain(part)))
    .filter((part) => part.length >= nameLengthMin)

/**
 * What is wrong with a password as one sentence, `null`: nothing. `names`: the person's own login and name, and what their
 * practices are called. Takes at most a few milliseconds, whatever the password.
 */
export function passwordProblem(password: string, names: readonly string[]): string | null {
  const characters = [...password.normalize('NFC')].length
  if (characters < passwordCharactersMin) return passwordTexts.tooShort(passwordCharactersMin)
  if (password.length > passwordLengthMax) return passwordTexts.tooLong(passwordLengthMax)
  const held = [lettersOf(plain(password)), lettersOf(undisguised(plain(password)))]
  if (names.some((name) => partsOf(name).some((part) => held.some((text) => text.includes(part)))))
    return passwordTexts.ownName
  if (ownCharacters(password) < ownCharactersMin) return passwordTexts.common
  return null
}
