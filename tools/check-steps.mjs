// The steps of `npm run check`, run two at a time; each prints one line with its time, and its words if it failed.
// Not a task runner: the list below is all there is, and no step depends on another.
// Invariant: every step runs even if others fail, and a tool that looked at nothing counts as failed.
// Refused: stopping at the first failure, which turns three findings into three runs.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cruise } from './cruise.mjs'
import { projectRoot } from './install.mjs'
import { outcomeOf, readyNode } from './launch.mjs'

const parallelSteps = 2

/**
 * @typedef {import('./launch.mjs').Outcome} Outcome
 * @typedef {{ name: string, run: (node: string) => Promise<Outcome>, tells?: boolean }} Step tells: its last words are shown
 * @typedef {{ name: string, passed: boolean, words: string, ms: number }} Result
 */

/** @param {string} path below node_modules */
const tool = (path) => join(projectRoot, 'node_modules', path)

/** @param {string} project @returns {Step['run']} */
const types = (project) => (node) =>
  outcomeOf(node, [tool('typescript-native/bin/tsc'), '--pretty', 'false', '-p', project])

/** @type {Step[]} */
const steps = [
  { name: 'types: everything', run: types('tsconfig.json') },
  { name: 'types: policies behind the purity fence', run: types('policies/tsconfig.json') },
  {
    name: 'format and lint (biome)',
    run: (node) =>
      outcomeOf(node, [
        tool('@biomejs/biome/bin/biome'),
        'check',
        '--error-on-warnings',
        '--colors=off',
        '.',
      ]),
  },
  { name: 'import table (dependency-cruiser)', run: cruise },
  {
    name: 'licences of packages',
    run: (node) => outcomeOf(node, [join(projectRoot, 'tools/licences.mjs')]),
    tells: true,
  },
  {
    name: 'known weaknesses of packages',
    run: (node) => outcomeOf(node, [join(projectRoot, 'tools/audit.mjs'), '--report']),
    tells: true,
  },
  { name: 'unused code (knip)', run: (node) => outcomeOf(node, [tool('knip/bin/knip.js'), '--no-progress']) },
]

/** @type {Step} */
const uiTypes = { name: 'types: admin UI', run: types('admin/ui/tsconfig.json') }

/** @type {Step} */
const tidy = {
  name: 'house rules (tidy test)',
  run: (node) => outcomeOf(node, [tool('vitest/vitest.mjs'), 'run', 'test/house/tidy.test.ts']),
}

/** @param {Step} step @param {string} node @returns {Promise<Result>} */
async function timed(step, node) {
  const startedAt = performance.now()
  const outcome = await step.run(node)
  const ms = performance.now() - startedAt
  const mark = outcome.passed ? 'ok    ' : 'FAILED'
  const told = step.tells === true && outcome.passed ? `: ${outcome.words.split('\n').at(-1)}` : ''
  process.stdout.write(`${mark} ${step.name}${told}  ${(ms / 1000).toFixed(1)} s\n`)
  if (!outcome.passed && outcome.words !== '')
    process.stdout.write(`${outcome.words.replace(/^/gm, '       ')}\n`)
  return { name: step.name, ms, ...outcome }
}

/**
 * Runs every step and resolves with all results, in the order of the list.
 * @param {{ withTidy: boolean }} options withTidy: false when all tests run anyway, the tidy test among them
 * @returns {Promise<Result[]>}
 */
export async function runCheck(options) {
  const node = readyNode()
  const hasUi = existsSync(join(projectRoot, 'admin/ui/vite.config.ts'))
  const waiting = [...steps, ...(hasUi ? [uiTypes] : []), ...(options.withTidy ? [tidy] : [])]
  /** @type {Result[]} */
  const results = []
  const worker = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift())
      results.push(await timed(step, node))
  }
  await Promise.all(Array.from({ length: parallelSteps }, worker))
  const failed = results.filter((result) => !result.passed).length
  process.stdout.write(`check: ${results.length - failed} of ${results.length} steps passed\n`)
  return results
}
