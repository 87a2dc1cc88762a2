/**
 * Goal: a syslog server gets every event and checkpoint in order over TLS, whatever fails meanwhile; how far it is behind shows.
 * Method: the real job on a real database, sending to a server on loopback that reads frames to the letter or falls as told.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkEventFile } from '../../admin/events/event-file.ts'
import { readEventStreams, syslogStream } from '../../admin/events/event-sinks.ts'
import { sendEvents } from '../../admin/events/event-stream.ts'
import { createMetrics } from '../../admin/metrics.ts'
import { writeSyslog } from '../../admin/notify/syslog-send.ts'
import { writeCheckpoints } from '../../admin/store/event-checkpoints.ts'
import type { Checkpoint } from '../../admin/store/event-link.ts'
import { appendEvent } from '../../admin/store/events.ts'
import { loadConfig } from '../../runtime/config-load.ts'
import { createAuthority } from '../support/certificates.ts'
import { startSyslogServer } from '../support/syslog-server.ts'
import {
  createListeningLog,
  createPracticeStore,
  north,
  type PracticeStore,
  south,
} from './practice-store.ts'

const authority = createAuthority()
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-syslog-'))
const log = createListeningLog()
let plane: PracticeStore
let server: Awaited<ReturnType<typeof startSyslogServer>>
beforeAll(async () => {
  ;[plane, server] = await Promise.all([
    createPracticeStore(),
    startSyslogServer(authority.issue({ names: ['127.0.0.1'] })),
  ])
})
afterAll(async () => {
  await server?.close()
  await plane?.close()
  rmSync(folder, { recursive: true, force: true })
})

const append = async (practice: string, count: number, action = 'policy.edited'): Promise<void> => {
  for (let n = 0; n < count; n += 1)
    await plane.store.transaction((tx) =>
      appendEvent(tx, {
        ...plane.deed(),
        ...{ practice, action, target: null, before: null, after: { n, text: 'Zoë "said" [so]\nand\\went' } },
      }),
    )
}
const config = { name: 'collector', host: '127.0.0.1', practices: 'all', format: 'gatehouse' } as const
const streamTo = (ca: string | null = authority.cert) =>
  syslogStream({ ...config, port: server.port, caFile: null }, { host: '127.0.0.1', port: server.port, ca })
const send = (stream = streamTo()) =>
  sendEvents({ store: plane.store, now: plane.clock.now, log, streams: [stream] })
const told = (from = 0) =>
  server.frames
    .slice(from)
    .map(({ id, data }) => `${data.practice} ${data.seq}${id === 'checkpoint' ? ' checkpoint' : ''}`)
const figures = async (): Promise<Readonly<Record<string, number>>> => {
  const { store, clock } = plane
  const metrics = createMetrics({ store, hotStore: null, now: clock.now, streams: [streamTo()] })
  const text = await (await metrics.answer(new Request('http://x/metrics'))).text()
  const lines = text.matchAll(/^gatehouse_admin_audit_(\w+)(?:\{stream="collector"\})? (\S+)$/gm)
  return Object.fromEntries([...lines].map(([, name, value]) => [name, Number(value)]))
}

test('every event comes as one message, in order, with number and hash, and the chain can be checked from them', async () => {
  await append(north, 2)
  await append(south, 1, 'user.sign-in-failed')
  await writeCheckpoints(plane.store, plane.signer, plane.clock.now())
  expect(await send()).toBe(5)
  expect(told()).toEqual([
    'north 1',
    'north 2',
    'north 3',
    'north 3 checkpoint',
    'south 1',
    'south 2',
    'south 2 checkpoint',
  ])
  const [first] = server.frames
  expect(first).toMatchObject({ priority: 13 * 8 + 6, app: 'gatehouse', at: plane.clock.now() })
  expect(server.frames.find(({ id }) => id === 'user.sign-in-failed')?.priority).toBe(13 * 8 + 4)
  const ofNorth = server.frames.filter(({ data }) => data.practice === north)
  const texts = ofNorth.filter(({ id }) => id !== 'checkpoint').map(({ text }) => text)
  const checkpoints = ofNorth
    .filter(({ id }) => id === 'checkpoint')
    .map(({ text }) => JSON.parse(text) as Checkpoint)
  expect(ofNorth.map(({ data }) => data.hash)).toEqual(
    ofNorth.map(({ text }) => (JSON.parse(text) as { readonly hash: string }).hash),
  )
  const lines = Readable.from(texts)
  expect(await checkEventFile(lines, checkpoints, plane.signer.publicKey)).toMatchObject({
    ok: true,
    checked: 3,
  })
  expect(await send()).toBe(0)
})

test('what the server did not read to the end is sent again, whole, and how far it is behind is told', async () => {
  const from = server.frames.length
  await append(north, 150)
  plane.clock.advance(30_000)
  server.behave({ fallsAfter: 20_000 })
  expect(await send()).toBe(0)
  expect(await figures()).toMatchObject({
    ...{ stream_delivered: 5, stream_behind: 150, stream_lag_seconds: 30, stream_failures: 1 },
    ...{ checkpoint_age_seconds: 30, chains_broken: 0, forgetting_waits: 0 },
  })
  for (const manner of ['falls', 'closes'] as const) {
    server.behave(manner)
    plane.clock.advance(5_000)
    expect(await send()).toBe(0)
  }
  server.behave('reads')
  plane.clock.advance(10_000)
  expect(await send()).toBe(150)
  expect(told(from)).toEqual(Array.from({ length: 150 }, (_, n) => `north ${n + 4}`))
  expect(await figures()).toMatchObject({
    stream_delivered: 155,
    stream_behind: 0,
    stream_lag_seconds: 0,
    stream_failures: 0,
  })
})

test('a server that nobody vouches for gets nothing, whatever its certificate says', async () => {
  await append(south, 1)
  const [from, met] = [server.frames.length, server.connections()]
  expect(await send(streamTo(null))).toBe(0)
  expect(await send(streamTo(createAuthority().cert))).toBe(0)
  expect([server.frames.length, server.connections()]).toEqual([from, met])
  plane.clock.advance(60_000)
  expect(await send()).toBe(1)
  expect(server.errors).toEqual([])
})

test('no text leaves its place in a message, and lengths count octets', () => {
  const text = '{"name":"Zoë"}'
  const written = writeSyslog({
    ...{ at: 0, severity: 'warning', id: 'a b\n<1>', text },
    data: { practice: 'x" seq="9"] [y', seq: '1\n<13>1 ' },
  })
  const space = written.indexOf(0x20)
  expect(Number(written.toString('latin1', 0, space))).toBe(written.length - space - 1)
  const message = written.toString('utf8', space + 1)
  expect(message).toContain(
    ' a_b_<1> [gatehouse@32473 practice="x\\" seq=\\"9\\"\\] [y" seq="1 <13>1 "] \ufeff{"name":"Zoë"}',
  )
  expect(message).not.toContain('\n')
})

test('a server is configuration: its files are read at the start, and names are given once', async () => {
  const syslog = [{ name: 'collector', host: 'logs.example', caFile: join(folder, 'none') }]
  const stream = { name: 'collector', url: 'https://siem.example/in', secretFile: '/k' }
  const load = (audit: object) => loadConfig({ file: null, environment: {}, overrides: { audit } })
  const twice = await load({ streams: [stream], syslog })
  expect(twice.ok ? [] : twice.problems.map(({ path }) => path)).toEqual(['audit.syslog[0].name'])
  const once = await load({ syslog })
  if (!once.ok) throw new Error(JSON.stringify(once.problems))
  expect(once.value.audit.syslog).toMatchObject([{ port: 6514, practices: 'all' }])
  expect(readEventStreams(once.value.audit)).toMatchObject({
    ok: false,
    problems: [{ path: join(folder, 'none') }],
  })
  writeFileSync(join(folder, 'none'), authority.cert)
  expect(readEventStreams(once.value.audit)).toMatchObject({ ok: true, value: [{ name: 'collector' }] })
})
