/**
 * Goal: an admin sees whether mail and webhooks arrive, and cannot write to strangers or flood anybody by it.
 * Method: the route asked by an operator and by a reader on a real database; queues and events read.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { queueTestMessage } from '../../../admin/notify/test-message.ts'
import { listEvents } from '../../../admin/store/events.ts'
import { type Browser, createStage, type Stage } from './admin-stage.ts'

let stage: Stage
let root: Browser
let viewer: Browser
beforeAll(async () => {
  stage = await createStage()
  ;[root, viewer] = [await stage.signIn('root'), await stage.signIn('viewer')]
})
afterAll(() => stage.close())

const path = '/api/practices/lakeside/notifications/test'
const send = (webhook: string | null, by = root) => by.ask('POST', path, { json: { webhook } })

test('only who may change settings sends one, only to a configured webhook, ten in ten minutes', async () => {
  expect((await send('chat', viewer)).status).toBe(403)
  // No such webhook; and the account's login is no address.
  expect([(await send('siem')).status, (await send(null)).status]).toEqual([422, 422])
  for (let count = 0; count < 10; count += 1) expect((await send('chat')).status).toBe(200)
  const eleventh = await send('chat')
  expect([eleventh.status, await eleventh.json()]).toEqual([
    429,
    expect.objectContaining({ retryAfterMs: 600_000 }),
  ])
  const list = await root.ask('GET', '/api/practices/lakeside/webhook-deliveries?limit=1')
  expect(await list.json()).toMatchObject({ deliveries: [{ webhook: 'chat', topic: 'test' }] })
  const [event] = await stage.store.read((rows) =>
    listEvents(rows, { practice: 'lakeside' }, { before: null, countMax: 1 }),
  )
  expect(event).toMatchObject({ action: 'notifications.tested', after: { by: 'webhook chat' } })
})

test('a mail goes to who asks', async () => {
  stage.clock.advance(600_000)
  const by = { kind: 'admin' as const, id: 'adm_root', name: 'The root' }
  const deed = { actor: by, origin: 'ui' as const, at: stage.clock.now() }
  const wish = { practice: 'lakeside', webhook: null, login: 'root@example.com', deed }
  expect(await queueTestMessage(stage.store, wish)).toEqual({ outcome: 'queued', to: 'root@example.com' })
  const mails = await stage.store.read((rows) => rows.selectFrom('mail').select('to_address').execute())
  expect(mails).toEqual([{ to_address: 'root@example.com' }])
})
