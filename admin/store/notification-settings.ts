/**
 * Who of a practice is told of what, as a row: reading it, and saving it over the version that its editor saw.
 *
 * Invariant: of two who save at once the second is refused and sees the first one's version.
 */
import { type NotificationSettings, standardSettings } from '../notify/notification-settings.ts'
import type { Rows, Tx } from './database.ts'

/** A practice's choice and its version; 0: it never chose. */
export type KeptSettings = { readonly version: number; readonly settings: NotificationSettings }

/** The choice of `practice`, or the standard one. */
export async function readNotificationSettings(rows: Rows, practice: string): Promise<KeptSettings> {
  const row = await rows
    .selectFrom('notification_setting')
    .select(['version', 'settings'])
    .where('practice', '=', practice)
    .executeTakeFirst()
  return row ?? { version: 0, settings: standardSettings }
}

/** Saves over `version`; the new version, or `null`: somebody else saved in between. */
export async function saveNotificationSettings(
  tx: Tx,
  practice: string,
  version: number,
  settings: NotificationSettings,
): Promise<number | null> {
  const text = JSON.stringify(settings)
  const row =
    version === 0
      ? await tx
          .insertInto('notification_setting')
          .values({ practice, version: 1, settings: text })
          .onConflict((conflict) => conflict.doNothing())
          .returning('version')
          .executeTakeFirst()
      : await tx
          .updateTable('notification_setting')
          .set({ version: version + 1, settings: text })
          .where('practice', '=', practice)
          .where('version', '=', version)
          .returning('version')
          .executeTakeFirst()
  return row?.version ?? null
}
