// Runs dependency-cruiser over our folders and puts each forbidden edge into one line with its reason.
// Not the import table: that is .dependency-cruiser.cjs.
// Invariant: zero modules read is a failure. With a TypeScript it cannot use, dependency-cruiser reads nothing and passes.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from './install.mjs'
import { outcomeOf } from './launch.mjs'

/** The folders that the import table is about; one that is not there yet is left out. */
const folders = ['policies', 'runtime', 'gateway', 'admin', 'cli', 'demo', 'test', 'bench']

/**
 * @typedef {{ from: string, to: string, rule: { name: string, severity: string } }} Violation
 * @typedef {{ name: string, comment?: string }} Rule
 * @typedef {{ summary: { totalCruised: number, violations: Violation[], ruleSetUsed?: { forbidden?: Rule[] } } }} Report
 */

/**
 * The verdict on a report, with the words to print.
 * @param {Report} report as `depcruise --output-type json` writes it
 * @returns {{ passed: boolean, words: string }}
 */
export function judgeReport({ summary }) {
  if (summary.totalCruised === 0) {
    return { passed: false, words: 'dependency-cruiser read no module at all: is "typescript" still 6.x?' }
  }
  const reasons = new Map(
    (summary.ruleSetUsed?.forbidden ?? []).map((rule) => [rule.name, rule.comment ?? '']),
  )
  const errors = summary.violations.filter((violation) => violation.rule.severity === 'error')
  const words = errors.map(
    ({ from, to, rule }) => `${from} → ${to}: ${rule.name}\n  because ${reasons.get(rule.name)}`,
  )
  return { passed: errors.length === 0, words: words.join('\n') }
}

/**
 * Cruises every folder of ours under the given Node.
 * @param {string} node path of the binary
 * @returns {Promise<{ passed: boolean, words: string }>}
 */
export async function cruise(node) {
  const binary = join(projectRoot, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
  const present = folders.filter((folder) => existsSync(join(projectRoot, folder)))
  const said = await outcomeOf(node, [
    binary,
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'json',
    ...present,
  ])
  try {
    return judgeReport(JSON.parse(said.words))
  } catch {
    return { passed: false, words: said.words }
  }
}
