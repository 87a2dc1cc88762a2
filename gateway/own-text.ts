/**
 * Texts that are kept longer than what they came in.
 *
 * Not for texts beyond latin1. Invariant: what comes back is equal, in one piece, and holds on to nothing else: a part of a
 * request's head keeps all of that head in memory, and a text put together of many is put together again wherever it is
 * joined to another. Keeping parts as they are was refused: a cookie of 200 bytes would hold 16 kB.
 */

/** A copy of `text` (latin1) that is one piece of its own. */
export const ownText = (text: string): string => Buffer.from(text, 'latin1').toString('latin1')
