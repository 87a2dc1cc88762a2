/**
 * Every fault that is rehearsed, in the order of the table: those that `npm run chaos` strikes on a stage of processes, and those
 * that a test of the suite strikes, because it needs a disk that can be filled, a clock of its own or an exact place to die at.
 *
 * A list and nothing else. Invariant: an id is used once; the table in bench/results/chaos.md has exactly these rows.
 */
import { applicationFaults } from './application-faults.ts'
import { crowdFaults } from './crowd-faults.ts'
import { knowledgeFaults } from './knowledge-faults.ts'
import { killsUnderEdits, processFaults } from './process-faults.ts'
import type { Fault } from './rehearsal.ts'
import type { StageWish } from './stage.ts'
import { clusterFaults, postgresFaults, redisFaults, sentinelFaults } from './store-faults.ts'

/** Faults of one kind, struck on one stage. */
export type Family = {
  readonly name: string
  readonly on: StageWish['redis']
  readonly faults: readonly Fault[]
}

/** What `npm run chaos` strikes. Promotion comes last: nobody stands by afterwards. */
export const families: readonly Family[] = [
  { name: 'Processes of Gatehouse', on: 'sentinels', faults: processFaults },
  { name: 'Redis behind Sentinels', on: 'sentinels', faults: [...sentinelFaults, ...redisFaults] },
  { name: 'What gateways are told', on: 'sentinels', faults: knowledgeFaults },
  { name: 'The application', on: 'sentinels', faults: applicationFaults },
  { name: 'Crowds', on: 'sentinels', faults: crowdFaults },
  {
    name: 'PostgreSQL',
    on: 'sentinels',
    faults: [...postgresFaults.slice(0, -1), killsUnderEdits, ...postgresFaults.slice(-1)],
  },
  { name: 'A Redis Cluster', on: 'cluster', faults: clusterFaults },
]

/** A fault that a test of the suite strikes. */
export type Proof = {
  readonly id: string
  readonly what: string
  readonly sees: string
  readonly goal: string
  readonly test: string
}

/** What tests strike; `npm run chaos` runs them. */
export const proofs: readonly Proof[] = [
  {
    id: 'postgres-disk-full',
    what: 'PostgreSQL’s disk full: first its tables, then its log, so that it falls (a file system of 112 MB in memory)',
    sees: 'nothing; edits answer 503, nothing confirmed is lost',
    goal: 'nobody in front notices; 0 confirmed edits lost',
    test: 'test/e2e/disk-full.test.ts',
  },
  {
    id: 'planes-killed-at-ten-places',
    what: '100 control planes killed with SIGKILL at ten places between save and publish',
    sees: 'nothing',
    goal: '0 events lost, 0 made up',
    test: 'test/admin/outbox-kill.test.ts',
  },
  {
    id: 'redis-older',
    what: 'Redis paused, emptied, replaced by an old copy or overwritten with old records, and both planes’ clocks stepped by an hour both ways (an injected clock), with and without the control plane',
    sees: 'who may come in does, within the lease; else 503',
    goal: 'nobody who was refused comes back in',
    test: 'test/e2e/knowledge-redis.test.ts',
  },
  {
    id: 'redis-split',
    what: 'a partition, by relays: the gateways’ side sees another, older Redis than the control plane’s side',
    sees: 'nothing, or 503',
    goal: 'nobody who was refused comes back in',
    test: 'test/e2e/knowledge-apart.test.ts',
  },
  {
    id: 'certificate-expired',
    what: 'the application’s certificate has expired, is of another name or another authority’s',
    sees: '502 of Gatehouse’s own; nothing of the request is sent',
    goal: 'no byte of a request to whoever is not vouched for',
    test: 'test/gateway/upstream-tls.test.ts',
  },
]
