/**
 * `gatehouse audit verify`: recomputes the chains of security events from the database and says where one breaks.
 *
 * It reads and changes nothing. It works beside a running `start`, on DATABASE_URL, or with nothing running. The
 * checkpoints' signatures are checked with the control plane's public key where its key file is at hand.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '../admin/store/database.ts'
import { listChains, verifyChain } from '../admin/store/event-chain.ts'
import type { Config } from '../runtime/config.ts'
import { createSigner, keepSigningKey } from '../runtime/signing.ts'
import type { CommandLine } from './command-line.ts'
import { exitCodes, stopWith } from './exit-codes.ts'
import { withDatabase } from './reached-database.ts'
import { goodOrStop, readSettings } from './settings.ts'

type ChainReport = {
  readonly practice: string
  readonly ok: boolean
  readonly events: number
  readonly brokenAt: number | null
  readonly why: string
}

const publicKeyOf = (config: Config): string | null => {
  if (config.controlPlane.publicKey !== null) return config.controlPlane.publicKey
  const file = join(config.dataDir, 'signing-key')
  return existsSync(file) ? createSigner(goodOrStop(keepSigningKey(file), 'the signing key')).publicKey : null
}

const check = async (
  store: Store,
  wanted: string | null,
  publicKey: string | null,
): Promise<readonly ChainReport[]> => {
  const chains = (await store.read(listChains)).filter((chain) => wanted === null || chain === wanted)
  const reports: ChainReport[] = []
  for (const practice of chains) {
    const { ok, checked, brokenAt, why } = await verifyChain(store, practice, publicKey)
    reports.push({ practice, ok, events: checked, brokenAt, why })
  }
  return reports
}

/** Exit 0 when every chain is whole, 1 when one is broken, 69 when the database cannot be had. */
export const verifyAudit = async (line: CommandLine): Promise<number> => {
  const config = await readSettings(line)
  const reports = await withDatabase(config, (store) => check(store, line.practice, publicKeyOf(config)))
  if (line.practice !== null && reports.length === 0) {
    throw stopWith(exitCodes.failed, `gatehouse: there is no chain of a practice "${line.practice}".`)
  }
  const ok = reports.every((report) => report.ok)
  if (line.json) process.stdout.write(`${JSON.stringify({ ok, chains: reports })}\n`)
  else {
    for (const report of reports) {
      process.stdout.write(`${report.ok ? 'whole ' : 'BROKEN'}  ${report.practice}  ${report.why}\n`)
    }
  }
  return ok ? exitCodes.ok : exitCodes.failed
}
