/**
 * A real Prometheus for a test: scrapes what it is told, evaluates our own rules, answers queries; on loopback.
 *
 * Not promtool (`promtool.ts`), which checks files and starts nothing. Invariant: it is ended with its folder, whatever
 * the test does. Scrapes and rules come several times a second, so that rates have two samples soon.
 */
import { spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cachePath, newRunFolder, projectRoot } from './cache-folder.ts'
import { freePort } from './free-port.ts'
import { findPromtool } from './promtool.ts'

/** One series of an answer. */
export type Series = {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: readonly [number, string]
  readonly values?: readonly (readonly [number, string])[]
}

/** A running Prometheus. */
export type PrometheusServer = {
  /** The series of an instant query; throws with Prometheus's own words. */
  ask(query: string): Promise<readonly Series[]>
  /** The series of the last so many seconds, a point a second. */
  askRange(query: string, seconds: number): Promise<readonly Series[]>
  close(): Promise<void>
}

const often = '250ms'

const configOf = (jobs: Readonly<Record<string, readonly string[]>>, rules: string): string =>
  JSON.stringify({
    global: { scrape_interval: often, evaluation_interval: often },
    rule_files: [rules],
    scrape_configs: Object.entries(jobs).map(([job_name, targets]) => ({
      ...{ job_name, static_configs: [{ targets }] },
    })),
  })

const valuesOf = async (response: Response): Promise<readonly Series[]> => {
  const said = (await response.json()) as {
    readonly status: string
    readonly error?: string
    readonly data?: { readonly result: readonly Series[] }
  }
  if (said.status !== 'success') throw new Error(said.error)
  return said.data?.result ?? []
}

/** Starts one that scrapes `jobs` (host:port by the names that rules and dashboards use). */
export const startPrometheus = async (
  jobs: Readonly<Record<string, readonly string[]>>,
): Promise<PrometheusServer> => {
  // Brings the package where PATH has none.
  await findPromtool()
  const folder = newRunFolder('prometheus')
  const rules = readFileSync(join(projectRoot, 'deploy/prometheus/gatehouse-rules.yml'), 'utf8')
  writeFileSync(join(folder, 'rules.yml'), rules.replaceAll('interval: 30s', `interval: ${often}`))
  writeFileSync(join(folder, 'prometheus.yml'), configOf(jobs, 'rules.yml'))
  const port = await freePort()
  const words = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ]
  const kept = join(cachePath('prometheus', process.arch), 'usr', 'bin')
  const child = spawn('prometheus', words, {
    env: { ...process.env, PATH: `${process.env['PATH']}:${kept}` },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr?.on('data', (chunk) => {
    said += String(chunk)
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const origin = `http://127.0.0.1:${port}`
  const close = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  for (const deadline = performance.now() + 20_000; ; ) {
    const ready = await fetch(`${origin}/-/ready`).catch(() => null)
    if (ready?.ok === true) break
    if (child.exitCode !== null || performance.now() > deadline) {
      await close()
      throw new Error(`Prometheus did not start: ${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    ask: async (query) => valuesOf(await fetch(`${origin}/api/v1/query?query=${encodeURIComponent(query)}`)),
    askRange: async (query, seconds) => {
      const now = Date.now() / 1_000
      const span = `start=${now - seconds}&end=${now}&step=1`
      return valuesOf(await fetch(`${origin}/api/v1/query_range?query=${encodeURIComponent(query)}&${span}`))
    },
    close,
  }
}
