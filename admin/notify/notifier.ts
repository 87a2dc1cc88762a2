/**
 * Telling people and machines: the loops that deliver what the transactions of changes have queued.
 *
 * It decides nothing about whom to tell (whoever queues a mail does). Invariant: nothing goes out that is
 * not committed, and several control planes deliver each thing once at a time. A loop of its own, apart from
 * `jobs.ts`: a mail server that does not answer must not delay the end of a session.
 */

import { type JobLoop, startLoop } from '../job-loop.ts'
import { remindReviewers } from '../requests/access-reminders.ts'
import { deliverMails, type MailParts } from './mail-delivery.ts'
import { deliverWebhooks, forgetDeliveries, type WebhookParts } from './webhook-delivery.ts'

/** Delivers what waits. Each call answers how much it tried and rejects with a `Fault`. */
export type Notifier = {
  readonly deliverMails: () => Promise<number>
  readonly deliverWebhooks: () => Promise<number>
  /** Reminds reviewers of what waits. */
  readonly remind: () => Promise<number>
  /** Forgets old deliveries. */
  readonly forget: () => Promise<number>
  readonly start: () => void
  readonly close: () => Promise<void>
}

/** Creates a notifier; nothing runs before `start`. */
export function createNotifier(parts: MailParts & WebhookParts): Notifier {
  let loops: readonly JobLoop[] = []
  const notifier: Notifier = {
    deliverMails: () => deliverMails(parts),
    deliverWebhooks: () => deliverWebhooks(parts),
    remind: () => remindReviewers(parts.store, parts.now()),
    forget: () => forgetDeliveries(parts.store, parts.now()),
    start: () => {
      if (loops.length > 0) return
      loops = [
        startLoop(parts.log, 'mail', 1_000, true, notifier.deliverMails),
        startLoop(parts.log, 'webhooks', 1_000, true, notifier.deliverWebhooks),
        startLoop(parts.log, 'reminders', 600_000, false, notifier.remind),
        startLoop(parts.log, 'old deliveries', 3_600_000, false, notifier.forget),
      ]
    },
    close: async () => {
      for (const { stop } of loops) stop()
      await Promise.all(loops.map(({ done }) => done))
      loops = []
    },
  }
  return notifier
}
