/**
 * Keeps what a gateway knows up to date: from the hot store while it can be believed, else from the control plane.
 *
 * It judges nobody. Invariant: nothing unsigned and nothing older than what is held is ever taken in; the lease is
 * renewed only from the moment of asking a question that was answered completely; an unseeded store renews nothing.
 * A nudge is only a reason to read: what counts is what was read and verified. Trusting the stream was refused; since
 * a store that is cut off, or that somebody empties of nudges, looks like one in which nothing happens, the control
 * plane is asked for a second opinion now and then.
 */
import type { DurationMs } from '../policies/instant.ts'
import { type ChangeFeed, createChangeFeed, type RecordChange } from '../runtime/change-feed.ts'
import type { Clock } from '../runtime/clock.ts'
import { fault, isFault } from '../runtime/fault.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import type { ControlPlane, SealedRecord } from '../runtime/internal.ts'
import { keys } from '../runtime/keys.ts'
import type { Lease } from '../runtime/lease.ts'
import type { Log } from '../runtime/log.ts'
import type { Verifier } from '../runtime/signing.ts'
import { createCatchUp } from './catch-up.ts'
import { createMarksReader, type Marks, sequenceOf } from './marks.ts'
import { type Sessions, tokenHashOfKey } from './sessions.ts'
import type { Snapshots } from './snapshots.ts'
import type { Watermark } from './watermark.ts'

/** Where knowledge comes from now. `nowhere`: neither source can be had, or none is there. */
export type KnowledgeSource = 'hot-store' | 'control-plane' | 'nowhere'

/** The keeper. */
export type Knowledge = {
  start(): void
  source(): KnowledgeSource
  /** Whether the store was filled completely and is not behind; `false` without one. */
  isSeeded(): boolean
  /** Whether the store answers and may not be believed; one that cannot be reached is not known to be so. */
  isUnseeded(): boolean
  /** Takes in records that came with an answer of the control plane's. */
  apply(records: readonly SealedRecord[]): void
  /**
   * Reads the members of these practices anew, each at most once a second for one user: they were just made a member,
   * and the news is still on its way. Never rejects.
   */
  catchUp(practices: readonly string[], user: string): Promise<void>
  /** The highest sequence that is applied; -1: none. */
  sequence(): number
  /** Resolves once the lease is first alive. */
  known(): Promise<void>
  close(): void
}

/** What it needs. `onSequence`: everything up to it is applied. */
export type KnowledgeParts = {
  readonly gateway: string
  readonly store: HotStore | null
  readonly controlPlane: ControlPlane | null
  readonly verifier: Verifier
  readonly snapshots: Snapshots
  readonly sessions: Sessions
  readonly watermark: Watermark
  readonly lease: Lease
  readonly beatMs: DurationMs
  readonly clock: Clock
  readonly log: Log
  onSequence(sequence: number): void
}

const batchMax = 200
/** How often the control plane says what it published, also while the store is believed. */
const opinionMs: DurationMs = 5_000

type State = {
  readonly parts: KnowledgeParts
  readonly readMarks: (() => Promise<Marks>) | null
  seeded: boolean
  unseeded: boolean
  source: KnowledgeSource
  /** The highest sequence that a signed manifest vouched for and whose content is held. */
  applied: number
  /** Up to which sequence the control plane itself told what changed; -1: nothing yet. */
  told: number
  opinionAt: DurationMs
  first: Promise<void> | null
  /** Everything was loaded at least once. */
  loaded: boolean
  renewedAt: DurationMs
  polling: boolean
  closed: boolean
  readonly waiting: (() => void)[]
}

const applyOne = (state: State, sealed: SealedRecord): boolean => {
  if (tokenHashOfKey(sealed.key) !== null) return state.parts.sessions.apply(sealed) !== null
  const applied = state.parts.snapshots.apply(sealed)
  // A signed policy that does not compile counts as read: the last good one stays.
  return applied !== 'bad' || state.parts.snapshots.version(sealed.key) >= 0
}

const raise = (state: State, sequence: number): void => {
  if (sequence <= state.applied) return
  state.applied = sequence
  state.parts.watermark.raise(sequence)
}

const renewed = (state: State, sentAt: DurationMs, source: KnowledgeSource): void => {
  const { lease, clock } = state.parts
  lease.renew(sentAt)
  state.source = source
  state.renewedAt = clock.monotonic()
  state.parts.onSequence(state.applied)
  if (lease.alive()) for (const resolve of state.waiting.splice(0)) resolve()
}

/** One key from the store, else from the control plane, until it is at least that version; rejects otherwise. */
async function readKey(state: State, key: string, atLeast: number): Promise<void> {
  const { store, controlPlane, snapshots } = state.parts
  const held = (): boolean => snapshots.version(key) >= atLeast
  if (store !== null) {
    const text = await store.read(key).catch(() => null)
    if (text !== null) applyOne(state, { key, text })
    if (held()) return
  }
  const record = controlPlane === null ? null : await controlPlane.record(key)
  if (record !== null && record.key === key) applyOne(state, record)
  if (!held()) throw fault('control-plane', 'garbage', `${key} cannot be had in version ${atLeast}`)
}

/** A nudge. Its sequence is not believed: it is unsigned, and a floor raised by it could never be lowered. */
async function onChange(state: State, { key, version }: RecordChange): Promise<void> {
  const tokenHash = tokenHashOfKey(key)
  if (tokenHash !== null) await state.parts.sessions.nudge(tokenHash, version)
  // A policy may be nudged with the version held: compiled anew, so that its hours reach further.
  else if (isMirrored(key) && (state.parts.snapshots.version(key) < version || key.startsWith('gh:policy:')))
    await readKey(state, key, version)
}

const mirroredForm = /^gh:(?:practices$|canary$|policy:|members:)/
const isMirrored = (key: string): boolean => mirroredForm.test(key)

/** Reads what the table of practices says is newer than what is held. */
async function readMissing(state: State): Promise<void> {
  const { store, snapshots } = state.parts
  for (let missing = snapshots.missing(); missing.length > 0; missing = snapshots.missing()) {
    const batch = missing.slice(0, batchMax)
    const texts = store === null ? [] : await store.readMany(batch).catch(() => [])
    batch.forEach((key, at) => {
      const text = texts[at]
      if (text != null) applyOne(state, { key, text })
    })
    const still = new Set(snapshots.missing())
    const versions = snapshots.practices() ?? {}
    for (const key of batch)
      if (still.has(key)) {
        const [practice, entry] =
          Object.entries(versions).find(([id]) => keys.policy(id) === key || keys.members(id) === key) ?? []
        if (practice !== undefined && entry !== undefined)
          await readKey(state, key, key === keys.policy(practice) ? entry.policy : entry.members)
      }
  }
}

/** Everything from the store; rejects where it cannot be believed or something cannot be had. */
async function loadFromStore(state: State): Promise<void> {
  const marks = await checkMarks(state)
  if (!marks.seeded) throw fault('hot-store', 'garbage', marks.why)
  state.parts.snapshots.apply(marks.practices)
  await readMissing(state)
  await state.parts.sessions.reload()
  raise(state, marks.sequence)
  state.loaded = true
}

async function checkMarks(state: State): Promise<Marks> {
  const marks: Marks =
    state.readMarks === null ? { seeded: false, why: 'there is none' } : await state.readMarks()
  if (state.seeded && !marks.seeded)
    state.parts.log.error({ why: marks.why }, 'the hot store is not to be believed')
  if (!state.seeded && marks.seeded)
    state.parts.log.info({ sequence: marks.sequence }, 'the hot store is filled')
  state.seeded = marks.seeded
  state.unseeded = state.readMarks !== null && !marks.seeded
  return marks
}

/** The feed proved that all before `sentAt` is applied: renews, if the store may be believed. */
async function onRenewed(state: State, sentAt: DurationMs): Promise<void> {
  const wasSeeded = state.seeded
  const marks = await checkMarks(state)
  if (!marks.seeded || state.closed) return
  // It was emptied or replaced and filled anew: what was missed meanwhile is in no stream.
  if (!wasSeeded || !state.loaded) await loadFromStore(state)
  else if (marks.sequence > state.applied) {
    state.parts.snapshots.apply(marks.practices)
    await readMissing(state)
    raise(state, marks.sequence)
  }
  await firstOpinion(state)
  if (!state.closed) renewed(state, sentAt, 'hot-store')
}

/** The sequence of a manifest that vouches for the table held, which is read anew where it is another. */
async function sequenceVouched(state: State, manifest: SealedRecord): Promise<number | null> {
  const { verifier, snapshots, controlPlane } = state.parts
  const held = snapshots.practicesText()
  const sequence = held === null ? null : sequenceOf(verifier, manifest, held)
  if (sequence !== null) return sequence
  const practices = await controlPlane?.record(keys.practices)
  if (practices == null || practices.key !== keys.practices) return null
  snapshots.apply(practices)
  return sequenceOf(verifier, manifest, practices.text)
}

/** Takes in all that the control plane published; its manifest, and when the last question was sent. */
async function takeChanges(state: State, controlPlane: ControlPlane) {
  const { clock, gateway } = state.parts
  // What the store vouched for may lack sessions, which its manifest does not cover: from where it was told itself.
  let since = state.loaded ? Math.max(0, state.told < 0 ? state.applied : state.told) : 0
  for (;;) {
    const sentAt = clock.monotonic()
    const changes = await controlPlane.changes(since, gateway)
    for (const record of changes.records) applyOne(state, record)
    if (!changes.more) {
      state.told = changes.sequence
      return { manifest: changes.manifest, sentAt }
    }
    if (changes.sequence <= since) throw fault('control-plane', 'garbage', 'changes do not go on')
    since = changes.sequence
  }
}

/**
 * What the control plane published, while the store is believed. A store that had one opinion's time to bring it and has
 * not is behind: the floor is raised above it, and it is believed no more. At the first opinion it gets no time: nothing
 * was known here that it could be measured by.
 */
async function hearOpinion(state: State, controlPlane: ControlPlane): Promise<void> {
  const before = state.told
  state.opinionAt = state.parts.clock.monotonic()
  const { manifest } = await takeChanges(state, controlPlane)
  await readMissing(state)
  if (before >= 0 && state.applied >= before) return
  const sequence = await sequenceVouched(state, manifest)
  if (sequence !== null) raise(state, sequence)
}

/** Resolves when the first opinion was heard or could not be had; the same for all who wait. */
function firstOpinion(state: State): Promise<void> {
  const { controlPlane, log } = state.parts
  state.first ??=
    controlPlane === null
      ? Promise.resolve()
      : hearOpinion(state, controlPlane).catch((error: unknown) =>
          log.debug({ error }, 'the hot store alone says what is known'),
        )
  return state.first
}

/** Catches up by the control plane's records; renews from the sending of the last question. */
async function poll(state: State, controlPlane: ControlPlane): Promise<void> {
  const { snapshots, watermark } = state.parts
  const { manifest, sentAt } = await takeChanges(state, controlPlane)
  const sequence = await sequenceVouched(state, manifest)
  if (sequence === null || sequence < (watermark.highest() ?? 0))
    throw fault('control-plane', 'garbage', 'its manifest is behind what was seen here')
  await readMissing(state)
  if (snapshots.practices() === null) throw fault('control-plane', 'garbage', 'no table of practices')
  if (!state.loaded) await state.parts.sessions.reload()
  state.loaded = true
  raise(state, sequence)
  if (!state.closed) renewed(state, sentAt, 'control-plane')
}

/**
 * After nudges: reads the marks at once, so that "active everywhere" is said when it is so and not at the next beat.
 * One reading at a time; nudges that come meanwhile ask for one more. It only tells: the floor and the lease need the
 * proof of order that a beat gives, since the manifest may vouch for a change whose nudge is still on its way.
 */
function createTelling(state: State, tell: (error: unknown) => void): (sequence: number) => void {
  let nudged = -1
  let told = -1
  let running = false
  const run = async (): Promise<void> => {
    running = true
    while (told < nudged && !state.closed) {
      // One save's records come together: they are told of together, once all of them are taken in.
      await new Promise(setImmediate)
      const upTo = nudged
      const marks = await checkMarks(state)
      if (!marks.seeded || !state.loaded) break
      state.parts.snapshots.apply(marks.practices)
      await readMissing(state)
      told = upTo
      state.parts.onSequence(Math.min(upTo, marks.sequence))
    }
    running = false
  }
  return (sequence) => {
    nudged = Math.max(nudged, sequence)
    if (running) return
    run().catch((error: unknown) => {
      running = false
      tell(error)
    })
  }
}

/** Whether nothing was heard from the store for longer than one beat and a half. */
const isOverdue = (state: State): boolean =>
  state.parts.clock.monotonic() - state.renewedAt > state.parts.beatMs * 1.5

async function beat(state: State): Promise<void> {
  const { controlPlane, store, clock } = state.parts
  if (state.polling || state.closed || controlPlane === null) return
  const isStoreEnough = store !== null && state.seeded && state.source === 'hot-store' && !isOverdue(state)
  if (isStoreEnough && clock.monotonic() - state.opinionAt < opinionMs) return
  state.polling = true
  try {
    await (isStoreEnough ? hearOpinion : poll)(state, controlPlane)
  } catch (error) {
    if (!state.parts.lease.alive()) state.source = 'nowhere'
    state.parts.log.debug({ error }, 'the control plane could not be asked for changes')
  } finally {
    state.polling = false
  }
}

const newState = (parts: KnowledgeParts): State => {
  const { store, verifier, watermark, clock } = parts
  const marks = { verifier, now: clock.now, floor: () => watermark.highest() }
  return {
    parts,
    readMarks: store === null ? null : createMarksReader({ store, ...marks }),
    seeded: false,
    unseeded: false,
    source: 'nowhere',
    applied: -1,
    told: -1,
    opinionAt: Number.NEGATIVE_INFINITY,
    first: null,
    loaded: false,
    renewedAt: Number.NEGATIVE_INFINITY,
    polling: false,
    closed: false,
    waiting: [],
  }
}

/** A keeper; it knows nothing before `start`. */
export function createKnowledge(parts: KnowledgeParts): Knowledge {
  const { store, clock } = parts
  const state = newState(parts)
  let feed: ChangeFeed | null = null
  let timer: NodeJS.Timeout | null = null
  const catchUpOne = createCatchUp(parts)
  const tell = (error: unknown): void => {
    // Out of reach it is not known to be emptied: the control plane is asked for everything.
    if (isFault(error) && error.source === 'hot-store' && error.kind !== 'garbage') state.unseeded = false
    parts.log.debug({ error }, 'the hot store failed')
  }
  const tellSoon = createTelling(state, tell)

  return {
    start() {
      if (store !== null)
        feed = createChangeFeed({
          store,
          gateway: parts.gateway,
          beatMs: parts.beatMs,
          monotonic: clock.monotonic,
          onChange: async (change) => {
            await onChange(state, change)
            tellSoon(change.sequence)
          },
          onGap: () => loadFromStore(state),
          onRenewed: (sentAt) => void onRenewed(state, sentAt).catch(tell),
          onFault: tell,
        })
      timer = setInterval(() => void beat(state), parts.beatMs)
      // With a store the first word is the store's; it has one beat to say it.
      if (store === null) void beat(state)
    },
    source: () => state.source,
    isSeeded: () => state.seeded,
    isUnseeded: () => state.unseeded,
    apply(records) {
      for (const record of records) applyOne(state, record)
    },
    async catchUp(practices, user) {
      const known = practices.filter((practice) => parts.snapshots.version(keys.policy(practice)) >= 0)
      await Promise.all(known.map((practice) => catchUpOne(practice, user)))
    },
    sequence: () => state.applied,
    known: () =>
      parts.lease.alive() ? Promise.resolve() : new Promise((resolve) => state.waiting.push(resolve)),
    close() {
      state.closed = true
      feed?.close()
      if (timer !== null) clearInterval(timer)
    },
  }
}
