/**
 * Goal: metrics count what happened, under names and labels that no client can choose or multiply.
 * Method: the exposition text after known events; the private listener on a real socket.
 */
import { describe, expect, it } from 'vitest'
import { createMetrics } from '../../gateway/metrics.ts'
import { startOperatorListener } from '../../gateway/operator-listener.ts'

const seriesOf = (body: string): readonly string[] =>
  body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))

describe('the exposition', () => {
  it('tells decisions by verdict, reason, control and mode', async () => {
    const metrics = createMetrics({ bare: true })
    metrics.judge.requested('staff')
    metrics.judge.decided({ reason: 'ok' }, 'enforce', 0.0015)
    metrics.judge.decided({ reason: 'address-not-allowed' }, 'enforce', 0.004)
    metrics.judge.decided({ reason: 'address-not-allowed' }, 'monitor', 1)
    const { body } = await metrics.text()
    expect(seriesOf(body)).toEqual(
      expect.arrayContaining([
        'gatehouse_requests_total{class="staff"} 1',
        'gatehouse_decisions_total{verdict="permit",reason="ok",control="none",mode="enforce"} 1',
        'gatehouse_decisions_total{verdict="deny",reason="address-not-allowed",control="ip",mode="enforce"} 1',
        'gatehouse_decisions_total{verdict="deny",reason="address-not-allowed",control="ip",mode="monitor"} 1',
        'gatehouse_decision_duration_seconds_bucket{le="0.000001"} 0',
        'gatehouse_decision_duration_seconds_bucket{le="0.000002"} 1',
        'gatehouse_decision_duration_seconds_bucket{le="0.000005"} 2',
        'gatehouse_decision_duration_seconds_bucket{le="+Inf"} 3',
        'gatehouse_decision_duration_seconds_count 3',
      ]),
    )
    expect(body).toMatch(/# TYPE gatehouse_decision_duration_seconds histogram/)
  })

  it('tells answers, failures, cuts and gauges', async () => {
    const metrics = createMetrics({ bare: true })
    metrics.engine.answered('application', 204)
    metrics.engine.answered('gateway', 503)
    metrics.engine.answered('gateway', 999)
    metrics.engine.upstreamFailed('timeout')
    metrics.engine.cut('session-revoked', 'websocket')
    metrics.engine.cut('knowledge-stale', 'events')
    metrics.engine.malformed('hop')
    metrics.gauge('lease_seconds', 'Left of the lease.', () => 4.5)
    metrics.total('reports_dropped_total', 'Dropped.', () => 7)
    metrics.watchExchanges(() => ({ request: 1, poll: 0, events: 2, websocket: 3 }))
    const { body, contentType } = await metrics.text()
    expect(contentType).toMatch(/^text\/plain/)
    expect(seriesOf(body)).toEqual(
      expect.arrayContaining([
        'gatehouse_responses_total{source="application",status="2xx"} 1',
        'gatehouse_responses_total{source="gateway",status="5xx"} 2',
        'gatehouse_upstream_failures_total{kind="timeout"} 1',
        'gatehouse_exchanges_cut_total{cause="session-revoked",kind="websocket"} 1',
        'gatehouse_exchanges_cut_total{cause="knowledge-stale",kind="events"} 1',
        'gatehouse_malformed_requests_total{what="hop"} 1',
        'gatehouse_lease_seconds 4.5',
        'gatehouse_reports_dropped_total 7',
        'gatehouse_open_exchanges{kind="websocket"} 3',
      ]),
    )
    expect((await metrics.text()).body).toBe(body)
  })

  it('has process metrics, none with a gauge that is named a total', async () => {
    const { body } = await createMetrics().text()
    expect(body).toMatch(/process_cpu_user_seconds_total/)
    expect(body).not.toMatch(/nodejs_active_\w+_total/)
  })
})

describe('the private listener', () => {
  const start = async (missing: readonly string[]) =>
    startOperatorListener(
      { metrics: createMetrics({ bare: true }).text, missing: () => missing },
      '127.0.0.1',
      0,
    )

  it('answers its three paths and nothing else', async () => {
    const listener = await start(['knowledge of practices', 'the lease'])
    const base = `http://127.0.0.1:${listener.port}`
    expect((await fetch(`${base}/livez`)).status).toBe(200)
    const ready = await fetch(`${base}/readyz`)
    expect([ready.status, await ready.text()]).toEqual([
      503,
      'missing: knowledge of practices\nmissing: the lease\n',
    ])
    const metrics = await fetch(`${base}/metrics`)
    expect([metrics.status, metrics.headers.get('cache-control')]).toEqual([200, 'no-store'])
    expect((await fetch(`${base}/`)).status).toBe(404)
    expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(405)
    await listener.close()
  })

  it('is ready when nothing is missing, and says so when its address is taken', async () => {
    const listener = await start([])
    expect((await fetch(`http://127.0.0.1:${listener.port}/readyz`)).status).toBe(200)
    const view = { metrics: createMetrics({ bare: true }).text, missing: () => [] }
    await expect(startOperatorListener(view, '127.0.0.1', listener.port)).rejects.toThrow(/EADDRINUSE/)
    await listener.close()
  })

  it('answers 500 when metrics cannot be read, and stays alive', async () => {
    const listener = await startOperatorListener(
      { metrics: () => Promise.reject(new Error('broken')), missing: () => [] },
      '127.0.0.1',
      0,
    )
    const base = `http://127.0.0.1:${listener.port}`
    expect((await fetch(`${base}/metrics`)).status).toBe(500)
    expect((await fetch(`${base}/livez`)).status).toBe(200)
    await listener.close()
  })
})
