/**
 * Goal: `npm start` brings everything up on a bare machine, says so as one JSON object, stops cleanly, finds its data
 * again, and names a taken port. Method: the real command in a process of its own, on free ports and a fresh folder.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { signInAdmin } from '../support/admin-client.ts'
import { projectRoot } from '../support/cache-folder.ts'
import { createClient } from '../support/client.ts'
import { documentedJson, membersOf } from '../support/documented-json.ts'
import { signInWell } from '../support/people.ts'
import { createDatabase } from '../support/postgres.ts'
import { startRedis } from '../support/redis.ts'

type Ready = {
  readonly addresses: {
    readonly application: string
    readonly admin: string
    readonly portal: string
    readonly gatewayMetrics: string
    readonly upstream: string | null
  }
  readonly admin: { readonly login: string; readonly password: string }
  readonly users: readonly { readonly email: string; readonly password: string }[]
}
type Run = {
  readonly child: ChildProcess
  readonly ended: Promise<number | null>
  readonly errors: () => string
}

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

const folder = async (): Promise<string> => {
  const made = await mkdtemp(join(tmpdir(), 'gatehouse-start-'))
  folders.push(made)
  return made
}

const run = (words: readonly string[], environment: Readonly<Record<string, string>>): Run => {
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...inherited } = process.env
  const child = spawn(process.execPath, ['tools/run.mjs', 'cli/main.ts', ...words], {
    cwd: projectRoot,
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let errors = ''
  child.stderr?.on('data', (chunk) => {
    errors += String(chunk)
  })
  return { child, ended: new Promise((resolve) => child.once('exit', resolve)), errors: () => errors }
}

const firstLine = ({ child, ended, errors }: Run): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk) => {
      text += String(chunk)
      const end = text.indexOf('\n')
      if (end >= 0) resolve(text.slice(0, end))
    })
    void ended.then((code) => reject(new Error(`it ended with ${code}: ${errors()}`)))
  })

test('starts, works, stops cleanly, and a second start finds its data', async () => {
  const dataDir = await folder()
  const words = ['start', '--json', '--ports', 'auto']
  const first = run(words, { GATEHOUSE_DATA_DIR: dataDir })
  const ready = JSON.parse(await firstLine(first)) as Ready
  expect(membersOf(ready)).toEqual(documentedJson.get('start'))
  const fiona = createClient(ready.addresses.application)
  await signInWell(fiona, 'fiona')
  expect((await fiona.get('/schedule')).status).toBe(200)
  const admin = await signInAdmin(ready.addresses.admin, ready.admin)
  const active = (await admin.read('/api/practices/riverside/active-users')).json() as {
    users: { login: string }[]
  }
  expect(active.users.map(({ login }) => login)).toContain('fiona.front@demo.test')
  expect((await createClient(ready.addresses.gatewayMetrics).get('/readyz')).status).toBe(200)
  expect((await createClient(ready.addresses.portal).get('/')).text).toContain('This step is over')
  first.child.kill('SIGTERM')
  expect([await first.ended, first.errors().includes('did not stop cleanly')]).toEqual([0, false])

  const second = run(words, { GATEHOUSE_DATA_DIR: dataDir })
  const again = JSON.parse(await firstLine(second)) as Ready
  expect(again.admin).toEqual(ready.admin)
  const later = await signInAdmin(again.addresses.admin, again.admin)
  const users = (await later.read('/api/practices/riverside/users')).json() as {
    members: { login: string }[]
  }
  expect(users.members.map(({ login }) => login)).toContain('fiona.front@demo.test')

  const verified = run(['audit', 'verify', '--json'], { GATEHOUSE_DATA_DIR: dataDir })
  expect(JSON.parse(await firstLine(verified))).toMatchObject({ ok: true })
  expect(await verified.ended).toBe(0)
  second.child.kill('SIGINT')
  expect(await second.ended).toBe(0)
}, 60_000)

test('with Redis each plane is a process of its own, and a stop leaves none behind', async () => {
  const redis = await startRedis()
  const started = run(['start', '--json', '--ports', 'auto'], {
    GATEHOUSE_DATA_DIR: await folder(),
    REDIS_URL: redis.url,
  })
  const ready = JSON.parse(await firstLine(started)) as Ready
  // Who typed `start` has a password at once, also where the control plane is another process.
  expect(ready.admin.password).toMatch(/.{12}/)
  const fiona = createClient(ready.addresses.application)
  await signInWell(fiona, 'fiona')
  expect((await fiona.get('/schedule')).status).toBe(200)
  started.child.kill('SIGTERM')
  expect(await started.ended).toBe(0)
  await expect(createClient(ready.addresses.application).get('/book')).rejects.toThrow(/ECONNREFUSED/)
  await expect(createClient(ready.addresses.admin).get('/')).rejects.toThrow(/ECONNREFUSED/)
  await redis.stop()
}, 60_000)

test('a taken port is a clear error that names the key', async () => {
  const holder = net.createServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  const { port } = holder.address() as net.AddressInfo
  const environment = Object.fromEntries(
    ['PORTAL', 'ADMIN', 'INTERNAL', 'GATEWAY_METRICS', 'ADMIN_METRICS'].map((name) => [
      `GATEHOUSE_LISTEN_${name}`,
      '127.0.0.1:0',
    ]),
  )
  const config = new URL('../../cli/demo.yaml', import.meta.url).pathname
  const started = run(['start', '--config', config], {
    GATEHOUSE_DATA_DIR: await folder(),
    GATEHOUSE_LISTEN_APPLICATION: `127.0.0.1:${port}`,
    ...environment,
  })
  expect(await started.ended).toBe(69)
  expect(started.errors()).toContain(`port ${port} is taken`)
  expect(started.errors()).toContain('listen.application')
  await new Promise((resolve) => holder.close(resolve))
}, 60_000)

test('bad values and unknown keys are refused all at once, exit 78', async () => {
  const started = run(['start'], {
    GATEHOUSE_DATA_DIR: await folder(),
    GATEHOUSE_LISTEN_ADMIN: 'here',
    GATEHOUSE_SPEED: '11',
  })
  expect(await started.ended).toBe(78)
  expect(started.errors()).toContain('listen.admin')
  expect(started.errors()).toContain('GATEHOUSE_SPEED')
}, 30_000)

test('a control plane of its own hands out a link, where no password is asked for', async () => {
  const redis = await startRedis()
  const database = await createDatabase()
  const dataDir = await folder()
  const file = join(dataDir, 'admin.yaml')
  const free = ['portal', 'admin', 'internal', 'adminMetrics'].map((name) => `${name}: '127.0.0.1:0'`)
  await writeFile(
    file,
    `listen: { ${free.join(', ')} }\nupstreams: [{ id: site, name: Site, url: 'http://127.0.0.1:1', routes: [] }]\n`,
  )
  const admin = run(['admin', '--config', file, '--json'], {
    ...{ DATABASE_URL: database.url, REDIS_URL: redis.url, GATEHOUSE_CLUSTER_KEY: 'k'.repeat(43) },
    GATEHOUSE_DATA_DIR: dataDir,
  })
  const told = JSON.parse(await firstLine(admin)) as object
  expect(membersOf(told)).toEqual(documentedJson.get('admin'))
  const link = { login: 'admin', link: expect.stringMatching(/^\/set-password\?link=/) }
  expect(told).toMatchObject({ firstAdmin: null, firstLink: link })
  admin.child.kill('SIGTERM')
  expect(await admin.ended).toBe(0)
  await redis.stop()
  await database.drop()
}, 60_000)

test('with every route public and no identity the gateway is a plain reverse proxy, alone', async () => {
  const upstream = net.createServer()
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  upstream.on('connection', (socket) => {
    socket.once('data', () =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello'),
    )
    socket.on('error', () => undefined)
  })
  const dataDir = await folder()
  const file = join(dataDir, 'plain.yaml')
  const { port } = upstream.address() as net.AddressInfo
  await writeFile(
    file,
    `dataDir: ${dataDir}\nlisten: { application: '127.0.0.1:0', gatewayMetrics: '127.0.0.1:0' }\nupstreams: [{ id: site, name: Site, url: 'http://127.0.0.1:${port}', routes: [{ match: '* /**', class: public }] }]\n`,
  )
  const gateway = run(['gateway', '--config', file, '--json'], {})
  const told = JSON.parse(await firstLine(gateway)) as Ready
  expect(membersOf(told)).toEqual(documentedJson.get('gateway'))
  const { addresses } = told
  const answer = await createClient(addresses.application).get('/anything?x=1')
  expect([answer.status, answer.text]).toEqual([200, 'hello'])
  gateway.child.kill('SIGTERM')
  expect(await gateway.ended).toBe(0)
  await new Promise((resolve) => upstream.close(resolve))
}, 30_000)
