/**
 * Where tests keep what they fetched (kept between runs) and what they run in (gone after the run).
 *
 * Not a temporary folder of the system: that may be small, shared or mounted noexec. Invariant: everything lies under
 * .cache in the project, so removing that folder removes every trace.
 */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of package.json. */
export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** A path below .cache; nothing is made. */
export const cachePath = (...parts: readonly string[]): string => join(projectRoot, '.cache', ...parts)

/** Where the data directories of servers under test lie, one folder each. */
export const runsPath = cachePath('runs')

/** A new, empty folder for one server or one test; whoever asked removes it. */
export const newRunFolder = (name: string): string => {
  mkdirSync(runsPath, { recursive: true })
  return mkdtempSync(join(runsPath, `${name}-`))
}
