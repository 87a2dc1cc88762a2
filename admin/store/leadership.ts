/**
 * Leadership: of several control planes exactly one publishes, held by an advisory lock on a connection of its own.
 *
 * The lock goes with the connection, so a crashed leader is replaced at once and none has to be declared dead.
 * The same connection listens for the outbox's ring, so that a change saved by another control plane is published
 * as fast as one of our own. A lease row with a clock was refused: clocks differ.
 */
import pg from 'pg'
import { databaseFault } from './database.ts'

/** The advisory lock of the publisher: an arbitrary number that nothing else here takes. */
const lockId = 4_247_002

/** The right to publish. */
export type Leadership = {
  /** Whether it is held now; tries to get it if not. Rejects with a `Fault` when the database cannot be had. */
  readonly hold: () => Promise<boolean>
  /** Gives it up. */
  readonly close: () => Promise<void>
}

/** Leadership over the database at `url`; `onRing` is called when somebody wrote to the outbox, while it is held. */
export function createLeadership(url: string, onRing: () => void): Leadership {
  let client: pg.Client | null = null
  let held = false
  let trying: Promise<boolean> | null = null
  let closed = false

  const lose = (lost: pg.Client): void => {
    if (client !== lost) return
    client = null
    held = false
  }

  const connect = async (): Promise<pg.Client> => {
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

  const tryLock = async (): Promise<boolean> => {
    try {
      client ??= await connect()
      const asked = client
      const { rows } = await asked.query<{ got: boolean }>('select pg_try_advisory_lock($1) as got', [lockId])
      if (rows[0]?.got !== true) return false
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

  return {
    hold: () => {
      if (held || closed) return Promise.resolve(held && !closed)
      trying ??= tryLock().finally(() => {
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
