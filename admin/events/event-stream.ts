/**
 * Security events, and the signed checkpoints of their chains, sent to a machine elsewhere: in order, at least once.
 *
 * Where to is configuration; in which form is the sink's (`event-sinks.ts`). Invariant: one control plane sends on a stream
 * at a time, and the cursor moves only once the receiver has taken it, so that an outage of either side delays and loses
 * nothing. Sending from the transaction of the change was refused: a slow SIEM would hold up the practice.
 */
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Log } from '../../runtime/log.ts'
import type { Store } from '../store/database.ts'
import {
  findCheckpointUpTo,
  keepStream,
  leaseStream,
  listWaiting,
  moveStream,
  releaseStream,
  type Waiting,
} from '../store/event-streams.ts'
import { gatewayChain, listEvents } from '../store/events.ts'
import type { EventStream } from './event-sinks.ts'

/** What sending works with. */
export type StreamParts = {
  readonly store: Store
  readonly now: () => Instant
  readonly log: Log
  readonly streams: readonly EventStream[]
}

const eventsMax = 100
/** Longer than one message may take. */
const leaseMs: DurationMs = 30_000
/** A round ends after so long, so that a practice with a backlog does not make others wait for ever. */
const messagesMax = 200

type Sent = { readonly events: number; readonly error: string | null; readonly more: boolean }

/** Sends the next events of one chain, and the newest checkpoint among them. */
async function sendNext(parts: StreamParts, stream: EventStream, waiting: Waiting): Promise<Sent> {
  const { store, now } = parts
  const { practice, seq, checkpointSeq } = waiting
  const events = await store.read((rows) =>
    listEvents(
      rows,
      { practice: practice === gatewayChain ? null : practice },
      { after: seq, countMax: eventsMax },
    ),
  )
  const last = events.at(-1)?.seq ?? seq
  const checkpoint = await store.read((rows) => findCheckpointUpTo(rows, practice, checkpointSeq, last))
  if (events.length === 0 && checkpoint === null) return { events: 0, error: null, more: false }
  const id = `${stream.name}_${practice}_${seq + 1}_${last}_${checkpoint?.seq ?? 0}`
  const { outcome, answer } = await stream.send({ id, practice, events, checkpoint }, now())
  if (outcome !== 'delivered') return { events: 0, error: answer, more: false }
  const moved = { practice, seq: last, checkpointSeq: checkpoint?.seq ?? checkpointSeq }
  await store.read((rows) => moveStream(rows, stream.name, moved, now()))
  return { events: events.length, error: null, more: events.length === eventsMax }
}

async function sendStream(parts: StreamParts, stream: EventStream): Promise<number> {
  const { store, now, log } = parts
  if (!(await leaseStream(store, stream.name, now(), leaseMs))) return 0
  let [events, messages] = [0, 0]
  let error: string | null = null
  try {
    for (let isMore = true; isMore && error === null && messages < messagesMax; ) {
      isMore = false
      for (const waiting of await store.read((rows) => listWaiting(rows, stream.name, stream.practices))) {
        await store.read((rows) => keepStream(rows, stream.name, now() + leaseMs))
        const sent = await sendNext(parts, stream, waiting)
        messages += 1
        events += sent.events
        isMore ||= sent.more
        error = sent.error
        if (error !== null || messages >= messagesMax) break
      }
    }
  } finally {
    const failures = await releaseStream(store, stream.name, now(), error)
    if (failures === 1)
      log.warn({ stream: stream.name, answer: error }, 'events are not taken: tried again, nothing is lost')
  }
  return events
}

/** Sends what waits on every stream; answers how many events were taken. Rejects with a `Fault` of the database. */
export async function sendEvents(parts: StreamParts): Promise<number> {
  let events = 0
  for (const stream of parts.streams) events += await sendStream(parts, stream)
  return events
}
