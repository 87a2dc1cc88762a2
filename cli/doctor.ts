/**
 * `gatehouse doctor`: looks at what usually goes wrong and says what to do about it.
 *
 * It changes nothing. Invariant: exit 1 exactly where something must be put right; what could not be looked at is a
 * warning and never passes for fine.
 */
import type { Instant } from '../policies/instant.ts'
import { type CommandLine, listIn } from './command-line.ts'
import { databaseFindings, type Finding, hostFindings, redisFindings } from './doctor-stores.ts'
import { wayFindings } from './doctor-ways.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { oneLine } from './policy-file.ts'
import { readSettings } from './settings.ts'

const marks = { ok: 'ok  ', warn: 'WARN', fail: 'FAIL' } as const

const linesOf = ({ check, state, what, advice }: Finding): readonly string[] => [
  oneLine(`${marks[state]}  ${check.padEnd(26)}  ${what}`),
  ...(advice === null ? [] : [`${' '.repeat(34)}→ ${oneLine(advice)}`]),
]

/** Exit 0: nothing must be put right; 1: something must; 64: an address that is none; 78: the configuration has Problems. */
export const examine = async (line: CommandLine, now: () => Instant): Promise<number> => {
  const around = listIn(line, 'around')
  const odd = around.find((url) => !/^https?:\/\//.test(url) || !URL.canParse(url))
  if (odd !== undefined)
    throw stopWith(exitCodes.usage, `gatehouse doctor: --around takes http(s) addresses, not "${odd}".`)
  const config = await readSettings(line)
  const found = await Promise.all([
    databaseFindings(config, now),
    redisFindings(config, now),
    hostFindings(config, now),
    wayFindings(config, around, now()),
  ])
  const findings = found.flat()
  const ok = findings.every(({ state }) => state !== 'fail')
  const text = line.json ? JSON.stringify({ ok, findings }) : findings.flatMap(linesOf).join('\n')
  process.stdout.write(`${text}\n`)
  return ok ? exitCodes.ok : exitCodes.failed
}
