/**
 * `gatehouse break-glass codes`: ten sealed codes for an own account, to print and lock away.
 *
 * Whoever can reach the database is an operator; no sign-in would prove more. Invariant: the codes are printed once, on
 * standard output, after they are saved, and are in no event and no error.
 */
import { makeSealedCodes } from '../admin/sealed-codes.ts'
import { findAdminByLogin } from '../admin/store/admin-accounts.ts'
import type { Instant } from '../policies/instant.ts'
import type { CommandLine } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { operatorDeed } from './policy-operator.ts'
import { withDatabase } from './reached-database.ts'
import { readSettings } from './settings.ts'

/** Exit 0 with the codes; 1: there is no such account, or it is suspended; 69: no database. */
export const printCodes = async (line: CommandLine, now: () => Instant): Promise<number> => {
  const login = line.subject ?? ''
  const config = await readSettings(line)
  const codes = await withDatabase(config, async (store) => {
    const account = await store.read((rows) => findAdminByLogin(rows, login))
    if (account === null || account.suspended)
      throw stopWith(exitCodes.failed, `gatehouse: there is no account "${login}" that may sign in.`)
    return makeSealedCodes(store, account, operatorDeed(now(), line.reason))
  })
  const lines = [
    ...codes,
    '',
    `Print these, and lock them away. In an emergency ${login} types one instead of the password: it opens one session of an`,
    'hour, from anywhere, without a second factor, once. Every security admin is told. Earlier codes are void.',
  ]
  process.stdout.write(
    line.json ? `${JSON.stringify({ ok: true, login, codes })}\n` : `${lines.join('\n')}\n`,
  )
  return exitCodes.ok
}
