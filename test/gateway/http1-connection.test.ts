/**
 * Goal: on one connection requests are taken in order, within bounds, and never behind what ends it; answers are framed right.
 * Method: our own engine on real sockets, raw bytes both ways; the wheel and the head writer alone, with a schedule of the test's.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { type AnswerContext, writeAnswerHead } from '../../gateway/http1/answer-head.ts'
import { createTimerWheel } from '../../gateway/http1/timer-wheel.ts'
import { createStage, rawGet, statusOf } from '../support/engine-stage.ts'
import { forwarded } from '../support/engine-stand.ts'
import { eventually } from '../support/gateway-stand.ts'
import { answering, connectRaw, exchangeRaw } from '../support/raw-http.ts'

const stage = createStage('own')
afterEach(stage.end)

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const get = (path: string, ...lines: readonly string[]): string =>
  `${[`GET ${path} HTTP/1.1`, 'Host: a', ...lines].join('\r\n')}\r\n\r\n`
const whole = { status: 200, headers: [], body: 'first' }
const judgedPaths = (): readonly string[] => stage.stand.seen.map(({ target }) => target.raw)

describe('requests on one connection', () => {
  it('are judged one after the other, each once the one before is answered', async () => {
    const judgedBefore: number[] = []
    await stage.raw(({ socket }) => {
      socket.on('data', (chunk) => {
        const path = /^GET (\S+) /.exec(chunk.toString('latin1'))?.[1]
        setImmediate(() => {
          judgedBefore.push(judgedPaths().length)
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${path}`)
        })
      })
    })
    const client = await connectRaw(stage.stand.port)
    client.write(get('/1') + get('/2') + get('/3', 'Connection: close'))
    const answer = await client.closed()
    expect(answer.match(/\r\n\r\n\/\d/g)).toEqual(['\r\n\r\n/1', '\r\n\r\n/2', '\r\n\r\n/3'])
    expect(judgedBefore).toEqual([1, 2, 3])
    expect(answer.match(/connection: close/gi)).toHaveLength(1)
  })

  it('come a byte at a time as well, behind an empty line', async () => {
    await stage.raw(answering(ok))
    const client = await connectRaw(stage.stand.port)
    client.socket.setNoDelay(true)
    for (const byte of `\r\n${get('/slow')}${get('/end', 'Connection: close')}`) client.write(byte)
    expect((await client.closed()).match(/ok/g)).toHaveLength(2)
    expect(judgedPaths()).toEqual(['/slow', '/end'])
  })

  it('are not read without end while the first has no answer', async () => {
    const app = await stage.raw()
    const client = await connectRaw(stage.stand.port)
    client.write(get('/first') + get('/next').repeat(200_000))
    await (await app.connection(0)).until(/first/)
    let before = -1
    while (before !== client.socket.writableLength) {
      before = client.socket.writableLength
      await new Promise((resolve) => setTimeout(resolve, 60))
    }
    expect(client.socket.writableLength).toBeGreaterThan(0)
    expect(judgedPaths()).toEqual(['/first'])
    client.socket.destroy()
  })

  it('with content are passed on whole, and what is behind them is read as what it is, at every cut', async () => {
    await stage.http((request, response) => {
      let body = ''
      request.setEncoding('latin1').on('data', (text: string) => {
        body += text
      })
      request.on('end', () => response.end(`[${request.method} ${body}]`))
    })
    const post = (body: string): string =>
      get('/1', `Content-Length: ${body.length}`).replace('GET', 'POST') + body
    const text = post('first\r\n\r\nGET /x') + post('2') + get('/3', 'Connection: close')
    for (let at = 0; at < text.length; at += 1) {
      const client = await connectRaw(stage.stand.port)
      client.socket.setNoDelay(true)
      client.write(text.slice(0, at))
      await new Promise((wake) => setImmediate(wake))
      client.write(text.slice(at))
      const bodies = (await client.closed()).match(/\[.*?\]/gs)
      expect([at, bodies]).toEqual([at, ['[POST first\r\n\r\nGET /x]', '[POST 2]', '[GET ]']])
    }
  })

  it('that break do not take the answer before them along', async () => {
    await stage.raw(answering(ok), { judge: () => ({ act: 'answer', response: whole, decision: null }) })
    const broken = get('/2', 'Transfer-Encoding: chunked').replace('GET', 'POST')
    const answer = await exchangeRaw(stage.stand.port, `${get('/1')}${broken}zz\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nfirst/)
  })

  it('are as many as configured: the last answer says so, and nothing is read behind it', async () => {
    await stage.raw(answering(ok), { limits: { requestsPerConnectionMax: 2 } })
    const client = await connectRaw(stage.stand.port)
    client.write(get('/1') + get('/2') + get('/3'))
    const answer = await client.closed()
    expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(2)
    expect(answer).toMatch(/connection: keep-alive[\s\S]*connection: close/i)
    expect(judgedPaths()).toEqual(['/1', '/2'])
  })

  it.each([
    ['Connection: close', get('/1', 'Connection: x, Close')],
    ['Proxy-Connection: close', get('/1', 'Proxy-Connection: close')],
    ['HTTP/1.0, whatever it wishes', get('/1', 'Connection: keep-alive').replace('HTTP/1.1', 'HTTP/1.0')],
  ])('end with %s', async (_, first) => {
    await stage.raw(answering(ok))
    const answer = await exchangeRaw(stage.stand.port, first + get('/2'))
    expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(1)
    expect(answer).toMatch(/connection: close/i)
    expect(judgedPaths()).toEqual(['/1'])
  })

  it('end where a client waits to be told to send its body, and is refused instead', async () => {
    await stage.raw(answering(ok), {
      judge: () => ({ act: 'answer', response: { status: 403, headers: [], body: 'no' }, decision: null }),
    })
    const answer = await exchangeRaw(
      stage.stand.port,
      `POST /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99\r\n\r\n${get('/2')}`,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 403 /)
    expect(answer).toMatch(/connection: close/i)
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(judgedPaths()).toEqual(['/1'])
  })

  it('end where chunks break, and the application never sees their end', async () => {
    const app = await stage.raw()
    const client = await connectRaw(stage.stand.port)
    client.write('POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n')
    const accepted = await app.connection(0)
    await accepted.until(/abc/)
    client.write(`2\nde\r\n0\r\n\r\n${get('/2')}`)
    expect(await client.closed()).toBe('')
    expect(await accepted.closed()).not.toMatch(/\r\nde|0\r\n\r\n$/)
    expect(judgedPaths()).toEqual(['/1'])
  })

  it('with bodies that the judge reads first arrive whole, one behind the other', async () => {
    const bodies: string[] = []
    await stage.http(
      (request, response) => {
        let body = ''
        request.on('data', (chunk: Buffer) => {
          body += chunk.toString()
        })
        request.on('end', () => response.end(body))
      },
      {
        judge: async (exchange) => {
          const bytes = await exchange.body(4)
          bodies.push(bytes === null ? 'too long' : Buffer.from(bytes).toString())
          return forwarded()
        },
      },
    )
    const post = (chunks: readonly string[]): string =>
      `POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n\r\n`
    const answer = await exchangeRaw(
      stage.stand.port,
      post(['ab', 'cd']) + post(['abc', 'def', 'ghi']) + post([]) + get('/end', 'Connection: close'),
    )
    expect(bodies).toEqual(['abcd', 'too long', '', ''])
    expect(answer.match(/abcdefghi|abcd/g)).toEqual(['abcd', 'abcdefghi'])
    expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(4)
  })

  it('with a length of nothing, however it is written, have no body to wait for', async () => {
    await stage.raw(answering(ok), {
      limits: { bodyIdleMs: 300 },
      judge: async (exchange) => {
        await exchange.body(4)
        return forwarded()
      },
    })
    const client = await connectRaw(stage.stand.port)
    client.write('POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 00\r\n\r\n')
    await client.until(/ok$/)
    client.write(get('/2', 'Connection: close'))
    expect((await client.closed()).match(/HTTP\/1\.1 200/g)).toHaveLength(2)
    expect(judgedPaths()).toEqual(['/1', '/2'])
  })
})

describe('what is no request', () => {
  it.each([
    ['a TLS greeting', '\x16\x03\x01\x02\0\x01\0'],
    ['a bare LF', 'GET / HTTP/1.1\nHost: a'],
    ['a control byte', 'GET / HTTP/1.1\r\nX: \x01'],
    ['a second empty line', '\r\n\r\n'],
  ])('%s is 400 before it is whole', async (_, bytes) => {
    await stage.raw()
    const client = await connectRaw(stage.stand.port)
    client.write(bytes)
    expect(statusOf(await client.closed())).toBe(400)
  })
})

describe('a client that stalls', () => {
  it('buys no time by sending ahead', async () => {
    const app = await stage.raw(
      ({ socket }) =>
        void socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 640000000\r\n\r\n')
          const pump = (): void => {
            while (!socket.destroyed && socket.write(Buffer.alloc(65_536))) {}
            socket.once('drain', pump)
          }
          pump()
        }),
      { limits: { bodyIdleMs: 150 } },
    )
    const client = await connectRaw(stage.stand.port)
    client.socket.pause()
    client.write(rawGet('/x').replace('Connection: close\r\n', ''))
    const drip = setInterval(() => client.write('\r'), 20)
    await (await app.connection(0)).closed()
    clearInterval(drip)
    await eventually(() => stage.stand.exchanges.size() === 0, 'the exchange has ended')
    client.socket.destroy()
  })
})

describe('the head of an answer', () => {
  const context: AnswerContext = {
    method: 'GET',
    version: '1.1',
    persists: true,
    persistLines: 'Connection: keep-alive\r\n',
    date: () => 'today',
  }
  const written = (status: number, headers: readonly string[], change: Partial<AnswerContext> = {}) =>
    writeAnswerHead(status, '', headers, { ...context, ...change })

  it.each([
    ['a length', 200, ['Content-Length', '3'], {}, 'length'],
    ['no length', 200, [], {}, 'chunked'],
    ['no length, to HTTP/1.0', 200, [], { version: '1.0', persists: false }, 'close'],
    ['204', 204, [], {}, 'none'],
    ['304', 304, ['Content-Length', '3'], {}, 'none'],
    ['HEAD', 200, ['Content-Length', '3'], { method: 'HEAD' }, 'none'],
  ] as const)('%s', (_, status, headers, change, kind) => {
    const { text, framing } = written(status, headers, change)
    expect(framing.kind).toBe(kind)
    expect(/transfer-encoding/i.test(text)).toBe(kind === 'chunked')
    expect(text).toMatch(/^HTTP\/1\.1 \d{3} [ -~]+\r\n[\s\S]*\r\n\r\n$/)
  })

  it.each([
    [['X', 'a\r\nY: b']],
    [['X', 'a\nb']],
    [['X', '\0']],
    [['X', '€']],
    [['X\r\nY', 'a']],
    [['X ', 'a']],
    [['', 'a']],
    [['Content-Length', '3', 'content-length', '3']],
    [['Content-Length', '+3']],
    [['Transfer-Encoding', 'chunked']],
    [['Connection', 'close']],
  ])('cannot be made of %j', (headers) => {
    expect(() => written(200, headers)).toThrow(TypeError)
  })
})

describe('the wheel of deadlines', () => {
  it('calls nothing early, nothing twice in a revolution, and stands still when it is empty', () => {
    const tasks: (() => void)[] = []
    const wheel = createTimerWheel((task) => {
      tasks.push(task)
      return () => {}
    }, 400)
    const turn = (): void => {
      const task = tasks.shift()
      task?.()
    }
    const expired: number[] = []
    let dueMs = 1_000
    const leave = wheel.add({
      dueMs: () => dueMs,
      expire() {
        expired.push(wheel.now())
        dueMs += 10_000
      },
    })
    while (expired.length === 0) turn()
    expect(expired[0]).toBeGreaterThanOrEqual(1_000)
    expect(expired[0]).toBeLessThanOrEqual(1_000 + 2 * 400)
    for (let turns = 0; turns < 20; turns += 1) turn()
    expect(expired).toHaveLength(1)
    leave()
    leave()
    while (tasks.length > 0) turn()
    wheel.add({ dueMs: () => 0, expire: () => {} })
    expect(tasks).toHaveLength(1)
  })
})
