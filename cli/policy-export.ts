/**
 * `gatehouse policy export`: a practice's newest policy as YAML on standard output, to keep, review and apply again.
 *
 * It reads and changes nothing, and knows no other form than `policy-file.ts`'s. Applying what it printed changes
 * nothing. Standard output only: where the file belongs is the shell's business.
 */
import { readPolicy } from '../admin/store/practices.ts'
import type { CommandLine } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { policyText } from './policy-file.ts'
import { withDatabase } from './reached-database.ts'
import { readSettings } from './settings.ts'

/** Exit 0 with the file's text (or the saved policy as JSON); 1 where there is no such practice, 69 without a database. */
export const exportPolicy = async (line: CommandLine): Promise<number> => {
  const practice = line.practice ?? ''
  const config = await readSettings(line)
  const saved = await withDatabase(config, (store) => store.read((rows) => readPolicy(rows, practice)))
  if (saved === null) throw stopWith(exitCodes.failed, `gatehouse: there is no practice "${practice}".`)
  process.stdout.write(line.json ? `${JSON.stringify({ ok: true, ...saved })}\n` : policyText(saved))
  return exitCodes.ok
}
