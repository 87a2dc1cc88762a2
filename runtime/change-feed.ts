/**
 * A gateway's reader of the change stream: changes within milliseconds, gaps noticed, and proof that it is up to date.
 *
 * The proof is a beat: it appends a mark of its own and reads until it meets it; everything published before the mark
 * was sent has then been read *and applied*, so `onRenewed` hands on the moment of sending. It does not know whether
 * the store is complete (`gh:seeded`, the manifest): that is the gateway's to check before it renews a lease.
 * Invariant: whenever an entry may have been missed, or could not be applied or understood, `onGap` is called until
 * it succeeds, and nothing is renewed meanwhile. Stream entries are nudges; trusting their order alone was refused.
 */
import type { DurationMs } from '../policies/instant.ts'
import { type Fault, fault, isFault } from './fault.ts'
import type { HotStore, StreamEntry, StreamPosition } from './hot-store.ts'
import { keys } from './keys.ts'
import { type Change, changeSchema } from './records.ts'
import { comparePositions, streamStart } from './stream-position.ts'
import { newToken } from './token.ts'

/** A nudge to re-read a key. */
export type RecordChange = Extract<Change, { readonly kind: 'record' }>

/** About how many entries the stream keeps (`keys.ts`). */
export const changesKept = 100_000

const entriesPerRead = 500
/** Marks waited for; older ones are forgotten, since a newer one proves more. */
const marksMax = 64

/** What a feed needs and whom it tells. No callback is called after `close`. */
export type ChangeFeedOptions = {
  readonly store: HotStore
  /** The gateway's id, for people who look into the stream. */
  readonly gateway: string
  readonly beatMs: DurationMs
  readonly monotonic: () => DurationMs
  /** Applies a change; a promise is waited for before anything is renewed, and one that rejects opens a gap. */
  readonly onChange: (change: RecordChange) => void | Promise<void>
  /**
   * Entries may have been missed: load everything anew. Called first of all, when nothing is known yet; one at a
   * time; again, at most once a beat, while it rejects.
   */
  readonly onGap: () => void | Promise<void>
  /** All that was published before `sentAt` (monotonic) has been applied. */
  readonly onRenewed: (sentAt: DurationMs) => void
  /** The store failed; the feed goes on by itself. */
  readonly onFault?: (fault: Fault) => void
}

/** A running feed. */
export type ChangeFeed = { close(): void }

const readChange = (text: string): Change | null => {
  try {
    return changeSchema.parse(JSON.parse(text))
  } catch {
    return null
  }
}

const asFault = (error: unknown): Fault =>
  isFault(error) ? error : fault('self', 'garbage', 'the change feed failed', 'yes', error)

/** Applies changes and loads, in whatever order they end, and knows when all of it is done and well. */
function createApplication(
  options: Pick<ChangeFeedOptions, 'onChange' | 'onGap'>,
  tell: (error: unknown) => void,
) {
  const running = new Set<Promise<void>>()
  let gapOpen = false
  let loading = false
  let loadAgain = false

  const track = (work: () => void | Promise<void>): Promise<void> => {
    const done = (async () => work())()
      .catch((error: unknown) => {
        gapOpen = true
        tell(error)
      })
      .finally(() => running.delete(done))
    running.add(done)
    return done
  }
  /** One load at a time; what was missed while one ran may be missing from it, so another follows. */
  const load = (): void => {
    if (loading) {
      loadAgain = true
      return
    }
    loading = true
    gapOpen = false
    void track(async () => {
      try {
        await options.onGap()
      } finally {
        loading = false
      }
      if (loadAgain) {
        loadAgain = false
        load()
      }
    })
  }
  return {
    apply: (change: RecordChange): void => void track(() => options.onChange(change)),
    load,
    /** Something could not be understood: loads at the next beat, so that junk cannot make us load without end. */
    openGap: (): void => {
      gapOpen = true
    },
    retry: (): void => {
      if (gapOpen && !loading) load()
    },
    /** Resolves when all that runs now has ended: whether nothing is missing. */
    async settled(): Promise<boolean> {
      await Promise.all([...running])
      return !gapOpen && !loading
    },
  }
}

/** The marks that were sent and not yet met, with the moment of sending; oldest first. */
function createMarks(monotonic: () => DurationMs) {
  const sent = new Map<string, DurationMs>()
  return {
    make(): string {
      const mark = newToken()
      sent.set(mark, monotonic())
      const [oldest] = sent.keys()
      if (sent.size > marksMax && oldest !== undefined) sent.delete(oldest)
      return mark
    },
    isWaitedFor: (mark: string): boolean => sent.has(mark),
    /** When this mark was sent; older ones are forgotten with it. `null`: not ours, or met before. */
    meet(mark: string): DurationMs | null {
      const sentAt = sent.get(mark)
      if (sentAt === undefined) return null
      for (const older of [...sent.keys()]) {
        sent.delete(older)
        if (older === mark) break
      }
      return sentAt
    },
    forget: (mark: string): void => void sent.delete(mark),
  }
}

type Application = ReturnType<typeof createApplication>
type Marks = ReturnType<typeof createMarks>

/** Appends beats and reads entries; knows the position, and when it is worth nothing any more. */
function createReading(
  options: Pick<ChangeFeedOptions, 'store' | 'gateway' | 'beatMs'>,
  application: Application,
  marks: Marks,
  renewWhenSettled: (sentAt: DurationMs) => void,
) {
  const { store, gateway, beatMs } = options
  /** The last entry taken; `null`: nothing to go on from, start anew. */
  let position: StreamPosition | null = null

  const appendMark = (mark: string): Promise<StreamPosition> =>
    store.append(keys.changes, JSON.stringify({ kind: 'beat', gateway, mark } satisfies Change), changesKept)
  const meet = (mark: string): void => {
    const sentAt = marks.meet(mark)
    if (sentAt !== null) renewWhenSettled(sentAt)
  }
  /** From a mark of our own, which is surely in the stream: a position that is not cannot tell what was trimmed. */
  const startAnew = async (): Promise<void> => {
    const mark = marks.make()
    position = await appendMark(mark)
    application.load()
    meet(mark)
  }
  const take = (entry: StreamEntry): void => {
    position = entry.position
    const change = readChange(entry.text)
    if (change === null) application.openGap()
    else if (change.kind === 'record') application.apply(change)
    else meet(change.mark)
  }
  /** Whether entries after `from` may be gone: the stream no longer reaches back to it. */
  const isTrimmedSince = async (from: StreamPosition): Promise<boolean> => {
    const [first] = await store.readAfter(keys.changes, streamStart, 1, 0)
    return first === undefined || comparePositions(first.position, from) > 0
  }
  return {
    /** Takes what is new, waiting up to a beat for it. */
    async readOn(): Promise<void> {
      if (position === null) return startAnew()
      const from = position
      const entries = await store.readAfter(keys.changes, from, entriesPerRead, beatMs)
      // Started anew meanwhile: what was read belongs to a stream that is no more.
      if (position !== from || entries.length === 0) return
      // Asked after reading: what is still there now was not trimmed before.
      const missed = await isTrimmedSince(from)
      if (position !== from) return
      if (missed) application.load()
      for (const entry of entries) take(entry)
    },
    /** Appends a mark; reading on will meet it. */
    async beat(): Promise<void> {
      const mark = marks.make()
      try {
        const appended = await appendMark(mark)
        // Read past it without meeting it: the stream was made anew, by a store whose clock is behind the old one's.
        const isBehind = position !== null && comparePositions(appended, position) <= 0
        if (isBehind && marks.isWaitedFor(mark)) position = null
      } catch (error) {
        marks.forget(mark)
        throw error
      }
    },
  }
}

/** Starts reading at once. The first thing it does is to call `onGap`, from a position that it marked itself. */
export function createChangeFeed(options: ChangeFeedOptions): ChangeFeed {
  const { beatMs } = options
  let open = true
  let wake = (): void => {}
  const tell = (error: unknown): void => {
    if (open) options.onFault?.(asFault(error))
  }
  const application = createApplication(
    {
      onChange: (change) => (open ? options.onChange(change) : undefined),
      onGap: () => (open ? options.onGap() : undefined),
    },
    tell,
  )
  const renewWhenSettled = async (sentAt: DurationMs): Promise<void> => {
    if ((await application.settled()) && open) options.onRenewed(sentAt)
  }
  const reading = createReading(options, application, createMarks(options.monotonic), (sentAt) => {
    void renewWhenSettled(sentAt)
  })

  const pause = (ms: DurationMs): Promise<void> =>
    new Promise((resolve) => {
      const timeout = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timeout)
        resolve()
      }
    })
  const read = async (): Promise<void> => {
    while (open) {
      try {
        await reading.readOn()
      } catch (error) {
        tell(error)
        if (open) await pause(Math.min(beatMs, 250))
      }
    }
  }
  const timer = setInterval(() => {
    application.retry()
    reading.beat().catch(tell)
  }, beatMs)
  void read()

  return {
    close() {
      open = false
      clearInterval(timer)
      wake()
    },
  }
}
