/**
 * Goal: behind nginx, Caddy and HAProxy, set up as docs/integrating.md prints, people are judged by their own address, nobody
 * announces another, and streams are cut as in the path. Method: Debian's own programs with the documentation's very
 * set-ups, ports replaced, in front of a whole gateway with an allowlist.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '../support/client.ts'
import { freePort } from '../support/free-port.ts'
import { type Stand, startStand } from '../support/gateway-stand.ts'
import { type PeerProxy, startCaddy, startHaproxy, startNginx } from '../support/peer-proxies.ts'
import { openEvents, openSocket } from '../support/streams.ts'

const office = '127.0.0.9'
const elsewhere = '127.0.0.3'
const languages = { nginx: startNginx, caddy: startCaddy, haproxy: startHaproxy } as const
type Name = keyof typeof languages

let stand: Stand
const peers = new Map<string, PeerProxy>()

/** The documentation's set-up in this language, with the ports of this test. */
const documented = (language: Name, port: number): string => {
  const text = readFileSync(new URL('../../docs/integrating.md', import.meta.url), 'utf8')
  const setup = new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``).exec(text)?.[1]
  if (setup === undefined) throw new Error(`no set-up for ${language}`)
  return setup
    .replaceAll('127.0.0.1:8000', `127.0.0.1:${port}`)
    .replaceAll('127.0.0.1:8080', new URL(stand.gateways[0]!.addresses.application).host)
}

beforeAll(async () => {
  stand = await startStand({
    change: (config) => ({ ...config, gateway: { ...config.gateway, trustedProxies: ['127.0.0.1'] } }),
  })
  await stand.control.savePolicy('riverside', (document) => ({
    ...document,
    controls: { ...document.controls, ip: { ...document.controls.ip, mode: 'enforce' } },
    ipEntries: [
      {
        ...{ id: 'office', range: `${office}/32`, label: 'Office', audience: 'practice' },
        ...{ on: true, expiresAt: null, note: '', createdBy: 'test', createdAt: 0 },
      },
    ],
  }))
  for (const name of Object.keys(languages) as Name[]) {
    const port = await freePort()
    peers.set(name, await languages[name](port, documented(name, port)))
  }
}, 120_000)
afterAll(async () => {
  await Promise.all([...peers.values()].map((peer) => peer.stop()))
  await stand?.close()
})

describe.each(Object.keys(languages))('behind %s', (name) => {
  const signedIn = async () => {
    const client = createClient(peers.get(name)!.url, office)
    expect((await stand.signIn(client, 'ann')).status).toBe(303)
    return client
  }

  test('the allowlist holds for whoever asks, and nobody announces the office', async () => {
    const inOffice = await signedIn()
    expect((await inOffice.get('/patients/7')).text).toBe('page for ann')
    expect(stand.application.arrived.at(-1)?.headers).toMatchObject({
      host: new URL(peers.get(name)!.url).host,
      'x-forwarded-for': office,
    })
    const outside = createClient(peers.get(name)!.url, elsewhere)
    for (const [cookie, value] of inOffice.cookies) outside.cookies.set(cookie, value)
    const forged = { 'x-forwarded-for': office, forwarded: `for=${office}`, 'x-real-ip': office }
    expect((await outside.get('/patients/7')).status).toBe(403)
    expect((await outside.get('/patients/7', { headers: forged })).status).toBe(403)
  })

  test('a WebSocket and an event stream pass, and end with the revocation of their person', async () => {
    const ann = await signedIn()
    const socket = await openSocket(peers.get(name)!.url, '/patients/7', ann, office)
    const events = await openEvents(peers.get(name)!.url, '/events', ann, office)
    await stand.control.revoke('riverside', 'usr_ann')
    expect(await socket.ended).toEqual({ code: 1008, reason: 'session-revoked' })
    await events.ended
    expect((await ann.get('/patients/7', { navigation: false })).status).toBe(401)
  })
})
