/**
 * Who changes a policy at the command line.
 *
 * The actor is the account of the operating system that runs the command: whoever can reach the database is an operator,
 * and no sign-in is asked for that would prove more. Invariant: the account stands in the event, and `origin` is `cli`.
 */
import { userInfo } from 'node:os'
import type { Deed } from '../admin/deed.ts'
import type { Instant } from '../policies/instant.ts'

/** The account's name; its number where it has none, as in containers. */
const accountName = (): string => {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

/** What the account of this process does at `at`, for `reason`. */
export const operatorDeed = (at: Instant, reason: string | null): Deed => {
  const name = accountName()
  return { actor: { kind: 'cli', id: name, name: `${name} (command line)` }, origin: 'cli', at, reason }
}
