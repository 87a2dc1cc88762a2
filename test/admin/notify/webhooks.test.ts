/**
 * Goal: a webhook gets each message signed, under one id, until it takes it; nobody but configuration says where.
 * Method: queued in real transactions, delivered to a receiver on loopback under a clock that steps.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { deliverWebhooks, forgetDeliveries, listDeliveries } from '../../../admin/notify/webhook-delivery.ts'
import { queueWebhooks } from '../../../admin/notify/webhook-queue.ts'
import { readWebhookTargets, signWebhook, type WebhookTargets } from '../../../admin/notify/webhook-send.ts'
import { loadConfig } from '../../../runtime/config-load.ts'
import { startWebhookReceiver } from '../../support/webhook-receiver.ts'
import { createListeningLog, createPracticeStore, north, type PracticeStore } from '../practice-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-webhooks-'))
const key = randomBytes(32)
let plane: PracticeStore
let receiver: Awaited<ReturnType<typeof startWebhookReceiver>>
let log: ReturnType<typeof createListeningLog>
let counts: string[]
const secretFile = (text: string, name = 'key'): string => {
  const file = join(folder, name)
  writeFileSync(file, `${text}\n`, { mode: 0o600 })
  chmodSync(file, 0o600)
  return file
}
beforeAll(async () => {
  plane = await createPracticeStore()
})
afterAll(async () => {
  await plane?.close()
  rmSync(folder, { recursive: true })
})
beforeEach(async () => {
  receiver = await startWebhookReceiver()
  log = createListeningLog()
  counts = []
  await plane.store.read((rows) => rows.deleteFrom('webhook_delivery').execute())
})
afterEach(() => receiver?.close())

const targets = (): WebhookTargets => {
  const file = secretFile(`whsec_${key.toString('base64')}`)
  const read = readWebhookTargets([{ name: 'chat', url: receiver.url, secretFile: file }])
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.value
}
const queue = (names: readonly string[] = ['chat']) =>
  plane.store.transaction((tx) =>
    queueWebhooks(
      tx,
      { mail: [], webhooks: names.map((name) => ({ name, topics: ['access-request.asked'] })) },
      {
        topic: 'access-request.asked',
        practice: { id: north, name: 'Practice north' },
        facts: { user: 'Ada', network: '198.51.100.7/32' },
      },
      plane.clock.now(),
    ),
  )
const deliver = (to = targets()): Promise<number> =>
  deliverWebhooks({
    store: plane.store,
    targets: to,
    now: plane.clock.now,
    log,
    countWebhook: (count) => void counts.push(count),
  })
const deliveries = () => plane.store.read((rows) => listDeliveries(rows, north, 10))

test('a message arrives once, signed, and only its fate is kept', async () => {
  await queue()
  expect(await Promise.all([deliver(), deliver()])).toContain(1)
  expect(await deliver()).toBe(0)
  expect(receiver.requests).toHaveLength(1)
  const { headers, body } = receiver.requests[0]!
  const [id, seconds] = [String(headers['webhook-id']), Number(headers['webhook-timestamp'])]
  expect(seconds).toBe(Math.floor(plane.clock.now() / 1_000))
  expect(headers['webhook-signature']).toBe(signWebhook(key, { id, text: body }, seconds))
  expect(headers['webhook-signature']).not.toBe(signWebhook(key, { id, text: `${body} ` }, seconds))
  expect(JSON.parse(body)).toEqual({
    type: 'access-request.asked',
    timestamp: new Date(plane.clock.now()).toISOString(),
    practice: { id: north, name: 'Practice north' },
    data: { user: 'Ada', network: '198.51.100.7/32' },
  })
  expect(await deliveries()).toMatchObject([{ id, state: 'delivered', tries: 1, lastAnswer: '204' }])
  const [row] = await plane.store.read((rows) => rows.selectFrom('webhook_delivery').selectAll().execute())
  expect(row?.body).toBe('')
})

test('a failed try is repeated under the same id with growing pauses; in the end it is given up loudly', async () => {
  await queue()
  receiver.answer(500)
  for (let tries = 1; tries <= 12; tries += 1) {
    expect(await deliver()).toBe(1)
    expect(await deliver()).toBe(0)
    plane.clock.advance(3_600_000)
  }
  expect(await deliver()).toBe(0)
  expect(new Set(receiver.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  expect(new Set(receiver.requests.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(12)
  expect(await deliveries()).toMatchObject([{ state: 'given-up', tries: 12, lastAnswer: '500' }])
  expect(counts).toEqual([...Array.from({ length: 11 }, () => 'retried'), 'given-up'])
  expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1)
  expect(JSON.stringify(log.lines)).not.toContain('Ada')
})

test('a redirect is not followed, 410 ends it, a webhook no longer configured is given up', async () => {
  await queue()
  receiver.answer(302)
  await deliver()
  expect(receiver.requests).toHaveLength(1)
  plane.clock.advance(30_000)
  receiver.answer(410)
  await deliver()
  expect(await deliveries()).toMatchObject([{ state: 'given-up', tries: 2, lastAnswer: '410' }])
  await queue(['gone'])
  await deliver()
  expect(receiver.requests).toHaveLength(2)
  expect((await deliveries()).find(({ endpoint }) => endpoint === 'gone')).toMatchObject({
    state: 'given-up',
    lastAnswer: 'no longer configured',
  })
})

test('one that does not listen costs others nothing; deliveries are forgotten after thirty days', async () => {
  const to = new Map([...targets(), ['dead', { url: 'http://127.0.0.1:1/', key }]])
  await queue(['dead', 'chat'])
  await deliver(to)
  expect(receiver.requests).toHaveLength(1)
  expect(counts.sort()).toEqual(['delivered', 'retried'])
  plane.clock.advance(30 * 86_400_000)
  expect(await forgetDeliveries(plane.store, plane.clock.now())).toBe(0)
  plane.clock.advance(1)
  expect(await forgetDeliveries(plane.store, plane.clock.now())).toBe(2)
})

test('an address in the clear, a name twice and a weak or open key are Problems', () => {
  const webhook = (change: object) => ({ name: 'a', url: 'https://a.example/', secretFile: '/k', ...change })
  const problems = (webhooks: readonly object[]) => {
    const loaded = loadConfig({ file: null, environment: {}, overrides: { notifications: { webhooks } } })
    return loaded.ok ? [] : loaded.problems.map(({ path }) => path)
  }
  expect(problems([webhook({})])).toEqual([])
  for (const url of ['http://a.example/', 'http://169.254.169.254/', 'file:///etc/passwd', 'ftp://a.example'])
    expect(problems([webhook({ url })]), url).toEqual(['notifications.webhooks[0].url'])
  expect(problems([webhook({}), webhook({})])).toEqual(['notifications.webhooks[1].name'])
  const read = (text: string, mode = 0o600) => {
    const file = secretFile(text, 'other')
    chmodSync(file, mode)
    return readWebhookTargets([{ name: 'a', url: 'https://a.example/', secretFile: file }]).ok
  }
  expect(read(`whsec_${key.toString('base64')}`)).toBe(true)
  expect(read(`whsec_${key.toString('base64')}`, 0o644)).toBe(false)
  for (const weak of ['secret', 'whsec_c2hvcnQ=', `whsec_${randomBytes(80).toString('base64')}`])
    expect(read(weak), weak).toBe(false)
})
