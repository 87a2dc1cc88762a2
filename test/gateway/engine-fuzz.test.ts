/**
 * Goal: no bytes end the process, and every request the application reads is one that was judged, word for word.
 * Method: mutated requests on raw sockets (seeded); node:http as the application's independent strict parser.
 */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines, type Stand, startStand } from '../support/engine-stand.ts'
import { connectRaw } from '../support/raw-http.ts'

type Seen = {
  readonly method: string
  readonly url: string
  readonly host: string
  readonly names: readonly string[]
}

describe.each(engines)('the engine "%s"', (engine) => {
  const read: Seen[] = []
  let misread = 0
  const app = http.createServer((request, response) => {
    const { method = '', url = '', headers, rawHeaders } = request
    read.push({ method, url, host: headers.host ?? '', names: rawHeaders.filter((_, i) => i % 2 === 0) })
    request.resume().on('end', () => response.end('ok'))
  })
  let stand: Stand

  beforeAll(async () => {
    app.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code?.startsWith('HPE_') && error.code !== 'HPE_INVALID_EOF_STATE') misread += 1
      socket.destroy()
    })
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
    stand = await startStand(`http://127.0.0.1:${(app.address() as AddressInfo).port}`, { engine })
  })

  afterAll(async () => {
    await stand.close()
    app.closeAllConnections()
    await new Promise<void>((resolve) => app.close(() => resolve()))
  })

  const oddLine = fc.constantFrom(
    ...[
      'Host: b',
      'Host: a',
      'Content-Length: 3',
      'Content-Length: 0',
      'Content-Length: 18446744073709551616',
      'Transfer-Encoding: chunked',
    ],
    ...[
      'Transfer-Encoding: ,chunked',
      'Transfer-Encoding:\x0bchunked',
      'Transfer-Encoding : chunked',
      'Transfer_Encoding: chunked',
    ],
    ...[
      'Connection: close',
      'Connection: Upgrade, Host',
      'Upgrade: h2c',
      'Upgrade: websocket',
      'Expect: 100-continue',
      'Expect: x',
    ],
    ...[
      '__proto__: x',
      'constructor: x',
      'Cookie: __proto__=1; =; ;;',
      'X: a\r\n b',
      'X',
      ': x',
      'X: \0',
      'X: \xff',
      'TE: trailers',
      'toString: 1',
    ],
    ...[
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Version: 13',
      'X-Forwarded-For: ,,',
      'Content-Length: 0x3',
    ],
  )
  const line = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('Accept: */*', 'Connection: close', 'X-A: b') },
    oddLine,
  )
  const oddTarget = fc.constantFrom(
    '/',
    '/x',
    '/x?__proto__=1',
    '/a%2fb',
    '//x',
    '/..',
    'http://a/x',
    'http://b/x',
    '*',
    'x',
    '/\xe9',
    '/x y',
    '/x#y',
  )
  const target = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('/x', '/a/b?c') }, oddTarget)
  const oddMethod = fc.constantFrom(
    'GET',
    'POST',
    'HEAD',
    'DELETE',
    'OPTIONS',
    'TRACE',
    'CONNECT',
    'QUERY',
    'get',
    'GE T',
    '',
  )
  const method = fc.oneof({ weight: 4, arbitrary: fc.constantFrom('GET', 'POST') }, oddMethod)
  const body = fc.constantFrom(
    '',
    '',
    '',
    '',
    'abc',
    '3\r\nabc\r\n0\r\n\r\n',
    '0\r\n\r\n',
    '3;x=y\r\nabc\r\n0\r\nT: x\r\n\r\n',
    'zz\r\n',
    '-1\r\nabc',
    '3\nabc\n0\n\n',
  )
  const end = fc.oneof({ weight: 15, arbitrary: fc.constant('\r\n') }, fc.constantFrom('\n', '\r', ''))
  const request = fc
    .tuple(
      method,
      target,
      fc.oneof({ weight: 9, arbitrary: fc.constant('1.1') }, fc.constantFrom('1.0', '2.0', '0.9')),
      fc.array(line, { maxLength: 4 }),
      end,
      body,
    )
    .map(
      ([verb, path, version, lines, eol, text]) =>
        [`${verb} ${path} HTTP/${version}`, 'Host: a', ...lines, '', ''].join(eol) + text,
    )
  const noise = fc.oneof(
    { weight: 3, arbitrary: fc.constant('') },
    fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
      maxLength: 4,
    }),
  )
  /** A request or two, perhaps with a few bytes put in somewhere. */
  const bytes = fc
    .tuple(
      fc.array(request, { minLength: 1, maxLength: 2 }),
      noise,
      fc.double({ min: 0, max: 1, noNaN: true }),
    )
    .map(([requests, dirt, where]) => {
      const text = requests.join('')
      const at = Math.floor(where * text.length)
      return text.slice(0, at) + dirt + text.slice(at)
    })

  /** Sends the bytes and hangs up when the gateway has closed, or has said nothing for a while. */
  const throwAt = async (text: string): Promise<void> => {
    const client = await connectRaw(stand.port)
    client.write(text)
    const patience = Promise.withResolvers<void>()
    let timer = setTimeout(patience.resolve, 60)
    client.socket.on('data', () => {
      clearTimeout(timer)
      timer = setTimeout(patience.resolve, 60)
    })
    await Promise.race([client.closed(), patience.promise])
    clearTimeout(timer)
    client.socket.destroy()
  }

  const oddName = /[_.]|^(te|upgrade|expect|trailer|keep-alive)$/i

  it('every forwarded request was judged, and is read as it was judged', async () => {
    const texts = fc.sample(bytes, { numRuns: 2_000, seed: 11 })
    for (let i = 0; i < texts.length; i += 100) await Promise.all(texts.slice(i, i + 100).map(throwAt))
    await stand.exchanges.emptied()
    const judged = new Set(stand.seen.map((one) => `${one.method} ${one.target.raw} ${one.host}`))
    for (const { method: verb, url, host, names } of read) {
      expect(judged).toContain(`${verb} ${url} ${host}`)
      expect(names.filter((name) => /^(content-length|transfer-encoding)$/i.test(name)).length).toBeLessThan(
        2,
      )
      expect(names.filter((name) => oddName.test(name) && name !== '__proto__')).toEqual([])
    }
    expect(misread).toBe(0)
    expect(read.length).toBeGreaterThan(100)
    expect(read.length).toBeLessThanOrEqual(stand.seen.length)
  }, 60_000)

  it('afterwards it still serves', async () => {
    const answer = await fetch(`${stand.base}/x`)
    expect(await answer.text()).toBe('ok')
  })
})
