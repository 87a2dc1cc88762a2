/**
 * What a gateway's metrics cost each request, and what a scrape costs.
 *
 * It measures counting alone, without a socket. Invariant: the figures are those a running gateway uses, counted as one
 * permitted and forwarded request counts them; prom-client's own labelled histogram stands beside, as what was refused.
 */
import { Histogram, Registry } from 'prom-client'
import { createMetrics } from '../gateway/metrics.ts'
import { type Case, describeMachine, spreadOf, timeCases } from './machine.ts'

const calls = 100_000

const forwarded = (metrics: ReturnType<typeof createMetrics>): Case => ({
  name: 'all figures of a forwarded request',
  calls,
  run: (count) => {
    const { engine, judge, latency } = metrics
    let sum = 0
    for (let call = 0; call < count; call += 1) {
      const startedAt = performance.now()
      judge.requested('staff')
      judge.decided({ reason: 'ok' }, 'enforce', 0.0012)
      const sentAt = performance.now()
      latency.forwarded(sentAt - startedAt)
      engine.answered('application', 200)
      latency.upstreamAnswered('app', 200, performance.now() - sentAt)
      sum += sentAt
    }
    return sum
  },
})

const clock: Case = {
  name: 'of which the clock, read three times',
  calls,
  run: (count) => {
    let sum = 0
    for (let call = 0; call < count; call += 1)
      sum += performance.now() + performance.now() - performance.now()
    return sum
  },
}

const refused = (): Case => {
  const histogram = new Histogram({
    ...{ name: 'h_seconds', help: 'H.', labelNames: ['upstream'], registers: [new Registry()] },
    buckets: [0.001, 0.01, 0.1, 1],
  })
  return {
    name: 'one observation of a labelled histogram of prom-client, not used',
    calls,
    run: (count) => {
      for (let call = 0; call < count; call += 1) histogram.observe({ upstream: 'app' }, 0.003)
      return count
    },
  }
}

/** Measures and writes it down, as a page to read. */
export const figuresPage = async (date: string): Promise<string> => {
  const machine = describeMachine()
  const metrics = createMetrics({ bare: true })
  const timings = timeCases([forwarded(metrics), clock, refused()], 31)
  const { body } = await metrics.text()
  const scrapes: number[] = []
  for (let round = 0; round < 31; round += 1) {
    const startedAt = performance.now()
    await metrics.text()
    scrapes.push(performance.now() - startedAt)
  }
  const scrapeMs = spreadOf(scrapes)
  return [
    '# What metrics cost',
    '',
    `Measured on ${date} by \`npm run bench figures\`: ${machine.cpu}, ${machine.platform}, Node ${machine.node}.`,
    '',
    'A request that is permitted, forwarded and answered counts its class, its decision, its answer and three latencies.',
    `Each case takes its turn in each of 31 rounds of ${calls.toLocaleString('en-US')} calls. The text of a scrape has`,
    `${body.length.toLocaleString('en-US')} bytes without node’s own figures and takes ${scrapeMs.median.toFixed(2)} ms.`,
    '',
    '| | median ns | min | max |',
    '| --- | ---: | ---: | ---: |',
    ...timings.map(({ name, wall }) => {
      const [median, min, max] = [wall.median, wall.min, wall.max].map((ns) => ns.toFixed(0))
      return `| ${name} | ${median} | ${min} | ${max} |`
    }),
    '',
    '## As JSON',
    '',
    '```json',
    JSON.stringify({ date, machine, timings, scrapeMs }, null, 2),
    '```',
    '',
  ].join('\n')
}
