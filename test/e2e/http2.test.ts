/**
 * Goal: a browser agrees on HTTP/2 with a gateway that offers it, works as before, and loses what is revoked.
 * Method: a gateway over TLS; Chromium with a page, forty requests at once, an event stream and a WebSocket.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { configSchema } from '../../runtime/config.ts'
import { selfSigned } from '../support/certificates.ts'
import { launchBrowser } from '../support/chromium.ts'
import { type Stand, startStand } from '../support/gateway-stand.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-http2-'))
const own = selfSigned({ names: ['127.0.0.1'] })
const files = { certificateFile: join(folder, 'own.pem'), keyFile: join(folder, 'own.key') }
writeFileSync(files.certificateFile, own.cert)
writeFileSync(files.keyFile, own.key)

let stand: Stand
let browser: Browser
let base: string
beforeAll(async () => {
  ;[stand, browser] = await Promise.all([
    startStand({
      change: (config) =>
        configSchema.parse({ ...config, gateway: { ...config.gateway, http2: true, tls: files } }),
    }),
    launchBrowser(),
  ])
  base = stand.gateways[0]!.addresses.application
})
afterAll(async () => {
  await browser?.close()
  await stand?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** What the page keeps for later. */
type Kept = { readonly events: Promise<string>; readonly socket: Promise<string> }

test('a browser speaks it, opens WebSockets beside it, and loses both when its person is revoked', async () => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  const page = await context.newPage()
  await page.goto(`${base}/public/book`)
  const protocol = await page.evaluate<string>(
    "performance.getEntriesByType('navigation')[0].nextHopProtocol",
  )
  expect(protocol).toBe('h2')
  const answers = await page.evaluate(async () => {
    const stranger = await fetch('/patients/7')
    const body = new URLSearchParams({ user: 'ann', password: 'right' })
    await fetch('/sign-in', { method: 'POST', body })
    // As many at once as HTTP/1.1 would not have connections for.
    const many = await Promise.all(Array.from({ length: 40 }, (_, at) => fetch(`/patients/${at}`)))
    return { stranger: stranger.status, many: many.map(({ status }) => status) }
  })
  expect(answers).toEqual({ stranger: 401, many: Array.from({ length: 40 }, () => 200) })
  await page.evaluate(async (origin) => {
    const source = new EventSource('/lasting/events')
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/lasting/websocket`)
    const events = new Promise<string>((resolve) => {
      source.onerror = () => resolve('broken off')
    })
    const closed = new Promise<string>((resolve) => {
      socket.onclose = ({ code, reason }) => resolve(`${code} ${reason}`)
    })
    await Promise.all([
      new Promise((resolve) => source.addEventListener('message', resolve, { once: true })),
      new Promise((resolve) => socket.addEventListener('open', resolve, { once: true })),
    ])
    Object.assign(globalThis, { kept: { events, socket: closed } satisfies Kept })
  }, base)
  expect(stand.gateways[0]!.state.openExchanges()).toBe(2)
  await stand.control.revoke('riverside', 'usr_ann')
  const ends = await page.evaluate(async () => {
    const { events, socket } = (globalThis as unknown as { kept: Kept }).kept
    return [await events, await socket, (await fetch('/patients/7')).status]
  })
  expect(ends).toEqual(['broken off', '1008 session-revoked', 401])
  await context.close()
})
