/**
 * An application for tests whose pages hold a bearer token: no cookie, and a WebSocket that takes the token in its first
 * message, as Node-RED does. It knows nothing of a gateway.
 *
 * It also believes a token in the query, as RFC 6750 §2.3 allows, so that a gateway that overlooked that would be found out.
 */
import { randomBytes } from 'node:crypto'
import http from 'node:http'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { WebSocketServer } from 'ws'

/** A request as it arrived. `user`: whom this application took it for. */
export type TokenArrival = {
  readonly method: string
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly user: string | null
}

const textOf = async (request: http.IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

type State = {
  readonly tokens: Map<string, string>
  readonly arrived: TokenArrival[]
  /** `deaf`: goes on to believe tokens that it was told are over. */
  readonly settings: { keepsToken: string | null; coding: 'gzip' | 'zstd' | null; deaf: boolean }
}

const answerJson = (response: http.ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const tokenOf = (request: http.IncomingMessage, url: URL): string | null =>
  /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? url.searchParams.get('access_token')

const issue = ({ tokens, settings }: State, user: string): string => {
  const token = settings.keepsToken ?? randomBytes(30).toString('base64')
  tokens.set(token, user)
  return token
}

const answer = async (state: State, request: http.IncomingMessage, response: http.ServerResponse) => {
  const url = new URL(request.url ?? '/', 'http://application')
  const { method = '', headers } = request
  const token = tokenOf(request, url)
  const user = token === null ? null : (state.tokens.get(token) ?? null)
  state.arrived.push({ method, path: url.pathname, headers, user })
  const body = await textOf(request)
  if (url.pathname === '/auth/token') {
    const given = new URLSearchParams(body)
    if (given.get('password') !== 'right') return answerJson(response, 403, { error: 'invalid_grant' })
    const issued = issue(state, given.get('username') ?? '')
    const granted = { access_token: issued, expires_in: 604_800, token_type: 'Bearer' }
    const { coding } = state.settings
    if (coding === null) return answerJson(response, 200, granted)
    const bytes =
      coding === 'gzip' ? gzipSync(JSON.stringify(granted)) : zstdCompressSync(JSON.stringify(granted))
    return void response
      .writeHead(200, { 'content-type': 'application/json', 'content-encoding': coding })
      .end(bytes)
  }
  if (url.pathname === '/' || url.pathname.startsWith('/red/'))
    return void response.writeHead(200, { 'content-type': 'text/html' }).end(`shell for ${user ?? 'nobody'}`)
  if (user === null) return answerJson(response, 401, { error: 'unauthorized' })
  if (url.pathname === '/auth/revoke') {
    const { token = '' } = JSON.parse(body || '{}') as { token?: string }
    if (!state.settings.deaf) state.tokens.delete(token)
    return void response.writeHead(200).end()
  }
  answerJson(response, 200, { path: url.pathname, user: { username: user } })
}

const listen = (state: State, server: http.Server): WebSocketServer => {
  const sockets = new WebSocketServer({ server, path: '/comms' })
  sockets.on('connection', (socket, request) => {
    state.arrived.push({ method: 'WS', path: '/comms', headers: request.headers, user: null })
    socket.on('message', (message) => {
      const user = state.tokens.get((JSON.parse(String(message)) as { auth: string }).auth)
      socket.send(JSON.stringify(user === undefined ? { auth: 'fail' } : { auth: 'ok', user }))
      if (user === undefined) socket.close()
    })
  })
  return sockets
}

/** Starts it on a free loopback port; whoever knows the password `right` is whom they say. */
export const startTokenApplication = async () => {
  const state: State = {
    tokens: new Map(),
    arrived: [],
    settings: { keepsToken: null, coding: null, deaf: false },
  }
  const server = http.createServer((request, response) => {
    answer(state, request, response).catch(() => response.destroy())
  })
  const sockets = listen(state, server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    ...state,
    /** Signs somebody in behind the gateway's back; their token. */
    signInDirectly: (user: string): string => issue(state, user),
    close: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets.clients) socket.terminate()
        sockets.close()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
