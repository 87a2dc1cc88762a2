/**
 * Goal: behind a real TCP load balancer people are judged by their own address, and nobody by the balancer's.
 * Method: HAProxy in between, both versions and its health checks, a whole gateway with an allowlist; spoofing by hand.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '../support/client.ts'
import { statusOf } from '../support/engine-stage.ts'
import { freePort } from '../support/free-port.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'
import { type PeerProxy, startHaproxy } from '../support/peer-proxies.ts'
import { announcing, announcingLine } from '../support/proxy-headers.ts'
import { connectRaw } from '../support/raw-http.ts'

const balancer = '127.0.0.2'
const office = '127.0.0.9'
const elsewhere = '127.0.0.3'

let stand: Stand
let haproxy: PeerProxy
let ways: { readonly one: string; readonly two: string }
let gatewayPort: number

beforeAll(async () => {
  stand = await startStand({
    change: (config) => ({
      ...config,
      gateway: { ...config.gateway, proxyProtocol: { from: [balancer], deadlineMs: 5_000 } },
    }),
  })
  await stand.control.savePolicy('riverside', (document) => ({
    ...document,
    requests: { ...document.requests, ip: false, contact: 'Mark, extension 12' },
    controls: { ...document.controls, ip: { ...document.controls.ip, mode: 'enforce' } },
    ipEntries: [
      {
        ...{ id: 'office', range: `${office}/32`, label: 'Office', audience: 'practice' },
        ...{ on: true, expiresAt: null, note: '', createdBy: 'test', createdAt: 0 },
      },
    ],
  }))
  gatewayPort = Number(new URL(stand.gateways[0]!.addresses.application).port)
  const [one, two, stats] = [await freePort(), await freePort(), await freePort()]
  const toGateway = `127.0.0.1:${gatewayPort} source ${balancer} check inter 20ms`
  haproxy = await startHaproxy(
    stats,
    `listen stats
  bind 127.0.0.1:${stats}
  mode http
  stats enable
  stats uri /
listen one
  bind 127.0.0.1:${one}
  server gateway ${toGateway} send-proxy
listen two
  bind 127.0.0.1:${two}
  server gateway ${toGateway} send-proxy-v2`,
  )
  ways = { one: `http://127.0.0.1:${one}`, two: `http://127.0.0.1:${two}` }
})
afterAll(async () => {
  await haproxy?.stop()
  await stand?.close()
})

const malformed = async (): Promise<readonly string[]> => {
  const text = await (await fetch(`${stand.gateways[0]!.addresses.metrics}/metrics`)).text()
  return text.split('\n').filter((line) => /^gatehouse_malformed_requests_total\{.*\} [1-9]/.test(line))
}

/** What HAProxy makes of the gateway, in each version. */
const checked = async (): Promise<readonly string[]> => {
  const [names = '', ...rows] = (await (await fetch(`${haproxy.url}/;csv`)).text()).split('\n')
  const columns = names.replace('# ', '').split(',')
  return rows
    .map((row) => row.split(','))
    .filter((row) => row[columns.indexOf('svname')] === 'gateway')
    .map((row) => `${row[columns.indexOf('status')]} ${row[columns.indexOf('check_status')]}`)
}

test.each(['one', 'two'] as const)(
  'version %s: the allowlist holds for who is behind HAProxy',
  async (way) => {
    const [inOffice, outside] = [createClient(ways[way], office), createClient(ways[way], elsewhere)]
    await stand.signIn(inOffice, 'ann')
    expect((await inOffice.get('/patients/7')).text).toBe('page for ann')
    expect(stand.application.arrived.at(-1)?.headers['x-forwarded-for']).toBe(office)
    for (const [name, value] of inOffice.cookies) outside.cookies.set(name, value)
    expect((await outside.get('/patients/7')).status).toBe(403)
  },
)

test('its health checks are heard and count as nothing malformed', async () => {
  await eventually(async () => (await checked()).every((state) => state === 'UP L4OK'), 'it has checked both')
  expect(await malformed()).toEqual([])
})

test('nobody else announces the office’s address, and the balancer’s own opens nothing', async () => {
  const ann = createClient(ways.two, office)
  await stand.signIn(ann, 'ann')
  const cookie = [...ann.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const ask = async (from: string, head: string | Buffer): Promise<number> => {
    const client = await connectRaw(gatewayPort, from)
    const lines = [`Host: ${new URL(ways.two).host}`, `Cookie: ${cookie}`, 'Connection: close']
    client.write(head)
    client.write(`GET /patients/7 HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`)
    return statusOf(await client.closed())
  }
  expect(await ask(balancer, announcing(office))).toBe(200)
  const heard = stand.application.arrived.length
  expect(await ask(elsewhere, '')).toBe(403)
  expect(await ask(elsewhere, announcing(office))).toBe(400)
  expect(await ask(elsewhere, announcingLine(office))).toBeGreaterThanOrEqual(400)
  expect(await ask(balancer, 'PROXY UNKNOWN\r\n')).toBe(403)
  expect(await ask(balancer, '')).toBe(0)
  expect(stand.application.arrived).toHaveLength(heard)
})
