/**
 * Sealing every secret of a second factor anew under the current key: people's, own accounts', and what is being set up;
 * and the mails that wait.
 *
 * The keys themselves are `factor-keys.ts`; marks of recovery codes cannot be made anew without the codes, so they are
 * counted, and void when their key goes. Invariant: a row is replaced only where it is still what was read, each
 * batch is one transaction with its event, and a secret that does not open stays as it is; so it may be stopped,
 * repeated and run beside sign-ins. One transaction for all was refused: it would hold everybody's factor.
 */
import { sql } from 'kysely'
import { type Deed, eventOf } from '../deed.ts'
import { type MailText, mailKeyOf, openMail, publishMailKey, sealMail } from '../notify/mail-seal.ts'
import { aboutOwnSecret } from '../sign-in/own-factors.ts'
import type { Rows, Store, Tx } from '../store/database.ts'
import { appendEvent } from '../store/events.ts'
import type { FactorKeyring } from './factor-keys.ts'
import { aboutFactor } from './verification.ts'

/** A place's own way to open and seal; absent: the keyring's. */
type Lock = {
  open(keyring: FactorKeyring, one: Sealed): string
  seal(keyring: FactorKeyring, text: string, about: string): string
}

type Sealed = {
  readonly at: string
  readonly keyId: string
  readonly sealed: string
  readonly about: string
}

/** Where secrets lie: how to read those under other keys after a place in the order, and how to replace one. */
type Drawer = {
  readonly name: string
  readonly lock?: Lock
  read(rows: Rows, currentId: string, after: string, limit: number): Promise<readonly Sealed[]>
  write(
    tx: Tx,
    one: Sealed,
    fresh: { readonly keyId: string; readonly sealed: string },
  ): Promise<{ readonly numUpdatedRows: bigint }>
}

const factors: Drawer = {
  name: 'factors',
  async read(rows, currentId, after, limit) {
    const found = await rows
      .selectFrom('factor')
      .select(['id', 'user_id', 'method', 'key_id', 'sealed'])
      .where('key_id', '<>', currentId)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute()
    return found.flatMap(({ id, user_id, method, key_id, sealed }) =>
      key_id === null || sealed === null || method === 'passkey'
        ? []
        : [{ at: id, keyId: key_id, sealed, about: aboutFactor(id, user_id, method) }],
    )
  },
  write: (tx, { at, sealed }, fresh) =>
    tx
      .updateTable('factor')
      .set({ key_id: fresh.keyId, sealed: fresh.sealed })
      .where('id', '=', at)
      .where('sealed', '=', sealed)
      .executeTakeFirst(),
}

const pendingFactors: Drawer = {
  name: 'factors being set up',
  async read(rows, currentId, after, limit) {
    const found = await rows
      .selectFrom('factor_visit')
      .select(['id', 'user_id', 'pending_id', 'pending_key_id', 'pending_sealed'])
      .where('pending_key_id', '<>', currentId)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .execute()
    return found.flatMap(({ id, user_id, pending_id, pending_key_id, pending_sealed }) =>
      pending_id === null || pending_key_id === null || pending_sealed === null
        ? []
        : [
            {
              at: id,
              keyId: pending_key_id,
              sealed: pending_sealed,
              about: aboutFactor(pending_id, user_id),
            },
          ],
    )
  },
  write: (tx, { at, sealed }, fresh) =>
    tx
      .updateTable('factor_visit')
      .set({ pending_key_id: fresh.keyId, pending_sealed: fresh.sealed })
      .where('id', '=', at)
      .where('pending_sealed', '=', sealed)
      .executeTakeFirst(),
}

const pendingNumbers: Drawer = {
  name: 'numbers being set up',
  async read(rows, currentId, after, limit) {
    const found = await rows
      .selectFrom('text_code as t')
      .innerJoin('factor_visit as v', 'v.id', 't.visit')
      .select(['t.visit', 't.pending_id', 't.key_id', 't.sealed', 'v.user_id'])
      .where('t.key_id', '<>', currentId)
      .where('t.visit', '>', after)
      .orderBy('t.visit')
      .limit(limit)
      .execute()
    return found.flatMap(({ visit, pending_id, key_id, sealed, user_id }) =>
      pending_id === null || key_id === null || sealed === null
        ? []
        : [{ at: visit, keyId: key_id, sealed, about: aboutFactor(pending_id, user_id, 'sms') }],
    )
  },
  write: (tx, { at, sealed }, fresh) =>
    tx
      .updateTable('text_code')
      .set({ key_id: fresh.keyId, sealed: fresh.sealed })
      .where('visit', '=', at)
      .where('sealed', '=', sealed)
      .executeTakeFirst(),
}

const ownFactors = (table: 'admin_factor' | 'admin_factor_pending', name: string): Drawer => ({
  name,
  async read(rows, currentId, after, limit) {
    const found = await rows
      .selectFrom(table)
      .select(['account', 'key_id', 'sealed'])
      .where('key_id', '<>', currentId)
      .where('account', '>', after)
      .orderBy('account')
      .limit(limit)
      .execute()
    return found.map(({ account, key_id, sealed }) => ({
      at: account,
      keyId: key_id,
      sealed,
      about: aboutOwnSecret(account),
    }))
  },
  write: (tx, { at, sealed }, fresh) =>
    tx
      .updateTable(table)
      .set({ key_id: fresh.keyId, sealed: fresh.sealed })
      .where('account', '=', at)
      .where('sealed', '=', sealed)
      .executeTakeFirst(),
})

const mails: Drawer = {
  name: 'mails that wait',
  lock: {
    open: (keyring, { keyId, sealed, about }) => JSON.stringify(openMail(keyring, keyId, sealed, about)),
    seal: (keyring, text, about) => sealMail(mailKeyOf(keyring), JSON.parse(text) as MailText, about),
  },
  async read(rows, currentId, after, limit) {
    const found = await rows
      .selectFrom('mail')
      .select(['id', 'to_address', 'key_id', 'sealed'])
      .where('key_id', '<>', currentId)
      .where('id', '>', Number(after === '' ? 0 : after))
      .orderBy('id')
      .limit(limit)
      .execute()
    return found.flatMap(({ id, to_address: about, key_id, sealed }) =>
      key_id === null || sealed === null ? [] : [{ at: String(id), keyId: key_id, sealed, about }],
    )
  },
  write: (tx, { at, sealed }, fresh) =>
    tx
      .updateTable('mail')
      .set({ key_id: fresh.keyId, sealed: fresh.sealed })
      .where('id', '=', Number(at))
      .where('sealed', '=', sealed)
      .executeTakeFirst(),
}

const drawers: readonly Drawer[] = [
  factors,
  pendingFactors,
  pendingNumbers,
  ownFactors('admin_factor', 'factors of own accounts'),
  ownFactors('admin_factor_pending', 'factors of own accounts being set up'),
  mails,
]

/** What came of a run: secrets sealed anew, and those that no key opens, which stay as they are. */
export type Rotated = { readonly resealed: number; readonly unreadable: number }

const batchMax = 200

type Opened = { readonly one: Sealed; readonly text: string }

function openAll(keyring: FactorKeyring, { lock }: Drawer, batch: readonly Sealed[]): readonly Opened[] {
  return batch.flatMap((one) => {
    try {
      const text = lock?.open(keyring, one) ?? keyring.open(one.keyId, one.sealed, one.about)
      return [{ one, text }]
    } catch {
      // A key that is gone, or an altered row: nothing here may make it worse.
      return []
    }
  })
}

async function resealBatch(
  store: Store,
  keyring: FactorKeyring,
  { name, write, lock }: Drawer,
  opened: readonly Opened[],
  deed: Deed,
): Promise<number> {
  return store.transaction(async (tx) => {
    let resealed = 0
    for (const { one, text } of opened) {
      const fresh =
        lock === undefined
          ? keyring.seal(text, one.about)
          : { keyId: keyring.currentId, sealed: lock.seal(keyring, text, one.about) }
      const replaced = await write(tx, one, fresh)
      resealed += Number(replaced.numUpdatedRows)
    }
    if (resealed > 0)
      await appendEvent(tx, {
        ...eventOf(deed),
        ...{ practice: null, action: 'keys.rotated', before: null },
        target: { kind: 'key', id: keyring.currentId, name: keyring.currentId },
        after: { what: name, count: resealed },
      })
    return resealed
  })
}

/** Seals under the current key what another one seals, in batches of 200; what comes meanwhile is the next run's. */
export async function rotateSecrets(store: Store, keyring: FactorKeyring, deed: Deed): Promise<Rotated> {
  let [resealed, unreadable] = [0, 0]
  const { currentId } = keyring
  // First of all: what is queued from now on comes under the new key.
  await publishMailKey(store, keyring)
  for (const drawer of drawers) {
    let after = ''
    for (;;) {
      const batch = await store.read((rows) => drawer.read(rows, currentId, after, batchMax))
      const last = batch.at(-1)
      if (last === undefined) break
      after = last.at
      const opened = openAll(keyring, drawer, batch)
      unreadable += batch.length - opened.length
      resealed += await resealBatch(store, keyring, drawer, opened, deed)
    }
  }
  return { resealed, unreadable }
}

/** What a key is still for: sealed secrets, and recovery codes that were not used. */
export type KeyUse = { readonly secrets: number; readonly recoveryCodes: number }

/** What each key named in the database is still for; keys for nothing are not in it. */
export async function countKeyUses(rows: Rows): Promise<ReadonlyMap<string, KeyUse>> {
  const { rows: found } = await sql<{ key_id: string; secrets: number; codes: number }>`
    select key_id, count(*) filter (where secret)::int as secrets, count(*) filter (where not secret)::int as codes
    from (
      select key_id, true as secret from factor where key_id is not null
      union all select pending_key_id, true from factor_visit where pending_key_id is not null
      union all select key_id, true from text_code where key_id is not null
      union all select key_id, true from admin_factor
      union all select key_id, true from admin_factor_pending
      union all select key_id, true from mail where key_id is not null
      union all select key_id, false from recovery_code where used_at is null
      union all select key_id, false from admin_recovery_code where used_at is null
    ) as uses
    group by key_id order by key_id`.execute(rows)
  return new Map(
    found.map(({ key_id, secrets, codes }) => [key_id, { secrets, recoveryCodes: codes }] as const),
  )
}

/**
 * Forgets what only goes with other keys than the current: the marks of recovery codes, which then do not count any more;
 * records that these keys are out of use. How many codes were void; `null`: they still seal secrets, nothing was done.
 */
export function retireKeys(
  store: Store,
  keyring: FactorKeyring,
  retired: readonly string[],
  deed: Deed,
): Promise<number | null> {
  return store.transaction(async (tx) => {
    const uses = await countKeyUses(tx)
    if (retired.some((id) => (uses.get(id)?.secrets ?? 0) > 0)) return null
    let voided = 0
    for (const table of ['recovery_code', 'admin_recovery_code'] as const) {
      const unused = await tx
        .deleteFrom(table)
        .where('key_id', 'in', retired.length === 0 ? [''] : [...retired])
        .where('used_at', 'is', null)
        .executeTakeFirst()
      voided += Number(unused.numDeletedRows)
    }
    await appendEvent(tx, {
      ...eventOf(deed),
      ...{ practice: null, action: 'keys.dropped', before: { keys: retired } },
      target: { kind: 'key', id: keyring.currentId, name: keyring.currentId },
      after: { recoveryCodesVoided: voided },
    })
    return voided
  })
}
