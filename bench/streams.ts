/**
 * How long thousands of open WebSockets hold up a gateway when what it knows changes.
 *
 * It measures the event loop of a real gateway, in this process; clients and application are in another. Invariant: each
 * change is seen to have done its work (how many sockets are left) before its figure counts. The longest of several
 * quiet spells stands beside each figure, since on a shared machine an idle loop is late too.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { startGateway } from '../gateway/main.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import { createMemoryHotStore } from '../runtime/hot-store-memory.ts'
import { silentLog } from '../runtime/log.ts'
import { createFakeControlPlane } from '../test/support/fake-control-plane.ts'
import { standConfig } from '../test/support/gateway-stand.ts'
import { describeMachine, livingBytes, type Machine } from './machine.ts'
import type { CrowdWish, CrowdWord } from './streams-crowd.ts'

/**
 * One change: the most processor time that the loop's thread took between two turns of a timer of 1 ms; how late the loop
 * was at most and at its 99th percentile; how many sockets were left, and after how long their clients had seen that. All
 * in ms.
 */
export type Stall = {
  readonly name: string
  readonly busyMs: number
  readonly maxMs: number
  readonly p99Ms: number
  readonly left: number
  readonly doneMs: number
}

/** Everything measured. `survivingBytes`: what the gateway's process holds for each open socket. */
export type StreamsResults = {
  readonly date: string
  readonly machine: Machine
  readonly open: number
  readonly bytesEach: number
  readonly stalls: readonly Stall[]
}

const users = 500
const each = 10

const nextWord = (crowd: ChildProcess): Promise<CrowdWord> =>
  new Promise((resolve, reject) => {
    const leave = (): void => reject(new Error('the crowd has left'))
    crowd.once('exit', leave)
    crowd.once('message', (word) => {
      crowd.off('exit', leave)
      resolve(word as CrowdWord)
    })
  })

const startCrowd = async (): Promise<{ readonly crowd: ChildProcess; readonly application: number }> => {
  const crowd = fork(new URL('./streams-crowd.ts', import.meta.url))
  const word = await nextWord(crowd)
  if (!('application' in word)) throw new Error('invariant: the application first')
  return { crowd, application: word.application }
}

const openOf = (word: CrowdWord): number => ('open' in word ? word.open : Number.NaN)

/**
 * The store as the control plane of the tests writes it. From `hold` on nothing reaches the gateway until `release`, so
 * that what the control plane does in this process (compiling, signing) is over before a gateway is measured.
 */
const createHeldStore = (store: HotStore) => {
  let held: (() => Promise<unknown>)[] | null = null
  const later = async (work: () => Promise<unknown>): Promise<void> => {
    if (held === null) await work()
    else held.push(work)
  }
  const writing: HotStore = {
    ...store,
    write: (...wish) => later(() => store.write(...wish)),
    async append(...wish) {
      await later(() => store.append(...wish))
      return '0-0'
    },
  }
  const hold = (): void => {
    held = []
  }
  const release = async (): Promise<void> => {
    const kept = held ?? []
    held = null
    for (const work of kept) await work()
  }
  return { writing, hold, release }
}

const startStand = async (application: number, folder: string) => {
  const clock = { now: () => Date.now(), monotonic: () => performance.now() }
  const store = createMemoryHotStore({ now: clock.now })
  const { writing, ...publishing } = createHeldStore(store)
  const people = Array.from({ length: users }, (_, n) => [
    `u${n}`,
    { user: `usr_u${n}`, roles: { riverside: ['front-desk'] } },
  ])
  const control = createFakeControlPlane({
    now: clock.now,
    store: writing,
    people: Object.fromEntries(people),
  })
  await control.seed()
  const config = standConfig(`http://127.0.0.1:${application}`, folder)
  const { limits } = config.gateway
  const gateway = await startGateway({
    config: {
      ...config,
      gateway: {
        ...config.gateway,
        leaseMs: 5_000,
        beatMs: 500,
        limits: { ...limits, introspectionsInFlightMax: 1_000, introspectionsPerAddressPerSecond: 10_000 },
      },
    },
    ...{ store, controlPlane: control.plane, clock, log: silentLog, id: 'bench' },
  })
  return { control, gateway, store, publishing }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The most processor time of this thread between two turns, until it is stopped: less what others took of the machine. */
const watchTurns = (): (() => number) => {
  let before = process.threadCpuUsage()
  let most = 0
  const timer = setInterval(() => {
    const now = process.threadCpuUsage()
    most = Math.max(most, (now.user + now.system - before.user - before.system) / 1_000)
    before = now
  }, 1)
  return () => {
    clearInterval(timer)
    return most
  }
}

/** How late the loop is while `work` is done, until `isDone`, and for a second after. */
const delayOf = async (work: () => Promise<void>, isDone: () => Promise<boolean>) => {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const stopWatching = watchTurns()
  const startedAt = performance.now()
  await work()
  while (!(await isDone())) {
    if (performance.now() - startedAt > 20_000) throw new Error('the sockets are not cut')
    await pause(10)
  }
  const doneMs = performance.now() - startedAt
  await pause(1_000)
  delay.disable()
  const busyMs = stopWatching()
  // The histogram holds whole intervals: what is more than one is lateness.
  return { busyMs, maxMs: delay.max / 1e6 - 1, p99Ms: delay.percentile(99) / 1e6 - 1, doneMs }
}

type Control = ReturnType<typeof createFakeControlPlane>

const renamed = (control: Control, contact: string): Promise<void> =>
  control.savePolicy('riverside', (document) => ({
    ...document,
    requests: { ...document.requests, contact },
  }))

const listing = (control: Control, mode: 'off' | 'enforce'): Promise<void> =>
  control.savePolicy('riverside', (document) => ({
    ...document,
    controls: { ...document.controls, ip: { ...document.controls.ip, mode } },
    ipEntries: [
      {
        ...{ id: 'elsewhere', range: '192.0.2.0/24', label: 'Elsewhere', audience: 'practice', on: true },
        ...{ expiresAt: null, note: '', createdBy: 'bench', createdAt: 0 },
      },
    ],
  }))

/** Opens the sockets and makes the changes; about half a minute. */
export const benchStreams = async (date: string, say: (line: string) => void): Promise<StreamsResults> => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-streams-'))
  const { crowd, application } = await startCrowd()
  const { control, gateway, store, publishing } = await startStand(application, folder)
  let isOpen = true
  const leave = async (): Promise<void> => {
    if (!isOpen) return
    isOpen = false
    await gateway.close({ graceMs: 10_000, lingerMs: 0 })
  }
  try {
    const before = livingBytes()
    say(`opening ${users * each} sockets …`)
    const port = Number(new URL(gateway.addresses.application).port)
    const crowded = async (): Promise<number> => {
      crowd.send({ port, users, each } satisfies CrowdWish)
      return openOf(await nextWord(crowd))
    }
    const open = await crowded()
    if (open !== users * each) throw new Error(`only ${open} sockets could be opened`)
    const bytesEach = (livingBytes() - before) / open
    const stalls: Stall[] = []
    const measure = async (name: string, work: () => Promise<void>, expected: number): Promise<void> => {
      say(`${name} …`)
      let left = open
      const delay = await delayOf(work, async () => {
        crowd.send('count')
        left = openOf(await nextWord(crowd))
        return left === expected
      })
      stalls.push({ name, ...delay, left })
    }
    const measureChange = async (
      name: string,
      change: () => Promise<void>,
      expected: number,
    ): Promise<void> => {
      publishing.hold()
      await change()
      await measure(name, publishing.release, expected)
    }
    for (const spell of [1, 2, 3]) await measure(`nothing (${spell})`, async () => {}, open)
    for (const time of [1, 2, 3])
      await measureChange(
        `a policy that still permits all (${time})`,
        () => renamed(control, `desk ${time}`),
        open,
      )
    for (const user of [1, 2, 3])
      await measureChange(
        `one person of ${users} revoked (${user})`,
        () => control.revoke('riverside', `usr_u${user}`),
        open - user * each,
      )
    await measureChange('a policy that refuses all', () => listing(control, 'enforce'), 0)
    await listing(control, 'off')
    const second = await crowded()
    // Those of the three people who were revoked stay closed.
    if (second !== (users - 3) * each) throw new Error(`only ${second} sockets could be opened again`)
    await measure('the gateway leaves', leave, 0)
    return { date, machine: describeMachine(), open, bytesEach, stalls }
  } finally {
    crowd.disconnect()
    crowd.kill()
    await leave()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The results as a page to read, the JSON at its end. */
export const streamsPage = (results: StreamsResults): string => {
  const { machine, date, open, bytesEach, stalls } = results
  return [
    '# How long open WebSockets hold up a gateway',
    '',
    `Measured on ${date} by \`npm run bench streams\`: ${machine.cpu}, ${machine.cores} cores, ${machine.platform},`,
    `Node ${machine.node}. The machine was not idle: the spells in which nothing happens show how late the loop is anyway; the`,
    'collection of what opening the sockets left behind falls into one of them.',
    '',
    `${open.toLocaleString('en-US')} sockets of ${users} people through one gateway, ${Math.round(bytesEach / 1_024)} KiB each in its process. How long its event`,
    'loop was busy at most with one turn, in processor time, and how late it was by the watch, while a change arrived, was',
    'verified and applied, and for a second after it (it was compiled and signed before, as in a control plane of its own',
    'process). The gateway that leaves cuts them as one that has lost its knowledge does. Target: 10 ms.',
    '',
    '| | busy at most, ms | late at most, ms | 99 % | sockets left | seen by their clients after, ms |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...stalls.map(
      ({ name, busyMs, maxMs, p99Ms, left, doneMs }) =>
        `| ${name} | ${busyMs.toFixed(1)} | ${maxMs.toFixed(1)} | ${p99Ms.toFixed(1)} | ${left} | ${doneMs.toFixed(0)} |`,
    ),
    '',
    '## As JSON',
    '',
    '```json',
    JSON.stringify(results, null, 2),
    '```',
    '',
  ].join('\n')
}
