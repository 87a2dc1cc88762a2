/**
 * Goal: of all control planes one begins a round of the canary; what each gateway answers, or does not, becomes a figure.
 * Method: rounds and answers on a real database under a clock that steps; the figures as a scrape reads them.
 */
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  applyCanaries,
  beginCanaryRound,
  type CanaryResult,
  createCanaryFigures,
} from '../../admin/canary.ts'
import { compiledPoliciesOf } from '../../admin/compiled-policies.ts'
import { buildRecord } from '../../admin/signed-records.ts'
import { listPractices } from '../../admin/store/practices.ts'
import { listPending } from '../../admin/store/publications.ts'
import { askCanary, canaryStep } from '../../runtime/canary.ts'
import { keys } from '../../runtime/keys.ts'
import { canaryRecordSchema } from '../../runtime/records.ts'
import { createVerifier, openRecord } from '../../runtime/signing.ts'
import { createPracticeStore, north, type PracticeStore, south } from './practice-store.ts'

let plane: PracticeStore
beforeAll(async () => {
  plane = await createPracticeStore()
})
afterAll(() => plane?.close())

const begin = () => beginCanaryRound(plane.store, plane.clock.now())
const answer = (gateway: string, round: number, reason: string = canaryStep(round).expected) =>
  plane.store.transaction((tx) =>
    applyCanaries(tx, [{ kind: 'canary', gateway, round, reason }], plane.clock.now()),
  )
const alive = (gateway: string) =>
  plane.store.read((rows) =>
    rows
      .insertInto('gateway_ack')
      .values({ gateway, sequence: 1, at: plane.clock.now() })
      .onConflict((oc) => oc.column('gateway').doUpdateSet({ at: plane.clock.now() }))
      .execute(),
  )

test('a round begins every half minute, once however many control planes ask, and is sent like any change', async () => {
  expect(await begin()).toBeNull()
  plane.clock.advance(29_999)
  expect(await begin()).toBeNull()
  plane.clock.advance(1)
  const begun = await Promise.all([begin(), begin(), begin()])
  expect(begun.filter((one) => one !== null)).toEqual([[]])
  const pending = await plane.store.read((rows) => listPending(rows, 100))
  const asked = pending.filter(({ kind }) => kind === 'canary')
  expect(asked.map(({ part }) => part)).toEqual(['1'])
  const tools = { signer: plane.signer, compiled: compiledPoliciesOf(plane.store) }
  const { built } = await plane.store.read((rows) => buildRecord(rows, tools, asked[0]!, plane.clock.now()))
  const verifier = createVerifier(plane.signer.publicKey)!
  const opened = openRecord(verifier, keys.canary, built!.text, canaryRecordSchema)!
  expect(askCanary(opened.value, plane.clock.now())).toBe(canaryStep(1).expected)
})

test('answers are timed from the save on, each gateway once a round; wrong, late and missing ones are told apart', async () => {
  const results: CanaryResult[] = []
  for (const gateway of ['quick', 'slow', 'odd', 'gone']) await alive(gateway)
  plane.clock.advance(200)
  results.push(
    ...(await answer('quick', 1)),
    ...(await answer('quick', 1)),
    ...(await answer('odd', 1, 'ok')),
  )
  results.push(...(await answer('gone', 1)))
  plane.clock.advance(900)
  results.push(...(await answer('slow', 1)))
  expect(results).toEqual([
    { change: 'policy', outcome: 'in-time', ms: 200 },
    { change: 'policy', outcome: 'wrong', ms: null },
    { change: 'policy', outcome: 'in-time', ms: 200 },
    { change: 'policy', outcome: 'late', ms: 1_100 },
  ])
  plane.clock.advance(30_000)
  for (const gateway of ['quick', 'slow', 'odd', 'new']) await alive(gateway)
  expect(await begin()).toEqual([])
  await answer('quick', 2)
  // Of the round before: it has ended. One that is not live, or never took part, is not missed.
  expect(await answer('slow', 1)).toEqual([])
  plane.clock.advance(30_000)
  for (const gateway of ['quick', 'slow', 'odd', 'new']) await alive(gateway)
  const missed = await begin()
  expect(missed).toEqual(Array.from({ length: 2 }, () => ({ change: 'policy', outcome: 'missed', ms: null })))
  results.push(...(missed ?? []))

  const registry = new Registry()
  createCanaryFigures(registry)(results)
  const text = await registry.metrics()
  expect(text).toContain('gatehouse_admin_canary_target_seconds 1\n')
  expect(text).toContain('gatehouse_admin_canary_total{change="policy",outcome="missed"} 2\n')
  expect(text).toContain('gatehouse_admin_canary_total{change="revocation",outcome="late"} 0\n')
  expect(text).toContain('gatehouse_admin_canary_seconds_bucket{le="0.25",change="policy"} 2\n')
  expect(text).toContain('gatehouse_admin_canary_seconds_count{change="policy"} 3\n')
})

test('a clock that went back begins a round at once, and the canary is no practice of anybody', async () => {
  plane.clock.advance(-3_600_000)
  expect(await begin()).not.toBeNull()
  expect(await begin()).toBeNull()
  expect((await plane.store.read(listPractices)).map(({ id }) => id)).toEqual([north, south])
})
