/**
 * Node's own parser, llhttp, without sockets: what a strict and independent reader makes of a client's bytes.
 *
 * Not what node:http makes of them: nothing is judged here, only read. One parser for each stream.
 */
// @ts-expect-error: node has no types for it.
import { HTTPParser } from 'node:_http_common'
import { METHODS } from 'node:http'

/** One request as read. `body`: latin1. */
export type ReadRequest = {
  readonly method: string
  readonly target: string
  readonly version: string
  readonly headers: readonly string[]
  body: string
  complete: boolean
}

/** All requests of a stream, and whether it broke. */
export type ReadStream = { readonly requests: readonly ReadRequest[]; readonly broke: boolean }

/** Methods by llhttp's own number, which node does not tell: each is read once. */
const names = new Map<number, string>()
for (const method of METHODS) {
  const parser = new HTTPParser()
  parser.initialize(HTTPParser.REQUEST, {}, 65_536, 0)
  parser[HTTPParser.kOnHeadersComplete | 0] = (
    _major: number,
    _minor: number,
    _headers: unknown,
    id: number,
  ) => {
    names.set(id, method)
    return 0
  }
  parser.execute(Buffer.from(`${method} ${method === 'CONNECT' ? 'a:1' : '/'} HTTP/1.1\r\nHost: a\r\n\r\n`))
  parser.close()
}

/** What llhttp reads of these bytes. */
export const readByLlhttp = (bytes: Buffer): ReadStream => {
  const requests: ReadRequest[] = []
  let flushed: string[] = []
  let flushedUrl = ''
  const parser = new HTTPParser()
  parser.initialize(HTTPParser.REQUEST, {}, 65_536, 0)
  parser[HTTPParser.kOnHeaders | 0] = (headers: string[], url: string) => {
    flushed.push(...headers)
    flushedUrl += url
  }
  parser[HTTPParser.kOnHeadersComplete | 0] = (
    major: number,
    minor: number,
    headers: string[] | undefined,
    method: number,
    url: string | undefined,
  ): number => {
    requests.push({
      method: names.get(method) ?? '',
      target: flushedUrl + (url ?? ''),
      version: `${major}.${minor}`,
      headers: [...flushed, ...(headers ?? [])],
      body: '',
      complete: false,
    })
    flushed = []
    flushedUrl = ''
    return 0
  }
  parser[HTTPParser.kOnBody | 0] = (chunk: Buffer) => {
    const last = requests.at(-1)
    if (last !== undefined) last.body += chunk.toString('latin1')
  }
  parser[HTTPParser.kOnMessageComplete | 0] = () => {
    const last = requests.at(-1)
    if (last !== undefined) last.complete = true
    // Those of trailers.
    flushed = []
    flushedUrl = ''
  }
  const result: unknown = parser.execute(bytes)
  parser.close()
  return { requests, broke: result instanceof Error }
}
