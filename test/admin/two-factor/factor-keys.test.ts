/**
 * Goal: what the keyring sealed opens for the same factor only, under any of its keys; altered or moved, it throws.
 * Method: seal, alter one byte at a time, move to another factor, another key, a keyring without the key.
 */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createFactorKeyring, openFactorKeyring } from '../../../admin/two-factor/factor-keys.ts'

const key = (id: string) => ({ id, bytes: randomBytes(32) })
const one = key('k1')
const two = key('k2')
const ring = createFactorKeyring([one, two])

const folders: string[] = []
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'factor-keys-'))
  folders.push(folder)
  return folder
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

test('what was sealed opens again, and two seals of one text differ', () => {
  const { keyId, sealed } = ring.seal('SECRET', 'about')
  expect([keyId, ring.currentId]).toEqual(['k1', 'k1'])
  expect(ring.open(keyId, sealed, 'about')).toBe('SECRET')
  expect(ring.seal('SECRET', 'about').sealed).not.toBe(sealed)
  expect(sealed).not.toContain(Buffer.from('SECRET').toString('base64url'))
})

test('one byte altered anywhere, cut short or moved to something else: it does not open', () => {
  const { keyId, sealed } = ring.seal('SECRET', 'about')
  const bytes = Buffer.from(sealed, 'base64url')
  for (let at = 0; at < bytes.length; at += 1) {
    const altered = Buffer.from(bytes)
    altered[at] = (altered[at] ?? 0) ^ 1
    expect(() => ring.open(keyId, altered.toString('base64url'), 'about')).toThrow()
  }
  for (const length of [0, 12, 27, bytes.length - 1])
    expect(() => ring.open(keyId, bytes.subarray(0, length).toString('base64url'), 'about')).toThrow()
  expect(() => ring.open(keyId, sealed, 'about another')).toThrow()
  expect(() => ring.open('k2', sealed, 'about')).toThrow()
  expect(() => ring.open('k3', sealed, 'about')).toThrow(/not in the keyring/)
})

test('a new current key: what the old one sealed and marked still counts, new things are under the new one', () => {
  const before = createFactorKeyring([one])
  const after = createFactorKeyring([two, one])
  const old = before.seal('SECRET', 'about')
  expect(after.open(old.keyId, old.sealed, 'about')).toBe('SECRET')
  expect(after.seal('SECRET', 'about').keyId).toBe('k2')
  const mark = before.marks('CODE', 'about')[0]?.mark
  expect(after.marks('CODE', 'about').map((found) => found.mark)).toContain(mark)
  expect(after.marks('CODE', 'about')[0]?.keyId).toBe('k2')
  expect(after.marks('CODE', 'another').map((found) => found.mark)).not.toContain(mark)
})

test('keys are made once, kept for their owner only, and read again', () => {
  const file = join(newFolder(), 'factor-keys')
  const first = openFactorKeyring(null, file)
  const second = openFactorKeyring(null, file)
  if (!first.ok || !second.ok) throw new Error('no keyring')
  const { keyId, sealed } = first.value.seal('SECRET', 'about')
  expect(second.value.open(keyId, sealed, 'about')).toBe('SECRET')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  writeFileSync(file, `k2:${randomBytes(32).toString('base64url')}\n${readFileSync(file, 'utf8')}`)
  const third = openFactorKeyring(null, file)
  if (!third.ok) throw new Error('no keyring')
  expect(third.value.open(keyId, sealed, 'about')).toBe('SECRET')
  expect(third.value.seal('SECRET', 'about').keyId).toBe('k2')
})

test('a configured list comes before the file; a wrong one is a Problem that repeats no key', () => {
  const file = join(newFolder(), 'factor-keys')
  const weak = Buffer.alloc(32, 7).toString('base64url')
  const refused = openFactorKeyring(`k1:${weak}`, file)
  expect(refused.ok).toBe(false)
  expect(JSON.stringify(refused)).not.toContain(weak)
  expect(openFactorKeyring(`k1:${randomBytes(32).toString('base64url')}`, file).ok).toBe(true)
  expect(() => statSync(file)).toThrow()
})
