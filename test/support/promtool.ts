/**
 * Prometheus's own checker: from PATH or, on Debian, from its package unpacked under .cache.
 *
 * It starts no server. Invariant: what it prints on failure is what the test shows.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { cachePath } from './cache-folder.ts'
import { fetchDebianPackages } from './debian-packages.ts'

/** Runs `promtool ARGS…`, `input` on its standard input; answers whether it was content, and its words. */
export type Promtool = (
  args: readonly string[],
  options?: { readonly cwd?: string; readonly input?: string },
) => { readonly ok: boolean; readonly said: string }

/** Finds the program. */
export const findPromtool = async (): Promise<Promtool> => {
  let command = 'promtool'
  if (spawnSync(command, ['--version']).error !== undefined) {
    const folder = cachePath('prometheus', process.arch)
    await fetchDebianPackages({ purpose: 'promtool', packages: ['prometheus'], folder })
    command = join(folder, 'usr', 'bin', 'promtool')
  }
  return (args, { cwd, input } = {}) => {
    const done = spawnSync(command, args, { encoding: 'utf8', cwd, input, timeout: 60_000 })
    return { ok: done.status === 0, said: done.error?.message ?? `${done.stdout}${done.stderr}` }
  }
}
