/**
 * The publisher: turns committed changes into signed records under one global sequence, and keeps the hot store
 * filled with them.
 *
 * It decides nothing about policy. The sequence is assigned in the database, by one control plane at a time, so
 * that a crash at any point repeats work and loses none; gateways are answered from the database when the hot
 * store is away. Publishing inside the transaction of the change was refused: a slow store would hold the rows.
 */
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import { keys } from '../runtime/keys.ts'
import type { Log } from '../runtime/log.ts'
import type { Signer } from '../runtime/signing.ts'
import { compiledPoliciesOf } from './compiled-policies.ts'
import { type Batch, createHotStoreFilling, type Filling, type HotStoreFilling } from './hot-store-filling.ts'
import { acknowledgedAhead, announceEverything, goOnAbove, noticeCopy } from './restored-database.ts'
import { type BuiltRecord, buildPractices, buildRecord } from './signed-records.ts'
import type { Store, Tx } from './store/database.ts'
import { createLeadership, type Leadership } from './store/leadership.ts'
import {
  findPublication,
  isPublished,
  keepPublication,
  listPending,
  markPublished,
  type Pending,
  type Publication,
  readSequence,
  writeSequence,
} from './store/publications.ts'
import { readSetting, writeSetting } from './store/settings.ts'

/** What the publisher is at. `sequence`: the last one it assigned or found; `null`: none yet. */
export type PublisherStatus = {
  readonly leading: boolean
  readonly sequence: number | null
  /** `none`: there is no hot store. */
  readonly hotStore: Filling | 'none'
  /** The last sequence that the hot store has acknowledged. */
  readonly acknowledged: number | null
  /** Another control plane publishes, with another signing key: what this one signs, no gateway believes. */
  readonly disagrees: boolean
}

/** Publishes what is committed. No call rejects: what fails is logged and tried again at the next tick. */
export type Publisher = {
  /** Call right after a commit: publishes without waiting for the next tick. */
  readonly kick: () => void
  /** One round: publishes what waits, looks after the hot store. Resolves when both are done or have failed. */
  readonly tick: () => Promise<void>
  /** Ticks by itself every `everyMs`, first now, and whenever anybody writes to the outbox. */
  readonly start: (everyMs?: DurationMs) => void
  readonly status: () => PublisherStatus
  /** Stops ticking and gives the leadership up; what is under way is waited for. */
  readonly close: () => Promise<void>
}

/** What a publisher works with. `hotStore: null`: gateways ask `internal` for everything. */
export type PublisherParts = {
  readonly store: Store
  readonly hotStore: HotStore | null
  readonly signer: Signer
  readonly now: () => Instant
  readonly log: Log
}

const batchMax = 500
const tickMs: DurationMs = 500
const keySetting = 'published-with-key'

type Assigned = Batch & { readonly full: boolean }

async function buildAll(parts: PublisherParts, tx: Tx, pending: readonly Pending[], at: Instant) {
  const asked = new Map(pending.map((row) => [`${row.kind} ${row.part}`, row]))
  const built: BuiltRecord[] = []
  const { signer } = parts
  const compiled = compiledPoliciesOf(parts.store)
  for (const row of asked.values()) {
    const answer = await buildRecord(tx, { signer, compiled }, row, at)
    if (answer.built !== null) built.push(answer.built)
    else if (answer.problems.length > 0)
      parts.log.error(
        { kind: row.kind, part: row.part, problems: answer.problems.slice(0, 5) },
        'a saved policy does not compile: gateways keep the last good one',
      )
  }
  return built
}

/** Publishes up to 500 waiting rows within one snapshot of the database; `null`: there was nothing to do. */
async function assign(parts: PublisherParts, tx: Tx): Promise<Assigned | null> {
  const at = parts.now()
  const pending = await listPending(tx, batchMax)
  if (pending.length === 0 && (await isPublished(tx, keys.practices))) return null
  const known = await findPublication(tx, keys.practices)
  let { sequence, practicesVersion } = await readSequence(tx)
  const records: Publication[] = []
  const publish = async (built: BuiltRecord): Promise<void> => {
    sequence += 1
    const record = { ...built, sequence }
    await keepPublication(tx, record)
    records.push(record)
  }
  for (const built of await buildAll(parts, tx, pending, at)) await publish(built)
  let practicesText = known?.text ?? ''
  // Asked for, and not only built: of a practice that is retired nothing is, and the table has to lose it.
  if (known === null || pending.some(({ kind }) => kind === 'policy' || kind === 'members')) {
    practicesVersion += 1
    const practices = await buildPractices(tx, parts.signer, practicesVersion)
    practicesText = practices.text
    await publish(practices)
  }
  await writeSequence(tx, sequence, practicesVersion)
  const ids = pending.map(({ id }) => id)
  if (ids.length > 0) await markPublished(tx, ids, sequence, at)
  return { records, sequence, practicesText, full: pending.length === batchMax }
}

/** After a change of the signing key every record that counts is signed anew, under the version it has. */
async function signAnew(parts: PublisherParts): Promise<void> {
  const at = parts.now()
  const signed = await parts.store.transaction(async (tx) => {
    if ((await readSetting(tx, keySetting)) === parts.signer.publicKey) return false
    await announceEverything(tx, at)
    await tx
      .insertInto('outbox')
      .columns(['kind', 'part', 'saved_at'])
      .expression((eb) =>
        eb
          .selectFrom('session')
          .select([eb.val('session' as const).as('kind'), 'token_hash', eb.val(at).as('saved_at')])
          .where('absolute_deadline', '>', at),
      )
      .execute()
    await writeSetting(tx, keySetting, parts.signer.publicKey)
    return true
  })
  if (signed) parts.log.info({ publicKey: parts.signer.publicKey }, 'every record is signed with this key')
}

const restored =
  'the database is a restored copy: everything is published anew above it, and everybody signs in afresh'

/** Goes on above what the hot store holds or a gateway acknowledged, where that is more than the database knows. */
async function raiseAbove(parts: PublisherParts, inHotStore: number | null): Promise<boolean> {
  const { store, log } = parts
  const at = parts.now()
  const acknowledged = await acknowledgedAhead(store, at)
  const seen = Math.max(inHotStore ?? 0, acknowledged ?? 0)
  if (seen === 0) return false
  const evidence = seen === acknowledged ? 'a gateway has seen more' : 'the hot store holds more'
  const raised = await goOnAbove(store, seen, at, evidence)
  if (raised) log.error({ seen, evidence }, restored)
  return raised
}

/** Creates a publisher; it does nothing before `start` or `tick`. */
export function createPublisher(parts: PublisherParts): Publisher {
  const { store, hotStore, log } = parts
  const filling = hotStore === null ? null : createHotStoreFilling({ ...parts, hotStore })
  const round = createRound(parts, filling)
  const leadership = createLeadership(store.url, () => publisher.kick())
  let timer: NodeJS.Timeout | null = null
  let running: Promise<void> | null = null
  let again = false

  const publish = async (): Promise<void> => {
    do {
      again = false
      try {
        await round.publish(leadership)
      } catch (error) {
        log.warn({ error }, 'not published: tried again at the next tick')
      }
    } while (again)
  }
  const inOneGo = (): Promise<void> => {
    again = running !== null
    running ??= publish().finally(() => {
      running = null
    })
    return running
  }
  const publisher: Publisher = {
    kick: () => {
      void inOneGo()
    },
    tick: async () => {
      await inOneGo()
      if (round.leading()) await round.look()
    },
    start: (everyMs = tickMs) => {
      const tick = () => void publisher.tick()
      timer ??= setInterval(tick, everyMs)
      tick()
    },
    status: () => ({
      leading: round.leading(),
      sequence: round.sequence(),
      hotStore: filling?.state().filling ?? 'none',
      acknowledged: filling?.state().sequence ?? null,
      disagrees: round.disagrees(),
    }),
    close: async () => {
      if (timer !== null) clearInterval(timer)
      await running
      await round.settle()
      await leadership.close()
    },
  }
  return publisher
}

/** The work of a publisher without its timing. */
function createRound(parts: PublisherParts, filling: HotStoreFilling | null) {
  let leading = false
  let sequence: number | null = null
  let signed = false
  let disagrees = false
  /** Only while another leads: whoever leads has everything signed anew with its own key. */
  const compareKeys = async (): Promise<void> => {
    const theirs = await parts.store.read((rows) => readSetting(rows, keySetting))
    const differs = typeof theirs === 'string' && theirs !== parts.signer.publicKey
    if (differs && !disagrees)
      parts.log.error(
        { publicKey: parts.signer.publicKey, theirs },
        'another control plane publishes with another signing key: give all of them the same signingKey',
      )
    disagrees = differs
  }
  let pushes: Promise<void> = Promise.resolve()
  const publish = async (leadership: Leadership): Promise<void> => {
    const led = leading
    leading = await leadership.hold()
    if (!leading) return compareKeys()
    disagrees = false
    if (!led) {
      parts.log.info({}, 'this control plane publishes')
      if (await noticeCopy(parts.store, parts.now())) parts.log.error({}, restored)
    }
    if (!signed || !led) await signAnew(parts)
    signed = true
    for (let full = true; full; ) {
      const batch = await parts.store.snapshot((tx) => assign(parts, tx))
      if (batch === null) break
      full = batch.full
      sequence = batch.sequence
      if (filling !== null) pushes = filling.push(batch)
    }
  }
  return {
    publish,
    look: async (): Promise<void> => {
      await filling?.look()
      const raised = await raiseAbove(parts, filling?.ahead() ?? null).catch((error: unknown) => {
        parts.log.warn({ error }, 'sequence not raised')
        return false
      })
      if (raised) await filling?.look()
    },
    settle: (): Promise<void> => pushes,
    leading: (): boolean => leading,
    sequence: (): number | null => sequence,
    disagrees: (): boolean => disagrees,
  }
}
