/**
 * How long the admin API takes over a large control plane: every list, a publication until enforced, a restart.
 *
 * Lists are asked of the app itself, without sockets, on a real PostgreSQL on this machine; the publication and the restart
 * are those of real planes in one process. Invariant: a list counts only if it answered 200 with what was asked for, and
 * rounds over all lists alternate, so that none has the machine to itself.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAdminApp } from '../admin/admin-app.ts'
import { createAdmission } from '../admin/api/admission.ts'
import { createPolicyViews } from '../admin/api/policy-views.ts'
import { createLive } from '../admin/live.ts'
import { hashPassword } from '../admin/passwords.ts'
import { createAdminSessions } from '../admin/sign-in/admin-sessions.ts'
import { createTryLimits } from '../admin/sign-in/try-limits.ts'
import { openStore, type Store } from '../admin/store/database.ts'
import { verifyChain } from '../admin/store/event-chain.ts'
import { migrate } from '../admin/store/migrate.ts'
import { createFactorKeyring } from '../admin/two-factor/factor-keys.ts'
import { createUiAssets } from '../admin/ui-assets.ts'
import { startEmbeddedPostgres } from '../cli/embedded-postgres.ts'
import { silentLog } from '../runtime/log.ts'
import { createSigner, generateSigningKey } from '../runtime/signing.ts'
import { measurePlanes, type PlanesResults } from './admin-planes.ts'
import { type Amounts, crowd, largeAmounts, seedDatabase, wide } from './admin-seed.ts'
import { describeMachine, type Machine } from './machine.ts'

/**
 * One list. `p50Ms`, `p95Ms`: of `rounds` rounds; `cpuMs`: what this process worked for one call, the mean of the rounds, which
 * neighbours on the machine hardly move; `bytes`: of the answer.
 */
export type ListFigure = {
  readonly name: string
  readonly path: string
  readonly firstMs: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly cpuMs: number
  readonly bytes: number
}

/** Everything measured. `postgres`: its version; `firstMs` of a list: its first call after the start. */
export type AdminResults = {
  readonly date: string
  readonly machine: Machine
  readonly postgres: string
  readonly amounts: Amounts
  readonly seedMs: number
  readonly rounds: number
  /** Of the machine while lists were asked, a minute's mean: above its cores, others were at work too. */
  readonly loadAverage: number
  readonly lists: readonly ListFigure[]
  readonly planes: PlanesResults
}

/** Where the app is, as it is told. */
export const origin = 'https://admin.example'
const login = 'bench'
const password = 'correct horse battery staple'
const rounds = 20

/** Adds the account that the measurements sign in with. */
export const insertAccount = async (store: Store, at: number): Promise<void> => {
  const password_hash = await hashPassword(password)
  const row = { id: 'adm_bench', login, name: 'Bench', password_hash, every_practice: true }
  await store.read((rows) =>
    rows
      .insertInto('admin_account')
      .values({ ...row, created_at: at, password_changed_at: at })
      .execute(),
  )
}

type Ask = (path: string) => Promise<Response>

/** The app, ways to ask it as somebody who is signed in and as anybody, and the cookie of the former. */
export type App = {
  readonly ask: Ask
  readonly request: (path: string, init: RequestInit) => Promise<Response>
  readonly cookie: string
  readonly close: () => void
}

/** The app on `store`; `built`: where the pages lie, if they are wanted. */
export const openApp = async (store: Store, built = '/nowhere'): Promise<App> => {
  const now = Date.now
  const limits = createTryLimits(store, now)
  const keyring = createFactorKeyring([{ id: 'k1', bytes: randomBytes(32) }])
  const party = null
  const sessions = createAdminSessions({ store, now, limits, keyring, log: silentLog, party })
  const live = createLive({ store, now, log: silentLog })
  const views = createPolicyViews(store, now)
  const portal = (): string => 'https://portal.example'
  const app = createAdminApp({
    plane: {
      ...{ store, now, views, live, sessions, keyring, limits, portal, party },
      providers: new Map(),
      admission: createAdmission({ store, views, now, end: sessions.end }),
      publicKey: createSigner(generateSigningKey()).publicKey,
      ...{ routes: new Map(), passwordLinks: null, notifications: { mailGoesOut: false, webhooks: [] } },
      changed: () => {},
      ...{ upstreams: ['desk'], sources: [] },
    },
    ...{ origin, portal, trustedProxies: [], ui: createUiAssets(built), log: silentLog },
    heartbeatMs: 15_000,
  })
  const request = async (path: string, init: RequestInit): Promise<Response> =>
    app.request(`${origin}${path}`, init, { peer: '127.0.0.1' })
  const signedIn = await request('/sign-in', {
    method: 'POST',
    body: new URLSearchParams({ login, password }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin, 'sec-fetch-site': 'same-origin' },
  })
  const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  return { ask: (path) => request(path, { headers: { cookie } }), request, cookie, close: live.close }
}

const month = new Date().toISOString().slice(0, 7)

/** Lists that go on by cursor, each also filtered. */
const pagedLists: readonly (readonly [path: string, filter: string])[] = [
  [`${crowd}/users`, 'text=person-39'],
  [`${crowd}/active-users`, 'method=app-password&practices=one'],
  [`${crowd}/two-factor`, 'status=optional'],
  [`${crowd}/ip-entries`, 'state=on&sort=label'],
  [`${wide}/ip-entries`, 'text=Desk%20499&sort=range'],
  [`${crowd}/access-requests`, 'status=pending'],
  [`${crowd}/security-events`, 'type=policy'],
  [`${crowd}/decisions`, 'monitored=true'],
]

/** Reads that are bounded by their nature. */
const wholeReads: readonly string[] = [
  ...['/api/me', '/api/practices', '/api/permissions', '/api/admins', '/api/admin-sessions'],
  ...[
    ...[
      'general',
      'features',
      'presets',
      'presets/strict',
      'scheduled-changes',
      'heartbeats',
      'address-cards',
    ],
    ...[
      'my-address',
      'time-windows',
      'time-preview?user=usr_1',
      'time-calendar',
      'extensions',
      'notifications',
    ],
    ...['webhook-deliveries', 'tokens', 'emergency-access', 'roles', 'users/usr_1/permissions', 'routes'],
    ...['security-events/actions', 'security-events/chain', 'security-events/retention'],
    `access-report?month=${month}`,
  ].map((path) => `/api/practices/${crowd}/${path}`),
  `/api/practices/${wide}/general`,
  `/api/practices/${wide}/address-cards`,
]

type Asked = { readonly name: string; readonly path: string }

const nextCursorOf = async (ask: Ask, path: string): Promise<string> => {
  const { nextCursor } = (await (await ask(path)).json()) as { readonly nextCursor: string | null }
  if (nextCursor === null) throw new Error(`invariant: ${path} has a second page`)
  return nextCursor
}

/** First page, a page in the middle, and filtered, of each list; and the other reads. */
const everyAsked = async (ask: Ask): Promise<readonly Asked[]> => {
  const asked: Asked[] = wholeReads.map((path) => ({ name: path, path }))
  for (const [list, filter] of pagedLists) {
    const path = `/api/practices/${list}`
    const far = await nextCursorOf(ask, `${path}?limit=300`)
    asked.push(
      { name: path, path },
      { name: `${path}, a later page`, path: `${path}?cursor=${encodeURIComponent(far)}` },
      { name: `${path}, filtered (${filter})`, path: `${path}?${filter}` },
    )
  }
  return asked
}

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN

const measureLists = async (ask: Ask, say: (line: string) => void): Promise<readonly ListFigure[]> => {
  const asked = await everyAsked(ask)
  const figures = asked.map((one) => ({ ...one, times: [] as number[], cpuMs: 0, bytes: 0 }))
  for (let round = 0; round <= rounds; round += 1) {
    if (round % 10 === 0) say(`lists: round ${round} of ${rounds}`)
    for (const figure of figures) {
      const worked = process.cpuUsage()
      const startedAt = performance.now()
      const response = await ask(figure.path)
      const text = await response.text()
      figure.times.push(performance.now() - startedAt)
      const { user, system } = process.cpuUsage(worked)
      if (round > 0) figure.cpuMs += (user + system) / 1_000 / rounds
      if (response.status !== 200) throw new Error(`${figure.path}: ${response.status} ${text.slice(0, 300)}`)
      figure.bytes = text.length
    }
  }
  return figures.map(({ name, path, times: [firstMs = Number.NaN, ...times], cpuMs, bytes }) => {
    const sorted = times.toSorted((a, b) => a - b)
    return { name, path, firstMs, p50Ms: at(sorted, 0.5), p95Ms: at(sorted, 0.95), cpuMs, bytes }
  })
}

const measureAt = async (
  databaseUrl: string,
  folder: string,
  say: (line: string) => void,
): Promise<Omit<AdminResults, 'date' | 'machine'>> => {
  await migrate(databaseUrl)
  const store = openStore({ url: databaseUrl, poolMax: 10 })
  try {
    const startedAt = performance.now()
    await seedDatabase(store, largeAmounts, Date.now())
    await insertAccount(store, Date.now())
    const seedMs = performance.now() - startedAt
    say(`seeded in ${Math.round(seedMs / 1_000)} s`)
    const chain = await verifyChain(store, crowd, null)
    if (!chain.ok) throw new Error(`invariant: seeded chains are whole: ${chain.why}`)
    const postgres = await store.read(
      async (rows) =>
        (
          await rows
            .selectNoFrom((eb) => eb.fn<string>('version', []).as('version'))
            .executeTakeFirstOrThrow()
        ).version,
    )
    const { ask, close } = await openApp(store)
    const lists = await measureLists(ask, say)
    close()
    const [loadAverage = 0] = loadavg()
    const planes = await measurePlanes({ databaseUrl, store, folder, login, password, say })
    return {
      postgres: postgres.split(' on ')[0] ?? postgres,
      amounts: largeAmounts,
      seedMs,
      rounds,
      loadAverage,
      lists,
      planes,
    }
  } finally {
    await store.close()
  }
}

/** Seeds a PostgreSQL of its own and measures; two minutes. */
export const benchAdmin = async (date: string, say: (line: string) => void): Promise<AdminResults> => {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'))
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), log: () => undefined })
  try {
    return { date, machine: describeMachine(), ...(await measureAt(postgres.url, folder, say)) }
  } finally {
    await postgres.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
