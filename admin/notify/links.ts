/**
 * Where a mail leads: a page of the admin UI, as browsers call it.
 *
 * A link only shows: whoever follows it signs in, and decides by a POST there. Invariant: the origin is ours, kept by the
 * control plane at its start and never read from a request, so that no `Host` header writes our mails.
 */
import type { Rows, Store } from '../store/database.ts'
import { readSetting, writeSetting } from '../store/settings.ts'

const setting = 'admin-origin'

/** Keeps the admin UI's origin, as browsers call it, for mails written from now on. */
export const keepAdminOrigin = (store: Store, origin: string): Promise<void> =>
  store.transaction((tx) => writeSetting(tx, setting, origin))

/** A page of the admin UI by its path; `null`: no control plane has said where that is. */
export async function adminLink(rows: Rows, path: string): Promise<string | null> {
  const origin = await readSetting(rows, setting)
  return typeof origin === 'string' ? `${origin}${path}` : null
}
