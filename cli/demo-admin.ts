/**
 * The demo's admin account: its first password, kept beside the demo's data so that a second `npm start` can print
 * it again. Only for the demo: a real first password is printed once and kept nowhere.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** An own account's name and password. */
export type OwnAccount = { readonly login: string; readonly password: string }

const read = (file: string): OwnAccount | null => {
  try {
    const kept: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof kept !== 'object' || kept === null || !('login' in kept) || !('password' in kept)) return null
    return typeof kept.login === 'string' && typeof kept.password === 'string'
      ? { login: kept.login, password: kept.password }
      : null
  } catch {
    return null
  }
}

/** The account just made (which is then kept, owner-readable), else the one kept earlier, else `null`. */
export const keepDemoAdmin = (dataDir: string, made: OwnAccount | null): OwnAccount | null => {
  const file = join(dataDir, 'demo-admin.json')
  if (made === null) return read(file)
  writeFileSync(file, JSON.stringify(made), { mode: 0o600 })
  return made
}
