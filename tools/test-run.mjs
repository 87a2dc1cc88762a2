// `npm test`: the check, then vitest under the chosen Node, then one closing line that a machine can read.
// Not a test runner: vitest finds, runs and reports; its words go straight to our own streams.
// Invariant: the closing line counts what vitest recorded, and never says "0 failed" when anything failed,
// be it a step of the check, a file that did not load, or vitest itself.
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runCheck } from './check-steps.mjs'
import { projectRoot } from './install.mjs'
import { readyNode, runNode } from './launch.mjs'

/** A test that spins without awaiting outlives vitest's own limits; the run must end and say so. */
const runLimitMs = 30 * 60_000

/**
 * @typedef {{ status: string, assertionResults: { status: string }[] }} FileRecord
 * @typedef {{ numPassedTests: number, numFailedTests: number, testResults: FileRecord[] }} RunRecord
 */

/**
 * How many passed and failed. A file that failed without a failed test in it (it did not load) counts as one failure.
 * @param {RunRecord | null} record vitest's JSON report; null when it wrote none
 * @param {number} exitCode of vitest
 * @param {number} failedSteps of the check
 * @returns {{ passed: number, failed: number }}
 */
export function countRun(record, exitCode, failedSteps) {
  const broken = (record?.testResults ?? []).filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
  const failed = (record?.numFailedTests ?? 0) + broken
  const atLeast = exitCode === 0 ? 0 : 1
  return { passed: record?.numPassedTests ?? 0, failed: Math.max(failed, atLeast) + failedSteps }
}

/** @param {string} path @returns {RunRecord | null} */
function readRecord(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null
  }
}

/**
 * Runs the check (only without arguments) and the tests; prints the closing line; resolves with the exit code.
 * @param {readonly string[]} args handed to `vitest run`, such as "test/policies" or "-t address"
 * @returns {Promise<number>}
 */
export async function runTests(args) {
  const node = readyNode()
  const results = args.length === 0 ? await runCheck({ withTidy: false }) : []
  mkdirSync(join(projectRoot, '.cache'), { recursive: true })
  const report = join(projectRoot, '.cache', `vitest-${process.pid}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const vitest = join(projectRoot, 'node_modules/vitest/vitest.mjs')
  const vitestArgs = [vitest, 'run', '--root', projectRoot, ...reporters, ...args]
  const exitCode = await runNode(node, vitestArgs, { limitMs: runLimitMs })
  const { passed, failed } = countRun(
    readRecord(report),
    exitCode,
    results.filter((result) => !result.passed).length,
  )
  rmSync(report, { force: true })
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
  return failed === 0 ? 0 : 1
}
