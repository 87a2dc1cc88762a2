/**
 * Every live exchange, judged again when its decision runs out or what it was made from changes, and cut when it
 * may not go on.
 *
 * It decides nothing (a `Standing` does) and touches no socket (a `Live` does). Invariant, "register first, then
 * decide": `reserve` notes the generation of knowledge before the judge runs; `admit` registers and compares in one
 * synchronous step and judges again if a `recheck` came between. After `admit` every recheck finds the exchange. So
 * there is no moment at which a change could slip between deciding and registering. What concerns one user or session
 * is judged again in the same turn; what concerns a practice or all in slices, so that thousands of streams do not hold
 * up everybody else. What is cut whatever it is passes nothing from the same turn on (`hold`), and ends in slices too.
 * Timers per exchange were refused: one sweep over an ordered queue serves them all.
 */
import type { Decision } from '../policies/decision.ts'
import { type DurationMs, type Instant, never } from '../policies/instant.ts'
import { createDeadlineQueue, type Place } from './deadline-queue.ts'
import type { CutReason, Standing } from './exchange.ts'
import { createRoster, type Roster } from './roster.ts'

/**
 * What an exchange is at this moment. `request`: waiting for or sending an ordinary answer; `poll`: has waited for
 * its first byte as only long polls do; `events`: a server-sent event stream.
 */
export type LiveKind = 'request' | 'poll' | 'events' | 'websocket'

/** The kinds, for metrics. */
export const liveKinds = ['request', 'poll', 'events', 'websocket'] as const

/** A live exchange as the engine shows it. `cut` ends both sides at once; neither may throw. */
export type Live = {
  kind(): LiveKind
  /**
   * Takes nothing more from either side from now on, at next to no cost, until the `cut` for the same reason that follows
   * for certain. False, or absent: it cannot, and must be cut at once.
   */
  hold?(reason: CutReason): boolean
  /** `decision`: why it may not go on; `null` where the gateway has a reason of its own. */
  cut(reason: CutReason, decision: Decision | null): void
}

/** A place in the registry, from before the judge runs until the exchange has ended. */
export type Reservation = {
  /**
   * Registers the exchange for good and says whether it may still go on; if not it must be refused and nothing
   * forwarded. `null`: nothing to judge again (public routes), always admitted.
   */
  admit(standing: Standing | null): Admission
  /** The exchange has ended; idempotent. */
  release(): void
}

/** Whether an exchange may go on by what is known now. `decision: null`: the gateway has a reason of its own. */
export type Admission =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly reason: CutReason; readonly decision: Decision | null }

/** Whom a change of knowledge concerns: all parts given must fit; `{}` is everybody. */
export type ChangeScope = {
  readonly user?: string
  readonly practice?: string
  readonly session?: string
}

/** `judged`: all but those of public routes; `streams`: all that would not end by themselves soon. */
export type CutExtent = 'judged' | 'streams' | 'everything'

/** Runs `task` once after `ms`; answers how to call it off. */
export type Schedule = (task: () => void, ms: DurationMs) => () => void

/** The registry. */
export type Exchanges = {
  reserve(live: Live): Reservation
  /**
   * Knowledge changed: judges again all whom it concerns. Where it names a user or a session, at once and synchronously;
   * else in slices, of which the first is at once. What is admitted meanwhile is judged by the new knowledge.
   */
  recheck(scope: ChangeScope): void
  /**
   * Cuts all exchanges of that extent: nothing passes any more when it returns. Those that can be held get to hear of it
   * in slices, but for `everything`, which is not heard of later.
   */
  cutAll(reason: CutReason, extent: CutExtent): void
  counts(): Readonly<Record<LiveKind, number>>
  size(): number
  /** Resolves when none is left. */
  emptied(): Promise<void>
  stop(): void
}

/** What the registry needs. `drainMs`: what requests in flight get at a window's end (SPEC §6). */
export type ExchangesOptions = {
  readonly now: () => Instant
  readonly schedule: Schedule
  readonly sweepMs: DurationMs
  readonly drainMs?: DurationMs
  /** To end a slice by; absent: everything is done in one. */
  readonly monotonic?: () => DurationMs
  /** Told of each cut, for counting. */
  readonly onCut?: (reason: CutReason, kind: LiveKind) => void
  /** Told of what should never happen: a `Standing` or a `Live` that threw. */
  readonly onFault?: (error: unknown) => void
}

/** A live exchange with all that is known of it; a class, as everything that is made for each request. */
class Entry implements Reservation {
  /** Its place in the roster. */
  index = -1
  readonly live: Live
  standing: Standing | null = null
  /** Everything was cut while the judge was still at it: admitted only if public. */
  condemned: CutReason | null = null
  /** It is held, and a slice will cut it for this; `null`: it is not. */
  held: CutReason | null = null
  place: Place<Entry> | null = null
  /** Until when it may still end by itself after its window closed; `null`: not draining. */
  drainUntil: Instant | null = null
  private readonly registry: Registry
  /** The generation of knowledge before the judge was asked. */
  private readonly seen: number

  constructor(registry: Registry, live: Live) {
    this.registry = registry
    this.live = live
    this.seen = registry.generation
  }

  admit(standing: Standing | null): Admission {
    return admit(this.registry, this, standing, this.seen)
  }

  release(): void {
    release(this.registry, this)
  }
}

/** How long one slice may take, with what it leaves to the loop; others wait for as long. */
const sliceMs: DurationMs = 4

/** What a cut leaves to the loop (goodbyes, two sockets closing), as a multiple of what it takes itself. */
const afterCut = 3

/** Draining requests are looked at this often, since one may turn out to be a long poll. */
const drainLookMs = 1_000

const concerns = (standing: Standing, scope: ChangeScope): boolean =>
  (scope.user === undefined || standing.user === null || standing.user === scope.user) &&
  (scope.session === undefined || standing.session === null || standing.session === scope.session) &&
  (scope.practice === undefined ||
    standing.practices.length === 0 ||
    standing.practices.includes(scope.practice))

type Registry = {
  readonly options: ExchangesOptions
  readonly entries: Roster<Entry>
  readonly queue: ReturnType<typeof createDeadlineQueue<Entry>>
  readonly waiting: (() => void)[]
  /** Concerned by a change, and not judged again yet. */
  readonly pending: Set<Entry>
  slicing: boolean
  generation: number
  /** What all cuts have taken. */
  cutMs: DurationMs
}

const release = (registry: Registry, entry: Entry): void => {
  if (!registry.entries.remove(entry)) return
  if (registry.pending.size > 0) registry.pending.delete(entry)
  if (entry.place !== null) registry.queue.remove(entry.place)
  entry.place = null
  if (registry.entries.size === 0) for (const resolve of registry.waiting.splice(0)) resolve()
}

const cut = (registry: Registry, entry: Entry, reason: CutReason, decision: Decision | null): void => {
  const kind = entry.live.kind()
  const { monotonic, onCut, onFault } = registry.options
  const startedAt = monotonic?.() ?? 0
  release(registry, entry)
  try {
    entry.live.cut(reason, decision)
  } catch (error) {
    onFault?.(error)
  }
  onCut?.(reason, kind)
  registry.cutMs += (monotonic?.() ?? 0) - startedAt
}

const lookAgainAt = (registry: Registry, entry: Entry, at: Instant): void => {
  if (entry.place !== null) registry.queue.remove(entry.place)
  entry.place = at === never ? null : registry.queue.add(entry, at)
}

/** What the standing says now; a standing that throws says nothing, and silence is no permit. */
const judgeAgain = (registry: Registry, standing: Standing, at: Instant): Decision | null => {
  try {
    return standing.again(at)
  } catch (error) {
    registry.options.onFault?.(error)
    return null
  }
}

/** Whether an exchange that lost its permit may still end by itself; WebSockets and streams may not (SPEC §6). */
const mayDrain = (registry: Registry, entry: Entry, decision: Decision, at: Instant): boolean => {
  if (decision.reason !== 'outside-time-window' || entry.live.kind() !== 'request') return false
  entry.drainUntil ??= at + (registry.options.drainMs ?? 30_000)
  return at < entry.drainUntil
}

/** Keeps, drains or cuts one registered entry by a new decision; `null`: there is none to be had. */
const settle = (registry: Registry, entry: Entry, decision: Decision | null, at: Instant): void => {
  if (decision?.verdict === 'permit') {
    entry.drainUntil = null
    // A decision that is over before it began would keep the sweep busy for ever.
    lookAgainAt(registry, entry, Math.max(decision.validUntil, at + 1))
  } else if (decision !== null && mayDrain(registry, entry, decision, at))
    lookAgainAt(registry, entry, Math.min(entry.drainUntil ?? at, at + drainLookMs))
  else cut(registry, entry, decision?.reason ?? 'identity-unavailable', decision)
}

const review = (registry: Registry, entry: Entry, at: Instant): void => {
  // What is held has lost bytes: no permit brings it back.
  if (entry.held !== null) cut(registry, entry, entry.held, null)
  else if (entry.standing !== null) settle(registry, entry, judgeAgain(registry, entry.standing, at), at)
}

const admitted: Admission = { admitted: true }

const admit = (registry: Registry, entry: Entry, standing: Standing | null, seen: number): Admission => {
  if (standing === null) return admitted
  if (entry.condemned !== null) return { admitted: false, reason: entry.condemned, decision: null }
  const at = registry.options.now()
  const stale = registry.generation !== seen || at >= standing.decision.validUntil
  const decision = stale ? judgeAgain(registry, standing, at) : standing.decision
  // Nothing was forwarded yet: refused like any new request, no draining.
  if (decision === null) return { admitted: false, reason: 'identity-unavailable', decision: null }
  if (decision.verdict !== 'permit') return { admitted: false, reason: decision.reason, decision }
  entry.standing = standing
  lookAgainAt(registry, entry, Math.max(decision.validUntil, at + 1))
  return admitted
}

const isWithin = (entry: Entry, extent: CutExtent): boolean => {
  switch (extent) {
    case 'judged':
      return entry.standing !== null
    case 'streams':
      return entry.live.kind() !== 'request'
    case 'everything':
      return true
  }
}

/** Says once a slice is over, from now on. */
const createSlice = (registry: Registry): (() => boolean) => {
  const { monotonic } = registry.options
  if (monotonic === undefined) return () => false
  const end = monotonic() + sliceMs
  const before = registry.cutMs
  return () => monotonic() + afterCut * (registry.cutMs - before) >= end
}

/** Judges again all that are due, or a slice of them; answers how long until the next sweep. */
const sweep = (registry: Registry): DurationMs => {
  const { now, sweepMs } = registry.options
  const at = now()
  const isOver = createSlice(registry)
  for (let entry = registry.queue.due(at); entry !== null; entry = registry.queue.due(at)) {
    entry.place = null
    review(registry, entry, at)
    if (isOver()) break
  }
  const next = registry.queue.earliest()
  return next === null ? sweepMs : Math.min(sweepMs, Math.max(1, next - at))
}

/** Judges a slice of the pending again, and sees to the next slice. */
const reviewPending = (registry: Registry): void => {
  const at = registry.options.now()
  const isOver = createSlice(registry)
  for (const entry of registry.pending) {
    registry.pending.delete(entry)
    review(registry, entry, at)
    if (isOver()) break
  }
  reviewLater(registry)
}

/** Sees to the next slice of the pending, if there are any. */
const reviewLater = (registry: Registry): void => {
  if (registry.pending.size === 0 || registry.slicing) return
  registry.slicing = true
  registry.options.schedule(() => {
    registry.slicing = false
    reviewPending(registry)
  }, 1)
}

const recheck = (registry: Registry, scope: ChangeScope): void => {
  registry.generation += 1
  const at = registry.options.now()
  const isNarrow = scope.user !== undefined || scope.session !== undefined
  // Copied first: reviewing one may end it, and others with it.
  const concerned = registry.entries
    .all()
    .filter(({ standing }) => standing !== null && concerns(standing, scope))
  if (!isNarrow) {
    for (const entry of concerned) registry.pending.add(entry)
    reviewPending(registry)
  } else for (const entry of concerned) if (entry.index >= 0) review(registry, entry, at)
}

/** Holds it, for a slice that will cut it; false: it must be cut now. */
const hold = (registry: Registry, entry: Entry, reason: CutReason): boolean => {
  if (entry.held !== null) return true
  try {
    return entry.live.hold?.(reason) === true
  } catch (error) {
    registry.options.onFault?.(error)
    return false
  }
}

const cutAll = (registry: Registry, reason: CutReason, extent: CutExtent): void => {
  registry.generation += 1
  // All are held before the first is cut, which takes longer.
  const atOnce: Entry[] = []
  for (const entry of registry.entries.all())
    if (isWithin(entry, extent)) {
      if (extent === 'everything' || !hold(registry, entry, reason)) atOnce.push(entry)
      else {
        entry.held ??= reason
        registry.pending.add(entry)
      }
    } else if (extent === 'judged') entry.condemned = reason
  for (const entry of atOnce) if (entry.index >= 0) cut(registry, entry, entry.held ?? reason, null)
  // Holding them was a slice of its own.
  reviewLater(registry)
}

/** A registry with its sweep running; `stop` ends the sweep, not the exchanges. */
export const createExchanges = (options: ExchangesOptions): Exchanges => {
  const registry: Registry = {
    options,
    entries: createRoster(),
    queue: createDeadlineQueue<Entry>(),
    waiting: [],
    pending: new Set(),
    slicing: false,
    generation: 0,
    cutMs: 0,
  }
  let stopped = false
  let callOff = (): void => {}
  const turn = (): void => {
    const wait = sweep(registry)
    if (!stopped) callOff = options.schedule(turn, wait)
  }
  callOff = options.schedule(turn, options.sweepMs)

  return {
    reserve(live) {
      const entry = new Entry(registry, live)
      registry.entries.add(entry)
      return entry
    },
    recheck: (scope) => recheck(registry, scope),
    cutAll: (reason, extent) => cutAll(registry, reason, extent),
    counts() {
      const counts = { request: 0, poll: 0, events: 0, websocket: 0 }
      for (const entry of registry.entries.all()) counts[entry.live.kind()] += 1
      return counts
    },
    size: () => registry.entries.size,
    emptied: () =>
      registry.entries.size === 0
        ? Promise.resolve()
        : new Promise((resolve) => registry.waiting.push(resolve)),
    stop() {
      stopped = true
      callOff()
    },
  }
}
