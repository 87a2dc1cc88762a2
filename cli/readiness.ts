/**
 * What `start` prints once everything answers: one readable table, or one JSON object for programs.
 *
 * Pure text from facts; starting things is `start.ts`. The JSON's names are a promise to scripts and tests.
 */
import type { AdminReady } from './planes.ts'

/** A person of the demo to sign in as. */
export type DemoPerson = {
  readonly email: string
  readonly password: string
  readonly name: string
  readonly does: string
}

/** The facts of a finished start. Addresses are `http://host:port`. */
export type Readiness = {
  readonly addresses: {
    readonly application: string
    readonly admin: string
    readonly portal: string
    readonly gatewayMetrics: string
    readonly adminMetrics: string
    readonly internal: string
    /** The demo application itself, around the gateway; `null` without the demo. */
    readonly upstream: string | null
  }
  /** The own account of the first start; `null` where it was made earlier and its password is not kept. */
  readonly admin: { readonly login: string; readonly password: string } | null
  readonly users: readonly DemoPerson[]
  readonly database: 'embedded' | 'DATABASE_URL'
  readonly hotStore: 'REDIS_URL' | 'sentinels' | 'cluster' | 'private' | 'in-process'
}

const bold = (text: string, colour: boolean): string => (colour ? `\u001b[1m${text}\u001b[0m` : text)

const stores = (facts: Readiness): string => {
  const database =
    facts.database === 'embedded'
      ? 'PostgreSQL: embedded (demo, tests, a single small office)'
      : 'PostgreSQL: DATABASE_URL'
  const hot = {
    REDIS_URL: 'Redis: REDIS_URL',
    sentinels: 'Redis: by its Sentinels',
    cluster: 'Redis: a Cluster',
    private: 'Redis: a private server from PATH',
    'in-process': 'Redis: none',
  }
  return `${database} · ${hot[facts.hotStore]}`
}

const banner = [
  '',
  '  ! No Redis: both planes run in this one process on an in-process hot store. Fine for a look around and',
  '    a single small office; set REDIS_URL or install redis-server/valkey-server for more than one gateway.',
]

const tryThis = [
  '  1. Open the practice application and sign in as Fiona. It is the demo itself; only the address is ours.',
  '  2. Open Security Management, choose Riverside Dental, see Fiona under Active Users.',
  '  3. IP Allowlist: "Add my current IP", then switch it to Enforce. Fiona works on; another network does not.',
  '  4. Active Users: revoke Fiona. Her open page goes dead at once, her next click asks her to sign in again.',
]

/** The table, with a closing line break. `colour`: whether the terminal shows bold. */
export const readinessTable = (facts: Readiness, colour: boolean): string => {
  const row = (name: string, value: string): string => `  ${name.padEnd(26)}${value}`
  const admin = facts.admin === null ? 'your own account' : `${facts.admin.login} / ${facts.admin.password}`
  const width = Math.max(0, ...facts.users.map(({ email }) => email.length))
  return [
    '',
    bold('Gatehouse is ready.', colour),
    '',
    row('Practice application', `${facts.addresses.application}   through the gateway`),
    row('Security Management', `${facts.addresses.admin}   sign in: ${admin}`),
    row('Portal', `${facts.addresses.portal}   second factor: people are led there when they need it`),
    ...(facts.addresses.upstream === null
      ? []
      : [
          row('The demo app, around us', `${facts.addresses.upstream}   to compare; never exposed like this`),
        ]),
    row(
      'Metrics, health',
      `${facts.addresses.gatewayMetrics}/metrics   ${facts.addresses.adminMetrics}/metrics`,
    ),
    row('Stores', stores(facts)),
    ...(facts.hotStore === 'in-process' ? banner : []),
    ...(facts.users.length === 0
      ? []
      : [
          '',
          bold('People of the demo', colour),
          ...facts.users.map(
            ({ email, password, does }) => `  ${email.padEnd(width)}  ${password.padEnd(20)}  ${does}`,
          ),
          '',
          bold('Try', colour),
          ...tryThis,
        ]),
    '',
    'Ctrl-C stops everything.',
    '',
  ].join('\n')
}

/** What a plane of its own prints once it answers: one line, with its line break. `ready`: what it told. */
export const planeReadyLine = (plane: string, ready: object): string => {
  const addresses =
    'addresses' in ready && typeof ready.addresses === 'object' && ready.addresses !== null
      ? Object.entries(ready.addresses).filter(([, url]) => url !== null)
      : []
  const admin = addresses.find(([name]) => name === 'admin')?.[1] ?? ''
  const first = 'firstLink' in ready ? (ready.firstLink as AdminReady['firstLink']) : null
  const account =
    first === null
      ? ''
      : ` Set the password of the first account, "${first.login}", within a day: ${String(admin)}${first.link}`
  return `gatehouse ${plane} is ready: ${addresses.map(([name, url]) => `${name} ${String(url)}`).join(', ')}.${account}\n`
}
