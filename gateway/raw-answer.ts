/**
 * The answer to what is no request: a few words, on a connection that is closed behind it.
 *
 * It knows no request, so it has no page and no language. Invariant: nothing of what was sent is in it.
 */

/** The bytes of such an answer, ASCII. */
export const rawAnswer = (status: number, words: string): string =>
  `HTTP/1.1 ${status} ${words}\r\nContent-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n` +
  `Content-Length: ${words.length + 1}\r\nConnection: close\r\n\r\n${words}\n`
