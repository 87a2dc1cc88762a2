/**
 * `gatehouse policy test`: the cases of a practice, asked of the policy in a file, for a pipeline to run before a save.
 *
 * No database, no network, no clock: the configuration gives the routes, the two files the rest. Invariant: exit 0 only
 * where every case holds, and at least one was asked. The cases stand beside the policy (`riverside.yaml`,
 * `riverside.cases.yaml`); one file for both was refused: an export would overwrite what officers wrote.
 */
import type { CommandLine } from './command-line.ts'
import { exitCodes } from './exit-codes.ts'
import { type CaseResult, runCases } from './policy-case-run.ts'
import { type PolicyCase, type ReadCases, readCases } from './policy-cases.ts'
import { problemsStop, readPolicyFile, readText } from './policy-file.ts'
import { readSettings } from './settings.ts'

const casesBeside = (file: string): string => file.replace(/(?:\.ya?ml)?$/, '.cases.yaml')

const askedText = ({ title, who, role, asks, from, at }: PolicyCase): string => {
  const request = `${who ?? `somebody with the role ${role}`} asks ${asks} from ${from} at ${at}`
  return title === undefined ? request : `${title}: ${request}`
}

const failedLines = (asked: PolicyCase, result: CaseResult, line: string): readonly string[] => [
  `FAILED  ${line}: ${askedText(asked)}`,
  ...result.differences.map((difference) => `        ${difference}`),
  ...(result.refusals.length === 0
    ? ['        Every control lets this pass.']
    : result.refusals.map(({ mode, sentence }) => {
        const note = mode === 'enforce' ? '' : mode === 'monitor' ? ' (monitored only)' : ' (switched off)'
        return `        - ${sentence}${note}`
      })),
  ...(result.cures.length === 0 ? [] : ['        What would allow it:']),
  ...result.cures.map((cure) => `        - ${cure}`),
]

const report = ({ file, lines }: ReadCases, results: readonly CaseResult[]): readonly string[] => {
  const failed = results.filter(({ holds }) => !holds).length
  return [
    ...file.cases.flatMap((asked, at) => {
      const result = results[at]
      return result === undefined || result.holds ? [] : failedLines(asked, result, lines[at] ?? '')
    }),
    failed === 0 ? `All ${results.length} cases hold.` : `${failed} of ${results.length} cases do not hold.`,
  ]
}

/** Exit 0: every case holds; 1: one does not; 78: the policy, the cases or the configuration have Problems. */
export const testPolicy = async (line: CommandLine): Promise<number> => {
  const { upstreams } = await readSettings(line)
  const policy = line.file ?? ''
  // Whether a document has Problems does not depend on the time.
  const { document } = readPolicyFile(policy, 0, line.json)
  const casesFile = line.cases ?? casesBeside(policy)
  const read = readCases(
    readText(casesFile, line.json),
    document,
    upstreams.map(({ id }) => id),
  )
  if (!read.ok) throw problemsStop(casesFile, read.problems, line.json)
  const results = runCases(read.value.file, document, upstreams)
  const ok = results.every(({ holds }) => holds)
  const told = results.map((result, at) => ({
    line: read.value.lines[at],
    ...read.value.file.cases[at],
    ...result,
  }))
  process.stdout.write(
    line.json
      ? `${JSON.stringify({ ok, cases: told.length, results: told })}\n`
      : `${report(read.value, results).join('\n')}\n`,
  )
  return ok ? exitCodes.ok : exitCodes.failed
}
