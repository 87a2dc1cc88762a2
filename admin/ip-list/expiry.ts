/**
 * Tells of allowlist entries that have expired: an event in the practice's chain, once, some time after the moment.
 *
 * It ends nothing: gateways know the instant and stop letting anybody in by themselves. Invariant: how far has been told
 * lies in the database and moves on in the transaction of the events, so that two control planes tell nothing twice and
 * a restart forgets nothing. A row per entry was refused: the policy document knows when each expires.
 */
import { sql } from 'kysely'
import type { Instant } from '../../policies/instant.ts'
import { eventOf, ownDeed } from '../deed.ts'
import type { Store, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import { readSetting, writeSetting } from '../store/settings.ts'

const toldSetting = 'ip-expiries-told-until'
const listedMax = 50

type Expired = {
  readonly practice: string
  readonly name: string
  readonly revision: number
  readonly entries: readonly {
    readonly id: string
    readonly label: string
    readonly range: string
    readonly expiresAt: number
  }[]
}

/**
 * Entries that are on and expired after `from`, until `to` inclusive, by practice in order of their ids. Only documents
 * with such an entry are unpacked (`expiries` lies beside them).
 */
async function listExpired(tx: Tx, from: Instant, to: Instant): Promise<readonly Expired[]> {
  const { rows } = await sql<Expired>`
    select p.id as practice, p.name, p.revision, json_agg(json_build_object('id', e.value ->> 'id',
      'label', e.value ->> 'label', 'range', e.value ->> 'range',
      'expiresAt', (e.value ->> 'expiresAt')::bigint) order by e.value ->> 'label') as entries
    from practice p
    join policy_revision r on r.practice = p.id and r.revision = p.revision
    cross join lateral jsonb_array_elements(r.document -> 'ipEntries') e
    where exists (select from unnest(r.expiries) due where due > ${from} and due <= ${to})
      and (e.value ->> 'on')::boolean
      and (e.value ->> 'expiresAt')::bigint > ${from} and (e.value ->> 'expiresAt')::bigint <= ${to}
    group by p.id, p.name, p.revision
    order by p.id`.execute(tx)
  return rows
}

/** Tells of the entries expired by `at` that were not told of yet; how many those are. */
export function tellExpired(store: Store, at: Instant): Promise<number> {
  return store.transaction(async (tx) => {
    // Of two control planes the second waits here, and then finds it done.
    await sql`select pg_advisory_xact_lock(hashtextextended(${toldSetting}, 4250))`.execute(tx)
    const told = await readSetting(tx, toldSetting)
    if (typeof told === 'number' && told >= at) return 0
    await writeSetting(tx, toldSetting, at)
    // The first round only notes the time: what expired before there was this job is no news.
    if (typeof told !== 'number') return 0
    const expired = await listExpired(tx, told, at)
    for (const { practice, name, revision, entries } of expired) {
      const [only] = entries
      const target =
        entries.length === 1 && only !== undefined
          ? { kind: 'ip-entry', id: only.id, name: only.label }
          : { kind: 'practice', id: practice, name }
      await appendEvent(tx, {
        ...eventOf(ownDeed(at)),
        practice,
        action: 'ip-entry.expired',
        target,
        before: null,
        after: {
          entries: entries.slice(0, listedMax),
          ...(entries.length > listedMax ? { '…': `${entries.length - listedMax} more` } : {}),
        },
        policyVersion: revision,
      })
    }
    return expired.reduce((sum, { entries }) => sum + entries.length, 0)
  })
}
