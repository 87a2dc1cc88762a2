/**
 * Where the planes' Redis is: one server, a primary that Sentinels name, or a Cluster; and how it is spoken to.
 *
 * Form and contradictions only: nothing is opened here (`redis-place.ts` makes a place of it). Invariant: at most one of the
 * three ways is given, so that no plane can believe another Redis than its neighbour. Sentinels in a URL were refused: no two
 * libraries read such URLs the same way.
 */
import { isIP } from 'node:net'
import { z } from 'zod'
import type { Problem } from '../policies/problem.ts'

const node = z
  .string()
  .max(300)
  .regex(/^(?:\[[0-9a-f:]+\]|[0-9A-Za-z][0-9A-Za-z._-]*):\d{1,5}$/, {
    error: 'expected host:port',
    abort: true,
  })
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'expected a port up to 65535')

const word = z
  .string()
  .min(1)
  .max(256)
  .regex(/^\P{Cc}+$/u, 'expected text without control characters')
  .nullable()
  .default(null)

/** `hotStore` of the configuration. */
export const hotStoreSchema = z.strictObject({
  url: z
    .string()
    .max(1000)
    .nullable()
    .default(null)
    .describe(
      'One Redis; `null`, and neither Sentinels nor a Cluster: a private one or none (`start` only).',
    ),
  sentinels: z
    .array(node)
    .max(20)
    .default([])
    .describe('Sentinels, `host:port`, that say which Redis is the primary; name at least three.'),
  masterName: word.describe('What the Sentinels call it.'),
  cluster: z
    .array(node)
    .max(50)
    .default([])
    .describe('Nodes of a Redis Cluster, `host:port`, from which the others are found.'),
  username: word.describe(
    'The user at the Redis that Sentinels name, or at the Cluster; `null`: the default one.',
  ),
  password: word.describe('The password there, secret; that of a `url` stands in it.'),
  sentinelUsername: word.describe('The user at the Sentinels; `null`: the default one.'),
  sentinelPassword: word.describe('The password at the Sentinels, secret; `null`: they want none.'),
  tls: z
    .strictObject({
      on: z
        .boolean()
        .default(false)
        .describe(
          'Whether Sentinels and the Redis behind them, or the Cluster, are spoken to over TLS; a `url` says so itself (`rediss://`).',
        ),
      caFile: z
        .string()
        .max(1_000)
        .regex(/^\/\P{Cc}+$/u, 'expected a path from the root, such as /etc/gatehouse/redis-ca.pem')
        .nullable()
        .default(null)
        .describe(
          'A PEM file with the only certificates that may vouch for them; `null`: those that Node.js trusts.',
        ),
      serverName: z
        .string()
        .max(253)
        .regex(/^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?$/i, 'expected a host name')
        .refine((text) => isIP(text) === 0, 'expected a host name, not an address')
        .nullable()
        .default(null)
        .describe('The name that each of their certificates must carry; `null`: the host or address itself.'),
    })
    .prefault({})
    .describe('TLS to them.'),
})

/** Where the Redis is, as configured. */
export type HotStoreConfig = z.output<typeof hotStoreSchema>

/** Whether any Redis is configured. */
export const hasRedis = ({ url, sentinels, cluster }: HotStoreConfig): boolean =>
  url !== null || sentinels.length > 0 || cluster.length > 0

const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':'))

/** Every host that is named, with its key. */
export const redisHosts = (config: HotStoreConfig): readonly (readonly [path: string, host: string])[] => [
  ...(config.url !== null && URL.canParse(config.url)
    ? [['hotStore.url', new URL(config.url).hostname] as const]
    : []),
  ...config.sentinels.map((one) => ['hotStore.sentinels', hostOf(one)] as const),
  ...config.cluster.map((one) => ['hotStore.cluster', hostOf(one)] as const),
]

const given = <K extends keyof HotStoreConfig>(config: HotStoreConfig, names: readonly K[]): readonly K[] =>
  names.filter((name) => config[name] !== null)

/** What contradicts itself under `hotStore`. */
export function hotStoreProblems(config: HotStoreConfig): readonly Problem[] {
  const { url, sentinels, cluster, masterName, tls } = config
  const problems: Problem[] = []
  const add = (path: string, sentence: string): void =>
    void problems.push({ path: `hotStore.${path}`, sentence })
  const scheme = url !== null && URL.canParse(url) ? new URL(url).protocol : null
  if (url !== null && scheme !== 'redis:' && scheme !== 'rediss:') add('url', 'expected redis://host:port')
  const ways = [url !== null, sentinels.length > 0, cluster.length > 0]
  if (ways.filter(Boolean).length > 1)
    add(
      cluster.length > 0 ? 'cluster' : 'sentinels',
      'give one of url (REDIS_URL), sentinels and cluster: planes must not believe different stores',
    )
  if (sentinels.length > 0 && masterName === null)
    add('masterName', 'must be given with sentinels: one Sentinel can watch several')
  for (const name of sentinels.length > 0
    ? []
    : given(config, ['masterName', 'sentinelUsername', 'sentinelPassword']))
    add(name, 'is for sentinels, and none are given')
  const nodes = sentinels.length + cluster.length
  for (const name of nodes > 0 ? [] : given(config, ['username', 'password']))
    add(name, 'is for sentinels or a cluster; for one server write it into the url')
  if (tls.on && nodes === 0) add('tls.on', 'is for sentinels or a cluster; for one server write rediss://')
  const isTls = tls.on || scheme === 'rediss:'
  for (const name of ['caFile', 'serverName'] as const)
    if (tls[name] !== null && !isTls) add(`tls.${name}`, 'is for TLS, and that is off')
  return problems
}
