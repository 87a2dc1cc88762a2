/**
 * A small server that shows screens as their planes would, for pictures and for tests that look at all of them.
 *
 * It answers with the screen's own headers, but for those that would lead a browser away from what is looked at (`Refresh`) or
 * bind it (`Set-Cookie`). Invariant: loopback only, a port of its own, and nothing but the screens it was given.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { logoPicture } from '../support/logo-picture.ts'
import type { Screen } from './screen.ts'

/** The server. `url`: without a slash at its end; a screen is at its name. */
export type PageServer = { readonly url: string; readonly close: () => Promise<void> }

const left = new Set(['refresh', 'set-cookie'])

/** Serves these screens until it is closed. Throws where two have the same name. */
export async function servePages(screens: readonly Screen[]): Promise<PageServer> {
  const byName = new Map(screens.map((screen) => [screen.name, screen]))
  if (byName.size !== screens.length) throw new Error('two screens have the same name')
  const logo = logoPicture()
  const server = createServer((request, response) => {
    if (request.url?.includes('/logo/') === true) {
      response.writeHead(200, { 'content-type': 'image/png' }).end(logo)
      return
    }
    const screen = byName.get((request.url ?? '/').slice(1))
    if (screen === undefined) {
      // What a page's script asks for, and the browser's own wish for an icon: nothing, and nothing to complain of.
      response.writeHead(204).end()
      return
    }
    const headers = Object.entries(screen.headers).filter(([name]) => !left.has(name))
    response.writeHead(200, Object.fromEntries(headers))
    response.end(screen.body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}
