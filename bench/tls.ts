/**
 * What TLS and HTTP/2 cost a gateway, beside nginx that does the same: HTTP/1.1 plain, over TLS, and HTTP/2.
 *
 * The protocols alone: all routes are public. Invariant: contenders have one core, the load and the application another;
 * they take turns in each round; the same certificate, the same number of requests under way. Requests a second are
 * the machine's of that day; processor time a request is what can be compared.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { newRunFolder } from '../test/support/cache-folder.ts'
import { selfSigned } from '../test/support/certificates.ts'
import { freePort } from '../test/support/free-port.ts'
import { findH2load, runH2load } from './h2load.ts'
import { describeMachine, spreadOf } from './machine.ts'
import { findProgram, type Program, plainProxy, startNginx, wholeSetup } from './nginx.ts'
import { holdOurselves, type Pinned, startPinned, usedSeconds } from './pinned.ts'

type Scenario = {
  readonly name: string
  readonly isTls: boolean
  readonly isHttp2: boolean
  readonly path: string
}

const bodyBytes = { '/small': 1_024, '/large': 65_536 } as const
const isPath = (path: string): path is keyof typeof bodyBytes => path in bodyBytes
const scenarios: readonly Scenario[] = [
  { name: 'HTTP/1.1, 1 kB', isTls: false, isHttp2: false, path: '/small' },
  { name: 'HTTP/1.1 over TLS, 1 kB', isTls: true, isHttp2: false, path: '/small' },
  { name: 'HTTP/2, 1 kB', isTls: true, isHttp2: true, path: '/small' },
  { name: 'HTTP/1.1 over TLS, 64 kB', isTls: true, isHttp2: false, path: '/large' },
  { name: 'HTTP/2, 64 kB', isTls: true, isHttp2: true, path: '/large' },
]

type Contender = {
  readonly name: 'nginx' | 'gateway'
  readonly ports: readonly [plain: number, tls: number]
  readonly programs: readonly Pinned[]
}
type Run = {
  readonly scenario: string
  readonly contender: string
  readonly perSecond: number
  readonly cpuUs: number
}

const [core, otherCore] = [0, 1]
const [rounds, seconds] = [3, 3]

type Ground = {
  readonly folder: string
  readonly nginx: Program
  readonly files: readonly [certificate: string, key: string]
}

const answers = async (port: number): Promise<void> => {
  const end = performance.now() + 15_000
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/small`).catch(() => null)
    if ((await answer?.text())?.length === bodyBytes['/small']) return
    if (performance.now() > end) throw new Error(`no page from port ${port} within 15 s`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const startApplication = async ({ folder, nginx }: Ground): Promise<readonly [number, Pinned]> => {
  const port = await freePort()
  const pages = join(folder, 'pages')
  mkdirSync(pages, { recursive: true })
  for (const [path, size] of Object.entries(bodyBytes)) writeFileSync(join(pages, path), 'x'.repeat(size))
  const server = `  server { listen 127.0.0.1:${port}; root ${pages}; open_file_cache max=9; sendfile on; tcp_nopush on; }`
  const program = startNginx(nginx, join(folder, 'application'), wholeSetup(server), otherCore)
  await answers(port)
  return [port, program]
}

const startBare = async ({ folder, nginx, files }: Ground, application: number): Promise<Contender> => {
  const ports = [await freePort(), await freePort()] as const
  const [certificate, key] = files
  const secured = `listen 127.0.0.1:${ports[1]} ssl http2; ssl_certificate ${certificate}; ssl_certificate_key ${key}; http2_max_concurrent_streams 100;`
  const setup = plainProxy(`listen 127.0.0.1:${ports[0]}; ${secured}`, application)
  const program = startNginx(nginx, join(folder, 'bare'), setup, core)
  await answers(ports[0])
  return { name: 'nginx', ports, programs: [program] }
}

const startGateways = async ({ folder, files }: Ground, application: number): Promise<Contender> => {
  const ports = [await freePort(), await freePort()] as const
  const file = fileURLToPath(new URL('tls-gateway.ts', import.meta.url))
  const start = async (port: number, more: readonly string[]): Promise<Pinned> => {
    const args = [
      file,
      `http://127.0.0.1:${application}`,
      `${port}`,
      join(folder, `gateway-${port}`),
      ...more,
    ]
    const program = startPinned({ core, command: process.execPath, args, ipc: true })
    await new Promise((resolve) => program.child.once('message', resolve))
    return program
  }
  const programs = [await start(ports[0], []), await start(ports[1], files)]
  await answers(ports[0])
  return { name: 'gateway', ports, programs }
}

const measure = async (h2load: Program, scenario: Scenario, contender: Contender): Promise<Run> => {
  const { isTls, isHttp2, path } = scenario
  if (!isPath(path)) throw new Error('invariant: a page that is there')
  const url = `${isTls ? 'https' : 'http'}://127.0.0.1:${contender.ports[isTls ? 1 : 0]}${path}`
  const before = usedSeconds(contender.programs)
  const many = isHttp2 ? { connections: 8, streams: 4 } : { connections: 32, streams: 1 }
  const { requests, perSecond } = await runH2load(h2load, { url, isHttp2, seconds, ...many }, bodyBytes[path])
  // The time of the second before, in which requests pass uncounted, is as much a request's.
  const all = requests + perSecond
  const cpuUs = ((usedSeconds(contender.programs) - before) / all) * 1e6
  return { scenario: scenario.name, contender: contender.name, perSecond, cpuUs }
}

/** Measures; about two minutes. */
export const benchTls = async (date: string, say: (line: string) => void): Promise<string> => {
  holdOurselves(otherCore)
  const [nginx, h2load] = [await findProgram('nginx'), await findH2load()]
  const folder = newRunFolder('bench-tls')
  const own = selfSigned({ names: ['127.0.0.1'] })
  const files = [join(folder, 'own.pem'), join(folder, 'own.key')] as const
  writeFileSync(files[0], own.cert)
  writeFileSync(files[1], own.key)
  const ground = { folder, nginx, files }
  const [port, application] = await startApplication(ground)
  const contenders = [await startBare(ground, port), await startGateways(ground, port)]
  const runs: Run[] = []
  try {
    for (let round = 1; round <= rounds; round++)
      for (const scenario of scenarios)
        for (const contender of contenders) {
          runs.push(await measure(h2load, scenario, contender))
          const { name, perSecond, cpuUs } = { name: contender.name, ...runs.at(-1) }
          say(
            `${round} ${scenario.name} ${name}: ${Math.round(perSecond ?? 0)} a second, ${cpuUs?.toFixed(1)} µs`,
          )
        }
  } finally {
    await Promise.all(
      [application, ...contenders.flatMap(({ programs }) => programs)].map(({ stop }) => stop()),
    )
    rmSync(folder, { recursive: true, force: true })
  }
  return tlsPage(date, { nginx: nginx.version, h2load: h2load.version }, runs)
}

const row = (runs: readonly Run[], { name }: Scenario): string => {
  const of = (contender: Contender['name'], what: 'perSecond' | 'cpuUs') =>
    spreadOf(
      runs.filter((run) => run.scenario === name && run.contender === contender).map((run) => run[what]),
    )
  const [bare, ours] = [of('nginx', 'cpuUs'), of('gateway', 'cpuUs')]
  const rates = [of('nginx', 'perSecond'), of('gateway', 'perSecond')].map(({ median }) => Math.round(median))
  const cpu = [bare, ours].map(
    ({ median, min, max }) => `${median.toFixed(1)} (${min.toFixed(1)}–${max.toFixed(1)})`,
  )
  return `| ${name} | ${cpu.join(' | ')} | ${(bare.median / ours.median).toFixed(2)} | ${rates.join(' | ')} |`
}

const tlsPage = (
  date: string,
  versions: { readonly nginx: string; readonly h2load: string },
  runs: readonly Run[],
): string => {
  const { cpu, cores, platform, node } = describeMachine()
  return [
    '# TLS and HTTP/2',
    '',
    `${date}; ${cpu}, ${cores} cores, ${platform}, Node ${node}; nginx ${versions.nginx}, h2load ${versions.h2load}. The machine was not ours alone.`,
    '',
    'The protocols alone, every route public; 32 requests under way (HTTP/2: 8 connections with 4 streams), ECDSA P-256, connections',
    `kept. ${rounds} rounds in turns; median, least and greatest of processor time a request (µs), which others on the machine disturb`,
    'less than requests a second. `npm run bench tls`.',
    '',
    '| | nginx, µs | the gateway, µs | of nginx | nginx, a second | the gateway, a second |',
    '| --- | --- | --- | --- | --- | --- |',
    ...scenarios.map((scenario) => row(runs, scenario)),
    '',
  ].join('\n')
}
