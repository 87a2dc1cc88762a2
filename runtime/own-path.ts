/**
 * Whether a text that came along with a request may be a way back: a path of the origin that sends people there.
 *
 * One function for every place that takes one (`to`, `return`, `next`), so that a trick is shut out everywhere or nowhere.
 * Invariant: what it lets through is visible ASCII without a backslash, begins with one slash, and is read as a path of the same
 * origin by the parser that browsers have (WHATWG), whatever that origin is. Repairing what is almost a path was refused.
 */

/** Longer ones are not taken along. */
export const ownPathMax = 1_000

/** Any origin will do: a path that leaves one leaves them all. */
const somewhere = 'https://gatehouse.invalid'

/** The path as it was given; `null`: it is none of one's own, or too long. */
export function ownPath(text: string | null | undefined, lengthMax = ownPathMax): string | null {
  if (text == null || text.length > lengthMax) return null
  // Browsers skip tabs and line ends before a second slash, and take a backslash for a slash.
  if (!/^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/.test(text)) return null
  const read = URL.parse(text, somewhere)
  // `/.//host` is a path of one's own, and is written `//host` by whoever normalises it once more.
  return read !== null && read.origin === somewhere && !read.pathname.startsWith('//') ? text : null
}
