/**
 * Goal: each round of the canary changes what is decided, as it says, and only by what it says.
 * Method: rounds one after the other, each record through JSON as a gateway gets it, against `decide`'s answer.
 */
import { expect, test } from 'vitest'
import { askCanary, canaryRecord, canaryStep } from '../../runtime/canary.ts'
import { canaryRecordSchema } from '../../runtime/records.ts'

const at = Date.UTC(2026, 10, 23, 9)
const sent = (round: number) => canaryRecordSchema.parse(JSON.parse(JSON.stringify(canaryRecord(round, at))))

test('every round is decided as it says, and other than the one before it', () => {
  for (let round = 0; round < 12; round += 1) {
    expect(askCanary(sent(round), at), `round ${round}`).toBe(canaryStep(round).expected)
    expect(canaryStep(round + 1).expected).not.toBe(canaryStep(round).expected)
  }
  expect(new Set([0, 1, 2, 3].map((round) => canaryStep(round).expected))).toEqual(
    new Set(['ok', 'address-not-allowed', 'session-revoked']),
  )
})

test('a revocation changes the member alone, a policy the policy alone', () => {
  for (let round = 1; round < 9; round += 1) {
    const [before, after] = [sent(round - 1), sent(round)]
    const samePolicy = JSON.stringify(before.compiled) === JSON.stringify(after.compiled)
    expect(samePolicy, `round ${round}`).toBe(canaryStep(round).change === 'revocation')
    const samePerson = JSON.stringify(before.member) === JSON.stringify(after.member)
    expect(samePerson && before.sessionEpoch === after.sessionEpoch).toBe(
      canaryStep(round).change === 'policy',
    )
  }
})

test('a record that does not compile is none', () => {
  expect(askCanary({ ...sent(0), compiled: { schema: 1 } }, at)).toBeNull()
})
