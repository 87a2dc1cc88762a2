/**
 * An admin who keeps adding entries to a list while something is broken, and what became of those that were confirmed.
 *
 * Invariant: an entry counts as confirmed only by an answer of 2xx that came whole. Each confirmed one must afterwards be there
 * with its event, once, and the chain of events must hold.
 */
import { openStore } from '../../admin/store/database.ts'
import { verifyChain } from '../../admin/store/event-chain.ts'
import { revisionOf } from '../support/admin-client.ts'
import type { Stage } from './stage.ts'

const practice = 'riverside'
const path = `/api/practices/${practice}/ip-entries`

/** Somebody editing. */
export type Edits = {
  /** Labels whose entries were confirmed. */
  readonly confirmed: readonly string[]
  /** Resolves with the time when the next one is confirmed (`performance.now()`); rejects after `ms`. */
  next(ms: number): Promise<number>
  stop(): Promise<void>
}

/** An answer that hangs is given up: a control plane that is stopped takes questions and answers none. */
const within = <T>(ms: number, work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), ms)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

let edits = 0

/** Adds one entry after the other, each once; what is not confirmed is not tried again. */
export const startEdits = (stage: Stage): Edits => {
  const { admin } = stage
  const confirmed: string[] = []
  let open = true
  let lastAt = Number.NEGATIVE_INFINITY
  let revision: number | null = null
  const addOne = async (): Promise<void> => {
    edits += 1
    const label = `Edit ${edits}`
    try {
      revision ??= await within(5_000, revisionOf(admin, practice))
      const entry = {
        ...{ range: `198.18.${edits >> 8}.${edits & 255}`, label, audience: 'practice' },
        ...{ on: false, note: '', expiresAt: null },
      }
      const answer = await within(5_000, admin.send('POST', path, entry, revision))
      if (answer.status < 200 || answer.status > 299) throw new Error(String(answer.status))
      revision += 1
      confirmed.push(label)
      lastAt = performance.now()
    } catch {
      revision = null
      await pause(100)
    }
  }
  const loop = (async () => {
    while (open) {
      await addOne()
      await pause(40)
    }
  })()
  return {
    confirmed,
    async next(ms) {
      const from = performance.now()
      while (lastAt < from) {
        if (performance.now() - from > ms) throw new Error(`no edit was confirmed within ${ms} ms`)
        await pause(20)
      }
      return lastAt
    },
    async stop() {
      open = false
      await loop
    },
  }
}

/** Throws unless each of these entries is there with one event, and every chain holds; says how many. */
export const demandKept = async (stage: Stage, confirmed: readonly string[]): Promise<string> => {
  const store = openStore({ url: stage.postgres.url, poolMax: 1 })
  try {
    const added = await stage.postgres.query<{ target_name: string; body: string }>(
      "select target_name, body from security_event where practice = $1 and action = 'ip-entry.added'",
      [practice],
    )
    const lost = confirmed.filter(
      (label) => added.filter(({ body }) => body.includes(`"${label}"`)).length !== 1,
    )
    if (lost.length > 0)
      throw new Error(`${lost.length} of ${confirmed.length} events lost: ${lost.slice(0, 3)}`)
    for (const chain of [practice, null]) {
      const check = await verifyChain(store, chain, null)
      if (!check.ok) throw new Error(`the chain of ${chain ?? 'the gateways'} does not hold`)
    }
    return `${confirmed.length} edits confirmed, 0 events lost`
  } finally {
    await store.close()
  }
}
