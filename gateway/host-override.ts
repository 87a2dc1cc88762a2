/**
 * The operator's override in force at this gateway: read from the host's file, laid over what is known of practices, told
 * aloud.
 *
 * Whether the file counts is `runtime/host-override.ts`'s. Invariant: it changes two modes of a snapshot and bounds every
 * decision by its own end, so that none outlives it; the mirror beneath stays as it was signed. What was switched is
 * spooled on disk until the control plane's store has it. Telling it later from memory was refused: a host in trouble is
 * restarted.
 */
import { appendFileSync, readFileSync, rmSync } from 'node:fs'
import type { PracticeId } from '../policies/access-request.ts'
import type { Instant } from '../policies/instant.ts'
import { observing } from '../policies/observe.ts'
import type { PolicySnapshot } from '../policies/snapshot.ts'
import { type HostOverride, readOverride } from '../runtime/host-override.ts'
import type { Log } from '../runtime/log.ts'
import { type Report, reportSchema } from '../runtime/records.ts'
import type { KnownPractice } from './questions.ts'
import type { Reports } from './reports.ts'

/** The override as this gateway applies it. */
export type Override = {
  /** What holds of a practice at `at`: the policy as known, or watched instead of enforced. */
  over(known: KnownPractice, practice: PracticeId, at: Instant): KnownPractice
  /** Reads the file again; called about once a second. Never throws. */
  look(): void
  /** Tells what was spooled, once it can arrive. Never rejects. */
  tell(canArrive: boolean): Promise<void>
  /** Whether one is in force. */
  isOn(): boolean
}

/** What it needs. `file`: the host's; `spool`: this gateway's own, for what is not told yet; `owner`: whom the file must belong to. */
export type OverrideParts = {
  readonly gateway: string
  readonly file: string
  readonly spool: string
  readonly owner: number
  readonly reports: Reports
  readonly log: Log
  readonly now: () => Instant
  /** Everything is judged again. */
  onChange(): void
}

type Told = Extract<Report, { kind: 'event' }>

const spoolLinesMax = 2_000

/** One line of the spool; none where the host died in the middle of writing it, which takes no other line with it. */
function toldIn(line: string): readonly Told[] {
  try {
    const { data } = reportSchema.safeParse(JSON.parse(line))
    return data?.kind === 'event' ? [data] : []
  } catch {
    return []
  }
}

function readSpool(file: string): readonly Told[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, spoolLinesMax).flatMap(toldIn)
  } catch {
    return []
  }
}

/** What becomes of practices' snapshots, made once for each. */
const createLens = () => {
  const watched = new WeakMap<PolicySnapshot, PolicySnapshot>()
  return (snapshot: PolicySnapshot): PolicySnapshot => {
    const known = watched.get(snapshot) ?? observing(snapshot)
    watched.set(snapshot, known)
    return known
  }
}

const concerns = ({ practices }: HostOverride, practice: PracticeId): boolean =>
  practices === 'every' || practices.includes(practice)

/** One event for each practice concerned; for all of them, one of no practice. */
function eventsOf(gateway: string, name: string, override: HostOverride, at: Instant): readonly Told[] {
  const { practices, reason, by, until } = override
  const detail = { reason, by, until: new Date(until).toISOString(), practices: String(practices) }
  const of = practices === 'every' ? [null] : practices
  return of.map((practice) => ({ kind: 'event', at, gateway, name, practice, user: null, detail }))
}

/** The override of one gateway, read for the first time by `look`. */
export function createOverride(parts: OverrideParts): Override {
  const { gateway, file, spool, reports, log, now } = parts
  const lens = createLens()
  let current: HostOverride | null = null
  let complained = ''
  let telling = false
  let spooled = readSpool(spool).length > 0
  const note = (name: string, override: HostOverride, at: Instant): void => {
    const { reason, by, practices, until } = override
    log.error(
      { reason, by, practices, until },
      `${name}: addresses and hours are ${name === 'host-override.on' ? 'not enforced' : 'enforced again'}`,
    )
    try {
      // A line break first: what was torn off before it stays a line of its own.
      const lines = eventsOf(gateway, name, override, at).map((event) => `\n${JSON.stringify(event)}\n`)
      appendFileSync(spool, lines.join(''), { mode: 0o600 })
      spooled = true
    } catch (error) {
      log.error({ error }, 'the override could not be spooled: it is told in this log alone')
    }
  }
  const change = (next: HostOverride | null): void => {
    const before = current
    if (JSON.stringify(before) === JSON.stringify(next)) return
    current = next
    if (before !== null) note('host-override.off', before, now())
    if (next !== null) note('host-override.on', next, now())
    parts.onChange()
  }
  return {
    over(known, practice, at) {
      if (current === null || at >= current.until || !concerns(current, practice)) return known
      const snapshot = lens(known.snapshot)
      return snapshot === known.snapshot ? known : { snapshot, until: Math.min(known.until, current.until) }
    },
    look() {
      const read = readOverride(file, now(), parts.owner)
      const why = read.kind === 'bad' ? read.why : ''
      if (why !== '' && why !== complained) log.error({ file, why }, 'the override does not count')
      complained = why
      change(read.kind === 'override' ? read.override : null)
    },
    async tell(canArrive) {
      if (!spooled || !canArrive || telling) return
      telling = true
      for (const event of readSpool(spool)) reports.add(event)
      await reports.flush()
      // Told twice at worst, never lost: what did not arrive stays spooled.
      if (reports.counts().waiting === 0) {
        rmSync(spool, { force: true })
        spooled = false
      }
      telling = false
    },
    isOn: () => current !== null && now() < current.until,
  }
}
