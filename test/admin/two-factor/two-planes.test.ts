/**
 * Goal: two control planes on one database share one budget of guesses and accept a code once, whatever their clocks say.
 * Method: each plane with connections and a clock of its own; codes from oathtool; a plane that is started again in between.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createTryLimits } from '../../../admin/sign-in/try-limits.ts'
import { openStore, type Store } from '../../../admin/store/database.ts'
import type { SessionRow } from '../../../admin/store/sessions.ts'
import { type CodeOutcome, type FactorParts, verifyCode } from '../../../admin/two-factor/verification.ts'
import type { PortalVisit } from '../../../admin/two-factor/visits.ts'
import { type Address, parseAddress } from '../../../policies/address.ts'
import { findOathtool } from '../../support/oathtool.ts'
import { createFactorStage, type FactorStage, home, wrongCode } from './factor-stage.ts'

const step = 30_000

/** A plane: how it verifies, on a clock that is `skewMs` off. */
type Plane = {
  readonly store: Store
  readonly verify: (visit: PortalVisit, code: string) => Promise<CodeOutcome>
}

let stage: FactorStage
let oathtool: Awaited<ReturnType<typeof findOathtool>>
let planes: Plane[] = []
beforeAll(async () => {
  ;[stage, oathtool] = await Promise.all([createFactorStage(), findOathtool()])
}, 60_000)
afterAll(async () => {
  await stopPlanes()
  await stage?.close()
})

const startPlane = (skewMs = 0): Plane => {
  const store = openStore({ url: stage.plane.url, poolMax: 8 })
  const parts: FactorParts = { ...stage.parts, store }
  return { store, verify: (visit, code) => verifyCode(parts, visit, code, stage.now() + skewMs, home) }
}
const stopPlanes = async (): Promise<void> => {
  for (const { store } of planes.splice(0)) await store.close()
}
/** Stops both planes and starts them anew, with clocks so far off. */
const startPlanes = async (...skews: readonly number[]): Promise<void> => {
  await stopPlanes()
  planes = skews.map(startPlane)
}
beforeEach(() => startPlanes(0, 0))

const plane = (nth: number): Plane => planes[nth % planes.length]!
let people = 0
const enrolled = async (): Promise<{ readonly who: SessionRow; readonly key: string }> => {
  people += 1
  const who = await stage.signIn(`person-${people}`)
  const { key } = await stage.enrol(await stage.visit(who))
  return { who, key }
}
const visits = (who: SessionRow, count: number): Promise<PortalVisit[]> =>
  Promise.all(Array.from({ length: count }, () => stage.visit(who)))
const tally = (outcomes: readonly CodeOutcome[]) => {
  const counts: Record<string, number> = {}
  for (const { outcome } of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1
  return counts
}

describe('one code', () => {
  test('submitted a hundred times at once to two planes counts once', async () => {
    const { who, key } = await enrolled()
    const places = await visits(who, 20)
    const code = oathtool(key, stage.now())
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, nth) => plane(nth).verify(places[nth % places.length]!, code)),
    )
    const { verified, used = 0, wait = 0, over = 0 } = tally(outcomes)
    expect([verified, used + wait + over]).toEqual([1, 99])
    // The comparison kept some of them out, not only the number of tries.
    expect(used).toBeGreaterThan(0)
  })

  test('is used up for good: on the other plane, and after both are started again', async () => {
    const { who, key } = await enrolled()
    const [first, second, third, later] = await visits(who, 4)
    const code = oathtool(key, stage.now())
    const before = oathtool(key, stage.now() - step)
    expect(await plane(0).verify(first!, code)).toMatchObject({ outcome: 'verified' })
    expect(await plane(1).verify(second!, code)).toMatchObject({ outcome: 'used' })
    await startPlanes(0, 0)
    expect(await plane(0).verify(third!, code)).toMatchObject({ outcome: 'used' })
    // Older than what was accepted, though of a step that would still count.
    expect(await plane(1).verify(third!, before)).toMatchObject({ outcome: 'used' })
    expect(await plane(1).verify(later!, oathtool(key, stage.now() + step))).toMatchObject({
      outcome: 'verified',
    })
  })

  test('counts on planes whose clocks are half a minute off either way, and on none of them again', async () => {
    await startPlanes(-step, step)
    const { who, key } = await enrolled()
    const [first, second, third] = await visits(who, 3)
    const code = oathtool(key, stage.now())
    expect(await plane(0).verify(first!, code)).toMatchObject({ outcome: 'verified' })
    expect(await plane(1).verify(second!, code)).toMatchObject({ outcome: 'used' })
    // Two steps ahead of the slow plane: refused there, though it is of the present for the other.
    const ahead = oathtool(key, stage.now() + step)
    expect(await plane(0).verify(third!, ahead)).toMatchObject({ outcome: 'expired' })
    expect(await plane(1).verify(third!, ahead)).toMatchObject({ outcome: 'verified' })
  })

  test('of a device that is half a minute behind counts each time, of one that drifts past a minute never', async () => {
    const { who, key } = await enrolled()
    for (let minute = 0; minute < 3; minute += 1) {
      stage.plane.clock.advance(60_000)
      const code = oathtool(key, stage.now() - step)
      expect(await plane(minute).verify((await visits(who, 1))[0]!, code)).toMatchObject({
        outcome: 'verified',
      })
    }
    stage.plane.clock.advance(60_000)
    const [visit] = await visits(who, 1)
    for (const drift of [-2 * step, 2 * step])
      expect(await plane(0).verify(visit!, oathtool(key, stage.now() + drift))).toMatchObject({
        outcome: 'expired',
      })
  })
})

describe('guesses', () => {
  test('of one person are ten together, however they are spread over planes, and a restart gives none back', async () => {
    const { who, key } = await enrolled()
    const places = await visits(who, 30)
    const wrong = wrongCode(key, stage.now())
    const outcomes = await Promise.all(places.map((visit, nth) => plane(nth).verify(visit, wrong)))
    const { wrong: compared, wait } = tally(outcomes)
    expect(compared).toBeLessThanOrEqual(10)
    expect((compared ?? 0) + (wait ?? 0)).toBe(30)
    await startPlanes(0, 0)
    const [visit] = await visits(who, 1)
    const right = oathtool(key, stage.now())
    for (const nth of [0, 1])
      expect(await plane(nth).verify(visit!, right)).toMatchObject({ outcome: 'wait' })
    // A clock that is ahead of the other by less than a pause gives none back either.
    await startPlanes(step, step)
    expect(await plane(0).verify(visit!, right)).toMatchObject({ outcome: 'wait' })
  })

  test('cost nobody else a try, and whoever has no visit of theirs takes none', async () => {
    const [ada, eve] = [await enrolled(), await enrolled()]
    const [own] = await visits(ada.who, 1)
    const theirs = await visits(eve.who, 20)
    const wrong = wrongCode(ada.key, stage.now())
    // The stranger's own visits, with the other's name written into them.
    await Promise.all(theirs.map((visit, nth) => plane(nth).verify({ ...visit, user: own!.user }, wrong)))
    await Promise.all(theirs.map((visit, nth) => plane(nth).verify(visit, wrong)))
    expect(await plane(1).verify(own!, oathtool(ada.key, stage.now()))).toMatchObject({ outcome: 'verified' })
  })

  test('of an own account’s password and codes are shared too, and where its admin is known nobody shuts them out', async () => {
    const limits = planes.map(({ store }) => createTryLimits(store, stage.now))
    const at = (text: string): Address => parseAddress(text)!
    const [account, office] = ['adm_first', at('192.0.2.10')]
    const begin = (nth: number, address: Address) =>
      limits[nth % limits.length]!.begin({ login: 'first', account, address })
    const office1 = await begin(0, office)
    if (!office1.allowed) throw new Error('refused')
    const pair = await Promise.all(Array.from({ length: 12 }, (_, nth) => begin(nth, at('198.51.100.9'))))
    expect(pair.filter(({ allowed }) => allowed)).toHaveLength(5)
    const strangers = await Promise.all(
      Array.from({ length: 80 }, (_, nth) => begin(nth, at(`203.0.${nth}.1`))),
    )
    expect(strangers.filter(({ allowed }) => allowed).length).toBeLessThanOrEqual(50)
    expect((await begin(1, at('203.0.99.1'))).allowed).toBe(false)
    const codes = await Promise.all(
      Array.from({ length: 30 }, (_, nth) => limits[nth % limits.length]!.beginCode(account)),
    )
    expect(codes.filter(({ allowed }) => allowed)).toHaveLength(10)
  })
})
