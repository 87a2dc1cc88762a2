/**
 * A webhook's message as a row in the transaction of the change that it tells of: committed together, or not at all.
 *
 * It sends nothing (`webhook-delivery.ts` does). Invariant: but for a test, only webhooks that the practice chose for this
 * topic get a message, each of its own id; no message carries a secret, a code or a link that lets somebody in.
 */
import type { Instant } from '../../policies/instant.ts'
import { newToken } from '../../runtime/token.ts'
import type { Tx } from '../store/database.ts'
import type { NotificationSettings, Topic } from './notification-settings.ts'

/** What happened. `facts`: flat, public among the practice's admins. */
export type Happening = {
  readonly topic: Topic
  readonly practice: { readonly id: string; readonly name: string }
  readonly facts: Readonly<Record<string, string | number | boolean | null>>
}

/** Queues a test for the webhook `name`, whatever the practice chose; its `type` is `test`, which is no topic. */
export async function queueTest(
  tx: Tx,
  name: string,
  practice: Happening['practice'],
  at: Instant,
): Promise<void> {
  const body = { type: 'test', timestamp: new Date(at).toISOString(), practice, data: {} }
  await tx
    .insertInto('webhook_delivery')
    .values({
      id: `whk_${newToken().slice(0, 22)}`,
      ...{ practice: practice.id, endpoint: name, topic: 'test', body: JSON.stringify(body) },
      ...{ queued_at: at, due_at: at },
    })
    .execute()
}

/** Queues `happening` for every webhook that `settings` name for its topic. */
export async function queueWebhooks(
  tx: Tx,
  settings: NotificationSettings,
  { topic, practice, facts }: Happening,
  at: Instant,
): Promise<void> {
  const wanted = settings.webhooks.filter(({ topics }) => topics.includes(topic))
  if (wanted.length === 0) return
  const body = JSON.stringify({ type: topic, timestamp: new Date(at).toISOString(), practice, data: facts })
  await tx
    .insertInto('webhook_delivery')
    .values(
      wanted.map(({ name }) => ({
        id: `whk_${newToken().slice(0, 22)}`,
        practice: practice.id,
        endpoint: name,
        topic,
        body,
        queued_at: at,
        due_at: at,
      })),
    )
    .execute()
}
