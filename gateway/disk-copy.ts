/**
 * The signed copy on disk of what a gateway holds: the public key, the table of practices, policies and members.
 *
 * It is where a gateway begins, never what it stays with: nothing read here renews the lease, and what the store or the
 * control plane has newer takes its place (SPEC §11). Invariant: a file is whole or absent, and everything in it is
 * verified like anything else; only what the table names is taken, so that a practice that is gone stays gone.
 * One file for all was refused: a hit counter's worth of change would write megabytes.
 */
import { hash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SealedRecord } from '../runtime/internal.ts'
import { keys } from '../runtime/keys.ts'
import type { Snapshots } from './snapshots.ts'

/** The copy of one gateway. */
export type DiskCopy = {
  /** The key that the control plane gave at an earlier start; `null`: none. */
  readonly publicKey: string | null
  /** Gives the mirror what lies here and its table names. Returns how many records it took. */
  restore(snapshots: Pick<Snapshots, 'apply' | 'missing'>): number
  /** Keeps a record that the mirror took in; written at most once a second. */
  keep(record: SealedRecord): void
  keepKey(publicKey: string): void
  /** Writes what is not yet written. Never rejects. */
  close(): Promise<void>
}

const writeEveryMs = 1_000
const keyFile = 'public-key'
const recordFile = /^[A-Za-z0-9_-]{43}\.json$/

const nameOf = (key: string): string => `${hash('sha256', key, 'base64url')}.json`

const isRecord = (value: unknown): value is SealedRecord =>
  typeof value === 'object' &&
  value !== null &&
  'key' in value &&
  'text' in value &&
  typeof value.key === 'string' &&
  typeof value.text === 'string'

async function readRecords(folder: string): Promise<ReadonlyMap<string, SealedRecord>> {
  const records = new Map<string, SealedRecord>()
  const names = await readdir(folder).catch(() => [])
  for (const name of names.filter((one) => recordFile.test(one))) {
    try {
      const value: unknown = JSON.parse(await readFile(join(folder, name), 'utf8'))
      if (isRecord(value) && nameOf(value.key) === name) records.set(value.key, value)
    } catch {
      // A file that cannot be read is one that is not there: the record is had elsewhere.
    }
  }
  return records
}

const readKey = async (folder: string): Promise<string | null> => {
  const text = await readFile(join(folder, keyFile), 'utf8').catch(() => '')
  return /^[A-Za-z0-9_-]{43}\n$/.test(text) ? text.trim() : null
}

/** Lays `text` down whole, readable by this user alone. */
async function lay(folder: string, name: string, text: string): Promise<void> {
  await writeFile(join(folder, `${name}.next`), text, { mode: 0o600 })
  await rename(join(folder, `${name}.next`), join(folder, name))
}

/** The copy under `dataDir`. A folder that cannot be written leaves the gateway without one, which is told once. */
export async function openDiskCopy(dataDir: string, onFault: (error: unknown) => void): Promise<DiskCopy> {
  const folder = join(dataDir, 'knowledge')
  const found = await readRecords(folder)
  const publicKey = await readKey(folder)
  const waiting = new Map<string, string>()
  let writing: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | null = null
  let failed = false

  const write = async (): Promise<void> => {
    const batch = [...waiting]
    waiting.clear()
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      for (const [name, text] of batch) await lay(folder, name, text)
    } catch (error) {
      if (!failed) onFault(error)
      failed = true
    }
  }
  const keepText = (name: string, text: string): void => {
    if (failed) return
    waiting.set(name, text)
    timer ??= setTimeout(() => {
      timer = null
      writing = writing.then(write)
    }, writeEveryMs).unref()
  }
  return {
    publicKey,
    restore(snapshots) {
      const table = found.get(keys.practices)
      if (table === undefined || snapshots.apply(table) !== 'applied') return 0
      const named = new Set(snapshots.missing())
      const taken = [...found.values()].filter(({ key }) => named.has(key))
      for (const record of taken) snapshots.apply(record)
      // Practices that are gone leave nothing behind.
      for (const { key } of found.values())
        if (key !== keys.practices && !named.has(key))
          void rm(join(folder, nameOf(key)), { force: true }).catch(onFault)
      return taken.length
    },
    keep: (record) => keepText(nameOf(record.key), JSON.stringify(record)),
    keepKey: (key) => keepText(keyFile, `${key}\n`),
    async close() {
      if (timer !== null) clearTimeout(timer)
      if (waiting.size > 0) writing = writing.then(write)
      await writing
    },
  }
}
