/**
 * Answers of who is told: the practice's choice, saved with its event, and how webhooks fared.
 *
 * It sends nothing. Invariant: only configured webhooks can be chosen, so that a name that is mistyped is a Problem and
 * not silence; one that has left the configuration stays in the choice until somebody saves another.
 */
import type { OpenAPIHono } from '@hono/zod-openapi'
import { eventOf } from '../deed.ts'
import type { NotificationSettings } from '../notify/notification-settings.ts'
import { topics } from '../notify/notification-settings.ts'
import { queueTestMessage } from '../notify/test-message.ts'
import { listDeliveries } from '../notify/webhook-delivery.ts'
import { appendEvent } from '../store/events.ts'
import { readNotificationSettings, saveNotificationSettings } from '../store/notification-settings.ts'
import { readPolicy } from '../store/practices.ts'
import type { AdminEnv } from './admin-env.ts'
import { type ApiPlane, deedOf } from './api-plane.ts'
import { notificationsRoutes } from './contract/notifications.ts'
import { etagOf, pageOf, revisionIn } from './paging.ts'
import { invalid, refusal } from './refusals.ts'

const deliveriesMax = 2_000

/** The choice as an event tells it: one text by topic list. */
const told = ({ mail, webhooks }: NotificationSettings) => ({
  mail: mail.join(', '),
  webhooks: webhooks.map(({ name, topics: of }) => `${name}: ${of.join(', ')}`).join('; '),
})

async function answerTest(plane: ApiPlane, wish: Parameters<typeof queueTestMessage>[1]) {
  const { webhook } = wish
  if (webhook !== null) assertConfigured(plane, { webhooks: [{ name: webhook }] })
  if (webhook === null && !plane.notifications.mailGoesOut)
    throw invalid([
      { path: 'webhook', sentence: 'Mail is off: the operator switches it on under notifications.mail.' },
    ])
  const tested = await queueTestMessage(plane.store, wish)
  switch (tested.outcome) {
    case 'queued':
      return { to: tested.to }
    case 'no-address':
      throw invalid([
        { path: 'webhook', sentence: 'Your account has no mail address that a test could go to.' },
      ])
    case 'too-many':
      throw refusal('too-many', 'Ten tests in ten minutes are enough. Look at how they fared first.', {
        retryAfterMs: tested.retryAfterMs,
      })
    case 'unknown-practice':
      throw refusal('not-found', 'There is no such practice.')
  }
}

type Named = { readonly webhooks: readonly { readonly name: string }[] }

function assertConfigured(plane: ApiPlane, { webhooks }: Named): void {
  const unknown = webhooks.findIndex(({ name }) => !plane.notifications.webhooks.includes(name))
  if (unknown !== -1)
    throw invalid([
      {
        path: `webhooks[${unknown}].name`,
        sentence: `No webhook "${webhooks[unknown]?.name}" is configured. The operator adds it under notifications.webhooks.`,
      },
    ])
}

/** Adds the answers. */
export function answerNotifications(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(notificationsRoutes.read, async (c) => {
    const { practice } = c.req.valid('param')
    const { version, settings } = await plane.store.read((rows) => readNotificationSettings(rows, practice))
    const { mailGoesOut, webhooks } = plane.notifications
    c.header('etag', etagOf(version))
    return c.json({ version, settings, topics: [...topics], mailGoesOut, webhooks: [...webhooks] }, 200)
  })
  app.openapi(notificationsRoutes.save, async (c) => {
    const { practice } = c.req.valid('param')
    const { reason, ...settings } = c.req.valid('json')
    const ifVersion = revisionIn(c.req.valid('header')['if-match'])
    assertConfigured(plane, settings)
    const deed = deedOf(c, plane, reason)
    const version = await plane.store.transaction(async (tx) => {
      const policy = await readPolicy(tx, practice)
      if (policy === null) throw refusal('not-found', 'There is no such practice.')
      const before = await readNotificationSettings(tx, practice)
      const saved =
        before.version === ifVersion
          ? await saveNotificationSettings(tx, practice, ifVersion, settings)
          : null
      if (saved === null)
        throw refusal('revision-conflict', 'Somebody else saved in between. Load it again.', {
          current: before.version,
        })
      await appendEvent(tx, {
        ...eventOf(deed),
        practice,
        action: 'notifications.changed',
        target: { kind: 'practice', id: practice, name: policy.document.practice.name },
        before: told(before.settings),
        after: told(settings),
      })
      return saved
    })
    c.header('etag', etagOf(version))
    return c.json({ version }, 200)
  })
  app.openapi(notificationsRoutes.test, async (c) => {
    const { practice } = c.req.valid('param')
    const { webhook } = c.req.valid('json')
    const { login } = c.get('admin').account
    const deed = deedOf(c, plane, undefined)
    return c.json(await answerTest(plane, { practice, webhook, login, deed }), 200)
  })
  app.openapi(notificationsRoutes.deliveries, async (c) => {
    const { practice } = c.req.valid('param')
    const all = await plane.store.read((rows) => listDeliveries(rows, practice, deliveriesMax))
    const page = pageOf(all, ({ id }) => id, c.req.valid('query'))
    const deliveries = page.items.map(({ endpoint, ...rest }) => ({ webhook: endpoint, ...rest }))
    return c.json({ deliveries, nextCursor: page.nextCursor }, 200)
  })
}
