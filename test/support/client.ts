/**
 * A small HTTP client for tests: keeps cookies as a browser would, binds to a chosen loopback address to play
 * another network, never follows redirects by itself, never reuses a connection.
 *
 * Not `fetch`: that hides raw headers, joins Set-Cookie and cannot choose its local address.
 */
import http from 'node:http'

/** A whole answer. */
export type Answer = {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
  readonly text: string
  json(): unknown
}

/** What to send. */
export type Ask = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly form?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly body?: string | Buffer
  /** Sends what a browser sends for a page; default true for GET without `json`. */
  readonly navigation?: boolean
}

/** Somebody with a cookie jar at an address. */
export type Client = {
  readonly cookies: Map<string, string>
  get(path: string, ask?: Ask): Promise<Answer>
  post(path: string, ask: Ask): Promise<Answer>
  send(path: string, ask: Ask): Promise<Answer>
  /** The `Cookie` header it would send. */
  cookieHeader(): string
  /** The same jar talking to another gateway or from another network. */
  elsewhere(change: { readonly base?: string; readonly from?: string }): Client
}

const navigationHeaders = {
  accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'same-origin',
}
const fetchHeaders = {
  accept: 'application/json',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  'sec-fetch-site': 'same-origin',
}

const keepCookies = (jar: Map<string, string>, lines: readonly string[]): void => {
  for (const line of lines) {
    const [pair = '', ...attributes] = line.split(';')
    const at = pair.indexOf('=')
    const name = pair.slice(0, at).trim()
    const value = pair.slice(at + 1).trim()
    const gone = attributes.some(
      (attribute) => /^\s*max-age=(0|-\d+)\s*$/i.test(attribute) || /^\s*expires=.*1970/i.test(attribute),
    )
    if (gone || value === '') jar.delete(name)
    else jar.set(name, value)
  }
}

const requestBody = (
  ask: Ask,
): { readonly body: string | Buffer | undefined; readonly type: string | undefined } => {
  if (ask.form !== undefined)
    return { body: new URLSearchParams(ask.form).toString(), type: 'application/x-www-form-urlencoded' }
  if (ask.json !== undefined) return { body: JSON.stringify(ask.json), type: 'application/json' }
  return { body: ask.body, type: undefined }
}

/** A client of `base` (`http://host:port`) that connects from `from` (default 127.0.0.1). */
export const createClient = (
  base: string,
  from = '127.0.0.1',
  jar: Map<string, string> = new Map(),
): Client => {
  const cookieHeader = (): string => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const send = (path: string, ask: Ask): Promise<Answer> => {
    const { body, type } = requestBody(ask)
    const navigation = ask.navigation ?? ask.json === undefined
    const headers: Record<string, string> = { ...(navigation ? navigationHeaders : fetchHeaders) }
    if (jar.size > 0) headers['cookie'] = cookieHeader()
    if (type !== undefined) headers['content-type'] = type
    if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body))
    Object.assign(headers, ask.headers)
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const request = http.request(
      new URL(path, base),
      { method: ask.method ?? 'GET', headers, localAddress: from, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          keepCookies(jar, response.headers['set-cookie'] ?? [])
          const whole = Buffer.concat(chunks)
          const text = whole.toString('utf8')
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: whole,
            text,
            json: () => JSON.parse(text) as unknown,
          })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
    return promise
  }
  return {
    cookies: jar,
    send,
    cookieHeader,
    get: (path, ask = {}) => send(path, { ...ask, method: 'GET' }),
    post: (path, ask) => send(path, { ...ask, method: 'POST' }),
    elsewhere: (change) => createClient(change.base ?? base, change.from ?? from, jar),
  }
}
