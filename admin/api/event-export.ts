/**
 * Security events as a file: NDJSON as they stand in the chain, or CSV that a spreadsheet cannot run.
 *
 * Written page by page as the reader takes it, so memory stays the same for ten events and ten million. Invariant:
 * a file that ends well is whole; if the database goes away half-way, the connection breaks instead of ending. A
 * cell that a spreadsheet would calculate starts with an apostrophe (BYPASSES 26).
 */
import { csvLine } from '../csv.ts'
import type { Store } from '../store/database.ts'
import { type EventFilter, type ListedEvent, listEvents } from '../store/events.ts'

/** The formats offered. */
export type ExportFormat = 'ndjson' | 'csv'

const pageEvents = 500

const columns: readonly (readonly [string, (event: ListedEvent) => unknown])[] = [
  ['number', ({ seq }) => seq],
  ['at', ({ at }) => new Date(at).toISOString()],
  ['type', ({ action }) => action],
  ['actor', ({ actor }) => actor.name],
  ['actor id', ({ actor }) => actor.id],
  ['origin', ({ origin }) => origin],
  ['target', ({ target }) => target?.name],
  ['target id', ({ target }) => target?.id],
  ['before', ({ before }) => before],
  ['after', ({ after }) => after],
  ['reason', ({ reason }) => reason],
  ['revision', ({ policyVersion }) => policyVersion],
  ['address', ({ address }) => address],
  ['request', ({ requestId }) => requestId],
  ['hash', ({ hash }) => hash],
]

const writeEvent: Readonly<Record<ExportFormat, (event: ListedEvent) => string>> = {
  ndjson: (event) => `${JSON.stringify(event)}\n`,
  csv: (event) => csvLine(columns.map(([, read]) => read(event))),
}

/**
 * The events that pass `filter`, numbers up to `last`, oldest first, as a stream of UTF-8. The next page (500) is read
 * only when the one before was taken; `onPage` is told of each.
 */
export function exportEvents(
  store: Store,
  filter: EventFilter,
  format: ExportFormat,
  last: number,
  onPage: (events: number) => void = () => undefined,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let after = 0
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (format === 'csv') controller.enqueue(encoder.encode(csvLine(columns.map(([name]) => name))))
      },
      async pull(controller) {
        const page = await store.read((rows) => listEvents(rows, filter, { after, countMax: pageEvents }))
        const events = page.filter(({ seq }) => seq <= last)
        if (events.length > 0) controller.enqueue(encoder.encode(events.map(writeEvent[format]).join('')))
        onPage(events.length)
        after = events.at(-1)?.seq ?? last
        if (page.length < pageEvents || events.length < page.length) controller.close()
      },
    },
    { highWaterMark: 1 },
  )
}
