/**
 * Goal: no practice's name makes a session look as if it had outlived a revocation.
 * Method: names that every object inherits, beside those that the session's record has.
 */
import { expect, test } from 'vitest'
import { epochIn } from '../../admin/sessions/session-epochs.ts'

test('only the record’s own practices count, whatever they are called', () => {
  for (const practice of ['constructor', 'toString', '__proto__', 'elsewhere'])
    expect([practice, epochIn({ riverside: 3 }, practice)]).toEqual([practice, 0])
  expect(epochIn({ riverside: 3, constructor: 2 } as unknown as Record<string, number>, 'constructor')).toBe(
    2,
  )
})
