/**
 * The sealed codes of the demo's admin account, kept beside the demo's data: without any, the only admin of a practice may
 * not enforce an allowlist or hours (SPEC §4).
 *
 * Only for the demo: real codes are printed and lie in a safe, never in a file beside the database. Invariant: only the
 * owner of the file may read it.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeSealedCodes } from '../admin/sealed-codes.ts'
import { findAdminByLogin } from '../admin/store/admin-accounts.ts'
import { openStore } from '../admin/store/database.ts'
import type { Instant } from '../policies/instant.ts'
import { operatorDeed } from './policy-operator.ts'

/** Makes the codes of the account just made and keeps them, owner-readable, in `demo-sealed-codes.txt`. */
export const keepDemoCodes = async (
  settings: { readonly dataDir: string; readonly databaseUrl: string },
  login: string,
  at: Instant,
): Promise<void> => {
  const store = openStore({ url: settings.databaseUrl, poolMax: 1 })
  try {
    const account = await store.read((rows) => findAdminByLogin(rows, login))
    if (account === null) return
    const codes = await makeSealedCodes(store, account, operatorDeed(at, 'the codes of the demo'))
    writeFileSync(join(settings.dataDir, 'demo-sealed-codes.txt'), `${codes.join('\n')}\n`, { mode: 0o600 })
  } finally {
    await store.close()
  }
}
