/**
 * Goal: a database of any schema ever released comes to the present one with its rows, and its chains stay whole.
 * Method: one real database that stops after every migration and gets a row in every table there is, then goes on.
 */
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import canonicalize from 'canonicalize'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { openStore } from '../../../admin/store/database.ts'
import { verifyChain } from '../../../admin/store/event-chain.ts'
import { eventHash } from '../../../admin/store/events.ts'
import { migrate } from '../../../admin/store/migrate.ts'
import { projectRoot } from '../../support/cache-folder.ts'
import { createDatabase } from '../../support/postgres.ts'

const folder = join(projectRoot, 'admin/store/migrations')
const cleanups: (() => Promise<unknown>)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
})

type Row = Readonly<Record<string, unknown>>
type Sample = { readonly table: string; readonly row: Row }

const at = 1_700_000_000_000
const mark = (text: string, n: number): string => `${text}${n}`.padEnd(43, 'x')

const eventOf = (n: number) => {
  const event = {
    ...{ practice: `p${n}`, seq: 1, prev: '', at, origin: 'ui', action: 'practice.created' },
    ...{ actor: { kind: 'admin', id: 'adm_1', name: 'First admin' }, target: null, before: null },
    ...{ after: { n }, reason: null, policyVersion: 1, requestId: null, address: null },
  }
  const body = canonicalize(event) ?? ''
  return { body, hash: eventHash(body) }
}

/** Rows of the first schema: people, a session, a chain, what was published and what gateways told. */
const firstRows = (n: number): readonly Sample[] => {
  const { body, hash } = eventOf(n)
  const refusal = {
    ...{ code: `GH-${n}`, monitored: false, at, last_at: at, minute: 1, count: 3, gateway: 'g1' },
    ...{ practice: `p${n}`, user_id: `usr_${n}`, session: null, address: '192.0.2.1', upstream: 'demo' },
    ...{ method: 'GET', route: 'GET /', verdict: 'deny', reason: 'address-not-allowed', control: 'ip' },
    ...{ revision: 1, failing: ['address-not-allowed'] },
  }
  return [
    { table: 'practice', row: { id: `p${n}`, name: `Practice ${n}`, revision: 1, created_at: at } },
    {
      table: 'policy_revision',
      row: {
        practice: `p${n}`,
        revision: 1,
        document: { n },
        author_id: 'a',
        author_name: 'A',
        saved_at: at,
      },
    },
    { table: 'app_user', row: { id: `usr_${n}`, name: `User ${n}`, login: `u${n}`, created_at: at } },
    {
      table: 'membership',
      row: { practice: `p${n}`, user_id: `usr_${n}`, roles: ['owner'], epoch: n, created_at: at },
    },
    {
      table: 'session',
      row: {
        ...{ id: `ses_${n}`, token_hash: mark('t', n), user_id: `usr_${n}`, upstream: 'demo', app_user: 'u' },
        ...{ method: 'app-password', epochs: { [`p${n}`]: n }, started_at: at, last_seen_at: at },
        ...{ absolute_deadline: at + 1, address_first: '192.0.2.1', address_last: '192.0.2.1', device: 'X' },
      },
    },
    {
      table: 'security_event',
      row: {
        ...{ practice: `p${n}`, seq: 1, at, action: 'practice.created', origin: 'ui', actor_kind: 'admin' },
        ...{ actor_id: 'adm_1', actor_name: 'First admin', prev_hash: '', hash, body },
      },
    },
    { table: 'event_head', row: { practice: `p${n}`, seq: 1, hash } },
    { table: 'outbox', row: { kind: 'policy', part: `p${n}`, saved_at: at } },
    { table: 'decision_log', row: refusal },
    {
      table: 'unmapped_route',
      row: { upstream: 'demo', method: 'GET', template: `/x${n}`, count: 2, first_at: at, last_at: at },
    },
  ]
}

/** Rows of tables that came later, by the first letters of the migration that made them. */
const laterRows: Readonly<Record<string, (n: number, under: string) => Sample>> = {
  '0006': (n) => ({
    table: 'access_request',
    row: {
      ...{ id: `arq_${n}`, practice: `p${n}`, user_id: `usr_${n}`, network: '192.0.2.0/24' },
      ...{ address: '192.0.2.1', kind: 'ip', reason: 'home', created_at: at, asked_at: at },
      ...{ expires_at: at + 1 },
    },
  }),
  '0008': (n, under) => ({
    table: 'factor',
    row: {
      ...{ id: `fac_${n}`, user_id: `usr_${n}`, method: 'totp', key_id: 'k1', sealed: 's', last_step: 5 },
      ...{ enrolled_at: at, last_verified_at: at },
      ...(under < '0012' ? {} : { name: 'Phone' }),
    },
  }),
  '0010': (n) => ({
    table: 'own_sign_in',
    row: { begin_hash: mark('b', n), upstream: 'demo', origin: 'https://app.example', ends_at: at },
  }),
  '0011': (n) => ({
    table: 'own_password',
    row: { user_id: `usr_${n}`, password_hash: '$argon2id$v=19$x', set_at: at },
  }),
}

const insert = async (client: pg.Client, { table, row }: Sample): Promise<void> => {
  const names = Object.keys(row)
  const values = Object.values(row).map((value) =>
    value !== null && typeof value === 'object' && !Array.isArray(value) ? JSON.stringify(value) : value,
  )
  const places = names.map((_, position) => `$${position + 1}`)
  await client.query(`insert into ${table} (${names.join(', ')}) values (${places.join(', ')})`, values)
}

/** How many rows of the table say all that the sample said. */
const found = async (client: pg.Client, { table, row }: Sample): Promise<number> => {
  const { rows } = await client.query<{ count: string }>(
    `select count(*) from ${table} where to_jsonb(${table}) @> $1::jsonb`,
    [JSON.stringify(row)],
  )
  return Number(rows[0]?.count)
}

test('rows written under every schema ever released are there under the present one', async () => {
  const database = await createDatabase(async () => undefined)
  cleanups.push(database.drop)
  const released = await mkdtemp(join(tmpdir(), 'gatehouse-released-'))
  cleanups.push(() => rm(released, { recursive: true }))
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  cleanups.push(() => client.end())
  const files = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  // Earlier than the fifth file there was nothing that ran.
  const samples: Sample[] = []
  for (const [position, file] of files.entries()) {
    await copyFile(join(folder, file), join(released, file))
    await migrate(database.url, released)
    if (position < 4) continue
    const later = Object.entries(laterRows).filter(([since]) => since <= file.slice(0, 4))
    const written = [...firstRows(position), ...later.map(([, row]) => row(position, file))]
    await client.query('begin')
    for (const sample of written) await insert(client, sample)
    await client.query('commit')
    samples.push(...written)
  }
  for (const sample of samples) expect([sample, await found(client, sample)]).toEqual([sample, 1])
  const store = openStore({ url: database.url, poolMax: 1 })
  cleanups.push(store.close)
  for (const position of files.keys())
    if (position >= 4)
      expect(await verifyChain(store, `p${position}`, null)).toMatchObject({ ok: true, checked: 1 })
})
