/**
 * The highest sequence this gateway ever saw, kept in a file: an old Redis cannot bring old policy back.
 *
 * It is not knowledge, only its floor. Invariant: the number on disk never falls, and the file is whole or absent
 * (written beside and renamed). Trusting the manifest's age alone was refused: who can stop a clock could replay.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The floor of knowledge. */
export type Watermark = {
  /** The highest sequence seen; `null`: none yet, nothing was ever known here. */
  highest(): number | null
  /** Raises it; lower numbers change nothing. Written at most once a second. */
  raise(sequence: number): void
  /** Writes what is not yet written. Never rejects. */
  close(): Promise<void>
}

const form = /^(0|[1-9]\d{0,15})$/

async function readNumber(file: string): Promise<number | null> {
  try {
    const text = (await readFile(file, 'utf8')).trim()
    return form.test(text) ? Number(text) : null
  } catch {
    return null
  }
}

/** The watermark kept in `dataDir`; a folder that cannot be written makes it last only as long as the process. */
export async function openWatermark(dataDir: string, onFault: (error: unknown) => void): Promise<Watermark> {
  const file = join(dataDir, 'watermark')
  let highest = await readNumber(file)
  let written = highest
  let writing: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | null = null

  const write = async (): Promise<void> => {
    const next = highest
    if (next === null || next === written) return
    try {
      await mkdir(dataDir, { recursive: true, mode: 0o700 })
      await writeFile(`${file}.next`, `${next}\n`, { mode: 0o600 })
      await rename(`${file}.next`, file)
      written = next
    } catch (error) {
      onFault(error)
    }
  }
  const schedule = (): void => {
    timer ??= setTimeout(() => {
      timer = null
      writing = writing.then(write)
    }, 1_000).unref()
  }
  return {
    highest: () => highest,
    raise(sequence) {
      if (highest !== null && sequence <= highest) return
      highest = sequence
      schedule()
    },
    async close() {
      if (timer !== null) clearTimeout(timer)
      writing = writing.then(write)
      await writing
    },
  }
}
