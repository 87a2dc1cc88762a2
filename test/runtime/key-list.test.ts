/**
 * Goal: a list of named keys reads as written, and what is weak, mistyped or named twice is a Problem without the key.
 * Method: lists by example, through the function and through the configuration.
 */
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { configSchema } from '../../runtime/config.ts'
import { newKeyList, readKeyList } from '../../runtime/key-list.ts'

const key = (): string => randomBytes(32).toString('base64url')

test('names and keys in their order, by commas or lines', () => {
  const [a, b] = [key(), key()]
  for (const text of [`new:${a},old:${b}`, ` new:${a}\n\nold:${b}\n`]) {
    const read = readKeyList(text, 'keys')
    expect(read.ok && read.value.map(({ id, bytes }) => `${id}:${bytes.toString('base64url')}`)).toEqual([
      `new:${a}`,
      `old:${b}`,
    ])
  }
  expect(readKeyList(newKeyList(), 'keys').ok).toBe(true)
})

test.each([
  ['nothing', ''],
  ['no name', key()],
  ['an odd name', `K1:${key()}`],
  ['too short a key', `k1:${key().slice(1)}`],
  ['no base64url', `k1:${'+'.repeat(43)}`],
  ['one byte over and over', `k1:${Buffer.alloc(32, 1).toString('base64url')}`],
  ['text of few letters', `k1:${Buffer.from('passwordpasswordpasswordpassword').toString('base64url')}`],
  ['a name twice', `k1:${key()},k1:${key()}`],
  ['too many', Array.from({ length: 21 }, (_, at) => `k${at}:${key()}`).join()],
])('%s is a Problem, here and in the configuration', (_, text) => {
  const read = readKeyList(text, 'twoFactor.keys')
  expect(!read.ok && read.problems.map(({ path }) => path)).toEqual(['twoFactor.keys'])
  const secret = text.slice(text.indexOf(':') + 1)
  if (secret.length > 30) expect(JSON.stringify(read)).not.toContain(secret)
  const parsed = configSchema.safeParse({ twoFactor: { keys: text } })
  expect(parsed.success).toBe(false)
  expect(parsed.error?.issues.every(({ path }) => path.join('.') === 'twoFactor.keys')).toBe(true)
})

test('the configuration takes a good list as it is, and none', () => {
  const text = `k1:${key()}`
  expect(configSchema.parse({ twoFactor: { keys: text } }).twoFactor.keys).toBe(text)
  expect(configSchema.parse({}).twoFactor.keys).toBeNull()
})
