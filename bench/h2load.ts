/**
 * h2load: requests by HTTP/1.1 or HTTP/2, with or without TLS, as fast as they are answered, and what came of it.
 *
 * A closed loop, as wrk is. Invariant: a run in which one request failed, was answered with anything but 2xx, or brought
 * fewer bytes than the page is an error, not a figure. The program comes from PATH or, on Debian, from a package unpacked
 * under .cache. wrk was refused here: it speaks no HTTP/2, and two loads are not one comparison.
 */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { cachePath } from '../test/support/cache-folder.ts'
import { fetchDebianPackages, libraryFolders } from '../test/support/debian-packages.ts'
import type { Program } from './nginx.ts'

const packages = ['nghttp2-client', 'libnghttp2-14', 'libev4', 'libc-ares2', 'libjemalloc2', 'libssl3']

const versionOf = (command: string, env: Readonly<Record<string, string>>): string | null => {
  const done = spawnSync(command, ['--version'], { encoding: 'utf8', env: { ...process.env, ...env } })
  return done.error !== undefined || done.status !== 0
    ? null
    : (/\d+\.\d+\.\d+/.exec(done.stdout)?.[0] ?? 'unknown')
}

/** h2load: from PATH, else from Debian (some seconds, once). Throws where neither is to be had. */
export const findH2load = async (): Promise<Program> => {
  const installed = versionOf('h2load', {})
  if (installed !== null) return { command: 'h2load', env: {}, version: installed }
  const folder = cachePath('h2load', process.arch)
  await fetchDebianPackages({ purpose: 'h2load', packages, folder })
  const command = join(folder, 'usr', 'bin', 'h2load')
  const env = { LD_LIBRARY_PATH: libraryFolders(folder).join(':') }
  const version = versionOf(command, env)
  if (version === null) throw new Error('h2load was fetched and does not run')
  return { command, env, version }
}

/** What a run brought. */
export type LoadRun = { readonly requests: number; readonly perSecond: number }

/** How it asks. `streams` at one time on each of `connections`; HTTP/1.1 has one. */
export type LoadPlan = {
  readonly url: string
  readonly isHttp2: boolean
  readonly connections: number
  readonly streams: number
  readonly seconds: number
}

/** The numbers in what h2load said. Throws, with its words, where they are not in it or a request failed. */
export const readH2load = (said: string, bodyBytes: number): LoadRun => {
  const perSecond = Number(/finished in [\d.]+\w+, ([\d.]+) req\/s/.exec(said)?.[1])
  const [, done, succeeded, failed] =
    /requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed/.exec(said) ?? []
  const [, good, ...others] = /status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx/.exec(said) ?? []
  const dataBytes = Number(/\((\d+)\) data/.exec(said)?.[1])
  const requests = Number(succeeded)
  const isWhole =
    requests > 0 &&
    Number(failed) === 0 &&
    done === succeeded &&
    others.every((count) => count === '0') &&
    // Heads that came before the measured time are not among them.
    Number(good) + 64 >= requests &&
    dataBytes >= requests * bodyBytes
  if (!isWhole || !Number.isFinite(perSecond)) throw new Error(`h2load: ${said.slice(-1_200)}`)
  return { requests, perSecond }
}

/** Runs h2load with one thread, on the core that this process is held to. */
export const runH2load = async (program: Program, plan: LoadPlan, bodyBytes: number): Promise<LoadRun> => {
  const { url, isHttp2, connections, streams, seconds } = plan
  const args = [
    '-D',
    `${seconds}`,
    '--warm-up-time',
    '1',
    '-c',
    `${connections}`,
    '-m',
    `${streams}`,
    '-t',
    '1',
  ]
  const child = spawn(program.command, [...args, ...(isHttp2 ? [] : ['--h1']), url], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...program.env },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => {
      said += bytes.toString('utf8')
    })
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject)
  child.once('close', resolve)
  if ((await promise) !== 0) throw new Error(`h2load failed: ${said.slice(-400)}`)
  return readH2load(said, bodyBytes)
}
