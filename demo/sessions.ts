// Browser sessions: an opaque random id in a cookie, a CSRF token, and an account once signed in.
//
// Not an access control: a session says who is there, never what they may do.
// Invariant: an id the app did not issue is never adopted, and after sign-in with rotation the earlier id
// names nothing.
// Refused: signed, self-contained cookies. Sign-out must really end the session.

import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Account } from './accounts.ts'

/** One browser's session; `account` is `null` until someone signs in. Instants in ms since the epoch. */
export type Session = {
  readonly id: string
  readonly csrf: string
  readonly account: Account | null
  readonly startedAt: number
}

/** The sessions that exist now; a lookup of an expired or unknown id is `null`. */
export type Sessions = {
  readonly open: () => Session
  readonly find: (id: string | null | undefined) => Session | null
  /** The session after a successful sign-in: a new id when rotating, else the earlier one if it still lives. */
  readonly signIn: (earlier: Session | null, account: Account) => Session
  readonly end: (id: string) => void
}

const sessionMs = 12 * 60 * 60 * 1000
const sessionsMax = 20_000

/** Whether two tokens are equal, in time that does not depend on where they differ. */
export function tokensMatch(given: string, expected: string): boolean {
  const a = Buffer.from(given)
  const b = Buffer.from(expected)
  return a.length === b.length && timingSafeEqual(a, b)
}

/** An empty session book. At most 20 000 sessions; the oldest is dropped first. Each lives 12 hours. */
export function openSessions(now: () => number, rotateOnSignIn: boolean): Sessions {
  const sessions = new Map<string, Session>()

  function keep(session: Session): Session {
    sessions.delete(session.id)
    sessions.set(session.id, session)
    for (const oldest of sessions.keys()) {
      if (sessions.size <= sessionsMax) break
      sessions.delete(oldest)
    }
    return session
  }

  function issue(account: Account | null): Session {
    const id = randomBytes(24).toString('base64url')
    return keep({ id, csrf: randomBytes(18).toString('base64url'), account, startedAt: now() })
  }

  return {
    open: () => issue(null),
    find(id) {
      const session = id ? sessions.get(id) : undefined
      if (!session) return null
      if (now() - session.startedAt < sessionMs) return session
      sessions.delete(session.id)
      return null
    },
    signIn(earlier, account) {
      if (earlier && !rotateOnSignIn) return keep({ ...earlier, account, startedAt: now() })
      if (earlier) sessions.delete(earlier.id)
      return issue(account)
    },
    end: (id) => void sessions.delete(id),
  }
}
