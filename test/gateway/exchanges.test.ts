/**
 * Goal: no change of knowledge slips between deciding and registering, and what may not go on is cut when it must be.
 * Method: the registry under a clock and a scheduler of the test's own, with scripted standings.
 */
import { describe, expect, it } from 'vitest'
import type { Standing } from '../../gateway/exchange.ts'
import type { LiveKind } from '../../gateway/exchanges.ts'
import type { Decision } from '../../policies/decision.ts'
import { decisionOf } from '../support/decisions.ts'
import { type Bench, createBench, live, permit, standingOf } from '../support/registry-bench.ts'

describe('register first, then decide', () => {
  it('a change while the judge is at it makes the exchange be judged again before it is admitted', () => {
    const bench = createBench()
    const reservation = bench.exchanges.reserve(live(bench))
    bench.exchanges.recheck({ user: 'u1' })
    const admission = reservation.admit(standingOf(() => decisionOf('session-revoked')))
    expect(admission).toMatchObject({ admitted: false, reason: 'session-revoked' })
  })

  it('without a change the decision of the judge stands and is not made twice', () => {
    const bench = createBench()
    let asked = 0
    const reservation = bench.exchanges.reserve(live(bench))
    expect(
      reservation.admit(
        standingOf(() => {
          asked += 1
          return permit()
        }),
      ),
    ).toEqual({ admitted: true })
    expect(asked).toBe(0)
  })

  it('a decision that ran out while the judge was at it is made again', () => {
    const bench = createBench()
    const reservation = bench.exchanges.reserve(live(bench))
    const until = bench.clock.now() + 10
    bench.clock.advance(10)
    const admission = reservation.admit(
      standingOf(() => decisionOf('outside-time-window'), {
        decision: decisionOf('ok', { validUntil: until }),
      }),
    )
    expect(admission).toMatchObject({ admitted: false, reason: 'outside-time-window' })
  })

  it('a change right after admission finds it', () => {
    const bench = createBench()
    const one = live(bench)
    bench.exchanges.reserve(one).admit(standingOf(() => decisionOf('session-revoked')))
    bench.exchanges.recheck({ session: 's1' })
    expect(one.cuts.map(({ reason }) => reason)).toEqual(['session-revoked'])
  })

  it('in every interleaving of change and steps the exchange ends or is judged by what is known last', () => {
    // Steps: reserve, judge, admit; one revocation at each of the gaps between them.
    for (const gap of [0, 1, 2, 3]) {
      const bench = createBench()
      let revoked = false
      const decide = (): Decision => (revoked ? decisionOf('session-revoked') : permit())
      const revoke = (now: number): void => {
        if (now !== gap) return
        revoked = true
        bench.exchanges.recheck({ user: 'u1' })
      }
      revoke(0)
      const one = live(bench)
      const reservation = bench.exchanges.reserve(one)
      revoke(1)
      const decision = decide()
      revoke(2)
      const goesOn =
        decision.verdict === 'permit' && reservation.admit(standingOf(decide, { decision })).admitted
      revoke(3)
      expect(goesOn && one.cuts.length === 0, `gap ${gap}`).toBe(false)
    }
  })

  it('stale knowledge while the judge is at it: staff are refused, public routes go on', () => {
    const bench = createBench()
    const staff = bench.exchanges.reserve(live(bench))
    const open = bench.exchanges.reserve(live(bench))
    bench.exchanges.cutAll('knowledge-stale', 'judged')
    expect(staff.admit(standingOf(permit))).toEqual({
      admitted: false,
      reason: 'knowledge-stale',
      decision: null,
    })
    expect(open.admit(null)).toEqual({ admitted: true })
  })

  it('a standing that throws is no permit, at admission and later', () => {
    const bench = createBench()
    const broken = standingOf(() => {
      throw new Error('broken')
    })
    const early = bench.exchanges.reserve(live(bench))
    bench.exchanges.recheck({})
    expect(early.admit(broken)).toMatchObject({ admitted: false, reason: 'identity-unavailable' })
    const late = live(bench)
    bench.exchanges.reserve(late).admit(broken)
    bench.exchanges.recheck({})
    expect(late.cuts).toHaveLength(1)
    expect(bench.faults).toHaveLength(2)
  })
})

describe('while it lives', () => {
  it('a permit renews itself at each end of its validity, for as long as it is one', () => {
    const bench = createBench()
    const asked: number[] = []
    const start = bench.clock.now()
    const again = (at: number): Decision => {
      asked.push(at - start)
      return at - start < 3_000
        ? decisionOf('ok', { validUntil: at + 1_000 })
        : decisionOf('address-not-allowed')
    }
    const one = live(bench, 'websocket')
    bench.exchanges
      .reserve(one)
      .admit(standingOf(again, { decision: decisionOf('ok', { validUntil: start + 1_000 }) }))
    bench.pass(10_000)
    expect(asked).toEqual([1_000, 2_000, 3_000])
    expect(one.cuts).toMatchObject([{ reason: 'address-not-allowed', at: start + 3_000 }])
    expect(bench.exchanges.size()).toBe(0)
  })

  it('a decision that is over before it began does not keep the sweep busy', () => {
    const bench = createBench()
    let asked = 0
    bench.exchanges.reserve(live(bench)).admit(
      standingOf((at) => {
        asked += 1
        return decisionOf('ok', { validUntil: at })
      }),
    )
    bench.exchanges.recheck({})
    bench.pass(50)
    expect(asked).toBeLessThan(60)
  })

  it('a change concerns those it names, and those who do not say', () => {
    const bench = createBench()
    const deny = () => decisionOf('permission-missing')
    const of = (about: Partial<Standing>) => {
      const one = live(bench)
      bench.exchanges.reserve(one).admit(standingOf(deny, about))
      return one
    }
    const same = of({})
    const otherUser = of({ user: 'u2' })
    const otherPractice = of({ practices: ['p2', 'p3'] })
    const unknown = of({ user: null, session: null, practices: [] })
    bench.exchanges.recheck({ user: 'u1', practice: 'p1' })
    expect([same, otherUser, otherPractice, unknown].map(({ cuts }) => cuts.length)).toEqual([1, 0, 0, 1])
    bench.exchanges.recheck({ practice: 'p3' })
    expect(otherPractice.cuts).toHaveLength(1)
    bench.exchanges.recheck({})
    expect(otherUser.cuts).toHaveLength(1)
  })

  it('public exchanges are never judged again', () => {
    const bench = createBench()
    const one = live(bench)
    bench.exchanges.reserve(one).admit(null)
    bench.exchanges.recheck({})
    bench.exchanges.cutAll('knowledge-stale', 'judged')
    expect(one.cuts).toEqual([])
    bench.exchanges.cutAll('draining', 'everything')
    expect(one.cuts).toHaveLength(1)
  })

  it('what has ended is neither judged nor cut, and leaves nothing behind', async () => {
    const bench = createBench()
    const one = live(bench)
    const reservation = bench.exchanges.reserve(one)
    reservation.admit(
      standingOf(() => decisionOf('session-revoked'), {
        decision: decisionOf('ok', { validUntil: bench.clock.now() + 500 }),
      }),
    )
    const emptied = bench.exchanges.emptied()
    reservation.release()
    reservation.release()
    await emptied
    bench.exchanges.recheck({})
    bench.pass(2_000)
    expect(one.cuts).toEqual([])
  })

  it('one live exchange that throws when cut does not save the next', () => {
    const bench = createBench()
    const bad = {
      kind: () => 'websocket' as const,
      cut: () => {
        throw new Error('broken')
      },
    }
    const good = live(bench)
    for (const one of [bad, good])
      bench.exchanges.reserve(one).admit(standingOf(() => decisionOf('session-revoked')))
    bench.exchanges.recheck({})
    expect(good.cuts).toHaveLength(1)
    expect(bench.exchanges.size()).toBe(0)
    expect(bench.faults).toHaveLength(1)
  })

  it('counts by kind', () => {
    const bench = createBench()
    for (const kind of ['request', 'websocket', 'websocket', 'events', 'poll'] as const)
      bench.exchanges.reserve(live(bench, kind)).admit(null)
    expect(bench.exchanges.counts()).toEqual({ request: 1, poll: 1, events: 1, websocket: 2 })
    bench.exchanges.cutAll('draining', 'streams')
    expect(bench.exchanges.counts()).toEqual({ request: 1, poll: 0, events: 0, websocket: 0 })
  })
})

describe('the end of a window (SPEC §6)', () => {
  const closing = (bench: Bench, kind: LiveKind | (() => LiveKind)) => {
    const end = bench.clock.now() + 1_000
    const one = live(bench, kind)
    const again = (at: number) => (at >= end ? decisionOf('outside-time-window') : permit())
    bench.exchanges.reserve(one).admit(standingOf(again, { decision: decisionOf('ok', { validUntil: end }) }))
    return { one, end }
  }

  it.each(['websocket', 'events', 'poll'] as const)('ends a %s within 250 ms', (kind) => {
    const bench = createBench()
    const { one, end } = closing(bench, kind)
    bench.pass(1_250)
    expect(one.cuts).toMatchObject([{ reason: 'outside-time-window' }])
    expect(one.cuts[0]!.at - end).toBeLessThanOrEqual(250)
  })

  it('gives a request in flight 30 s', () => {
    const bench = createBench()
    const { one, end } = closing(bench, 'request')
    bench.pass(30_900)
    expect(one.cuts).toEqual([])
    bench.pass(1_000)
    expect(one.cuts).toMatchObject([{ reason: 'outside-time-window', at: end + 30_000 }])
  })

  it('a request that turns out to be a long poll does not get them', () => {
    const bench = createBench()
    const start = bench.clock.now()
    const { one } = closing(bench, () => (bench.clock.now() - start >= 5_000 ? 'poll' : 'request'))
    bench.pass(6_500)
    expect(one.cuts).toHaveLength(1)
  })

  it('revocation ends what was let to drain at once', () => {
    const bench = createBench()
    let decision = permit()
    const one = live(bench)
    bench.exchanges.reserve(one).admit(standingOf(() => decision))
    decision = decisionOf('outside-time-window')
    bench.exchanges.recheck({})
    expect(one.cuts).toEqual([])
    decision = decisionOf('session-revoked')
    bench.exchanges.recheck({ user: 'u1' })
    expect(one.cuts).toMatchObject([{ reason: 'session-revoked' }])
  })

  it('an extension granted meanwhile ends the draining', () => {
    const bench = createBench()
    let decision = permit()
    const one = live(bench)
    bench.exchanges.reserve(one).admit(standingOf(() => decision))
    decision = decisionOf('outside-time-window')
    bench.exchanges.recheck({})
    decision = permit()
    bench.exchanges.recheck({})
    bench.pass(120_000)
    expect(one.cuts).toEqual([])
  })
})
