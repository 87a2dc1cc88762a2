/**
 * A secret kept in a file of its own: made at the first call, the same ever after.
 *
 * It is not a vault: the operating system's file rights are the protection, so a file that others can read is
 * refused, not repaired. Several processes that start together get one secret: the file appears whole, by a hard
 * link that fails if another was first, and is replaced by a rename. Overwriting in place was refused: a crash would
 * leave half a key.
 */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { Checked } from '../policies/problem.ts'

const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error)

const problem = (file: string, sentence: string): Checked<never> => ({
  ok: false,
  problems: [{ path: file, sentence }],
})

/** The text kept in `file`, trimmed; `null`: there is no such file. Problems: open to others, empty, or unreadable. */
export function readSecret(file: string): Checked<string> | null {
  let mode: number
  let text: string
  try {
    mode = statSync(file).mode
    text = readFileSync(file, 'utf8').trim()
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? null : problem(file, `cannot be read (${errorCode(error)})`)
  }
  if ((mode & 0o077) !== 0) return problem(file, 'can be read by other users: run chmod 600 on it')
  if (text === '')
    return problem(file, 'is empty: restore it from a backup, or remove it to have a new one made')
  return { ok: true, value: text }
}

/** Writes a secret whole beside its file, for the caller to put in its place; the draft's path. */
function writeDraft(file: string, text: string): string {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomBytes(6).toString('hex')}`
  const handle = openSync(draft, 'wx', 0o600)
  try {
    writeSync(handle, `${text}\n`)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  return draft
}

/** Puts another secret in the place of the one kept in `file`: readers see the one or the other, whole. */
export function replaceSecret(file: string, text: string): void {
  renameSync(writeDraft(file, text), file)
}

function writeSecret(file: string, text: string): void {
  const draft = writeDraft(file, text)
  try {
    linkSync(draft, file)
  } finally {
    unlinkSync(draft)
  }
}

/**
 * The text kept in `file` (mode 0600), trimmed; `make` is asked for it once, when there is no such file.
 * Problems: the file is open to others, empty, or cannot be read or made.
 */
export function keepSecret(file: string, make: () => string): Checked<string> {
  const found = readSecret(file)
  if (found !== null) return found
  try {
    writeSecret(file, make().trim())
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') return problem(file, `cannot be made (${errorCode(error)})`)
  }
  return readSecret(file) ?? problem(file, 'vanished right after it was made')
}
