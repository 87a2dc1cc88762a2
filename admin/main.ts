/**
 * The control plane, started: database, publisher, jobs, and its four listeners. The only place that wires them.
 *
 * It decides nothing and reads no clock of its own. Invariant: nothing listens before the database is at this
 * build's schema, and what was started is stopped again, in reverse, if a later step fails. The hot store is the
 * caller's: it may be shared with a gateway in the same process, so it is not closed here.
 */
import { join } from 'node:path'
import type { Range } from '../policies/address.ts'
import type { Problem } from '../policies/problem.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Config } from '../runtime/config.ts'
import { fleetKey, keepClusterKey } from '../runtime/fleet-seal.ts'
import { readTrustedProxies } from '../runtime/forwarded.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import type { ControlPlane } from '../runtime/internal.ts'
import type { Log } from '../runtime/log.ts'
import { readLogos } from '../runtime/logos.ts'
import { createSigner, keepSigningKey, readSigningKey, type Signer } from '../runtime/signing.ts'
import { requirementsOf } from '../runtime/upstream-routes.ts'
import { createAdminApp } from './admin-app.ts'
import { createAdmission } from './api/admission.ts'
import { createPolicyViews, warmViews } from './api/policy-views.ts'
import { ensurePractices } from './bootstrap.ts'
import { createEventJobs } from './events/event-jobs.ts'
import { type EventStream, readEventStreams } from './events/event-sinks.ts'
import { createInternal } from './internal.ts'
import { createInternalApp } from './internal-http.ts'
import { createJobs } from './jobs.ts'
import { type Answer, listenOn, originOf } from './listener.ts'
import { createLive } from './live.ts'
import { createMetrics, type Metrics, type Surface } from './metrics.ts'
import { keepAdminOrigin } from './notify/links.ts'
import { queueMail } from './notify/mail-queue.ts'
import { publishMailKey } from './notify/mail-seal.ts'
import { createMailer, type Mailer } from './notify/mailer.ts'
import { createNotifier } from './notify/notifier.ts'
import { createTextSender, type TextSender } from './notify/text-messages.ts'
import { readWebhookTargets, type WebhookTargets } from './notify/webhook-send.ts'
import type { QueueMail } from './own-sign-in/password-mails.ts'
import { type OwnUpstreams, readOwnUpstreams } from './own-sign-in/upstreams.ts'
import { createPortalApp } from './portal/portal-app.ts'
import { createPublisher, type Publisher } from './publish.ts'
import { answerSecurityText } from './security-text.ts'
import { type AdminProviderKey, createAdminProviders, readAdminProviders } from './sign-in/admin-providers.ts'
import { createAdminSessions } from './sign-in/admin-sessions.ts'
import { ensureFirstAdmin, ensureFirstLink, type FirstAdmin, type FirstLink } from './sign-in/first-admin.ts'
import { createTryLimits } from './sign-in/try-limits.ts'
import { openStore, type Store } from './store/database.ts'
import { migrate } from './store/migrate.ts'
import { type FactorKeyring, openFactorKeyring } from './two-factor/factor-keys.ts'
import { createUiAssets } from './ui-assets.ts'
import { createUndoing, type Undoing } from './undoing.ts'
import { partyAt } from './webauthn.ts'

/** What a control plane starts from. `store`: the hot store, `null` without one; `uiDir`: the built admin UI. */
export type ControlPlaneOptions = {
  readonly config: Config
  readonly databaseUrl: string
  readonly store: HotStore | null
  readonly clock: Clock
  readonly log: Log
  readonly dataDir: string
  readonly uiDir: string
  /** How the first account is opened: by a password that works at once, or by a link that sets one. */
  readonly firstAdminBy: 'password' | 'link'
}

/** A running control plane. */
export type RunningControlPlane = {
  /** Where it listens, as origins. `admin` and `portal` are what browsers call them. */
  readonly addresses: {
    readonly admin: string
    readonly portal: string
    readonly internal: string
    readonly metrics: string
  }
  /** For a gateway in this process. */
  readonly internal: ControlPlane
  /** The account just made on an empty database; shown once, `null` ever after, and where it is opened by a link. */
  readonly firstAdmin: FirstAdmin | null
  /** What opens the first account where that is by a link; `null` once it was opened. */
  readonly firstLink: FirstLink | null
  /** The database, for tests and tools of this process. */
  readonly database: Store
  /** Stops everything: listeners first, the database last. */
  readonly close: () => Promise<void>
}

const heartbeatMs = 15_000

/** A set-up that cannot work: every problem in the message, each with its path. */
const misconfigured = (problems: readonly Problem[]): Error =>
  Object.assign(new Error(problems.map(({ path, sentence }) => `${path}: ${sentence}`).join('\n')), {
    problems,
  })

const valueOr = <T>(
  checked:
    | { readonly ok: true; readonly value: T }
    | { readonly ok: false; readonly problems: readonly Problem[] },
): T => {
  if (!checked.ok) throw misconfigured(checked.problems)
  return checked.value
}

async function openDatabase(options: ControlPlaneOptions, undoing: Undoing): Promise<Store> {
  const { config, databaseUrl, clock } = options
  await migrate(databaseUrl)
  const database = openStore({ url: databaseUrl, poolMax: config.database.poolMax })
  undoing.add('database', database.close)
  const ensured = await ensurePractices(database, config.practices, clock.now())
  if (!ensured.ok) throw misconfigured(ensured.problems)
  return database
}

const signInPaths: ReadonlySet<string> = new Set([
  ...[
    '/sign-in',
    '/sign-in/code',
    '/sign-in/passkey',
    '/sign-out',
    '/hand-over',
    '/step-up',
    '/step-up/passkey',
  ],
  '/set-password',
])

const surfaceOf = (pathname: string): Surface => {
  if (pathname.startsWith('/api/')) return 'api'
  return signInPaths.has(pathname) ? 'sign-in' : 'ui'
}

/** `answer`, counted. */
const counted =
  (metrics: Metrics, clock: Clock, surface: (pathname: string) => Surface, answer: Answer): Answer =>
  async (request, env) => {
    const startedAt = clock.monotonic()
    const response = await answer(request, env)
    const seconds = (clock.monotonic() - startedAt) / 1_000
    metrics.count(surface(new URL(request.url).pathname), response.status, seconds)
    return response
  }

type LateApp = {
  readonly fetch: (request: Request, env: Parameters<Answer>[1]) => Response | Promise<Response>
}

type Machinery = {
  readonly database: Store
  readonly signer: Signer
  readonly publisher: Publisher
  readonly metrics: Metrics
  readonly internal: ControlPlane
  readonly clusterKey: string
  readonly upstreams: OwnUpstreams
  /** `null`: no mail goes out. */
  readonly mail: QueueMail | null
}

function startMachinery(
  options: ControlPlaneOptions,
  undoing: Undoing,
  base: Pick<Machinery, 'database' | 'signer' | 'clusterKey' | 'upstreams' | 'mail'> & {
    readonly mailer: Mailer
    readonly keyring: FactorKeyring
    readonly targets: WebhookTargets
    readonly streams: readonly EventStream[]
  },
  origins: { readonly portal: () => string; readonly admin: () => string },
): Machinery {
  const { config, clock, log, store: hotStore } = options
  const { database, signer } = base
  const { now } = clock
  const publisher = createPublisher({ store: database, hotStore, signer, now, log })
  undoing.add('publisher', publisher.close)
  const disagrees = (): boolean => publisher.status().disagrees
  const metrics = createMetrics({ store: database, hotStore, now, streams: base.streams, disagrees })
  const jobs = createJobs({
    store: database,
    countCanaries: metrics.countCanaries,
    reports: hotStore === null ? null : { hotStore, fleet: fleetKey(base.clusterKey) },
    signer,
    kick: publisher.kick,
    now,
    log,
  })
  undoing.add('jobs', jobs.close)
  const eventJobs = createEventJobs({
    ...{ store: database, signer, now, log, checkpointFile: config.audit.checkpointFile },
    streams: base.streams,
  })
  undoing.add('event jobs', eventJobs.close)
  const identityOf = (id: string) => config.upstreams.find((one) => one.id === id)?.identity ?? null
  const internal = createInternal({
    store: database,
    publisher,
    signer,
    provisioning: (id) => identityOf(id)?.provisioning ?? null,
    rolesFrom: (id) => identityOf(id)?.roles ?? 'directory',
    roleRules: (id) => identityOf(id)?.roleRules ?? [],
    log,
    upstreams: base.upstreams,
    ...origins,
    now,
  })
  const notifier = createNotifier({
    store: database,
    mailer: base.mailer,
    keyring: base.keyring,
    targets: base.targets,
    now,
    log,
    count: metrics.countMail,
    countWebhook: metrics.countWebhook,
  })
  undoing.add('notifier', notifier.close)
  publisher.start()
  jobs.start()
  eventJobs.start()
  notifier.start()
  return { ...base, publisher, metrics, internal }
}

/** Listens for an app that is made afterwards, since its origin is known only once it listens; answers that origin. */
async function listenLate(
  options: ControlPlaneOptions,
  undoing: Undoing,
  metrics: Metrics,
  part: {
    readonly key: 'admin' | 'portal'
    readonly surface: (pathname: string) => Surface
    readonly createApp: (origin: string, trustedProxies: readonly Range[]) => LateApp
  },
): Promise<string> {
  const { config, clock } = options
  const trustedProxies = valueOr(readTrustedProxies(config.gateway.trustedProxies))
  let app: LateApp | null = null
  let origin = ''
  const answer: Answer = (request, env) => {
    if (app === null) return new Response('Starting.\n', { status: 503 })
    return answerSecurityText(request, origin, config.securityText, clock.now()) ?? app.fetch(request, env)
  }
  const listener = await listenOn(config.listen[part.key], counted(metrics, clock, part.surface, answer))
  undoing.add(`${part.key} listener`, listener.close)
  origin = config.origins[part.key] ?? originOf(listener)
  app = part.createApp(origin, trustedProxies)
  return origin
}

function listenAdmin(
  options: ControlPlaneOptions,
  undoing: Undoing,
  machinery: Machinery,
  {
    portal,
    keyring,
    adminProviders,
  }: {
    readonly portal: string
    readonly keyring: FactorKeyring
    readonly adminProviders: readonly AdminProviderKey[]
  },
): Promise<string> {
  const { clock, config, log } = options
  const { database, metrics, mail, upstreams } = machinery
  const { now } = clock
  return listenLate(options, undoing, metrics, {
    key: 'admin',
    surface: surfaceOf,
    createApp: (origin, trustedProxies) => {
      const live = createLive({ store: database, now, log })
      undoing.add('live', live.close)
      const views = createPolicyViews(database, now)
      let isClosing = false
      undoing.add('warming', () => {
        isClosing = true
      })
      void warmViews(database, views, () => isClosing)
      const limits = createTryLimits(database, now)
      const party = partyAt(origin)
      const sessions = createAdminSessions({ store: database, now, keyring, log, limits, party })
      return createAdminApp({
        plane: {
          ...{ store: database, now, views, live, sessions, keyring, limits, party },
          providers: createAdminProviders(adminProviders, origin, now),
          admission: createAdmission({ store: database, views, now, end: sessions.end }),
          publicKey: machinery.signer.publicKey,
          routes: requirementsOf(config.upstreams),
          passwordLinks: upstreams.takePasswords ? { queue: mail, portal } : null,
          notifications: {
            mailGoesOut: config.notifications.mail !== 'off',
            webhooks: config.notifications.webhooks.map(({ name }) => name),
          },
          changed: machinery.publisher.kick,
          portal: () => portal,
          upstreams: config.upstreams.filter(({ identity }) => identity !== null).map(({ id }) => id),
          sources: config.upstreams,
        },
        origin,
        portal: () => portal,
        trustedProxies,
        ui: createUiAssets(options.uiDir),
        log,
        heartbeatMs,
      })
    },
  })
}

/** The people's pages of the second factor, on an origin of their own. */
function listenPortal(
  options: ControlPlaneOptions,
  undoing: Undoing,
  { database, metrics, publisher, upstreams, mail }: Machinery,
  { keyring, texts }: { readonly keyring: FactorKeyring; readonly texts: TextSender | null },
): Promise<string> {
  const { clock, log } = options
  return listenLate(options, undoing, metrics, {
    key: 'portal',
    surface: () => 'portal',
    createApp: (origin, trustedProxies) =>
      createPortalApp({
        parts: { store: database, keyring, changed: publisher.kick },
        ...{ origin, trustedProxies, upstreams, mail, texts, log },
        logos: readLogos(Object.assign({}, ...options.config.upstreams.map(({ logos }) => logos)), log),
        now: clock.now,
      }),
  })
}

async function start(options: ControlPlaneOptions, undoing: Undoing): Promise<RunningControlPlane> {
  const { config, clock, log, dataDir } = options
  const clusterKey = config.clusterKey ?? valueOr(keepClusterKey(join(dataDir, 'cluster-key')))
  const shared = config.signingKey === null ? null : readSigningKey(config.signingKey)
  const signer = createSigner(shared ?? valueOr(keepSigningKey(join(dataDir, 'signing-key'))))
  const keyring = valueOr(openFactorKeyring(config.twoFactor.keys, join(dataDir, 'factor-keys')))
  const upstreams = valueOr(readOwnUpstreams(config.upstreams))
  const adminProviders = valueOr(readAdminProviders(config.admin.providers))
  const texts = valueOr(createTextSender(config.twoFactor.sms, log))
  const mailer = valueOr(createMailer(config.notifications, log))
  const targets = valueOr(readWebhookTargets(config.notifications.webhooks))
  const streams = valueOr(readEventStreams(config.audit))
  const database = await openDatabase(options, undoing)
  const isByLink = options.firstAdminBy === 'link'
  const firstAdmin = isByLink ? null : await ensureFirstAdmin(database, clock.now())
  const firstLink = isByLink ? await ensureFirstLink(database, clock.now()) : null
  let portal = ''
  let admin = ''
  const mail = config.notifications.mail === 'off' ? null : queueMail
  await publishMailKey(database, keyring)
  const base = { database, signer, clusterKey, upstreams, mailer, keyring, mail, targets, streams }
  const machinery = startMachinery(options, undoing, base, {
    portal: () => portal,
    admin: () => admin,
  })
  await machinery.publisher.tick()
  const { internal, metrics } = machinery
  const figures = await listenOn(config.listen.adminMetrics, metrics.answer)
  undoing.add('metrics listener', figures.close)
  // Before gateways can ask: answers to them name these.
  portal = await listenPortal(options, undoing, machinery, { keyring, texts })
  admin = await listenAdmin(options, undoing, machinery, { portal, keyring, adminProviders })
  await keepAdminOrigin(database, admin)
  const internalApp = createInternalApp({ plane: internal, clusterKey, log })
  const inside = await listenOn(
    config.listen.internal,
    counted(
      metrics,
      clock,
      () => 'internal',
      (request) => internalApp.fetch(request),
    ),
  )
  undoing.add('internal listener', inside.close)
  return {
    addresses: { admin, portal, internal: originOf(inside), metrics: originOf(figures) },
    internal,
    firstAdmin,
    firstLink,
    database,
    close: undoing.run,
  }
}

/**
 * Starts a control plane. Rejects, with everything stopped again, with a `Fault` (the database cannot be had), with
 * the system's error (a port is taken), or with an error that lists every problem of the set-up.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<RunningControlPlane> {
  const undoing = createUndoing(options.log)
  try {
    return await start(options, undoing)
  } catch (error) {
    await undoing.run()
    throw error
  }
}
