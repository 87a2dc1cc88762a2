/**
 * Leadership: of several control planes exactly one publishes, held by an advisory lock on a connection of its own.
 *
 * The lock goes with the connection, so a crashed leader is replaced at once. One that is frozen, or whose network is gone,
 * keeps its connection: the leader says something on it whenever it is about to publish, twice a second, and who wants to lead
 * ends the connection of one that has said nothing for long, by the database's clock. The same connection listens for the outbox's ring, so that a change
 * saved by another control plane is published as fast as one of our own. A lease row with a clock was refused: clocks differ.
 */
import pg from 'pg'
import type { DurationMs } from '../../policies/instant.ts'
import { databaseFault } from './database.ts'

/** The advisory lock of the publisher: an arbitrary number that nothing else here takes. */
const lockId = 4_247_002

/** After which silence of a leader another may take its place; it is asked for twice a second. */
const silentMs: DurationMs = 5_000

/** Ends the connection of a leader that has been silent for that long; its own clock and ours do not matter. */
const endSilentLeader = `
select pg_terminate_backend(holder.pid)
from pg_locks held join pg_stat_activity holder using (pid)
where held.locktype = 'advisory' and held.granted and held.classid = 0 and held.objid = $1 and held.objsubid = 1
  and held.database = (select oid from pg_database where datname = current_database())
  and holder.state_change < clock_timestamp() - $2 * interval '1 millisecond'`

/** The right to publish. */
export type Leadership = {
  /** Whether it is held now, as the database sees it; tries to get it if not. Rejects with a `Fault` when the database cannot be had. */
  readonly hold: () => Promise<boolean>
  /** Gives it up. */
  readonly close: () => Promise<void>
}

/** A connection of the leadership's own; `lose` is told when it has ended, asked for or not. */
async function connect(url: string, lose: (lost: pg.Client) => void, onRing: () => void): Promise<pg.Client> {
  const fresh = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
    keepAlive: true,
    application_name: 'gatehouse publisher',
  })
  fresh.on('error', () => lose(fresh))
  fresh.on('end', () => lose(fresh))
  fresh.on('notification', onRing)
  await fresh.connect()
  return fresh
}

/**
 * Leadership over the database at `url`; `onRing` is called when somebody wrote to the outbox, while it is held.
 * `endsAfterMs`: which silence of another ends its leadership.
 */
export function createLeadership(
  url: string,
  onRing: () => void,
  endsAfterMs: DurationMs = silentMs,
): Leadership {
  let client: pg.Client | null = null
  let held = false
  let trying: Promise<boolean> | null = null
  let closed = false

  const lose = (lost: pg.Client): void => {
    if (client !== lost) return
    client = null
    held = false
  }

  const tryLock = async (): Promise<boolean> => {
    try {
      client ??= await connect(url, lose, onRing)
      const asked = client
      const { rows } = await asked.query<{ got: boolean }>('select pg_try_advisory_lock($1) as got', [lockId])
      if (rows[0]?.got !== true) {
        await asked.query(endSilentLeader, [lockId, endsAfterMs])
        return false
      }
      await asked.query('listen gatehouse_outbox')
      held = client === asked && !closed
      return held
    } catch (error) {
      const broken = client
      client = null
      await broken?.end().catch(() => undefined)
      throw databaseFault(error) ?? error
    }
  }

  /** Whether the connection that holds the lock still is one: after a pause it may have been ended meanwhile. */
  const prove = async (): Promise<boolean> => {
    const asked = client
    try {
      await asked?.query('select 1')
      return held && client === asked && !closed
    } catch {
      if (asked !== null) lose(asked)
      await asked?.end().catch(() => undefined)
      return false
    }
  }

  return {
    hold: () => {
      if (closed) return Promise.resolve(false)
      trying ??= (held ? prove() : tryLock()).finally(() => {
        trying = null
      })
      return trying
    },
    close: async () => {
      closed = true
      await trying?.catch(() => undefined)
      const open = client
      client = null
      held = false
      await open?.end().catch(() => undefined)
    },
  }
}
