/**
 * Goal: what people wait for is told apart: the gateway, and each application, with what became of the request.
 * Method: the exposition of figures driven by hand; then of a whole gateway after requests that were forwarded, refused
 * and failed.
 */
import { Registry } from 'prom-client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createCounterCells, createHistogramCells } from '../../gateway/histogram-cells.ts'
import { createLatency } from '../../gateway/latency.ts'
import { type Stand, startStand } from '../support/gateway-stand.ts'

const linesOf = (text: string): readonly string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))

it('observations lie in the right bucket, boundaries included, and add up', async () => {
  const registry = new Registry()
  const observe = createHistogramCells(registry, { name: 'h', help: 'H.', label: 'of' }, [0.001, 0.01])
  for (const ms of [0, 1, 1.001, 10, 11]) observe('a', ms)
  observe('b', 5)
  const text = await registry.metrics()
  expect(text).toContain('# TYPE h histogram')
  expect(linesOf(text)).toEqual([
    'h_bucket{of="a",le="0.001"} 2',
    'h_bucket{of="a",le="0.01"} 4',
    'h_bucket{of="a",le="+Inf"} 5',
    'h_sum{of="a"} 0.023001',
    'h_count{of="a"} 5',
    'h_bucket{of="b",le="0.001"} 0',
    'h_bucket{of="b",le="0.01"} 1',
    'h_bucket{of="b",le="+Inf"} 1',
    'h_sum{of="b"} 0.005',
    'h_count{of="b"} 1',
  ])
})

it('one without a label shows itself at zero, and rows have an end whatever is counted', async () => {
  const registry = new Registry()
  createHistogramCells(registry, { name: 'h', help: 'H.', label: null }, [1])
  const count = createCounterCells(registry, { name: 'c_total', help: 'C.', label: 'of' }, ['x', 'y'])
  for (let n = 0; n < 10_000; n += 1) count(`value-${n}`, 'x')
  // What is in no closed set counts nowhere.
  count('value-1', 'z' as 'x')
  const lines = linesOf(await registry.metrics())
  expect(lines).toContain('h_count 0')
  expect(lines).toContain('c_total{of="value-1",outcome="x"} 1')
  expect(lines.filter((line) => line.startsWith('c_total'))).toHaveLength(2 * 256)
})

it('an answer of an application counts once, by its class', async () => {
  const registry = new Registry()
  const latency = createLatency(registry)
  latency.upstreamAnswered('app', 204, 3)
  latency.upstreamAnswered('app', 101, 3)
  latency.upstreamAnswered('app', 999, 3)
  latency.upstreamFailed('app')
  expect(linesOf(await registry.metrics()).filter((line) => line.includes('requests_total'))).toEqual([
    'gatehouse_upstream_requests_total{upstream="app",outcome="1xx"} 1',
    'gatehouse_upstream_requests_total{upstream="app",outcome="2xx"} 1',
    'gatehouse_upstream_requests_total{upstream="app",outcome="3xx"} 0',
    'gatehouse_upstream_requests_total{upstream="app",outcome="4xx"} 0',
    'gatehouse_upstream_requests_total{upstream="app",outcome="5xx"} 1',
    'gatehouse_upstream_requests_total{upstream="app",outcome="failed"} 1',
  ])
})

let stand: Stand
beforeAll(async () => {
  stand = await startStand({ replaced: 3 })
})
afterAll(() => stand.close())

it('a gateway tells whom requests waited for, how its connections are used, and what runs', async () => {
  const { application, metrics } = stand.gateways[0]!.addresses
  const statuses = [
    (await fetch(`${application}/public/x`)).status,
    (await fetch(`${application}/patients`, { redirect: 'manual' })).status,
  ]
  expect(statuses[0]).toBe(200)
  expect(statuses[1]).not.toBe(200)
  const lines = linesOf(await (await fetch(`${metrics}/metrics`)).text())
  const readingOf = (series: string): number =>
    Number(lines.find((line) => line.startsWith(`${series} `))?.slice(series.length + 1))
  expect(readingOf('gatehouse_added_latency_seconds_count{way="forwarded"}')).toBe(1)
  expect(readingOf('gatehouse_added_latency_seconds_count{way="answered"}')).toBe(1)
  const { id } = stand.config.upstreams[0]!
  expect(readingOf(`gatehouse_upstream_requests_total{upstream="${id}",outcome="2xx"}`)).toBe(1)
  expect(readingOf(`gatehouse_upstream_response_seconds_count{upstream="${id}"}`)).toBe(1)
  expect(readingOf(`gatehouse_upstream_connections{upstream="${id}",state="busy"}`)).toBe(0)
  expect(readingOf(`gatehouse_upstream_connections{upstream="${id}",state="idle"}`)).toBe(1)
  expect(readingOf(`gatehouse_upstream_requests_waiting{upstream="${id}"}`)).toBe(0)
  expect(readingOf('gatehouse_open_exchanges_max')).toBe(stand.config.gateway.limits.exchangesMax)
  expect(readingOf('gatehouse_worker_restarts_total')).toBe(3)
  expect(readingOf('gatehouse_change_feed_lag_seconds')).toBeLessThan(1)
  const version = `version="0.1.0",node="${process.version}"`
  expect(readingOf(`gatehouse_build_info{plane="gateway",${version}}`)).toBe(1)
})
