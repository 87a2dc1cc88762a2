/**
 * A control plane's database as a large one looks after some years: 500 practices, 20,000 people, 200,000 events.
 *
 * It writes rows as the plane does, in batches, and measures nothing. Invariant: what it writes passes what the plane
 * itself asks of its rows (constraints, and chains that verify), and the same numbers give the same rows. Signing everybody
 * in through the plane was refused: it would take an hour.
 */
import canonicalize from 'canonicalize'
import { sql } from 'kysely'
import type { Store, Tx } from '../admin/store/database.ts'
import { eventHash } from '../admin/store/events.ts'
import { insertRevision } from '../admin/store/practices.ts'
import type { IpEntry, PolicyDocument } from '../policies/document.ts'
import type { Instant } from '../policies/instant.ts'
import { newDocument } from '../policies/standard-roles.ts'

/** How much there is. `crowd…`: of the practice with the most people; `wideEntries`: of the one with the longest list. */
export type Amounts = {
  readonly practices: number
  readonly users: number
  readonly crowdUsers: number
  readonly events: number
  readonly crowdEvents: number
  readonly crowdEntries: number
  readonly wideEntries: number
  readonly entriesEach: number
  readonly refusals: number
  readonly sessions: number
  readonly requests: number
  readonly facts: number
}

/** Of issue and specification, and above them where one practice alone would be the harder case. */
export const largeAmounts: Amounts = {
  practices: 500,
  users: 20_000,
  crowdUsers: 4_000,
  events: 200_000,
  crowdEvents: 50_000,
  crowdEntries: 10_000,
  wideEntries: 50_000,
  entriesEach: 20,
  refusals: 50_000,
  sessions: 5_000,
  requests: 10_000,
  facts: 60_000,
}

/** The practice with the most people, events, sessions and requests. */
export const crowd = 'practice-0'
/** The practice with the longest allowlist. */
export const wide = 'practice-1'

const dayMs = 86_400_000
const batchMax = 5_000
const roleIds = ['owner', 'office-manager', 'front-desk', 'dentist', 'hygienist'] as const

const pick = <T>(list: readonly T[], n: number): T => {
  const one = list[n % list.length]
  if (one === undefined) throw new Error('invariant: not empty')
  return one
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n)

/** Inserts rows as JSON, 5,000 at a time; columns and their types are the table's own. */
async function insertAll(
  tx: Tx,
  table: string,
  rows: Iterable<Readonly<Record<string, unknown>>>,
): Promise<void> {
  const flush = async (batch: readonly Readonly<Record<string, unknown>>[]): Promise<void> => {
    const [first] = batch
    if (first === undefined) return
    const columns = sql.join(Object.keys(first).map((name) => sql.ref(name)))
    const into = sql.table(table)
    await sql`insert into ${into} (${columns})
      select ${columns} from json_populate_recordset(null::${into}, ${JSON.stringify(batch)}::json)`.execute(
      tx,
    )
  }
  let batch: Readonly<Record<string, unknown>>[] = []
  for (const row of rows) {
    batch.push(row)
    if (batch.length < batchMax) continue
    await flush(batch)
    batch = []
  }
  await flush(batch)
}

const addressOf = (n: number): string => `11.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`

const entryOf = (n: number, at: Instant): IpEntry => ({
  id: `ipe_${n}`,
  range: `${addressOf(n)}/32`,
  label: `Desk ${n}`,
  audience: n % 7 === 0 ? { role: pick(roleIds, n) } : 'practice',
  on: n % 11 !== 0,
  expiresAt: n % 5 === 0 ? at + (1 + (n % 90)) * dayMs : null,
  note: '',
  createdBy: 'Seed',
  createdAt: at - (n % 400) * dayMs,
})

const entriesIn = (amounts: Amounts, practice: number): number =>
  practice === 0 ? amounts.crowdEntries : practice === 1 ? amounts.wideEntries : amounts.entriesEach

const documentOf = (amounts: Amounts, n: number, at: Instant): PolicyDocument => ({
  ...newDocument({ id: `practice-${n}`, name: `Practice ${n} Dental`, zone: 'America/Chicago' }, 'standard'),
  ipEntries: upTo(entriesIn(amounts, n)).map((entry) => entryOf(entry, at)),
})

async function seedPractices(tx: Tx, amounts: Amounts, at: Instant): Promise<void> {
  for (const n of upTo(amounts.practices)) {
    const document = documentOf(amounts, n, at)
    const { id, name } = document.practice
    await tx.insertInto('practice').values({ id, name, revision: 1, created_at: at }).execute()
    const author = { authorId: 'seed', authorName: 'Seed', savedAt: at }
    await insertRevision(tx, { practice: id, revision: 1, document, ...author })
  }
}

/** The practice of a person: the first ones are the crowd's, the others spread over the rest. */
const homeOf = ({ crowdUsers, practices }: Amounts, n: number): string =>
  n < crowdUsers ? crowd : `practice-${1 + (n % (practices - 1))}`

function* membershipsOf(amounts: Amounts, at: Instant) {
  const common = { suspended: false, epoch: 0, grace_spent: false, created_at: at }
  for (const n of upTo(amounts.users)) {
    const home = homeOf(amounts, n)
    yield { practice: home, user_id: `usr_${n}`, roles: [pick(roleIds, n)], ...common }
    const other = `practice-${2 + (n % (amounts.practices - 2))}`
    if (n % 10 === 0 && other !== home)
      yield { practice: other, user_id: `usr_${n}`, roles: [pick(roleIds, n + 1)], ...common }
  }
}

async function seedPeople(tx: Tx, amounts: Amounts, at: Instant): Promise<void> {
  const people = upTo(amounts.users)
  const person = (n: number) => ({
    ...{ id: `usr_${n}`, name: `Person ${(n * 7919) % 20_011} of ${n}`, login: `person-${n}@example.com` },
    ...{ email: `person-${n}@example.com`, suspended: n % 97 === 0, created_at: at, kept: false },
  })
  await insertAll(tx, 'app_user', people.map(person))
  await insertAll(tx, 'membership', membershipsOf(amounts, at))
  const factor = (n: number) => ({
    ...{ id: `fac_${n}`, user_id: `usr_${n}`, method: 'totp', name: 'Authenticator app', key_id: 'k1' },
    ...{ sealed: 'seed', last_step: 0, enrolled_at: at, last_verified_at: at },
  })
  await insertAll(tx, 'factor', people.filter((n) => n % 2 === 0).map(factor))
  const seen = (n: number) => ({
    ...{
      subject: `usr_${n}`,
      address: addressOf(n),
      first_at: at - 9 * dayMs,
      last_at: at - (n % 29) * dayMs,
    },
  })
  await insertAll(tx, 'address_use', people.map(seen))
}

const sessionOf = (n: number, at: Instant) => ({
  ...{ id: `ses_${n}`, token_hash: eventHash(`session ${n}`), user_id: `usr_${n}`, upstream: 'desk' },
  ...{ app_user: `person-${n}`, method: 'app-password', epochs: {}, version: 1, started_at: at - 3_600_000 },
  ...{
    last_seen_at: at - (n % 600) * 1_000,
    absolute_deadline: at + dayMs,
    held: false,
    trusted_devices: {},
  },
  ...{ address_first: addressOf(n), address_last: addressOf(n), device: 'Mozilla/5.0 (Windows) Firefox/150' },
  streams: 0,
})

function* requestsOf(amounts: Amounts, at: Instant) {
  for (const n of upTo(amounts.requests)) {
    const user = n % amounts.users
    const isOpen = n % 8 === 0
    const asked = at - (n % 60) * dayMs - 1_000
    yield {
      ...{ id: `arq_${n}`, practice: homeOf(amounts, user), user_id: `usr_${user}`, kind: 'ip', repeats: 0 },
      ...{ network: `12.0.${(n >>> 8) & 255}.${n & 255}/32`, address: `12.0.${(n >>> 8) & 255}.${n & 255}` },
      ...{ status: isOpen ? 'pending' : 'rejected', reason: 'Working from home today.', note: '' },
      ...{ created_at: asked, asked_at: asked, expires_at: asked + 90 * dayMs },
      ...{ decided_at: isOpen ? null : asked, decided_by: isOpen ? null : 'adm_seed' },
      decided_by_name: isOpen ? null : 'Seed',
    }
  }
}

const refusalOf = (amounts: Amounts, n: number, at: Instant) => {
  const user = (n * 13) % amounts.users
  const when = at - (n % 60) * dayMs - n
  return {
    ...{ code: `GH${n}`, monitored: n % 3 === 0, at: when, last_at: when, minute: Math.floor(when / 60_000) },
    ...{ count: 1 + (n % 5), gateway: 'gateway-1', practice: n % 4 === 0 ? crowd : homeOf(amounts, user) },
    ...{
      user_id: `usr_${user}`,
      address: addressOf(n % 3_000),
      upstream: 'desk',
      method: 'GET',
      revision: 1,
    },
    ...{ route: 'GET /schedule', verdict: 'deny', reason: 'address-not-allowed', control: 'ip' },
    failing: ['address-not-allowed'],
  }
}

const factOf = (amounts: Amounts, n: number, at: Instant) => {
  const user = n % amounts.users
  const when = at - (n % 28) * dayMs - (n % 1_000) * 1_000
  return {
    ...{ practice: homeOf(amounts, user), user_id: `usr_${user}`, address: addressOf(user), at: when },
    ...{ route: `GET /page-${n % 40}`, bucket: Math.floor(when / 900_000), assurance: 'password' },
  }
}

async function seedTraffic(tx: Tx, amounts: Amounts, at: Instant): Promise<void> {
  const all = <T>(count: number, make: (n: number) => T) => upTo(count).map(make)
  await insertAll(
    tx,
    'session',
    all(amounts.sessions, (n) => sessionOf((n * 3) % amounts.users, at)),
  )
  await insertAll(tx, 'access_request', requestsOf(amounts, at))
  const refusals = all(amounts.refusals, (n) => refusalOf(amounts, n, at))
  for (let from = 0; from < refusals.length; from += 1_000)
    await tx
      .insertInto('decision_log')
      .values(refusals.slice(from, from + 1_000))
      .execute()
  const facts = new Map(
    all(amounts.facts, (n) => factOf(amounts, n, at)).map((fact) => [
      `${fact.user_id} ${fact.route} ${fact.bucket}`,
      fact,
    ]),
  )
  await insertAll(tx, 'traffic_fact', facts.values())
  const hits = upTo(amounts.crowdEntries).map((n) => ({
    ...{
      practice: crowd,
      entry: `ipe_${n}`,
      day: Math.floor(at / dayMs) - (n % 7),
      count: 5,
      last_at: at - n,
    },
  }))
  await insertAll(tx, 'entry_hit', hits)
}

const actions = ['session.opened', 'two-factor.verified', 'user.roles-changed', 'policy.edited'] as const

/** One chain, as `appendEvent` would have written it. */
function* chainOf(practice: string, count: number, head: { hash: string }, at: Instant) {
  for (let seq = 1; seq <= count; seq += 1) {
    const user = (seq * 31) % 4_000
    const event = {
      ...{ practice, seq, prev: head.hash, at: at - (count - seq) * 60_000, origin: 'ui' },
      actor: { kind: 'admin', id: `adm_${seq % 20}`, name: `Admin ${seq % 20}` },
      action: pick(actions, seq),
      target: { kind: 'user', id: `usr_${user}`, name: `Person ${user}` },
      ...{ before: null, after: { roles: [pick(roleIds, seq)] }, reason: null, policyVersion: 1 },
      ...{ requestId: null, address: addressOf(user) },
    }
    const body = canonicalize(event) ?? ''
    const hash = eventHash(body)
    const { actor, target } = event
    yield {
      ...{ practice, seq, at: event.at, action: event.action, origin: event.origin },
      ...{ actor_kind: actor.kind, actor_id: actor.id, actor_name: actor.name },
      ...{ target_kind: target.kind, target_id: target.id, target_name: target.name },
      ...{ prev_hash: head.hash, hash, body },
    }
    head.hash = hash
  }
}

async function seedEvents(tx: Tx, amounts: Amounts, at: Instant): Promise<void> {
  const { events, crowdEvents, practices } = amounts
  const each = Math.ceil((events - crowdEvents) / (practices - 1))
  const heads: { practice: string; seq: number; hash: string; checkpoint_seq: 0; checkpoint_at: 0 }[] = []
  function* every() {
    for (const n of upTo(practices)) {
      const [practice, seq, head] = [`practice-${n}`, n === 0 ? crowdEvents : each, { hash: '' }]
      yield* chainOf(practice, seq, head, at)
      heads.push({ practice, seq, hash: head.hash, checkpoint_seq: 0, checkpoint_at: 0 })
    }
  }
  await insertAll(tx, 'security_event', every())
  await insertAll(tx, 'event_head', heads)
}

/** Fills an empty, migrated database as of `at`, and lets PostgreSQL look at it; about half a minute for the large one. */
export async function seedDatabase(store: Store, amounts: Amounts, at: Instant): Promise<void> {
  await store.transaction((tx) => seedPractices(tx, amounts, at))
  await store.transaction((tx) => seedPeople(tx, amounts, at))
  await store.transaction((tx) => seedTraffic(tx, amounts, at))
  await store.transaction((tx) => seedEvents(tx, amounts, at))
  await store.read((rows) => sql`analyze`.execute(rows))
}
