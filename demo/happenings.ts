// Happenings: what went on in a practice today, told to everyone who listens.
//
// Not an audit log: only the last 40 are kept and only while the app runs.
// Invariant: listeners hear only of their own practice, in order, and one that throws harms no other.
// Refused: Node's EventEmitter; a listener set and an unsubscribe function leave nothing to leak.

import type { Appointment } from './appointments.ts'

/** Something that happened; `appointment` is set when a visit was booked. */
export type Happening = {
  readonly id: number
  readonly at: number
  readonly practice: string
  readonly kind:
    | 'opened'
    | 'tick'
    | 'appointment'
    | 'refund'
    | 'note'
    | 'file'
    | 'settings'
    | 'booking-request'
  readonly text: string
  readonly appointment: Appointment | null
}

/** The board happenings are pinned to. */
export type Happenings = {
  readonly publish: (
    practice: string,
    kind: Happening['kind'],
    text: string,
    appointment?: Appointment | null,
  ) => Happening
  /** Calls the listener at each later happening of the practice, until the returned function is called. */
  readonly listen: (practice: string, listener: (happening: Happening) => void) => () => void
  /** The last happenings of the practice, newest first; at most 40. */
  readonly recent: (practice: string) => readonly Happening[]
  /** The next happening of the practice, or `null` once the signal aborts. */
  readonly next: (practice: string, signal: AbortSignal) => Promise<Happening | null>
}

const keptMax = 40

/** An empty board; `log` hears of listeners that throw. */
export function openHappenings(now: () => number, log: (line: string) => void): Happenings {
  const listeners = new Map<string, Set<(happening: Happening) => void>>()
  const kept = new Map<string, readonly Happening[]>()
  let lastId = 0

  function tell(happening: Happening): void {
    for (const listener of [...(listeners.get(happening.practice) ?? [])]) {
      try {
        listener(happening)
      } catch (error) {
        log(`a listener failed: ${String(error)}`)
      }
    }
  }

  function listen(practice: string, listener: (happening: Happening) => void): () => void {
    const set = listeners.get(practice) ?? new Set()
    listeners.set(practice, set.add(listener))
    return () => void set.delete(listener)
  }

  return {
    publish(practice, kind, text, appointment = null) {
      lastId += 1
      const happening = { id: lastId, at: now(), practice, kind, text, appointment }
      // A tick only says that time has passed; it is told, not remembered.
      if (kind !== 'tick') kept.set(practice, [happening, ...(kept.get(practice) ?? [])].slice(0, keptMax))
      tell(happening)
      return happening
    },
    listen,
    recent: (practice) => kept.get(practice) ?? [],
    next(practice, signal) {
      return new Promise((resolve) => {
        const settle = (happening: Happening | null): void => {
          unlisten()
          signal.removeEventListener('abort', giveUp)
          resolve(happening)
        }
        const giveUp = (): void => settle(null)
        const unlisten = listen(practice, settle)
        signal.addEventListener('abort', giveUp)
        if (signal.aborted) giveUp()
      })
    },
  }
}
