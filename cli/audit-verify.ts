/**
 * `gatehouse audit verify`: recomputes the chains of security events and says where one breaks.
 *
 * It reads and changes nothing. The chains are the database's (beside a running `start`, on DATABASE_URL, or with nothing
 * running), held against checkpoints kept elsewhere where a file of them is named; or those of an exported file, and then
 * no database is asked at all. Signatures are checked with the control plane's public key: typed, configured, or its own.
 */
import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { readCheckpoints } from '../admin/events/checkpoint-file.ts'
import { checkEventFile } from '../admin/events/event-file.ts'
import type { Store } from '../admin/store/database.ts'
import { listChains, verifyChain } from '../admin/store/event-chain.ts'
import type { Checkpoint } from '../admin/store/event-link.ts'
import type { Config } from '../runtime/config.ts'
import { createSigner, createVerifier, keepSigningKey, readSigningKey } from '../runtime/signing.ts'
import { type CommandLine, typedIn } from './command-line.ts'
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

const cannotRead = (file: string, error: unknown) => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  return stopWith(exitCodes.usage, `gatehouse audit verify: ${file} cannot be read (${code}).`)
}

const typedKey = (line: CommandLine): string | null => {
  const key = typedIn(line, 'public-key') ?? null
  if (key !== null && createVerifier(key) === null)
    throw stopWith(
      exitCodes.usage,
      'gatehouse audit verify: --public-key takes 43 characters of base64url (Ed25519).',
    )
  return key
}

const publicKeyOf = (config: Config): string | null => {
  if (config.controlPlane.publicKey !== null) return config.controlPlane.publicKey
  const shared = config.signingKey === null ? null : readSigningKey(config.signingKey)
  if (shared !== null) return createSigner(shared).publicKey
  const file = join(config.dataDir, 'signing-key')
  return existsSync(file) ? createSigner(goodOrStop(keepSigningKey(file), 'the signing key')).publicKey : null
}

/** The checkpoints of the file that was named, if one was; a file with lines that are none is not believed. */
const outsidePoints = (line: CommandLine): readonly Checkpoint[] => {
  const file = typedIn(line, 'checkpoints')
  if (file === undefined) return []
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw cannotRead(file, error)
  }
  const { points, strange } = readCheckpoints(text)
  // One line may have been cut off by a crash and was written again below.
  if (strange > 1 || points.length === 0)
    throw stopWith(
      exitCodes.failed,
      `gatehouse audit verify: ${file} is no file of checkpoints, or was altered.`,
    )
  return points
}

const checkDatabase = async (
  store: Store,
  wanted: string | null,
  publicKey: string | null,
  outside: readonly Checkpoint[],
): Promise<readonly ChainReport[]> => {
  const known = await store.read(listChains)
  // A chain that the checkpoints know and the database does not was removed whole.
  const chains = [...new Set([...known, ...outside.map(({ practice }) => practice)])].sort()
  const reports: ChainReport[] = []
  for (const practice of chains.filter((chain) => wanted === null || chain === wanted)) {
    const { ok, checked, brokenAt, why } = await verifyChain(store, practice, publicKey, outside)
    reports.push({ practice, ok, events: checked, brokenAt, why })
  }
  return reports
}

const checkFile = async (line: CommandLine, file: string): Promise<readonly ChainReport[]> => {
  const publicKey = typedKey(line) ?? publicKeyOf(await readSettings(line))
  if (publicKey === null)
    throw stopWith(exitCodes.usage, 'gatehouse audit verify: name the public key with --public-key KEY.')
  const points = outsidePoints(line)
  try {
    const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })
    const { ok, practice, checked, brokenAt, why } = await checkEventFile(lines, points, publicKey)
    return [{ practice: practice ?? '(no events)', ok, events: checked, brokenAt, why }]
  } catch (error) {
    throw cannotRead(file, error)
  }
}

const checkAll = async (line: CommandLine): Promise<readonly ChainReport[]> => {
  const file = typedIn(line, 'events')
  if (file !== undefined) return checkFile(line, file)
  const config = await readSettings(line)
  const publicKey = typedKey(line) ?? publicKeyOf(config)
  const outside = outsidePoints(line)
  return withDatabase(config, (store) => checkDatabase(store, line.practice, publicKey, outside))
}

/** Exit 0 when every chain is whole, 1 when one is broken, 64 for files that cannot be read, 69 without a database. */
export const verifyAudit = async (line: CommandLine): Promise<number> => {
  const reports = await checkAll(line)
  if (line.practice !== null && reports.length === 0)
    throw stopWith(exitCodes.failed, `gatehouse: there is no chain of a practice "${line.practice}".`)
  const ok = reports.every((report) => report.ok)
  if (line.json) process.stdout.write(`${JSON.stringify({ ok, chains: reports })}\n`)
  else
    for (const report of reports)
      process.stdout.write(`${report.ok ? 'whole ' : 'BROKEN'}  ${report.practice}  ${report.why}\n`)
  return ok ? exitCodes.ok : exitCodes.failed
}
