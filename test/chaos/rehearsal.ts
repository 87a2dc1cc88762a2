/**
 * One fault under load: struck, left for a while, healed, and what people saw meanwhile as figures that are held against goals.
 *
 * It knows no fault. Invariant: nobody wrongly let in and no body falsely whole are goals of every fault; a fault can want more,
 * never less.
 */
import { activeEverywhere } from '../support/admin-client.ts'
import { type Load, type Outcome, type Seen, startLoad } from './load.ts'
import type { Stage } from './stage.ts'

/** Something that goes wrong. */
export type Fault = {
  readonly id: string
  /** What is done, in a few words. */
  readonly what: string
  /** What people in front of it may see, in a few words. */
  readonly sees: string
  /**
   * `nobody notices`: no request of theirs fails. `cut at most`: those under way may be cut, none is refused. `refused
   * meanwhile`: clean refusals while it lasts.
   */
  readonly allows: 'nobody notices' | 'cut at most' | 'refused meanwhile'
  /** How soon all is well after the cause has ended; a second unless told otherwise. */
  readonly wellWithinMs?: number
  readonly lastsMs: number
  /** How long striking may take; a minute unless told otherwise. */
  readonly strikeMsMax?: number
  /** Resolves when it has happened; answers when the cause ended by itself, where nobody heals it (`performance.now()`). */
  strike(stage: Stage, load: Load): Promise<number | undefined>
  heal?(stage: Stage, load: Load): Promise<void>
  /** Something more that must be so afterwards; says what it found. Throws where it is not so. */
  check?(stage: Stage, load: Load): Promise<string>
}

/** What one fault came to. */
export type Figures = {
  readonly id: string
  readonly counts: Readonly<Record<Outcome, number>>
  /** What refusals of people who may come in gave as their reasons, with how often. */
  readonly reasons: Readonly<Record<string, number>>
  /** From the end of the cause to the first request after which all were right. */
  readonly wellAfterMs: number
  readonly found: string
  /** What was not as it must be; empty: held. */
  readonly broken: readonly string[]
}

const outcomes: readonly Outcome[] = [
  ...(['right', 'refused', 'wrongly refused', 'cut', 'late', 'truncated', 'wrongly let in'] as const),
]

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const isBad = ({ outcome, may }: Seen): boolean => (may ? outcome !== 'right' : outcome === 'wrongly let in')

const countsOf = (seen: readonly Seen[]): Record<Outcome, number> => {
  const counts = Object.fromEntries(outcomes.map((one) => [one, 0])) as Record<Outcome, number>
  // A refusal of somebody who must not come in is what is wanted of it, and no figure.
  for (const { outcome, may } of seen) if (may || outcome !== 'refused') counts[outcome] += 1
  return counts
}

const brokenBy = (fault: Fault, counts: Record<Outcome, number>, wellAfterMs: number): readonly string[] => {
  const never: readonly Outcome[] = ['wrongly let in', 'truncated']
  const more: readonly Outcome[] =
    fault.allows === 'nobody notices'
      ? ['refused', 'wrongly refused', 'cut', 'late']
      : fault.allows === 'cut at most'
        ? ['refused', 'wrongly refused', 'late']
        : ['wrongly refused']
  const within = fault.wellWithinMs ?? 1_000
  return [
    ...[...never, ...more].filter((one) => counts[one] > 0).map((one) => `${counts[one]} ${one}`),
    ...(wellAfterMs > within ? [`well after ${wellAfterMs} ms, not ${within}`] : []),
  ]
}

/** What people are given to come back within; longer is broken, whatever else. */
const settleMs = 20_000

/** How long striking, healing or looking may take: a rehearsal has an end, whatever hangs. */
const stepMs = 60_000

/** `work`, or a failure once `ms` are over. */
const within = <T>(ms: number, what: string, work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} has no end after ${ms} ms`)), ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })

/** Strikes, waits, heals, and looks. Never rejects: what fails is part of the figures. */
export const rehearse = async (stage: Stage, load: Load, fault: Fault): Promise<Figures> => {
  let endedAt: number | undefined
  let found = ''
  const broken: string[] = []
  const note = (error: unknown): void =>
    void broken.push(error instanceof Error ? error.message.slice(0, 300) : String(error))
  try {
    await load.settled(settleMs)
    load.forget()
    endedAt = await within(fault.strikeMsMax ?? stepMs, 'striking', fault.strike(stage, load))
    await pause(fault.lastsMs)
    await within(stepMs, 'healing', fault.heal?.(stage, load) ?? Promise.resolve())
    endedAt ??= performance.now()
    await load.settled(settleMs)
    await pause(300)
    found = await within(stepMs, 'looking', fault.check?.(stage, load) ?? Promise.resolve(''))
  } catch (error) {
    note(error)
    // Whatever was left broken would be blamed on the next one.
    await within(stepMs, 'healing', fault.heal?.(stage, load) ?? Promise.resolve()).catch(note)
  }
  const seen = [...load.seen()]
  const after = endedAt ?? performance.now()
  const badAfter = seen.filter((one) => isBad(one) && one.at >= after)
  const wellAfterMs = Math.round(Math.max(0, ...badAfter.map(({ at }) => at - after)))
  const counts = countsOf(seen)
  const reasons: Record<string, number> = {}
  for (const { may, outcome, status, why } of seen)
    if (may && (outcome === 'refused' || outcome === 'wrongly refused')) {
      const key = `${status} ${why}`.trim()
      reasons[key] = (reasons[key] ?? 0) + 1
    }
  return {
    ...{ id: fault.id, counts, reasons, wellAfterMs, found },
    broken: [...brokenBy(fault, counts, wellAfterMs), ...broken],
  }
}

/** Mark may come in, Helen's access was ended; both ask every gateway from now on. */
export const startPeople = async (stage: Stage): Promise<Load> => {
  const [mark, helen] = [await stage.enter('mark'), await stage.enter('helen')]
  await activeEverywhere(stage.admin, await stage.revoke('helen'))
  return startLoad(stage.bases, [mark, { ...helen, may: false }])
}
