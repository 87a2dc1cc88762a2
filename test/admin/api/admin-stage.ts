/**
 * A stage for tests of the admin origin: a real database with two practices, people, accounts, and the app on
 * it, asked without a socket, under a clock that moves when told.
 *
 * Not a plane: nothing publishes and no gateway acknowledges. Invariant: what a browser would send along
 * (Origin, Fetch Metadata, cookie, token) is sent unless a test takes it away. Refused: mocking the store.
 */
import { randomBytes } from 'node:crypto'
import { createAdminApp } from '../../../admin/admin-app.ts'
import { createAdmission } from '../../../admin/api/admission.ts'
import type { ApiPlane } from '../../../admin/api/api-plane.ts'
import { createPolicyViews } from '../../../admin/api/policy-views.ts'
import { createLive } from '../../../admin/live.ts'
import type { Mail } from '../../../admin/notify/mail-queue.ts'
import { hashPassword } from '../../../admin/passwords.ts'
import type { NamingUpstream } from '../../../admin/practices/practice-sources.ts'
import { type AdminProviderKey, createAdminProviders } from '../../../admin/sign-in/admin-providers.ts'
import { createAdminSessions } from '../../../admin/sign-in/admin-sessions.ts'
import { createTryLimits } from '../../../admin/sign-in/try-limits.ts'
import { openStore, type Store } from '../../../admin/store/database.ts'
import { insertRevision } from '../../../admin/store/practices.ts'
import { createFactorKeyring } from '../../../admin/two-factor/factor-keys.ts'
import { createUiAssets } from '../../../admin/ui-assets.ts'
import { partyAt } from '../../../admin/webauthn.ts'
import type { PolicyDocument } from '../../../policies/document.ts'
import type { RouteRequirement } from '../../../policies/routes.ts'
import { newDocument } from '../../../policies/standard-roles.ts'
import { readTrustedProxies } from '../../../runtime/forwarded.ts'
import { silentLog } from '../../../runtime/log.ts'
import { createSigner, generateSigningKey } from '../../../runtime/signing.ts'
import { readContract } from '../../support/api-contract.ts'
import { createClock } from '../../support/clock.ts'
import { createDatabase } from '../../support/postgres.ts'

/** The admin origin of every test here. */
export const origin = 'https://admin.example'
/** The password of every account here. */
export const password = 'correct horse battery staple'

/** The one mapped route of the application here. */
export const schedulePage: RouteRequirement = {
  id: 'demo GET /schedule',
  class: 'staff',
  stepUp: null,
  permissions: { any: ['see-schedule-page'] },
  mapped: true,
  unmapped: null,
  paths: 'lenient',
}

/** How its application names practices. */
const naming: NamingUpstream = {
  ...{ id: 'demo', identity: null, learn: 'roles' },
  practice: {
    hosts: { 'hill.example': 'hilltop', 'lake.example': 'lakeside', 'www.hill.example': 'hilltop' },
    pathPrefixes: { hill: 'hilltop' },
    cookie: { name: 'location', authoritative: true },
    ...{ header: null, fixed: null, choosingPage: null },
  },
}

const practiceNames = { lakeside: 'Lakeside Dental', hilltop: 'Hilltop Dental' } as const

const insertPractice = (store: Store, id: keyof typeof practiceNames, at: number) =>
  store.transaction(async (tx) => {
    const document: PolicyDocument = newDocument(
      { id, name: practiceNames[id], zone: 'America/Chicago' },
      'standard',
    )
    await tx
      .insertInto('practice')
      .values({ id, name: practiceNames[id], revision: 1, created_at: at })
      .execute()
    await insertRevision(tx, {
      practice: id,
      revision: 1,
      document,
      authorId: 'test',
      authorName: 'Test',
      savedAt: at,
    })
  })

const insertPerson = (
  store: Store,
  person: { readonly id: string; readonly name: string; readonly roles: Readonly<Record<string, string[]>> },
  at: number,
) =>
  store.transaction(async (tx) => {
    const { id, name, roles } = person
    await tx
      .insertInto('app_user')
      .values({ id, name, login: name.toLowerCase(), email: null, created_at: at })
      .execute()
    for (const [practice, held] of Object.entries(roles))
      await tx
        .insertInto('membership')
        .values({ practice, user_id: id, roles: held, created_at: at })
        .execute()
  })

const insertAccount = (
  store: Store,
  account: {
    readonly login: string
    readonly practices: 'every' | Readonly<Record<string, string[]>>
    readonly passwordHash: string
  },
  at: number,
) =>
  store.transaction(async (tx) => {
    const id = `adm_${account.login}`
    await tx
      .insertInto('admin_account')
      .values({
        id,
        login: account.login,
        name: `The ${account.login}`,
        password_hash: account.passwordHash,
        every_practice: account.practices === 'every',
        created_at: at,
        password_changed_at: at,
      })
      .execute()
    if (account.practices === 'every') return
    for (const [practice, permissions] of Object.entries(account.practices))
      await tx.insertInto('admin_grant').values({ account: id, practice, permissions }).execute()
  })

/** Every permission that an admin of one practice may hold. */
export const everyPermission = [
  'gw.security.view',
  'gw.security.settings.edit',
  'gw.ip.edit',
  'gw.time.edit',
  'gw.sessions.view',
  'gw.sessions.revoke',
  'gw.events.view',
  'gw.events.export',
  'gw.roles.edit',
  'gw.users.edit',
  'gw.requests.review',
  'gw.two-factor.view',
  'gw.two-factor.reset',
  'gw.tokens.edit',
]

const insertAll = async (store: Store, at: number): Promise<void> => {
  const passwordHash = await hashPassword(password)
  await insertPractice(store, 'lakeside', at)
  await insertPractice(store, 'hilltop', at)
  await insertPerson(
    store,
    { id: 'usr_olga', name: 'Olga', roles: { lakeside: ['owner'], hilltop: ['owner'] } },
    at,
  )
  await insertPerson(store, { id: 'usr_fred', name: 'Fred', roles: { lakeside: ['front-desk'] } }, at)
  await insertAccount(store, { login: 'root', practices: 'every', passwordHash }, at)
  await insertAccount(store, { login: 'hilly', practices: { hilltop: everyPermission }, passwordHash }, at)
  await insertAccount(
    store,
    { login: 'viewer', practices: { lakeside: ['gw.security.view'] }, passwordHash },
    at,
  )
  await insertAccount(
    store,
    { login: 'blocked', practices: { lakeside: ['gw.ip.edit', 'gw.time.edit'] }, passwordHash },
    at,
  )
}

/** What a test asks with: a browser that is signed in. `address` is its TCP peer. */
export type Browser = {
  readonly csrf: string
  readonly cookie: string
  readonly ask: (method: string, path: string, wish?: Wish) => Promise<Response>
}

/** The body as JSON, the edited revision, and headers that replace a browser's own (`null` removes one). */
export type Wish = {
  readonly json?: unknown
  readonly revision?: number
  readonly headers?: Readonly<Record<string, string | null>>
}

const headersOf = (base: Readonly<Record<string, string>>, wish: Wish): Headers => {
  const headers = new Headers(base)
  if (wish.json !== undefined) headers.set('content-type', 'application/json')
  if (wish.revision !== undefined) headers.set('if-match', `"${wish.revision}"`)
  for (const [name, value] of Object.entries(wish.headers ?? {}))
    if (value === null) headers.delete(name)
    else headers.set(name, value)
  return headers
}

type Request = (path: string, init?: RequestInit, peer?: string) => Promise<Response>

/** Posts the sign-in form as the page would. */
const postForm = (request: Request, fields: Readonly<Record<string, string>>, peer?: string, headers = {}) =>
  request(
    '/sign-in',
    {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        origin,
        'sec-fetch-site': 'same-origin',
        ...headers,
      },
    },
    peer,
  )

const openBrowser = async (
  request: Request,
  login: string,
  address: string,
  word: string,
): Promise<Browser> => {
  const response = await postForm(request, { login, password: word }, address)
  const cookie = (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  if (response.status !== 303) throw new Error(`sign-in: ${response.status} ${await response.text()}`)
  const me = await request('/api/me', { headers: { cookie } }, address)
  const { csrf } = (await me.json()) as { csrf: string }
  const base = { cookie, origin, 'sec-fetch-site': 'same-origin', 'x-gatehouse-csrf': csrf }
  return {
    csrf,
    cookie,
    ask: (method, path, wish = {}) => {
      const body = wish.json === undefined ? {} : { body: JSON.stringify(wish.json) }
      return request(path, { method, headers: headersOf(base, wish), ...body }, address)
    },
  }
}

/** Confirms what waits in a practice; the status, or `null` where nothing waits. */
export const confirmWaiting = async (browser: Browser, practice: string): Promise<number | null> => {
  const of = `/api/practices/${practice}`
  const general = (await (await browser.ask('GET', `${of}/general`)).json()) as {
    readonly revision: number
    readonly confirmation: { readonly state: string } | null
  }
  if (general.confirmation?.state !== 'waiting') return null
  const { revision } = general
  return (await browser.ask('POST', `${of}/confirmation/confirm`, { json: {}, revision })).status
}

type StageWish = {
  readonly uiDir?: string
  readonly trustedProxies?: string[]
  readonly withoutPasswords?: boolean
  /** Instead of `origin`, for a browser that really asks. */
  readonly origin?: string
  readonly providers?: readonly AdminProviderKey[]
}

/** What this stage's applications are configured with. */
const configuredRoutes = new Map(
  [
    schedulePage,
    { ...schedulePage, id: 'app POST /api/sync' },
    { ...schedulePage, id: 'app GET /schedule' },
  ].map((route) => [route.id, route]),
)

/** The stage, ready. */
export const createStage = async (wish: StageWish = {}) => {
  const database = await createDatabase()
  const clock = createClock()
  const store = openStore({ url: database.url, poolMax: 5 })
  await insertAll(store, clock.now())
  const { now } = clock
  const limits = createTryLimits(store, now)
  const keyring = createFactorKeyring([{ id: 'k1', bytes: randomBytes(32) }])
  const party = partyAt(wish.origin ?? origin)
  const sessions = createAdminSessions({ store, now, limits, keyring, log: silentLog, party })
  const live = createLive({ store, now, log: silentLog })
  const signer = createSigner(generateSigningKey())
  const views = createPolicyViews(store, now)
  const { publicKey } = signer
  const admission = createAdmission({ store, views, now, end: sessions.end })
  const mails: Mail[] = []
  const queue = async (_: unknown, mail: Mail): Promise<boolean> => mails.push(mail) > 0
  const passwordLinks = wish.withoutPasswords === true ? null : { queue, portal: 'https://portal.example' }
  const plane: ApiPlane = {
    ...{ store, now, views, live, sessions, admission, publicKey, routes: configuredRoutes, passwordLinks },
    providers: createAdminProviders(wish.providers ?? [], origin, now),
    ...{ keyring, limits, party, notifications: { mailGoesOut: true, webhooks: ['chat'] } },
    changed: () => {},
    portal: () => 'https://portal.example',
    ...{ upstreams: ['demo'], sources: [naming] },
  }
  const proxies = readTrustedProxies(wish.trustedProxies ?? [])
  if (!proxies.ok) throw new Error('bad proxies')
  const app = createAdminApp({
    plane,
    origin: wish.origin ?? origin,
    portal: () => 'https://portal.example',
    trustedProxies: proxies.value,
    ui: createUiAssets(wish.uiDir ?? '/nowhere'),
    log: silentLog,
    heartbeatMs: 20,
  })
  const served = await app.request(`${wish.origin ?? origin}/api/openapi.json`, {}, { peer: '203.0.113.9' })
  const contract = readContract(await served.json())
  /** Any request at all, as it is; whatever the API answers is held against its contract. */
  const request: Request = async (path, init = {}, peer = '203.0.113.9') => {
    const response = await app.request(`${origin}${path}`, init, { peer })
    const type = response.headers.get('content-type') ?? ''
    if (path.startsWith('/api/') && /\bjson\b/.test(type))
      contract.check(init.method ?? 'GET', path, response.status, type, await response.clone().text())
    return response
  }
  return {
    app,
    databaseUrl: database.url,
    mails,
    clock,
    store,
    live,
    signer,
    request,
    postSignIn: (fields: Readonly<Record<string, string>>, peer?: string, headers = {}) =>
      postForm(request, fields, peer, headers),
    signIn: (login: string, address = '203.0.113.9', word = password) =>
      openBrowser(request, login, address, word),
    close: async () => {
      live.close()
      await store.close()
      await database.drop()
    },
  }
}

/** A stage. */
export type Stage = Awaited<ReturnType<typeof createStage>>
