/**
 * Node's own HTTP parser (llhttp) as an oracle: what it makes of a stream of bytes, without any socket.
 *
 * Not a client and not lenient: every leniency is off. It is reached as node reaches it; node offers no public way.
 */
import { createRequire } from 'node:module'

/** One message as llhttp read it; `complete`: to its end. */
export type OracleMessage = {
  readonly status: number
  readonly method: string
  readonly target: string
  readonly reason: string
  readonly headers: readonly string[]
  body: string
  complete: boolean
}

/** All messages of a stream, and whether it found an error behind them. */
export type OracleReading = { readonly messages: readonly OracleMessage[]; readonly failed: boolean }

type Parser = {
  initialize(kind: number, resource: object): void
  execute(bytes: Buffer): number | Error
  finish(): unknown
  [event: number]: unknown
}
type ParserClass = (new () => Parser) & Readonly<Record<string, number>>

const common: unknown = createRequire(import.meta.url)('_http_common')
const { HTTPParser, methods } = common as { HTTPParser: ParserClass; methods: readonly string[] }

const reading = (kind: 'REQUEST' | 'RESPONSE', bytes: Buffer, skipsBody: boolean): OracleReading => {
  const messages: OracleMessage[] = []
  const parser = new HTTPParser()
  parser.initialize(HTTPParser[kind]!, {})
  let lines: string[] = []
  parser[HTTPParser['kOnHeaders']!] = (more: string[]) => {
    // More than 32 lines come in parts; those behind the content are trailers.
    if (messages.at(-1)?.complete !== false) lines.push(...more)
  }
  parser[HTTPParser['kOnHeadersComplete']!] = (
    _major: number,
    _minor: number,
    headers: string[] | undefined,
    method: number | undefined,
    target: string | undefined,
    status: number | undefined,
    reason: string | undefined,
  ) => {
    messages.push({
      status: status ?? 0,
      method: method === undefined ? '' : (methods[method] ?? ''),
      target: target ?? '',
      reason: reason ?? '',
      headers: [...lines, ...(headers ?? [])],
      body: '',
      complete: false,
    })
    lines = []
    return skipsBody ? 1 : 0
  }
  parser[HTTPParser['kOnBody']!] = (part: Buffer) => {
    messages.at(-1)!.body += part.toString('latin1')
  }
  parser[HTTPParser['kOnMessageComplete']!] = () => {
    messages.at(-1)!.complete = true
  }
  const executed = parser.execute(bytes)
  const finished = executed instanceof Error ? executed : parser.finish()
  return { messages, failed: executed instanceof Error || finished instanceof Error }
}

/** What llhttp makes of the answers in `bytes`, with the end of the connection behind them. */
export const readAnswers = (bytes: Buffer, method = 'GET'): OracleReading =>
  reading('RESPONSE', bytes, method === 'HEAD')

/** What llhttp makes of the requests in `bytes`. */
export const readRequests = (bytes: Buffer): OracleReading => reading('REQUEST', bytes, false)
