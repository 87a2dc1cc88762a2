/**
 * `gatehouse break-glass observe|end|status`: the operator's override on a gateway's host, for when everybody is shut out.
 *
 * It reads the configuration and one file, and asks neither database, hot store nor control plane. Invariant: only root
 * writes it, for at most four hours, with a reason; every gateway of the host acts by it within seconds and says so.
 */
import type { DurationMs, Instant } from '../policies/instant.ts'
import {
  type HostOverride,
  overrideFileOf,
  overrideMaxMs,
  readOverride,
  removeOverride,
  rootUser,
  writeOverride,
} from '../runtime/host-override.ts'
import { type CommandLine, listIn } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { oneLine } from './policy-file.ts'
import { operatorDeed } from './policy-operator.ts'
import { readSettings } from './settings.ts'

const usageStop = (line: CommandLine, what: string) =>
  stopWith(exitCodes.usage, `gatehouse ${line.command}: ${what}`)

/** `2h`, `90m`, `2`: hours, unless said otherwise. */
function lengthIn(line: CommandLine): DurationMs {
  const typed = line.given['for']
  const [, count, unit] = /^(\d{1,3})(h|m)?$/.exec(typeof typed === 'string' ? typed : '') ?? []
  const ms = Number(count) * (unit === 'm' ? 60_000 : 3_600_000)
  if (!(ms > 0 && ms <= overrideMaxMs)) throw usageStop(line, '--for takes 1m to 4h, as in --for 2h.')
  return ms
}

function practicesIn(line: CommandLine): HostOverride['practices'] {
  const named = listIn(line, 'practice')
  const every = line.given['every'] === true
  if (every === named.length > 0) throw usageStop(line, 'name --practice ID, or --every.')
  const odd = named.find((id) => !/^[a-z0-9][a-z0-9-]{0,63}$/.test(id))
  if (odd !== undefined) throw usageStop(line, `"${odd}" is no practice's id.`)
  return every ? 'every' : [...named]
}

/** Gateways believe root alone. `operator`: the number of the account that types. */
function assertRoot(line: CommandLine, operator: number): void {
  if (operator === rootUser) return
  throw stopWith(
    exitCodes.refused,
    `gatehouse ${line.command}: this needs root: gateways believe no file that somebody else wrote.`,
    `Try: sudo gatehouse ${line.command} …`,
  )
}

const say = (line: CommandLine, told: object, sentence: string): void => {
  process.stdout.write(`${line.json ? JSON.stringify({ ok: true, ...told }) : oneLine(sentence)}\n`)
}

const writing = (file: string, act: () => void): void => {
  try {
    act()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw stopWith(exitCodes.unavailable, `gatehouse: ${file} cannot be written (${why}).`)
  }
}

const whomText = ({ practices }: HostOverride): string =>
  practices === 'every' ? 'every practice' : practices.join(', ')

/** Exit 0: written; 77: not root; 64: no reason, no practice, or too long; 69: the file cannot be written. */
export async function observe(line: CommandLine, operator: number, now: () => Instant): Promise<number> {
  const reason = line.reason?.trim() ?? ''
  const practices = practicesIn(line)
  const ms = lengthIn(line)
  if (reason.length < 5) throw usageStop(line, 'say why with --reason TEXT: it is recorded.')
  assertRoot(line, operator)
  const file = overrideFileOf(await readSettings(line))
  const since = now()
  const by = operatorDeed(since, null).actor.id
  const override = { practices, since, until: since + ms, reason: reason.slice(0, 500), by }
  writing(file, () => writeOverride(file, override))
  say(
    line,
    { file, override },
    `Until ${new Date(override.until).toISOString()} gateways of this host watch addresses and hours of ${whomText(override)} and enforce neither. Second factors, permissions and revocations hold.`,
  )
  return exitCodes.ok
}

/** Exit 0: addresses and hours are enforced again, within seconds; 77: not root. */
export async function endObserving(line: CommandLine, operator: number, now: () => Instant): Promise<number> {
  assertRoot(line, operator)
  const file = overrideFileOf(await readSettings(line))
  const before = readOverride(file, now(), operator)
  writing(file, () => removeOverride(file))
  const was = before.kind === 'override'
  say(
    line,
    { file, was },
    was ? 'Addresses and hours are enforced again.' : 'There was no override in force.',
  )
  return exitCodes.ok
}

/** Exit 0: there is an override, or none; 1: there is a file that does not count. */
export async function showOverride(line: CommandLine, now: () => Instant): Promise<number> {
  const file = overrideFileOf(await readSettings(line))
  const read = readOverride(file, now())
  if (read.kind === 'bad')
    throw stopWith(exitCodes.failed, `gatehouse: ${file} does not count: ${oneLine(read.why)}.`)
  if (read.kind === 'none') say(line, { file, override: null }, 'No override is in force on this host.')
  else {
    const { override } = read
    say(
      line,
      { file, override },
      `${whomText(override)}: addresses and hours are watched until ${new Date(override.until).toISOString()}, by ${override.by}: ${override.reason}`,
    )
  }
  return exitCodes.ok
}
