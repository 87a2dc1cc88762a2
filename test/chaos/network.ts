/**
 * A network of its own for a rehearsal: the same program again in a network namespace, where addresses can be cut off and nothing of
 * it reaches the machine's own.
 *
 * Nothing is cut off here. Invariant: the machine's own network is never changed; where it lets nobody open a namespace the rehearsal
 * goes on without, and faults that need one say so.
 */
import { spawnSync } from 'node:child_process'

const mark = 'CHAOS_IN_ITS_OWN_NETWORK'

/** Whether this process is in a network of its own. */
export const isApart = (): boolean => process.env[mark] === '1'

/** Root needs no user namespace, in which PostgreSQL could not be another user than root. */
const words = process.getuid?.() === 0 ? ['--net'] : ['--user', '--map-root-user', '--net']

/** Runs this program again in a network of its own; its exit code, `null`: already there, or not on this machine. */
export const runApart = (): number | null => {
  if (isApart() || process.platform !== 'linux') return null
  const up = ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh']
  if (spawnSync('unshare', [...words, '--', ...up, 'true'], { stdio: 'ignore' }).status !== 0) return null
  const again = [process.execPath, ...process.argv.slice(1)]
  const env = { ...process.env, [mark]: '1' }
  return spawnSync('unshare', [...words, '--', ...up, ...again], { env, stdio: 'inherit' }).status ?? 1
}
