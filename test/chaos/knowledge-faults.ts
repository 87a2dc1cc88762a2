/**
 * What can be wrong with what gateways are told: a configuration that is none, records that were tampered with, a clock that steps.
 *
 * The clock is that of one gateway's processes (libfaketime), with the system's own left alone: where that library cannot be had,
 * the fault says so and is not struck.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keys } from '../../runtime/keys.ts'
import { cachePath } from '../support/cache-folder.ts'
import { fetchDebianPackages } from '../support/debian-packages.ts'
import type { Load } from './load.ts'
import type { Fault } from './rehearsal.ts'
import type { Stage } from './stage.ts'
import { onPrimary } from './store-faults.ts'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

let before: Buffer | null = null
let lines: readonly string[] = []

/** Copies of what was true before Helen's access was ended, and texts that were never true. */
const tamper = async (stage: Stage): Promise<void> => {
  const policy = keys.policy('riverside')
  await onPrimary(stage, async (client) => {
    const text = (await client.get(policy)) ?? ''
    const [version = '0', signature = '', ...body] = text.split(' ')
    const open = body.join(' ').replaceAll('"enforce"', '"off"')
    // A newer version with the old signature, a body of our own, and a manifest that vouches for everything.
    await client.set(policy, `${Number(version) + 1} ${signature} ${open}`)
    await client.set(keys.manifest, `999999 ${signature} {"sequence":999999}`)
    await client.set(keys.members('riverside'), 'rubbish')
    const change = JSON.stringify({ kind: 'record', sequence: 999_999, key: policy, version: 999_999 })
    await client.xadd(keys.changes, '*', 't', change)
    await client.xadd(keys.changes, '*', 't', 'rubbish')
  })
}

/** Where libfaketime lies, fetched once; `null`: it cannot be had on this machine. */
export const findFakeTime = async (): Promise<string | null> => {
  const folder = cachePath('faketime', process.arch)
  await fetchDebianPackages({ purpose: 'a clock that steps', packages: ['libfaketime'], folder }).catch(
    () => {},
  )
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  const file = join(folder, 'usr', 'lib', `${machine}-linux-gnu`, 'faketime', 'libfaketimeMT.so.1')
  return existsSync(file) ? file : null
}

const setClock = (stage: Stage, offset: string): void => {
  if (stage.fakeClock === null)
    throw new Error('libfaketime cannot be had: see test/e2e/knowledge-redis.test.ts')
  writeFileSync(stage.fakeClock, offset)
}

const reload = async (stage: Stage, text: string | Buffer, until: RegExp): Promise<void> => {
  const [gateway] = stage.gateways
  if (gateway === undefined) throw new Error('no gateway')
  before ??= readFileSync(gateway.file)
  writeFileSync(gateway.file, text)
  const command = gateway.command()
  command.mark()
  command.kill('SIGHUP')
  lines = [...lines, (await command.said(until))[0]]
}

/** Faults of what gateways are told. */
export const knowledgeFaults: readonly Fault[] = [
  {
    id: 'configuration-bad',
    what: 'a configuration with a mistake is read again (SIGHUP), then the right one',
    sees: 'nothing: the gateway goes on by the last good one and says why',
    allows: 'nobody notices',
    lastsMs: 500,
    async strike(stage) {
      await reload(stage, '{"gateway": {"workers": "many"}}', /gateway\.workers[^\n]*/)
      return undefined
    },
    async heal(stage) {
      if (before !== null) await reload(stage, before, /the workers of the last configuration are gone/)
      before = null
    },
  },
  {
    id: 'records-tampered',
    what: 'policy, members and manifest in Redis overwritten with forged ones, and forged news of them',
    sees: 'nothing: unsigned is unread, and the control plane fills it anew',
    allows: 'nobody notices',
    lastsMs: 2_000,
    async strike(stage) {
      await tamper(stage)
      return undefined
    },
  },
  {
    id: 'clock-stepped',
    what: 'the clock of one gateway steps by two minutes, both ways',
    sees: 'nothing; that gateway says `not ready` while it differs from the stores',
    allows: 'nobody notices',
    lastsMs: 0,
    async strike(stage: Stage, _load: Load) {
      for (const offset of ['+120', '-120']) {
        setClock(stage, offset)
        await pause(3_000)
        const gateway = stage.gateways.at(-1)
        const ready = await fetch(new URL('/readyz', gateway?.told().workers[0]?.metrics ?? ''))
        if (ready.status !== 503) throw new Error(`its clock is off by ${offset} s and it is ready`)
      }
      setClock(stage, '+0')
      return performance.now()
    },
    async heal(stage) {
      if (stage.fakeClock !== null) setClock(stage, '+0')
    },
  },
]
