/**
 * Goal: what strangers send cannot grow the metrics: the series stay those of a closed set (CVE-2023-45142).
 * Method: a whole gateway; every odd shape a few times, then 100,000 odd requests, and the names of all series before and after.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Stand, startStand } from '../support/gateway-stand.ts'
import { connectRaw } from '../support/raw-http.ts'

let stand: Stand
beforeAll(async () => {
  stand = await startStand({
    change: ({ gateway, ...config }) => ({
      ...config,
      gateway: { ...gateway, limits: { ...gateway.limits, requestsPerConnectionMax: 1_000_000 } },
    }),
  })
})
afterAll(() => stand.close())

const samplesNow = async (): Promise<readonly string[]> => {
  const text = await (await fetch(`${stand.gateways[0]!.addresses.metrics}/metrics`)).text()
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

/** The exposition's series: names and labels, without values. Node's own kinds of collection appear when they will. */
const seriesNow = async (): Promise<readonly string[]> =>
  (await samplesNow())
    .filter((line) => !line.startsWith('nodejs_gc_'))
    .map((line) => line.slice(0, line.lastIndexOf(' ')))
    .toSorted()

const answeredNow = async (): Promise<number> =>
  (await samplesNow())
    .filter((line) => line.startsWith('gatehouse_responses_total'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)

const portOf = (origin: string): number => Number(new URL(origin).port)

/** Requests after which a connection goes on; `n` makes each another. */
const lasting: readonly ((n: number) => string)[] = [
  (n) => `GET /zq-${n} HTTP/1.1\r\nHost: zq-${n}.example\r\n\r\n`,
  (n) => `GET /public/zq-${n}?q=zq-${n} HTTP/1.1\r\nHost: a\r\nX-Odd-${n}: ${n}\r\n\r\n`,
  (n) => `GET /patients/zq-${n} HTTP/1.1\r\nHost: a\r\nUser-Agent: zq-${n}\r\nAccept: zq/${n}\r\n\r\n`,
  (n) => `DELETE /%7aq%2F${n};zq=${n} HTTP/1.1\r\nHost: a:${1 + (n % 60_000)}\r\n\r\n`,
  (n) => `OPTIONS /zq/${n}/constructor/__proto__ HTTP/1.1\r\nHost: a\r\n__proto__: zq-${n}\r\n\r\n`,
  (n) => `${['PROPFIND', 'MKCOL', 'LOCK', 'QUERY'][n % 4]} /zq-${n} HTTP/1.1\r\nHost: a\r\n\r\n`,
  (n) => `GET /zq-${n} HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: zq-${n}, 10.0.0.${n % 256}\r\n\r\n`,
  (n) =>
    `GET /zq-${n} HTTP/1.1\r\nHost: a\r\nCookie: zq-${n}=${n}; practice=zq-${n}; gatehouse=zq-${n}\r\n\r\n`,
  (n) => `POST /zq-${n} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Type: zq/${n}\r\n\r\nzq`,
  (n) => `GET /public/${n} HTTP/1.1\r\nHost: a\r\nRange: bytes=${n}-\r\nAccept-Encoding: zq-${n}\r\n\r\n`,
]

/** Requests behind which a connection is closed, or that ask for a question to the application. */
const ending: readonly ((n: number) => string)[] = [
  (n) => `ZQ${n} /x HTTP/1.1\r\nHost: a\r\n\r\n`,
  (n) => `GET /zq-${n} HTTP/1.1\r\nHost: a\r\nHost: zq-${n}\r\n\r\n`,
  (n) => `GET http:zq-${n} HTTP/1.1\r\nHost: a\r\n\r\n`,
  (n) => `GET http://zq-${n}/x HTTP/1.1\r\nHost: a\r\n\r\n`,
  (n) => `GET /zq-${n}#${n} HTTP/1.1\r\nHost: a\r\n\r\n`,
  (n) => `GET /zq-${n} HTTP/1.${2 + (n % 7)}\r\nHost: a\r\n\r\n`,
  (n) => `CONNECT zq-${n}:443 HTTP/1.1\r\nHost: zq-${n}\r\n\r\n`,
  (n) => `TRACE /zq-${n} HTTP/1.1\r\nHost: a\r\n\r\n`,
  (n) => `GET /zq-${n} HTTP/1.1\r\nHost: a\r\nExpect: zq-${n}\r\n\r\n`,
  (n) => `POST /zq-${n} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: zq-${n}\r\n\r\n`,
  (n) => `GET /zq HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(17_000)}${n}\r\n\r\n`,
  (n) => `GET /zq-${n} HTTP/1.1\r\nHost: a\r\nUpgrade: zq-${n}\r\nConnection: upgrade\r\n\r\n`,
  (n) =>
    `GET /zq-${n} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: ${n}\r\n\r\n`,
  (n) => `GET /patients/${n} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: sid=zq-${n}\r\n\r\n`,
  (n) => `\x16\x03\x01${String.fromCharCode(n % 256)}`,
]

/** Sends `count` requests on one connection, some in flight at a time; resolves when all are answered. */
const pipeline = async (port: number, from: number, count: number): Promise<void> => {
  const client = await connectRaw(port)
  // Answers are counted by their status lines, and not kept: this is a lot of text.
  client.socket.removeAllListeners('data')
  let answered = 0
  let sent = 0
  let tail = ''
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const send = (): void => {
    let text = ''
    for (; sent < count && sent - answered < 64; sent += 1)
      text += lasting[(from + sent) % lasting.length]!(from + sent)
    if (text !== '') client.write(text)
  }
  client.socket.on('data', (chunk) => {
    const seen = tail + chunk.toString('latin1')
    answered += seen.match(/HTTP\/1\.1 \d{3} /g)?.length ?? 0
    // A status line that was cut in two is seen whole with the next piece; one that was whole is not seen twice.
    tail = seen.slice(-12).replace(/^[\s\S]*HTTP\/1\.1 \d{3} /, '')
    if (answered >= count) resolve()
    else if (sent - answered < 32) send()
  })
  client.socket.on('close', () => reject(new Error(`closed after ${answered} of ${count} answers`)))
  send()
  await promise
  client.socket.destroy()
}

const throwOne = async (port: number, text: string): Promise<void> => {
  const client = await connectRaw(port)
  client.write(text)
  await client.until(/\r\n\r\n/).catch(() => '')
  client.socket.destroy()
}

const throwAll = async (port: number, from: number, count: number): Promise<void> => {
  for (let n = from; n < from + count; n += 1) await throwOne(port, ending[n % ending.length]!(n))
}

it('the series are the same before and after 100,000 odd requests', async () => {
  const port = portOf(stand.gateways[0]!.addresses.application)
  // Rows appear when they first count: so each shape comes a few times before.
  await pipeline(port, 0, 200)
  await throwAll(port, 0, 10 * ending.length)
  const before = await seriesNow()
  const lanes = [1, 2, 3, 4]
  await Promise.all([
    ...lanes.map((lane) => pipeline(port, lane * 100_000, 24_400)),
    ...lanes.map((lane) => throwAll(port, lane * 100_000, 600)),
  ])
  const after = await seriesNow()
  expect(after).toEqual(before)
  expect(await answeredNow()).toBeGreaterThan(98_000)
  expect(before.filter((series) => /zq|PROPFIND|__proto__|10\.0\.0/i.test(series))).toEqual([])
  expect(before.length).toBeLessThan(400)
  const alive = await fetch(`${stand.gateways[0]!.addresses.application}/public/x`)
  expect(alive.status).toBe(200)
}, 120_000)
