/**
 * Lets undici bear a `100 Continue` that nobody asked for, as RFC 9110 §15.2 has every client do.
 *
 * undici takes one for a broken answer and closes the connection; some servers send one to every upload. Invariant:
 * only that status number is changed, before undici's own code sees it, so that framing stays its alone; where its
 * parser is not found a 100 is a 502, as without this. Cutting the bytes out of the socket was refused: only the
 * parser knows where an answer begins, and a mistake there is a smuggled one.
 */

/** An interim status of no meaning: read, told as any other, passed on by nobody. */
const ignoredInterim = 199

type Parser = { onHeadersComplete(status: number, upgrade: boolean, keepsAlive: boolean): number }

const isParser = (value: unknown): value is Parser =>
  typeof value === 'object' &&
  value !== null &&
  'onHeadersComplete' in value &&
  typeof value.onHeadersComplete === 'function'

/** Tells the parser of `socket`, which undici has just taken over, of a 100 as of an interim answer to ignore. */
export const bearContinue = (socket: object): void => {
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'parser')
  const parser: unknown = key === undefined ? null : Reflect.get(socket, key)
  if (!isParser(parser)) return
  const complete = parser.onHeadersComplete
  parser.onHeadersComplete = (status, upgrade, keepsAlive) =>
    complete.call(parser, status === 100 ? ignoredInterim : status, upgrade, keepsAlive)
}
