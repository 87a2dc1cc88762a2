/**
 * Small facts that the control plane keeps for itself, by name. Not configuration (a file) and not policy (a document).
 *
 * Each name has one writer; a value is any JSON. Nothing here is shown to or edited by people.
 */
import type { Rows, Tx } from './database.ts'

/** The value kept under `key`; `undefined`: none. Parse it before use. */
export async function readSetting(rows: Rows, key: string): Promise<unknown> {
  const row = await rows.selectFrom('setting').select('value').where('key', '=', key).executeTakeFirst()
  return row?.value
}

/** Keeps a value under `key`. */
export async function writeSetting(tx: Tx, key: string, value: unknown): Promise<void> {
  const text = JSON.stringify(value)
  await tx
    .insertInto('setting')
    .values({ key, value: text })
    .onConflict((oc) => oc.column('key').doUpdateSet({ value: text }))
    .execute()
}
