/**
 * Goal: every internal call ends in time with an answer of the right form, or a fault that says whose failure it was.
 * Method: a real HTTP server on loopback that answers rightly, wrongly, late, in halves and not at all.
 */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { createBearerCheck } from '../../runtime/fleet-seal.ts'
import type { ControlPlane, OpenSession } from '../../runtime/internal.ts'
import { createInternalClient } from '../../runtime/internal-client.ts'

const clusterKey = 'k'.repeat(32)
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const clientOf = (url: string, deadlineMs = 5_000): ControlPlane =>
  createInternalClient({ url, clusterKey, deadlineMs })

const record = { key: 'gh:practices', text: '1 x {}' }
const session: OpenSession = {
  upstream: 'desk',
  identity: { appUser: 'u', kind: 'staff', name: null, email: null, practices: [], amr: [] },
  method: 'app-password',
  tokenHash: 'h'.repeat(43),
  cookieHash: null,
  address: '127.0.0.1',
  device: 'test “browser”',
  replaces: null,
}

test('each call goes to its route with the bearer, and its answer comes back', async () => {
  const isRight = createBearerCheck(clusterKey)
  const seen: string[] = []
  const answers: Record<string, unknown> = {
    'POST /internal/sessions': { outcome: 'opened', session: record, records: [record] },
    'POST /internal/sessions/change': null,
    'GET /internal/changes?since=7&gateway=gw+1%26': {
      sequence: 9,
      records: [record],
      manifest: record,
      more: false,
    },
    'GET /internal/record?key=gh%3Apolicy%3A%7Ba%7D': record,
    'POST /internal/access-requests': { standings: [], refused: 'Not now.' },
    'POST /internal/access-standings': null,
    'GET /internal/public-key': { publicKey: 'p' },
  }
  const url = await serve(async (request, response) => {
    let body = ''
    for await (const part of request) body += part
    expect(isRight(request.headers.authorization)).toBe(true)
    const line = `${request.method} ${request.url}`
    seen.push(`${line} ${body === '' ? '' : JSON.parse(body).tokenHash}`.trim())
    response.end(JSON.stringify(answers[line]))
  })
  const client = clientOf(url)
  expect(await client.openSession(session)).toEqual(answers['POST /internal/sessions'])
  expect(await client.changeSession({ to: 'live', tokenHash: session.tokenHash })).toBeNull()
  expect(await client.changes(7, 'gw 1&')).toMatchObject({ sequence: 9 })
  expect(await client.record('gh:policy:{a}')).toEqual(record)
  expect(await client.publicKey()).toBe('p')
  const { tokenHash } = session
  const wish = { tokenHash, kind: 'ip' as const, address: '127.0.0.1', practices: ['a'], reason: 'At home' }
  expect(await client.askAccess(wish)).toMatchObject({ refused: 'Not now.' })
  expect(await client.accessStandings(tokenHash, 'ip', '127.0.0.1')).toBeNull()
  expect(seen[0]).toBe(`POST /internal/sessions ${session.tokenHash}`)
  expect(seen).toHaveLength(7)
})

describe('failures', () => {
  const cases: readonly (readonly [string, RequestListener, object])[] = [
    ['another cluster key', (_, response) => response.writeHead(401).end(), { kind: 'refused', retry: 'no' }],
    ['bad input', (_, response) => response.writeHead(422).end('{}'), { kind: 'refused', retry: 'no' }],
    ['an unknown path', (_, response) => response.writeHead(404).end('null'), { kind: 'refused' }],
    [
      'a failing control plane',
      (_, response) => response.writeHead(503).end(),
      { kind: 'unreachable', retry: 'yes' },
    ],
    ['a redirect', (_, response) => response.writeHead(302, { location: '/' }).end(), { kind: 'refused' }],
    ['no JSON', (_, response) => response.end('<html>'), { kind: 'garbage' }],
    ['another form', (_, response) => response.end('{"key":1}'), { kind: 'garbage' }],
    [
      'an unknown field',
      (_, response) => response.end(JSON.stringify({ ...record, extra: 1 })),
      { kind: 'garbage' },
    ],
    [
      'half an answer',
      (_, response) => {
        response.writeHead(200, { 'content-length': '1000' }).write('{"key"')
        setImmediate(() => response.destroy())
      },
      { kind: 'reset', retry: 'fresh-connection' },
    ],
    ['a connection cut before the answer', (request) => request.socket.destroy(), { kind: 'reset' }],
  ]
  for (const [name, listener, expected] of cases) {
    test(name, async () => {
      const failure = clientOf(await serve(listener)).record('gh:practices')
      await expect(failure).rejects.toMatchObject({ fault: true, source: 'control-plane', ...expected })
    })
  }

  test('silence, and an answer that trickles, end at the deadline', async () => {
    const silent = await serve(() => {})
    const trickling = await serve((_, response) => {
      const timer = setInterval(() => response.write(' '), 5)
      response.on('close', () => clearInterval(timer))
    })
    for (const url of [silent, trickling]) {
      const startedAt = performance.now()
      await expect(clientOf(url, 100).publicKey()).rejects.toMatchObject({ kind: 'timeout' })
      expect(performance.now() - startedAt).toBeLessThan(2_000)
    }
  })

  test('nobody there', async () => {
    const url = await serve(() => {})
    await new Promise((resolve) => servers.pop()?.close(resolve))
    await expect(clientOf(url).publicKey()).rejects.toMatchObject({ kind: 'unreachable', retry: 'yes' })
  })
})

test('a kept connection that was closed meanwhile is replaced without a word, once', async () => {
  const sockets = new Set<Socket>()
  let cut = false
  const url = await serve((request, response) => {
    const known = sockets.has(request.socket)
    sockets.add(request.socket)
    if (cut && known) request.socket.destroy()
    else response.end(JSON.stringify({ publicKey: 'p' }))
  })
  const client = clientOf(url)
  await client.publicKey()
  cut = true
  expect(await client.publicKey()).toBe('p')
  expect(sockets.size).toBe(2)
})

test('connections are kept between calls', async () => {
  const sockets = new Set<Socket>()
  const url = await serve((request, response) => {
    sockets.add(request.socket)
    response.end(JSON.stringify({ publicKey: 'p' }))
  })
  const client = clientOf(url)
  for (let call = 0; call < 5; call++) await client.publicKey()
  expect(sockets.size).toBe(1)
})
