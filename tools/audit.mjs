// Front door: `npm run audit`: asks the registry for known weaknesses of the packages that a plane runs with.
// Not a scanner of our own code. Invariant: it never says that there are none unless the registry answered: no answer is
// exit 69 and "not audited" (0 with --report, for machines that reach no registry: the words are the same), weaknesses of
// level high or critical are exit 1. Refused: a list kept here, which grows old.
import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const unavailableExit = 69
const levels = ['critical', 'high', 'moderate', 'low']

/**
 * What npm's answer amounts to.
 * @param {string} text the JSON that `npm audit --json` printed
 * @returns {{ exitCode: number, sentence: string }}
 */
export function judgeAudit(text) {
  /** @type {any} */
  let answer = null
  try {
    answer = JSON.parse(text)
  } catch {
    answer = null
  }
  const counts = answer?.metadata?.vulnerabilities
  if (typeof counts !== 'object' || counts === null || typeof counts.high !== 'number')
    return {
      exitCode: unavailableExit,
      sentence: `not audited: the registry did not answer${answer?.message === undefined ? '' : ` (${String(answer.message).split(' - ')[0]})`}`,
    }
  const found = levels.map((level) => `${counts[level] || 0} ${level}`).join(', ')
  const bad = counts.high > 0 || counts.critical > 0
  return { exitCode: bad ? 1 : 0, sentence: `audited: ${found}` }
}

const isEntry =
  Boolean(process.argv[1]) && realpathSync(process.argv[1] || '') === fileURLToPath(import.meta.url)
if (isEntry) {
  const asked = spawnSync(
    'npm',
    ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=10000'],
    {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
      timeout: 60_000,
    },
  )
  const { exitCode, sentence } = judgeAudit(asked.stdout || '')
  process.stdout.write(`${sentence}\n`)
  process.exitCode = exitCode === unavailableExit && process.argv[2] === '--report' ? 0 : exitCode
}
