/**
 * `Cookie` headers that were read before, by their exact bytes, so that people at work have theirs read and hashed once.
 *
 * It identifies nobody: whose a credential is, and whether its session still lives, is asked anew with every request.
 * Invariant: all that is kept follows from the bytes alone, so that nothing here can grow old; only the header of somebody
 * just identified is kept, one for each session, so that inventing cookies fills nothing and puts nobody out. The session's
 * own bearer is among those bytes: it stays in this process, as the request that brought it did. Keeping what strangers
 * send too was refused: they would decide what is forgotten.
 */
import { createBoundedMap } from '../bounded-map.ts'
import type { CookieReading } from '../cookies.ts'
import { ownText } from '../own-text.ts'
import type { PracticeSources } from '../practice.ts'
import type { CredentialReading } from './credential.ts'

/** What was read of one header. The same object for the same bytes, as long as it is kept. */
export type KnownCookies = {
  readonly secure: boolean
  readonly credential: CredentialReading
  /** The companion's token hash. */
  readonly companion: string | null
  /** The practice's cookie. */
  readonly practice: CookieReading
  /** What it last came to at one host, where nothing else of a request says anything on practices. */
  said: { readonly host: string; readonly sources: PracticeSources } | null
}

/** Headers of one upstream that were read. */
export type CookieMemory = {
  /** What was read of these `Cookie` lines; `null`: they were not kept. */
  find(lines: readonly string[], secure: boolean): KnownCookies | null
  /**
   * Keeps what `read` makes of these lines for the session of this token hash, in place of what it had. It is given a copy:
   * as received they are parts of the whole head, which would be kept with them.
   */
  keep(holder: string, lines: readonly string[], read: (own: readonly string[]) => KnownCookies): void
}

/** Longer ones are read each time: a browser's own limit for one cookie is as much. */
const lineBytesMax = 4_096

/** A memory of at most `linesMax` headers, empty. */
export function createCookieMemory(linesMax: number): CookieMemory {
  const known = createBoundedMap<string, KnownCookies>(linesMax)
  const lineOf = createBoundedMap<string, string>(linesMax)
  return {
    find(lines, secure) {
      const [line] = lines
      if (line === undefined || lines.length > 1 || line.length > lineBytesMax) return null
      const read = known.get(line)
      return read === undefined || read.secure !== secure ? null : read
    },
    keep(holder, lines, read) {
      const [line] = lines
      if (line === undefined || lines.length > 1 || line.length > lineBytesMax) return
      const before = lineOf.peek(holder)
      if (before !== undefined) known.delete(before)
      const own = ownText(line)
      lineOf.set(holder, own)
      known.set(own, read([own]))
    },
  }
}
