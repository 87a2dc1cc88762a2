/**
 * The way to PostgreSQL: one bounded pool, transactions, and what went wrong as Faults.
 *
 * It holds no query of its own. Whatever the network or the server does comes out as a `Fault` (source
 * `database`); the next call opens a fresh connection by itself. A transaction that lost a deadlock or a
 * serialization race is run again, so its work must have no effect outside of it. Letting callers hold
 * connections was refused: a forgotten one stops the plane.
 */
import { randomInt } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { Kysely, PostgresDialect, type Transaction } from 'kysely'
import pg from 'pg'
import { type Fault, type FaultKind, fault, isFault } from '../../runtime/fault.ts'
import type { Tables } from './tables.ts'

/** What queries run on: the pool, or a transaction. */
export type Rows = Kysely<Tables>

/** An open transaction: what changes must be written in, together with their event and outbox row. */
export type Tx = Transaction<Tables>

/** Connections in use and idle, at most how many there may be, and who waits for one. */
export type PoolUse = {
  readonly busy: number
  readonly idle: number
  readonly max: number
  readonly waiting: number
}

/** The database. Every call rejects with a `Fault` (source `database`) when it cannot be had. */
export type Store = {
  /** Where it is; for a connection of one's own (leadership). Carries a password: never logged. */
  readonly url: string
  /**
   * Runs `work` in one transaction (read committed), committed when it resolves, rolled back when it rejects.
   * Runs again after a deadlock or a serialization failure (at most six times in all) or a duplicate key (three).
   */
  readonly transaction: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
  /** Runs queries that each stand alone, without a transaction. */
  readonly read: <T>(work: (rows: Rows) => Promise<T>) => Promise<T>
  /** Runs `work` on one consistent view of everything (repeatable read); it may write (the publisher does). */
  readonly snapshot: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>
  /** How far the pool is used now. */
  readonly use: () => PoolUse
  /** Waits for running queries and closes the pool. */
  readonly close: () => Promise<void>
}

const int8 = 20

/** Parsers of a connection: bigint as number (instants and sequences stay below 2^53). */
export const columnParsers: pg.CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === int8 ? Number : pg.types.getTypeParser(oid, format ?? 'text'),
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

const kinds: Readonly<Record<string, FaultKind>> = {
  ECONNREFUSED: 'unreachable',
  ENOENT: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  '57014': 'timeout',
  '25P03': 'timeout',
  '55P03': 'timeout',
  '57P01': 'reset',
  '57P02': 'reset',
  '57P03': 'unreachable',
  '53300': 'full',
  '53100': 'full',
  '53200': 'full',
  '25006': 'refused',
  '28000': 'refused',
  '28P01': 'refused',
  '3D000': 'refused',
}

function faultKindOf(error: Error): FaultKind | null {
  const code = codeOf(error)
  const known = kinds[code]
  if (known !== undefined) return known
  if (code.startsWith('08')) return 'reset'
  if (error.message.includes('timeout exceeded when trying to connect')) return 'timeout'
  if (/Connection terminated|Client has encountered a connection error|not queryable/.test(error.message))
    return 'reset'
  if (error.message.includes('Cannot use a pool after calling end')) return 'closed'
  return null
}

/** The fault behind a caught error of `pg`; `null` where the query itself was wrong (our mistake). */
export function databaseFault(error: unknown): Fault | null {
  if (isFault(error)) return error
  if (!(error instanceof Error)) return null
  const kind = faultKindOf(error)
  if (kind === null) return null
  const retry = kind === 'reset' ? 'fresh-connection' : kind === 'refused' || kind === 'closed' ? 'no' : 'yes'
  return fault('database', kind, error.message === '' ? codeOf(error) : error.message, retry, error)
}

/** Whether an error is PostgreSQL's refusal of a second row of the same key. */
export const isDuplicate = (error: unknown): boolean => codeOf(error) === '23505'

const triesMax = 6
/** Two at once who both found a name free see it at the second try; a name that is really taken stays taken. */
const duplicateTriesMax = 3

/** Serialization failure, deadlock, and two at once who both found a name free. */
const mayRunAgain = (error: unknown, attempt: number): boolean => {
  const code = codeOf(error)
  return code === '23505'
    ? attempt < duplicateTriesMax
    : ['40001', '40P01'].includes(code) && attempt < triesMax
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work()
    } catch (error) {
      if (!mayRunAgain(error, attempt)) throw databaseFault(error) ?? error
      // Those who collided must not meet again in step: at most 20, 40, 80, 160, 320 ms.
      await pause(randomInt(10 * 2 ** attempt))
    }
  }
}

/**
 * A store on the database at `url`; connects at the first use. `poolMax`: connections at most, 1–200.
 * Connecting takes at most 5 s, a statement 30 s; waiting for a free connection counts as connecting.
 */
export function openStore({ url, poolMax }: { readonly url: string; readonly poolMax: number }): Store {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolMax,
    types: columnParsers,
    connectionTimeoutMillis: 5_000,
    idleTimeoutMillis: 60_000,
    statement_timeout: 30_000,
    // A control plane that is frozen in the middle of one must not hold its locks for long: another waits for them.
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    // Compiling a plan takes longer than any list here takes to run; a table just filled looks expensive enough for it.
    options: '-c jit=off',
    application_name: 'gatehouse',
  })
  // An idle connection that breaks is dropped by the pool; whoever asks next gets a fresh one or a Fault. One that
  // breaks while lent out between two queries has no other listener: without this one it would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  const rows = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  return {
    url,
    transaction: (work) => guarded(() => rows.transaction().execute(work)),
    read: (work) => guarded(() => work(rows)),
    snapshot: (work) => guarded(() => rows.transaction().setIsolationLevel('repeatable read').execute(work)),
    use: () => ({
      ...{ idle: pool.idleCount, max: poolMax, waiting: pool.waitingCount },
      busy: pool.totalCount - pool.idleCount,
    }),
    close: () => rows.destroy(),
  }
}
