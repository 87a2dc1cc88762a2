/**
 * What a test run opens before its first file and closes after its last, in vitest's own process.
 *
 * Not the services themselves: nothing starts until a test knocks, so a pure run costs nothing. Invariant: after a
 * run, no server that it started lives and no folder that it made remains, what a killed run left behind included.
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { isLiving, type ProcessMark } from '../../cli/process-mark.ts'
import { runsPath } from './cache-folder.ts'
import { openPostgresDoor, type PostgresDoor } from './postgres-door.ts'

declare module 'vitest' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: vitest is told by merging into its interface
  interface ProvidedContext {
    /** Where postgres.ts asks for the run's PostgreSQL. */
    readonly postgresDoor: string
  }
}

const dayMs = 86_400_000

let door: PostgresDoor | null = null

const readMarks = (
  path: string,
): { readonly owner: ProcessMark; readonly child: ProcessMark | null } | null => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

/** Ends servers whose test process is gone, and removes their folders; those of other runs still going are left. */
const sweep = (): void => {
  for (const name of existsSync(runsPath) ? readdirSync(runsPath) : []) {
    const folder = join(runsPath, name)
    const claim = readdirSync(folder).find((file) => file.endsWith('-claim.json'))
    const marks = claim === undefined ? null : readMarks(join(folder, claim))
    // Unclaimed: about to be, or a test's own folder; a day later nobody comes back for it.
    if (marks === null && Date.now() - statSync(folder).mtimeMs < dayMs) continue
    if (marks !== null && isLiving(marks.owner)) continue
    if (marks?.child && isLiving(marks.child)) process.kill(marks.child.pid, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Called by vitest before the first test file. */
export const setup = async (project: TestProject): Promise<void> => {
  sweep()
  door = await openPostgresDoor()
  project.provide('postgresDoor', door.url)
}

/** Called by vitest after the last test file. */
export const teardown = async (): Promise<void> => {
  await door?.close()
  sweep()
}
