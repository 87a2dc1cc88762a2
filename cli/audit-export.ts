/**
 * `gatehouse audit export`: a practice's security events as NDJSON or CSV, to standard output or a file.
 *
 * It writes what `admin/api/event-export.ts` makes, no faster than it is taken. That the log was taken away is an event,
 * written before the first line. Invariant: a file appears only when it is whole; until then it has another name.
 */
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type ExportFormat, exportEvents } from '../admin/api/event-export.ts'
import { eventOf } from '../admin/deed.ts'
import type { Store } from '../admin/store/database.ts'
import { appendEvent, type EventFilter, gatewayChain } from '../admin/store/events.ts'
import type { Instant } from '../policies/instant.ts'
import { type CommandLine, typedIn } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { operatorDeed } from './policy-operator.ts'
import { withDatabase } from './reached-database.ts'
import { readSettings } from './settings.ts'

const wrong = (sentence: string) => stopWith(exitCodes.usage, `gatehouse audit export: ${sentence}`)

const formatIn = (line: CommandLine): ExportFormat => {
  const format = typedIn(line, 'format') ?? 'ndjson'
  if (format !== 'ndjson' && format !== 'csv') throw wrong(`--format takes ndjson or csv, not "${format}".`)
  return format
}

/** A day (its first instant, UTC) or an instant, as RFC 3339 writes them. */
const instantIn = (line: CommandLine, option: 'from' | 'to'): Instant | undefined => {
  const text = typedIn(line, option)
  if (text === undefined) return undefined
  const at = /^\d{4}-\d{2}-\d{2}(T[0-9:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isFinite(at)) throw wrong(`--${option} takes a date such as 2026-03-01, not "${text}".`)
  return at
}

const filterIn = (line: CommandLine): EventFilter => ({
  practice: line.practice === gatewayChain ? null : line.practice,
  from: instantIn(line, 'from'),
  to: instantIn(line, 'to'),
  type: typedIn(line, 'type'),
  actor: typedIn(line, 'actor'),
  target: typedIn(line, 'target'),
})

const isBrokenPipe = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'EPIPE'

async function writeTo(stream: Readable, out: string | undefined): Promise<void> {
  if (out === undefined) return pipeline(stream, process.stdout, { end: false })
  const unfinished = `${out}.unfinished`
  try {
    await pipeline(stream, createWriteStream(unfinished, { mode: 0o600, flush: true }))
    await rename(unfinished, out)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}

const exportFrom = async (store: Store, line: CommandLine, at: Instant) => {
  const filter = filterIn(line)
  const format = formatIn(line)
  const practice = line.practice ?? gatewayChain
  const known = await store.read((rows) =>
    rows.selectFrom('event_head').select('seq').where('practice', '=', practice).executeTakeFirst(),
  )
  if (known === undefined)
    throw stopWith(exitCodes.failed, `gatehouse: there are no events of a practice "${practice}".`)
  const { practice: _chain, ...asked } = filter
  const { seq } = await store.transaction((tx) =>
    appendEvent(tx, {
      ...eventOf(operatorDeed(at, null)),
      practice: filter.practice,
      action: 'events.exported',
      target: null,
      before: null,
      after: { format, ...asked },
    }),
  )
  let events = 0
  const stream = exportEvents(store, filter, format, seq, (count) => {
    events += count
  })
  await writeTo(Readable.fromWeb(stream), typedIn(line, 'out'))
  return { practice, format, events, last: seq }
}

/**
 * Exit 0 with everything written (or when the reader had enough), 1 where there is no such practice, 64 for options
 * that are wrong, 69 without a database. `--json` needs `--out` and tells how many events went where.
 */
export const exportAudit = async (line: CommandLine, now: () => Instant): Promise<number> => {
  const out = typedIn(line, 'out')
  if (line.json && out === undefined) throw wrong('--json tells about a file: name one with --out FILE.')
  filterIn(line)
  formatIn(line)
  const config = await readSettings(line)
  try {
    const told = await withDatabase(config, (store) => exportFrom(store, line, now()))
    if (line.json) process.stdout.write(`${JSON.stringify({ ok: true, ...told, file: out })}\n`)
  } catch (error) {
    if (!isBrokenPipe(error)) throw error
  }
  return exitCodes.ok
}
