/**
 * Goal: the operator's override lifts address and hours and nothing else, and the laws of a decision hold under it. Method:
 * properties over small worlds: the same request asked with and without.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from '../../policies/decide.ts'
import { reasons } from '../../policies/decision.ts'
import { explain } from '../../policies/explain.ts'
import { observing } from '../../policies/observe.ts'
import { documents, instants, requests, snapshotOf } from '../support/policy-cases.ts'

const asking = (check: (of: Parameters<typeof decide>) => void): void =>
  fc.assert(
    fc.property(
      documents,
      fc.array(fc.tuple(requests, instants), { minLength: 20, maxLength: 20 }),
      (document, asked) => {
        const snapshot = snapshotOf(document)
        for (const [request, at] of asked) check([snapshot, request, at])
      },
    ),
    { numRuns: 40, seed: 20261201 },
  )
const isToken = ({ subject }: Parameters<typeof decide>[1]): boolean =>
  typeof subject === 'object' && subject.kind === 'token'

describe('under the override', () => {
  it('nobody is refused by address or hour, and nobody who passed is refused', () => {
    const lifted = new Set<string>()
    asking(([snapshot, request, at]) => {
      const [before, under] = [decide(snapshot, request, at), decide(observing(snapshot), request, at)]
      if (before.verdict === 'permit') expect(under.verdict).toBe('permit')
      if (!isToken(request)) expect(['ip', 'time']).not.toContain(under.control)
      if (under.reason !== before.reason) lifted.add(before.reason)
    })
    expect([...lifted].sort()).toEqual(['address-not-allowed', 'outside-time-window'])
  })

  it('what session, second factor or permission refuse is refused for the same reason', () => {
    asking(([snapshot, request, at]) => {
      const before = decide(snapshot, request, at)
      if (before.verdict === 'permit' || before.control === 'ip' || before.control === 'time') return
      const { reason, control, verdict } = decide(observing(snapshot), request, at)
      expect({ reason, control, verdict }).toEqual({
        ...{ reason: before.reason, control: before.control, verdict: before.verdict },
      })
    })
  })

  it('says who would have been refused, holds until it says so (L3), and explains itself (L5)', () => {
    let recorded = 0
    asking(([snapshot, request, at]) => {
      const watched = observing(snapshot)
      const decision = decide(watched, request, at)
      expect(decision.validUntil).toBeGreaterThan(at)
      if (decision.validUntil > at + 1) {
        const { validUntil: _, ...later } = decide(watched, request, decision.validUntil - 1)
        const { validUntil: __, ...now } = decision
        expect(later).toEqual(now)
      }
      const { control } = reasons[decide(snapshot, request, at).reason]
      if ((control === 'ip' || control === 'time') && decision.verdict === 'permit') {
        expect(decision.wouldRefuse.length).toBeGreaterThan(0)
        recorded += 1
      }
      expect(explain(watched, request, at).decision).toEqual(decision)
    })
    expect(recorded).toBeGreaterThan(10)
  })

  it('a policy that enforces neither is the same, and twice is once', () => {
    asking(([snapshot]) => {
      const watched = observing(snapshot)
      expect(observing(watched)).toBe(watched)
      const { ip, time } = snapshot.modes
      if (ip !== 'enforce' && time !== 'enforce') expect(watched).toBe(snapshot)
    })
  })
})
