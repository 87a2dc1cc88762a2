// Payments: what patients and insurers paid lately, and their refunds.
//
// Not a payment processor: amounts are numbers in a table and no card is ever charged.
// Invariant: a payment is refunded at most once, and only when it was paid.
// Refused: signed amounts with refunds as rows of their own; the demonstration has one refund button.

import { drawsFrom } from './draws.ts'
import type { Patient } from './patients.ts'

/** One payment; `at` in ms since the epoch, amount in cents of a dollar. */
export type Payment = {
  readonly id: string
  readonly at: number
  readonly patientId: string
  readonly patientName: string
  readonly method: string
  readonly reason: string
  readonly amountCents: number
  readonly status: 'paid' | 'pending' | 'refunded'
}

const paymentsPerPractice = 18
const hourMs = 60 * 60 * 1000
const methods = ['Visa •• 4242', 'Mastercard •• 1881', 'HSA card •• 7006', 'Check', 'Cash', 'Insurance claim']
const reasons = [
  'Copay',
  'Crown, patient share',
  'Cleaning and exam',
  'Whitening kit',
  'Filling',
  'Payment plan 2 of 6',
]

/** The payments a practice starts with, newest first, over the days before `at`. */
export function seedPayments(practice: string, patients: readonly Patient[], at: number): readonly Payment[] {
  const draws = drawsFrom(`payments of ${practice}`)
  const first = practice === 'riverside' ? 5001 : 6001
  let paidAt = at
  return Array.from({ length: paymentsPerPractice }, (_, order) => {
    paidAt -= draws.between(1, 20) * hourMs + draws.between(0, 59) * 60_000
    const patient = draws.pick(patients)
    const method = draws.pick(methods)
    return {
      id: `pay-${first + order}`,
      at: paidAt,
      patientId: patient.id,
      patientName: patient.name,
      method,
      reason: draws.pick(reasons),
      amountCents: draws.between(20, 940) * 100 + draws.pick([0, 0, 50, 95]),
      status: method === 'Insurance claim' && draws.chance(0.6) ? 'pending' : 'paid',
    }
  })
}

/** Cents in words: 123450 is '$1,234.50'. */
export function dollars(cents: number): string {
  return new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' }).format(cents / 100)
}
