/**
 * An application for gateway tests: its own sign-in, an opaque cookie, `/me`, and a memory of all that reached it.
 *
 * It knows nothing of a gateway. It takes the *last* of two equal form fields and of two equal cookies, as many
 * frameworks do, so that a gateway that took the first would be found out.
 */
import { createHash, randomBytes } from 'node:crypto'
import http from 'node:http'
import type { Duplex } from 'node:stream'
import zlib from 'node:zlib'

/** A request as it arrived. `user`: whom this application took it for. */
export type Arrived = {
  readonly method: string
  readonly url: string
  readonly headers: http.IncomingHttpHeaders
  readonly user: string | null
}

/** How `/me` behaves. `drips`: begins an answer and never ends it; `slow`: takes 150 ms. */
export type MeMode = 'ok' | 'fails' | 'hangs' | 'lies' | 'twice' | 'slow' | 'drips' | 'long'

/** How JSON is compressed, whatever was asked for. `cut`: gzip that breaks off; `bomb`: gzip of 10 MB of blanks. */
export type Coding = 'gzip' | 'br' | 'deflate' | 'zstd' | 'cut' | 'bomb'

const cookieOf = (header: string | undefined): string | null => {
  let found: string | null = null
  for (const pair of (header ?? '').split(';')) {
    const [name, value] = pair.trim().split('=')
    if (name === 'sid') found = value ?? ''
  }
  return found
}

const bodyOf = async (request: http.IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

type State = {
  readonly users: Readonly<Record<string, object>>
  readonly sessions: Map<string, string | null>
  readonly arrived: Arrived[]
  /** Tokens of magic links, good for once. */
  readonly links: Map<string, string>
  readonly settings: {
    me: MeMode
    rotates: boolean
    rotatesAtMe: boolean
    /** Its word on strangers is a 200 that names user 0. */
    saysNobody: boolean
    asked: number
    /** Writes a new cookie with each page. */
    rewrites: boolean
    /** Attributes of its cookie besides the usual ones. */
    cookieTail: string
    coding: Coding | null
    /** What its cookie holds for a user; random unless a test wants a token. */
    idOf: (user: string) => string
  }
}

const newId = (): string => randomBytes(9).toString('hex')

const signIn = ({ settings, sessions }: State, before: string | null, user: string): string => {
  const id = !settings.rotates && before !== null && before !== '' ? before : settings.idOf(user)
  if (settings.rotates && before !== null) sessions.delete(before)
  sessions.set(id, user)
  return `sid=${id}; Path=/; HttpOnly${settings.cookieTail}`
}

const compress = (coding: Coding, text: string): Buffer => {
  switch (coding) {
    case 'br':
      return zlib.brotliCompressSync(text)
    case 'deflate':
      return zlib.deflateSync(text)
    case 'zstd':
      return zlib.zstdCompressSync(text)
    case 'cut':
      return zlib.gzipSync(text).subarray(0, -8)
    case 'bomb':
      return zlib.gzipSync(text + ' '.repeat(10_000_000))
    case 'gzip':
      return zlib.gzipSync(text)
  }
}

type Headers = Readonly<Record<string, string | readonly string[]>>

const endJson = (
  { settings: { coding } }: State,
  response: http.ServerResponse,
  status: number,
  headers: Headers,
  text: string,
): void => {
  const type = { 'content-type': 'application/json', ...headers }
  if (coding === null) return void response.writeHead(status, type).end(text)
  const name = coding === 'cut' || coding === 'bomb' ? 'gzip' : coding
  response.writeHead(status, { ...type, 'content-encoding': name }).end(compress(coding, text))
}

const answerMe = (state: State, response: http.ServerResponse, cookie: string | null): void => {
  const { settings, sessions, users } = state
  if (!response.hasHeader('x-waited')) settings.asked += 1
  const user = cookie === null ? null : (sessions.get(cookie) ?? null)
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (settings.me === 'hangs') return
  if (settings.me === 'drips') return void response.writeHead(200, headers).write('{"id":')
  if (settings.me === 'slow' && !response.hasHeader('x-waited')) {
    response.setHeader('x-waited', 'yes')
    return void setTimeout(() => answerMe(state, response, cookie), 150)
  }
  if (settings.me === 'fails') return void response.writeHead(500).end('broken')
  if (user === null || cookie === null) {
    const told = settings.saysNobody
      ? ([200, '{"id":0,"kind":"staff","known":false}'] as const)
      : ([401, '{}'] as const)
    return void response.writeHead(told[0], headers).end(told[1])
  }
  if (settings.rotatesAtMe) {
    sessions.delete(cookie)
    headers['set-cookie'] = signIn(state, null, user)
  }
  const bodies = {
    ok: JSON.stringify({ id: user, kind: 'staff', ...users[user] }),
    slow: JSON.stringify({ id: user, kind: 'staff', ...users[user] }),
    drips: '',
    long: JSON.stringify({ id: user, kind: 'staff', ...users[user], more: 'x'.repeat(70_000) }),
    lies: '<html>',
    twice: `{"id":"${user}","id":"owner","kind":"staff"}`,
  }
  endJson(state, response, 200, headers, bodies[settings.me])
}

const answerSignIn = (
  state: State,
  response: http.ServerResponse,
  given: URLSearchParams,
  cookie: string | null,
): void => {
  const user = given.getAll('user').at(-1) ?? ''
  if (given.get('password') !== 'right' || state.users[user] === undefined)
    return void response.writeHead(401).end('no')
  response.writeHead(303, { 'set-cookie': signIn(state, cookie, user), location: '/home' }).end()
}

/** Like many: always 200, a cookie even for strangers, and what came of it in a JSON field. */
const answerApi = (
  state: State,
  response: http.ServerResponse,
  given: URLSearchParams,
  cookie: string | null,
): void => {
  const user = given.get('user') ?? ''
  if (given.get('password') === 'right' && state.users[user] !== undefined) {
    const made = { 'set-cookie': signIn(state, cookie, user) }
    endJson(state, response, 200, made, '{"ok":true}')
    return
  }
  const id = cookie ?? newId()
  if (!state.sessions.has(id)) state.sessions.set(id, null)
  const kept = { 'set-cookie': `sid=${id}; Path=/; HttpOnly` }
  endJson(state, response, 200, kept, '{"ok":false,"error":"wrong password"}')
}

const answerPage = (
  state: State,
  path: string,
  query: URLSearchParams,
  response: http.ServerResponse,
  cookie: string | null,
): void => {
  const gone = 'sid=; Path=/; Max-Age=0'
  switch (path) {
    case '/sign-out':
      if (cookie !== null) state.sessions.delete(cookie)
      return void response.writeHead(303, { 'set-cookie': gone, location: '/sign-in' }).end()
    case '/clears':
      return void response.writeHead(200, { 'set-cookie': gone }).end('cleared')
    case '/callback': {
      const cookies = { 'set-cookie': signIn(state, cookie, 'ann'), location: '/home' }
      return void response.writeHead(303, cookies).end()
    }
    case '/callback-failed':
      return void response.writeHead(303, { location: '/sign-in?error=access_denied' }).end()
    case '/magic': {
      const user = state.links.get(query.get('token') ?? '')
      if (user === undefined) return void response.writeHead(410).end('this link was used')
      state.links.delete(query.get('token') ?? '')
      const cookies = ['theme=dark; Path=/', 'sid=old; Path=/', signIn(state, cookie, user)]
      return void response.writeHead(302, { 'set-cookie': cookies, location: '/home' }).end()
    }
    case '/first-step': {
      const id = newId()
      state.sessions.set(id, null)
      const half = { 'set-cookie': `sid=${id}; Path=/; HttpOnly`, location: '/sign-in?step=2' }
      return void response.writeHead(303, half).end()
    }
    case '/events':
      return void response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
    case '/lasting/events':
      return void response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
    case '/lasting/download':
      return void response.writeHead(200, { 'content-type': 'application/pdf' }).write('%PDF-begun')
    case '/lasting/poll':
      return
    default: {
      const user = cookie === null ? 'nobody' : state.sessions.get(cookie)
      if (state.settings.rewrites && cookie !== null && user) {
        const id = newId()
        state.sessions.delete(cookie)
        state.sessions.set(id, user)
        response.setHeader('set-cookie', `sid=${id}; Path=/; HttpOnly`)
      }
      return void response.writeHead(200, { 'content-type': 'text/plain' }).end(`page for ${user}`)
    }
  }
}

const answer = async (state: State, request: http.IncomingMessage, response: http.ServerResponse) => {
  const { method = '', url = '', headers } = request
  const cookie = cookieOf(headers.cookie)
  const path = url.split('?', 1)[0] ?? ''
  if (path === '/me') return answerMe(state, response, cookie)
  const user = cookie === null ? null : (state.sessions.get(cookie) ?? null)
  state.arrived.push({ method, url, headers, user })
  const body = await bodyOf(request)
  const query = new URLSearchParams(url.slice(path.length))
  if (method === 'POST' && path === '/api/login')
    return answerApi(state, response, new URLSearchParams(JSON.parse(body) as Record<string, string>), cookie)
  if (method !== 'POST' || !path.endsWith('/sign-in')) return answerPage(state, path, query, response, cookie)
  const fields = path === '/sign-in' ? body : Object.entries(JSON.parse(body) as Record<string, string>)
  answerSignIn(state, response, new URLSearchParams(fields), cookie)
}

/** Takes a WebSocket's handshake and says no more. */
const answerUpgrade = (request: http.IncomingMessage, socket: Duplex): void => {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = createHash('sha1').update(key).digest('base64')
  socket.on('error', () => {})
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
}

/** Starts it on a free loopback port. `users`: id → what `/me` says besides the id. */
export const startFakeApplication = async (users: State['users']) => {
  const state: State = {
    users,
    sessions: new Map(),
    arrived: [],
    links: new Map(),
    settings: {
      me: 'ok',
      rotates: true,
      rotatesAtMe: false,
      saysNobody: false,
      asked: 0,
      rewrites: false,
      cookieTail: '',
      coding: null,
      idOf: newId,
    },
  }
  const server = http.createServer((request, response) => {
    answer(state, request, response).catch(() => response.destroy())
  })
  const tunnels = new Set<Duplex>()
  server.on('upgrade', (request, socket) => {
    tunnels.add(socket)
    socket.on('close', () => tunnels.delete(socket))
    answerUpgrade(request, socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    ...state,
    /** Signs somebody in behind the gateway's back; the cookie's value. */
    signInDirectly(user: string): string {
      const id = state.settings.idOf(user)
      state.sessions.set(id, user)
      return id
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
        for (const socket of tunnels) socket.destroy()
      }),
  }
}
