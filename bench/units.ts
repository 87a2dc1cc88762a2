/**
 * What one more of each costs: a practice, a member, a session, an event; in a gateway, in Redis, in PostgreSQL.
 *
 * It reckons nothing (docs/scale.md does). Invariant: each figure is a difference or a sum over many, divided by how many;
 * what is stored is what the planes store, signed as they sign it. Guessing sizes from schemas was refused: indexes and
 * overheads are most of it.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { sql } from 'kysely'
import { openStore } from '../admin/store/database.ts'
import { migrate } from '../admin/store/migrate.ts'
import { startEmbeddedPostgres } from '../cli/embedded-postgres.ts'
import { createSessions } from '../gateway/sessions.ts'
import { createSnapshots } from '../gateway/snapshots.ts'
import { compile } from '../policies/compile.ts'
import { newDocument } from '../policies/standard-roles.ts'
import { createMemoryHotStore } from '../runtime/hot-store-memory.ts'
import { keys } from '../runtime/keys.ts'
import type { SessionRecord } from '../runtime/records.ts'
import { createSigner, createVerifier, generateSigningKey, sealRecord } from '../runtime/signing.ts'
import { hashToken } from '../runtime/token.ts'
import { startRedis } from '../test/support/redis.ts'
import { type Amounts, largeAmounts, seedDatabase } from './admin-seed.ts'
import { describeMachine, livingBytes } from './machine.ts'

const membersEach = 100
const entriesEach = 20
const practices = 300
const sessions = 50_000
const at = Date.UTC(2026, 11, 1)

const signer = createSigner(generateSigningKey())
const verifierOf = () => {
  const verifier = createVerifier(signer.publicKey)
  if (verifier === null) throw new Error('invariant: a key of our own')
  return verifier
}

const sealedPolicy = (id: string) => {
  const document = newDocument({ id, name: `Practice ${id}`, zone: 'America/Chicago' }, 'standard')
  const ipEntries = Array.from({ length: entriesEach }, (_, n) => ({
    ...{ id: `ipe_${n}`, range: `11.0.${n}.0/24`, label: `Desk ${n}`, audience: 'practice' as const },
    ...{ on: true, expiresAt: null, note: '', createdBy: 'bench', createdAt: at },
  }))
  const compiled = compile({ ...document, ipEntries }, at)
  if (!compiled.ok) throw new Error('invariant: it compiles')
  const key = keys.policy(id)
  const value = { practice: id, revision: 1, compiled: compiled.value, confirmBy: null, predecessor: null }
  return { key, text: sealRecord(signer, key, 1, value) }
}

const sealedMembers = (practice: string, n: number) => {
  const key = keys.members(practice)
  const members = Array.from({ length: membersEach }, (_, one) => ({
    ...{ user: `usr_${n}_${one}`, name: `Person ${n} ${one}`, login: `person.${n}.${one}@example.org` },
    ...{ email: `person.${n}.${one}@example.org`, roles: ['front-desk'], suspended: false, epoch: 0 },
    ...{ factors: ['totp' as const], enrolBy: null, grants: [] },
  }))
  return { key, text: sealRecord(signer, key, 1, { practice, members }) }
}

const sessionOf = (n: number): SessionRecord => ({
  ...{ id: `ses_${n}`, upstream: 'desk', user: `usr_${n}`, appUser: `u-${n}`, method: 'app-password' },
  ...{ epochs: { riverside: 0 }, cookieHash: hashToken(`cookie ${n}`), startedAt: at },
  ...{ absoluteDeadline: at + 43_200_000, held: false, ended: null, trustedDevices: {} },
  ...{ factor: { method: 'totp', verifiedAt: at }, address: '203.0.113.9' },
})
const sealedSession = (n: number) => {
  const key = keys.session(hashToken(`token ${n}`))
  return { key, text: sealRecord(signer, key, 1, sessionOf(n)) }
}

type Sealed = { readonly key: string; readonly text: string }

const microsOf = (count: number, work: (n: number) => void): number => {
  const before = process.cpuUsage()
  for (let n = 0; n < count; n += 1) work(n)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

const measureGateway = () => {
  const records: Sealed[][] = [[], [], []]
  const ids = Array.from({ length: practices }, (_, n) => `practice-${n}`)
  const sealUs = microsOf(sessions, (n) => records[2]?.push(sealedSession(n)))
  for (const [n, id] of ids.entries()) {
    records[0]?.push(sealedPolicy(id))
    records[1]?.push(sealedMembers(id, n))
  }
  const [policies = [], members = [], opened = []] = records
  const silent = { onChange: () => {}, onApplied: () => {}, onBad: () => {} }
  const mirror = createSnapshots({ verifier: verifierOf(), routes: new Map(), ...silent })
  const clock = { now: () => at, monotonic: () => at }
  const mirrored = createSessions({
    ...{ store: createMemoryHotStore({ now: clock.now }), controlPlane: null, verifier: verifierOf(), clock },
    ...{ sessionsMax: 2 * sessions, trusts: () => true, ...silent },
  })
  const grown = (count: number, work: () => void): number => {
    const before = livingBytes()
    work()
    return (livingBytes() - before) / count
  }
  const times = { policyUs: 0, membersUs: 0, sessionUs: 0 }
  const apply = (list: readonly Sealed[], take: (sealed: Sealed) => unknown): number =>
    microsOf(list.length, (n) => {
      const sealed = list[n]
      if (sealed !== undefined) take(sealed)
    })
  const policyBytes = grown(practices, () => {
    times.policyUs = apply(policies, mirror.apply)
  })
  const memberBytes = grown(practices * membersEach, () => {
    times.membersUs = apply(members, mirror.apply)
  })
  const sessionBytes = grown(sessions, () => {
    times.sessionUs = apply(opened, mirrored.apply)
  })
  const kept = [mirror.counts(), mirrored.size]
  return { policyBytes, memberBytes, sessionBytes, sealUs, ...times, kept }
}

const measureRedis = async () => {
  const server = await startRedis()
  const redis = new Redis(server.url)
  try {
    const usage = async (sealed: Sealed, expiresInMs: number | null): Promise<number> => {
      if (expiresInMs === null) await redis.set(sealed.key, sealed.text)
      else await redis.set(sealed.key, sealed.text, 'PX', expiresInMs)
      return (await redis.memory('USAGE', sealed.key)) ?? Number.NaN
    }
    return {
      policy: await usage(sealedPolicy('practice-1'), null),
      members: await usage(sealedMembers('practice-1', 1), null),
      session: await usage(sealedSession(1), 43_200_000),
    }
  } finally {
    redis.disconnect()
    await server.stop()
  }
}

const amounts: Amounts = {
  ...largeAmounts,
  ...{ events: 50_000, crowdEvents: 5_000, crowdEntries: 20, wideEntries: 20 },
}
const tables = ['practice_record', 'policy_revision', 'app_user', 'membership_record', 'session'] as const
const logs = ['security_event', 'decision_log', 'access_request', 'traffic_fact'] as const

const measurePostgres = async (): Promise<Readonly<Record<string, number>>> => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-units-'))
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), log: () => undefined })
  const store = openStore({ url: postgres.url, poolMax: 2 })
  try {
    await migrate(postgres.url)
    await seedDatabase(store, amounts, at)
    const bytes: Record<string, number> = {}
    for (const table of [...tables, ...logs]) {
      const { rows } = await store.read((read) =>
        sql<{ each: number }>`select pg_total_relation_size(${table}::regclass)::float8
          / greatest((select count(*) from ${sql.table(table)}), 1) as each`.execute(read),
      )
      bytes[table] = Math.round(rows[0]?.each ?? Number.NaN)
    }
    return bytes
  } finally {
    await store.close()
    await postgres.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Measures all of it, as a page to read; about a minute. */
export const unitsPage = async (date: string, say: (line: string) => void): Promise<string> => {
  const machine = describeMachine()
  say('a gateway’s mirrors')
  const { kept: _, ...gateway } = measureGateway()
  say('Redis')
  const redis = await measureRedis()
  say('PostgreSQL')
  const postgres = await measurePostgres()
  const whole = (value: number): string => Math.round(value).toLocaleString('en-US')
  const row = (name: string, value: number): string => `| ${name} | ${whole(value)} |`
  return [
    '# What one more of each costs',
    '',
    `Measured on ${date} by \`npm run bench units\`: ${machine.cpu}, ${machine.platform}, Node ${machine.node}.`,
    '',
    `A practice has ${entriesEach} entries, the standard roles and ${membersEach} members. Times are processor time; a record that comes in is`,
    'verified, parsed and, if it is a policy, made ready to decide by. PostgreSQL: table, indexes and long values by number of rows.',
    '',
    '| in a gateway | bytes each |',
    '| --- | ---: |',
    row('a practice’s policy', gateway.policyBytes),
    row('a member', gateway.memberBytes),
    row('a session', gateway.sessionBytes),
    '',
    '| taken in by a gateway | µs |',
    '| --- | ---: |',
    row('a policy', gateway.policyUs),
    row(`the members of a practice (${membersEach})`, gateway.membersUs),
    row('a session', gateway.sessionUs),
    row('a session, made and signed by the control plane', gateway.sealUs),
    '',
    '| in Redis | bytes each |',
    '| --- | ---: |',
    row('a policy', redis.policy),
    row(`the members of a practice (${membersEach})`, redis.members),
    row('a session', redis.session),
    '',
    '| in PostgreSQL | bytes each |',
    '| --- | ---: |',
    ...Object.entries(postgres).map(([table, bytes]) => row(`\`${table}\``, bytes)),
    '',
    '## As JSON',
    '',
    '```json',
    JSON.stringify({ date, machine, gateway, redis, postgres }, null, 2),
    '```',
    '',
  ].join('\n')
}
