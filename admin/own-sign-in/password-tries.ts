/**
 * How often a password or a passkey may be tried, and a link asked for: by person and network, by person over all networks that are new
 * to them, and by network; after some free ones with growing pauses.
 *
 * It compares no password. Invariant: a try is counted and committed before anything is compared, so that parallel guesses
 * cannot share one; it is counted by the person's id, which no spelling doubles, and an unknown name like a known one; and a
 * stranger cannot lock anybody out: from networks where somebody was let in before, only tries from that very network
 * count against them. Counts in this process's memory were refused: a second control plane would double them.
 */
import { hash } from 'node:crypto'
import { sql } from 'kysely'
import { type Address, networkOf, parseAddress, rangeText } from '../../policies/address.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { listAddresses } from '../store/address-use.ts'
import type { Store, Tx } from '../store/database.ts'

/** Whose try it is, and from where. `user`: `null` where the directory knows no such login name. */
export type Trier = { readonly login: string; readonly user: string | null; readonly address: Address }

/** A try taken, with what was counted for it; or from when the next one is. */
export type TakenTry =
  | { readonly outcome: 'taken'; readonly keys: readonly string[] }
  | { readonly outcome: 'wait'; readonly until: Instant }

type Rule = { readonly free: number; readonly refillMs: DurationMs }

/** So many without a pause after them; `refillMs`: so long it takes for one to be forgotten. */
const rules = {
  /** A person from one network. */
  pair: { free: 5, refillMs: 900_000 },
  /** A person from all networks that are new to them. */
  user: { free: 20, refillMs: 900_000 },
  /** A network, whoever is tried. */
  network: { free: 30, refillMs: 30_000 },
  /** Links asked for from one network. */
  link: { free: 10, refillMs: 300_000 },
} as const satisfies Readonly<Record<string, Rule>>

const pauseMs: DurationMs = 60_000
const pauseMaxMs: DurationMs = 900_000

/** What a try is counted for, and how. */
export type Counted = { readonly key: string; readonly rule: Rule }

/** Counts one try; the instant from when there is one, `null`: it was taken. */
async function count(tx: Tx, { key, rule }: Counted, at: Instant): Promise<Instant | null> {
  const level = sql<number>`greatest(0, password_tries.level - greatest(0, ${at}::bigint - password_tries.last_at)::float8 / ${rule.refillMs}) + 1`
  // Without a pause nothing is waited for, not even until now: another control plane's clock may be a little behind.
  const freeAt = sql<number>`case when ${level} < ${rule.free} then 0::bigint
    else ${at}::bigint + least(${pauseMaxMs}::float8, ${pauseMs} * (2 ^ least(ceil(${level} - ${rule.free}), 10)))::bigint end`
  const taken = await tx
    .insertInto('password_tries')
    .values({ key, level: 1, last_at: at, free_at: 0 })
    .onConflict((oc) =>
      oc
        .column('key')
        .doUpdateSet({ level, last_at: at, free_at: freeAt })
        // Nobody waits longer than the longest pause: such a time was noted under a clock that has been put right.
        .where((eb) =>
          eb.or([eb('password_tries.free_at', '<=', at), eb('password_tries.free_at', '>', at + pauseMaxMs)]),
        ),
    )
    .returning('key')
    .executeTakeFirst()
  if (taken !== undefined) return null
  const row = await tx
    .selectFrom('password_tries')
    .select('free_at')
    .where('key', '=', key)
    .executeTakeFirst()
  return row?.free_at ?? at
}

/** Takes one try for all of these, or none; committed when it answers. Rows are locked in the order given. */
export function takeTries(store: Store, counted: readonly Counted[], at: Instant): Promise<TakenTry> {
  const keys = counted.map(({ key }) => key)
  return store.transaction(async (tx): Promise<TakenTry> => {
    // One that has to wait costs nothing anywhere else.
    const waiting = await tx
      .selectFrom('password_tries')
      .select((eb) => eb.fn.max('free_at').as('until'))
      .where('key', 'in', keys)
      .where('free_at', '>', at)
      .where('free_at', '<=', at + pauseMaxMs)
      .executeTakeFirst()
    if (waiting?.until != null) return { outcome: 'wait', until: Number(waiting.until) }
    for (const one of counted) {
      const until = await count(tx, one, at)
      if (until !== null) return { outcome: 'wait', until }
    }
    return { outcome: 'taken', keys }
  })
}

/** Whether somebody (a user's id, or an own account's) was let in from a network within 30 days. */
export async function isKnownThere(
  store: Store,
  user: string,
  network: string,
  at: Instant,
): Promise<boolean> {
  const used = await store.read((rows) => listAddresses(rows, [user], at))
  return (used.get(user) ?? []).some((text) => {
    const address = parseAddress(text)
    return address !== null && rangeText(networkOf(address)) === network
  })
}

/** Takes one try; committed when it answers. Rows are always locked in the same order: network, pair, person. */
export async function takePasswordTry(store: Store, trier: Trier, at: Instant): Promise<TakenTry> {
  const network = rangeText(networkOf(trier.address))
  // As long for nobody as for somebody: the same question is asked of the database.
  const known = await isKnownThere(store, trier.user ?? 'nobody', network, at)
  const person = trier.user ?? hash('sha256', trier.login, 'base64url')
  const counted: Counted[] = [
    { key: `network ${network}`, rule: rules.network },
    { key: `pair ${person} ${network}`, rule: rules.pair },
  ]
  if (!known) counted.push({ key: `user ${person}`, rule: rules.user })
  return takeTries(store, counted, at)
}

/** Takes one try of showing a passkey from a network; nobody is guessed at, since a passkey names its person itself. */
export const takePasskeyTry = (store: Store, address: Address, at: Instant): Promise<TakenTry> =>
  takeTries(store, [{ key: `network ${rangeText(networkOf(address))}`, rule: rules.network }], at)

/** Takes one try of asking for a link from a network. */
export const takeLinkTry = (store: Store, address: Address, at: Instant): Promise<TakenTry> =>
  takeTries(store, [{ key: `link ${rangeText(networkOf(address))}`, rule: rules.link }], at)

/** Gives back what a right password was counted as; what was tried in vain before it, from this network, is forgotten. */
export async function giveBackTry(store: Store, keys: readonly string[]): Promise<void> {
  await store.transaction(async (tx) => {
    const over = tx.deleteFrom('password_tries').where('key', 'in', keys)
    await over.where(({ or, eb }) => or([eb('level', '<=', 1), eb('key', 'like', 'pair %')])).execute()
    await tx
      .updateTable('password_tries')
      .set((eb) => ({ level: eb('level', '-', 1) }))
      .where('key', 'in', keys)
      // Two that come at once both find more than one above; the second then finds what the first has left.
      .where('level', '>', 1)
      .execute()
  })
}

/** Forgets tries of a day ago; how many rows that was. */
export async function forgetOldTries(tx: Tx, at: Instant): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('password_tries')
    .where('last_at', '<=', at - 86_400_000)
    .where('free_at', '<=', at)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
