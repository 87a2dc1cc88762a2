/**
 * The tables of mail and webhooks as kysely sees them; columns named as in `migrations/0014-mail.sql`,
 * `0024-webhooks.sql` and `0052-sealed-mail.sql`.
 *
 * It maps nothing, like `tables.ts`, which takes these in. Invariant: a mail's row, and a webhook's body, is gone once it
 * was sent or given up: what lets somebody in, or tells of somebody, is kept no longer than it is needed.
 */
import type { ColumnType, Generated } from 'kysely'
import type { NotificationSettings } from '../notify/notification-settings.ts'

type MailTable = {
  id: Generated<number>
  to_address: string
  /** With `body`, only until the first start of a version that seals: then `key_id` and `sealed` stand for both. */
  subject: string | null
  body: string | null
  key_id: string | null
  sealed: string | null
  queued_at: number
  due_at: number
  tries: Generated<number>
}

type WebhookDeliveryTable = {
  id: string
  practice: string
  endpoint: string
  topic: string
  body: string
  state: Generated<'waiting' | 'delivered' | 'given-up'>
  queued_at: number
  due_at: number
  tries: Generated<number>
  last_at: number | null
  last_answer: string | null
}

type NotificationSettingTable = {
  practice: string
  version: number
  settings: ColumnType<NotificationSettings, string, string>
}

/** The tables of mail and webhooks by name. */
export type NotifyTables = {
  mail: MailTable
  webhook_delivery: WebhookDeliveryTable
  notification_setting: NotificationSettingTable
}
