/**
 * "Has the office IP changed?": networks that several people of a practice came from at about the same time, and that
 * the allowlist does not have (SPEC §4).
 *
 * It changes no list (`api/address-cards.ts` does, by a click). Read from what gateways reported anyway, refusals and
 * traffic facts, at the moment it is asked: a card stored would outlive its reason. Invariant: only people who are
 * members count, each once, and only where no entry lets them in; every query is bounded and has its index.
 */
import { sql } from 'kysely'
import type { Member } from '../../policies/access-request.ts'
import { networkOf, parseAddress, parseRange, type Range, rangeText } from '../../policies/address.ts'
import type { IpEntry } from '../../policies/document.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { matchingEntry, type PolicySnapshot } from '../../policies/snapshot.ts'
import { type Deed, eventOf } from '../deed.ts'
import type { Rows, Store } from '../store/database.ts'
import { type EntryUse, readEntryUse } from '../store/entry-hits.ts'
import { appendEvent } from '../store/events.ts'
import { followable } from './heartbeat-tokens.ts'

/** A network to ask about. `replaces`: the entry it most likely takes the place of; `null`: none has fallen silent. */
export type AddressCard = {
  readonly network: string
  readonly people: readonly { readonly user: string; readonly name: string }[]
  readonly firstAt: Instant
  readonly lastAt: Instant
  /** How many of the people were refused there. */
  readonly refused: number
  readonly replaces: Pick<IpEntry, 'id' | 'label' | 'range'> | null
}

const peopleMin = 3
const withinMs: DurationMs = 30 * 60_000
const lookBackMs: DurationMs = 86_400_000
const newForMs: DurationMs = 7 * 86_400_000
const dismissedForMs: DurationMs = 30 * 86_400_000
const sightingsMax = 5_000
const cardsMax = 10

type Sighting = {
  readonly user: string
  readonly address: string
  readonly at: Instant
  readonly refused: boolean
}

/** Who was where within a day: the newest 5,000 refusals by address, and as many quarters of an hour of traffic. */
async function listSightings(rows: Rows, practice: string, at: Instant): Promise<readonly Sighting[]> {
  const since = at - lookBackMs
  const refusals = await rows
    .selectFrom('decision_log')
    .select(['user_id', 'address', 'last_at'])
    .where('practice', '=', practice)
    .where('reason', '=', 'address-not-allowed')
    .where('last_at', '>=', since)
    .orderBy('last_at', 'desc')
    .limit(sightingsMax)
    .execute()
  const facts = await rows
    .selectFrom('traffic_fact')
    .select((eb) => ['user_id', 'address', eb.fn.max('at').as('last')])
    .where('practice', '=', practice)
    .where('at', '>=', since)
    .groupBy(['user_id', 'address', 'bucket'])
    .orderBy('last', 'desc')
    .limit(sightingsMax)
    .execute()
  return [
    ...refusals.flatMap(({ user_id: user, address, last_at }) =>
      user === null ? [] : [{ user, address, at: last_at, refused: true }],
    ),
    ...facts.map(({ user_id: user, address, last }) => ({ user, address, at: last, refused: false })),
  ]
}

/** Whether enough people came within half an hour of each other. */
function isCrowd(sightings: readonly Sighting[]): boolean {
  const ordered = [...sightings].sort((a, b) => a.at - b.at)
  let start = 0
  const there = new Map<string, number>()
  for (const { user, at } of ordered) {
    there.set(user, (there.get(user) ?? 0) + 1)
    for (
      let first = ordered[start];
      first !== undefined && first.at < at - withinMs;
      first = ordered[start]
    ) {
      const left = (there.get(first.user) ?? 0) - 1
      if (left === 0) there.delete(first.user)
      else there.set(first.user, left)
      start += 1
    }
    if (there.size >= peopleMin) return true
  }
  return false
}

/** Sightings of members where no entry lets them in, by network; only networks of a crowd. */
function crowdsOf(
  sightings: readonly Sighting[],
  snapshot: PolicySnapshot,
  members: ReadonlyMap<string, Member>,
  at: Instant,
): readonly (readonly [Range, readonly Sighting[]])[] {
  const found = new Map<string, Sighting[]>()
  for (const sighting of sightings) {
    const [member, address] = [members.get(sighting.user), parseAddress(sighting.address)]
    if (member === undefined || address === null) continue
    if (matchingEntry(snapshot, member, address, at) !== null) continue
    const network = rangeText(networkOf(address))
    const there = found.get(network)
    if (there === undefined) found.set(network, [sighting])
    else there.push(sighting)
  }
  return [...found].flatMap(([text, those]) => {
    const range = parseRange(text)?.range
    return range !== undefined && isCrowd(those) ? [[range, those] as const] : []
  })
}

/** Whether the practice was seen from a network more than a week ago: then it is no news. */
async function isKnown(rows: Rows, practice: string, network: Range, at: Instant): Promise<boolean> {
  const text = rangeText(network)
  const row = await rows
    .selectFrom('traffic_fact')
    .select('at')
    .where('practice', '=', practice)
    .where('at', '<', at - newForMs)
    .$if(network.family === 4, (query) => query.where('address', '=', text.slice(0, text.indexOf('/'))))
    .$if(network.family === 6, (query) => query.where(sql<boolean>`address::inet <<= ${text}::cidr`))
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** The entry of one address that let people in until about when they came from elsewhere. */
function silentEntry(
  { document }: PolicySnapshot,
  network: Range,
  use: ReadonlyMap<string, EntryUse>,
  firstAt: Instant,
): AddressCard['replaces'] {
  const candidates = document.ipEntries.flatMap((entry) => {
    const lastAt = use.get(entry.id)?.lastAt
    const isSilent = lastAt !== undefined && lastAt < firstAt + withinMs
    const isOffice = entry.on && entry.audience === 'practice' && followable(entry)?.family === network.family
    return isSilent && isOffice ? [{ entry, lastAt }] : []
  })
  const [latest] = candidates.sort((a, b) => b.lastAt - a.lastAt)
  return latest === undefined
    ? null
    : { id: latest.entry.id, label: latest.entry.label, range: latest.entry.range }
}

/** The cards of a practice, most people first, at most ten. */
export async function listAddressCards(
  rows: Rows,
  snapshot: PolicySnapshot,
  everybody: readonly Member[],
  at: Instant,
): Promise<readonly AddressCard[]> {
  const practice = snapshot.practice.id
  const members = new Map(
    everybody.filter(({ suspended }) => !suspended).map((member) => [member.user, member]),
  )
  const crowds = crowdsOf(await listSightings(rows, practice, at), snapshot, members, at)
  if (crowds.length === 0) return []
  const dismissed = await rows
    .selectFrom('address_card_dismissal')
    .select('network')
    .where('practice', '=', practice)
    .where('dismissed_at', '>', at - dismissedForMs)
    .execute()
  const unwanted = new Set(dismissed.map(({ network }) => network))
  const use = await readEntryUse(rows, practice, at)
  const cards: AddressCard[] = []
  for (const [network, sightings] of crowds) {
    if (unwanted.has(rangeText(network)) || (await isKnown(rows, practice, network, at))) continue
    const users = [...new Set(sightings.map(({ user }) => user))]
    const firstAt = Math.min(...sightings.map((one) => one.at))
    cards.push({
      network: rangeText(network),
      people: users
        .map((user) => ({ user, name: members.get(user)?.name ?? user }))
        .sort((a, b) => a.name.localeCompare(b.name, 'en')),
      firstAt,
      lastAt: Math.max(...sightings.map((one) => one.at)),
      refused: new Set(sightings.filter(({ refused }) => refused).map(({ user }) => user)).size,
      replaces: silentEntry(snapshot, network, use, firstAt),
    })
  }
  return cards.sort((a, b) => b.people.length - a.people.length).slice(0, cardsMax)
}

/** Dismisses the card of a network for thirty days. */
export function dismissAddressCard(
  store: Store,
  { practice, network, deed }: { readonly practice: string; readonly network: string; readonly deed: Deed },
): Promise<void> {
  return store.transaction(async (tx) => {
    const values = { dismissed_at: deed.at, dismissed_by: deed.actor.id }
    await tx
      .insertInto('address_card_dismissal')
      .values({ practice, network, ...values })
      .onConflict((oc) => oc.columns(['practice', 'network']).doUpdateSet(values))
      .execute()
    await appendEvent(tx, {
      ...eventOf(deed),
      practice,
      action: 'address-card.dismissed',
      target: { kind: 'network', id: network, name: network },
      before: null,
      after: { network },
    })
  })
}
