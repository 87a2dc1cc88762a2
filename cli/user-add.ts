/**
 * `gatehouse user add`: somebody is taken into a practice at the command line, before their first sign-in there.
 *
 * The rules are the API's (`admin/directory/directory-edits.ts`). Invariant: a login that is somebody's already takes that person into
 * one more practice, under the name that they have; who did it stands in the event as the account of the operating system.
 * No password is made here: people sign in with the application, or by a link that an admin has sent to them.
 */
import { takeIn } from '../admin/directory/directory-edits.ts'
import { isMailAddress } from '../admin/notify/mail-queue.ts'
import type { Instant } from '../policies/instant.ts'
import type { Config } from '../runtime/config.ts'
import { type CommandLine, listIn, typedIn } from './command-line.ts'
import { exitCodes, type Stop, stopWith } from './exit-codes.ts'
import { problemsStop } from './policy-file.ts'
import { operatorDeed } from './policy-operator.ts'
import { withDatabase } from './reached-database.ts'
import { readSettings } from './settings.ts'
import { tellChange } from './told-change.ts'

const usageStop = (what: string): Stop => stopWith(exitCodes.usage, `gatehouse user add: ${what}`)

/** What their application calls them: as typed, or by their login where one application alone knows people. */
function identityIn(line: CommandLine, { upstreams }: Config) {
  const known = upstreams.filter(({ identity }) => identity !== null).map(({ id }) => id)
  const [only, ...more] = known
  const upstream = typedIn(line, 'upstream') ?? (more.length === 0 ? only : undefined)
  const appUser = typedIn(line, 'app-user')
  if (upstream === undefined) {
    if (appUser === undefined) return null
    throw usageStop('--app-user needs --upstream ID: several applications know people, or none.')
  }
  if (!known.includes(upstream))
    throw usageStop(`there is no application "${upstream}" whose people are known.`)
  return { upstream, appUser: appUser ?? line.subject ?? '' }
}

/** Exit 0: taken in and active everywhere; 75: not everywhere yet; 1: no such practice; 78: what was wished has Problems. */
export const addUser = async (line: CommandLine, now: () => Instant): Promise<number> => {
  const [practice, login] = [line.practice ?? '', line.subject ?? '']
  const name = typedIn(line, 'name')?.trim() ?? ''
  const roles = listIn(line, 'role')
  if (name === '' || name.length > 100) throw usageStop('name them with --name TEXT, at most 100 characters.')
  if (roles.length === 0) throw usageStop('name at least one --role.')
  const email = typedIn(line, 'email') ?? null
  if (email !== null && !isMailAddress(email)) throw usageStop(`"${email}" is no e-mail address.`)
  const config = await readSettings(line)
  const identity = identityIn(line, config)
  const person = { name, login, email, roles, identity }
  return withDatabase(config, async (store) => {
    const deed = operatorDeed(now(), line.reason)
    const taken = await takeIn(store, { practice, person, reach: () => true, deed })
    switch (taken.outcome) {
      case 'unknown-practice':
        throw stopWith(exitCodes.failed, `gatehouse: there is no practice "${practice}".`)
      case 'problems':
        throw problemsStop('user', taken.problems, line.json)
      case 'saved': {
        const { user, name: called, announced } = taken
        const told = { outcome: 'saved', user }
        const sentence = `${called} is a member of ${practice} now, as ${login}: ${roles.join(', ')}.`
        return tellChange(store, line, { sentence, told, announced }, now)
      }
    }
  })
}
