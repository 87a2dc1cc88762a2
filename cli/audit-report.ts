/**
 * `gatehouse audit report`: who had access in a month and what they did with it, as CSV or JSON, for the compliance file.
 *
 * It counts nothing itself (`admin/access-report.ts` does). That a report was made is an event. A report of a month that
 * is not over yet was not refused: it says what is known until now.
 */
import { writeFile } from 'node:fs/promises'
import { accessReportCsv, readAccessReport } from '../admin/access-report.ts'
import { eventOf } from '../admin/deed.ts'
import { appendEvent } from '../admin/store/events.ts'
import type { Instant } from '../policies/instant.ts'
import { type CommandLine, typedIn } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { operatorDeed } from './policy-operator.ts'
import { withDatabase } from './reached-database.ts'
import { readSettings } from './settings.ts'

/** Exit 0 with the report, 1 where there is no such practice, 64 for a month that is none, 69 without a database. */
export const reportAccess = async (line: CommandLine, now: () => Instant): Promise<number> => {
  const month = typedIn(line, 'month') ?? ''
  const user = typedIn(line, 'user') ?? null
  const out = typedIn(line, 'out')
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month))
    throw stopWith(
      exitCodes.usage,
      `gatehouse audit report: --month takes a month such as 2026-03, not "${month}".`,
    )
  const practice = line.practice ?? ''
  const config = await readSettings(line)
  const report = await withDatabase(config, async (store) => {
    const made = await store.read((rows) => readAccessReport(rows, { practice, month, user }, now()))
    if (made !== null)
      await store.transaction((tx) =>
        appendEvent(tx, {
          ...eventOf(operatorDeed(now(), null)),
          ...{ practice, action: 'access-report.made', target: null, before: null, after: { month, user } },
        }),
      )
    return made
  })
  if (report === null) throw stopWith(exitCodes.failed, `gatehouse: there is no practice "${practice}".`)
  const text = line.json ? `${JSON.stringify({ ok: true, ...report })}\n` : accessReportCsv(report)
  if (out === undefined) process.stdout.write(text)
  else await writeFile(out, text, { mode: 0o600 })
  return exitCodes.ok
}
