/**
 * Goal: a change that concerns thousands of live exchanges holds up nobody for long, and no revocation waits for it.
 * Method: the registry with judgings that each take a millisecond of a clock of the test's own.
 */
import { describe, expect, it } from 'vitest'
import type { Standing } from '../../gateway/exchange.ts'
import type { Decision } from '../../policies/decision.ts'
import { decisionOf } from '../support/decisions.ts'
import { createBench, live, standingOf } from '../support/registry-bench.ts'

describe('many at once', () => {
  /** Each judging takes a millisecond. */
  const crowd = (count: number, about: (n: number) => Partial<Standing> = () => ({})) => {
    let elapsed = 0
    const bench = createBench(() => elapsed)
    const state = { reason: 'ok' as Decision['reason'], judged: 0 }
    const again = (): Decision => {
      elapsed += 1
      state.judged += 1
      return decisionOf(state.reason)
    }
    const all = Array.from({ length: count }, (_, n) => {
      const one = live(bench, 'websocket')
      const reservation = bench.exchanges.reserve(one)
      reservation.admit(standingOf(again, about(n)))
      return { one, reservation }
    })
    const countCut = (): number => all.filter(({ one }) => one.cuts.length === 1).length
    return { bench, state, all, countCut }
  }

  it('a change of policy is applied in slices of 4 ms, without anything in between being forgotten', () => {
    const { bench, state, countCut } = crowd(1_000)
    state.reason = 'address-not-allowed'
    bench.exchanges.recheck({ practice: 'p1' })
    expect(state.judged).toBe(4)
    bench.pass(100)
    expect(state.judged).toBeLessThanOrEqual(404)
    bench.pass(200)
    expect(state.judged).toBe(1_000)
    expect(countCut()).toBe(1_000)
  })

  it('a revocation does not wait for the slices of a policy', () => {
    const { bench, state, all } = crowd(1_000, (n) => ({ user: `u${n}`, session: `s${n}` }))
    bench.exchanges.recheck({})
    state.reason = 'session-revoked'
    bench.exchanges.recheck({ user: 'u999' })
    expect(all.at(-1)!.one.cuts).toMatchObject([{ reason: 'session-revoked' }])
    bench.exchanges.recheck({ session: 's998' })
    expect(all.at(-2)!.one.cuts).toHaveLength(1)
  })

  it('a second change while the slices of the first are under way reaches all', () => {
    const { bench, state, countCut } = crowd(100)
    bench.exchanges.recheck({})
    bench.pass(3)
    state.reason = 'permission-missing'
    bench.exchanges.recheck({})
    bench.pass(100)
    expect(countCut()).toBe(100)
  })

  it('what ends before its slice comes is not judged, and what is admitted meanwhile is judged anew', () => {
    const { bench, state, all } = crowd(100)
    const late = live(bench)
    const reservation = bench.exchanges.reserve(late)
    state.reason = 'permission-missing'
    bench.exchanges.recheck({})
    for (const { reservation } of all) reservation.release()
    expect(reservation.admit(standingOf(() => decisionOf(state.reason)))).toMatchObject({
      admitted: false,
      reason: 'permission-missing',
    })
    const { judged } = state
    bench.pass(100)
    expect(state.judged).toBe(judged)
  })

  it('thousands whose window ends at one instant are cut in slices too', () => {
    let elapsed = 0
    const bench = createBench(() => elapsed)
    const end = bench.clock.now() + 1_000
    const again = (): Decision => {
      elapsed += 1
      return decisionOf('outside-time-window')
    }
    const all = Array.from({ length: 200 }, () => {
      const one = live(bench, 'websocket')
      const decision = decisionOf('ok', { validUntil: end })
      bench.exchanges.reserve(one).admit(standingOf(again, { decision }))
      return one
    })
    bench.pass(1_000)
    expect(elapsed).toBeLessThanOrEqual(4)
    bench.pass(250)
    expect(all.every(({ cuts }) => cuts.length === 1)).toBe(true)
  })
})
