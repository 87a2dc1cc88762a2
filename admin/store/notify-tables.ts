/**
 * The tables of mail and webhooks as kysely sees them; columns named as in `migrations/0014-mail.sql`.
 *
 * It maps nothing, like `tables.ts`, which takes these in. Invariant: a row of `mail` is gone once it was sent or given
 * up, since its body may carry a link that lets somebody in.
 */
import type { Generated } from 'kysely'

type MailTable = {
  id: Generated<number>
  to_address: string
  subject: string
  body: string
  queued_at: number
  due_at: number
  tries: Generated<number>
}

/** The tables of mail and webhooks by name. */
export type NotifyTables = {
  mail: MailTable
}
