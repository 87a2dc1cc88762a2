/**
 * Goal: whatever is answered before its request has ended, and whatever the client does then (goes on, floods, falls silent,
 * hangs up), harms nobody: no answer is another request's, nothing refused reaches the application, nothing stays open.
 * Method: random pipelined conversations on both engines in front of an application that answers early, dies or breaks off.
 */
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { engines, forwarded, judged, type Stand, startStand } from '../support/engine-stand.ts'
import { connectRaw, type RawClient } from '../support/raw-http.ts'

const places = ['/ok', '/early', '/dies', '/breaks', '/refused', '/judged'] as const
const request = fc.record({
  place: fc.constantFrom(...places),
  method: fc.constantFrom('GET', 'POST', 'PUT', 'HEAD'),
  framing: fc.constantFrom('none', 'length', 'chunked'),
  size: fc.constantFrom(0, 10, 70_000, 1_200_000),
  /** How much of its content is sent: the rest of the conversation then ends there. */
  part: fc.constantFrom('all', 'all', 'all', 'half', 'nothing'),
})
const conversation = fc.record({
  requests: fc.array(request, { minLength: 1, maxLength: 5 }),
  afterwards: fc.constantFrom('waits', 'floods', 'ends', 'resets', 'is cut'),
})
type Conversation = typeof conversation extends fc.Arbitrary<infer C> ? C : never

/** What each request was, by its number. */
const placeOf = new Map<number, string>()
let count = 0

type Seen = { readonly reached: number[]; readonly garbage: string[] }

const startApplication = async (): Promise<{ seen: Seen; server: http.Server; url: string }> => {
  const seen: Seen = { reached: [], garbage: [] }
  const server = http.createServer((asked, answer) => {
    const id = String(asked.headers['x-id'])
    seen.reached.push(Number(id))
    asked.on('error', () => {})
    const whole = (): void =>
      void answer.writeHead(200, { 'x-echo': id, 'content-length': id.length }).end(id)
    switch (asked.url) {
      case '/early':
        return whole()
      case '/dies':
        return void asked.socket.destroy()
      case '/breaks':
        answer.writeHead(200, { 'x-echo': id, 'content-length': 50_000 }).write('x'.repeat(1_000))
        return void setImmediate(() => asked.socket.destroy())
      default:
        asked.resume().on('end', whole)
    }
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code?.startsWith('HPE_') && error.code !== 'HPE_INVALID_EOF_STATE')
      seen.garbage.push(error.code)
    socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { seen, server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const chunked = (body: string): string =>
  body === '' ? '0\r\n\r\n' : `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`

/** Writes the conversation as one stream; answers the numbers of its requests. */
const speak = (client: RawClient, { requests }: Conversation): readonly number[] => {
  const ids: number[] = []
  for (const { place, method, framing, size, part } of requests) {
    count += 1
    placeOf.set(count, place)
    ids.push(count)
    const body = framing === 'none' ? '' : 'b'.repeat(size)
    const lines = [`${method} ${place} HTTP/1.1`, 'Host: a', `X-Id: ${count}`]
    if (framing === 'length') lines.push(`Content-Length: ${size}`)
    if (framing === 'chunked') lines.push('Transfer-Encoding: chunked')
    const content = framing === 'chunked' ? chunked(body) : body
    const cut = part === 'all' ? content.length : part === 'half' ? content.length >> 1 : 0
    client.write(`${lines.join('\r\n')}\r\n\r\n${content.slice(0, cut)}`)
    if (cut < content.length) break
  }
  return ids
}

/** The echoed numbers of the answers in order, `null` for those of the gateway itself; fails on what is no answer. */
const echoes = (text: string, methods: readonly string[]): readonly (number | null)[] => {
  const found: (number | null)[] = []
  let at = 0
  while (at < text.length) {
    const end = text.indexOf('\r\n\r\n', at)
    if (end === -1) break
    const head = text.slice(at, end)
    expect(head).toMatch(/^HTTP\/1\.1 [1-5]\d\d /)
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
    const isInterim = /^HTTP\/1\.1 1/.test(head)
    if (!isInterim) {
      const echo = /\r\nx-echo: (\d+)/i.exec(head)?.[1]
      found.push(echo === undefined ? null : Number(echo))
    }
    const bare = isInterim || methods[found.length - 1] === 'HEAD' || /^HTTP\/1\.1 (204|304)/.test(head)
    at = end + 4 + (bare ? 0 : length)
  }
  return found
}

const gone = async (holds: () => boolean, what: string): Promise<void> => {
  const until = performance.now() + 8_000
  while (!holds()) {
    if (performance.now() > until) throw new Error(`not yet after 8 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe.each(engines)('the engine "%s"', (engine) => {
  let stand: Stand
  let app: Awaited<ReturnType<typeof startApplication>>

  beforeAll(async () => {
    app = await startApplication()
    stand = await startStand(app.url, {
      engine,
      limits: { headDeadlineMs: 400, bodyIdleMs: 400, keepAliveMs: 400 },
      judge: ({ target, headers }) => {
        const id = headers[headers.findIndex((name) => name.toLowerCase() === 'x-id') + 1] ?? ''
        if (target.path === '/refused')
          return {
            act: 'answer',
            response: { status: 403, headers: ['X-Echo', id], body: id },
            decision: null,
          }
        return target.path === '/judged' ? judged() : forwarded()
      },
    })
  })
  afterAll(async () => {
    await stand.close()
    app.server.closeAllConnections()
    app.server.close()
  })

  const play = async (one: Conversation): Promise<void> => {
    const client = await connectRaw(stand.port)
    const ids = speak(client, one)
    if (one.afterwards === 'floods') client.write(Buffer.alloc(2_200_000, 98))
    if (one.afterwards === 'ends') client.socket.end()
    if (one.afterwards === 'resets') {
      await new Promise((resolve) => setImmediate(resolve))
      client.socket.resetAndDestroy()
    }
    if (one.afterwards === 'is cut') stand.exchanges.cutAll('draining', 'everything')
    const closed = client.closed()
    const patience = setTimeout(() => client.socket.destroy(), 60)
    await closed
    clearTimeout(patience)
    const methods = one.requests.map(({ method }) => method)
    echoes(client.received(), methods).forEach((echo, nth) => {
      if (echo !== null) expect(echo).toBe(ids[nth])
    })
  }

  it('gives no answer to another request, nothing refused away, and keeps nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(conversation, { minLength: 1, maxLength: 4 }), async (several) => {
        await Promise.all(several.map(play))
      }),
      { numRuns: 60, seed: 20_261_201 },
    )
    expect(app.seen.garbage).toEqual([])
    expect(app.seen.reached.filter((id) => placeOf.get(id) === '/refused')).toEqual([])
    expect(new Set(app.seen.reached).size).toBeGreaterThan(50)
    await gone(() => stand.exchanges.size() === 0, 'no exchange is open')
    const after = await connectRaw(stand.port)
    after.write('GET /ok HTTP/1.1\r\nHost: a\r\nX-Id: 1\r\nConnection: close\r\n\r\n')
    expect(await after.closed()).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('hangs up on whoever was refused and falls silent', async () => {
    const client = await connectRaw(stand.port)
    client.write('POST /refused HTTP/1.1\r\nHost: a\r\nX-Id: 7\r\nContent-Length: 900\r\n\r\nabc')
    await client.until(/\r\n\r\n7$/)
    await client.closed()
  })
})
