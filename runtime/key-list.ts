/**
 * A list of named keys in text: `id:key`, separated by commas or lines; the first is current, the others still open.
 *
 * It says what the keys are, not what they are for. Invariant: a key that could be guessed or was mistyped is a Problem,
 * and no Problem repeats any of it. Passphrases were refused: nobody writes down 256 random bits as words.
 */
import { randomBytes } from 'node:crypto'
import type { Checked, Problem } from '../policies/problem.ts'

/** A key with the name that what it sealed carries: 1–32 of `a-z 0-9 -`. `bytes`: 32. */
export type NamedKey = { readonly id: string; readonly bytes: Buffer }

const idForm = /^[a-z0-9][a-z0-9-]{0,31}$/
const keyForm = /^[A-Za-z0-9_-]{43}$/
/** Of 32 random bytes fewer than this many differ once in 10^20 keys. */
const differentBytesMin = 16
const keysMax = 20

function problemOf(id: string, text: string): string | null {
  if (!idForm.test(id)) return 'a name before the colon must be 1 to 32 of a-z, 0-9 and -'
  if (!keyForm.test(text)) return `the key "${id}" must be 32 bytes in base64url (43 characters)`
  if (new Set(Buffer.from(text, 'base64url')).size < differentBytesMin)
    return `the key "${id}" is not random: make one with openssl rand`
  return null
}

/** The keys of a list, in its order; Problems carry `path`. At least one key, at most 20, each name once. */
export function readKeyList(text: string, path: string): Checked<readonly NamedKey[]> {
  const lines = text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const problems: Problem[] = []
  const found: NamedKey[] = []
  for (const line of lines) {
    const colon = line.indexOf(':')
    const id = line.slice(0, Math.max(colon, 0))
    const key = line.slice(colon + 1)
    const sentence =
      problemOf(id, key) ?? (found.some((one) => one.id === id) ? `two keys are called "${id}"` : null)
    if (sentence === null) found.push({ id, bytes: Buffer.from(key, 'base64url') })
    else problems.push({ path, sentence })
  }
  if (lines.length === 0 || lines.length > keysMax)
    problems.push({ path, sentence: `expected 1 to ${keysMax} keys, each as name:key` })
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: found }
}

/** A list with one new random key, called `k1`. */
export const newKeyList = (): string => `k1:${randomBytes(32).toString('base64url')}`

/** The keys as a list in text again. */
export const writeKeyList = (keys: readonly NamedKey[]): string =>
  keys.map(({ id, bytes }) => `${id}:${bytes.toString('base64url')}`).join('\n')

/** A new random key, called as none of these is: `k2` after `k1`. */
export function newKeyBeside(keys: readonly NamedKey[]): NamedKey {
  let number = keys.length + 1
  while (keys.some(({ id }) => id === `k${number}`)) number += 1
  return { id: `k${number}`, bytes: randomBytes(32) }
}
