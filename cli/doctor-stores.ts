/**
 * What the doctor looks at in database, Redis, disk and on this host's override. Reads only.
 *
 * Invariant: what cannot be had is a finding, never an end of the command; no address with a password is repeated.
 */
import { readdirSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { sql } from 'kysely'
import { openStore, type Store } from '../admin/store/database.ts'
import { listLiveGateways } from '../admin/store/publish-state.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { Config } from '../runtime/config.ts'
import { overrideFileOf, readOverride } from '../runtime/host-override.ts'
import { createRedisHotStore } from '../runtime/hot-store-redis.ts'
import { silentLog } from '../runtime/log.ts'
import { type RedisPlace, redisPlaceOf } from '../runtime/redis-place.ts'
import { announcedDatabase } from './running-start.ts'

/** One thing looked at. `advice`: what to do; `null`: nothing. */
export type Finding = {
  readonly check: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly what: string
  readonly advice: string | null
}

/** A finding that all is well. */
export const fine = (check: string, what: string): Finding => ({ check, state: 'ok', what, advice: null })
/** A finding that somebody should look at. */
export const warn = (check: string, what: string, advice: string): Finding => ({
  ...{ check, state: 'warn', what, advice },
})
/** A finding that must be put right. */
export const fail = (check: string, what: string, advice: string): Finding => ({
  ...{ check, state: 'fail', what, advice },
})

const skewMaxMs: DurationMs = 5_000
const freeMin = 1_073_741_824

const why = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 200)

const clockFinding = (check: string, theirs: Instant, before: Instant, after: Instant): Finding => {
  const skew = theirs < before ? theirs - before : Math.max(0, theirs - after)
  return Math.abs(skew) <= skewMaxMs
    ? fine(check, 'its clock agrees with this one')
    : fail(
        check,
        `its clock differs by ${Math.round(skew / 1_000)} s`,
        'Run NTP on both machines: beyond 5 s no plane is ready.',
      )
}

const migrationFiles = (): readonly string[] =>
  readdirSync(new URL('../admin/store/migrations/', import.meta.url)).filter((name) => name.endsWith('.sql'))

async function schemaFindings(store: Store): Promise<readonly Finding[]> {
  const { rows: applied } = await store.read((rows) =>
    sql<{ name: string }>`select name from migration order by name`.execute(rows),
  )
  const known = new Set(applied.map(({ name }) => name))
  const missing = migrationFiles().filter((name) => !known.has(name) && !known.has(name.replace('.sql', '')))
  return [
    missing.length === 0
      ? fine('database schema', `${known.size} migrations, all of this version`)
      : fail(
          'database schema',
          `${missing.length} migrations are missing`,
          'Start the control plane of this version once.',
        ),
  ]
}

async function spreadFindings(store: Store, at: Instant): Promise<readonly Finding[]> {
  const gateways = await store.read((rows) => listLiveGateways(rows, at))
  const waiting = await store.read((rows) =>
    rows
      .selectFrom('outbox')
      .select((eb) => [eb.fn.countAll<number>().as('count'), eb.fn.min('saved_at').as('oldest')])
      .where('published_at', 'is', null)
      .executeTakeFirstOrThrow(),
  )
  const late = waiting.count > 0 && at - (waiting.oldest ?? at) > 10_000
  return [
    gateways.length > 0
      ? fine('gateways', `${gateways.length} live`)
      : warn('gateways', 'none has acknowledged anything within 15 s', 'Start one, or look at its log.'),
    late
      ? fail(
          'publishing',
          `${waiting.count} changes are saved and not published`,
          'Is a control plane running?',
        )
      : fine('publishing', 'nothing waits'),
  ]
}

/** The database: reachable, its clock, schema, and what waits in it. */
export async function databaseFindings(config: Config, now: () => Instant): Promise<readonly Finding[]> {
  const url = config.database.url ?? announcedDatabase(config.dataDir)
  if (url === null)
    return [
      warn(
        'database',
        'none is configured and none is running here',
        'Set DATABASE_URL, or run this beside `start`.',
      ),
    ]
  const store = openStore({ url, poolMax: 2 })
  try {
    const before = now()
    const { rows } = await store.read((from) =>
      sql<{ now: number; version: string; size: number }>`select
        (extract(epoch from clock_timestamp()) * 1000)::bigint as now,
        current_setting('server_version') as version,
        pg_database_size(current_database()) as size`.execute(from),
    )
    const [row] = rows
    if (row === undefined) throw new Error('it answered nothing')
    const size = `${Math.ceil(Number(row.size) / 1_048_576)} MB`
    return [
      fine('database', `PostgreSQL ${row.version.split(' ')[0]}, ${size}`),
      clockFinding('database clock', Number(row.now), before, now()),
      ...(await schemaFindings(store)),
      ...(await spreadFindings(store, now())),
    ]
  } catch (error) {
    return [
      fail('database', `cannot be read (${why(error)})`, 'Check database.url and that PostgreSQL runs.'),
    ]
  } finally {
    await store.close()
  }
}

const wellSetUp = (place: RedisPlace): string => {
  if ('cluster' in place) return 'every primary with a replica, noeviction and appendonly, new enough'
  return 'sentinels' in place
    ? 'a primary with a replica that it waits for, noeviction and appendonly, new enough'
    : 'a primary with noeviction and appendonly, new enough'
}

/** Redis: reachable, its clock, and how it is set up. */
export async function redisFindings(config: Config, now: () => Instant): Promise<readonly Finding[]> {
  const placed = redisPlaceOf(config.hotStore)
  if (!placed.ok)
    return placed.problems.map(({ path, sentence }) =>
      fail('Redis', `${path} ${sentence}`, 'Put a PEM file there that every plane can read.'),
    )
  const place = placed.value
  if (place === null)
    return [
      warn(
        'Redis',
        'none is configured',
        '`start` keeps one of its own; planes apart need hotStore.url, hotStore.sentinels or hotStore.cluster.',
      ),
    ]
  const store = createRedisHotStore({ ...place, log: silentLog })
  try {
    // First: another kind of server than it is taken for does not tell the time.
    const complaints = await store.complaints()
    const before = now()
    const theirs = await store.time()
    const after = now()
    return [
      fine('Redis', 'answers'),
      clockFinding('Redis clock', theirs, before, after),
      ...(complaints.length === 0
        ? [fine('Redis set-up', wellSetUp(place))]
        : complaints.map(({ isGrave, sentence, advice }) =>
            (isGrave ? fail : warn)('Redis set-up', sentence, advice),
          )),
    ]
  } catch (error) {
    return [
      fail(
        'Redis',
        `cannot be reached (${why(error)})`,
        'Check hotStore; gateways go on by the control plane meanwhile.',
      ),
    ]
  } finally {
    await store.close()
  }
}

/** The disk under `dataDir`, and the override of this host. */
export async function hostFindings(config: Config, now: () => Instant): Promise<readonly Finding[]> {
  const findings: Finding[] = [
    fine('time zones', `tzdata ${process.versions.tz} here; hours are compiled by the control plane`),
  ]
  try {
    const { bavail, bsize } = await statfs(config.dataDir)
    const free = bavail * bsize
    const text = `${Math.floor(free / 1_048_576)} MB free under ${config.dataDir}`
    findings.push(
      free >= freeMin
        ? fine('disk', text)
        : warn('disk', text, 'Make room: keys and copies of knowledge lie there.'),
    )
  } catch {
    findings.push(warn('disk', `${config.dataDir} is not there yet`, 'It is made at the first start.'))
  }
  const read = readOverride(overrideFileOf(config), now())
  if (read.kind === 'override')
    findings.push(
      warn(
        'override',
        `addresses and hours are not enforced until ${new Date(read.override.until).toISOString()}`,
        'End it with `gatehouse break-glass end`.',
      ),
    )
  else if (read.kind === 'bad')
    findings.push(
      warn(
        'override',
        `its file does not count: ${read.why}`,
        'Remove the file, or write it by the command.',
      ),
    )
  else findings.push(fine('override', 'none'))
  return findings
}
