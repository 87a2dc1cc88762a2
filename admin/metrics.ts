/**
 * What operators see of the control plane: Prometheus figures and the two health answers, on a private
 * listener.
 *
 * Decisions are counted by gateways, not here. Invariant: labels come from closed sets, never a user,
 * practice, address or path. What a scrape asks of the database is asked at once, in a few queries without lists.
 */
import { sql } from 'kysely'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import { createAuditGauges } from './audit-metrics.ts'
import { type CanaryResult, createCanaryFigures } from './canary.ts'
import { countWaitingMails, type MailCount } from './notify/mail-delivery.ts'
import type { WebhookCount } from './notify/webhook-delivery.ts'
import type { Store } from './store/database.ts'
import type { Outlet } from './store/forgetting-waits.ts'
import { listLiveGateways } from './store/publish-state.ts'
import { addProcessFigures, createRequestGauges } from './use-metrics.ts'

/** Which part of the control plane answered. */
export type Surface = 'api' | 'sign-in' | 'ui' | 'internal' | 'portal'

/** The figures and health answers. */
export type Metrics = {
  /** Counts an answer. `seconds`: how long it took. */
  readonly count: (surface: Surface, status: number, seconds: number) => void
  /** Counts what became of a mail at one try. */
  readonly countMail: (outcome: MailCount) => void
  /** Counts what became of the canary's changes. */
  readonly countCanaries: (results: readonly CanaryResult[]) => void
  /** Counts what became of a webhook's message at one try. */
  readonly countWebhook: (outcome: WebhookCount) => void
  /** Answers `/metrics`, `/livez` and `/readyz`; anything else is 404. */
  readonly answer: (request: Request) => Promise<Response>
}

/** What is measured. `hotStore: null`: there is none. */
export type Measured = {
  readonly store: Store
  readonly hotStore: HotStore | null
  readonly now: () => Instant
  /** Where security events are sent. */
  readonly streams: readonly Outlet[]
  /** Whether another control plane publishes with another signing key; absent: there is no other. */
  readonly disagrees?: () => boolean
}

/** How far the clocks of machine, database and hot store may be apart. */
const skewMaxMs: DurationMs = 5_000

type Reading = { readonly up: boolean; readonly skewMs: DurationMs; readonly sentence: string }

async function readClock(name: string, now: () => Instant, read: () => Promise<Instant>): Promise<Reading> {
  try {
    const before = now()
    const theirs = await read()
    const skewMs = theirs < before ? theirs - before : Math.max(0, theirs - now())
    const off = Math.abs(skewMs) > skewMaxMs
    const sentence = off ? `${name}: its clock differs by ${Math.round(skewMs / 1_000)} s` : `${name}: ok`
    return { up: true, skewMs, sentence }
  } catch {
    return { up: false, skewMs: 0, sentence: `${name}: cannot be reached` }
  }
}

const databaseTime = (store: Store): Promise<Instant> =>
  store.read(async (rows) => {
    const { rows: found } = await sql<{
      now: number
    }>`select (extract(epoch from clock_timestamp()) * 1000)::bigint as now`.execute(rows)
    return found[0]?.now ?? 0
  })

const readings = async ({ store, hotStore, now }: Measured): Promise<Reading[]> =>
  Promise.all([
    readClock('database', now, () => databaseTime(store)),
    ...(hotStore === null ? [] : [readClock('hot store', now, () => hotStore.time())]),
  ])

async function readiness(measured: Measured): Promise<Response> {
  const all = await readings(measured)
  if (measured.disagrees?.() === true)
    all.push({
      ...{ up: false, skewMs: 0 },
      sentence: 'signing key: another control plane publishes with another one (signingKey)',
    })
  const ready = all.every(({ up, skewMs }) => up && Math.abs(skewMs) <= skewMaxMs)
  const lines = [ready ? 'ready' : 'not ready', ...all.map(({ sentence }) => sentence)]
  return new Response(`${lines.join('\n')}\n`, {
    status: ready ? 200 : 503,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  })
}

/** Gauges of the stores' state, and how to read them all at once. */
function createGauges(registry: Registry, { store, hotStore, now, streams }: Measured): () => Promise<void> {
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name, help, labelNames, registers: [registry] })
  const up = gauge('gatehouse_admin_store_up', 'Whether a store answers (1) or not (0).', ['store'])
  const sequence = gauge('gatehouse_admin_sequence', 'The newest published sequence.')
  const waiting = gauge('gatehouse_admin_outbox_waiting', 'Changes saved and not yet published.')
  const oldest = gauge(
    'gatehouse_admin_outbox_oldest_seconds',
    'Age of the oldest change saved and not yet published; 0: none.',
  )
  const gateways = gauge('gatehouse_admin_gateways_live', 'Gateways that acknowledged lately.')
  const lost = gauge('gatehouse_admin_report_batches_lost', 'Batches of gateways’ reports that never came.')
  const mails = gauge('gatehouse_admin_mails_waiting', 'Mails queued and not yet sent or given up.')
  const readAudit = createAuditGauges(registry, streams)
  const readRequests = createRequestGauges(registry)
  addProcessFigures(registry, store)

  const readDatabase = (): Promise<void> =>
    store.read(async (rows) => {
      const at = now()
      const state = await rows.selectFrom('publication_state').select('sequence').executeTakeFirst()
      const unpublished = await rows
        .selectFrom('outbox')
        .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.min('saved_at').as('oldest')])
        .where('published_at', 'is', null)
        .executeTakeFirstOrThrow()
      sequence.set(state?.sequence ?? 0)
      waiting.set(unpublished.count)
      oldest.set(unpublished.count === 0 ? 0 : Math.max(0, at - unpublished.oldest) / 1_000)
      const sources = await rows
        .selectFrom('report_source')
        .select((eb) => eb.fn.sum<number | null>('lost').as('lost'))
        .executeTakeFirst()
      lost.set(Number(sources?.lost ?? 0))
      gateways.set((await listLiveGateways(rows, at)).length)
      mails.set(await countWaitingMails(rows))
      await readAudit(rows, at)
      await readRequests(rows, at)
    })
  const note = (name: string, reading: Promise<unknown>): Promise<void> =>
    reading.then(
      () => up.set({ store: name }, 1),
      () => up.set({ store: name }, 0),
    )
  return async () => {
    await Promise.all([
      note('database', readDatabase()),
      ...(hotStore === null ? [] : [note('hot-store', hotStore.time())]),
    ])
  }
}

/** New figures, all at zero. */
export function createMetrics(measured: Measured): Metrics {
  const registry = new Registry()
  const requests = new Counter({
    name: 'gatehouse_admin_requests_total',
    help: 'Answers of the control plane by part and class of status.',
    labelNames: ['surface', 'status'],
    registers: [registry],
  })
  const durations = new Histogram({
    name: 'gatehouse_admin_request_seconds',
    help: 'How long answers took until their head was ready.',
    labelNames: ['surface'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 1, 5],
    registers: [registry],
  })
  const mails = new Counter({
    name: 'gatehouse_admin_mails_total',
    help: 'Tries to send a mail by outcome: sent, retried, given-up, dropped (no way out is configured).',
    labelNames: ['outcome'],
    registers: [registry],
  })
  const webhooks = new Counter({
    name: 'gatehouse_admin_webhooks_total',
    help: 'Tries to deliver a webhook’s message by outcome: delivered, retried, given-up.',
    labelNames: ['outcome'],
    registers: [registry],
  })
  const readGauges = createGauges(registry, measured)
  return {
    count(surface, status, seconds) {
      requests.inc({ surface, status: `${Math.floor(status / 100)}xx` })
      durations.observe({ surface }, seconds)
    },
    countMail: (outcome) => mails.inc({ outcome }),
    countCanaries: createCanaryFigures(registry),
    countWebhook: (outcome) => webhooks.inc({ outcome }),
    async answer(request) {
      const { pathname } = new URL(request.url)
      if (pathname === '/livez') return new Response('alive\n')
      if (pathname === '/readyz') return readiness(measured)
      if (pathname !== '/metrics') return new Response('Not found.\n', { status: 404 })
      // Read before the text is made: a gauge that another one's collect() sets may already have been written.
      await readGauges()
      return new Response(await registry.metrics(), { headers: { 'content-type': registry.contentType } })
    },
  }
}
