/**
 * What a gateway does by the clock: notices a lost lease, tells again what could not be told, refreshes "last seen".
 *
 * It decides nothing. Invariant: between two looks no longer than a beat passes, so that streams outlive the lease by
 * at most that; a look that fails harms no other. One timer per task was refused: they would drift and pile up.
 */
import type { Clock } from '../runtime/clock.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import type { Log } from '../runtime/log.ts'
import type { Court } from './court.ts'
import type { Exchanges } from './exchanges.ts'
import type { Mind } from './mind.ts'

/** What is looked after. */
export type UpkeepParts = {
  readonly mind: Mind
  readonly court: Pick<Court, 'traffic' | 'verdicts' | 'lastSeen'>
  readonly exchanges: Exchanges
  readonly clock: Clock
  readonly log: Log
  readonly store: HotStore | null
  readonly beatMs: number
}

/** The upkeep of one gateway. */
export type Upkeep = {
  /** Starts knowledge as soon as the key is known, and looks after the rest from then on. */
  start(): void
  /** Whether this machine's clock is within 5 s of the hot store's, as far as is known. */
  isClockRight(): boolean
  close(): void
}

const lookMs = 250
const ackEveryMs = 5_000
const seenEveryMs = 20_000
const flushEveryMs = 60_000
const overrideEveryMs = 1_000
const skewMaxMs = 5_000

/** Whether `everyMs` have passed since it last said so. */
const every = (clock: Clock, everyMs: number): (() => boolean) => {
  let last = clock.monotonic()
  return () => {
    const at = clock.monotonic()
    if (at - last < everyMs) return false
    last = at
    return true
  }
}

/** Whether knowledge is fresh; once it is no more, everything judged by it is cut. */
const createLeaseLook = ({ mind, exchanges, log }: Pick<UpkeepParts, 'mind' | 'exchanges' | 'log'>) => {
  let wasAlive = false
  // A lease may come to life and end between two looks: told by its renewals, not by what was seen.
  let cutAfter = Number.NEGATIVE_INFINITY
  return (): boolean => {
    const isAlive = mind.lease.alive()
    if (!isAlive && mind.lease.renewedAt() > cutAfter) {
      cutAfter = mind.lease.renewedAt()
      log.error({}, 'knowledge is stale: staff are refused until the hot store or the control plane is back')
      exchanges.cutAll('knowledge-stale', 'judged')
    }
    if (!wasAlive && isAlive) log.info({ sequence: mind.knowledge.sequence() }, 'knowledge is fresh')
    wasAlive = isAlive
    return isAlive
  }
}

/** An upkeep that does nothing before `start`. */
export function createUpkeep(parts: UpkeepParts): Upkeep {
  const { mind, court, clock, log, store } = parts
  const isAckDue = every(clock, ackEveryMs)
  const isSeenDue = every(clock, seenEveryMs)
  const isFlushDue = every(clock, flushEveryMs)
  const isOverrideDue = every(clock, overrideEveryMs)
  let timer: NodeJS.Timeout | null = null
  const lookAtLease = createLeaseLook(parts)
  let asking = false
  let knows = false
  let isClockRight = true

  const begin = async (): Promise<void> => {
    if (knows || asking) return
    asking = true
    await mind.truth.ask()
    asking = false
    if (!mind.truth.isKnown() || knows || timer === null) return
    knows = true
    mind.begin()
  }
  const checkClock = async (): Promise<void> => {
    const before = clock.now()
    const theirs = await store?.time()
    if (theirs === undefined) return
    const right = Math.abs(theirs - before) <= skewMaxMs
    if (!right && isClockRight)
      log.error({ behindMs: theirs - before }, 'this clock disagrees with the hot store’s')
    isClockRight = right
  }
  /** What was counted since the last time. */
  const tell = (): void => {
    court.verdicts.flush()
    court.traffic.flush(clock.now())
  }
  const look = (): void => {
    const isAlive = lookAtLease()
    void begin()
    if (isAckDue()) {
      if (isAlive) mind.acknowledge(mind.knowledge.sequence())
      if (mind.endings.waiting > 0) void mind.endings.retry()
      checkClock().catch(() => {})
    }
    if (isSeenDue()) for (const session of mind.sessions.streaming()) void court.lastSeen.refresh(session)
    if (isFlushDue()) tell()
    if (isOverrideDue()) {
      mind.override.look()
      void mind.override.tell(isAlive && mind.knowledge.source() === 'hot-store')
    }
  }

  return {
    start() {
      timer ??= setInterval(look, Math.min(lookMs, parts.beatMs))
      look()
    },
    isClockRight: () => isClockRight,
    close() {
      if (timer !== null) clearInterval(timer)
      timer = null
      tell()
    },
  }
}
