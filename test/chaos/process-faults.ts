/**
 * What can happen to Gatehouse's own processes: a worker, a gateway, the control planes.
 *
 * Invariant: whoever is killed here is started again here, by the one who keeps it: the supervisor its workers, the stage the rest.
 */
import { activeEverywhere } from '../support/admin-client.ts'
import { demandKept, type Edits, startEdits } from './edits.ts'
import type { Fault } from './rehearsal.ts'
import { type Stage, workersOf } from './stage.ts'

/** A worker of the first gateway. */
const someWorker = ({ gateways }: Stage): number => {
  const [pid] = gateways[0] === undefined ? [] : workersOf(gateways[0])
  if (pid === undefined) throw new Error('no worker lives')
  return pid
}

let stopped = 0
let found = ''
let edits: Edits | null = null

/** A revocation made now is active everywhere within `ms`, whoever publishes. */
const revokes = async (stage: Stage, who: string, ms: number): Promise<string> => {
  await stage.enter(who)
  const from = performance.now()
  const sequence = await stage.revoke(who)
  for (;;) {
    try {
      await activeEverywhere(stage.admin, sequence)
      return `a revocation was active everywhere after ${Math.round(performance.now() - from)} ms`
    } catch (error) {
      if (performance.now() - from > ms) throw error
    }
  }
}

/** Faults of processes. */
export const processFaults: readonly Fault[] = [
  {
    id: 'worker-killed',
    what: 'kill -9 of one of two workers of a gateway',
    sees: 'answers of that worker are cut, and the browser can tell; the next request goes to the other',
    allows: 'cut at most',
    lastsMs: 1_500,
    async strike(stage) {
      process.kill(someWorker(stage), 'SIGKILL')
      return performance.now()
    },
  },
  {
    id: 'worker-stopped',
    what: 'SIGSTOP of one of two workers for three seconds',
    sees: 'requests that reached it wait until it goes on; the others do not',
    allows: 'cut at most',
    lastsMs: 3_000,
    async strike(stage) {
      stopped = someWorker(stage)
      process.kill(stopped, 'SIGSTOP')
      return undefined
    },
    heal: async () => void process.kill(stopped, 'SIGCONT'),
  },
  {
    id: 'control-planes-killed',
    what: 'kill -9 of both control planes, away for six seconds (three leases)',
    sees: 'nothing; new sign-ins wait',
    allows: 'nobody notices',
    lastsMs: 6_000,
    strike: async ({ controls }) => void (await Promise.all(controls.map((plane) => plane.kill('SIGKILL')))),
    heal: async ({ controls }) => void (await Promise.all(controls.map((plane) => plane.start()))),
    check: (stage) => revokes(stage, 'dan', 10_000),
  },
  {
    id: 'leader-stopped',
    what: 'SIGSTOP of the control plane that publishes; its health check sends people to the other, where an admin edits',
    sees: 'nothing; a revocation takes up to six seconds, until the other publishes, and the word that it is active up to ten',
    allows: 'nobody notices',
    lastsMs: 0,
    async strike(stage) {
      const [leader, other] = stage.controls
      // Whoever leads now, the first does when the other is gone.
      await other?.kill('SIGKILL')
      await other?.start()
      await leader?.kill('SIGSTOP')
      stage.withdraw(0)
      found = await revokes(stage, 'dan', 30_000)
      return undefined
    },
    async heal(stage) {
      await stage.controls[0]?.kill('SIGCONT')
      stage.withdraw(null)
    },
    check: async (stage) => `${found}; afterwards ${await revokes(stage, 'dan', 10_000)}`,
  },
  {
    id: 'control-planes-stopped',
    what: 'SIGSTOP of both control planes for six seconds: they take questions and answer none',
    sees: 'nothing; new sign-ins wait',
    allows: 'nobody notices',
    lastsMs: 6_000,
    strike: async ({ controls }) => void (await Promise.all(controls.map((plane) => plane.kill('SIGSTOP')))),
    heal: async ({ controls }) => void (await Promise.all(controls.map((plane) => plane.kill('SIGCONT')))),
    check: (stage) => revokes(stage, 'dan', 10_000),
  },
  {
    id: 'everything-gone',
    what: 'SIGSTOP of all Redis servers and both control planes for eight seconds, longer than a lease of five',
    sees: '503 of Gatehouse’s own once the lease is over; public pages go on',
    allows: 'refused meanwhile',
    lastsMs: 8_000,
    async strike(stage) {
      for (const plane of [...stage.controls, ...(stage.servers?.nodes ?? [])]) await plane.kill('SIGSTOP')
      return undefined
    },
    async heal({ controls, servers }) {
      for (const plane of [...controls, ...(servers?.nodes ?? [])]) await plane.kill('SIGCONT')
    },
    async check(_stage, load) {
      if (!load.seen().some(({ may, outcome }) => may && outcome === 'refused'))
        throw new Error('nobody was refused')
      return ''
    },
  },
  {
    id: 'gateway-killed',
    what: 'kill -9 of a whole gateway with its workers, started again',
    sees: 'its requests are cut or not taken, and refused until it knows enough again (`/readyz`); the other gateway’s are not',
    allows: 'refused meanwhile',
    lastsMs: 0,
    async strike(stage) {
      const [gateway] = stage.gateways
      if (gateway === undefined) throw new Error('no gateway')
      // The keeper first: it would start others.
      const workers = workersOf(gateway)
      const gone = gateway.kill('SIGKILL')
      for (const pid of workers) process.kill(pid, 'SIGKILL')
      await gone
      await gateway.start()
      return performance.now()
    },
  },
]

const killsMax = 100
const killingMs = 150_000
let kills = 0

/** Kills under edits: three of PostgreSQL, then one of a control plane, and so on, until time is up. */
export const killsUnderEdits: Fault = {
  id: 'kills-under-edits',
  what: `up to ${killsMax} kill -9 while an admin edits: three of PostgreSQL, then one of a control plane, and so on, for two and a half minutes`,
  sees: 'nothing; the admin API answers 503 meanwhile',
  allows: 'nobody notices',
  lastsMs: 0,
  strikeMsMax: killingMs + 120_000,
  async strike(stage) {
    await edits?.stop()
    edits = startEdits(stage)
    const until = performance.now() + killingMs
    for (kills = 0; kills < killsMax && performance.now() < until; kills++) {
      await edits.next(60_000)
      const primary = stage.postgres.primary()
      const plane = stage.controls[(kills >> 2) % stage.controls.length]
      if (kills % 4 === 3 && plane !== undefined) {
        await plane.kill('SIGKILL')
        await plane.start()
      } else {
        await primary.kill('SIGKILL')
        await primary.start()
      }
    }
    return performance.now()
  },
  async check(stage) {
    const running = edits
    if (running === null) throw new Error('nobody was editing')
    await running.next(40_000)
    await running.stop()
    return `${kills} kills, ${await demandKept(stage, running.confirmed)}`
  },
}
