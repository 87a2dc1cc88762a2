/**
 * Who of a practice is told of what: by mail, and by which of the configured webhooks.
 *
 * Not policy: no gateway decides by it, so it has a version of its own and no commit-confirm. Invariant: a practice that
 * never chose has everything by mail and nothing by webhook, and a webhook is only ever named here, never described.
 */
import { z } from 'zod'

/**
 * What can be told. Asked: a request waits, to its reviewers. Decided: to who asked. Reminder: requests wait for a day,
 * to reviewers. Reverted: a save nobody confirmed was taken back, to security admins.
 */
export const topics = [
  'access-request.asked',
  'access-request.decided',
  'access-request.reminder',
  'policy.reverted',
] as const
/** What can be told. */
export type Topic = (typeof topics)[number]

const topicsSchema = z.array(z.enum(topics)).max(topics.length)

/** A practice's choice. `webhooks`: by configured name. */
export const notificationSettingsSchema = z.strictObject({
  mail: topicsSchema,
  webhooks: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'expected the name of a configured webhook'),
        topics: topicsSchema,
      }),
    )
    .max(20)
    .refine(
      (webhooks) => new Set(webhooks.map(({ name }) => name)).size === webhooks.length,
      'names a webhook twice',
    ),
})
/** A practice's choice. */
export type NotificationSettings = z.infer<typeof notificationSettingsSchema>

/** What holds where a practice never chose. */
export const standardSettings: NotificationSettings = { mail: [...topics], webhooks: [] }
