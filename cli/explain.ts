/**
 * `gatehouse explain CODE`: the refusal behind a reference code, replayed from what was recorded and the stored policy.
 *
 * It reads and changes nothing, decides nothing of its own and works as `audit verify` does: beside a running `start`,
 * on DATABASE_URL, or with nothing running. Invariant: a replay that contradicts its record ends with exit 1.
 */
import { replayRefusal } from '../admin/replay.ts'
import { replayLines } from '../admin/replay-text.ts'
import type { Instant } from '../policies/instant.ts'
import type { CommandLine } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { withDatabase } from './reached-database.ts'
import { readSettings } from './settings.ts'

const nothingUnder = (code: string): readonly string[] => [
  `gatehouse: no refusal is kept under ${code}.`,
  'Check the letters. Gateways report within a few seconds, so a new code may be about to arrive; refusals are kept for',
  'some 90 days; and what a gateway could not report is in its log alone: look there for "reference" with this code.',
]

/**
 * Exit 0 when the replay agrees with the record, or there is nothing to hold against it; 1 when they differ or nothing is
 * kept under the code; 69 when the database cannot be had.
 */
export const explainCode = async (line: CommandLine, now: () => Instant): Promise<number> => {
  const { code } = line
  if (code === null) throw stopWith(exitCodes.usage, 'gatehouse explain: name the reference code.')
  const config = await readSettings(line)
  const replay = await withDatabase(config, (store) =>
    store.read((rows) => replayRefusal(rows, code, now(), 'operator')),
  )
  if (replay === null) throw stopWith(exitCodes.failed, ...nothingUnder(code))
  const ok = replay.agreement !== 'differs'
  const text = line.json ? JSON.stringify({ ok, ...replay }) : replayLines(replay).join('\n')
  process.stdout.write(`${text}\n`)
  return ok ? exitCodes.ok : exitCodes.failed
}
