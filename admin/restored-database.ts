/**
 * A database that is an older copy of what gateways know: noticed, and made to count on above everything they have seen.
 *
 * It restores nothing and compares no content. Gateways take nothing older than they hold, so a copy that counts the same
 * numbers again would have its changes, revocations among them, passed over in silence. Invariant: afterwards every version
 * is above what could have been published since the copy was made, and nobody is signed in any more: what was revoked
 * since then is forgotten by the copy, and a revocation is a number that only grows. Telling by the hot store alone was
 * refused: it may be empty too.
 */
import { sql } from 'kysely'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { Rows, Store, Tx } from './store/database.ts'
import { appendEvent, systemActor } from './store/events.ts'
import { readSequence, writeSequence } from './store/publications.ts'
import { readSetting, writeSetting } from './store/settings.ts'

/** More than is ever published between two backups. */
const sequenceLeap = 1_000_000_000
/** More changes than one practice, session or person sees between two backups; of a multiple of the canary's steps. */
const versionLeap = 1_000_000
const epochLeap = 1_000
const identitySetting = 'database-identity'
/** Acknowledgements older than this may be of before a restore. */
const ackedWithinMs: DurationMs = 120_000

/** Far above what is ever published; what claims more is no evidence but a mistake. */
const sequenceMax = 2 ** 50

/**
 * What a copy does not have: the cluster it lies in, and the numbers under which it and one of its tables were made. A
 * standby that was promoted has them; what was restored from a dump has not.
 */
async function readIdentity(rows: Rows): Promise<string> {
  const { rows: found } = await sql<{ cluster: string; made: string }>`
    select (select system_identifier::text from pg_control_system()) as cluster,
      (select oid::text from pg_database where datname = current_database()) || '/' || 'setting'::regclass::oid as made
    `.execute(rows)
  return `${found[0]?.cluster}/${found[0]?.made}`
}

async function leap(tx: Tx, seen: number, at: Instant): Promise<void> {
  const { sequence, practicesVersion } = await readSequence(tx)
  await writeSequence(tx, Math.max(seen, sequence) + sequenceLeap, practicesVersion + versionLeap)
  await tx
    .updateTable('practice_record')
    .set((eb) => ({
      members_version: eb('members_version', '+', versionLeap),
      version_base: eb('version_base', '+', versionLeap),
    }))
    .execute()
  await tx
    .updateTable('session')
    .set((eb) => ({ version: eb('version', '+', versionLeap) }))
    .execute()
  await tx
    .updateTable('canary')
    .set((eb) => ({ round: eb('round', '+', versionLeap) }))
    .execute()
  // Of retired practices too: they may be taken back.
  await sql`update membership_record set epoch = epoch + ${epochLeap}::integer, revoked_at = ${at}::bigint`.execute(
    tx,
  )
  await tx.updateTable('admin_session').set({ ended_at: at }).where('ended_at', 'is', null).execute()
}

/** Every policy and members record is to be published anew. */
export async function announceEverything(tx: Tx, at: Instant): Promise<void> {
  for (const kind of ['policy', 'members'] as const)
    await tx
      .insertInto('outbox')
      .columns(['kind', 'part', 'saved_at'])
      .expression((eb) =>
        eb.selectFrom('practice').select([eb.val(kind).as('kind'), 'id', eb.val(at).as('saved_at')]),
      )
      .execute()
}

async function goOn(tx: Tx, seen: number, at: Instant, evidence: string): Promise<void> {
  const { sequence } = await readSequence(tx)
  await leap(tx, seen, at)
  await announceEverything(tx, at)
  await appendEvent(tx, {
    ...{ practice: null, at, actor: systemActor, origin: 'auto', action: 'database.restored', target: null },
    ...{ before: { sequence }, after: { evidence } },
  })
}

/**
 * Whether the database is another one than this installation worked on last; then it counts on above everything, and
 * everybody is signed out. The first database an installation works on is its own.
 */
export function noticeCopy(store: Store, at: Instant): Promise<boolean> {
  return store.transaction(async (tx) => {
    const identity = await readIdentity(tx)
    const known = await readSetting(tx, identitySetting)
    if (known === identity) return false
    await writeSetting(tx, identitySetting, identity)
    if (known === undefined) return false
    await goOn(tx, 0, at, 'the database lies elsewhere than before')
    return true
  })
}

/** The same where `seen`, a sequence that was published, is above the database's own; whether it was. */
export function goOnAbove(store: Store, seen: number, at: Instant, evidence: string): Promise<boolean> {
  return store.transaction(async (tx) => {
    const { sequence } = await readSequence(tx)
    if (seen <= sequence || seen > sequenceMax) return false
    await goOn(tx, seen, at, evidence)
    return true
  })
}

/** The highest sequence that a gateway acknowledged lately, where it is above the database's own; `null`: none is. */
export async function acknowledgedAhead(store: Store, at: Instant): Promise<number | null> {
  const row = await store.read((rows) =>
    rows
      .selectFrom('gateway_ack')
      .select((eb) => eb.fn.max('gateway_ack.sequence').as('seen'))
      .where('at', '>', at - ackedWithinMs)
      .having((eb) =>
        eb(
          eb.fn.max('gateway_ack.sequence'),
          '>',
          eb.selectFrom('publication_state').select('publication_state.sequence'),
        ),
      )
      .executeTakeFirst(),
  )
  return row?.seen ?? null
}
