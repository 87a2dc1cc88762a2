/**
 * Goal: made-up cookies and companions cost little memory and reach the application no faster than the cap.
 * Method: 60,000 of them, more than any list of strangers holds, as the bench of the million does it.
 */
import { expect, test } from 'vitest'
import { measureStrangers } from '../../bench/strangers.ts'

test('strangers fill lists of a fixed length, and nothing else', async () => {
  const { asked, askedMax, mirrored, remembered, bytes } = await measureStrangers(60_000)
  expect(asked).toBeGreaterThan(0)
  expect(asked).toBeLessThanOrEqual(askedMax)
  expect(mirrored).toBe(0)
  expect(remembered).toBeLessThanOrEqual(10_000)
  expect(bytes).toBeLessThan(20e6)
}, 60_000)
