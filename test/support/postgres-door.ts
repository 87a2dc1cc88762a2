/**
 * One PostgreSQL for a whole test run, started when the first test knocks.
 *
 * Not the way tests ask for a database: that is postgres.ts, from the test's process; this lives in vitest's own, which
 * outlives every test file. Invariant: knocks at the same time start one server. Refused: starting it in every worker
 * (a second each), or always (a pure run needs none).
 */
import { rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { EmbeddedPostgres } from '../../cli/embedded-postgres.ts'
import { newRunFolder } from './cache-folder.ts'

/** The door: any HTTP request to `url` is answered with the server's url as text, or 500 and why not. */
export type PostgresDoor = { readonly url: string; close(): Promise<void> }

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Opens the door on a free port of 127.0.0.1. Closing it stops the server, if one was started, and removes its data. */
export const openPostgresDoor = async (): Promise<PostgresDoor> => {
  let dataDir: string | null = null
  let starting: Promise<EmbeddedPostgres> | null = null
  const start = async (): Promise<EmbeddedPostgres> => {
    // Read only now: a run that needs no database must not fail because the command line does not load.
    const { startEmbeddedPostgres } = await import('../../cli/embedded-postgres.ts')
    dataDir = newRunFolder('postgres')
    return startEmbeddedPostgres({ dataDir, mayLoseData: true, log: () => undefined })
  }
  const server = createServer((_request, response) => {
    starting ??= start()
    starting.then(
      (postgres) => response.end(postgres.url),
      (error: unknown) => response.writeHead(500).end(messageOf(error)),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/`,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await starting?.then((postgres) => postgres.stop()).catch(() => undefined)
      if (dataDir !== null) rmSync(dataDir, { recursive: true, force: true })
    },
  }
}
