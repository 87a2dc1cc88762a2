/**
 * Goal: the six laws of a decision (DESIGN §1) hold for every document, request and instant.
 * Method: fast-check properties over small worlds in which windows, grants, expiries and timeouts collide.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AccessRequest } from '../../policies/access-request.ts'
import { addressSet } from '../../policies/address-set.ts'
import { compile } from '../../policies/compile.ts'
import { decide, decideAny, decideEvery, gatesFor, viewOf } from '../../policies/decide.ts'
import { type Decision, reasons } from '../../policies/decision.ts'
import { decisionTimeline, explain, failingReasons } from '../../policies/explain.ts'
import { type Instant, never } from '../../policies/instant.ts'
import type { PolicySnapshot } from '../../policies/snapshot.ts'
import { newDocument } from '../../policies/standard-roles.ts'
import { addressOf, base, documents, instants, requests, snapshotOf } from '../support/policy-cases.ts'

type Case = { readonly snapshot: PolicySnapshot; readonly request: AccessRequest; readonly at: Instant }

/** Each document is compiled once and asked many times. */
const asking = (check: (of: Case) => void, worlds = 60): void =>
  fc.assert(
    fc.property(
      documents,
      fc.array(fc.tuple(requests, instants), { minLength: 40, maxLength: 40 }),
      (document, asked) => {
        const snapshot = snapshotOf(document)
        for (const [request, at] of asked) check({ snapshot, request, at })
      },
    ),
    { numRuns: worlds, seed: 20261122 },
  )

/** Instants of [at, until) that are most likely to disagree. */
const within = (at: Instant, until: Instant): readonly Instant[] => {
  const end = until === never ? at + 500 * 86_400_000 : until
  return [at, at + 1, Math.floor((at + end) / 2), end - 1].filter(
    (instant) => instant >= at && instant < until,
  )
}

const withoutExpiry = ({ validUntil: _, ...rest }: Decision): Omit<Decision, 'validUntil'> => rest

describe('L1, one gate, one question', () => {
  it('answers the same until its expiry, and something else at it', () => {
    const changed = new Set<string>()
    asking(({ snapshot, request, at }) => {
      for (const gate of gatesFor(viewOf(snapshot, request, at))) {
        const answer = gate.ask(viewOf(snapshot, request, at))
        for (const instant of within(at, answer.until)) {
          expect(gate.ask(viewOf(snapshot, request, instant)), gate.name).toEqual(answer)
        }
        if (answer.until === never) continue
        expect(gate.ask(viewOf(snapshot, request, answer.until)).reason, gate.name).not.toBe(answer.reason)
        changed.add(gate.name)
      }
    })
    const timed = ['idle', 'absolute', 'address', 'hours', 'timetable', 'enrolled', 'verified', 'factor-age']
    expect([...changed].sort()).toEqual([...timed, 'token-expiry'].sort())
  })

  it('opens by itself exactly when it says so', () => {
    asking(({ snapshot, request, at }) => {
      for (const gate of gatesFor(viewOf(snapshot, request, at))) {
        const { reason, opensAt, until } = gate.ask(viewOf(snapshot, request, at))
        if (reason === 'ok') expect(opensAt).toBeNull()
        else expect(opensAt ?? never).toBe(until)
        if (opensAt !== null) expect(gate.ask(viewOf(snapshot, request, opensAt)).reason).toBe('ok')
      }
    })
  })
})

describe('L2, progress', () => {
  it('expires after it was asked', () => {
    asking(({ snapshot, request, at }) => {
      for (const gate of gatesFor(viewOf(snapshot, request, at))) {
        expect(gate.ask(viewOf(snapshot, request, at)).until).toBeGreaterThan(at)
      }
      expect(decide(snapshot, request, at).validUntil).toBeGreaterThan(at)
    })
  })

  it('walks through time to an end', () => {
    asking(({ snapshot, request, at }) => {
      const steps = decisionTimeline(snapshot, request, at, 10_000)
      expect(steps.length).toBeLessThan(10_000)
      expect(steps.at(-1)?.decision.validUntil).toBe(never)
    }, 15)
  })
})

describe('L3, soundness', () => {
  it('is constant until validUntil, with what monitored controls would have refused', () => {
    const seen = new Set<string>()
    asking(({ snapshot, request, at }) => {
      const decision = decide(snapshot, request, at)
      seen.add(decision.reason)
      for (const instant of within(at, decision.validUntil)) {
        const later = decide(snapshot, request, instant)
        expect(withoutExpiry(later)).toEqual(withoutExpiry(decision))
        expect(later.validUntil).toBe(decision.validUntil)
      }
    })
    // The worlds must reach every reason, else the property says little.
    expect(Object.keys(reasons).filter((reason) => !seen.has(reason))).toEqual([
      // The gateway’s own word: no policy is asked of a practice that is no longer here.
      'practice-retired',
      'timetable-exhausted',
    ])
  })

  it('holds for every and any of several practices', () => {
    asking(({ snapshot, request, at }) => {
      const asked = [request, { ...request, practice: 'elm' }, { ...request, route: 'app GET /choose' }].map(
        (one) => ({
          snapshot,
          request: one,
        }),
      )
      for (const combine of [decideEvery, decideAny]) {
        const decision = combine(asked, at)
        for (const instant of within(at, decision.validUntil)) {
          expect(withoutExpiry(combine(asked, instant))).toEqual(withoutExpiry(decision))
        }
      }
      const each = asked.map((one) => decide(one.snapshot, one.request, at))
      const permits = each.filter(({ verdict }) => verdict === 'permit')
      const every = decideEvery(asked, at)
      const any = decideAny(asked, at)
      expect(every.verdict === 'permit').toBe(permits.length === asked.length)
      expect(any.verdict === 'permit').toBe(permits.length > 0)
      // Every one holds until the first changes; any one as long as the longest permit, or until the first changes.
      const untils = (of: readonly Decision[]): readonly Instant[] => of.map(({ validUntil }) => validUntil)
      expect(every.validUntil).toBe(Math.min(...untils(each)))
      expect(any.validUntil).toBe(
        permits.length > 0 ? Math.max(...untils(permits)) : Math.min(...untils(each)),
      )
    })
  })

  it('makes cached and uncached decisions agree', () => {
    fc.assert(
      fc.property(
        documents,
        requests,
        fc.array(instants, { minLength: 60, maxLength: 60 }),
        (document, request, times) => {
          const snapshot = snapshotOf(document)
          let cached: Decision | null = null
          for (const at of times.sort((a, b) => a - b)) {
            if (cached === null || at >= cached.validUntil) cached = decide(snapshot, request, at)
            expect(cached).toEqual(decide(snapshot, request, at))
          }
        },
      ),
      { numRuns: 60, seed: 3 },
    )
  })
})

describe('L4, total and synchronous', () => {
  it('answers whatever it is handed', () => {
    const numbers = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, -1, 0, never, Number.POSITIVE_INFINITY))
    asking(({ snapshot, request }) => {
      for (const at of fc.sample(numbers, { numRuns: 5, seed: 1 })) {
        for (const route of ['', '__proto__', 'app unmapped']) {
          const decision = decide(snapshot, { ...request, route, method: 'é' }, at)
          expect(decision.verdict).not.toBe('permit')
          expect(decision).not.toBeInstanceOf(Promise)
        }
      }
    }, 10)
  })

  it('lets nothing pass on times that are no numbers', () => {
    const document = newDocument({ id: 'oak', name: 'Oak', zone: 'UTC' }, 'standard')
    const snapshot = snapshotOf(document)
    asking(({ request }) => {
      if (typeof request.subject === 'string' || request.subject.kind === 'token') return
      const subject = { ...request.subject, lastSeenAt: Number.NaN, startedAt: Number.NaN }
      expect(decide(snapshot, { ...request, subject, route: 'app GET /schedule' }, base).verdict).not.toBe(
        'permit',
      )
    }, 10)
  })
})

describe('L5, agreement', () => {
  it('explains with the gates that decided', () => {
    asking(({ snapshot, request, at }) => {
      const { decision, gates, failing, remedies } = explain(snapshot, request, at)
      expect(decision).toEqual(decide(snapshot, request, at))
      const refusal = gates.find(({ mode, reason }) => mode === 'enforce' && reason !== 'ok')
      expect(refusal?.reason ?? 'ok').toBe(decision.reason)
      expect(failing[0] ?? 'ok').toBe(decision.reason)
      expect(failingReasons(snapshot, request, at)).toEqual(failing)
      expect(remedies).toHaveLength(failing.length)
      for (const { sentence } of [...gates, ...remedies]) expect(sentence).toMatch(/^\S.*\.$/)
    })
  })
})

describe('L6, silence is no', () => {
  it('permits nothing to an empty list', () => {
    expect(decideEvery([], base).verdict).toBe('deny')
    expect(decideAny([], base).verdict).toBe('deny')
    expect(addressSet([]).until(addressOf('203.0.113.9'))).toBe(0)
  })

  it('makes every empty list that would have to mean something a Problem', () => {
    const fresh = () => newDocument({ id: 'oak', name: 'Oak', zone: 'UTC' }, 'standard')
    const nobody = { include: { roles: [], users: [] }, exempt: { roles: [], users: [] } }
    const ip = fresh()
    ip.controls.ip.mode = 'monitor'
    const time = fresh()
    time.controls.time.mode = 'enforce'
    const scope = fresh()
    scope.controls.twoFactor = { ...scope.controls.twoFactor, mode: 'enforce', scope: nobody }
    for (const document of [ip, time, scope]) expect(compile(document, base).ok).toBe(false)
    for (const key of ['ip', 'time', 'twoFactor'] as const) {
      const silent = fresh() as unknown as { controls: Record<string, Record<string, unknown>> }
      delete silent.controls[key]!['scope']
      expect(compile(silent, base).ok).toBe(false)
    }
  })
})
