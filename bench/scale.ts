/**
 * What a million people would take, reckoned from measured costs of one more of each.
 *
 * It measures nothing and knows no machine but the measured one. Invariant: every figure is a product of the demand, a
 * measured cost and an assumption that stands in the same table. Fitting curves to small runs was refused: what breaks
 * at size is what grows faster than the load, and that is named instead.
 */

/** Who is served. Rates at the busiest hour. */
export type Demand = {
  readonly people: number
  readonly practices: number
  readonly requestsPerSecond: number
  /** Of people, signed in at once. */
  readonly signedIn: number
  readonly signInsPerSecond: number
  /** Changes of policies or members, all practices together. */
  readonly changesPerSecond: number
  readonly eventsPerDay: number
}

/** Costs of one more of each, as `bench/results/units.md` and the comparison of proxies have them. */
export type Units = {
  readonly requestsPerCore: number
  readonly gateway: {
    readonly policyBytes: number
    readonly memberBytes: number
    readonly sessionBytes: number
    readonly policyUs: number
    readonly membersUs: number
  }
  readonly redis: { readonly policy: number; readonly members: number; readonly session: number }
  readonly postgres: Readonly<Record<string, number>>
}

/** The demand of the goal. */
export const goal: Demand = {
  ...{ people: 1_000_000, practices: 10_000, requestsPerSecond: 1_000_000, signedIn: 500_000 },
  ...{ signInsPerSecond: 140, changesPerSecond: 1, eventsPerDay: 100_000 },
}

/** How much of a core is planned for; the rest is for what was not foreseen. */
const planned = 0.6
/** One practice in the table of practices that is published with each change. */
const tableBytesEach = 80
const markBytes = 150
const beatsPerSecond = 2

const gb = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`
const mbit = (bytesPerSecond: number): string =>
  `${Math.round((bytesPerSecond * 8) / 1e6).toLocaleString('en-US')} Mbit/s`
const whole = (value: number): string => Math.round(value).toLocaleString('en-US')

/** The reckoning, as rows of a table: what, how much, how it was reckoned. */
export function reckon(demand: Demand, units: Units): readonly (readonly [string, string, string])[] {
  const { gateway, redis, postgres, requestsPerCore } = units
  const workers = Math.ceil(demand.requestsPerSecond / (requestsPerCore * planned))
  const mirror =
    demand.practices * gateway.policyBytes +
    demand.people * gateway.memberBytes +
    demand.signedIn * gateway.sessionBytes
  const start = (demand.practices * (gateway.policyUs + gateway.membersUs)) / 1e6
  const store = demand.practices * (redis.policy + redis.members) + demand.signedIn * redis.session
  const table = demand.practices * tableBytesEach
  const marks = workers * beatsPerSecond
  const record =
    demand.people * ((postgres['app_user'] ?? 0) + (postgres['membership_record'] ?? 0)) +
    demand.practices * (postgres['practice_record'] ?? 0)
  const daily =
    demand.people * (postgres['session'] ?? 0) + demand.eventsPerDay * (postgres['security_event'] ?? 0)
  return [
    [
      'gateway workers (a core each)',
      whole(workers),
      `${whole(demand.requestsPerSecond)} / (${whole(requestsPerCore)} × ${planned})`,
    ],
    ['memory of one worker’s mirrors', gb(mirror), 'every practice, every member, whoever is signed in'],
    [
      'a worker’s start, processor time',
      `${whole(start)} s`,
      'each policy and members record verified and made ready',
    ],
    ['Redis, memory', gb(store), 'policies, members, live sessions'],
    [
      'Redis, out: the table of practices',
      mbit(table * workers * demand.changesPerSecond),
      `${whole(table / 1_000)} kB to each worker at each change, ${demand.changesPerSecond} a second`,
    ],
    [
      'Redis, out: marks of the beat',
      mbit(marks * workers * markBytes),
      `${whole(marks)} marks a second, each read by ${whole(workers)} workers`,
    ],
    [
      'Redis, reads for sign-ins',
      `${whole(demand.signInsPerSecond * workers)}/s`,
      `${demand.signInsPerSecond} sign-ins a second, each nudging every worker`,
    ],
    ['PostgreSQL, people and practices', gb(record), 'with indexes'],
    [
      'PostgreSQL, a day more',
      gb(daily),
      `a session for everybody, ${whole(demand.eventsPerDay)} events; sessions are kept for 90 days after their end`,
    ],
  ]
}

/** The reckoning as a Markdown table. */
export const reckoningTable = (demand: Demand, units: Units): readonly string[] => [
  '| | | reckoned |',
  '| --- | ---: | --- |',
  ...reckon(demand, units).map((row) => `| ${row.join(' | ')} |`),
]
