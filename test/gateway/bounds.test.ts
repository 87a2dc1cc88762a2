/**
 * Goal: nothing here grows with what strangers send: maps, counters, reports, invented cookies.
 * Method: floods against each bound, and what is kept and counted afterwards.
 */
import { createSecretKey } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import { createBoundedMap } from '../../gateway/bounded-map.ts'
import { practiceScope } from '../../gateway/practice.ts'
import { createReports } from '../../gateway/reports.ts'
import { createWindowCounter } from '../../gateway/window-counter.ts'
import { openFleet } from '../../runtime/fleet-seal.ts'
import { createMemoryHotStore } from '../../runtime/hot-store-memory.ts'
import { keys } from '../../runtime/keys.ts'
import type { Report } from '../../runtime/records.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'

test('a bounded map forgets what was unused for longest', () => {
  const map = createBoundedMap<string, number>(3)
  for (const [at, key] of ['a', 'b', 'c'].entries()) map.set(key, at)
  expect(map.get('a')).toBe(0)
  map.set('d', 3)
  expect([map.size, map.peek('a'), map.peek('b')]).toEqual([3, 0, undefined])
})

test('a window counter limits each key, forgets with the window, and refuses new keys when full', () => {
  let at = 0
  const counter = createWindowCounter({ limit: 2, windowMs: 1_000, keysMax: 2, monotonic: () => at })
  expect(['a', 'a', 'a', 'b', 'c'].map((key) => counter.take(key))).toEqual([true, true, false, true, false])
  expect(counter.remainingMs()).toBe(1_000)
  at = 1_000
  expect(['a', 'c'].map((key) => counter.take(key))).toEqual([true, true])
})

describe('reports', () => {
  const fleetKey = createSecretKey(Buffer.alloc(32, 7))
  const ack = (sequence: number): Report => ({ kind: 'ack', gateway: 'g', sequence, at: 0 })

  test('wait while the store is away, drop the oldest beyond their number, and count it', async () => {
    const memory = createMemoryHotStore({ now: () => 0 })
    let away = true
    const store = {
      ...memory,
      append: (...given: Parameters<typeof memory.append>) =>
        away ? Promise.reject(new Error('away')) : memory.append(...given),
    }
    const faults: unknown[] = []
    const reports = createReports({
      store,
      fleetKey,
      queueMax: 5,
      everyMs: 1e6,
      onFault: (error) => faults.push(error),
    })
    for (let i = 0; i < 8; i += 1) reports.add(ack(i))
    await reports.flush()
    expect([reports.counts(), faults.length]).toEqual([{ dropped: 3, waiting: 5 }, 1])
    away = false
    await reports.close()
    const [entry] = await memory.readAfter(keys.reports, '0-0', 10, 0)
    const sent = JSON.parse(openFleet(fleetKey, keys.reports, entry!.text)!) as { sequence: number }[]
    expect(sent.map(({ sequence }) => sequence)).toEqual([undefined, 3, 4, 5, 6, 7])
    expect(sent[0]).toMatchObject({ kind: 'batch', number: 1 })
    expect(reports.counts().waiting).toBe(0)
  })

  test('without a store are dropped and counted', async () => {
    const reports = createReports({ store: null, fleetKey, everyMs: 1e6, onFault: () => {} })
    reports.add(ack(1))
    expect(reports.counts()).toEqual({ dropped: 1, waiting: 0 })
    await reports.close()
  })
})

describe('operators', () => {
  test('see how many reports were dropped', async () => {
    const stand = await startStand({ store: 'none' })
    try {
      const client = stand.client()
      await stand.signIn(client, 'ann')
      await client.get('/patients/7')
      const answer = await fetch(`${stand.gateways[0]!.addresses.metrics}/metrics`)
      expect(await answer.text()).toMatch(/^gatehouse_reports_dropped_total [1-9]/m)
    } finally {
      await stand.close()
    }
  })
})

describe('the practice of a request', () => {
  const sources = { placed: [] as string[], carried: null as string | null, doubtful: false }
  const both = ['a', 'b']

  test('is what counts, or all of them', () => {
    const cases = [
      [{ ...sources, carried: 'a' }, both, { practices: ['a'], resolved: true }],
      [{ ...sources, carried: 'z' }, both, { practices: both, resolved: false }],
      [{ ...sources, carried: 'z' }, ['a'], { practices: ['a'], resolved: false }],
      [sources, ['a'], { practices: ['a'], resolved: true }],
      [sources, both, { practices: both, resolved: false }],
      [sources, [], { practices: [], resolved: false }],
      [{ ...sources, placed: ['a'] }, both, { practices: ['a'], resolved: true }],
      [{ ...sources, placed: ['a'], carried: 'a' }, both, { practices: ['a'], resolved: true }],
      [{ ...sources, placed: ['a'], carried: 'b' }, both, { practices: both, resolved: false }],
      [{ ...sources, placed: ['a', 'z'] }, ['a'], { practices: ['a', 'z'], resolved: false }],
      [{ ...sources, carried: 'a', doubtful: true }, both, { practices: both, resolved: false }],
    ] as const
    for (const [given, memberships, scope] of cases) expect(practiceScope(given, memberships)).toEqual(scope)
  })
})

describe('invented cookies', () => {
  let stand: Stand
  afterEach(() => stand.close())

  test('that the application takes its time over do not keep those waiting who are known', async () => {
    stand = await startStand({
      change: (config) => ({
        ...config,
        gateway: { ...config.gateway, limits: { ...config.gateway.limits, introspectionsInFlightMax: 2 } },
        upstreams: config.upstreams.map((upstream) => {
          const { identity } = upstream
          if (identity === null) return upstream
          const introspection = { ...identity.introspection!, positiveMs: 1, timeoutMs: 1_500 }
          return { ...upstream, identity: { ...identity, introspection } }
        }),
      }),
    })
    const { settings } = stand.application
    const ann = stand.client()
    await stand.signIn(ann, 'ann')
    expect((await ann.get('/patients/7')).status).toBe(200)
    const asked = settings.asked
    settings.me = 'hangs'
    const stranger = (name: string) => {
      const client = stand.client()
      client.cookies.set('sid', name)
      return client.get('/patients/7', { navigation: false })
    }
    const hanging = ['a', 'b'].map((name) => stranger(name).catch(() => null))
    await eventually(() => settings.asked === asked + 2, 'both are asked about')
    settings.me = 'ok'
    expect((await stranger('c')).status).toBe(503)
    expect((await ann.get('/patients/7')).status).toBe(200)
    await Promise.all(hanging)
  })

  test('do not reach the application faster than the cap of their address; others are served', async () => {
    stand = await startStand({
      change: (config) => ({
        ...config,
        gateway: {
          ...config.gateway,
          limits: { ...config.gateway.limits, introspectionsPerAddressPerSecond: 5 },
        },
      }),
    })
    const flood = await Promise.all(
      Array.from({ length: 60 }, (_, at) => {
        const client = stand.client('127.0.0.5')
        client.cookies.set('sid', `invented-${at}`)
        return client.get('/patients/7', { navigation: false })
      }),
    )
    expect(stand.application.settings.asked).toBeLessThanOrEqual(10)
    expect(new Set(flood.map(({ status }) => status))).toEqual(new Set([401, 503]))
    const person = stand.client('127.0.0.6')
    await stand.signIn(person, 'ann')
    expect((await person.get('/patients/7')).status).toBe(200)
    expect(stand.application.arrived.filter(({ url }) => url === '/patients/7')).toHaveLength(1)
  })

  test('without identity and with public routes alone, a gateway is a plain proxy that needs nobody', async () => {
    stand = await startStand({
      store: 'none',
      change: (config) => ({
        ...config,
        upstreams: config.upstreams.map((upstream) => ({
          ...upstream,
          identity: null,
          routes: [{ match: '* /**', class: 'public' as const }],
        })),
      }),
    })
    stand.control.stop()
    const client = stand.client()
    client.cookies.set('sid', 'anything')
    expect((await client.get('/patients/7')).status).toBe(200)
    expect(stand.application.arrived.at(-1)?.headers.cookie).toBe('sid=anything')
    expect(stand.gateways[0]!.missing()).toEqual([])
  })
})
