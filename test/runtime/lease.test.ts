/**
 * Goal: knowledge counts as fresh for exactly the lease, from the sending of the question that renewed it.
 * Method: a monotonic clock moved by hand, and renewals in every order.
 */
import { expect, test } from 'vitest'
import { createLease } from '../../runtime/lease.ts'

let at = 0
const open = (leaseMs = 5_000) => {
  at = 1_000
  return createLease({ leaseMs, monotonic: () => at })
}

test('is dead until first renewed', () => {
  const lease = open()
  expect([lease.alive(), lease.remainingMs(), lease.ageMs()]).toEqual([false, 0, Number.POSITIVE_INFINITY])
  expect(lease.renewedAt()).toBe(Number.NEGATIVE_INFINITY)
})

test('lives for exactly its length from sending, however late the answer came', () => {
  const lease = open()
  const sentAt = at
  at += 3_000
  lease.renew(sentAt)
  expect([lease.alive(), lease.remainingMs(), lease.ageMs()]).toEqual([true, 2_000, 3_000])
  expect(lease.lagMs()).toBe(3_000)
  at = sentAt + 4_999
  expect(lease.alive()).toBe(true)
  at = sentAt + 5_000
  expect([lease.alive(), lease.remainingMs()]).toEqual([false, 0])
  lease.renew(sentAt + 1)
  expect(lease.alive()).toBe(true)
})

test('an answer that comes after the lease of its own question is over renews nothing', () => {
  const lease = open()
  const sentAt = at
  at += 5_000
  lease.renew(sentAt)
  expect(lease.alive()).toBe(false)
})

test('an older question neither extends nor shortens it; nor does one from the future, or no number', () => {
  const lease = open()
  at = 10_000
  lease.renew(9_000)
  for (const sentAt of [8_000, 9_000, 10_001, Number.POSITIVE_INFINITY, Number.NaN]) lease.renew(sentAt)
  expect([lease.ageMs(), lease.renewedAt(), lease.lagMs()]).toEqual([1_000, 9_000, 1_000])
})
