/**
 * The mirror of gateway sessions: what is known here of each companion token's hash, bounded.
 *
 * The record is the control plane's, signed; a mirror never invents one and judges nobody. Invariant: a version
 * never goes back; a read is thrown away if an event for its key came since it began; a session of which an event told
 * something newer than could be read is in doubt, and nobody is let in by it. Which version is the newest the store
 * cannot prove, so at first sight the control plane is asked, and the store only while that cannot be had. Reads of
 * one key are one flight; "no such session" is believed for a second. Asking on every request was refused.
 */
import type { Member } from '../policies/access-request.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { PolicySnapshot } from '../policies/snapshot.ts'
import type { Clock } from '../runtime/clock.ts'
import { fault } from '../runtime/fault.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import type { ControlPlane, SealedRecord } from '../runtime/internal.ts'
import { keys } from '../runtime/keys.ts'
import { type SessionEnd, type SessionRecord, sessionRecordSchema } from '../runtime/records.ts'
import { openRecord, type Verifier } from '../runtime/signing.ts'
import { type BoundedMap, createBoundedMap } from './bounded-map.ts'
import type { Changes } from './exchange.ts'

/** Headers for the application, with what they were minted from, and until when they are sent. */
export type Minted = {
  readonly until: Instant
  readonly member: Member
  readonly snapshot: PolicySnapshot | null
  readonly record: SessionRecord
  /** One practice, which is named with the roles there. */
  readonly resolved: boolean
  readonly accompanied: boolean
  readonly changes: Changes
}

/** A session as mirrored. Mutable parts are this gateway's own observations. */
export type MirroredSession = {
  readonly tokenHash: string
  record: SessionRecord
  version: number
  /** The newest version that an event told of; above `version`: in doubt until it can be read. */
  wanted: number
  /** The last user traffic known here, from whichever gateway. */
  lastSeenAt: number
  /** Monotonic instants of the last write and read of `gh:seen`; -Infinity: never. */
  seenWrittenAt: number
  seenReadAt: number
  /** Whether something long-lived was forwarded for it, so that "seen" elsewhere matters here. */
  streams: boolean
  /** The last minted headers for the application, as changes, and what they were minted for. */
  assertion: Minted | null
}

/** What a lookup answers; `unavailable`: neither store nor control plane could say. */
export type SessionLookup = MirroredSession | 'absent' | 'unavailable'

/** The mirror. */
export type Sessions = {
  /** What is known without asking, and not in doubt; `null`: ask `load`. */
  known(tokenHash: string): MirroredSession | 'absent' | null
  /** Known, or read from store or control plane. Never rejects. */
  load(tokenHash: string): Promise<SessionLookup>
  /** Takes a signed record in; the mirrored session, `null` for a record that is none (bad signature, bad form). */
  apply(sealed: SealedRecord): MirroredSession | null
  /** An event said that this key has this version: a flight is thrown away, the session is read anew. */
  nudge(tokenHash: string, version: number): Promise<void>
  /** Looks for something newer of which no event has come yet; finding nothing puts nothing in doubt. Never rejects. */
  look(session: MirroredSession): Promise<void>
  /** Ends a session here at once, before the control plane has said so. */
  endHere(tokenHash: string, why: SessionEnd): void
  /** Reads everything mirrored anew: events may have been missed. Rejects while nobody can be asked. */
  reload(): Promise<void>
  /** Those mirrored that something long-lived belongs to. */
  streaming(): readonly MirroredSession[]
  readonly size: number
}

/** What the mirror needs. */
export type SessionsParts = {
  readonly store: HotStore | null
  readonly controlPlane: ControlPlane | null
  readonly verifier: Verifier
  readonly clock: Clock
  readonly sessionsMax: number
  /** Whether the store is filled completely and not behind, by what was known and by its manifest read just now. */
  trusts(manifestText: string): boolean
  /** Told of each new state of a session that was known, or that an event told of. */
  onChange(session: MirroredSession): void
  /** Told of a text under a session's key that is no record of it. */
  onBad(key: string): void
}

const absentMs: DurationMs = 1_000
const absentMax = 20_000
/** How long a control plane that failed is not asked about sessions: who comes next shall not wait for it too. */
const restMs: DurationMs = 2_000
const reloadBatch = 200

const sessionKeyForm = /^gh:session:\{([A-Za-z0-9_-]{43})\}$/

/** The token hash of a session's key; `null` for any other key. */
export const tokenHashOfKey = (key: string): string | null => sessionKeyForm.exec(key)?.[1] ?? null

/** `unavailable`: what answered was of no use; `unreachable`: nothing answered. */
type Read = SealedRecord | 'absent' | 'unavailable' | 'unreachable'

/** Whether a session is known to have changed, and not how. */
const isDoubtful = ({ wanted, version }: MirroredSession): boolean => wanted > version

/**
 * The store's word on a session in at least that version. Of one never heard of (0) it counts, as does its silence, only
 * while the store is to be believed: an isolated old one would show sessions that have ended since.
 */
async function readStore(parts: SessionsParts, key: string, atLeast: number): Promise<Read> {
  const { store } = parts
  if (store === null) return 'unreachable'
  const texts = await store.readMany([key, keys.seeded, keys.manifest]).catch(() => null)
  if (texts === null) return 'unreachable'
  const [text, seeded, manifest] = texts
  if (atLeast === 0 && (seeded == null || manifest == null || !parts.trusts(manifest))) return 'unavailable'
  if (text == null) return atLeast === 0 ? 'absent' : 'unavailable'
  const opened = openRecord(parts.verifier, key, text, sessionRecordSchema)
  if (opened === null) parts.onBad(key)
  return opened !== null && opened.version >= atLeast ? { key, text } : 'unavailable'
}

/** The control plane's word, which is the newest there is; after a failure it has a rest. */
async function askControlPlane(state: State, key: string): Promise<Read> {
  const { controlPlane, clock } = state.parts
  if (controlPlane === null || clock.monotonic() < state.restsUntil) return 'unreachable'
  try {
    return (await controlPlane.record(key)) ?? 'absent'
  } catch {
    state.restsUntil = clock.monotonic() + restMs
    return 'unreachable'
  }
}

/** A session never heard of: from the control plane first. One that an event told of: from the store first. */
async function readAnywhere(state: State, tokenHash: string, atLeast: number): Promise<Read> {
  const key = keys.session(tokenHash)
  const first = atLeast === 0 ? await askControlPlane(state, key) : await readStore(state.parts, key, atLeast)
  if (first !== 'unreachable' && first !== 'unavailable') return first
  const second = atLeast === 0 ? await readStore(state.parts, key, 0) : await askControlPlane(state, key)
  return second === 'unreachable' ? first : second
}

type State = {
  readonly parts: SessionsParts
  readonly mirrored: BoundedMap<string, MirroredSession>
  /** Token hash → until when "no such session" is believed (monotonic). */
  readonly absent: BoundedMap<string, number>
  readonly flights: Map<string, Promise<SessionLookup | 'unreachable'>>
  /** Token hash → how many events came; only for keys with a flight. */
  readonly events: Map<string, number>
  /** Until when the control plane is not asked (monotonic). */
  restsUntil: number
}

const fresh = (tokenHash: string, version: number, record: SessionRecord): MirroredSession => ({
  tokenHash,
  record,
  version,
  wanted: version,
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

/**
 * It has changed, and how cannot be read (it may be of a newer version of Gatehouse): what is held of it may let in
 * somebody who has been ended since. The next request asks for it anew.
 */
function doubt({ mirrored, parts }: State, tokenHash: string): void {
  const held = mirrored.peek(tokenHash)
  if (held === undefined || isDoubtful(held)) return
  held.wanted = held.version + 1
  parts.onChange(held)
}

function apply(state: State, sealed: SealedRecord): MirroredSession | null {
  const tokenHash = tokenHashOfKey(sealed.key)
  const opened = openRecord(state.parts.verifier, sealed.key, sealed.text, sessionRecordSchema)
  if (tokenHash === null || opened === null) {
    state.parts.onBad(sealed.key)
    if (tokenHash !== null) doubt(state, tokenHash)
    return null
  }
  return put(state, tokenHash, opened.version, opened.value)
}

async function fly(state: State, tokenHash: string, atLeast: number): Promise<SessionLookup | 'unreachable'> {
  const { events, mirrored, absent, parts } = state
  for (let tries = 0; tries < 3; tries += 1) {
    const before = events.get(tokenHash) ?? 0
    const held = mirrored.peek(tokenHash)
    const read = await readAnywhere(
      state,
      tokenHash,
      Math.max(atLeast, held?.version ?? 0, held?.wanted ?? 0),
    )
    // What was read may be older than what the event told of.
    if ((events.get(tokenHash) ?? 0) !== before) continue
    if (read === 'unavailable' || read === 'unreachable') return read
    if (read === 'absent') absent.set(tokenHash, parts.clock.monotonic() + absentMs)
    const session = read === 'absent' ? mirrored.peek(tokenHash) : apply(state, read)
    // Whoever could be asked has said what is the newest, whatever an event claimed.
    if (session != null) session.wanted = session.version
    return session ?? (read === 'absent' ? read : 'unavailable')
  }
  return 'unavailable'
}

function flyOnce(state: State, tokenHash: string, atLeast: number): Promise<SessionLookup | 'unreachable'> {
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
  if (session !== undefined) return isDoubtful(session) ? null : session
  const until = absent.peek(tokenHash)
  return until !== undefined && until > parts.clock.monotonic() ? 'absent' : null
}

async function load(state: State, tokenHash: string): Promise<SessionLookup> {
  const read = lookUp(state, tokenHash) ?? (await flyOnce(state, tokenHash, 0))
  return read === 'unreachable' ? 'unavailable' : read
}

async function heedEvent(state: State, tokenHash: string, version: number): Promise<void> {
  const { absent, flights, events, mirrored, parts } = state
  const isHeld = (): boolean => (mirrored.peek(tokenHash)?.version ?? -1) >= version
  absent.delete(tokenHash)
  if (flights.has(tokenHash)) events.set(tokenHash, (events.get(tokenHash) ?? 0) + 1)
  if (isHeld()) return
  const held = mirrored.peek(tokenHash)
  if (held !== undefined) held.wanted = Math.max(held.wanted, version)
  await flights.get(tokenHash)
  // Read even if it is not mirrored: an open stream may outlive its session's place here.
  if (isHeld()) return
  const read = await flyOnce(state, tokenHash, version)
  if (held === undefined && typeof read === 'object') parts.onChange(read)
  // It has changed and cannot be read: what lives by it may not go on by what it was.
  else if (held !== undefined && isDoubtful(held)) parts.onChange(held)
}

/** Reads these anew; rejects if one of them could be asked nowhere. */
async function reload(state: State): Promise<void> {
  state.absent.clear()
  const all = [...state.mirrored.entries()].map(([tokenHash]) => tokenHash)
  for (let from = 0; from < all.length; from += reloadBatch) {
    const batch = all.slice(from, from + reloadBatch)
    const read = await Promise.all(batch.map((tokenHash) => flyOnce(state, tokenHash, 0)))
    if (read.includes('unreachable')) throw fault('hot-store', 'unreachable', 'sessions cannot be read anew')
  }
}

/** A mirror, empty. */
export function createSessions(parts: SessionsParts): Sessions {
  const state: State = {
    parts,
    mirrored: createBoundedMap(parts.sessionsMax),
    absent: createBoundedMap(absentMax),
    flights: new Map(),
    events: new Map(),
    restsUntil: Number.NEGATIVE_INFINITY,
  }
  const { mirrored } = state
  return {
    known: (tokenHash) => lookUp(state, tokenHash),
    load: (tokenHash) => load(state, tokenHash),
    apply: (sealed) => apply(state, sealed),
    nudge: (tokenHash, version) => heedEvent(state, tokenHash, version),
    look: async ({ tokenHash, version }) => void (await flyOnce(state, tokenHash, version + 1)),
    endHere(tokenHash, why) {
      const held = mirrored.peek(tokenHash)
      if (held === undefined || held.record.ended !== null) return
      held.record = { ...held.record, ended: { at: parts.clock.now(), why } }
      held.assertion = null
      parts.onChange(held)
    },
    reload: () => reload(state),
    streaming: () => [...mirrored.values()].filter((session) => session.streams),
    get size() {
      return mirrored.size
    },
  }
}
