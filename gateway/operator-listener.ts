/**
 * The private listener for operators: `/metrics`, `/livez`, `/readyz`.
 *
 * No staff control guards it, so it says nothing of users, practices or addresses; configuration binds it to a
 * private address. Invariant: `/livez` depends on nothing but this process, so that a broken store never makes an
 * orchestrator restart gateways that still serve; `/readyz` names what is missing. Serving these on the
 * application's listener was refused: its paths belong to the application.
 */
import http from 'node:http'

/** What the listener shows. */
export type OperatorView = {
  metrics(): Promise<{ readonly contentType: string; readonly body: string }>
  /** What is missing before this gateway may get traffic, in words; empty: ready. */
  missing(): readonly string[]
}

/** A running listener. */
export type OperatorListener = {
  readonly host: string
  readonly port: number
  close(): Promise<void>
}

const send = (response: http.ServerResponse, status: number, type: string, body: string): void => {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(body)
}

const text = 'text/plain; charset=utf-8'

const answer = async (
  view: OperatorView,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> => {
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, text, 'GET only\n')
  switch ((request.url ?? '').split('?', 1)[0]) {
    case '/livez':
      return send(response, 200, text, 'ok\n')
    case '/readyz': {
      const missing = view.missing()
      return missing.length === 0
        ? send(response, 200, text, 'ok\n')
        : send(response, 503, text, `${missing.map((what) => `missing: ${what}`).join('\n')}\n`)
    }
    case '/metrics': {
      const { contentType, body } = await view.metrics()
      return send(response, 200, contentType, body)
    }
    default:
      return send(response, 404, text, 'only /metrics, /livez and /readyz are here\n')
  }
}

/** Listens on `host:port` (port 0: any); rejects when the address is taken. */
export const startOperatorListener = async (
  view: OperatorView,
  host: string,
  port: number,
): Promise<OperatorListener> => {
  const server = http.createServer((request, response) => {
    answer(view, request, response).catch(() => {
      if (response.headersSent) response.destroy()
      else send(response, 500, text, 'this could not be read\n')
    })
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  // Workers of one gateway share a port that is named; any free one is each process's own.
  server.listen({ port, host, exclusive: port === 0 }, resolve)
  await promise
  const bound = server.address()
  return {
    host,
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}
