/**
 * How the proofs run: every *.test.ts under test/ in forked processes, three at a time, under the pinned Node.
 *
 * It is not where services start: global-setup only opens a door through which the first test that wants
 * PostgreSQL or a Redis binary has it started, once a run. A run of test/policies starts nothing.
 * Files of one worker share what they import (no isolation): state lives in closures here, and reading the program anew
 * for each of 250 files took longer than many of them. Forks, not threads: a test may send signals and open many sockets
 * without hurting the other worker.
 */
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
    exclude: ['**/node_modules/**', '**/.cache/**', '**/dist/**'],
    pool: 'forks',
    // One more than the cores of a small machine: many tests wait for a program, a browser or a clock.
    maxWorkers: 3,
    isolate: false,
    testTimeout: 40_000,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
    // Programs that tests start begin in half the time where an earlier one has left its compiled code.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, '.cache/compiled') },
    globalSetup: ['test/support/global-setup.ts'],
    restoreMocks: true,
    passWithNoTests: false,
    reporters: ['default'],
  },
})
