/**
 * Signed checkpoints in a file of their own, one JSON line each: appended as they are made, and read back to check by.
 *
 * It signs nothing and judges nothing. Invariant: what the file has reached the disk (fsync) before more is made of it,
 * and where it goes on is read from its own end, so that a crash, a moved file or a second control plane (each has its
 * own file) needs no bookkeeping: a file that is new begins with the newest checkpoint of every chain. A cursor in the
 * database was refused: the file is there for the day when the database is not believed.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { z } from 'zod'
import type { Store } from '../store/database.ts'
import {
  listCheckpoints,
  listNewestCheckpoints,
  type NumberedCheckpoint,
} from '../store/event-checkpoints.ts'

const lineSchema = z.strictObject({
  kind: z.literal('event-checkpoint'),
  number: z.number().int().positive(),
  practice: z.string(),
  seq: z.number().int().positive(),
  hash: z.string(),
  at: z.number().int(),
  signature: z.string(),
})

const pageMax = 1_000
const tailBytes = 65_536

const lineOf = ({ number, practice, seq, hash, at, signature }: NumberedCheckpoint): string =>
  `${JSON.stringify({ kind: 'event-checkpoint', number, practice, seq, hash, at, signature })}\n`

const readLine = (line: string): NumberedCheckpoint | null => {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data ?? null
  } catch {
    return null
  }
}

/** The checkpoints in the text of such a file; `strange`: how many lines are none. */
export function readCheckpoints(text: string): {
  readonly points: readonly NumberedCheckpoint[]
  readonly strange: number
} {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const points = lines.map(readLine).filter((point) => point !== null)
  return { points, strange: lines.length - points.length }
}

/** The number of the last checkpoint in the file (`null`: none), and whether its last line was written whole. */
async function readEnd(file: FileHandle): Promise<{ readonly last: number | null; readonly whole: boolean }> {
  const { size } = await file.stat()
  const start = Math.max(0, size - tailBytes)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start)
  const text = buffer.toString('utf8', 0, bytesRead)
  return {
    last: readCheckpoints(text).points.at(-1)?.number ?? null,
    whole: text === '' || text.endsWith('\n'),
  }
}

async function nextPoints(store: Store, last: number | null): Promise<readonly NumberedCheckpoint[]> {
  const newest = await store.read(listNewestCheckpoints)
  // The database was restored from an older copy, or the file is another's: say so by beginning anew.
  const isAhead = last !== null && !newest.some(({ number }) => number >= last)
  if (last === null || isAhead) return newest
  return store.read((rows) => listCheckpoints(rows, last, pageMax))
}

/**
 * Appends what is missing to `file`, which is made if it is not there; answers how many lines. Rejects with a `Fault` of
 * the database or with the system's error, having written whole lines or the beginning of one.
 */
export async function appendCheckpoints(store: Store, file: string): Promise<number> {
  const handle = await open(file, 'a+', 0o640)
  try {
    const { last, whole } = await readEnd(handle)
    const points = await nextPoints(store, last)
    if (points.length === 0) return 0
    await handle.appendFile((whole ? '' : '\n') + points.map(lineOf).join(''))
    await handle.sync()
    return points.length
  } finally {
    await handle.close()
  }
}
