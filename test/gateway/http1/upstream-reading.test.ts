/**
 * Goal: an answer that our connection takes for complete is the very answer that llhttp reads, however its bytes arrive.
 * Method: good and mutated answers (seeded), cut at arbitrary places, through a connection without a network.
 */

import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createConnection } from '../../../gateway/http1/upstream-connection.ts'
import type { Sender } from '../../../gateway/http1/write-behind.ts'
import { isFault } from '../../../runtime/fault.ts'
import { readAnswers } from '../../support/llhttp.ts'

type Told = {
  readonly heads: { readonly status: number; readonly reason: string; readonly headers: readonly string[] }[]
  body: string
  end: 'none' | 'ended' | 'failed'
  why: string
  idle: boolean
}

/** A socket that goes nowhere: what is emitted on it is what has arrived. */
const createSilentSocket = (): Socket => {
  const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
  return Object.assign(stream, { setTimeout: () => stream }) as unknown as Socket
}

/**
 * What a listener hears of these pieces, with the end of the connection behind them if `ends`. `beforeMs`: until the
 * first, as behind a long upload; `pauseMs`: behind each. Not `isSent`: they come before the request has gone out.
 */
const hear = (
  pieces: readonly string[],
  { method = 'GET', ends = true, pauseMs = 0, beforeMs = 0, isSent = true } = {},
): Told => {
  let now = 0
  const told: Told = { heads: [], body: '', end: 'none', why: '', idle: false }
  const socket = createSilentSocket()
  const sendBehind = (sender: Sender): void => {
    if (isSent) sender.sendKept()
  }
  const wheel = { now: () => now, add: () => () => {} }
  const patience = { firstByteMs: 1_000, idleMs: 1_000, monotonic: () => now, wheel, sendBehind }
  const connection = createConnection(socket, patience, {
    idle: () => {
      told.idle = true
    },
    closed: () => {},
  })
  connection.ask(
    { method, target: '/x', headers: ['Host', 'a'], body: null },
    {
      answered() {},
      head: ({ status, reason, headers }) => void told.heads.push({ status, reason, headers }),
      data(piece) {
        told.body += piece.toString('latin1')
        return true
      },
      lulled() {},
      ended() {
        expect(told.end).toBe('none')
        told.end = 'ended'
      },
      failed(error) {
        expect(told.end).toBe('none')
        told.end = 'failed'
        told.why = isFault(error) ? `${error.source} ${error.kind}` : String(error)
      },
    },
  )
  now += beforeMs
  for (const piece of pieces) {
    if (!socket.destroyed) socket.emit('data', Buffer.from(piece, 'latin1'))
    now += pauseMs
  }
  if (ends && !socket.destroyed) socket.emit('end')
  socket.destroy()
  return told
}

const head = 'HTTP/1.1 200 OK\r\n'

describe('an answer', () => {
  it.each([
    ['by length', `${head}Content-Length: 2\r\n\r\nok`, 'ok', true],
    [
      'in chunks, with extensions and trailers',
      `${head}Transfer-Encoding: chunked\r\n\r\n2;a="b"\r\nok\r\n0\r\nT: x\r\n\r\n`,
      'ok',
      true,
    ],
    ['without content', 'HTTP/1.1 204 No Content\r\n\r\n', '', true],
    ['until the end', `${head}X: 1\r\n\r\nok`, 'ok', false],
    [
      'of a connection that will not be kept',
      `${head}Connection: x, Close\r\nContent-Length: 2\r\n\r\nok`,
      'ok',
      false,
    ],
    ['with another answer behind it', `${head}Content-Length: 2\r\n\r\nok${head}\r\n`, 'ok', false],
  ])('%s is heard to its end at every cut', (_, text, body, idle) => {
    for (let at = 0; at <= text.length; at += 1) {
      const told = hear([text.slice(0, at), text.slice(at)].filter((piece) => piece !== ''))
      expect([at, told.end, told.body]).toEqual([at, 'ended', body])
      // Bytes that come later meet an idle connection, which is then closed.
      if (idle) expect([at, told.idle]).toEqual([at, true])
    }
  })

  it('that comes before the request went out is none, and the connection as good as dead', () => {
    const told = hear([`${head}Content-Length: 2\r\n\r\nok`], { isSent: false })
    expect(told).toMatchObject({ heads: [], end: 'failed', why: 'upstream reset', idle: false })
  })

  it.each([
    ['two lengths', `${head}Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`],
    ['a list of lengths', `${head}Content-Length: 2, 2\r\n\r\nok`],
    ['a signed length', `${head}Content-Length: +2\r\n\r\nok`],
    [
      'a length beside chunks',
      `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    ],
    ['another coding', `${head}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`],
    ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
    ['a folded line', `${head}X: 1\r\n Content-Length: 2\r\nContent-Length: 2\r\n\r\nok`],
    ['a bare LF', `${head}X: 1\nContent-Length: 2\r\n\r\nok`],
    ['a bare CR', `${head}X: 1\rY: 2\r\nContent-Length: 2\r\n\r\nok`],
    ['a NUL', `${head}X: \0\r\nContent-Length: 2\r\n\r\nok`],
    ['a space before the colon', `${head}Content-Length : 2\r\n\r\nok`],
    ['no HTTP', 'ICY 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a 101', 'HTTP/1.1 101 S\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nok'],
    ['interim answers without end', 'HTTP/1.1 102 P\r\n\r\n'.repeat(101)],
    ['a head without end', `${head}X: ${'x'.repeat(70_000)}`],
    ['a chunk size with a sign', `${head}Transfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n`],
    ['a chunk longer than it says', `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nokay\r\n0\r\n\r\n`],
    ['a chunk size line that ends in LF', `${head}Transfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n`],
    [
      'a request for a trailer',
      `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nGET / HTTP/1.1\r\n\r\n`,
    ],
    ['an extension without end', `${head}Transfer-Encoding: chunked\r\n\r\n2;${'x'.repeat(20_000)}`],
    ['a size beyond all measure', `${head}Transfer-Encoding: chunked\r\n\r\n${'f'.repeat(16)}\r\n`],
  ])('with %s is garbage', (_, text) => {
    expect(hear([text])).toMatchObject({ end: 'failed', why: 'upstream garbage', idle: false })
  })

  it.each([
    ['before a head', 'HTTP/1.1 20', 'upstream reset'],
    ['within its length', `${head}Content-Length: 3\r\n\r\nok`, 'upstream truncated'],
    ['before its last chunk', `${head}Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n`, 'upstream truncated'],
  ])('that ends %s is not complete', (_, text, why) => {
    expect(hear([text])).toMatchObject({ end: 'failed', why, idle: false })
  })

  it('has all its time for its head from the first byte on, and no more', () => {
    const pieces = [head.slice(0, 9), head.slice(9), 'Content-Length: 2\r\n\r\nok']
    expect(hear(pieces, { beforeMs: 3_600_000, pauseMs: 500 })).toMatchObject({ end: 'ended', body: 'ok' })
    expect(hear(pieces, { pauseMs: 1_001 })).toMatchObject({ end: 'failed', why: 'upstream timeout' })
  })

  it('to HEAD has no content, whatever it announces', () => {
    expect(hear([`${head}Content-Length: 500\r\n\r\n`], { method: 'HEAD', ends: false })).toMatchObject({
      end: 'ended',
      idle: false,
    })
  })
})

describe('beside llhttp', () => {
  const line = fc.constantFrom(
    ...[
      'Content-Length: 5',
      'Content-Length: 5',
      'Content-Length: 3',
      'Content-Length: 50',
      'Content-Length: 5, 5',
    ],
    ...[
      'Content-Length:5',
      'content-length:  5 ',
      'Content-Length : 5',
      'Content-Length: 0x5',
      'Content-Length: ',
    ],
    ...['Transfer-Encoding: chunked', 'transfer-encoding: Chunked', 'Transfer-Encoding: ,chunked'],
    ...['Transfer-Encoding: chunked, gzip', 'Transfer-Encoding: xchunked', 'Transfer-Encoding:\tchunked\t'],
    ...[
      'Connection: close',
      'Connection: keep-alive',
      'Keep-Alive: timeout=5',
      'X: \xff',
      'X:',
      'X: a\tb',
      'Upgrade: h2c',
    ],
    ...[
      'X: a\r\n b',
      'X',
      ': x',
      'X: \0',
      'X: a\rb',
      'X: a\nb',
      'X Y: z',
      '\tX: z',
      'X\xe9: z',
      'Set-Cookie: a=1',
    ],
  )
  const status = fc.constantFrom(
    ...[
      'HTTP/1.1 200 OK',
      'HTTP/1.1 200 OK',
      'HTTP/1.1 200 OK',
      'HTTP/1.1 404 Not Found',
      'HTTP/1.0 200 OK',
      'HTTP/1.1 299',
      'HTTP/1.1 299 ',
    ],
    ...[
      'HTTP/1.1 204 No',
      'HTTP/1.1 304 Not',
      'HTTP/1.1 99 X',
      'HTTP/1.1 1000 X',
      'HTTP/2.0 200 OK',
      'HTTP/1.1  200 OK',
      'HTTP/1.1 200 \x01',
      'http/1.1 200 OK',
    ],
  )
  const body = fc.constantFrom(
    ...[
      'whole',
      'whole',
      '',
      '5\r\nwhole\r\n0\r\n\r\n',
      '5\r\nwhole\r\n0\r\n\r\n',
      '2\r\nwh\r\n3\r\nole\r\n0\r\n\r\n',
      '05\r\nwhole\r\n00\r\nT: x\r\n\r\n',
    ],
    ...[
      '5\r\nwho',
      '5\r\nwhole\r\n',
      'zz\r\n',
      '-1\r\n',
      '5;x=y\r\nwhole\r\n0\r\n\r\n',
      '5 \r\nwhole\r\n0\r\n\r\n',
      '5\nwhole\n0\n\n',
      '5\r\nwhole0\r\n\r\n',
    ],
    ...[
      '0\r\nX\r\n\r\n',
      '0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
      '5;\r\nwhole\r\n0\r\n\r\n',
      '5;"a\r\nwhole\r\n0\r\n\r\n',
      '5\r\nwhole\r\n0\r\n T: x\r\n\r\n',
    ],
  )
  const early = fc.constantFrom(
    '',
    '',
    '',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 103 E\r\nLink: </a>\r\n\r\n',
    'HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\n',
    '\r\n',
  )
  const answer = fc
    .tuple(early, status, fc.array(line, { maxLength: 3 }), body)
    .map(([first, top, lines, text]) => `${first}${[top, ...lines, '', ''].join('\r\n')}${text}`)
  const byte = fc.constantFrom('\r', '\n', '\0', ' ', ':', '0', 'x', '\x80', ';', ',')
  const mutated = fc.oneof(
    { weight: 3, arbitrary: answer },
    fc.tuple(answer, fc.nat(), byte).map(([text, at, one]) => {
      const place = at % (text.length + 1)
      return text.slice(0, place) + one + text.slice(place + (at % 2))
    }),
  )
  const cuts = fc.array(fc.nat(400), { maxLength: 4 })

  it('what is taken for a complete answer is the answer it reads', () => {
    let whole = 0
    fc.assert(
      fc.property(mutated, cuts, fc.constantFrom('GET', 'GET', 'HEAD'), (text, at, method) => {
        const places = [...new Set([0, ...at.filter((n) => n < text.length), text.length])].sort(
          (a, b) => a - b,
        )
        const pieces = places.slice(1).map((end, i) => text.slice(places[i], end))
        const told = hear(pieces, { method })
        if (told.end !== 'ended') return
        whole += 1
        const { messages } = readAnswers(Buffer.from(text, 'latin1'), method)
        const final = messages.findIndex(({ status }) => status >= 200)
        const oracle = messages[final]
        expect([text, oracle?.complete]).toEqual([text, true])
        expect([text, told.body]).toEqual([text, oracle!.body])
        expect(told.heads.map(({ status }) => status)).toEqual(
          messages.slice(0, final + 1).map(({ status }) => status),
        )
        const { reason, headers } = told.heads.at(-1)!
        expect([text, reason, headers]).toEqual([text, oracle!.reason, oracle!.headers])
      }),
      { numRuns: 60_000, seed: 21 },
    )
    expect(whole).toBeGreaterThan(8_000)
  })
})
