/**
 * The mirror of gateway sessions: what is known here of each companion token's hash, bounded.
 *
 * The record is the control plane's, signed; a mirror never invents one and judges nobody. Invariant: a version
 * never goes back, and a read is thrown away if an event for its key came since it began. Reads of one key are one
 * flight; "no such session" is believed for a second at most. Asking the store on every request was refused: it
 * would put Redis on the hot path.
 */
import type { DurationMs } from '../policies/instant.ts'
import type { Clock } from '../runtime/clock.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import type { ControlPlane, SealedRecord } from '../runtime/internal.ts'
import { keys } from '../runtime/keys.ts'
import { type SessionEnd, type SessionRecord, sessionRecordSchema } from '../runtime/records.ts'
import { openRecord, type Verifier } from '../runtime/signing.ts'
import { type BoundedMap, createBoundedMap } from './bounded-map.ts'

/** A session as mirrored. Mutable parts are this gateway's own observations. */
export type MirroredSession = {
  readonly tokenHash: string
  record: SessionRecord
  version: number
  /** The last user traffic known here, from whichever gateway. */
  lastSeenAt: number
  /** Monotonic instants of the last write and read of `gh:seen`; -Infinity: never. */
  seenWrittenAt: number
  seenReadAt: number
  /** Whether something long-lived was forwarded for it, so that "seen" elsewhere matters here. */
  streams: boolean
  /** The last minted headers for the application, and what they were minted for. */
  assertion: { readonly of: string; readonly headers: readonly string[] } | null
}

/** What a lookup answers; `unavailable`: neither store nor control plane could say. */
export type SessionLookup = MirroredSession | 'absent' | 'unavailable'

/** The mirror. */
export type Sessions = {
  /** What is known without asking; `null`: ask `load`. */
  known(tokenHash: string): MirroredSession | 'absent' | null
  /** Known, or read from store or control plane. Never rejects. */
  load(tokenHash: string): Promise<SessionLookup>
  /** Takes a signed record in; the mirrored session, `null` for a record that is none (bad signature, bad form). */
  apply(sealed: SealedRecord): MirroredSession | null
  /** An event said that this key has this version: a flight is thrown away, the session is read anew. */
  nudge(tokenHash: string, version: number): Promise<void>
  /** Ends a session here at once, before the control plane has said so. */
  endHere(tokenHash: string, why: SessionEnd): void
  /** Reads everything mirrored anew: events may have been missed. Resolves when done. Never rejects. */
  reload(): Promise<void>
  /** Those mirrored that something long-lived belongs to. */
  streaming(): readonly MirroredSession[]
  readonly size: number
}

/** What the mirror needs. `trusted`: whether the store was filled completely, so that its silence means "none". */
export type SessionsParts = {
  readonly store: HotStore | null
  readonly controlPlane: ControlPlane | null
  readonly verifier: Verifier
  readonly clock: Clock
  readonly sessionsMax: number
  trusted(): boolean
  /** Told of each new state of a session that was known, or that an event told of. */
  onChange(session: MirroredSession): void
  /** Told of a text under a session's key that is no record of it. */
  onBad(key: string): void
}

const absentMs: DurationMs = 1_000
const absentMax = 20_000
const reloadBatch = 200

const sessionKeyForm = /^gh:session:\{([A-Za-z0-9_-]{43})\}$/

/** The token hash of a session's key; `null` for any other key. */
export const tokenHashOfKey = (key: string): string | null => sessionKeyForm.exec(key)?.[1] ?? null

type Read = SealedRecord | 'absent' | 'unavailable'

async function readAnywhere(parts: SessionsParts, tokenHash: string, atLeast: number): Promise<Read> {
  const key = keys.session(tokenHash)
  const { store, controlPlane } = parts
  let silence: Read = 'unavailable'
  if (store !== null) {
    try {
      const [text, seeded] = await store.readMany([key, keys.seeded])
      if (text != null) {
        const opened = openRecord(parts.verifier, key, text, sessionRecordSchema)
        if (opened !== null && opened.version >= atLeast) return { key, text }
        if (opened === null) parts.onBad(key)
      } else if (seeded != null && parts.trusted() && atLeast === 0) silence = 'absent'
    } catch {
      // The control plane is asked instead.
    }
  }
  // A session opened a moment ago through another gateway may not have reached the store: its silence is asked about.
  if (controlPlane === null) return silence
  try {
    return (await controlPlane.record(key)) ?? 'absent'
  } catch {
    return silence
  }
}

type State = {
  readonly parts: SessionsParts
  readonly mirrored: BoundedMap<string, MirroredSession>
  /** Token hash → until when "no such session" is believed (monotonic). */
  readonly absent: BoundedMap<string, number>
  readonly flights: Map<string, Promise<SessionLookup>>
  /** Token hash → how many events came; only for keys with a flight. */
  readonly events: Map<string, number>
}

const fresh = (tokenHash: string, version: number, record: SessionRecord): MirroredSession => ({
  tokenHash,
  record,
  version,
  lastSeenAt: record.startedAt,
  seenWrittenAt: Number.NEGATIVE_INFINITY,
  seenReadAt: Number.NEGATIVE_INFINITY,
  streams: false,
  assertion: null,
})

function put({ mirrored, absent, parts }: State, tokenHash: string, version: number, record: SessionRecord) {
  absent.delete(tokenHash)
  const held = mirrored.peek(tokenHash)
  if (held === undefined) {
    const session = fresh(tokenHash, version, record)
    mirrored.set(tokenHash, session)
    return session
  }
  if (version <= held.version) return held
  // What has ended stays ended, also where only this gateway knows so yet.
  const { ended } = held.record
  held.record = ended !== null && record.ended === null ? { ...record, ended } : record
  held.version = version
  held.assertion = null
  parts.onChange(held)
  return held
}

function apply(state: State, sealed: SealedRecord): MirroredSession | null {
  const tokenHash = tokenHashOfKey(sealed.key)
  const opened = openRecord(state.parts.verifier, sealed.key, sealed.text, sessionRecordSchema)
  if (tokenHash === null || opened === null) {
    state.parts.onBad(sealed.key)
    return null
  }
  return put(state, tokenHash, opened.version, opened.value)
}

async function fly(state: State, tokenHash: string, atLeast: number): Promise<SessionLookup> {
  const { events, mirrored, absent, parts } = state
  for (let tries = 0; tries < 3; tries += 1) {
    const before = events.get(tokenHash) ?? 0
    const read = await readAnywhere(parts, tokenHash, atLeast)
    // What was read may be older than what the event told of.
    if ((events.get(tokenHash) ?? 0) !== before) continue
    if (read === 'unavailable') return read
    if (read !== 'absent') return apply(state, read) ?? 'unavailable'
    absent.set(tokenHash, parts.clock.monotonic() + absentMs)
    return mirrored.peek(tokenHash) ?? read
  }
  return 'unavailable'
}

function flyOnce(state: State, tokenHash: string, atLeast: number): Promise<SessionLookup> {
  const under = state.flights.get(tokenHash)
  if (under !== undefined) return under
  const flight = fly(state, tokenHash, atLeast).finally(() => {
    state.flights.delete(tokenHash)
    state.events.delete(tokenHash)
  })
  state.flights.set(tokenHash, flight)
  return flight
}

function lookUp({ mirrored, absent, parts }: State, tokenHash: string): MirroredSession | 'absent' | null {
  const session = mirrored.get(tokenHash)
  if (session !== undefined) return session
  const until = absent.peek(tokenHash)
  return until !== undefined && until > parts.clock.monotonic() ? 'absent' : null
}

async function heedEvent(state: State, tokenHash: string, version: number): Promise<void> {
  const { absent, flights, events, mirrored } = state
  const isHeld = (): boolean => (mirrored.peek(tokenHash)?.version ?? -1) >= version
  absent.delete(tokenHash)
  if (flights.has(tokenHash)) events.set(tokenHash, (events.get(tokenHash) ?? 0) + 1)
  if (isHeld()) return
  await flights.get(tokenHash)
  // Read even if it is not mirrored: an open stream may outlive its session's place here.
  if (isHeld()) return
  const wasMirrored = mirrored.peek(tokenHash) !== undefined
  const read = await flyOnce(state, tokenHash, version)
  if (!wasMirrored && typeof read === 'object') state.parts.onChange(read)
}

/** A mirror, empty. */
export function createSessions(parts: SessionsParts): Sessions {
  const state: State = {
    parts,
    mirrored: createBoundedMap(parts.sessionsMax),
    absent: createBoundedMap(absentMax),
    flights: new Map(),
    events: new Map(),
  }
  const { mirrored, absent } = state
  return {
    known: (tokenHash) => lookUp(state, tokenHash),
    load: async (tokenHash) => lookUp(state, tokenHash) ?? flyOnce(state, tokenHash, 0),
    apply: (sealed) => apply(state, sealed),
    nudge: (tokenHash, version) => heedEvent(state, tokenHash, version),
    endHere(tokenHash, why) {
      const held = mirrored.peek(tokenHash)
      if (held === undefined || held.record.ended !== null) return
      held.record = { ...held.record, ended: { at: parts.clock.now(), why } }
      held.assertion = null
      parts.onChange(held)
    },
    async reload() {
      absent.clear()
      const all = [...mirrored.entries()].map(([tokenHash]) => tokenHash)
      for (let from = 0; from < all.length; from += reloadBatch)
        await Promise.all(
          all.slice(from, from + reloadBatch).map((tokenHash) => flyOnce(state, tokenHash, 0)),
        )
    },
    streaming: () => [...mirrored.values()].filter((session) => session.streams),
    get size() {
      return mirrored.size
    },
  }
}
