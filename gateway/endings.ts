/**
 * Ends and holds sessions: here at once, at the control plane as soon as it can be had.
 *
 * Invariant: what this gateway has ended it never lets pass again, whether or not the control plane has heard of it
 * yet; what could not be told is told again, at most `waitingMax` of them. Waiting for the control plane before
 * refusing was refused: the other direction is the one that may wait.
 */
import type { ControlPlane } from '../runtime/internal.ts'
import type { SessionEnd } from '../runtime/records.ts'
import type { MirroredSession, Sessions } from './sessions.ts'

/** Ends sessions. */
export type Endings = {
  /** Resolves when the control plane has heard of it or could not be had; never rejects. */
  end(session: MirroredSession, why: SessionEnd): Promise<void>
  /** Tells once more what could not be told. Never rejects. */
  retry(): Promise<void>
  readonly waiting: number
}

const waitingMax = 10_000

/** Endings over the control plane (`null`: there are no sessions to end). */
export function createEndings(
  controlPlane: ControlPlane | null,
  sessions: Sessions,
  onFault: (error: unknown) => void,
): Endings {
  const waiting = new Map<string, SessionEnd>()

  const tell = async (tokenHash: string, why: SessionEnd): Promise<boolean> => {
    if (controlPlane === null) return true
    try {
      const record = await controlPlane.changeSession({ to: 'ended', tokenHash, why })
      if (record !== null) sessions.apply(record)
      return true
    } catch (error) {
      onFault(error)
      return false
    }
  }

  return {
    async end(session, why) {
      if (session.record.ended !== null) return
      const { tokenHash } = session
      sessions.endHere(tokenHash, why)
      if (!(await tell(tokenHash, why)) && waiting.size < waitingMax) waiting.set(tokenHash, why)
    },
    async retry() {
      for (const [tokenHash, why] of [...waiting]) {
        if (!(await tell(tokenHash, why))) return
        waiting.delete(tokenHash)
      }
    },
    get waiting() {
      return waiting.size
    },
  }
}
