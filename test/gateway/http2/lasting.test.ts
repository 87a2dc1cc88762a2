/**
 * Goal: by HTTP/2 a person signs in, is let in and refused, and loses what lasts, as by HTTP/1.1.
 * Method: a whole gateway over TLS; node's HTTP/2 client with every kind open on one connection, then the cause.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http2 from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest'
import { type Config, configSchema } from '../../../runtime/config.ts'
import { selfSigned } from '../../support/certificates.ts'
import { eventually, type Stand, startStand } from '../../support/gateway-stand.ts'

const hour = 3_600_000
const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-lasting-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const own = selfSigned({ names: ['app.test'] })
const files = { certificateFile: join(folder, 'own.pem'), keyFile: join(folder, 'own.key') }
writeFileSync(files.certificateFile, own.cert)
writeFileSync(files.keyFile, own.key)

const overTls = (config: Config): Config =>
  configSchema.parse({ ...config, gateway: { ...config.gateway, leaseMs: 60_000, http2: true, tls: files } })

let stand: Stand
let session: http2.ClientHttp2Session
let cookie = ''
beforeEach(async () => {
  stand = await startStand({ change: overTls })
  session = http2.connect(stand.gateways[0]!.addresses.application, { rejectUnauthorized: false })
  session.on('error', () => {})
  cookie = ''
  const signedIn = await ask('/sign-in', 'user=ann&password=right')
  cookie = signedIn.cookies.map((line) => line.split(';')[0]).join('; ')
  expect(cookie).toMatch(/__Host-gatehouse/)
})
afterEach(async () => {
  session.destroy()
  await stand.close()
})

type Opened = {
  readonly stream: http2.ClientHttp2Stream
  /** Its status, and how it ended. */
  readonly ended: Promise<string>
  readonly cookies: string[]
}
const open = (path: string, method = 'GET', form: string | null = null): Opened => {
  const stream = session.request(
    {
      ...{ ':path': path, ':method': method, accept: 'application/json', cookie },
      ...(form === null ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    { endStream: method === 'GET' },
  )
  if (form !== null) stream.end(form)
  const cookies: string[] = []
  let status = 0
  let isWhole = false
  stream.on('response', (headers) => {
    status = headers[':status'] ?? 0
    cookies.push(...(headers['set-cookie'] ?? []))
  })
  stream.on('end', () => {
    isWhole = stream.rstCode === http2.constants.NGHTTP2_NO_ERROR
    // Who has been answered sends no more.
    if (!stream.closed) stream.end()
  })
  stream.on('error', () => {})
  stream.resume()
  const ended = new Promise<string>((resolve) =>
    stream.once('close', () => resolve(isWhole ? `${status}` : `${status} broken off`)),
  )
  return { stream, ended, cookies }
}
const ask = async (path: string, form: string | null = null) => {
  const { ended, cookies } = open(path, form === null ? 'GET' : 'POST', form)
  return { end: await ended, cookies }
}

const openAll = async (): Promise<
  Readonly<Record<'events' | 'poll' | 'download' | 'upload', Promise<string>>>
> => {
  const poll = open('/lasting/poll')
  const arrived = (path: string): Promise<void> =>
    eventually(() => stand.application.arrived.some(({ url }) => url === path), `${path} arrived`)
  await arrived('/lasting/poll')
  stand.clock.elapse(6_000)
  const [events, download, upload] = [
    open('/lasting/events'),
    open('/lasting/download'),
    open('/lasting/upload', 'POST'),
  ]
  upload.stream.write('begun')
  await Promise.all(
    [events, download].map(({ stream }) => new Promise((resolve) => stream.once('data', resolve))),
  )
  await arrived('/lasting/upload')
  expect(stand.gateways[0]!.state.openExchanges()).toBe(4)
  return { events: events.ended, poll: poll.ended, download: download.ended, upload: upload.ended }
}

test('a sign-in is held, a person is let in, and a stranger on the same connection is not', async () => {
  expect((await ask('/patients/7')).end).toBe('200')
  cookie = ''
  expect((await ask('/patients/7')).end).toBe('401')
})

test('what lasts is cut at once when its person is revoked', async () => {
  const ends = await openAll()
  await stand.control.revoke('riverside', 'usr_ann')
  expect(await ends.events).toBe('200 broken off')
  expect(await ends.download).toBe('200 broken off')
  expect(await ends.poll).toBe('401')
  expect(await ends.upload).toBe('401')
  expect(stand.gateways[0]!.state.openExchanges()).toBe(0)
  expect((await ask('/patients/7')).end).toBe('401')
  expect(session.closed).toBe(false)
})

test('when a window ends, streams and polls are cut at once, and what is under way gets 30 s', async () => {
  const at = (ms: number): string => new Date(stand.clock.now() + ms).toISOString().slice(11, 13)
  await stand.control.savePolicy('riverside', (document) => ({
    ...document,
    controls: { ...document.controls, time: { ...document.controls.time, mode: 'enforce' } },
    timeWindows: [
      {
        ...{ id: 'now', label: null, audience: 'practice', days: [...days], insteadOfRoleHours: false },
        ...{ start: `${at(-hour)}:00`, end: `${at(hour)}:00`, zone: 'UTC', validFrom: null, validTo: null },
      },
    ],
  }))
  await eventually(() => stand.gateways[0]!.state.sequence() === stand.control.sequence(), 'applied')
  const ends = await openAll()
  stand.clock.advance(2 * hour)
  expect([await ends.events, await ends.poll]).toEqual(['200 broken off', '403'])
  expect(stand.gateways[0]!.state.openExchanges()).toBe(2)
  stand.clock.advance(31_000)
  expect([await ends.download, await ends.upload]).toEqual(['200 broken off', '403'])
})
