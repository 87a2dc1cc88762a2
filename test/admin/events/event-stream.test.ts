/**
 * Goal: a receiver elsewhere gets every event and checkpoint of its chains, signed and in order, whatever fails meanwhile.
 * Method: the real job on a real database, posting to a receiver on loopback that answers as told, under a clock that steps.
 */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { webhookStream } from '../../../admin/events/event-sinks.ts'
import { sendEvents } from '../../../admin/events/event-stream.ts'
import { signWebhook } from '../../../admin/notify/webhook-send.ts'
import { verifyChain } from '../../../admin/store/event-chain.ts'
import { writeCheckpoints } from '../../../admin/store/event-checkpoints.ts'
import type { Checkpoint } from '../../../admin/store/event-link.ts'
import { leaseStream, listStreams, listWaiting, moveStream } from '../../../admin/store/event-streams.ts'
import { appendEvent } from '../../../admin/store/events.ts'
import { loadConfig } from '../../../runtime/config-load.ts'
import { startWebhookReceiver } from '../../support/webhook-receiver.ts'
import {
  createListeningLog,
  createPracticeStore,
  north,
  type PracticeStore,
  south,
} from '../practice-store.ts'

const key = randomBytes(32)
let plane: PracticeStore
let receiver: Awaited<ReturnType<typeof startWebhookReceiver>>
const log = createListeningLog()
beforeAll(async () => {
  ;[plane, receiver] = await Promise.all([createPracticeStore(), startWebhookReceiver()])
})
afterAll(async () => {
  await receiver?.close()
  await plane?.close()
})

type Body = {
  readonly practice: string
  readonly events: readonly { readonly seq: number; readonly hash: string }[]
  readonly checkpoint: Checkpoint | null
}

const append = async (practice: string, count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1)
    await plane.store.transaction((tx) =>
      appendEvent(tx, {
        ...plane.deed(),
        ...{ practice, action: 'policy.edited', target: null, before: null, after: { n } },
      }),
    )
}
const streamOf = (change: Partial<Parameters<typeof webhookStream>[0]> = {}) =>
  webhookStream(
    { name: 'siem', url: receiver.url, secretFile: 'x', practices: 'all', format: 'gatehouse', ...change },
    { url: receiver.url, key },
  )
const send = (stream = streamOf()) =>
  sendEvents({ store: plane.store, now: plane.clock.now, log, streams: [stream] })
const bodies = (from = 0): readonly Body[] =>
  receiver.requests.slice(from).map(({ body }) => JSON.parse(body) as Body)
const told = (from = 0) =>
  bodies(from).map(({ practice, events }) => `${practice} ${events.map(({ seq }) => seq)}`)

test('every chain comes from its first event on, signed, and then only what is new', async () => {
  await append(north, 2)
  expect(await send()).toBe(4)
  expect(told()).toEqual(['north 1,2,3', 'south 1'])
  const [request] = receiver.requests
  const { 'webhook-id': id, 'webhook-timestamp': seconds, 'webhook-signature': signature } = request!.headers
  expect(signature).toBe(signWebhook(key, { id: String(id), text: request!.body }, Number(seconds)))
  expect(await send()).toBe(0)
  await append(south, 1)
  expect(await send()).toBe(1)
  expect(told(2)).toEqual(['south 2'])
})

test('what is not taken is sent again after a pause, from where it was, and nothing is left out', async () => {
  const from = receiver.requests.length
  receiver.answer(503)
  await append(north, 1)
  expect([await send(), await send()]).toEqual([0, 0])
  plane.clock.advance(2_000)
  expect(await send()).toBe(0)
  expect(told(from)).toEqual(['north 4', 'north 4'])
  const standing = () => plane.store.read((rows) => listStreams(rows, north))
  expect(await standing()).toMatchObject([{ name: 'siem', takenTo: 3, lastError: '503' }])
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { stream: 'siem', answer: '503' } }])
  receiver.answer(204)
  await append(north, 1)
  plane.clock.advance(4_000)
  expect(await send()).toBe(2)
  expect(told(from + 2)).toEqual(['north 4,5'])
  expect(await standing()).toEqual([
    { name: 'siem', takenTo: 5, takenAt: plane.clock.now(), lastError: null },
  ])
})

test('checkpoints come along, also alone, and the chain can be held against what the receiver has', async () => {
  const from = receiver.requests.length
  await append(north, 1)
  await writeCheckpoints(plane.store, plane.signer, plane.clock.now())
  await send()
  await append(south, 1)
  await send()
  await writeCheckpoints(plane.store, plane.signer, plane.clock.now())
  expect(await send()).toBe(0)
  expect(told(from)).toEqual(['south ', 'north 6', 'south 3', 'south '])
  const kept = bodies(from).flatMap(({ checkpoint }) => (checkpoint === null ? [] : [checkpoint]))
  expect(kept.map(({ practice, seq }) => `${practice} ${seq}`)).toEqual(['south 2', 'north 6', 'south 3'])
  expect(await verifyChain(plane.store, north, plane.signer.publicKey, kept)).toMatchObject({ ok: true })
})

test('a long backlog goes in batches of a hundred; two control planes send nothing twice', async () => {
  const from = receiver.requests.length
  await append('big', 230)
  const counts = await Promise.all([send(), send(), send()])
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(230)
  const numbers = bodies(from).flatMap(({ events }) => events.map(({ seq }) => seq))
  expect(numbers).toEqual(Array.from({ length: 230 }, (_, nth) => nth + 1))
  expect(Math.max(...bodies(from).map(({ events }) => events.length))).toBe(100)
})

test('a stream of one practice gets that one alone; OCSF says what it was and keeps the whole', async () => {
  const from = receiver.requests.length
  await plane.signIn('ada')
  await send(streamOf({ name: 'ocsf', practices: [north], format: 'ocsf' }))
  expect(new Set(bodies(from).map(({ practice }) => practice))).toEqual(new Set([north]))
  const signIn = bodies(from)
    .flatMap(({ events }) => events as readonly unknown[])
    .at(-1)
  expect(signIn).toMatchObject({
    ...{ class_uid: 3002, activity_id: 1, type_uid: 300_201, status_id: 1, time: plane.clock.now() },
    metadata: { event_code: 'session.opened', tenant_uid: north },
    ...{ user: { name: 'ADA' }, src_endpoint: { ip: '203.0.113.9' } },
    unmapped: { action: 'session.opened', hash: expect.any(String) },
  })
})

test('streams are configuration: https or this machine, each name once', async () => {
  const stream = { name: 'siem', url: 'http://siem.example/in', secretFile: '/k' }
  const loaded = await loadConfig({
    file: null,
    environment: {},
    overrides: { audit: { streams: [stream, stream] } },
  })
  expect(loaded.ok ? [] : loaded.problems.map(({ path }) => path)).toEqual([
    'audit.streams[0].url',
    'audit.streams[1].url',
    'audit.streams[1].name',
  ])
})

test('chains take turns: whose last message is longest ago comes first, however many are busy', async () => {
  const stream = 'turns'
  const { store, clock } = plane
  await leaseStream(store, stream, clock.now(), 60_000)
  const heads = Array.from({ length: 60 }, (_, n) => ({
    ...{ practice: `~turn-${String(n).padStart(2, '0')}`, seq: 9, hash: '' },
  }))
  await store.read((rows) => rows.insertInto('event_head').values(heads).execute())
  const practices = heads.map(({ practice }) => practice)
  const first = await store.read((rows) => listWaiting(rows, stream, practices))
  expect(first.map(({ practice }) => practice)).toEqual(practices.slice(0, 50))
  for (const one of first)
    await store.read((rows) => moveStream(rows, stream, { ...one, seq: 1 }, clock.now()))
  const second = await store.read((rows) => listWaiting(rows, stream, practices))
  expect(second.map(({ practice }) => practice)).toEqual([...practices.slice(50), ...practices.slice(0, 40)])
})
