/**
 * What operators see of how far a control plane is used: its process, its connections to the database, and who waits
 * for people to decide.
 *
 * It counts no answers (`metrics.ts` does). Invariant: read when somebody scrapes, and without a label that grows with
 * practices or people. prom-client's own figures of the process are taken, less three whose names promtool refuses.
 */
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'
import type { Instant } from '../policies/instant.ts'
import { version } from '../runtime/version.ts'
import type { Rows, Store } from './store/database.ts'

/** Adds the figures that need no question to the database. */
export function addProcessFigures(registry: Registry, store: Store): void {
  collectDefaultMetrics({ register: registry })
  for (const name of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`nodejs_active_${name}_total`)
  new Gauge({
    name: 'gatehouse_build_info',
    help: 'Always 1: what runs here.',
    labelNames: ['plane', 'version', 'node'],
    registers: [registry],
  }).set({ plane: 'admin', version, node: process.version }, 1)
  new Gauge({
    name: 'gatehouse_admin_database_connections',
    help: 'Connections to the database.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const { busy, idle } = store.use()
      this.set({ state: 'busy' }, busy)
      this.set({ state: 'idle' }, idle)
    },
  })
  new Gauge({
    name: 'gatehouse_admin_database_connections_max',
    help: 'How many connections to the database there may be.',
    registers: [registry],
    collect() {
      this.set(store.use().max)
    },
  })
  new Gauge({
    name: 'gatehouse_admin_database_waiting',
    help: 'Questions that wait for a connection to the database.',
    registers: [registry],
    collect() {
      this.set(store.use().waiting)
    },
  })
}

/** Adds the gauges of requests for access; answers how to read them. */
export function createRequestGauges(registry: Registry): (rows: Rows, at: Instant) => Promise<void> {
  const pending = new Gauge({
    name: 'gatehouse_admin_access_requests_pending',
    help: 'Requests for access that nobody has decided yet.',
    registers: [registry],
  })
  const oldest = new Gauge({
    name: 'gatehouse_admin_access_requests_oldest_seconds',
    help: 'Age of the oldest request for access that nobody has decided; 0: none.',
    registers: [registry],
  })
  return async (rows, at) => {
    const found = await rows
      .selectFrom('access_request')
      .select((eb) => [
        eb.fn.countAll<number>().as('count'),
        eb.fn.min<number | null>('created_at').as('oldest'),
      ])
      .where('status', '=', 'pending')
      .where('expires_at', '>', at)
      .executeTakeFirstOrThrow()
    pending.set(found.count)
    oldest.set(found.oldest === null ? 0 : Math.max(0, at - found.oldest) / 1_000)
  }
}
