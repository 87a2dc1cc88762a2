/**
 * A PostgreSQL whose disk can be full: the embedded one on a small file system in memory, in namespaces of its own.
 *
 * For what a driver fault cannot show: that the server itself fails, and comes back. Invariant: the file system goes with
 * its processes, whatever happens to the test; whoever runs the server starts it again when it falls, as a service's
 * keeper does. Where the machine lets nobody mount inside a user namespace there is none (`null`), and the test says so.
 */
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPostgresBinaries } from '../../cli/postgres-binaries.ts'
import { freePort } from './free-port.ts'

/** A running one. `fill` leaves no byte free; `empty` takes that back. */
export type SmallDiskPostgres = {
  readonly url: string
  fill(): void
  empty(): void
  stop(): Promise<void>
}

const mapped = ['--user', '--map-root-user', '--mount', '--'] as const

const canMount = (): boolean =>
  process.platform === 'linux' &&
  spawnSync('unshare', [...mapped, 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', tmpdir()]).status === 0

/** Arguments: folder, size, initdb, postgres, port. As user 1000 inside: PostgreSQL refuses to run as root. */
const script = `
mount -t tmpfs -o size="$2",mode=0777 tmpfs "$1" || exit 41
user="unshare --user --map-user=1000 --map-group=1000 --"
mkdir "$1/pg"
$user "$3" -D "$1/pg" -U gatehouse -A trust --no-locale -E UTF8 --wal-segsize=1 -N >/dev/null || exit 42
trap 'kill $server; wait $server; exit 0' TERM
while :; do
  $user "$4" -D "$1/pg" -c port="$5" -c listen_addresses=127.0.0.1 -c unix_socket_directories= \\
    -c min_wal_size=8MB -c max_wal_size=16MB -c shared_buffers=16MB -c max_connections=60 -c timezone=UTC &
  server=$!
  wait $server
  sleep 0.2
done
`

/** Starts one of this size; `null`: not on this machine. */
export const startSmallDiskPostgres = async (sizeMb: number): Promise<SmallDiskPostgres | null> => {
  if (!canMount()) return null
  const { initdb, postgres, env } = findPostgresBinaries()
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-small-disk-'))
  const port = await freePort()
  const args = [folder, `${sizeMb}m`, initdb, postgres, String(port)]
  const child = spawn('unshare', [...mapped, 'sh', '-c', script, 'sh', ...args], {
    env: { ...env, PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (part) => {
      said = (said + String(part)).slice(-4_000)
      if (said.includes('ready to accept connections')) resolve()
    })
    child.once('close', (code) => reject(new Error(`PostgreSQL on a small disk ended (${code}): ${said}`)))
  })
  // Its mounts are its own; from outside they are seen through the process.
  const ballast = join(`/proc/${child.pid}/root`, folder, 'ballast')
  return {
    url: `postgresql://gatehouse@127.0.0.1:${port}/postgres`,
    fill() {
      const file = openSync(ballast, 'a')
      for (let size = 1 << 20; size >= 1; size = size >> 1) {
        try {
          for (;;) writeSync(file, Buffer.alloc(size, 1))
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
        }
      }
      // Open it would keep its room when it is removed.
      closeSync(file)
    },
    empty: () => rmSync(ballast, { force: true }),
    async stop() {
      child.kill('SIGTERM')
      await closed
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
