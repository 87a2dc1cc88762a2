/**
 * Keeping the hot store filled: writes published records in order, notices when the store has lost something, and
 * then fills it again from the database before it marks it as seeded.
 *
 * It assigns nothing and decides nothing; whatever the store does, the record is the database. Any failed write
 * makes the store's content unknown, and unknown is looked at before it is trusted. Replaying a backlog after an
 * outage was refused: a store that came back from an old file would keep what the backlog does not mention.
 */
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import { keys } from '../runtime/keys.ts'
import type { Log } from '../runtime/log.ts'
import { type Change, manifestSchema, seededSchema } from '../runtime/records.ts'
import { createVerifier, openRecord, type Signer } from '../runtime/signing.ts'
import { sealManifest, sealSeeded } from './signed-records.ts'
import type { Store } from './store/database.ts'
import {
  findPublication,
  listPublications,
  listPublished,
  type Publication,
  readSequence,
} from './store/publications.ts'

/** Records published together, oldest first, with the manifest's root text as of their last sequence. */
export type Batch = {
  readonly records: readonly Publication[]
  readonly sequence: number
  readonly practicesText: string
}

/** What is known of the store's content. `unknown`: to be looked at before it is trusted. */
export type Filling = 'unknown' | 'seeding' | 'filled'

/** Keeps one hot store filled. Calls are queued and never reject: what fails is logged and tried again at the next look. */
export type HotStoreFilling = {
  /** Writes a batch, in turn; does nothing while the store's content is unknown (filling it will bring it). */
  readonly push: (batch: Batch) => Promise<void>
  /** Looks whether the store still holds what it must, fills it if not, and re-issues the manifest when due. */
  readonly look: () => Promise<void>
  readonly state: () => { readonly filling: Filling; readonly sequence: number | null }
  /** The sequence of a manifest of ours in the store that is ahead of the database; `null`: none. */
  readonly ahead: () => number | null
}

/** How often the manifest is issued anew, so that its age tells gateways that somebody publishes. */
export const manifestEveryMs: DurationMs = 5_000

const changesMax = 100_000
const pageMax = 500
const retoldMax = 50_000

/** Where everything comes from. */
export type FillingParts = {
  readonly store: Store
  readonly hotStore: HotStore
  readonly signer: Signer
  readonly now: () => Instant
  readonly log: Log
}

const writeRecord = async (hotStore: HotStore, record: Publication, at: Instant): Promise<void> => {
  const expiresInMs = record.expiresAt === null ? null : record.expiresAt - at
  if (expiresInMs === null || expiresInMs > 0) await hotStore.write(record.key, record.text, expiresInMs)
}

type Told = Pick<Publication, 'key' | 'sequence' | 'version'>

const tell = async (hotStore: HotStore, records: readonly Told[]): Promise<void> => {
  const changes = records.map(
    ({ key, sequence, version }): Change => ({ kind: 'record', sequence, key, version }),
  )
  await Promise.all(
    changes.map((change) => hotStore.append(keys.changes, JSON.stringify(change), changesMax)),
  )
}

/** What the store says of itself: the sequences of its manifest and seeded mark, as signed by us. */
async function readMarks({ hotStore, signer }: FillingParts) {
  const verifier = createVerifier(signer.publicKey)
  const [seededText, manifestText] = await hotStore.readMany([keys.seeded, keys.manifest])
  const open = (
    key: string,
    text: string | null | undefined,
    schema: typeof seededSchema | typeof manifestSchema,
  ) =>
    verifier === null || text == null
      ? null
      : (openRecord<object>(verifier, key, text, schema)?.version ?? null)
  return {
    seeded: open(keys.seeded, seededText, seededSchema),
    manifest: open(keys.manifest, manifestText, manifestSchema),
  }
}

/** Writes every publication of one sort to the store, page by page; `between` runs after each page. */
async function writeAll(
  parts: FillingParts,
  sessions: 'without' | 'only',
  between: () => Promise<void>,
): Promise<number> {
  let after = 0
  let count = 0
  for (;;) {
    const at = parts.now()
    const cursor = after
    const page = await parts.store.read((rows) =>
      listPublications(rows, { after: cursor, countMax: pageMax, sessions, at }),
    )
    await Promise.all(page.map((record) => writeRecord(parts.hotStore, record, at)))
    count += page.length
    const last = page.at(-1)
    if (last === undefined) return count
    after = last.sequence
    await between()
  }
}

/** The sequence, and the table of practices, as one view. */
const readHead = (store: Store) =>
  store.snapshot(async (tx) => ({
    ...(await readSequence(tx)),
    practices: await findPublication(tx, keys.practices),
  }))

/** What is remembered between calls. */
type Memory = {
  filling: Filling
  /** The highest sequence whose manifest the store has acknowledged to us. */
  pushed: number | null
  /** Up to which sequence gateways were nudged by us. */
  told: number | null
  issuedAt: Instant
  ahead: number | null
  practicesText: string | null
  readonly waiting: Batch[]
}

async function issueManifest(
  parts: FillingParts,
  memory: Memory,
  sequence: number,
  text: string,
): Promise<void> {
  const at = parts.now()
  const manifest = sealManifest(parts.signer, sequence, text, at)
  await parts.hotStore.write(manifest.key, manifest.text, null)
  memory.pushed = sequence
  memory.practicesText = text
  memory.issuedAt = at
}

async function writeBatch(parts: FillingParts, memory: Memory, batch: Batch): Promise<void> {
  if (memory.pushed !== null && batch.sequence <= memory.pushed) return
  const at = parts.now()
  // Records before the table that names them, the table before the manifest that vouches for it, nudges last.
  const others = batch.records.filter(({ kind }) => kind !== 'practices')
  await Promise.all(others.map((record) => writeRecord(parts.hotStore, record, at)))
  const practices = batch.records.filter(({ kind }) => kind === 'practices')
  await Promise.all(practices.map((record) => writeRecord(parts.hotStore, record, at)))
  await issueManifest(parts, memory, batch.sequence, batch.practicesText)
  await tell(parts.hotStore, batch.records)
  memory.told = batch.sequence
}

async function flush(parts: FillingParts, memory: Memory): Promise<void> {
  if (memory.filling === 'unknown') memory.waiting.length = 0
  for (let batch = memory.waiting.shift(); batch !== undefined; batch = memory.waiting.shift())
    await writeBatch(parts, memory, batch)
}

/**
 * Nudges gateways about everything that they may have missed: since they were last told, since what the store still
 * vouched for, since the slowest of them acknowledged. Being told twice is harmless.
 */
async function retell(
  parts: FillingParts,
  memory: Memory,
  sequence: number,
  vouched: number | null,
): Promise<void> {
  const slowest = await slowestGateway(parts.store, parts.now())
  const since = Math.min(sequence, memory.told ?? sequence, vouched ?? sequence, slowest ?? sequence)
  const missed = await parts.store.read((rows) => listPublished(rows, since, retoldMax))
  await tell(
    parts.hotStore,
    missed.filter((record) => record.sequence <= sequence),
  )
  memory.told = sequence
}

async function fill(parts: FillingParts, memory: Memory, vouched: number | null, why: string): Promise<void> {
  memory.filling = 'seeding'
  memory.pushed = null
  await parts.hotStore.remove(keys.seeded)
  // New batches are written between pages: a revocation does not wait for a million sessions.
  const between = () => flush(parts, memory)
  const records = (await writeAll(parts, 'without', between)) + (await writeAll(parts, 'only', between))
  const head = await readHead(parts.store)
  if (head.practices === null) return
  await issueManifest(parts, memory, head.sequence, head.practices.text)
  const seeded = sealSeeded(parts.signer, head.sequence, parts.now())
  await parts.hotStore.write(seeded.key, seeded.text, null)
  await retell(parts, memory, head.sequence, vouched)
  memory.filling = 'filled'
  parts.log.info({ records, sequence: head.sequence, why }, 'hot store filled')
}

/** The store holds all it must, although we were away: goes on from here. */
async function resume(parts: FillingParts, memory: Memory, sequence: number): Promise<void> {
  const head = await readHead(parts.store)
  if (head.practices === null || head.sequence !== sequence) return
  memory.filling = 'filled'
  await issueManifest(parts, memory, head.sequence, head.practices.text)
  await retell(parts, memory, head.sequence, null)
}

async function lookNow(parts: FillingParts, memory: Memory): Promise<void> {
  const marks = await readMarks(parts)
  const { sequence } = await parts.store.read(readSequence)
  memory.ahead = marks.manifest !== null && marks.manifest > sequence ? marks.manifest : null
  // The publisher raises the database's sequence first; until then nothing lower may be issued.
  if (memory.ahead !== null) return
  const { filling, pushed, practicesText } = memory
  if (marks.seeded === null || marks.manifest === null)
    await fill(parts, memory, marks.manifest, 'no mark of a filled store')
  else if (marks.manifest < (pushed ?? sequence))
    await fill(parts, memory, marks.manifest, 'the store has gone back')
  else if (filling !== 'filled' && marks.manifest !== sequence)
    await fill(parts, memory, marks.manifest, 'changes were published without it')
  else if (filling !== 'filled') await resume(parts, memory, sequence)
  else if (
    practicesText !== null &&
    pushed !== null &&
    Math.abs(parts.now() - memory.issuedAt) >= manifestEveryMs
  )
    await issueManifest(parts, memory, pushed, practicesText)
  await flush(parts, memory)
}

/** Creates the filling of one hot store; its content is unknown until the first `look`. */
export function createHotStoreFilling(parts: FillingParts): HotStoreFilling {
  const memory: Memory = {
    filling: 'unknown',
    pushed: null,
    told: null,
    issuedAt: 0,
    ahead: null,
    practicesText: null,
    waiting: [],
  }
  let queue: Promise<void> = Promise.resolve()
  const inTurn = (what: string, work: () => Promise<void>): Promise<void> => {
    queue = queue.then(work).catch((error: unknown) => {
      if (memory.filling !== 'unknown')
        parts.log.warn({ error, what }, 'hot store not reached: its content is unknown')
      memory.filling = 'unknown'
      memory.waiting.length = 0
    })
    return queue
  }
  return {
    push: (batch) => {
      memory.waiting.push(batch)
      return inTurn('push', () => flush(parts, memory))
    },
    look: () => inTurn('look', () => lookNow(parts, memory)),
    state: () => ({ filling: memory.filling, sequence: memory.pushed }),
    ahead: () => memory.ahead,
  }
}

const ackedWithinMs: DurationMs = 120_000

async function slowestGateway(store: Store, at: Instant): Promise<number | null> {
  const row = await store.read((rows) =>
    rows
      .selectFrom('gateway_ack')
      .select((eb) => eb.fn.min('sequence').as('sequence'))
      .where('at', '>', at - ackedWithinMs)
      .executeTakeFirst(),
  )
  return row?.sequence ?? null
}
