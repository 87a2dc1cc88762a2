/**
 * The one configuration schema of every plane: defaults < YAML file < environment, parsed once, frozen, passed
 * as arguments. Unknown keys and bad values are Problems, all reported at once with their paths.
 *
 * Upstream addresses, route classes and the route → permission table live here and only here: nothing a browser
 * can reach may point the gateway at another host or make a route public. Reading files and the environment is
 * `config-load.ts`'s.
 */
import { z } from 'zod'

const listen = z.string().regex(/^(\[[0-9a-f:]+\]|[0-9a-z.-]+):\d{1,5}$/, 'expected host:port')
const ms = (def: number, max = 3_600_000) => z.number().int().min(1).max(max).default(def)
const origin = z
  .url({ protocol: /^https?$/ })
  .refine((text) => new URL(text).origin === text, 'expected scheme://host[:port] and nothing after it')
const path = z.string().regex(/^\/[^\s?#]*$/)
const name = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_|~-]{1,128}$/)
const fieldPath = z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/)

/** How a sign-in's success shows in the application's answer: every given condition must hold. */
const successSchema = z.strictObject({
  status: z.array(z.number().int().min(100).max(599)).min(1).default([200, 302, 303]),
  /** This cookie must be set, to a non-empty value. */
  setCookie: name.nullable().default(null),
  /** `Location` must not start with any of these. */
  locationNot: z.array(z.string().max(200)).max(20).default([]),
  /** A JSON field that must be `true` or a non-empty string. */
  jsonField: fieldPath.nullable().default(null),
})

/** One observed sign-in route. */
const loginSchema = z.strictObject({
  /** As in `routes[].match`. */
  match: z.string().max(300),
  kind: z.enum(['password', 'callback', 'magic-link', 'reset']).default('password'),
  body: z.enum(['form', 'json', 'none']).default('form'),
  /** The field that holds the typed name: a hint for rate limits and texts, never identity where introspection is on. */
  userField: fieldPath.nullable().default(null),
  success: successSchema.prefault({}),
})

/** Introspection: who the application says a cookie is (SPEC §2). Field paths are dotted. */
const introspectionSchema = z.strictObject({
  path,
  user: fieldPath.default('id'),
  kindField: fieldPath.nullable().default(null),
  patientKinds: z.array(z.string().max(40)).max(10).default(['patient']),
  email: fieldPath.nullable().default('email'),
  name: fieldPath.nullable().default('name'),
  /** An array of practices (objects or ids); `null`: the application has one practice, `practice.fixed`. */
  practices: fieldPath.nullable().default(null),
  practiceId: fieldPath.default('id'),
  practiceRoles: fieldPath.nullable().default('roles'),
  roles: fieldPath.nullable().default(null),
  amr: fieldPath.nullable().default(null),
  timeoutMs: ms(3_000, 30_000),
  positiveMs: ms(30_000, 30_000),
  negativeMs: ms(1_000, 1_000),
})

const identitySchema = z.strictObject({
  mode: z.literal('observe').default('observe'),
  /** Names of the application's session cookies; all of them are the credential. */
  cookies: z.array(name).min(1).max(5),
  introspection: introspectionSchema,
  login: z.array(loginSchema).max(20).default([]),
  logout: z
    .array(z.strictObject({ match: z.string().max(300) }))
    .max(20)
    .default([]),
  /** Called by the gateway, best effort, when it discards a session; `null`: not called. */
  endSession: z
    .strictObject({ method: z.enum(['GET', 'POST', 'DELETE']), path })
    .nullable()
    .default(null),
  /** Where a person without a session is sent; the target is appended as `returnParameter` where given. */
  signInPage: path,
  returnParameter: z.string().max(40).nullable().default(null),
  binding: z.enum(['value', 'user']).default('value'),
  provisioning: z.enum(['app-roles', 'unassigned', 'deny']).default('app-roles'),
})

const practiceSourceSchema = z.strictObject({
  /** Exact host → practice. */
  hosts: z.record(z.string().max(253), z.string().max(64)).default({}),
  /** First path segment → practice. */
  pathPrefixes: z.record(z.string().max(100), z.string().max(64)).default({}),
  /** A client-carried source counts only if the application scopes its data by that very value. */
  cookie: z
    .strictObject({ name, authoritative: z.literal(true) })
    .nullable()
    .default(null),
  fixed: z.string().max(64).nullable().default(null),
})

/** A route of the table (`policies/routes.ts`). */
const routeSchema = z.strictObject({
  match: z.string().max(300),
  class: z.enum(['public', 'staff', 'picker', 'background']).optional(),
  stepUp: z.string().max(64).optional(),
  any: z.array(z.string().max(80)).min(1).max(50).optional(),
  all: z.array(z.string().max(80)).min(1).max(50).optional(),
  paths: z.enum(['lenient', 'strict']).optional(),
})

/** One application behind the gateway. */
const upstreamSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  name: z.string().min(1).max(80),
  url: origin,
  /** Host names this upstream answers to; `['*']`: any. */
  hosts: z.array(z.string().min(1).max(253)).min(1).default(['*']),
  /** `null`: nobody is identified; only `public` routes can pass. */
  identity: identitySchema.nullable().default(null),
  practice: practiceSourceSchema.prefault({}),
  routes: z.array(routeSchema).max(2_000).default([]),
  unmapped: z.enum(['report', 'deny']).default('report'),
  methodOverride: z.enum(['form', 'none']).default('form'),
  connectTimeoutMs: ms(3_000, 60_000),
  firstByteTimeoutMs: ms(60_000, 600_000),
  idleTimeoutMs: ms(120_000, 3_600_000),
})

/** Limits of the data plane, with their numbers, in one place (DESIGN §6). */
const limitsSchema = z.strictObject({
  headBytesMax: z.number().int().default(16_384),
  headersMax: z.number().int().default(100),
  targetBytesMax: z.number().int().default(8_192),
  headDeadlineMs: ms(10_000),
  keepAliveMs: ms(65_000),
  bodyIdleMs: ms(60_000),
  connectionsMax: z.number().int().default(20_000),
  connectionsPerAddressMax: z.number().int().default(1_000),
  exchangesMax: z.number().int().default(20_000),
  sessionsMirroredMax: z.number().int().default(200_000),
  introspectionsInFlightMax: z.number().int().default(32),
  introspectionsPerAddressPerSecond: z.number().int().default(10),
  signInsPerAddressPerMinute: z.number().int().default(60),
  observedBodyBytesMax: z.number().int().default(65_536),
  sweepMs: ms(250, 250),
})

/** The whole configuration. */
export const configSchema = z.strictObject({
  dataDir: z.string().min(1).default('.gatehouse'),
  /** Shared by all planes; at least 32 characters. `null`: made and kept under `dataDir` (one machine only). */
  clusterKey: z.string().min(32).max(256).nullable().default(null),
  listen: z
    .strictObject({
      application: listen.default('127.0.0.1:8080'),
      portal: listen.default('127.0.0.1:8081'),
      admin: listen.default('127.0.0.1:8082'),
      internal: listen.default('127.0.0.1:8083'),
      gatewayMetrics: listen.default('127.0.0.1:8084'),
      adminMetrics: listen.default('127.0.0.1:8085'),
    })
    .prefault({}),
  /** What browsers call the listeners; `null`: `http://` and the listening address. */
  origins: z
    .strictObject({
      application: origin.nullable().default(null),
      portal: origin.nullable().default(null),
      admin: origin.nullable().default(null),
    })
    .prefault({}),
  database: z
    .strictObject({
      url: z.string().max(1000).nullable().default(null),
      poolMax: z.number().int().min(1).max(200).default(10),
    })
    .prefault({}),
  hotStore: z.strictObject({ url: z.string().max(1000).nullable().default(null) }).prefault({}),
  controlPlane: z
    .strictObject({
      /** Where a gateway finds `internal`; `null`: `http://` and `listen.internal`. */
      url: origin.nullable().default(null),
      /** Raw Ed25519 public key, base64url; `null`: asked for over the authenticated internal channel. */
      publicKey: z.string().length(43).nullable().default(null),
    })
    .prefault({}),
  gateway: z
    .strictObject({
      /** Unique in the fleet; `null`: host name and process id. */
      id: z
        .string()
        .regex(/^[A-Za-z0-9._-]{1,64}$/)
        .nullable()
        .default(null),
      trustedProxies: z.array(z.string().max(64)).max(1_000).default([]),
      companionName: name.default('gatehouse'),
      leaseMs: ms(5_000, 60_000),
      beatMs: ms(500, 5_000),
      limits: limitsSchema.prefault({}),
    })
    .prefault({}),
  /** Created at first start where absent; afterwards the admin UI owns them. */
  practices: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
        name: z.string().min(1).max(80),
        zone: z.string().max(64),
        /** Roles and their permissions at birth: `standard` (the five usual ones) or written out. */
        roles: z
          .union([
            z.literal('standard'),
            z
              .array(
                z.strictObject({
                  id: z.string().max(64),
                  name: z.string().max(80),
                  permissions: z.array(z.string().max(80)).max(200),
                }),
              )
              .max(200),
          ])
          .default('standard'),
      }),
    )
    .max(10_000)
    .default([]),
  upstreams: z.array(upstreamSchema).max(100).default([]),
  log: z
    .strictObject({ level: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info') })
    .prefault({}),
})

/** The parsed configuration; deep-frozen. */
export type Config = z.output<typeof configSchema>
/** One application behind the gateway. */
export type UpstreamConfig = Config['upstreams'][number]
/** How an upstream's people are identified. */
export type IdentityConfig = NonNullable<UpstreamConfig['identity']>
/** Limits of the data plane. */
export type Limits = Config['gateway']['limits']
