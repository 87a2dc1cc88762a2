/**
 * The settings a command runs with: the file named or the demo's, the environment, and what the command decides
 * itself (free ports, the cluster key it keeps).
 *
 * Problems end the command with exit 78 and one line each. A plane in a child process gets the *effective*
 * configuration as a file of its own, so that both planes cannot disagree about what was said.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Checked, Problem } from '../policies/problem.ts'
import type { Config } from '../runtime/config.ts'
import { loadConfig } from '../runtime/config-load.ts'
import { keepClusterKey } from '../runtime/fleet-seal.ts'
import { logoProblems } from '../runtime/logos.ts'
import type { CommandLine } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'

const demoFile = new URL('demo.yaml', import.meta.url).pathname

const freePorts: Config['listen'] = {
  application: '127.0.0.1:0',
  portal: '127.0.0.1:0',
  admin: '127.0.0.1:0',
  internal: '127.0.0.1:0',
  gatewayMetrics: '127.0.0.1:0',
  adminMetrics: '127.0.0.1:0',
}

const linesOf = (problems: readonly Problem[]): readonly string[] =>
  problems.map(({ path, sentence }) => `  ${path === '' ? '(the whole)' : path}: ${sentence}`)

/** The value, or a `Stop` (exit 78) that lists every problem of `what` with its path. */
export const goodOrStop = <T>(checked: Checked<T>, what: string): T => {
  if (checked.ok) return checked.value
  const count = checked.problems.length === 1 ? 'a problem' : `${checked.problems.length} problems`
  throw stopWith(exitCodes.configuration, `gatehouse: ${what} has ${count}:`, ...linesOf(checked.problems))
}

/** Whether nobody is identified and nothing judged, so that neither store nor control plane is needed. */
export const isPlainProxy = (config: Config): boolean =>
  config.upstreams.every(
    ({ identity, routes }) => identity === null && routes.every((route) => route.class === 'public'),
  )

/** The configuration of a command line as it was found, with every problem. */
export const loadSettings = (line: CommandLine): Checked<Config> =>
  loadConfig({
    file: line.config === null ? demoFile : resolve(line.config),
    environment: process.env,
    overrides: line.ports === 'auto' ? { listen: freePorts } : {},
  })

/** The same as a plane would start with it: what it names besides itself is opened too. */
export const loadPlaneSettings = (line: CommandLine): Checked<Config> => {
  const checked = loadSettings(line)
  const problems = checked.ok ? logoProblems(checked.value) : []
  return problems.length === 0 ? checked : { ok: false, problems }
}

const settled = (checked: Checked<Config>, line: CommandLine): Config => {
  const config = goodOrStop(checked, line.config ?? 'the environment')
  return { ...config, dataDir: resolve(config.dataDir) }
}

/** The configuration of a command line, `dataDir` absolute; or a `Stop` (exit 78). */
export const readSettings = async (line: CommandLine): Promise<Config> => settled(loadSettings(line), line)

/**
 * The same for whoever starts planes. Not for a process that somebody else started with a configuration that was good: a
 * worker that takes another's place must come up although a picture was lost since.
 */
export const readPlaneSettings = async (line: CommandLine): Promise<Config> =>
  settled(loadPlaneSettings(line), line)

/** The configuration with a cluster key: the one given, or one made once and kept under `dataDir`. */
export const withClusterKey = (config: Config): Config => {
  if (config.clusterKey !== null) return config
  return {
    ...config,
    clusterKey: goodOrStop(keepClusterKey(join(config.dataDir, 'cluster-key')), 'the cluster key'),
  }
}

/** Writes the effective configuration for a child process and answers its path. Readable by its owner only. */
export const writeEffectiveConfig = async (config: Config): Promise<string> => {
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  const file = join(config.dataDir, 'effective.yaml')
  await writeFile(file, JSON.stringify(config, null, 1), { mode: 0o600 })
  return file
}
