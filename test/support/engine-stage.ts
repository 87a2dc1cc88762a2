/**
 * A stand with an application of the test's own behind it, raw or by node:http, and one call that ends both.
 *
 * Not for wiring the product: see `fleet.ts` for that. `end` may be called whatever was started.
 */
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { type EngineName, type Stand, type StandOptions, startStand } from './engine-stand.ts'
import { type Accepted, type RawServer, startRawServer } from './raw-http.ts'

/** What is on stage now; reading what was not started throws. */
export type Stage = {
  readonly stand: Stand
  readonly app: RawServer
  /** A raw application that does `answer` with each connection, and an engine before it. */
  raw(answer?: (accepted: Accepted) => void, options?: StandOptions): Promise<RawServer>
  /** An application on node:http, and an engine before it. */
  http(listener: http.RequestListener, options?: StandOptions): Promise<void>
  end(): Promise<void>
}

/** The status of a raw answer; 0: none. */
export const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)

/** A raw GET that asks for its connection to be closed. */
export const rawGet = (target = '/x', version = '1.1'): string =>
  `GET ${target} HTTP/${version}\r\nHost: app.example\r\nConnection: close\r\n\r\n`

/** An empty stage for that engine; absent: the default. */
export const createStage = (engine?: EngineName): Stage => {
  let app: RawServer | null = null
  let server: http.Server | null = null
  let stand: Stand | null = null
  const withEngine = (options: StandOptions = {}): StandOptions =>
    engine === undefined ? options : { engine, ...options }
  const there = <T>(what: T | null): T => {
    if (what === null) throw new Error('not started')
    return what
  }
  return {
    get stand() {
      return there(stand)
    },
    get app() {
      return there(app)
    },
    async raw(answer, options) {
      app = await startRawServer(answer)
      stand = await startStand(app.url, withEngine(options))
      return app
    },
    async http(listener, options) {
      server = http.createServer(listener)
      const listening = server
      await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
      stand = await startStand(
        `http://127.0.0.1:${(listening.address() as AddressInfo).port}`,
        withEngine(options),
      )
    },
    async end() {
      await stand?.close()
      await app?.close()
      server?.closeAllConnections()
      await new Promise<void>((resolve) => (server === null ? resolve() : server.close(() => resolve())))
      app = null
      server = null
      stand = null
    },
  }
}
