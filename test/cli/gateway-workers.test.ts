/**
 * Goal: a gateway of several processes loses one, reads its configuration again and ends without harming what others do.
 * Method: the real command as a plain proxy in front of an application that answers when the test says; real signals.
 */
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { markOf } from '../../cli/process-mark.ts'
import { newRunFolder } from '../support/cache-folder.ts'
import { type Answer, createClient } from '../support/client.ts'
import { freePort } from '../support/free-port.ts'
import { type GatewayCommand, openAt, runGatewayCommand } from '../support/gateway-command.ts'

const closers: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) await close()
})

type Application = {
  readonly url: string
  /** Answers all requests of `/held`, and those to come. */
  release(): void
}

/** An application that signs what it says; `/held` is answered on release. */
const startApplication = async (name: string): Promise<Application> => {
  let isReleased = false
  const held = new Set<http.ServerResponse>()
  const server = http.createServer((request, response) => {
    if (request.url !== '/held' || isReleased) response.end(name)
    else held.add(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    release() {
      isReleased = true
      for (const response of held) response.end(name)
      held.clear()
    },
  }
}

type Place = {
  readonly file: string
  readonly dataDir: string
  write(change?: Readonly<Record<string, unknown>>): void
}

/** A configuration file on free ports, in front of `url`. */
const placeFor = async (url: string, workers: number, metricsPort = 0): Promise<Place> => {
  const folder = newRunFolder('gateway-workers')
  closers.push(() => rmSync(folder, { recursive: true, force: true }))
  const listen = { application: `127.0.0.1:${await freePort()}`, gatewayMetrics: `127.0.0.1:${metricsPort}` }
  const routes = [{ match: '* /**', class: 'public' }]
  const place: Place = {
    file: join(folder, 'plain.yaml'),
    dataDir: join(folder, 'data'),
    write: (change = {}) =>
      writeFileSync(
        place.file,
        JSON.stringify({
          dataDir: place.dataDir,
          listen,
          gateway: { workers },
          upstreams: [{ id: 'site', name: 'Site', url, routes }],
          ...change,
        }),
      ),
  }
  place.write()
  return place
}

const run = async (place: Place) => {
  const command = runGatewayCommand(place.file)
  closers.push(async () => {
    command.kill('SIGKILL')
    await command.allGone
  })
  return { command, told: await command.ready }
}

const upstreamAt = (url: string) => ({
  upstreams: [{ id: 'site', name: 'Site', url, routes: [{ match: '* /**', class: 'public' }] }],
})

/** A free port of which the next one is free too. */
const freePair = async (): Promise<number> => {
  for (;;) {
    const port = await freePort()
    const server = net.createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port + 1, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
}

/** How often who stands in a worker's place was replaced, as it shows operators. */
const restartsAt = async (metrics: string): Promise<number> => {
  const { text } = await createClient(metrics).get('/metrics')
  return Number(/^gatehouse_worker_restarts_total (\d+)$/m.exec(text)?.[1])
}

/** How each ended: its status, or nothing. */
const outcomes = async (answers: readonly Promise<Answer>[]): Promise<readonly (number | null)[]> =>
  (await Promise.allSettled(answers)).map((one) => (one.status === 'fulfilled' ? one.value.status : null))

/** Holds requests at the application until each worker has at least one; answers them and each worker's count. */
const holdAtAll = async (told: Awaited<GatewayCommand['ready']>) => {
  const held: Promise<Answer>[] = []
  for (;;) {
    held.push(createClient(told.addresses.application).get('/held'))
    held.at(-1)?.catch(() => undefined)
    const counts = await Promise.all(told.workers.map((worker) => openAt(worker, 'request')))
    const isComplete = counts.reduce((sum, count) => sum + count, 0) === held.length
    if (isComplete && counts.every((count) => count > 0)) return { held, counts }
  }
}

test('a killed worker takes only its own exchanges with it, and is replaced', async () => {
  const application = await startApplication('one')
  const { command, told } = await run(await placeFor(application.url, 2, await freePair()))
  expect(new Set(told.workers.map(({ pid }) => pid)).size).toBe(2)
  for (const { metrics } of told.workers)
    expect((await createClient(metrics).get('/readyz')).status).toBe(200)

  const { held, counts } = await holdAtAll(told)
  process.kill(told.workers[0]!.pid, 'SIGKILL')
  const replaced = await command.said(/"pid":(\d+),"afterMs":(\d+),"message":"a worker is replaced"/)
  expect(told.workers.map(({ pid }) => pid)).not.toContain(Number(replaced[1]))
  console.info(`from SIGKILL to the next worker: ${replaced[2]} ms`)
  for (let i = 0; i < 10; i++)
    expect((await createClient(told.addresses.application).get('/')).text).toBe('one')
  const restarts = told.workers.map(({ metrics }) => restartsAt(metrics))
  expect((await Promise.all(restarts)).toSorted()).toEqual([0, 1])
  application.release()
  const ends = await outcomes(held)
  expect(ends.filter((end) => end === null)).toHaveLength(counts[0]!)
  expect(ends.filter((end) => end === 200)).toHaveLength(counts[1]!)
}, 60_000)

test('a reload brings the new configuration; what is under way ends in the old one', async () => {
  const [first, second] = await Promise.all([startApplication('first'), startApplication('second')])
  const place = await placeFor(first.url, 2)
  const { command, told } = await run(place)
  const client = createClient(told.addresses.application)
  const { held } = await holdAtAll(told)
  place.write({ ...upstreamAt(second.url), gateway: { workers: 1 } })
  command.kill('SIGHUP')
  await command.said(/"workers":1,"message":"the configuration was read again and is in force"/)
  // Old workers leave their sockets one after the other; from then on nobody sees the first application again.
  await expect.poll(async () => (await client.get('/')).text).toBe('second')
  expect(command.errors()).not.toContain('are gone')
  first.release()
  expect((await outcomes(held)).every((end) => end === 200)).toBe(true)
  await command.said(/the workers of the last configuration are gone/)
  for (let i = 0; i < 5; i++) expect((await client.get('/')).text).toBe('second')
  for (const { pid } of told.workers) expect(() => process.kill(pid, 0)).toThrow('ESRCH')
}, 60_000)

test('no request is lost over reloads, on new connections or on kept ones', async () => {
  const application = await startApplication('one')
  const { command, told } = await run(await placeFor(application.url, 2))
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
  closers.push(() => agent.destroy())
  const ask = (kept: boolean): Promise<unknown> =>
    new Promise((resolve) => {
      const request = http.get(told.addresses.application, { agent: kept ? agent : false }, (response) => {
        response.resume()
        response.on('end', () => resolve(response.statusCode))
      })
      request.on('error', resolve)
    })
  let goesOn = true
  const statuses = new Set<unknown>()
  const load = [true, true, true, true, false, false].map(async (kept) => {
    while (goesOn) statuses.add(await ask(kept))
  })
  for (let i = 0; i < 2; i++) {
    command.kill('SIGHUP')
    await command.said(/the workers of the last configuration are gone/)
    command.mark()
  }
  goesOn = false
  await Promise.all(load)
  expect([...statuses]).toEqual([200])
}, 60_000)

test('a configuration with problems, or one that does not come up, leaves the last good one', async () => {
  const application = await startApplication('one')
  const place = await placeFor(application.url, 2)
  const { command, told } = await run(place)
  const client = createClient(told.addresses.application)

  place.write({ listen: { admin: 'here' }, speed: 11 })
  command.kill('SIGHUP')
  await command.said(/the last good configuration stays in force/)
  expect(command.errors()).toMatch(/"problem":"\s*listen.admin: /)
  expect(command.errors()).toMatch(/"problem":"\s*speed: /)
  expect((await client.get('/')).text).toBe('one')
  command.mark()

  const holder = net.createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => holder.close(resolve)))
  const { port } = holder.address() as net.AddressInfo
  place.write({ listen: { application: `127.0.0.1:${port}`, gatewayMetrics: '127.0.0.1:0' } })
  command.kill('SIGHUP')
  await command.said(/the last good configuration stays in force/)
  expect(command.errors()).toContain(`port ${port} is taken by another program (listen.application)`)
  for (const { pid } of told.workers) expect(process.kill(pid, 0)).toBe(true)
  expect((await client.get('/')).text).toBe('one')
  command.kill('SIGTERM')
  expect(await command.ended).toBe(0)
}, 60_000)

test('SIGTERM lets requests end and answers 0; nothing is left', async () => {
  const application = await startApplication('one')
  const place = await placeFor(application.url, 2)
  const { command, told } = await run(place)
  const { held } = await holdAtAll(told)
  command.kill('SIGTERM')
  // The listeners close first; what was begun is still answered.
  await expect
    .poll(() =>
      createClient(told.addresses.application)
        .get('/')
        .catch((error: Error) => error.message),
    )
    .toMatch('ECONNREFUSED')
  const readiness = await createClient(told.workers[1]!.metrics).get('/readyz')
  expect([readiness.status, readiness.text]).toEqual([503, expect.stringContaining('stopping')])
  application.release()
  expect((await outcomes(held)).every((end) => end === 200)).toBe(true)
  expect(await command.ended).toBe(0)
  await command.allGone
  const written = readdirSync(place.dataDir).filter((name) => name.startsWith('worker-'))
  expect(written).toEqual(['worker-1', 'worker-2'])
  for (const name of written)
    expect(statSync(join(place.dataDir, name, 'effective.yaml')).mode & 0o777).toBe(0o600)
}, 60_000)

test('a second signal does not wait, and workers do not outlive a killed supervisor', async () => {
  const application = await startApplication('one')
  const place = await placeFor(application.url, 2)
  const first = await run(place)
  const { held } = await holdAtAll(first.told)
  first.command.kill('SIGTERM')
  await expect
    .poll(() =>
      createClient(first.told.addresses.application)
        .get('/')
        .catch((error: Error) => error.message),
    )
    .toMatch('ECONNREFUSED')
  first.command.kill('SIGTERM')
  expect(await first.command.ended).toBe(130)
  await first.command.allGone
  expect((await outcomes(held)).every((end) => end === null)).toBe(true)

  const second = await run(place)
  second.command.kill('SIGKILL')
  await second.command.allGone
  // Their standard error is closed a moment before they are gone.
  for (const { pid } of second.told.workers) await expect.poll(() => markOf(pid)).toBeNull()
}, 60_000)

test('a taken port and a folder that cannot be written end the command, each with its sentence', async () => {
  const holder = net.createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => holder.close(resolve)))
  const { port } = holder.address() as net.AddressInfo
  const place = await placeFor('http://127.0.0.1:9', 2)
  place.write({ listen: { application: `127.0.0.1:${port}`, gatewayMetrics: '127.0.0.1:0' } })
  const refused = runGatewayCommand(place.file)
  expect(await refused.ended).toBe(69)
  await refused.allGone
  expect(refused.errors()).toContain(`port ${port} is taken`)

  place.write()
  rmSync(place.dataDir, { recursive: true, force: true })
  mkdirSync(place.dataDir)
  writeFileSync(join(place.dataDir, 'worker-1'), 'in the way')
  const blocked = runGatewayCommand(place.file)
  expect(await blocked.ended).toBe(70)
  await blocked.allGone
  expect(blocked.errors()).toContain('worker-1')
}, 60_000)
