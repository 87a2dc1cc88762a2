/**
 * Goal: the doctor finds what is wrong and says what to do; what it cannot look at is no "ok". Method: the command in this
 * process against small servers that play a gateway, a careless proxy and an application that is reachable around it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { readCommandLine } from '../../cli/command-line.ts'
import { examine } from '../../cli/doctor.ts'
import type { Finding } from '../../cli/doctor-stores.ts'
import { createDatabase } from '../support/postgres.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-doctor-'))
const servers: Server[] = []
const serve = async (
  answer: (path: string, forwarded: string | undefined) => [number, string],
): Promise<string> => {
  const server = createServer((request, response) => {
    const [status, body] = answer(request.url ?? '', request.headers['x-forwarded-for']?.toString())
    response.writeHead(status).end(body)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
const statusOf = (address: string): [number, string] => [200, JSON.stringify({ signedIn: false, address })]

let database: Awaited<ReturnType<typeof createDatabase>>
beforeAll(async () => {
  database = await createDatabase()
  vi.stubEnv('DATABASE_URL', database.url)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  for (const server of servers) server.close()
  await database.drop()
  rmSync(folder, { recursive: true, force: true })
})

const run = async (listen: Readonly<Record<string, string>>, origin: string | null, ...words: string[]) => {
  const file = join(folder, 'gatehouse.yaml')
  const origins = origin === null ? {} : { application: origin }
  const upstreams = [
    { id: 'app', name: 'App', url: 'http://127.0.0.1:3000', routes: [{ match: '* /**', class: 'public' }] },
  ]
  writeFileSync(
    file,
    JSON.stringify({
      dataDir: folder,
      listen: { adminMetrics: '127.0.0.1:1', ...listen },
      origins,
      upstreams,
    }),
  )
  const printed: string[] = []
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.push(String(text))
    return true
  })
  try {
    const code = await examine(readCommandLine(['doctor', '--config', file, '--json', ...words]), () =>
      Date.now(),
    )
    const { findings, ok } = JSON.parse(printed.join('')) as { ok: boolean; findings: readonly Finding[] }
    const of = (check: string) => findings.find((finding) => finding.check === check)
    return { code, ok, of, findings }
  } finally {
    spy.mockRestore()
  }
}

test('a good set-up, as far as it can be looked at: exit 0, and what could not be looked at is a warning', async () => {
  const application = await serve(() => statusOf('127.0.0.1'))
  const gatewayMetrics = await serve(() => [200, 'ok'])
  const { code, ok, of, findings } = await run({ application, gatewayMetrics }, null)
  expect([code, ok]).toEqual([0, true])
  expect(of('database')).toMatchObject({ state: 'ok', what: expect.stringMatching(/^PostgreSQL \d+/) })
  expect(of('database clock')?.state).toBe('ok')
  expect(of('database schema')?.state).toBe('ok')
  expect(of('gateway')?.state).toBe('ok')
  expect(of('forwarding, from here')?.state).toBe('ok')
  expect(of('control plane')).toMatchObject({
    state: 'warn',
    what: expect.stringContaining('nothing answers'),
  })
  expect(of('Redis')?.state).toBe('warn')
  for (const { state, advice } of findings) expect(advice === null).toBe(state === 'ok')
})

test('a proxy that passes on what clients write, a gateway that is not ready, and a way around: exit 1', async () => {
  const careless = await serve((_path, forwarded) => statusOf(forwarded ?? '127.0.0.1'))
  const gatewayMetrics = await serve(() => [503, 'missing: a clock that agrees\n'])
  const application = await serve(() => [200, 'the application itself'])
  const listen = { application: careless, gatewayMetrics }
  const { code, of } = await run(listen, `http://${careless}`, '--around', `http://${application}`)
  expect(code).toBe(1)
  expect(of('gateway')).toMatchObject({ state: 'fail', what: expect.stringContaining('a clock that agrees') })
  expect(of('forwarding, from here')).toMatchObject({
    state: 'warn',
    what: expect.stringContaining('any address'),
  })
  expect(of('forwarding, from outside')).toMatchObject({ state: 'fail' })
  expect(of('around the gateway')).toMatchObject({ state: 'fail' })
})

test('a name that leads to the application itself, and a database that is away', async () => {
  const application = await serve(() => [200, 'the application itself'])
  vi.stubEnv('DATABASE_URL', 'postgres://nobody:secret@127.0.0.1:1/none')
  const { code, of, findings } = await run({ application }, `http://${application}`)
  vi.stubEnv('DATABASE_URL', database.url)
  expect(code).toBe(1)
  expect(of('forwarding, from outside')).toMatchObject({
    what: expect.stringContaining('not answered by a gateway'),
  })
  expect(of('database')?.state).toBe('fail')
  expect(JSON.stringify(findings)).not.toContain('secret')
})
