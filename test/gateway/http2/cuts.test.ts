/**
 * Goal: a stream that may not go on ends at once, others on its connection go on, and nothing half ever looks whole.
 * Method: an engine over TLS, frames by hand, raw applications, standings that the test ends.
 */
import { afterEach, describe, expect, test } from 'vitest'
import type { Decision, Reason } from '../../../policies/decision.ts'
import { listenerTls } from '../../support/certificates.ts'
import { decisionOf } from '../../support/decisions.ts'
import { createStage } from '../../support/engine-stage.ts'
import { forwarded, judged, standing } from '../../support/engine-stand.ts'
import { connectFrames, flags, frames, isEnded, usual } from '../../support/frames.ts'
import { eventually } from '../../support/gateway-stand.ts'

const tls = listenerTls()
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const stage = createStage('own')
afterEach(() => stage.end())

const begin =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n6\r\ndata:1\r\n'

describe('an exchange that may not go on', () => {
  const revocable = () => {
    let now: Decision = decisionOf('ok')
    return {
      judge: () => judged(standing(() => now)),
      revoke(reason: Reason) {
        now = decisionOf(reason)
        stage.stand.exchanges.recheck({ user: 'usr_1' })
      },
    }
  }

  test('is refused where nothing was answered, reset where something was, and never ended; others go on', async () => {
    const { judge, revoke } = revocable()
    const app = await stage.raw(
      ({ socket }) =>
        void socket.on('data', (bytes: Buffer) => {
          const line = bytes.toString('latin1')
          if (line.startsWith('GET /events')) socket.write(begin)
          if (line.startsWith('GET /part')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart')
          if (line.startsWith('GET /public')) socket.write(ok)
        }),
      { tls, http2: true, judge: (exchange) => (exchange.target.path === '/public' ? forwarded() : judge()) },
    )
    const client = await connectFrames(stage.stand.port)
    client.write(
      frames.headers(1, usual('/events')),
      frames.headers(3, usual('/part')),
      frames.headers(5, usual('/waits')),
      frames.headers(7, usual('/upload', 'POST'), flags.endHeaders),
      frames.data(7, 'abc'),
    )
    await client.until(() => client.content(1).length > 0 && client.content(3).length > 0)
    await eventually(
      () => app.connections.some((connection) => /abc/.test(connection.received())),
      'the upload began',
    )
    revoke('session-revoked')
    expect(await client.status(5)).toBe(401)
    expect(await client.status(7)).toBe(401)
    await client.until(() => client.resetOf(1) !== null && client.resetOf(3) !== null)
    for (const id of [1, 3]) {
      expect(isEnded(client, id)).toBe(false)
      expect(client.resetOf(id)).toBe(2)
    }
    const upload = app.connections.find((connection) => /POST/.test(connection.received()))!
    expect(await upload.closed()).not.toMatch(/0\r\n\r\n$/)
    client.write(frames.headers(9, usual('/public')))
    expect(await client.status(9)).toBe(200)
    client.socket.destroy()
    await eventually(() => stage.stand.exchanges.size() === 0, 'nothing is left')
  })

  test('of all that is judged passes nothing in the turn before its goodbye', async () => {
    const app = await stage.raw(({ socket }) => void socket.once('data', () => socket.write(begin)), {
      ...{ tls, http2: true, judge: () => judged() },
    })
    const client = await connectFrames(stage.stand.port)
    client.write(frames.headers(1, usual('/events')))
    await client.until(() => client.content(1) === 'data:1')
    stage.stand.exchanges.cutAll('knowledge-stale', 'judged')
    app.connections[0]!.socket.write('6\r\ndata:2\r\n0\r\n\r\n')
    await client.until(() => client.resetOf(1) !== null)
    expect(client.content(1)).toBe('data:1')
    expect(isEnded(client, 1)).toBe(false)
    client.socket.destroy()
  })
})

test.each([
  ['chunks without an end', 'Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n'],
  ['a length that is not reached', 'Content-Length: 9\r\n\r\npart'],
])('an answer that the application breaks off is reset: %s', async (_, rest) => {
  await stage.raw(
    ({ socket }) => void socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\n${rest}`, 'latin1')),
    { tls, http2: true },
  )
  const client = await connectFrames(stage.stand.port)
  client.write(frames.headers(1))
  await client.until(() => client.resetOf(1) !== null)
  expect(client.resetOf(1)).toBe(2)
  expect(isEnded(client, 1)).toBe(false)
  client.socket.destroy()
})

test('an upload that is reset, with or without an error, or breaks off, never looks whole', async () => {
  const app = await stage.raw(() => {}, { tls, http2: true })
  const client = await connectFrames(stage.stand.port)
  const begun = async (id: number, length: string | null = null): Promise<void> => {
    const fields = [
      ...usual('/up', 'POST'),
      ...(length === null ? [] : ([['content-length', length]] as const)),
    ]
    client.write(frames.headers(id, fields, flags.endHeaders), frames.data(id, 'abc'))
    await (await app.connection((id - 1) / 2)).until(/abc/)
  }
  for (const [id, code] of [
    [1, 8],
    [3, 0],
  ] as const) {
    await begun(id)
    client.write(frames.reset(id, code))
    expect(await app.connections[(id - 1) / 2]!.closed()).toMatch(/3\r\nabc\r\n$/)
  }
  await begun(5, '6')
  client.write(frames.data(5, '', flags.endStream))
  expect(await app.connections[2]!.closed()).toMatch(/\r\n\r\nabc$/)
  await client.until(() => client.resetOf(5) !== null)
  await begun(7)
  client.socket.destroy()
  expect(await app.connections[3]!.closed()).toMatch(/3\r\nabc\r\n$/)
  await eventually(() => stage.stand.exchanges.size() === 0, 'nothing is left')
})
