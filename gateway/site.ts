/**
 * All that belongs to one application behind the gateway: its routes, and how its people are identified.
 *
 * Only wiring; it decides nothing. Invariant: what two upstreams share (sessions, knowledge, rates per address) is
 * handed in, everything else is their own, so that one application's trouble is not another's.
 */
import { type Dispatcher, request } from 'undici'
import type { Clock } from '../runtime/clock.ts'
import type { Limits, UpstreamConfig } from '../runtime/config.ts'
import type { HotStore } from '../runtime/hot-store.ts'
import type { ControlPlane, SealedRecord } from '../runtime/internal.ts'
import type { Log } from '../runtime/log.ts'
import { type Logo, readLogos } from '../runtime/logos.ts'
import { type AccessStep, createAccessStep } from './access-step.ts'
import type { Companion } from './companion.ts'
import type { Endings } from './endings.ts'
import { createHeldLogin, type HeldLogin } from './held-login.ts'
import { createOpenings } from './identity/adoption.ts'
import { createTokenReader, openTokenKeys } from './identity/app-token.ts'
import { createBonds } from './identity/bonds.ts'
import { bindsValue, type Credential, credentialHeaders, endSessionBody } from './identity/credential.ts'
import { createIdentifier, type Identifier } from './identity/identify.ts'
import { type AskOnce, createIntrospector, type Introspector } from './identity/introspect.ts'
import { createCookieMemory } from './identity/known-cookies.ts'
import { createRoleWord, type RoleWord } from './identity/role-word.ts'
import { createTellEnded, type TellEnded } from './identity/told-endings.ts'
import { createVouchedReader, createVouching } from './identity/trusted-header.ts'
import { createWhoAmI } from './identity/who-am-i.ts'
import { createLearnedPaths, type LearnedPaths } from './learned-paths.ts'
import { createOwnSignIn, type OwnSignIn } from './own-sign-in.ts'
import { createParked } from './parked.ts'
import type { Directory } from './questions.ts'
import type { Refusals } from './refusals.ts'
import type { Reports } from './reports.ts'
import type { RouteDuties } from './route-duties.ts'
import type { MirroredSession, Sessions } from './sessions.ts'
import { createWindowCounter, type WindowCounter } from './window-counter.ts'

/** How people of one upstream are identified. */
export type SiteIdentity = {
  readonly identifier: Identifier
  readonly introspector: Introspector
  readonly signIn: HeldLogin
  readonly access: AccessStep
  /** Signing in here; `null`: people sign in at the application. */
  readonly own: OwnSignIn | null
  /** Tells the application that the session of a credential is over. */
  readonly tellEnded: TellEnded
  /** Token hashes of the sessions that a credential, by its hash, is known to have come with. */
  readonly bonded: (credential: string) => readonly string[]
}

/** One application. `identity: null`: nobody is identified; only public routes can pass. */
export type Site = {
  readonly upstream: UpstreamConfig
  readonly duties: RouteDuties
  readonly identity: SiteIdentity | null
  /** Logos of practices, by id. */
  readonly logos: ReadonlyMap<string, Logo>
  /** What is learned of paths that no route names; `null`: nothing. */
  readonly learned: LearnedPaths | null
}

/** What the sites of a gateway share. */
export type SiteParts = {
  readonly gateway: string
  readonly limits: Limits
  readonly clock: Clock
  readonly log: Log
  readonly store: HotStore | null
  readonly controlPlane: ControlPlane | null
  readonly fleetKey: Parameters<typeof createBonds>[0]['fleetKey']
  readonly companion: Companion
  readonly sessions: Sessions
  readonly endings: Endings
  readonly directory: Directory
  readonly reports: Reports
  /** Connections to an application, for questions of our own. */
  readonly dispatcherOf: (upstream: UpstreamConfig) => Dispatcher
  readonly refusals: Refusals
  /** The application's public origin: its scheme is told to the application when it is asked. */
  readonly origin: string
  apply(records: readonly SealedRecord[]): void
  /** Whether a never-seen credential may be adopted: not from an unseeded store. */
  mayAdopt(): boolean
  /** Whether a session could be opened and judged now. Never rejects. */
  isReady(): Promise<boolean>
  /** Whether knowledge is fresh enough to decide with. */
  isAlive(): boolean
}

const endSessionMs = 2_000
/** Of one browser at the step, and of unknown companions from one address: a waiting page asks six times. */
const stepsPerMinute = 120

/** Headers of people at work now, of at most 4 kB each. */
const cookiesKeptMax = 10_000

/** Of one browser to the portal: a person goes there and back, and perhaps once more. */
const handOversPerMinute = 12

/** The host that an application is asked under: its first configured name, else its own address. */
const hostOf = (upstream: UpstreamConfig): string => {
  const [first] = upstream.hosts
  return first === undefined || first.startsWith('*') ? new URL(upstream.url).host : first
}

/** Tells an application that a session of its own is over; whether it has heard, or is not told such things. */
async function endSession(
  parts: SiteParts,
  upstream: UpstreamConfig,
  credential: Credential,
): Promise<boolean> {
  const { identity } = upstream
  const call = identity?.endSession ?? null
  if (identity === null || call === null) return true
  const body = endSessionBody(call.tokenField, credential)
  try {
    const response = await request(new URL(call.path, upstream.url), {
      method: call.method,
      dispatcher: parts.dispatcherOf(upstream),
      signal: AbortSignal.timeout(endSessionMs),
      headers: {
        ...credentialHeaders(identity, credential),
        ...(body === null ? {} : { 'content-type': 'application/json' }),
        host: hostOf(upstream),
      },
      body,
    })
    await response.body.dump()
    return response.statusCode < 500
  } catch (error) {
    parts.log.warn({ error, upstream: upstream.id }, 'an application could not be told that a session ended')
    return false
  }
}

type Identity = NonNullable<UpstreamConfig['identity']>

/** How the application's word is had; throws on a key file that cannot be used, so that no gateway starts without it. */
function askOnceOf(
  parts: SiteParts,
  upstream: UpstreamConfig,
  { mode, introspection, jwt, trustedHeader }: Identity,
): AskOnce {
  // Nothing that a request brings is a credential of the application: there is nobody to ask.
  if (mode === 'own')
    return () => Promise.resolve({ answer: { kind: 'anonymous', renewed: [] }, keptMs: 1_000 })
  const { clock } = parts
  if (trustedHeader !== null) return createVouchedReader(upstream, clock)
  const dispatcher = parts.dispatcherOf(upstream)
  if (jwt !== null) {
    const keys = openTokenKeys(jwt, upstream.url, dispatcher)
    if (!keys.ok)
      throw new Error(keys.problems.map(({ path, sentence }) => `${path}: ${sentence}`).join('\n'))
    return createTokenReader({ upstream, rules: jwt, keys: keys.value, clock })
  }
  if (introspection === null) throw new Error(`identity of ${upstream.id} has neither introspection nor jwt`)
  const headers = {
    host: hostOf(upstream),
    'x-forwarded-proto': parts.origin.startsWith('https:') ? 'https' : 'http',
  }
  return createWhoAmI({ upstream, dispatcher, clock, headers }, introspection)
}

const introspectorOf = (parts: SiteParts, upstream: UpstreamConfig, identity: Identity): Introspector =>
  createIntrospector({
    upstream,
    limits: parts.limits,
    clock: parts.clock,
    ask: askOnceOf(parts, upstream, identity),
    onAnswer(answer) {
      if (answer.kind === 'indeterminate')
        parts.log.warn({ upstream: upstream.id, why: answer.why }, 'an application did not say who asks')
    },
  })

const mismatchTeller =
  (parts: SiteParts, upstream: UpstreamConfig) =>
  ({ record: { id, user } }: MirroredSession): void => {
    parts.log.warn({ session: id, user, upstream: upstream.id }, 'another user came with this session')
    parts.reports.add({
      kind: 'event',
      at: parts.clock.now(),
      gateway: parts.gateway,
      name: 'identity-mismatch',
      practice: null,
      user,
      detail: { session: id, upstream: upstream.id },
    })
  }

const companionAloneOf = ({ mode, bearer }: Identity): 'always' | 'handshakes' | 'never' => {
  if (mode === 'own') return 'always'
  return bearer?.webSockets === 'companion' ? 'handshakes' : 'never'
}

/** Passes the application's word on roles on, where configuration says that it counts. */
function roleWordOf(
  parts: SiteParts,
  { id: upstream }: UpstreamConfig,
  { roles }: Identity,
): RoleWord | null {
  const { controlPlane, directory, limits, log } = parts
  if (roles !== 'app' || controlPlane === null) return null
  return createRoleWord({
    ...{ upstream, controlPlane, directory, apply: parts.apply, sessionsMax: limits.sessionsMirroredMax },
    onFault: (error) =>
      log.warn({ error, upstream }, 'the control plane could not be told an application’s word on roles'),
  })
}

function createIdentity(
  parts: SiteParts,
  upstream: UpstreamConfig,
  identity: Identity,
  duties: RouteDuties,
  rates: Readonly<Record<'signIns' | 'steps' | 'handOvers', WindowCounter>>,
): SiteIdentity {
  const { limits, clock, log, sessions, endings, companion } = parts
  const introspector = introspectorOf(parts, upstream, identity)
  const bonds = createBonds({
    store: parts.store,
    fleetKey: parts.fleetKey,
    credentialsMax: limits.sessionsMirroredMax,
  })
  const openings = createOpenings({
    controlPlane: parts.controlPlane,
    sessions,
    bonds,
    clock,
    apply: parts.apply,
    mayAdopt: parts.mayAdopt,
    onFault: (error) => log.warn({ error, upstream: upstream.id }, 'a session could not be opened'),
  })
  const identifier = createIdentifier({
    upstream: upstream.id,
    companionAlone: companionAloneOf(identity),
    bindsValue: bindsValue(identity),
    newAtSignIn: identity.bearer?.newAtSignIn ?? false,
    vouching: createVouching(upstream),
    ...{ companion, introspector, sessions, bonds, openings, endings, clock },
    cookies: createCookieMemory(Math.min(limits.sessionsMirroredMax, cookiesKeptMax)),
    roleWord: roleWordOf(parts, upstream, identity),
    onMismatch: mismatchTeller(parts, upstream),
    mayLook: (address) => rates.steps.take(`address ${address}`),
  })
  const { directory, controlPlane, refusals } = parts
  const shared = {
    ...{ clock, log, companion, sessions, endings, directory, controlPlane },
    parked: createParked(parts.store, clock.now),
    endSession: async (credential: Credential): Promise<void> => {
      await endSession(parts, upstream, credential)
    },
  }
  const signIn = createHeldLogin({
    ...{ ...shared, limits, introspector, openings, rate: rates.signIns },
    signIn: duties.signIn,
    isReady: parts.isReady,
    refuse: refusals.refuse,
    hold: refusals.hold,
  })
  const access = createAccessStep({
    ...{ ...shared, refusals, identifier, duties, rate: rates.steps, handOvers: rates.handOvers },
    isAlive: parts.isAlive,
  })
  const own =
    identity.mode === 'own'
      ? createOwnSignIn({
          ...{ ...shared, refusals, signIn: duties.signIn, rate: rates.signIns },
          apply: parts.apply,
          isReady: parts.isReady,
        })
      : null
  const tellEnded = createTellEnded((credential) => endSession(parts, upstream, credential))
  const bonded = (credential: string): readonly string[] => bonds.known(credential) ?? []
  return { identifier, introspector, signIn, access, own, tellEnded, bonded }
}

/** The sites of a gateway by upstream id. `duties`: each upstream's routes. */
export function createSites(
  parts: SiteParts,
  upstreams: readonly UpstreamConfig[],
  duties: ReadonlyMap<string, RouteDuties>,
): ReadonlyMap<string, Site> {
  const perMinute = (limit: number): WindowCounter =>
    createWindowCounter({ limit, windowMs: 60_000, keysMax: 100_000, monotonic: parts.clock.monotonic })
  const rates = {
    signIns: perMinute(parts.limits.signInsPerAddressPerMinute),
    steps: perMinute(stepsPerMinute),
    handOvers: perMinute(handOversPerMinute),
  }
  return new Map(
    upstreams.flatMap((upstream) => {
      const own = duties.get(upstream.id)
      if (own === undefined) return []
      const { identity } = upstream
      const people = identity === null ? null : createIdentity(parts, upstream, identity, own, rates)
      const logos = readLogos(upstream.logos, parts.log)
      const learned = upstream.learn === 'paths' ? createLearnedPaths() : null
      return [[upstream.id, { upstream, duties: own, identity: people, logos, learned }] as const]
    }),
  )
}
