/**
 * `gatehouse policy plan`: what applying a policy file would change, whom it would refuse, and whether it could be
 * applied at all.
 *
 * It saves nothing; what it says is `admin/policy-forecast.ts`'s. Invariant: exit 0 is said only where applying would
 * change nothing, and exit 2 only where applying would be let through as the policy stands now.
 */
import { type Forecast, forecastPolicy } from '../admin/policy-forecast.ts'
import { reasonWords } from '../admin/reason-words.ts'
import type { Impact, ImpactLine } from '../policies/impact.ts'
import type { Instant } from '../policies/instant.ts'
import { requirementsOf } from '../runtime/upstream-routes.ts'
import type { CommandLine } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { oneLine, readPolicyFile } from './policy-file.ts'
import { operatorDeed } from './policy-operator.ts'
import { withDatabase } from './reached-database.ts'
import { readSettings } from './settings.ts'

const linesMax = 50

const times = (count: number, one: string, many: string): string => (count === 1 ? one : `${count} ${many}`)

const personLine = ({ name, user, reason, count, networks }: ImpactLine, one: string, many: string) => {
  const from = networks.map(({ range }) => range)
  const shown = from.length > 5 ? [...from.slice(0, 5), `${from.length - 5} more`] : from
  return `  - ${name} (${user}), ${times(count, one, many)} from ${shown.join(', ')}: ${reasonWords(reason)}`
}

/** The first lines, and how many more there are. */
const bounded = (lines: readonly string[]): readonly string[] =>
  lines.length <= linesMax
    ? lines
    : [...lines.slice(0, linesMax), `  … and ${lines.length - linesMax} more (--json lists all)`]

const impactLines = (
  impact: Impact | null,
  words: { readonly what: string; readonly one: string; readonly many: string },
): readonly string[] => {
  const { what, one, many } = words
  if (impact === null) return ['', `${what}: this cannot be forecast.`]
  const person = (line: ImpactLine): string => personLine(line, one, many)
  const { refused, allowed, asked, skipped } = impact
  const gone = skipped === 0 ? '' : `, ${skipped} left out (no member any more)`
  return [
    '',
    `${what} (${times(asked, one, many)} looked at${gone}):`,
    ...(refused.length === 0
      ? ['  Nobody would newly be refused.']
      : ['  Newly refused:', ...bounded(refused.map(person))]),
    ...(allowed.length === 0
      ? ['  Nobody would newly be let in.']
      : ['  Newly let in (what refused them until now):', ...bounded(allowed.map(person))]),
  ]
}

const guardLines = ({ lockedOut, lastSecurityAdmin, name }: Forecast): readonly string[] => {
  if (lastSecurityAdmin)
    return ['Lockout guard: nobody would be left who may change security settings. It cannot be applied.']
  if (lockedOut.length === 0) return ['Lockout guard: no objection.']
  return [
    'Lockout guard: these could no longer get in:',
    ...lockedOut.map(({ name: who, sentence }) => `  - ${who}: ${sentence}`),
    `Add their network first, or apply with --override ${JSON.stringify(name)}.`,
  ]
}

/** Whether a save would hold for good, and what waits already. */
const confirmationLines = ({ toBeConfirmed, waiting, savedBy }: Forecast): readonly string[] => {
  if (waiting !== null) {
    const until = new Date(waiting.confirmBy).toISOString()
    return [`What ${savedBy} saved waits to be confirmed until ${until}; nothing can be applied before.`]
  }
  return toBeConfirmed
    ? ['It can refuse somebody: once applied it is taken back after 10 minutes unless an admin confirms it.']
    : []
}

/** Whose changes would be lost; `null`: nothing newer is saved. */
const staleness = (seen: number | null, { revision, savedAt, savedBy }: Forecast): string | null => {
  if (seen === revision) return null
  const newest = `revision ${revision} (saved by ${savedBy}, ${new Date(savedAt).toISOString()})`
  if (seen !== null && seen > revision)
    return `The file was made from revision ${seen}, but the newest is ${newest}. Is this the right database?`
  return seen === null
    ? `The file does not say which revision it was made from. The newest is ${newest}: apply with --revision ${revision}.`
    : `The file was made from revision ${seen}, the newest is ${newest}: take its changes over, then use --revision ${revision}.`
}

const planLines = (seen: number | null, forecast: Forecast): readonly string[] => {
  const { name, changes, revision } = forecast
  if (changes.length === 0)
    return [
      `Nothing to do: revision ${revision} of ${name} is this very policy.`,
      ...confirmationLines(forecast),
    ]
  const stale = staleness(seen, forecast)
  return [
    `Against revision ${revision} of ${name}:`,
    ...changes.map((change) => `  ${change}`),
    ...(stale === null ? [] : ['', stale]),
    '',
    ...guardLines(forecast),
    ...confirmationLines(forecast),
    ...impactLines(forecast.live, {
      ...{ what: 'Who is in now', one: 'one live session', many: 'live sessions' },
    }),
    ...impactLines(forecast.recorded, {
      ...{ what: 'The last 30 days', one: 'one recorded request', many: 'recorded requests' },
    }),
  ]
}

/** `nothing`: saved already; `changes`: can be applied; `refused`: applying would be refused as it stands. */
const outcomeOf = (seen: number | null, forecast: Forecast): 'nothing' | 'changes' | 'refused' => {
  if (forecast.changes.length === 0) return 'nothing'
  const { lockedOut, lastSecurityAdmin, waiting, revision } = forecast
  const isStopped = lockedOut.length > 0 || lastSecurityAdmin || waiting !== null
  return seen !== revision || isStopped ? 'refused' : 'changes'
}

const codes = { nothing: exitCodes.ok, changes: exitCodes.changes, refused: exitCodes.refused } as const

/**
 * Exit 0: nothing to do; 2: there is something to apply; 77: there is, and applying would be refused as it stands; 78:
 * the file has Problems; 1: there is no such practice; 69: no database.
 */
export const planPolicy = async (line: CommandLine, now: () => Instant): Promise<number> => {
  const config = await readSettings(line)
  const file = readPolicyFile(line.file ?? '', now(), line.json)
  const { document } = file
  const deed = operatorDeed(now(), null)
  const forecast = await withDatabase(config, (store) =>
    store.snapshot((tx) => forecastPolicy(tx, { document, deed, routes: requirementsOf(config.upstreams) })),
  )
  if (forecast === null)
    throw stopWith(exitCodes.failed, `gatehouse: there is no practice "${document.practice.id}".`)
  const seen = line.revision ?? file.revision
  const outcome = outcomeOf(seen, forecast)
  const told = { ok: true, outcome, practice: document.practice.id, from: seen, ...forecast }
  process.stdout.write(
    `${line.json ? JSON.stringify(told) : planLines(seen, forecast).map(oneLine).join('\n')}\n`,
  )
  return codes[outcome]
}
