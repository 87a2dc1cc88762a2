/**
 * Goal: no change is ever missed in silence: it is applied, or a gap is told, before anything is renewed.
 * Method: the feed on an in-process store whose failures the test causes, step by step and at random; then real Redis.
 */
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { type ChangeFeed, createChangeFeed, type RecordChange } from '../../runtime/change-feed.ts'
import { fault } from '../../runtime/fault.ts'
import type { HotStore } from '../../runtime/hot-store.ts'
import { createMemoryHotStore } from '../../runtime/hot-store-memory.ts'
import { createRedisHotStore } from '../../runtime/hot-store-redis.ts'
import { keys } from '../../runtime/keys.ts'
import { startRedis } from '../support/redis.ts'

const feeds: ChangeFeed[] = []
afterEach(() => {
  for (const feed of feeds.splice(0)) feed.close()
})

const away = () => fault('hot-store', 'unreachable', 'the test says so')

/** A store that the test may break, empty, or hold the reads of. */
function createBreakable() {
  let at = 1_700_000_000_000
  let inner = createMemoryHotStore({ now: () => at })
  let broken = false
  let gate: Promise<void> = Promise.resolve()
  const guard = async <T>(answer: () => Promise<T>): Promise<T> => {
    if (broken) throw away()
    const result = await answer()
    if (broken) throw away()
    return result
  }
  const store: HotStore = {
    ...inner,
    append: (stream, text, lengthMax) => guard(() => inner.append(stream, text, lengthMax)),
    readAfter: (stream, position, countMax, waitMs) =>
      guard(async () => {
        await gate
        return inner.readAfter(stream, position, countMax, waitMs)
      }),
  }
  return {
    store,
    setBroken: (value: boolean) => {
      broken = value
    },
    /** Holds reads until the answer is called. */
    holdReads: (): (() => void) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return resolve
    },
    /** Replaces everything by an empty store whose clock is `shiftMs` away. */
    reset: (shiftMs: number) => {
      at += shiftMs
      inner = createMemoryHotStore({ now: () => at })
    },
    last: () => inner.lastPosition(keys.changes),
    append: (text: string, lengthMax = 100_000) => inner.append(keys.changes, text, lengthMax),
  }
}

const change = (sequence: number): RecordChange => ({
  kind: 'record',
  sequence,
  key: `gh:policy:{p${sequence}}`,
  version: sequence,
})
const textOf = (sequence: number): string => JSON.stringify(change(sequence))

type Told = { what: 'change' | 'gap' | 'renewed' | 'fault'; value: number }

/** A feed that writes down what it tells, in order; `until` resolves once something was told often enough. */
function watch(
  store: HotStore,
  acts: {
    onChange?: (change: RecordChange) => void | Promise<void>
    onGap?: () => void | Promise<void>
  } = {},
) {
  const told: Told[] = []
  const watchers = new Set<() => void>()
  let ticks = 0
  const monotonic = (): number => ++ticks
  const tell = (what: Told['what'], value: number): void => {
    told.push({ what, value })
    for (const watcher of watchers) watcher()
  }
  const feed = createChangeFeed({
    store,
    gateway: 'gw',
    beatMs: 3,
    monotonic,
    onChange: (it) => {
      tell('change', it.sequence)
      return acts.onChange?.(it)
    },
    onGap: () => {
      tell('gap', monotonic())
      return acts.onGap?.()
    },
    onRenewed: (sentAt) => tell('renewed', sentAt),
    onFault: () => tell('fault', 0),
  })
  feeds.push(feed)
  const count = (what: Told['what']): number => told.filter((it) => it.what === what).length
  return {
    feed,
    told,
    monotonic,
    count,
    /** Resolves when `what` was told `more` times more than now. */
    until: (what: Told['what'], more = 1): Promise<void> => {
      const wanted = count(what) + more
      return new Promise((resolve) => {
        const look = (): void => {
          if (count(what) < wanted) return
          watchers.delete(look)
          resolve()
        }
        watchers.add(look)
        look()
      })
    },
    changes: (): number[] => told.filter((it) => it.what === 'change').map(({ value }) => value),
  }
}

test('first loads everything, then renews beat by beat', async () => {
  const { until, told } = watch(createBreakable().store)
  await until('renewed', 3)
  expect(told[0]!.what).toBe('gap')
  expect(told.filter(({ what }) => what === 'gap')).toHaveLength(1)
  const renewals = told.filter(({ what }) => what === 'renewed').map(({ value }) => value)
  expect(renewals).toEqual([...renewals].sort((a, b) => a - b))
})

test('changes come once, in order, and none from before the start', async () => {
  const breakable = createBreakable()
  await breakable.append(textOf(1))
  const { until, changes } = watch(breakable.store)
  await until('renewed')
  for (let sequence = 2; sequence <= 1_201; sequence++) await breakable.append(textOf(sequence))
  await until('change', 1_200 - changes().length)
  await until('renewed', 2)
  expect(changes()).toEqual(Array.from({ length: 1_200 }, (_, at) => at + 2))
})

test('what renews is the moment of sending, not of meeting the mark', async () => {
  const breakable = createBreakable()
  const { until, told, monotonic } = watch(breakable.store)
  await until('renewed')
  const release = breakable.holdReads()
  // Until a beat was sent that nobody reads yet; each takes one tick, and so does asking.
  const start = await breakable.last()
  while ((await breakable.last()) === start) await new Promise(setImmediate)
  const sentBefore = monotonic()
  for (let at = 0; at < 500; at++) monotonic()
  const before = told.length
  release()
  await until('renewed')
  const [renewed] = told.slice(before).filter(({ what }) => what === 'renewed')
  expect(renewed!.value).toBeLessThan(sentBefore)
})

test('nothing is renewed while a change is being applied', async () => {
  const breakable = createBreakable()
  const applied = Promise.withResolvers<void>()
  const { until, count, told } = watch(breakable.store, { onChange: () => applied.promise })
  await until('renewed')
  const before = breakable.append(textOf(1))
  await until('change')
  const renewedBefore = count('renewed')
  await before
  // Several beats' worth of other entries pass; the marks among them must not count yet.
  for (let at = 0; at < 5; at++) await new Promise((resolve) => setTimeout(resolve, 4))
  expect(count('renewed')).toBe(renewedBefore)
  applied.resolve()
  await until('renewed')
  expect(told.filter(({ what }) => what === 'gap')).toHaveLength(1)
})

test('a change that cannot be applied opens a gap, and only its load lets renewals go on', async () => {
  const breakable = createBreakable()
  const { until, told } = watch(breakable.store, {
    onChange: () => Promise.reject(new Error('cannot')),
  })
  await until('renewed')
  await breakable.append(textOf(1))
  await until('gap')
  await until('renewed')
  const after = told.slice(told.findIndex(({ what }) => what === 'change') + 1).map(({ what }) => what)
  expect(after[0]).toBe('fault')
  expect(after.indexOf('gap')).toBeLessThan(after.indexOf('renewed'))
})

test('a load that fails is tried again, and nothing is renewed before one succeeds', async () => {
  let failures = 3
  const { until, told } = watch(createBreakable().store, {
    onGap: async () => {
      if (failures-- > 0) throw away()
    },
  })
  await until('renewed')
  const before = told.slice(
    0,
    told.findIndex(({ what }) => what === 'renewed'),
  )
  expect(before.filter(({ what }) => what === 'gap')).toHaveLength(4)
})

test('a stream trimmed past the position is a gap', async () => {
  const breakable = createBreakable()
  const { until, count } = watch(breakable.store)
  await until('renewed')
  const release = breakable.holdReads()
  for (let sequence = 1; sequence <= 50; sequence++) await breakable.append(textOf(sequence), 5)
  const gaps = count('gap')
  release()
  await until('gap', 1 - (count('gap') - gaps))
  await until('renewed')
})

describe('a store that was emptied', () => {
  for (const [name, shiftMs] of [
    ['whose clock goes on', 1_000],
    ['whose clock is behind', -3_600_000],
  ] as const)
    test(`is a gap: one ${name}`, async () => {
      const breakable = createBreakable()
      const { until } = watch(breakable.store)
      await until('renewed', 2)
      const gap = until('gap')
      breakable.reset(shiftMs)
      await gap
      await until('renewed', 2)
      const news = until('change')
      await breakable.append(textOf(7))
      await news
    })
})

test('a store that is away is told, renews nothing, and is read on from where it was', async () => {
  const breakable = createBreakable()
  const { until, count, changes } = watch(breakable.store)
  await until('renewed')
  breakable.setBroken(true)
  await until('fault', 4)
  const renewed = count('renewed')
  await breakable.append(textOf(1))
  await until('fault', 4)
  expect(count('renewed')).toBe(renewed)
  breakable.setBroken(false)
  await until('renewed', 2)
  expect(changes()).toEqual([1])
  expect(count('gap')).toBe(1)
})

test('an entry of an unknown kind, or junk, is a gap; however much of it, at most one a beat', async () => {
  const breakable = createBreakable()
  const { until, count } = watch(breakable.store)
  await until('renewed')
  for (const text of ['', '{', '{"kind":"new"}', JSON.stringify({ ...change(1), extra: 1 })]) {
    const gap = until('gap')
    await breakable.append(text)
    await gap
    await until('renewed')
  }
  const gaps = count('gap')
  await Promise.all(Array.from({ length: 5_000 }, () => breakable.append('junk')))
  await until('renewed')
  expect(count('gap') - gaps).toBeLessThan(100)
})

test('a mark of somebody else, or an old one, renews nothing', async () => {
  const breakable = createBreakable()
  const { until, count } = watch(breakable.store)
  await until('renewed')
  const entries = await breakable.store.readAfter(keys.changes, '0-0', 1_000, 0)
  breakable.setBroken(true)
  await until('fault', 2)
  const renewed = count('renewed')
  for (const { text } of entries) await breakable.append(text)
  await breakable.append(JSON.stringify({ kind: 'beat', gateway: 'gw', mark: 'guess' }))
  breakable.setBroken(false)
  await until('renewed')
  expect(entries.length).toBeGreaterThan(0)
  // Replayed marks alone would have renewed once each.
  expect(count('renewed') - renewed).toBeLessThanOrEqual(3)
})

test('says nothing after it was closed', async () => {
  const breakable = createBreakable()
  const { until, told, feed } = watch(breakable.store)
  await until('renewed')
  feed.close()
  const length = told.length
  await breakable.append(textOf(1))
  await breakable.store.close()
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(told).toHaveLength(length)
})

test('the law: what was published before a renewing question was sent is applied, or loaded since', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constant('publish') },
    { weight: 2, arbitrary: fc.constant('break') },
    { weight: 3, arbitrary: fc.constant('mend') },
    { weight: 1, arbitrary: fc.constant('reset') },
    { weight: 1, arbitrary: fc.constant('reset-back') },
    { weight: 2, arbitrary: fc.constant('trim') },
    { weight: 1, arbitrary: fc.constant('junk') },
    { weight: 4, arbitrary: fc.constant('wait') },
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.array(fc.boolean()),
      async (steps, fails) => {
        const breakable = createBreakable()
        let turn = 0
        const mayFail = async (): Promise<void> => {
          await new Promise(setImmediate)
          if (fails[turn++ % Math.max(1, fails.length)] === true && turn < 40) throw away()
        }
        const applied = new Set<number>()
        const published = new Map<number, number>()
        let loadedSince = 0
        const watched = watch(breakable.store, {
          onChange: async ({ sequence }) => {
            await mayFail()
            applied.add(sequence)
          },
          onGap: async () => {
            const began = watched.monotonic()
            await mayFail()
            loadedSince = Math.max(loadedSince, began)
          },
        })
        let checked = 0
        const check = (): void => {
          for (; checked < watched.told.length; checked++) {
            const { what, value: sentAt } = watched.told[checked]!
            if (what !== 'renewed') continue
            for (const [sequence, at] of published)
              if (at < sentAt && !applied.has(sequence) && loadedSince < at)
                throw new Error(`${sequence} was missed`)
          }
        }
        let sequence = 0
        for (const act of steps) {
          if (act === 'break') breakable.setBroken(true)
          if (act === 'mend') breakable.setBroken(false)
          if (act === 'reset') breakable.reset(5)
          if (act === 'reset-back') breakable.reset(-5_000)
          if (act === 'junk') await breakable.append('junk')
          if (act === 'wait') await new Promise((resolve) => setTimeout(resolve, 4))
          if (act === 'publish' || act === 'trim') {
            await breakable.append(textOf(++sequence), act === 'trim' ? 1 : 1_000)
            published.set(sequence, watched.monotonic())
          }
          check()
        }
        breakable.setBroken(false)
        await watched.until('renewed', 2)
        check()
        watched.feed.close()
      },
    ),
    { numRuns: 40 },
  )
})

test('on a real Redis: through its death and rebirth, with changes in milliseconds', async () => {
  const redis = await startRedis()
  const store = createRedisHotStore({ url: redis.url, deadlineMs: 300 })
  try {
    const { until, count, changes } = watch(store)
    await until('renewed', 2)
    await store.append(keys.changes, textOf(1), 1_000)
    await until('change', 1 - changes().length)
    const gaps = count('gap')
    await redis.kill('SIGKILL')
    await until('fault')
    await redis.restart()
    await until('gap', gaps + 1 - count('gap'))
    await until('renewed', 2)
    const news = until('change')
    await store.append(keys.changes, textOf(2), 1_000)
    await news
    expect(changes()).toEqual([1, 2])
  } finally {
    await store.close()
    await redis.stop()
  }
})
