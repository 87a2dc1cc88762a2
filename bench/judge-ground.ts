/**
 * The judge under measurement: the real one with its mirrors, in this process, and the requests that it is asked about.
 *
 * No engine, no socket but the application's own `/me`. Invariant: judge, records and rules are those of a running gateway,
 * wired as `main.ts` wires them; the practice is that of `bench proxy`, and everyone is signed in before anything is
 * measured. A judge of canned answers was refused: what costs is in between.
 */
import http from 'node:http'
import { join } from 'node:path'
import { clientAddress, compileTrustedProxies } from '../gateway/client-address.ts'
import { clientKind } from '../gateway/client-kind.ts'
import { createCourt } from '../gateway/court.ts'
import { openDiskCopy } from '../gateway/disk-copy.ts'
import type { Exchange, Judge, Judgement, RawHeaders } from '../gateway/exchange.ts'
import { createExchanges, type Exchanges } from '../gateway/exchanges.ts'
import { createHeaderRules, type HeaderRules } from '../gateway/headers.ts'
import { createMetrics } from '../gateway/metrics.ts'
import { createMind } from '../gateway/mind.ts'
import { checkHead, type ReceivedHead } from '../gateway/request-head.ts'
import { parseTarget } from '../gateway/target.ts'
import { createUpkeep } from '../gateway/upkeep.ts'
import { openWatermark } from '../gateway/watermark.ts'
import { parseAddress } from '../policies/address.ts'
import type { Config, UpstreamConfig } from '../runtime/config.ts'
import { fleetKey } from '../runtime/fleet-seal.ts'
import { createMemoryHotStore } from '../runtime/hot-store-memory.ts'
import { createLog } from '../runtime/log.ts'
import { newRunFolder } from '../test/support/cache-folder.ts'
import { createFakeControlPlane } from '../test/support/fake-control-plane.ts'
import { benchConfig, documentUnder, openConfig, people, practices, shotsOf } from './proxy-practice.ts'

/** What is measured, ready. `cookies`: one `Cookie` header for each person. */
export type JudgeGround = {
  readonly judge: Judge
  readonly rules: HeaderRules
  readonly exchanges: Exchanges
  readonly cookies: readonly string[]
  /** The application with every control enforced, and the same with everything public and nobody identified. */
  readonly guarded: UpstreamConfig
  readonly open: UpstreamConfig
  /** Checks a head as the engine does, and makes an exchange of it. Throws on a head that is refused. */
  exchangeOf(sent: Sent, upstream: UpstreamConfig): Exchange
  /** Lets the gateway do what it does by the clock, and has everyone known again. */
  renew(): Promise<void>
  close(): Promise<void>
}

const clock = { now: () => Date.now(), monotonic: () => performance.now() }
const clusterKey = 'a-cluster-key-for-the-bench-only-0123456789'
const host = 'app.example'

/** An application that only says who asks: whoever the cookie is named after. */
const startMe = async () => {
  const server = http.createServer((request, response) => {
    const id = /(?:^|; )sid=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
    const known = people.includes(id)
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' })
    response.end(known ? JSON.stringify({ id, kind: 'staff', email: `${id}@example.test` }) : '{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('invariant: it listens on a port')
  return { url: `http://127.0.0.1:${address.port}`, server }
}

const headersOf = (cookie: string): RawHeaders => {
  const [shot] = shotsOf('GET', [cookie])
  return ['Host', host, ...Object.entries(shot?.headers ?? {}).flat()]
}

/** A request to be sent again and again. `headers`: as bytes, since each time they are read they are texts of their own. */
export type Sent = { readonly method: string; readonly target: string; readonly headers: readonly Sending[] }
type Sending = { readonly name: string; readonly value: Buffer }

/** A request as it is sent: names and values in turn. */
export const sentAs = (method: string, target: string, headers: RawHeaders): Sent => ({
  method,
  target,
  headers: headers.flatMap((name, at) =>
    at % 2 === 0 ? [{ name, value: Buffer.from(headers[at + 1] ?? '', 'latin1') }] : [],
  ),
})

/** Reading requests of these cookies, for these paths in turn. */
export const requestsOf = (cookies: readonly string[], pathOf: (at: number) => string): readonly Sent[] =>
  cookies.map((cookie, at) => sentAs('GET', pathOf(at), headersOf(cookie)))

const headOf = ({ method, target, headers }: Sent): ReceivedHead => {
  const read: string[] = []
  for (const { name, value } of headers) read.push(name, value.toString('latin1'))
  return { method, target, version: '1.1', headers: read }
}

const exchangeReader = (config: Config): JudgeGround['exchangeOf'] => {
  const trusted = compileTrustedProxies(config.gateway.trustedProxies)
  const peer = parseAddress('127.0.0.1')
  if (!trusted.ok || peer === null) throw new Error('invariant: both can be read')
  const { limits } = config.gateway
  const body = (): Promise<null> => Promise.resolve(null)
  let count = 0
  return (sent, upstream) => {
    const received = headOf(sent)
    const checked = checkHead(received, limits)
    if (!checked.ok) throw new Error(checked.sentence)
    const { head } = checked
    const parsed = parseTarget(received.method, received.target, head.host)
    if (!parsed.ok) throw new Error(parsed.sentence)
    const { method, headers } = received
    const client = clientAddress(peer, headers, trusted.trusts).address
    count += 1
    return {
      ...{
        id: `bench-${count.toString(36)}`,
        at: clock.now(),
        method,
        target: parsed.target,
        host: head.host,
      },
      ...{ headers, secure: false, peer, peerNames: [], client, kind: clientKind(headers, head.upgrade) },
      ...{ upgrade: head.upgrade, upstream, body },
    }
  }
}

/** Asks until somebody can be identified: what may be asked in one second is limited. */
const judgedOnceKnown = async (judge: Judge, exchange: Exchange): Promise<Judgement> => {
  const judgement = await judge(exchange)
  if (judgement.act === 'forward' || judgement.decision?.reason !== 'identity-unavailable') return judgement
  await new Promise((resolve) => setTimeout(resolve, 100))
  return judgedOnceKnown(judge, exchange)
}

const setCookieOf = (judgement: Judgement): string => {
  if (judgement.act !== 'forward')
    throw new Error(`refused: ${judgement.decision?.reason ?? 'for no reason'}`)
  const [line = ''] = judgement.changes.setCookies
  return line.split(';', 1)[0] ?? ''
}

const gatewayOf = async (config: Config) => {
  const store = createMemoryHotStore({ now: clock.now })
  const roles = Object.fromEntries(practices.map((practice) => [practice, ['front-desk']]))
  const control = createFakeControlPlane({
    ...{ now: clock.now, store },
    people: Object.fromEntries(people.map((id) => [id, { user: `usr_${id}`, roles }])),
  })
  await control.seed()
  const log = createLog({ level: 'error', plane: 'gateway', stream: process.stderr })
  const parts = {
    ...{ id: 'bench', config, store, controlPlane: control.plane, clock, log, clusterKey },
    ...{ seal: fleetKey(clusterKey), overrideOwner: 0 },
  }
  const schedule = (task: () => void, ms: number) => {
    const timer = setTimeout(task, ms)
    return () => clearTimeout(timer)
  }
  const { sweepMs } = config.gateway.limits
  const exchanges = createExchanges({ now: clock.now, monotonic: clock.monotonic, schedule, sweepMs })
  const watermark = await openWatermark(config.dataDir, () => {})
  const copy = await openDiskCopy(config.dataDir, () => {})
  const metrics = createMetrics({ bare: true })
  const mind = createMind(parts, exchanges, { watermark, copy })
  const court = createCourt(parts, `http://${host}`, mind, metrics)
  const upkeep = createUpkeep({ mind, court, exchanges, clock, log, store, beatMs: config.gateway.beatMs })
  upkeep.start()
  await mind.knowledge.known()
  const close = async (): Promise<void> => {
    upkeep.close()
    mind.knowledge.close()
    exchanges.stop()
    await mind.reports.close()
    await watermark.close()
    await copy.close()
    await court.dispatcher.destroy()
    await store.close()
  }
  return { control, court, exchanges, close }
}

/** Signs everyone in and enforces everything. */
export async function prepareJudge(): Promise<JudgeGround> {
  const { url, server } = await startMe()
  const app = benchConfig(url, 1, join(newRunFolder('bench-judge'), 'state'), 'own')
  const [[guarded], [open]] = [app.upstreams, openConfig(url, 1, app.dataDir).upstreams]
  if (guarded === undefined || open === undefined) throw new Error('invariant: there is one of each')
  const config: Config = { ...app, upstreams: [guarded, open] }
  const { control, court, exchanges, close } = await gatewayOf(config)
  const exchangeOf = exchangeReader(config)
  const cookies: string[] = []
  for (const person of people) {
    const first = sentAs('GET', '/home', ['Host', host, 'Accept', 'text/html', 'Cookie', `sid=${person}`])
    const companion = setCookieOf(await judgedOnceKnown(court.judge, exchangeOf(first, guarded)))
    cookies.push(`sid=${person}; ${companion}; practice=${practices[0]}`)
  }
  for (const practice of practices)
    for (const id of people)
      await control.saveMember(practice, `usr_${id}`, (member) => ({ ...member, factors: ['totp'] }))
  for (const tokenHash of control.sessions.keys())
    await control.changeSession(tokenHash, { factor: { method: 'totp', verifiedAt: clock.now() } })
  for (const practice of practices)
    await control.savePolicy(practice, (before) => documentUnder('all', before, `usr_${people[0]}`))
  return {
    ...{ judge: court.judge, exchanges, cookies, guarded, open, exchangeOf },
    rules: createHeaderRules(config.gateway.companionName),
    async renew() {
      await new Promise((resolve) => setTimeout(resolve, 1))
      for (const sent of requestsOf(cookies, () => '/patients/1'))
        await judgedOnceKnown(court.judge, exchangeOf(sent, guarded))
    },
    async close() {
      await close()
      server.closeAllConnections()
      server.close()
    },
  }
}
