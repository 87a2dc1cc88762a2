/**
 * What passing a request on costs: the gateway with every control on, beside nginx and what people build instead.
 *
 * It compares on one machine and promises nothing about another. Invariant: contenders have one core, the load and the
 * application another; in each round everyone has a turn; a run with a single wrong answer ends it all without a
 * result. A machine of its own for the load was refused: nobody else could repeat it.
 */
import { rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import httpProxy from 'http-proxy/package.json' with { type: 'json' }
import { newRunFolder } from '../test/support/cache-folder.ts'
import { startRedis } from '../test/support/redis.ts'
import { describeMachine, type Machine } from './machine.ts'
import { findProgram, type Program } from './nginx.ts'
import { coreSeconds, holdOurselves, type Pinned, usedSeconds } from './pinned.ts'
import {
  baseName,
  type Contender,
  engineName,
  type Ground,
  oursName,
  startApplication,
  startEngineAlone,
  startOthers,
  startOurs,
} from './proxy-contenders.ts'
import { type IdleFigures, measureIdle } from './proxy-idle.ts'
import { type Place, page, places, shotsOf } from './proxy-practice.ts'
import { runSockets } from './proxy-sockets.ts'
import { type ProxyWish, type Run, type Summary, summarize } from './proxy-summary.ts'
import { faultOf, runWrk, type Shot, type WrkRun, wrkScript } from './wrk.ts'

/** Everything measured. `load`: the machine's own one-minute figure before and after, all of its programs. */
export type ProxyResults = {
  readonly date: string
  readonly machine: Machine
  readonly versions: { readonly nginx: string; readonly wrk: string; readonly 'http-proxy': string }
  readonly rounds: number
  readonly tries: number
  readonly base: string
  readonly load: { readonly before: number; readonly after: number }
  /** `null`: not measured, since too few files may be open at once. */
  readonly idle: IdleFigures | null
  readonly summaries: readonly Summary[]
  readonly runs: readonly Run[]
}

type Scenario = {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly connections: number
  readonly seconds: number
  /** Asked for instead of a page of 1 kB; then only by `few`. */
  readonly place: Place | null
}

/** Those whom the scenarios beside the usual ones are measured with. */
const few: ReadonlySet<string> = new Set([baseName, engineName, oursName])

/** The first has the whole time, the others half of it each. */
const scenariosOf = (seconds: number): readonly Scenario[] => {
  const half = Math.max(1, Math.round(seconds / 2))
  return [
    { name: 'GET, 32 connections', method: 'GET', connections: 32, seconds, place: null },
    { name: 'POST of 4 kB, 32 connections', method: 'POST', connections: 32, seconds: half, place: null },
    { name: 'GET, 1 connection', method: 'GET', connections: 1, seconds: half, place: null },
    { name: 'GET of 64 kB, 32 connections', method: 'GET', connections: 32, seconds: half, place: 'large' },
    { name: 'GET of 1 MB, 8 connections', method: 'GET', connections: 8, seconds: half, place: 'huge' },
    {
      name: 'GET of 64 kB in chunks, 32 connections',
      method: 'GET',
      connections: 32,
      seconds: half,
      place: 'chunks',
    },
    {
      name: 'WebSocket messages, 32 connections',
      method: 'GET',
      connections: 32,
      seconds: half,
      place: 'socket',
    },
  ]
}

const [core, otherCore] = [0, 1]

type Bench = {
  readonly wrk: Program
  readonly folder: string
  readonly wish: ProxyWish
  readonly say: (line: string) => void
}

/** What a contender is asked for: by wrk from a file, by WebSockets as they are. */
type Load = { readonly file: string; readonly shots: readonly Shot[] }

const loadOnce = async (
  wrk: Program,
  { name, connections, seconds, place }: Scenario,
  { file, shots }: Load,
  { url, ...contender }: Contender,
): Promise<Omit<WrkRun, 'bytes' | 'failures'>> => {
  if (place === 'socket') {
    const { messages: requests, ...run } = await runSockets({ url, shots, connections, seconds })
    return { requests, ...run }
  }
  const run = await runWrk(wrk, { url, file, connections, seconds })
  const fault = faultOf(run, place === null ? page.length : places[place].bytes)
  if (fault !== null) throw new Error(`${contender.name}, ${name}: ${fault}`)
  return run
}

const runOnce = async (
  { wrk }: Bench,
  scenario: Scenario,
  load: Load,
  contender: Contender,
): Promise<Omit<Run, 'round'>> => {
  const before = { used: usedSeconds(contender.programs), all: coreSeconds(core) }
  const run = await loadOnce(wrk, scenario, load, contender)
  const used = usedSeconds(contender.programs) - before.used
  const others = Math.max(0, coreSeconds(core) - before.all - used)
  return {
    scenario: scenario.name,
    contender: contender.name,
    perSecond: run.requests / run.seconds,
    p50Us: run.p50Us,
    p99Us: run.p99Us,
    cpuUs: (used * 1e6) / run.requests,
    busy: used / run.seconds,
    others: others / run.seconds,
  }
}

/** Above this share of the core, what others do shows in the rate. */
const othersMost = 0.1

/** A run, tried again while others disturb it; of several the quietest. */
const runQuietly = async (
  bench: Bench,
  scenario: Scenario,
  load: Load,
  contender: Contender,
): Promise<Omit<Run, 'round'>> => {
  let best = await runOnce(bench, scenario, load, contender)
  for (let tries = 1; tries < bench.wish.tries && best.others > othersMost; tries++) {
    const again = await runOnce(bench, scenario, load, contender)
    if (again.others < best.others) best = again
  }
  return best
}

/** Enough for what is compiled while it runs, and how long that may take on a machine where others are at work. */
const warmRequests = 20_000
const warmTriesMost = 8

/** Asks until a contender runs as it will. */
const warmUp = async (wrk: Program, scenario: Scenario, load: Load, contender: Contender): Promise<void> => {
  let done = 0
  for (let tries = 0; tries < warmTriesMost && done < warmRequests; tries++)
    done += (await loadOnce(wrk, scenario, load, contender)).requests
}

/** All rounds of a scenario, after what does not count. Who begins changes from round to round. */
const runScenario = async (
  bench: Bench,
  scenario: Scenario,
  everyone: readonly Contender[],
  cookies: readonly string[],
): Promise<readonly Run[]> => {
  const { rounds } = bench.wish
  const { method, connections, place } = scenario
  const contenders = everyone.filter(({ name }) => place === null || few.has(name))
  const loads = new Map<Contender, Load>()
  for (const [at, contender] of contenders.entries()) {
    const file = join(bench.folder, `${method.toLowerCase()}-${connections}-${place ?? 'page'}-${at}.lua`)
    const shots = shotsOf(method, contender.cookies ?? cookies, place)
    writeFileSync(file, wrkScript(shots))
    loads.set(contender, { file, shots })
  }
  const warm = { ...scenario, seconds: Math.max(1, Math.round(scenario.seconds / 2)) }
  for (const [contender, load] of loads) await warmUp(bench.wrk, warm, load, contender)
  const runs: Run[] = []
  for (let round = 0; round < rounds; round++) {
    bench.say(`${scenario.name}: round ${round + 1} of ${rounds} …`)
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(turn + round) % contenders.length]
      const load = contender === undefined ? undefined : loads.get(contender)
      if (contender !== undefined && load !== undefined)
        runs.push({ ...(await runQuietly(bench, scenario, load, contender)), round: round + 1 })
    }
  }
  return runs
}

const loadNow = (): number => loadavg()[0] ?? Number.NaN

/** Starts everyone; `programs` is filled as they start, so that whoever stops them knows of all. */
const startEveryone = async (ground: Ground, programs: Pinned[]) => {
  const application = await startApplication(ground)
  programs.push(...application.programs)
  const ours = await startOurs(ground, application.port, 'own')
  programs.push(...ours.contender.programs)
  const alone = await startEngineAlone(ground, application.port, ours.cookies)
  programs.push(...alone.programs)
  if (ground.profile !== null) return { cookies: ours.cookies, contenders: [alone, ours.contender] }
  const first = await startOurs(ground, application.port, 'node')
  programs.push(...first.contender.programs)
  const others = await startOthers(ground, application.port, ours.cookies)
  programs.push(...others.flatMap((contender) => contender.programs))
  return { cookies: ours.cookies, contenders: [...others, first.contender, alone, ours.contender] }
}

/** At a gateway that has served nobody. */
const measureIdleOnes = async (
  ground: Ground,
  programs: Pinned[],
  cookies: readonly string[],
): Promise<IdleFigures | null> => {
  const { port, programs: behind } = await startApplication({
    ...ground,
    folder: join(ground.folder, 'idle'),
  })
  programs.push(...behind)
  const fresh = await startEngineAlone({ ...ground, folder: join(ground.folder, 'idle') }, port, cookies)
  programs.push(...fresh.programs)
  const [[program], [shot]] = [fresh.programs, shotsOf('GET', cookies)]
  if (program === undefined || shot === undefined) throw new Error('invariant: somebody asks for something')
  return measureIdle(program, fresh.url, shot, page.length)
}

/**
 * Measures everything: some six minutes with 5 rounds of 3 s. `date` is written down as handed in. With a profile wished
 * for, only the gateway runs, and `null` is answered. Rejects where fewer than two cores or no Linux is there, where
 * a program is missing, and when any answer is wrong.
 */
export const benchProxy = async (
  date: string,
  wish: ProxyWish,
  say: (line: string) => void,
): Promise<ProxyResults | null> => {
  if (cpus().length < 2) throw new Error('two cores are needed: one for the proxies, one for the load')
  const [nginx, wrk] = [await findProgram('nginx'), await findProgram('wrk')]
  const before = loadNow()
  holdOurselves(otherCore)
  const folder = newRunFolder('bench')
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const redis = await startRedis()
  const programs: Pinned[] = []
  try {
    say('starting everyone, trying every control …')
    const ground = { core, otherCore, folder, redisUrl: redis.url, nginx, profile: wish.profile }
    const { cookies, contenders } = await startEveryone(ground, programs)
    const runs: Run[] = []
    for (const scenario of scenariosOf(wish.seconds))
      runs.push(...(await runScenario({ wrk, folder, wish, say }, scenario, contenders, cookies)))
    if (wish.profile !== null) return null
    say('idle connections …')
    const idle = await measureIdleOnes(ground, programs, cookies)
    return {
      date,
      machine: describeMachine(),
      versions: { nginx: nginx.version, wrk: wrk.version, 'http-proxy': httpProxy.version },
      rounds: wish.rounds,
      tries: wish.tries,
      base: baseName,
      load: { before, after: loadNow() },
      idle,
      summaries: summarize(runs, baseName),
      runs,
    }
  } finally {
    for (const program of programs.toReversed()) await program.stop()
    await redis.stop()
  }
}
