/**
 * The list of allowlist entries: filtered, sorted, a page at a time, each with its use.
 *
 * It changes nothing. Invariant: an entry's state at this moment is worked out in one place (`stateOf`), so that what
 * is filtered by is what is shown. Use is what gateways have counted; whoever was let in for another reason is not in it.
 */
import type { OpenAPIHono, z } from '@hono/zod-openapi'
import { parseAddress, parseRange, rangeContains } from '../../policies/address.ts'
import type { Audience, IpEntry, PolicyDocument } from '../../policies/document.ts'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import { matchingEntry, type PolicySnapshot } from '../../policies/snapshot.ts'
import { listAddressesOfMembers } from '../store/address-use.ts'
import { type EntryUse, readEntryUse } from '../store/entry-hits.ts'
import type { AdminEnv } from './admin-env.ts'
import type { ApiPlane } from './api-plane.ts'
import { type entryQuery, ipAllowlistRoutes, staleAfterDays } from './contract/ip-allowlist.ts'
import { audienceName, overlapsOf } from './networks.ts'
import { etagOf, mentions, pageOf } from './paging.ts'
import type { PolicyView } from './policy-views.ts'

type Query = z.infer<typeof entryQuery>

const dayMs: DurationMs = 86_400_000

/** An entry with what is known of its use. */
type Used = {
  readonly entry: IpEntry
  readonly use: EntryUse | null
  readonly state: 'on' | 'off' | 'expired'
  /** Since when nobody has come by it; `null`: it lets nobody in anyway. */
  readonly idleSince: Instant | null
}

function stateOf({ on, expiresAt }: IpEntry, at: Instant): Used['state'] {
  if (expiresAt !== null && expiresAt <= at) return 'expired'
  return on ? 'on' : 'off'
}

const usedOf = (entry: IpEntry, use: EntryUse | null, at: Instant): Used => {
  const state = stateOf(entry, at)
  const idleSince = state === 'on' ? Math.max(entry.createdAt, use?.lastAt ?? 0) : null
  return { entry, use, state, idleSince }
}

const isIdleFor = ({ idleSince }: Used, days: number, at: Instant): boolean =>
  idleSince !== null && idleSince <= at - days * dayMs

function serves(audience: Audience, wanted: NonNullable<Query['audience']>): boolean {
  if (audience === 'practice') return wanted === 'practice'
  if ('role' in audience) return wanted === 'role' || wanted === `role:${audience.role}`
  return wanted === 'user' || wanted === `user:${audience.user}`
}

function passes(used: Used, query: Query, at: Instant): boolean {
  const { range, label, note, audience, expiresAt } = used.entry
  if (!mentions(query.text, [range, label, note])) return false
  if (query.state !== undefined && used.state !== query.state) return false
  if (query.audience !== undefined && !serves(audience, query.audience)) return false
  if (query.unmatchedDays !== undefined && !isIdleFor(used, query.unmatchedDays, at)) return false
  if (query.expiresWithinDays === undefined) return true
  return used.state === 'on' && expiresAt !== null && expiresAt <= at + query.expiresWithinDays * dayMs
}

const textOrder = new Intl.Collator('en', { sensitivity: 'base', numeric: true })

/** Places of a list's entries in the order of a text of theirs; sorted once a list, since texts are slow to compare. */
function createTextOrder(textOf: (entry: IpEntry) => string) {
  const places = new WeakMap<readonly IpEntry[], ReadonlyMap<IpEntry, number>>()
  return (entries: readonly IpEntry[]): ReadonlyMap<IpEntry, number> => {
    const known = places.get(entries)
    if (known !== undefined) return known
    const compare = (a: IpEntry, b: IpEntry) => textOrder.compare(textOf(a), textOf(b))
    const ordered = entries.toSorted(compare)
    const made = new Map<IpEntry, number>()
    let place = 0
    for (const [at, entry] of ordered.entries()) {
      const before = ordered[at - 1]
      if (before !== undefined && compare(before, entry) !== 0) place = at
      made.set(entry, place)
    }
    places.set(entries, made)
    return made
  }
}

const textPlaces = {
  label: createTextOrder(({ label }) => label),
  range: createTextOrder(({ range }) => range),
}
const orders: Readonly<Record<'expires' | 'matched', (a: Used, b: Used) => number>> = {
  // What never expires comes after all that does.
  expires: (a, b) => (a.entry.expiresAt ?? Infinity) - (b.entry.expiresAt ?? Infinity) || 0,
  matched: (a, b) => (a.use?.lastAt ?? 0) - (b.use?.lastAt ?? 0),
}

/** Sorted as asked; entries that the order calls equal stay in the order they were added. */
function sorted(found: readonly Used[], { sort, order }: Query, all: readonly IpEntry[]): readonly Used[] {
  const ordered = [...found]
  if (sort === 'label' || sort === 'range') {
    const places = textPlaces[sort](all)
    ordered.sort((a, b) => (places.get(a.entry) ?? 0) - (places.get(b.entry) ?? 0))
  } else if (sort !== undefined && sort !== 'added') ordered.sort(orders[sort])
  return order === 'desc' ? ordered.reverse() : ordered
}

/** How many members were seen within thirty days at an address that each of `entries` has for them. */
async function countUsers(
  plane: ApiPlane,
  snapshot: PolicySnapshot,
  entries: readonly IpEntry[],
  at: Instant,
): Promise<ReadonlyMap<string, number>> {
  const practice = snapshot.practice.id
  const seen = await plane.store.read((rows) => listAddressesOfMembers(rows, practice, at))
  const { byId } = await plane.views.people(practice)
  const ranges = entries.flatMap(({ range }) => parseRange(range)?.range ?? [])
  const users = new Map<string, Set<string>>()
  for (const { user, address: text } of seen) {
    const [address, member] = [parseAddress(text), byId.get(user)]
    if (address === null || member === undefined) continue
    // Most were seen at none of a page's entries.
    if (!ranges.some((range) => rangeContains(range, address))) continue
    const entry = matchingEntry(snapshot, member, address, at)
    if (entry === null) continue
    const there = users.get(entry.id)
    if (there === undefined) users.set(entry.id, new Set([user]))
    else there.add(user)
  }
  return new Map([...users].map(([id, those]) => [id, those.size]))
}

const staleSentence = (used: Used, at: Instant): string | null => {
  if (used.idleSince === null || !isIdleFor(used, staleAfterDays, at)) return null
  const days = Math.floor((at - used.idleSince) / dayMs)
  return `Nobody has come from here for ${days} days. Switch it off or remove it if it is not needed.`
}

function shown(used: Used, document: PolicyDocument, nameOf: (user: string) => string | null, at: Instant) {
  const { entry, use, state } = used
  return {
    ...entry,
    audienceName: audienceName(document, entry.audience, nameOf),
    state,
    stale: staleSentence(used, at),
    lastMatchedAt: use?.lastAt ?? null,
    hits7d: use?.hits7d ?? 0,
  }
}

/** The entries of the query in its order, a page of them with their use. */
async function findEntries(plane: ApiPlane, { document }: PolicyView, query: Query, at: Instant) {
  const practice = document.practice.id
  const readUse = (entries: readonly string[] | 'every') =>
    plane.store.read((rows) => readEntryUse(rows, practice, at, entries))
  // Of every entry only where it decides who is on the page.
  const every = query.sort === 'matched' || query.unmatchedDays !== undefined ? await readUse('every') : null
  const found = document.ipEntries
    .map((entry) => usedOf(entry, every?.get(entry.id) ?? null, at))
    .filter((used) => passes(used, query, at))
  const page = pageOf(sorted(found, query, document.ipEntries), ({ entry }) => entry.id, query)
  const use = every ?? (await readUse(page.items.map(({ entry }) => entry.id)))
  const items = page.items.map(({ entry }) => usedOf(entry, use.get(entry.id) ?? null, at))
  return { total: found.length, nextCursor: page.nextCursor, items, entries: items.map(({ entry }) => entry) }
}

async function listEntries(plane: ApiPlane, practice: string, query: Query) {
  const view = await plane.views.read(practice)
  const { revision, document, snapshot } = view
  const at = plane.now()
  const { total, nextCursor, items, entries } = await findEntries(plane, view, query, at)
  const overlaps = overlapsOf(entries, document.ipEntries)
  const { byId } = await plane.views.people(practice)
  const users = await countUsers(plane, snapshot, entries, at)
  return {
    revision,
    total,
    nextCursor,
    entries: items.map((used) => ({
      ...shown(used, document, (user) => byId.get(user)?.name ?? null, at),
      users30d: users.get(used.entry.id) ?? 0,
      overlaps: [...(overlaps.get(used.entry.id) ?? [])],
    })),
  }
}

/** Adds the answer. */
export function answerEntryList(app: OpenAPIHono<AdminEnv>, plane: ApiPlane): void {
  app.openapi(ipAllowlistRoutes.list, async (c) => {
    const list = await listEntries(plane, c.req.valid('param').practice, c.req.valid('query'))
    c.header('etag', etagOf(list.revision))
    return c.json(list, 200)
  })
}
