/**
 * Goal: both hot stores keep the same contract, so that what is tested on one holds on the other.
 * Method: one suite of cases over `HotStore`, called by each implementation's own test file.
 */
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isFault } from '../../runtime/fault.ts'
import type { HotStore } from '../../runtime/hot-store.ts'
import { comparePositions } from '../../runtime/stream-position.ts'

/** A store to test, and how to let its time go by. */
export type StoreUnderTest = {
  readonly store: HotStore
  /** Resolves once `ms` have passed on the store's clock. */
  readonly elapse: (ms: number) => Promise<void>
}

/** Runs the suite on what `open` gives; called anew for each test, closed after it. */
export function describeHotStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`hot store: ${name}`, () => {
    let store: HotStore
    let elapse: StoreUnderTest['elapse']
    // Tests share a server: every test has keys of its own.
    let key = ''
    beforeEach(async () => {
      ;({ store, elapse } = await open())
      key = `gh:test:{${randomUUID()}}`
    })
    afterEach(() => store.close())
    const context: Context = { store: () => store, key: () => key, elapse: (ms) => elapse(ms) }
    describeValues(context)
    describeStreams(context)
    describeWaiting(context)
    describeEnd(context)
  })
}

type Context = {
  readonly store: () => HotStore
  readonly key: () => string
  readonly elapse: StoreUnderTest['elapse']
}

function describeValues({ store, key, elapse }: Context): void {
  test('reads what was written, and null for what was not', async () => {
    const text = 'Zahnarzt “Süd”\n\0🦷'
    await store().write(key(), text, null)
    expect(await store().read(key())).toBe(text)
    expect(await store().read(`${key()}x`)).toBeNull()
    expect(await store().readMany([`${key()}x`, key(), key()])).toEqual([null, text, text])
    expect(await store().readMany([])).toEqual([])
  })

  test('a later write replaces value and expiry', async () => {
    await store().write(key(), 'a', 50)
    await store().write(key(), 'b', null)
    await elapse(80)
    expect(await store().read(key())).toBe('b')
  })

  test('an expired value is gone for every way of asking', async () => {
    await store().write(key(), 'a', 30)
    await store().write(`${key()}take`, 'a', 30)
    await store().write(`${key()}absent`, 'a', 30)
    expect(await store().read(key())).toBe('a')
    await elapse(60)
    expect(await store().read(key())).toBeNull()
    expect(await store().readMany([key()])).toEqual([null])
    expect(await store().take(`${key()}take`)).toBeNull()
    expect(await store().writeIfAbsent(`${key()}absent`, 'b', null)).toBe(true)
  })

  test('writes if absent: the first wins and says so', async () => {
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((text) => store().writeIfAbsent(key(), text, 60_000)),
    )
    expect(answers).toEqual([true, false, false])
    expect(await store().read(key())).toBe('a')
  })

  test('of a hundred takers exactly one gets the value', async () => {
    await store().write(key(), 'ticket', 60_000)
    const taken = await Promise.all(Array.from({ length: 100 }, () => store().take(key())))
    expect(taken.filter((text) => text === 'ticket')).toHaveLength(1)
    expect(taken.filter((text) => text === null)).toHaveLength(99)
  })

  test('removes, also what is not there', async () => {
    await store().write(key(), 'a', null)
    await store().remove(key())
    await store().remove(key())
    expect(await store().read(key())).toBeNull()
  })

  test('counts in parallel without losing one, and expires from birth', async () => {
    const counts = await Promise.all(Array.from({ length: 50 }, () => store().increment(key(), 1, 200)))
    expect([...counts].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, at) => at + 1))
    expect(await store().increment(key(), -20, 60_000)).toBe(30)
    await elapse(250)
    expect(await store().increment(key(), 5, 200)).toBe(5)
  })

  test('refuses to count what is no number', async () => {
    await store().write(key(), 'words', null)
    await expect(store().increment(key(), 1, 1_000)).rejects.toSatisfy(isFault)
  })
}

function describeStreams({ store, key }: Context): void {
  test('an empty stream starts at 0-0 and has nothing', async () => {
    expect(await store().lastPosition(key())).toBe('0-0')
    expect(await store().readAfter(key(), '0-0', 10, 0)).toEqual([])
  })

  test('answers entries after a position, in order, as many as asked', async () => {
    const positions = []
    for (const text of ['a', 'b\nc', 'd']) positions.push(await store().append(key(), text, 1_000))
    const all = await store().readAfter(key(), '0-0', 10, 0)
    expect(all.map((entry) => entry.text)).toEqual(['a', 'b\nc', 'd'])
    expect(all.map((entry) => entry.position)).toEqual(positions)
    expect((await store().readAfter(key(), '0-0', 2, 0)).map((entry) => entry.text)).toEqual(['a', 'b\nc'])
    expect((await store().readAfter(key(), positions[1]!, 10, 0)).map((entry) => entry.text)).toEqual(['d'])
    expect(await store().readAfter(key(), positions[2]!, 10, 0)).toEqual([])
    expect(await store().lastPosition(key())).toBe(positions[2])
  })

  test('positions grow, also for appends in parallel', async () => {
    await Promise.all(Array.from({ length: 200 }, (_, at) => store().append(key(), String(at), 1_000)))
    const entries = await store().readAfter(key(), '0-0', 500, 0)
    expect(entries).toHaveLength(200)
    const sorted = [...entries].sort((a, b) => comparePositions(a.position, b.position))
    expect(entries).toEqual(sorted)
    expect(new Set(entries.map((entry) => entry.position)).size).toBe(200)
  })

  test('keeps about as many as asked, the newest', async () => {
    await Promise.all(Array.from({ length: 1_000 }, (_, at) => store().append(key(), String(at), 200)))
    const kept = await store().readAfter(key(), '0-0', 2_000, 0)
    expect(kept.length).toBeGreaterThanOrEqual(200)
    expect(kept.length).toBeLessThanOrEqual(320)
    expect(kept.at(-1)!.text).toBe('999')
  })

  test('refuses a position that is none', async () => {
    for (const position of ['', '$', '+', 'abc', '1'])
      await expect(store().readAfter(key(), position, 10, 0)).rejects.toSatisfy(isFault)
  })
}

function describeWaiting({ store, key }: Context): void {
  test('a waiting reader gets the entry that comes', async () => {
    const waiting = store().readAfter(key(), '0-0', 10, 10_000)
    await store().append(key(), 'news', 1_000)
    expect((await waiting).map((entry) => entry.text)).toEqual(['news'])
  })

  test('two waiting readers on two streams do not delay each other or other calls', async () => {
    const first = store().readAfter(`${key()}a`, '0-0', 10, 10_000)
    const second = store().readAfter(`${key()}b`, '0-0', 10, 10_000)
    await store().write(key(), 'x', null)
    await store().append(`${key()}b`, 'for the second', 10)
    expect((await second)[0]!.text).toBe('for the second')
    await store().append(`${key()}a`, 'for the first', 10)
    expect((await first)[0]!.text).toBe('for the first')
  })

  test('a wait ends empty when nothing comes', async () => {
    expect(await store().readAfter(key(), '0-0', 10, 20)).toEqual([])
    await store().append(key(), 'later', 10)
    expect(await store().readAfter(key(), '0-0', 10, 20)).toHaveLength(1)
  })
}

function describeEnd({ store, key }: Context): void {
  test('tells its time', async () => {
    const first = await store().time()
    expect(Number.isInteger(first)).toBe(true)
    expect(await store().time()).toBeGreaterThanOrEqual(first)
  })

  test('has nothing to complain about when set up well', async () => {
    expect((await store().complaints()).filter(({ isGrave }) => isGrave)).toEqual([])
  })

  test('after closing, every call rejects as closed, waiting ones too; closing again is fine', async () => {
    const waiting = store().readAfter(key(), '0-0', 10, 10_000)
    await store().write(`${key()}value`, 'a', null)
    await Promise.all([
      expect(waiting).rejects.toMatchObject({ fault: true, kind: 'closed' }),
      store().close(),
    ])
    await store().close()
    await expect(store().read(key())).rejects.toMatchObject({ fault: true, kind: 'closed' })
    await expect(store().append(key(), 'a', 1)).rejects.toMatchObject({ fault: true, kind: 'closed' })
    await expect(store().readAfter(key(), '0-0', 1, 10)).rejects.toMatchObject({ kind: 'closed' })
  })
}
