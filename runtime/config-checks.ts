/**
 * What one configuration key says about another: duplicates, contradictions, names of things that are not there.
 *
 * A single value's form is the schema's (`config.ts`). Nothing is opened or looked up: a check gives the same answer
 * on every machine. Invariant: all Problems at once, and none of them repeats a secret. Warnings were refused: what
 * is dangerous is a Problem, what is not is nobody's business at start-up.
 */
import { unknownPermission } from '../policies/permissions.ts'
import type { Problem } from '../policies/problem.ts'
import { isZone } from '../policies/timetable-zone.ts'
import type { Config, IdentityConfig, UpstreamConfig } from './config.ts'
import { adminProblems } from './config-admin.ts'
import { auditProblems } from './config-audit.ts'
import { demandProblems, gatewayTlsProblems } from './config-gateway-tls.ts'
import { hotStoreProblems, redisHosts } from './config-hot-store.ts'
import { notificationProblems } from './config-notifications.ts'
import { ownSignInPath, ownSignInProblems } from './config-own-sign-in.ts'
import { proxyProtocolProblems } from './config-proxy-protocol.ts'
import { textMessageProblems } from './config-text-messages.ts'
import { trustedHeaderProblems } from './config-trusted-header.ts'
import { readTrustedProxies } from './forwarded.ts'
import { compileRoutes, neverOpenProblems } from './upstream-routes.ts'

const problem = (path: string, sentence: string): Problem => ({ path, sentence })

/** The positions of values that came before, as `[value, first position, later position]`. */
function repeats(values: readonly string[]): readonly (readonly [string, number, number])[] {
  const first = new Map<string, number>()
  return values.flatMap((value, at) => {
    const before = first.get(value)
    if (before === undefined) first.set(value, at)
    return before === undefined ? [] : [[value, before, at] as const]
  })
}

const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':'))
const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1))
const isEvery = (host: string): boolean => host === '0.0.0.0' || host === '[::]'
const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host)

/** Two listeners on one port. Port 0 is any free one, so it never collides. */
function listenProblems({ listen, gateway }: Config): readonly Problem[] {
  const all: (readonly [path: string, address: string])[] = Object.entries(listen).map(([key, address]) => [
    `listen.${key}`,
    address,
  ])
  if (gateway.forwardAuth.listen !== null)
    all.push(['gateway.forwardAuth.listen', gateway.forwardAuth.listen])
  return all.flatMap(([path, address], at) =>
    all.slice(0, at).flatMap(([other, taken]) => {
      const [a, b] = [hostOf(address), hostOf(taken)]
      const meets = portOf(address) === portOf(taken) && (a === b || isEvery(a) || isEvery(b))
      return meets && portOf(address) !== 0 ? [problem(path, `listens on the same port as ${other}`)] : []
    }),
  )
}

const parsedUrl = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null)

function storeProblems({ database, hotStore }: Config): readonly Problem[] {
  const isPostgres = database.url === null || /^postgres(ql)?:$/.test(parsedUrl(database.url)?.protocol ?? '')
  return [
    ...(isPostgres ? [] : [problem('database.url', 'expected postgres://user@host:port/database')]),
    ...hotStoreProblems(hotStore),
  ]
}

/** A key made on one machine cannot be known on another. */
function clusterKeyProblems({ clusterKey, listen, controlPlane, hotStore }: Config): readonly Problem[] {
  if (clusterKey !== null) return []
  const remote = [
    ['listen.internal', hostOf(listen.internal)],
    ['controlPlane.url', controlPlane.url === null ? null : new URL(controlPlane.url).hostname],
    ...redisHosts(hotStore),
  ] as const
  const named = remote
    .filter(([, host]) => host !== null && host !== '' && !isLoopback(host))
    .map(([path]) => path)
  const beyond = [...new Set(named)]
  const sentence = `must be given, the same for all planes, since ${beyond.join(' and ')} reaches beyond this machine`
  return beyond.length === 0 ? [] : [problem('clusterKey', sentence)]
}

/** As browsers call each, given or by its listener; a port of 0 is not known yet and never collides. */
function originProblems({ origins, listen, gateway }: Config): readonly Problem[] {
  const all = (['application', 'portal', 'admin'] as const).flatMap((key) => {
    if (origins[key] !== null) return [{ key, origin: origins[key], path: `origins.${key}` }]
    const origin = `${key === 'application' && gateway.tls.certificateFile !== null ? 'https' : 'http'}://${listen[key]}`
    return portOf(listen[key]) === 0 || !URL.canParse(origin)
      ? []
      : [{ key, origin: new URL(origin).origin, path: `listen.${key}` }]
  })
  return repeats(all.map(({ origin }) => origin)).flatMap(([, first, later]) => {
    const [one, other] = [all[first], all[later]]
    // Two listeners on one port are told already.
    if (one === undefined || other === undefined || (origins[one.key] ?? origins[other.key]) === null)
      return []
    const [path, than] = origins[other.key] === null ? [one.path, other.path] : [other.path, one.path]
    const sentence = `is the same as ${than}: a script there could act here, so each needs its own host or port`
    return [problem(path, sentence)]
  })
}

/** Asked by nobody, or by anybody: neither is what somebody means who lets proxies ask. */
function forwardAuthProblems(forwardAuth: Config['gateway']['forwardAuth']): readonly Problem[] {
  const { listen, peers } = forwardAuth
  if (listen === null) return []
  return [
    ...(peers.length > 0 ? [] : [problem('gateway.forwardAuth.peers', 'must name the proxies that may ask')]),
    ...demandProblems(forwardAuth, 'gateway.forwardAuth'),
  ]
}

/** Metrics of the workers lie on ports behind one another; a listener among them would not start. */
function workerProblems({ listen, gateway }: Config): readonly Problem[] {
  const first = portOf(listen.gatewayMetrics)
  const last = first + gateway.workers - 1
  if (first === 0 || gateway.workers === 1) return []
  const others = [
    ...Object.entries(listen).map(([key, address]) => [`listen.${key}`, address] as const),
    ...(gateway.forwardAuth.listen === null
      ? []
      : [['gateway.forwardAuth.listen', gateway.forwardAuth.listen] as const]),
  ]
  const taken = others
    .filter(([, address]) => portOf(address) > first && portOf(address) <= last)
    .map(([key]) => key)
  const sentence = `needs the ports ${first} to ${last} for metrics, from listen.gatewayMetrics on`
  return [
    ...(last > 65_535 ? [problem('gateway.workers', `${sentence}: there are none above 65535`)] : []),
    ...(taken.length === 0
      ? []
      : [problem('gateway.workers', `${sentence}, but ${taken.join(' and ')} is among them`)]),
  ]
}

function gatewayProblems({ gateway }: Config): readonly Problem[] {
  const proxies = readTrustedProxies(gateway.trustedProxies)
  const peers = readTrustedProxies(gateway.forwardAuth.peers, 'gateway.forwardAuth.peers')
  const support = readTrustedProxies(gateway.explain.from, 'gateway.explain.from')
  return [
    ...(proxies.ok ? [] : proxies.problems),
    ...(peers.ok ? [] : peers.problems),
    ...(support.ok ? [] : support.problems),
    ...proxyProtocolProblems(gateway),
    ...((gateway.explain.secret === null) === (gateway.explain.from.length === 0)
      ? []
      : [problem('gateway.explain', 'needs both a secret and the addresses from which it counts')]),
    ...forwardAuthProblems(gateway.forwardAuth),
    ...(gateway.leaseMs < 2 * gateway.beatMs
      ? [
          problem(
            'gateway.leaseMs',
            'must be at least twice gateway.beatMs: one late beat would refuse everybody',
          ),
        ]
      : []),
  ]
}

function practiceProblems({ practices }: Config): readonly Problem[] {
  return [
    ...repeats(practices.map(({ id }) => id)).map(([id, first, later]) =>
      problem(`practices[${later}].id`, `"${id}" is the id of practices[${first}] too`),
    ),
    ...practices.flatMap(({ zone, roles }, at) => [
      ...(isZone(zone)
        ? []
        : [problem(`practices[${at}].zone`, `"${zone}" is no time zone; write one like America/Denver`)]),
      ...(roles === 'standard' ? [] : roleProblems(roles, `practices[${at}].roles`)),
    ]),
  ]
}

function roleProblems(
  roles: readonly { readonly id: string; readonly permissions: readonly string[] }[],
  path: string,
): readonly Problem[] {
  return [
    ...repeats(roles.map(({ id }) => id)).map(([id, first, later]) =>
      problem(`${path}[${later}].id`, `"${id}" is the id of ${path}[${first}] too`),
    ),
    ...roles.flatMap(({ permissions }, role) =>
      permissions.flatMap((permission, at) => {
        const sentence = unknownPermission(permission)
        return sentence === null ? [] : [problem(`${path}[${role}].permissions[${at}]`, sentence)]
      }),
    ),
  ]
}

/** Names of practices that configuration does not list, where it lists any. */
function practiceNameProblems(upstream: UpstreamConfig, path: string, known: ReadonlySet<string>) {
  const { hosts, pathPrefixes, fixed } = upstream.practice
  const named: readonly (readonly [string, string])[] = [
    ...Object.entries(hosts).map(([host, practice]) => [`${path}.practice.hosts.${host}`, practice] as const),
    ...Object.entries(pathPrefixes).map(
      ([prefix, practice]) => [`${path}.practice.pathPrefixes.${prefix}`, practice] as const,
    ),
    ...(fixed === null ? [] : [[`${path}.practice.fixed`, fixed] as const]),
    ...Object.keys(upstream.logos).map((practice) => [`${path}.logos.${practice}`, practice] as const),
  ]
  if (known.size === 0) return []
  return named
    .filter(([, practice]) => !known.has(practice))
    .map(([at, practice]) => problem(at, `"${practice}" is not listed under practices`))
}

/** What is wrong with how the application's word is had: its answer, or a token that it signed. */
function wordProblems(identity: IdentityConfig, path: string): readonly Problem[] {
  const { jwt } = identity
  if (identity.trustedHeader !== null) return trustedHeaderProblems(identity, path)
  if ((identity.introspection === null) === (jwt === null))
    return [problem(`${path}.introspection`, 'give either this or identity.jwt, and not both')]
  if (jwt === null) return []
  const problems: Problem[] = []
  if ((jwt.jwks === null) === (jwt.keyFile === null))
    problems.push(problem(`${path}.jwt.jwks`, 'give either this or keyFile, and not both'))
  const shared = jwt.algorithms.filter((one) => one.startsWith('HS'))
  if (shared.length > 0 && shared.length < jwt.algorithms.length)
    problems.push(
      problem(`${path}.jwt.algorithms`, 'are of two kinds: a public key would do as a shared secret'),
    )
  if (shared.length > 0 && jwt.jwks !== null)
    problems.push(problem(`${path}.jwt.jwks`, 'is for public keys: a shared secret comes from keyFile'))
  if (identity.cookies.length > 1)
    problems.push(problem(`${path}.cookies`, 'with identity.jwt, name the one cookie that holds the token'))
  return problems
}

function identityProblems(upstream: UpstreamConfig, path: string, companionName: string): readonly Problem[] {
  const { identity, practice } = upstream
  if (identity === null) return []
  const problems = [...ownSignInProblems(identity, practice.fixed, `${path}.identity`)]
  if (identity.mode === 'own') return problems
  identity.cookies.forEach((cookie, at) => {
    if (cookie.replace(/^__(Host|Secure)-/, '') === companionName)
      problems.push(
        problem(
          `${path}.identity.cookies[${at}]`,
          'is the name of the gateway’s own cookie: change gateway.companionName',
        ),
      )
  })
  // Two credentials of one application could name two people.
  const named = [identity.cookies.length > 0, identity.bearer !== null, identity.trustedHeader !== null]
  if (named.filter(Boolean).length !== 1)
    problems.push(
      problem(
        `${path}.identity.cookies`,
        'give either the session cookies, identity.bearer or identity.trustedHeader, and not two of them',
      ),
    )
  if (identity.bearer === null && (identity.endSession?.tokenField ?? null) !== null)
    problems.push(
      problem(`${path}.identity.endSession.tokenField`, 'is for identity.bearer: cookies are in no body'),
    )
  problems.push(...wordProblems(identity, `${path}.identity`))
  const word = identity.trustedHeader ?? identity.introspection ?? identity.jwt
  if (word !== null && word.practices === null && practice.fixed === null)
    problems.push(
      problem(
        `${path}.practice.fixed`,
        'give this, or identity.introspection.practices (identity.jwt.practices, identity.trustedHeader.practices): else nobody belongs to a practice',
      ),
    )
  const routes = compileRoutes(upstream)
  const host = upstream.hosts.find((name) => name !== '*') ?? ''
  const shown = routes.ok ? routes.table.find('GET', host, identity.signInPage) : null
  // An identity proxy has a sign-in page of its own, which never comes here.
  if (identity.trustedHeader !== null || identity.signInPage === ownSignInPath) return problems
  if (shown !== null && shown.class !== 'public' && shown.class !== 'login')
    problems.push(
      problem(
        `${path}.identity.signInPage`,
        `is no public route, so that nobody could sign in: add "GET ${identity.signInPage}" as public`,
      ),
    )
  return problems
}

/** What is given for a certificate where none is shown. */
function tlsProblems({ url, tls }: UpstreamConfig, path: string): readonly Problem[] {
  if (url.startsWith('https:')) return []
  return (['caFile', 'serverName'] as const)
    .filter((key) => tls[key] !== null)
    .map((key) => problem(`${path}.tls.${key}`, 'is for an url that begins with https://'))
}

function upstreamProblems(config: Config): readonly Problem[] {
  const { upstreams, listen, gateway } = config
  const known = new Set(config.practices.map(({ id }) => id))
  const ownPorts = new Set(Object.values(listen).map(portOf))
  const hosts = upstreams.flatMap((upstream, at) =>
    upstream.hosts.map((host) => ({ host: host.toLowerCase(), at })),
  )
  return [
    ...repeats(upstreams.map(({ id }) => id)).map(([id, first, later]) =>
      problem(`upstreams[${later}].id`, `"${id}" is the id of upstreams[${first}] too`),
    ),
    ...repeats(hosts.map(({ host }) => host)).map(([host, first, later]) =>
      problem(
        `upstreams[${hosts[later]?.at}].hosts`,
        `"${host}" belongs to upstreams[${hosts[first]?.at}] too`,
      ),
    ),
    ...upstreams.flatMap((upstream, at) => {
      const path = `upstreams[${at}]`
      const routes = compileRoutes(upstream)
      const target = new URL(upstream.url)
      const isOwn =
        isLoopback(target.hostname) && ownPorts.has(Number(target.port || 0)) && target.port !== ''
      return [
        ...(isOwn
          ? [problem(`${path}.url`, 'is an address of Gatehouse itself: requests would go in circles')]
          : []),
        ...(routes.ok ? neverOpenProblems(upstream) : routes.problems).map((of) =>
          problem(`${path}.${of.path}`, of.sentence),
        ),
        ...tlsProblems(upstream, path),
        ...practiceNameProblems(upstream, path, known),
        ...identityProblems(upstream, path, gateway.companionName),
        ...(upstream.identity?.mode !== 'own' || gateway.forwardAuth.listen === null
          ? []
          : [
              problem(
                `${path}.identity.mode`,
                'own does not go with gateway.forwardAuth: the proxy in front would have to pass our cookies on, which is not tried',
              ),
            ]),
        ...(upstream.identity?.trustedHeader == null || gateway.forwardAuth.listen === null
          ? []
          : [
              problem(
                `${path}.identity.trustedHeader`,
                'does not go with gateway.forwardAuth: a proxy that only asks would forward the headers itself',
              ),
            ]),
      ]
    }),
  ]
}

/** Every Problem of a configuration whose single values are right; empty: it may run. */
export const checkConfig = (config: Config): readonly Problem[] => [
  ...adminProblems(config.admin),
  ...listenProblems(config),
  ...originProblems(config),
  ...storeProblems(config),
  ...clusterKeyProblems(config),
  ...gatewayProblems(config),
  ...gatewayTlsProblems(config),
  ...workerProblems(config),
  ...notificationProblems(config.notifications),
  ...textMessageProblems(config.twoFactor.sms),
  ...auditProblems(config.audit),
  ...practiceProblems(config),
  ...upstreamProblems(config),
]
