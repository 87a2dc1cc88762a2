/**
 * One state of one page, as data: what its picture is called, and the answer that shows it.
 *
 * It takes no picture and starts nothing. Invariant: an answer is made by the code that answers people, with its real headers, so
 * that a picture shows what the policy of that page lets a browser show.
 */

/** One state of one page. `name`: kebab-case, unique. */
export type Screen = {
  readonly name: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A screen out of an answer of the gateway's, whose headers are a flat list. */
export const screenOfRaw = (
  name: string,
  answer: {
    readonly status: number
    readonly headers: readonly string[]
    readonly body: string | Uint8Array
  },
): Screen => ({
  name,
  status: answer.status,
  headers: Object.fromEntries(
    answer.headers.flatMap((header, at) =>
      at % 2 === 0 ? [[header.toLowerCase(), answer.headers[at + 1] ?? '']] : [],
    ),
  ),
  body: String(answer.body),
})

/** A screen out of a page and the headers of its answer. */
export const screenOf = (name: string, { status, headers }: Response, body: string): Screen => ({
  name,
  status,
  headers: Object.fromEntries(headers),
  body,
})
