/**
 * Goal: the fleet's seal and the internal bearer hold for one cluster key and one purpose, and for nothing else.
 * Method: seal and open under equal and different keys, purposes and texts; compare headers that are nearly right.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  createBearerCheck,
  fleetKey,
  internalBearer,
  keepClusterKey,
  openFleet,
  sealFleet,
} from '../../runtime/fleet-seal.ts'
import { hashToken, newReferenceCode, newToken } from '../../runtime/token.ts'

const clusterKey = 'a'.repeat(32)
const key = fleetKey(clusterKey)

test('a sealed text opens for its purpose only', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.string(), (purpose, other, text) => {
      const sealed = sealFleet(key, purpose, text)
      expect(openFleet(key, purpose, sealed)).toBe(text)
      if (other !== purpose) expect(openFleet(key, other, sealed)).toBeNull()
      expect(openFleet(key, purpose, `${sealed}x`)).toBeNull()
      expect(openFleet(fleetKey('b'.repeat(32)), purpose, sealed)).toBeNull()
    }),
    { numRuns: 200 },
  )
})

test('a character moved between purpose and text does not open', () => {
  expect(openFleet(key, 'ab', sealFleet(key, 'a', 'b c'))).toBeNull()
  expect(openFleet(key, 'a', sealFleet(key, 'a b', 'c').replace(' c', ' b c'))).toBeNull()
  for (const text of ['', ' ', 'x', 'x'.repeat(43), `${'x'.repeat(43)} `])
    expect(openFleet(key, 'a', text)).toBeNull()
})

test('the bearer is derived, stable, and accepted in exactly one form', () => {
  const bearer = internalBearer(clusterKey)
  const isRight = createBearerCheck(clusterKey)
  expect(bearer).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(bearer).not.toContain(clusterKey)
  expect(isRight(`Bearer ${bearer}`)).toBe(true)
  for (const header of [
    undefined,
    '',
    bearer,
    `bearer ${bearer}`,
    `Bearer ${bearer} `,
    `Bearer ${clusterKey}`,
  ])
    expect(isRight(header)).toBe(false)
  expect(createBearerCheck('b'.repeat(32))(`Bearer ${bearer}`)).toBe(false)
})

test('a kept cluster key is long enough and stays the same', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cluster-'))
  const first = keepClusterKey(join(folder, 'cluster-key'))
  expect(first).toMatchObject({ ok: true, value: expect.stringMatching(/^[\w-]{43}$/) })
  expect(keepClusterKey(join(folder, 'cluster-key'))).toEqual(first)
  rmSync(folder, { recursive: true })
})

test('tokens and reference codes have their form and do not repeat', () => {
  const tokens = Array.from({ length: 200 }, newToken)
  const codes = Array.from({ length: 200 }, newReferenceCode)
  expect(new Set([...tokens, ...codes]).size).toBe(400)
  for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/)
  for (const code of codes) expect(code).toMatch(/^GH-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/)
  expect(hashToken('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')
})
