/**
 * Where a running `start` keeps its embedded PostgreSQL, so that a second command on the same machine can read it.
 *
 * One small file beside the data, readable by its owner, gone when `start` stops. It is a hint: a command that finds
 * none starts PostgreSQL itself, which refuses a directory that a living process uses.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isLiving, markOf, type ProcessMark } from './process-mark.ts'

const fileIn = (dataDir: string): string => join(dataDir, 'running.json')

/** Tells other commands of this machine the database of this process. */
export const announceDatabase = (dataDir: string, databaseUrl: string): void =>
  writeFileSync(fileIn(dataDir), JSON.stringify({ databaseUrl, owner: markOf(process.pid) }), { mode: 0o600 })

/** Takes the announcement back. */
export const withdrawDatabase = (dataDir: string): void => rmSync(fileIn(dataDir), { force: true })

/** The database of a `start` that is running on `dataDir` now; `null` when there is none. */
export const announcedDatabase = (dataDir: string): string | null => {
  try {
    const said = JSON.parse(readFileSync(fileIn(dataDir), 'utf8')) as {
      readonly databaseUrl?: unknown
      readonly owner?: ProcessMark | null
    }
    if (typeof said.databaseUrl !== 'string' || said.owner === undefined || said.owner === null) return null
    return isLiving(said.owner) ? said.databaseUrl : null
  } catch {
    return null
  }
}
