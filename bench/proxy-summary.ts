/**
 * From single runs to what is compared: medians, and ratios within the same round.
 *
 * It measures nothing. Invariant: a contender is only ever divided by the base of its own round and scenario, so that
 * what else went on at the machine in that round is in both. A ratio of medians was refused: its two halves may
 * come from different minutes.
 */
import { type Spread, spreadOf } from './machine.ts'

/**
 * One run of one contender in one round. `cpuUs`: its processor time a request. Shares of its core, 0 to 1: `busy` is its
 * own, `others` that of programs which have nothing to do with the bench.
 */
export type Run = {
  readonly scenario: string
  readonly contender: string
  readonly round: number
  readonly perSecond: number
  readonly p50Us: number
  readonly p99Us: number
  readonly cpuUs: number
  readonly busy: number
  readonly others: number
}

/**
 * A contender in a scenario over all rounds. `ofBase`: its rate divided by that of the base, round by round;
 * `ofBaseByCpu`: the same of requests per second of processor time, which others on the machine hardly touch.
 */
export type Summary = {
  readonly scenario: string
  readonly contender: string
  readonly perSecond: Spread
  readonly ofBase: Spread
  readonly ofBaseByCpu: Spread
  readonly p50Us: Spread
  readonly p99Us: Spread
  readonly cpuUs: Spread
  readonly busy: Spread
  readonly others: Spread
}

/** One summary for each scenario and contender, in the order of their first runs. Throws where a round has no base. */
export const summarize = (runs: readonly Run[], base: string): readonly Summary[] => {
  const groups = Map.groupBy(runs, ({ scenario, contender }) => JSON.stringify([scenario, contender]))
  const baseOf = (run: Run): Run => {
    const found = runs.find(
      (one) => one.contender === base && one.scenario === run.scenario && one.round === run.round,
    )
    if (found === undefined) throw new Error(`no run of ${base} in round ${run.round} of ${run.scenario}`)
    return found
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const spread = (of: (run: Run) => number): Spread => spreadOf(group.map(of))
    return {
      scenario: first.scenario,
      contender: first.contender,
      perSecond: spread(({ perSecond }) => perSecond),
      ofBase: spread((run) => run.perSecond / baseOf(run).perSecond),
      ofBaseByCpu: spread((run) => baseOf(run).cpuUs / run.cpuUs),
      p50Us: spread(({ p50Us }) => p50Us),
      p99Us: spread(({ p99Us }) => p99Us),
      cpuUs: spread(({ cpuUs }) => cpuUs),
      busy: spread(({ busy }) => busy),
      others: spread(({ others }) => others),
    }
  })
}

/**
 * How long to measure, how often a run may be tried in which others had a good part of the core (the quietest counts),
 * and where to leave a profile of the gateway (`null`: none).
 */
export type ProxyWish = {
  readonly rounds: number
  readonly seconds: number
  readonly tries: number
  readonly profile: string | null
}

const most = { '--rounds': 100, '--seconds': 60, '--tries': 20 } as const

const readNumber = (name: keyof typeof most, value: string): number | { readonly problem: string } => {
  const number = /^\d{1,3}$/.test(value) ? Number(value) : 0
  if (number >= 1 && number <= most[name]) return number
  return { problem: `${name}: expected a whole number from 1 to ${most[name]}` }
}

/** What the arguments ask for, or what is wrong with them. */
export const readWish = (args: readonly string[]): ProxyWish | { readonly problem: string } => {
  const wish = { '--rounds': 5, '--seconds': 3, '--tries': 1 }
  let profile: string | null = null
  for (let at = 0; at < args.length; at += 2) {
    const name = args[at] ?? ''
    const value = args[at + 1]
    if (name !== '--rounds' && name !== '--seconds' && name !== '--tries' && name !== '--profile')
      return {
        problem: `${name} is not known: there are --rounds N, --seconds S, --tries N, --profile FOLDER`,
      }
    if (value === undefined) return { problem: `${name} wants a value` }
    if (name === '--profile') {
      profile = value
      continue
    }
    const number = readNumber(name, value)
    if (typeof number === 'object') return number
    wish[name] = number
  }
  return { rounds: wish['--rounds'], seconds: wish['--seconds'], tries: wish['--tries'], profile }
}
