/**
 * The application's word on roles, passed on to the control plane: for upstreams with `roles: app` (SPEC §3).
 *
 * It maps nothing and changes no member here; the directory does, and what it made of it comes back signed. Invariant: each
 * new word of the application on a session is looked at once, and passed on only where the word, or what the directory has
 * for it, is not as it was when the control plane last agreed; so people at work cost one comparison of two references, and
 * a role given by hand is taken back with the next word. No request waits for it: until then the roles before it hold.
 */
import type { AppIdentity, ControlPlane, SealedRecord } from '../../runtime/internal.ts'
import { createBoundedMap } from '../bounded-map.ts'
import type { Directory } from '../questions.ts'
import type { MirroredSession } from '../sessions.ts'

/** Passes words on. */
export type RoleWord = {
  /** Synchronous; never throws. `identity`: the word as the introspector remembers it. */
  note(session: MirroredSession, identity: AppIdentity): void
}

/** What it needs. */
export type RoleWordParts = {
  readonly upstream: string
  readonly controlPlane: ControlPlane
  readonly directory: Pick<Directory, 'member'>
  readonly sessionsMax: number
  apply(records: readonly SealedRecord[]): void
  onFault(error: unknown): void
}

const inFlightMax = 32

type Looked = { readonly identity: AppIdentity; readonly agreed: string | null }

/** Passes on what is new of the words on sessions of one upstream. */
export function createRoleWord(parts: RoleWordParts): RoleWord {
  const { upstream, controlPlane, directory } = parts
  const looked = createBoundedMap<string, Looked>(parts.sessionsMax)
  const inFlight = new Set<string>()

  /** The word, and what the directory has for it, as one text. */
  const standOf = (user: string, { practices }: AppIdentity): string =>
    JSON.stringify(practices.map(({ id, roles }) => [id, roles, directory.member(id, user)?.roles ?? null]))

  const pass = async (session: MirroredSession, identity: AppIdentity): Promise<void> => {
    const { user } = session.record
    try {
      const { records } = await controlPlane.assertRoles({ upstream, identity })
      parts.apply(records)
      looked.set(session.tokenHash, { identity, agreed: standOf(user, identity) })
    } catch (error) {
      parts.onFault(error)
    } finally {
      inFlight.delete(user)
    }
  }

  return {
    note(session, identity) {
      const { user, ended } = session.record
      const before = looked.peek(session.tokenHash)
      if (before?.identity === identity || ended !== null || identity.kind !== 'staff') return
      const agreed = before?.agreed ?? null
      if (agreed !== null && agreed === standOf(user, identity)) {
        looked.set(session.tokenHash, { identity, agreed })
        return
      }
      // Neither looked at nor passed on: the next request comes back to it.
      if (inFlight.has(user) || inFlight.size >= inFlightMax) return
      inFlight.add(user)
      // Looked at also where it cannot be passed on: with the next word it is tried again, and not with each request.
      looked.set(session.tokenHash, { identity, agreed: null })
      void pass(session, identity)
    },
  }
}
