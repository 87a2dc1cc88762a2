/**
 * The database for a command that reads it: the one configured, that of a running `start`, or the embedded one, started
 * for the while.
 *
 * It changes nothing and brings no schema up to date. Invariant: whatever keeps the database from being read ends the
 * command with exit 69 and says what to do; only our own mistakes come out as errors.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openStore, type Store } from '../admin/store/database.ts'
import type { Config } from '../runtime/config.ts'
import { isFault } from '../runtime/fault.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { exitCodes, isStop, stopWith } from './exit-codes.ts'
import { announcedDatabase } from './running-start.ts'

/** PostgreSQL's "there is no such table" and "no such column". */
const olderSchema: readonly unknown[] = ['42P01', '42703']

const stopOf = (error: unknown): unknown => {
  if (isStop(error)) return error
  if (isFault(error))
    return stopWith(
      exitCodes.unavailable,
      `gatehouse: the database cannot be read (${error.message}).`,
      'Check database.url (DATABASE_URL) and that PostgreSQL runs; nothing was changed.',
    )
  if (error instanceof Error && 'code' in error && olderSchema.includes(error.code))
    return stopWith(
      exitCodes.unavailable,
      'gatehouse: this database has the schema of an older version.',
      'Start the control plane of this version once: it brings the schema up to date.',
    )
  return error
}

const withUrl = async <T>(config: Config, read: (url: string) => Promise<T>): Promise<T> => {
  const known = config.database.url ?? announcedDatabase(config.dataDir)
  if (known !== null) return read(known)
  const dataDir = join(config.dataDir, 'postgres')
  if (!existsSync(dataDir))
    throw stopWith(
      exitCodes.unavailable,
      `gatehouse: there is no database: ${dataDir} does not exist and DATABASE_URL is not set.`,
    )
  const database = await startEmbeddedPostgres({ dataDir, log: () => undefined })
  try {
    return await read(database.url)
  } finally {
    await database.stop()
  }
}

/** What `read` makes of the database; a `Stop` (exit 69) where it cannot be had or is of an older version. */
export const withDatabase = async <T>(config: Config, read: (store: Store) => Promise<T>): Promise<T> => {
  try {
    return await withUrl(config, async (url) => {
      const store = openStore({ url, poolMax: 2 })
      try {
        return await read(store)
      } finally {
        await store.close()
      }
    })
  } catch (error) {
    throw stopOf(error)
  }
}
