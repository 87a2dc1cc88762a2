/**
 * What travels with a request through the admin listener: who asks, from where, under which id.
 *
 * It is set by `guarded.ts` and the listener and only read by answers. Invariant: `admin` is there exactly
 * when the route's permission has been found to be held, so an answer that reads it cannot run for a
 * stranger.
 */
import type { ClientHop } from '../../runtime/forwarded.ts'
import type { Log } from '../../runtime/log.ts'
import type { Admin } from '../sign-in/admin-sessions.ts'

/** Bindings come from the listener; variables are set on the way in. */
export type AdminEnv = {
  /** `peer`: the TCP peer's address as text; absent once its socket has closed. */
  Bindings: { readonly peer?: string | undefined }
  Variables: { admin: Admin; hop: ClientHop; requestId: string; log: Log }
}
