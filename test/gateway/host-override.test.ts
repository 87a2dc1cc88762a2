/**
 * Goal: an operator's override on the host lets people in whom address or hours refuse, needs neither store nor control
 * plane, ends by itself, and only root's own file counts. Method: a gateway with the store cut off; files of all kinds.
 */
import { chmodSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { fleetKey, openFleet } from '../../runtime/fleet-seal.ts'
import { overrideMaxMs, readOverride, writeOverride } from '../../runtime/host-override.ts'
import { keys } from '../../runtime/keys.ts'
import { eventually, type Stand, startStand } from '../support/gateway-stand.ts'

let stand: Stand
let file: string
beforeAll(async () => {
  stand = await startStand({
    // Its mirrors must last while everything else is away.
    change: (config) => ({ ...config, gateway: { ...config.gateway, leaseMs: 60_000 } }),
  })
  const folder = join(stand.folder, 'gateway-1')
  mkdirSync(folder, { recursive: true })
  file = join(folder, 'override.json')
})
afterAll(() => stand.close())
afterEach(() => rmSync(file, { recursive: true, force: true }))

const me = process.getuid?.() ?? 0
const hour = 3_600_000
const override = (change: object = {}) => ({
  ...{ practices: ['riverside'], since: stand.clock.now(), until: stand.clock.now() + hour },
  ...{ reason: 'The office moved', by: 'root', ...change },
})
const put = (change: object = {}) =>
  writeOverride(file, override(change) as Parameters<typeof writeOverride>[1])

test('only a plain file of root’s that nobody else may write counts, and never for longer than four hours', () => {
  const at = stand.clock.now()
  const read = () => readOverride(file, at, me)
  expect(read()).toEqual({ kind: 'none' })
  put()
  expect(read()).toMatchObject({ kind: 'override', override: { reason: 'The office moved' } })
  expect(readOverride(file, at, me + 1)).toMatchObject({ kind: 'bad' })
  for (const mode of [0o664, 0o646, 0o666]) {
    chmodSync(file, mode)
    expect(read(), mode.toString(8)).toMatchObject({ kind: 'bad' })
  }
  chmodSync(file, 0o644)
  linkSync(file, `${file}.2`)
  expect(read()).toMatchObject({ kind: 'bad' })
  rmSync(file)
  symlinkSync(`${file}.2`, file)
  expect(read()).toMatchObject({ kind: 'bad' })
  rmSync(`${file}.2`)
  rmSync(file)
  mkdirSync(file)
  expect(read()).toMatchObject({ kind: 'bad' })
  rmSync(file, { recursive: true })
  for (const change of [
    { until: at + overrideMaxMs + 1, since: at },
    { since: at + 60_000, until: at + hour },
    { practices: [] },
    { reason: ' ' },
    { more: 1 },
  ]) {
    put(change)
    expect(read(), JSON.stringify(change)).toMatchObject({ kind: 'bad' })
  }
  put({ since: at - hour, until: at })
  expect(read()).toEqual({ kind: 'none' })
  writeFileSync(file, 'x'.repeat(20_000), { mode: 0o644 })
  expect(read()).toMatchObject({ kind: 'bad' })
})

test('lets in with everything away, says so, and ends by itself; second factors and revocations hold', async () => {
  const client = stand.client()
  await stand.signIn(client, 'ann')
  // The host died once while it wrote here: what comes after is told all the same.
  writeFileSync(join(stand.folder, 'gateway-1', 'override-spool.jsonl'), '{"kind":"event","at":17')
  await stand.control.savePolicy('riverside', ({ controls, ...document }) => ({
    ...document,
    requests: { ...document.requests, ip: false },
    controls: { ...controls, ip: { ...controls.ip, mode: 'enforce' } },
    ipEntries: [
      {
        ...{ id: 'office', range: '127.0.0.9/32', label: 'Office', audience: 'practice', on: true },
        ...{ expiresAt: null, note: '', createdBy: 'test', createdAt: 0 },
      },
    ],
  }))
  const status = async (): Promise<number> => (await client.get('/patients/7', { navigation: false })).status
  await eventually(async () => (await status()) === 403, 'enforced')
  stand.storeState.broken = true
  stand.control.stop()
  put()
  await eventually(async () => (await status()) === 200, 'watched instead')
  const metrics = await (await fetch(`${stand.gateways[0]!.addresses.metrics}/metrics`)).text()
  expect(metrics).toContain('gatehouse_host_override_active 1')
  // Past its end, nobody having looked at the file.
  stand.clock.advance(hour)
  expect(await status()).toBe(403)
  stand.clock.advance(-hour)
  rmSync(file)
  await eventually(async () => (await status()) === 403, 'enforced again')
  stand.storeState.broken = false
  stand.control.restart()
  const fleet = fleetKey('a-cluster-key-for-tests-only-0123456789')
  const told = async (): Promise<string> => {
    const entries = await stand.store.readAfter(keys.reports, '0-0', 1_000, 0)
    return entries.map(({ text }) => openFleet(fleet, keys.reports, text)).join('\n')
  }
  await eventually(async () => (await told()).includes('"host-override.off"'), 'what was spooled arrives')
  expect(await told()).toContain('"name":"host-override.on","practice":"riverside"')
  expect(await told()).toContain('The office moved')
  put()
  await eventually(async () => (await status()) === 200, 'watched again')
  await stand.control.revoke('riverside', 'usr_ann')
  await eventually(async () => (await status()) === 401, 'revoked all the same')
})
