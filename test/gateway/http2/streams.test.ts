/**
 * Goal: a request by HTTP/2 is the same request as by HTTP/1.1: judged, forwarded and answered as that, and held to its pace.
 * Method: an engine over TLS; node's client for what is polite, frames by hand for what is not.
 */
import { createHash, randomBytes } from 'node:crypto'
import http2 from 'node:http2'
import net from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import { createAuthority, listenerTls } from '../../support/certificates.ts'
import { createStage } from '../../support/engine-stage.ts'
import { connectFrames, flags, frame, frames, frameTypes, isEnded, usual } from '../../support/frames.ts'
import { eventually } from '../../support/gateway-stand.ts'
import { answering } from '../../support/raw-http.ts'

const tls = listenerTls()
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const stage = createStage('own')
const sessions: http2.ClientHttp2Session[] = []
afterEach(async () => {
  for (const session of sessions.splice(0)) session.destroy()
  await stage.end()
})

const connect = (): http2.ClientHttp2Session => {
  const session = http2.connect(`https://127.0.0.1:${stage.stand.port}`, { rejectUnauthorized: false })
  session.on('error', () => {})
  sessions.push(session)
  return session
}

type Answer = {
  readonly headers: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader
  readonly body: Buffer
  readonly interim: readonly unknown[]
}
const send = (
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body: Buffer | null = null,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const stream = session.request({ ':authority': 'app.example', ...headers }, { endStream: body === null })
    const interim: unknown[] = []
    const parts: Buffer[] = []
    let got: Answer['headers'] = {}
    stream.on('headers', (fields) => interim.push(fields[':status'], fields.link))
    stream.on('response', (fields) => {
      got = fields
    })
    stream.on('data', (part: Buffer) => parts.push(part))
    stream.on('end', () => resolve({ headers: got, body: Buffer.concat(parts), interim }))
    stream.on('error', reject)
    if (body !== null) stream.end(body)
  })

test('a request arrives as one of HTTP/1.1 with its host, its cookie in one piece, and no pseudo header', async () => {
  const app = await stage.raw(answering(ok), { tls, http2: true, secure: true })
  const client = await connectFrames(stage.stand.port)
  client.write(
    frames.headers(1, [
      ...usual('/a%2Fb?c=d'),
      ['cookie', 'a=1'],
      ['x-name', 'J\xc3\xbcrgen'],
      ['te', 'trailers'],
      ['cookie', 'b=2'],
    ]),
  )
  expect(await client.status(1)).toBe(200)
  await client.until(({ type, id }) => type === frameTypes.data && id === 1)
  expect(client.content(1)).toBe('ok')
  expect(isEnded(client, 1)).toBe(true)
  const text = app.connections[0]!.received()
  expect(text).toMatch(/^GET \/a%2Fb\?c=d HTTP\/1\.1\r\nHost: app\.example\r\n/)
  expect(text).toMatch(/\r\nCookie: a=1; b=2\r\n/)
  expect(text).toMatch(/\r\nx-name: J\xc3\xbcrgen\r\n/)
  expect(text).toMatch(/\r\nX-Forwarded-Proto: https\r\n/)
  expect(text).not.toMatch(/\r\n(?::|te|transfer-encoding|connection: upgrade)/i)
  expect(stage.stand.seen[0]).toMatchObject({ method: 'GET', host: 'app.example', kind: 'fetch' })
  client.socket.destroy()
})

test('many at once on one connection: bodies whole both ways, each answer to its own request', async () => {
  const download = randomBytes(700_000)
  await stage.http(
    (request, response) => {
      const seen = createHash('sha256')
      request.on('data', (chunk: Buffer) => seen.update(chunk))
      request.on('end', () => {
        response.setHeader('x-seen', seen.digest('hex')).setHeader('x-path', request.url ?? '')
        response.setHeader(
          'x-framed',
          String(request.headers['content-length'] ?? request.headers['transfer-encoding']),
        )
        if (request.url?.startsWith('/long') === true) response.setHeader('content-length', download.length)
        response.end(download)
      })
    },
    { tls, http2: true },
  )
  const session = connect()
  const uploads = Array.from({ length: 12 }, (_, at) => randomBytes(20_000 * at + 1))
  const answers = await Promise.all(
    uploads.map((upload, at) =>
      send(
        session,
        {
          ':method': 'POST',
          ':path': `/${at % 2 === 0 ? 'long' : 'open'}/${at}`,
          ...(at % 3 === 0 ? { 'content-length': upload.length } : {}),
        },
        upload,
      ),
    ),
  )
  answers.forEach(({ headers, body }, at) => {
    expect(headers).toMatchObject({
      ':status': 200,
      'x-seen': hashOf(uploads[at]!),
      'x-path': expect.stringMatching(`/${at}$`),
    })
    expect(headers['x-framed']).toBe(at % 3 === 0 ? String(uploads[at]!.length) : 'chunked')
    expect(hashOf(body)).toBe(hashOf(download))
    expect(headers.connection ?? headers['transfer-encoding'] ?? headers['keep-alive']).toBeUndefined()
  })
})

test('HEAD, 204, 304, interim answers, Expect and what the gateway answers itself', async () => {
  await stage.http(
    (request, response) => {
      if (request.url === '/hints')
        response.writeEarlyHints({ link: ['</a.css>; rel=preload', '</b.js>; rel=preload'] })
      response.statusCode = Number(/^\/(\d{3})/.exec(request.url ?? '')?.[1] ?? 200)
      response.setHeader('set-cookie', ['a=1', 'b=2'])
      request.resume().on('end', () => response.end(request.method === 'HEAD' ? undefined : 'text'))
    },
    { tls, http2: true, hosts: ['app.example'] },
  )
  const session = connect()
  expect(await send(session, { ':method': 'HEAD' })).toMatchObject({
    headers: { ':status': 200 },
    body: Buffer.alloc(0),
  })
  expect(await send(session, { ':path': '/204' })).toMatchObject({
    headers: { ':status': 204 },
    body: Buffer.alloc(0),
  })
  expect(await send(session, { ':path': '/304' })).toMatchObject({ headers: { ':status': 304 } })
  const hinted = await send(session, { ':path': '/hints' })
  expect(hinted.interim).toEqual([103, '</a.css>; rel=preload, </b.js>; rel=preload'])
  expect(hinted.headers['set-cookie']).toEqual(['a=1', 'b=2'])
  expect(hinted.headers.date).toMatch(/GMT$/)
  const expecting = await send(session, { ':method': 'PUT', expect: '100-continue' }, Buffer.from('x'))
  expect(expecting.interim[0]).toBe(100)
  expect(await send(session, { ':authority': 'other.example' })).toMatchObject({
    headers: { ':status': 404 },
  })
})

test('trailers are dropped, and what would frame or route a message breaks it off', async () => {
  const app = await stage.raw(() => {}, { tls, http2: true })
  const client = await connectFrames(stage.stand.port)
  const end = flags.endStream | flags.endHeaders
  for (const [at, name] of ['x-checksum', 'host', 'content-length', 'authorization'].entries()) {
    const id = 2 * at + 1
    client.write(frames.headers(id, usual('/up', 'POST'), flags.endHeaders), frames.data(id, 'abc'))
    const accepted = await app.connection(at)
    await accepted.until(/abc/)
    client.write(frames.headers(id, [[name, '1']], end))
    if (at === 0) expect(await accepted.until(/0\r\n\r\n$/)).not.toContain('checksum')
    else expect(await accepted.closed()).toMatch(/abc\r\n$/)
  }
  client.socket.destroy()
})

test('a client that does not read holds its own answer alone, and the application is not read from', async () => {
  let written = 0
  await stage.http(
    (request, response) => {
      if (request.url !== '/large') return void response.end('small')
      const piece = Buffer.alloc(65_536)
      const more = (): void => {
        while (written < 50_000_000 && response.write(piece)) written += piece.length
      }
      response.on('drain', more)
      more()
    },
    { tls, http2: true },
  )
  const client = await connectFrames(stage.stand.port)
  client.write(frames.headers(1, usual('/large')))
  await client.until(() => client.content(1).length === 65_535)
  // The connection's window is used up by the one.
  client.write(frames.update(0, 1_000_000), frames.headers(3, usual('/small')))
  expect(await client.status(3)).toBe(200)
  await client.until(() => isEnded(client, 3))
  expect(client.content(1)).toHaveLength(65_535)
  expect(written).toBeLessThan(12_000_000)
  client.write(frames.update(1, 1_000))
  await client.until(() => client.content(1).length === 66_535)
  client.socket.destroy()
})

test('an upload that the application does not take is not taken from the client beyond its window', async () => {
  let isFirst = true
  const app = await stage.raw(
    (accepted) => {
      if (isFirst) accepted.socket.pause()
      else answering(ok)(accepted)
      isFirst = false
    },
    { tls, http2: true },
  )
  const session = connect()
  const stream = session.request(
    { ':method': 'POST', ':path': '/up', ':authority': 'a' },
    { endStream: false },
  )
  stream.on('error', () => {})
  let taken = 0
  const piece = Buffer.alloc(100_000)
  const more = (): void =>
    void stream.write(piece, (error) => {
      if (error != null) return
      taken += piece.length
      more()
    })
  more()
  await app.connection(0)
  let before = -1
  await eventually(() => {
    const isStill = taken === before && taken > 0
    before = taken
    return isStill
  }, 'it stands still')
  expect(taken).toBeLessThan(12_000_000)
  expect((await send(session, { ':path': '/other' })).headers[':status']).toBe(200)
})

test('draining: it is announced, what comes all the same is answered, and nothing new behind that', async () => {
  await stage.raw(answering(ok), { tls, http2: true })
  const client = await connectFrames(stage.stand.port)
  client.write(frames.headers(1))
  expect(await client.status(1)).toBe(200)
  const { stand } = stage
  const idle = await connectFrames(stand.port)
  await idle.until(({ type }) => type === frameTypes.settings)
  const closed = stand.close(400)
  await client.until(({ type }) => type === frameTypes.goaway)
  expect(client.seen.find(({ type }) => type === frameTypes.goaway)!.payload.readUInt32BE(0)).toBe(
    2 ** 31 - 1,
  )
  await Promise.all([client.closed(), idle.closed(), closed])
  expect(client.goneAway()).toBe(0)
})

test('it is agreed on only where it is configured, and WebSockets are not announced by it', async () => {
  await stage.raw(answering(ok), { tls, http2: true })
  const client = await connectFrames(stage.stand.port)
  const { payload } = await client.until(
    ({ type, flags: bits }) => type === frameTypes.settings && bits === 0,
  )
  const settings = new Map(
    Array.from({ length: payload.length / 6 }, (_, at) => [
      payload.readUInt16BE(6 * at),
      payload.readUInt32BE(6 * at + 2),
    ]),
  )
  expect(settings.get(3)).toBe(100)
  expect(settings.get(8) ?? 0).toBe(0)
  client.write(
    frames.headers(
      1,
      [[':method', 'CONNECT'], [':protocol', 'websocket'], ...usual().slice(1)],
      flags.endHeaders,
    ),
    frames.headers(
      3,
      [
        [':method', 'CONNECT'],
        [':authority', 'app.example:443'],
      ],
      flags.endHeaders,
    ),
    frame(frameTypes.ping, 0, 0, Buffer.alloc(8)),
  )
  await client.until(() => client.resetOf(1) !== null)
  expect(await client.status(3)).toBe(400)
  expect(stage.stand.seen).toHaveLength(0)
  client.socket.destroy()
})

test('a length of nothing is nothing, however its end comes; more than that ends the connection', async () => {
  const app = await stage.raw(answering(ok), { tls, http2: true })
  const client = await connectFrames(stage.stand.port)
  const none = [...usual('/x', 'POST'), ['content-length', '0']] as const
  client.write(frames.headers(1, none, flags.endHeaders))
  expect(await client.status(1)).toBe(200)
  client.write(frames.data(1, '', flags.endStream))
  await eventually(() => stage.stand.exchanges.size() === 0, 'it is over')
  client.write(frames.headers(3, none, flags.endHeaders), frames.data(3, 'abc', flags.endStream))
  await client.closed()
  expect(client.goneAway()).not.toBe(0)
  expect(app.connections.map((accepted) => accepted.received()).join('')).not.toContain('abc')
})

test('behind a balancer the client is the one it announces, and a proxy shows its certificate', async () => {
  const authority = createAuthority('Proxies')
  const secured = { ...tls, ca: [authority.cert], requestCert: true }
  await stage.raw(answering(ok), {
    ...{ tls: secured, http2: true, proxyProtocol: { from: ['127.0.0.1'], deadlineMs: 2_000 } },
  })
  const socket = net.connect(stage.stand.port, '127.0.0.1')
  socket.write('PROXY TCP4 203.0.113.9 192.0.2.1 5555 443\r\n')
  const session = http2.connect('https://app.example', {
    createConnection: () =>
      connectTls({
        socket,
        rejectUnauthorized: false,
        ALPNProtocols: ['h2'],
        ...authority.issue({ names: ['proxy.test'] }),
      }),
  })
  sessions.push(session)
  expect((await send(session, {})).headers[':status']).toBe(200)
  expect(stage.stand.seen[0]).toMatchObject({
    ...{ peer: { text: '203.0.113.9' }, client: { text: '203.0.113.9' } },
    peerNames: ['dns:proxy.test', 'cn:proxy.test'],
  })
})
