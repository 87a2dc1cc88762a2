/**
 * The request target: what is accepted at all, and under which readings a back end might understand its path.
 */

/** An accepted target in origin-form, forwarded unchanged. */
export type Target = {
  /** Exactly the bytes forwarded: path and query. */
  readonly raw: string
  /** The path as received, without query. */
  readonly path: string
  /** The query with its `?`, or empty. */
  readonly query: string
  /** Every path a back end might read, the raw one first, no duplicates, at most 16 (DESIGN §4.2). */
  readonly readings: readonly string[]
}
