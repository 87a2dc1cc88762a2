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

  it('a slice has room for what its cuts leave to the loop', () => {
    let elapsed = 0
    const bench = createBench(() => elapsed)
    const all = Array.from({ length: 100 }, () => {
      const one = { ...live(bench, 'websocket'), at: [] as number[] }
      const cut = (): void => {
        elapsed += 0.5
        one.at.push(bench.clock.now())
      }
      bench.exchanges.reserve({ ...one, cut }).admit(standingOf(() => decisionOf('permission-missing')))
      return one
    })
    bench.exchanges.recheck({})
    bench.pass(100)
    const slices = Map.groupBy(
      all.flatMap(({ at }) => at),
      (at) => at,
    )
    expect([...slices.values()].map(({ length }) => length)).toEqual(Array.from({ length: 50 }, () => 2))
  })
})

describe('all cut whatever they are', () => {
  /** A cut takes a millisecond, holding nothing. */
  const crowd = (count: number) => {
    let elapsed = 0
    const bench = createBench(() => elapsed)
    const all = Array.from({ length: count }, (_, n) => {
      const held: string[] = []
      const one = live(bench, 'websocket')
      const isPublic = n % 10 === 9
      const reservation = bench.exchanges.reserve({
        kind: one.kind,
        hold: (reason) => held.push(reason) > 0,
        cut(reason, decision) {
          elapsed += 1
          one.cut(reason, decision)
        },
      })
      reservation.admit(isPublic ? null : standingOf(() => decisionOf('ok'), { user: `u${n}` }))
      return { held, cuts: one.cuts, reservation, isPublic }
    })
    const staff = all.filter(({ isPublic }) => !isPublic)
    return { bench, all, staff }
  }
  const reasons = (of: readonly { readonly cuts: readonly { readonly reason: string }[] }[]) =>
    new Set(of.flatMap(({ cuts }) => cuts.map(({ reason }) => reason)))

  it('nothing passes from that turn on, and the goodbyes come in slices, once each', () => {
    const { bench, all, staff } = crowd(100)
    bench.exchanges.cutAll('knowledge-stale', 'judged')
    expect(staff.every(({ held }) => held.length === 1)).toBe(true)
    expect(staff.filter(({ cuts }) => cuts.length > 0)).toHaveLength(0)
    bench.pass(1)
    expect(staff.filter(({ cuts }) => cuts.length > 0)).toHaveLength(1)
    bench.exchanges.cutAll('knowledge-stale', 'judged')
    bench.pass(200)
    expect(staff.every(({ held, cuts }) => held.length === 1 && cuts.length === 1)).toBe(true)
    expect(
      all.filter(({ isPublic }) => isPublic).every(({ held, cuts }) => held.length + cuts.length === 0),
    ).toBe(true)
  })

  it('no permit brings back what is held, and a revocation meanwhile cuts it at once', () => {
    const { bench, staff } = crowd(100)
    bench.exchanges.cutAll('knowledge-stale', 'judged')
    bench.exchanges.recheck({ user: 'u98' })
    expect(staff.at(-1)!.cuts).toMatchObject([{ reason: 'knowledge-stale' }])
    bench.exchanges.recheck({})
    bench.pass(300)
    expect(staff.every(({ cuts }) => cuts.length === 1)).toBe(true)
    expect(reasons(staff)).toEqual(new Set(['knowledge-stale']))
  })

  it('who ends before its slice is not cut, and the end of everything waits for no slice', () => {
    const { bench, all, staff } = crowd(100)
    bench.exchanges.cutAll('knowledge-stale', 'judged')
    staff.at(-1)!.reservation.release()
    bench.exchanges.cutAll('draining', 'everything')
    expect(bench.exchanges.size()).toBe(0)
    expect(staff.at(-1)!.cuts).toHaveLength(0)
    expect(reasons(staff)).toEqual(new Set(['knowledge-stale']))
    expect(reasons(all.filter(({ isPublic }) => isPublic))).toEqual(new Set(['draining']))
    bench.pass(300)
    expect(all.flatMap(({ cuts }) => cuts)).toHaveLength(99)
  })

  it('one that cannot be held, or that throws at it, is cut at once', () => {
    const bench = createBench(() => 0)
    const some = [
      () => false,
      () => {
        throw new Error('broken')
      },
      undefined,
    ].map((hold) => {
      const one = live(bench, 'websocket')
      const held = hold === undefined ? one : { ...one, hold }
      bench.exchanges.reserve(held).admit(standingOf(() => decisionOf('ok')))
      return one
    })
    bench.exchanges.cutAll('knowledge-stale', 'judged')
    expect(some.map(({ cuts }) => cuts.length)).toEqual([1, 1, 1])
    expect(bench.faults).toHaveLength(1)
  })
})
