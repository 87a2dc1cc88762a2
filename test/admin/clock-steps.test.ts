/**
 * Goal: a clock that stood wrong and is put right leaves nobody waiting for a time that is far away: no mail, no webhook, no
 * person who was guessed at. Method: a real database under a clock that is a year ahead, and then put back.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deliverMails } from '../../admin/notify/mail-delivery.ts'
import { queueMail } from '../../admin/notify/mail-queue.ts'
import { publishMailKey } from '../../admin/notify/mail-seal.ts'
import { deliverWebhooks } from '../../admin/notify/webhook-delivery.ts'
import { queueWebhooks } from '../../admin/notify/webhook-queue.ts'
import { takePasswordTry } from '../../admin/own-sign-in/password-tries.ts'
import { createTryLimits } from '../../admin/sign-in/try-limits.ts'
import { verifyCode } from '../../admin/two-factor/verification.ts'
import { parseAddress } from '../../policies/address.ts'
import { silentLog } from '../../runtime/log.ts'
import { startWebhookReceiver } from '../support/webhook-receiver.ts'
import { north } from './practice-store.ts'
import { codeAt, createFactorStage, type FactorStage, home, wrongCode } from './two-factor/factor-stage.ts'

const yearMs = 366 * 86_400_000
const address = parseAddress('198.51.100.9')!
let stage: FactorStage
let receiver: Awaited<ReturnType<typeof startWebhookReceiver>>
beforeAll(async () => {
  ;[stage, receiver] = await Promise.all([createFactorStage(), startWebhookReceiver()])
})
afterAll(async () => {
  await receiver?.close()
  await stage?.close()
})

test('what was noted a year ahead counts as due, and nobody waits a year', async () => {
  const { plane, now } = stage
  const { store } = plane
  const limits = createTryLimits(store, now)
  const ada = await stage.signIn('ada')
  const { key } = await stage.enrol(await stage.visit(ada))
  const admin = { login: 'first', account: 'adm_first', address }
  const trier = { login: 'ada', user: ada.user_id, address }

  await publishMailKey(store, stage.parts.keyring)
  plane.clock.advance(yearMs)
  const then = await stage.signIn('ada')
  await store.transaction(async (tx) => {
    await queueMail(tx, { to: 'ada@example.com', subject: 'Signed out', text: 'You were signed out.' }, now())
    await queueWebhooks(
      tx,
      { mail: [], webhooks: [{ name: 'chat', topics: ['access-request.asked'] }] },
      { topic: 'access-request.asked', practice: { id: north, name: 'North' }, facts: { user: 'Ada' } },
      now(),
    )
  })
  for (let count = 0; count < 11; count += 1)
    await verifyCode(stage.parts, await stage.visit(then), wrongCode(key, now()), now(), home)
  expect(await verifyCode(stage.parts, await stage.visit(then), '000000', now(), home)).toMatchObject({
    outcome: 'wait',
  })
  for (let count = 0; count < 6; count += 1) await takePasswordTry(store, trier, now())
  for (let count = 0; count < 6; count += 1) await limits.begin(admin)
  expect(await takePasswordTry(store, trier, now())).toMatchObject({ outcome: 'wait' })
  expect(await limits.begin(admin)).toMatchObject({ allowed: false })

  plane.clock.advance(-yearMs)
  const sent: string[] = []
  const mailer = (mail: { readonly subject: string }) => {
    sent.push(mail.subject)
    return Promise.resolve({ outcome: 'sent' as const })
  }
  expect(
    await deliverMails({ store, now, log: silentLog, mailer, keyring: stage.parts.keyring, count: () => {} }),
  ).toBe(1)
  const targets = new Map([['chat', { url: receiver.url, key: Buffer.alloc(32, 1) }]])
  expect(await deliverWebhooks({ store, now, log: silentLog, targets, countWebhook: () => {} })).toBe(1)
  expect([sent, receiver.requests.length]).toEqual([['Signed out'], 1])

  const right = await verifyCode(stage.parts, await stage.visit(ada), codeAt(key, now()), now(), home)
  expect(right).toMatchObject({ outcome: 'verified' })
  // One more try, and after it no more than the longest pause: a year's tries are not paid for by the hour.
  expect(await takePasswordTry(store, trier, now())).toMatchObject({ outcome: 'taken' })
  const next = await takePasswordTry(store, trier, now())
  expect(next.outcome === 'wait' && next.until - now()).toBeLessThanOrEqual(900_000)
  expect(await limits.begin(admin)).toMatchObject({ allowed: true })
  plane.clock.advance(900_000)
  expect(await takePasswordTry(store, trier, now())).toMatchObject({ outcome: 'taken' })
})
