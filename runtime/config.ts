/**
 * The one configuration schema of every plane: defaults < YAML file < environment, parsed once, frozen, passed
 * as arguments. Unknown keys and bad values are Problems, all reported at once with their paths.
 *
 * Applications and their routes are `config-upstream.ts`; reading files and the environment, and what one key
 * says about another, is `config-load.ts`. Every key carries its sentence (`describe`) for the documentation.
 * A file per plane was refused: two files that must agree will one day not.
 */
import { z } from 'zod'
import { adminSchema } from './config-admin.ts'
import { auditSchema } from './config-audit.ts'
import { certificateNamesSchema, gatewayTlsSchema } from './config-gateway-tls.ts'
import { hotStoreSchema } from './config-hot-store.ts'
import { notificationsSchema } from './config-notifications.ts'
import { tokenText } from './config-practice.ts'
import { proxyProtocolSchema } from './config-proxy-protocol.ts'
import { securityTextSchema } from './config-security-text.ts'
import { textMessagesSchema } from './config-text-messages.ts'
import { milliseconds, originText, upstreamSchema } from './config-upstream.ts'
import { readKeyList } from './key-list.ts'
import { readSigningKey } from './signing.ts'

const listen = z
  .string()
  .regex(/^(\[[0-9a-f:]+\]|[0-9a-z.-]+):\d{1,5}$/, { error: 'expected host:port', abort: true })
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'expected a port up to 65535')
const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'expected 1 to 64 of a-z, 0-9 and -')
const count = (standard: number, max: number) => z.number().int().min(1).max(max).default(standard)

const listenSchema = z.strictObject({
  application: listen.default('127.0.0.1:8080').describe('The public listener: what browsers use.'),
  portal: listen
    .default('127.0.0.1:8081')
    .describe('People’s pages of the second factor, on an origin of their own.'),
  admin: listen.default('127.0.0.1:8082').describe('The admin UI and its API.'),
  internal: listen.default('127.0.0.1:8083').describe('What gateways ask the control plane. Never public.'),
  gatewayMetrics: listen.default('127.0.0.1:8084').describe('Metrics and health of a gateway. Never public.'),
  adminMetrics: listen
    .default('127.0.0.1:8085')
    .describe('Metrics and health of the control plane. Never public.'),
})

const originsSchema = z.strictObject({
  application: originText.nullable().default(null).describe('The application as browsers call it.'),
  portal: originText.nullable().default(null).describe('The portal as browsers call it.'),
  admin: originText.nullable().default(null).describe('The admin UI as browsers call it.'),
})

/** Limits of the data plane, with their numbers, in one place (DESIGN §6). */
const limitsSchema = z.strictObject({
  headBytesMax: count(16_384, 65_536).describe('Bytes of a request’s head.'),
  headersMax: count(100, 1_000).describe('Headers of a request.'),
  targetBytesMax: count(8_192, 65_536).describe('Bytes of a request’s target.'),
  headDeadlineMs: milliseconds(10_000).describe('For a request’s head to arrive.'),
  keepAliveMs: milliseconds(65_000).describe('How long an idle connection is kept.'),
  bodyIdleMs: milliseconds(60_000).describe('Silence in the middle of a request’s body.'),
  connectionsMax: count(20_000, 1_000_000).describe('Open connections of a gateway.'),
  connectionsPerAddressMax: count(1_000, 1_000_000).describe('Open connections of one address.'),
  requestsPerConnectionMax: count(10_000, 1_000_000).describe(
    'Requests on one connection, one after the other.',
  ),
  exchangesMax: count(20_000, 1_000_000).describe('Requests and streams at one time.'),
  sessionsMirroredMax: count(200_000, 10_000_000).describe('Sessions a gateway holds in memory.'),
  introspectionsInFlightMax: count(32, 10_000).describe(
    'Questions to an application at one time about unknown cookies; as many about known ones.',
  ),
  introspectionsPerAddressPerSecond: count(10, 10_000).describe('Unknown cookies of one address a second.'),
  signInsPerAddressPerMinute: count(60, 10_000).describe('Sign-ins of one address a minute.'),
  observedBodyBytesMax: count(65_536, 1_048_576).describe('Bytes of a sign-in’s body and of its answer.'),
  sweepMs: milliseconds(250, 250).describe('How often live streams are looked at again.'),
})

const forwardAuthSchema = z.strictObject({
  listen: listen.nullable().default(null).describe('Where proxies ask; `null`: nowhere. Never public.'),
  peers: z
    .array(z.string().max(64))
    .max(1_000)
    .default([])
    .describe('Addresses and ranges of the proxies that may ask.'),
  secret: z
    .string()
    .min(32, 'expected at least 32 characters')
    .max(256)
    .regex(/^[\x21-\x7e]+$/, 'expected visible ASCII without spaces')
    .nullable()
    .default(null)
    .describe('What they send as `X-Gatehouse-Forward-Auth`; `null`: they show a certificate.'),
  certificateNames: certificateNamesSchema.describe(
    'Names (`dns:…`, `uri:…`, `cn:…`), one of which their client certificate must carry; with any, this listener speaks TLS (`gateway.tls`).',
  ),
})

const explainSchema = z.strictObject({
  secret: z
    .string()
    .min(32, 'expected at least 32 characters')
    .max(256)
    .regex(/^[\x21-\x7e]+$/, 'expected visible ASCII without spaces')
    .nullable()
    .default(null)
    .describe(
      'What support sends as `X-Gatehouse-Explain` to be answered with `X-Gatehouse-Decision`; `null`: nobody is.',
    ),
  from: z
    .array(z.string().max(64))
    .max(100)
    .default([])
    .describe('Addresses and ranges from which the secret counts; elsewhere it does not.'),
})

const gatewaySchema = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,60}$/, 'expected 1 to 60 letters, digits, . _ -')
    .nullable()
    .default(null)
    .describe('Unique in the fleet; `null`: random. Further workers add `.2`, `.3` and so on.'),
  workers: count(1, 64).describe(
    'Processes of `gatehouse gateway`; each further one has its metrics on the next port.',
  ),
  engine: z
    .enum(['own', 'node'])
    .default('own')
    .describe(
      'What speaks HTTP: the gateway’s own strict parsers, or Node’s server and undici (docs/http.md).',
    ),
  http2: z
    .boolean()
    .default(false)
    .describe('Whether HTTP/2 is offered to clients, over TLS (`gateway.tls`) and by the own engine alone.'),
  drainMs: milliseconds(5_000).describe('What requests under way get to end when the gateway is stopped.'),
  reloadDrainMs: milliseconds(60_000).describe(
    'What requests under way get to end when the configuration is read again (SIGHUP).',
  ),
  trustedProxies: z
    .array(z.string().max(64))
    .max(1_000)
    .default([])
    .describe('Addresses and ranges of proxies whose `X-Forwarded-For` is believed.'),
  proxyProtocol: proxyProtocolSchema
    .prefault({})
    .describe(
      'The PROXY protocol, versions 1 and 2, on the application’s listener (docs/integrating.md, "Behind a TCP load balancer").',
    ),
  companionName: tokenText
    .default('gatehouse')
    .describe('The name of the gateway’s own cookie, without prefix.'),
  tokenHeader: z
    .string()
    // Under this beginning no header reaches an application, in whatever spelling.
    .regex(/^X-Gatehouse-[A-Za-z0-9-]{1,40}$/i, 'expected a name that begins with X-Gatehouse-')
    .refine(
      (text) =>
        !/-(?:User|Email|Roles|Practice|Permissions|Session|Assertion|Forward-Auth|Explain|Decision)$/i.test(
          text,
        ),
      'expected a name that is not taken',
    )
    .default('X-Gatehouse-Token')
    .describe('The header in which machines send their service token; never forwarded.'),
  overrideFile: z
    .string()
    .max(1_000)
    .regex(/^\/\P{Cc}+$/u, 'expected a path from the root, such as /etc/gatehouse/override.json')
    .nullable()
    .default(null)
    .describe(
      'The operator’s override on this host (docs/break-glass.md); `null`: `override.json` under `dataDir`.',
    ),
  leaseMs: milliseconds(5_000, 60_000).describe(
    'How long knowledge counts as fresh without word from anywhere.',
  ),
  beatMs: milliseconds(500, 5_000).describe('How often the lease is renewed.'),
  tls: gatewayTlsSchema
    .prefault({})
    .describe('TLS of the application’s listener (docs/integrating.md, "By certificate").'),
  explain: explainSchema
    .prefault({})
    .describe(
      'What was decided, in a header, for whoever supports the gateway (docs/integrating.md, "For support").',
    ),
  forwardAuth: forwardAuthSchema
    .prefault({})
    .describe('For proxies that carry the traffic themselves and only ask (docs/forward-auth.md).'),
  limits: limitsSchema.prefault({}).describe('Limits of the data plane.'),
})

const rolesSchema = z.union(
  [
    z.literal('standard'),
    z
      .array(
        z.strictObject({
          id: z.string().max(64).describe('The role’s id.'),
          name: z.string().max(80).describe('The role’s name.'),
          permissions: z.array(z.string().max(80)).max(200).describe('Its permissions by id.'),
        }),
      )
      .max(200),
  ],
  { error: 'expected `standard`, or a list of roles with id, name and permissions' },
)

const practiceSchema = z.strictObject({
  id: id.describe('The practice’s id.'),
  name: z.string().min(1).max(80).describe('The practice’s name.'),
  zone: z.string().max(64).describe('Its time zone (`America/Chicago`).'),
  roles: rolesSchema.default('standard').describe('Roles at birth: the five usual ones, or written out.'),
})

const keyList = z
  .string()
  .max(2_000)
  .superRefine((text, context) => {
    const read = readKeyList(text, '')
    if (!read.ok) for (const { sentence } of read.problems) context.addIssue(sentence)
  })

/** The whole configuration. */
export const configSchema = z.strictObject({
  dataDir: z
    .string()
    .min(1)
    .default('.gatehouse')
    .describe('Where keys, copies and the embedded database lie.'),
  clusterKey: z
    .string()
    .min(32, 'expected at least 32 characters')
    .max(256)
    .nullable()
    .default(null)
    .describe('Shared by all planes, secret; `null`: made and kept under `dataDir` (one machine only).'),
  signingKey: z
    .string()
    .max(200)
    .refine((text) => readSigningKey(text) !== null, 'expected 32 random bytes in base64url (43 characters)')
    .nullable()
    .default(null)
    .describe(
      'What control planes sign with, secret, the same for all of them and for no gateway: 32 random bytes in base64url; `null`: made and kept under `dataDir` (one control plane only).',
    ),
  listen: listenSchema.prefault({}).describe('Addresses the planes listen on, `host:port`.'),
  origins: originsSchema
    .prefault({})
    .describe('What browsers call them; `null`: `http://` and the listening address.'),
  database: z
    .strictObject({
      url: z
        .string()
        .max(1000)
        .nullable()
        .default(null)
        .describe('PostgreSQL; `null`: an embedded one (`start` only).'),
      poolMax: z.number().int().min(1).max(200).default(10).describe('Connections to it.'),
    })
    .prefault({})
    .describe('The record.'),
  hotStore: hotStoreSchema.prefault({}).describe('What the planes share while they run.'),
  controlPlane: z
    .strictObject({
      url: originText
        .nullable()
        .default(null)
        .describe('Where a gateway finds `listen.internal`; `null`: `http://` and that address.'),
      publicKey: z
        .string()
        .regex(/^[A-Za-z0-9_-]{43}$/, 'expected a raw Ed25519 public key in base64url (43 characters)')
        .nullable()
        .default(null)
        .describe('The key records are verified with; `null`: asked for over the internal channel.'),
    })
    .prefault({})
    .describe('How gateways reach the control plane.'),
  gateway: gatewaySchema.prefault({}).describe('The data plane.'),
  twoFactor: z
    .strictObject({
      keys: keyList
        .nullable()
        .default(null)
        .describe(
          'Keys that seal second factors, secret: `name:key`, comma separated, each 32 random bytes in base64url; the first seals, all open. `null`: made and kept under `dataDir` (one control plane only).',
        ),
      sms: textMessagesSchema
        .prefault({})
        .describe('Codes by text message; each practice allows them or not.'),
    })
    .prefault({})
    .describe('The second factor.'),
  admin: adminSchema.prefault({}).describe('Signing in to Security Management.'),
  audit: auditSchema.prefault({}).describe('The record of security events.'),
  notifications: notificationsSchema.prefault({}).describe('How people and machines are told.'),
  securityText: securityTextSchema
    .prefault({})
    .describe('Whom finders of weaknesses tell: `/.well-known/security.txt` of the console and the portal.'),
  practices: z
    .array(practiceSchema)
    .max(10_000)
    .default([])
    .describe('Made at the first start where absent; afterwards the admin UI owns them.'),
  upstreams: z.array(upstreamSchema).max(100).default([]).describe('The applications behind the gateway.'),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info')
        .describe('How much is logged.'),
    })
    .prefault({})
    .describe('Logs, as JSON lines on standard output.'),
})

/** The parsed configuration; deep-frozen. */
export type Config = z.output<typeof configSchema>
/** One application behind the gateway. */
export type UpstreamConfig = Config['upstreams'][number]
/** How an upstream's people are identified. */
export type IdentityConfig = NonNullable<UpstreamConfig['identity']>
/** Limits of the data plane. */
export type Limits = Config['gateway']['limits']
