/**
 * The part of the configuration that is about an identity proxy in front of the gateway: who it is, how it shows that,
 * and in which headers it names the person.
 *
 * It reads no request (`gateway/identity/trusted-header.ts` does). Invariant: a proxy is named by its address *and* knows
 * a secret or has a certificate, or both; headers that mean something else to the gateway or the application cannot be chosen. Believing whoever
 * reaches the port, as many applications do behind such proxies, was refused.
 */
import { z } from 'zod'
import type { Problem } from '../policies/problem.ts'
import { certificateNamesSchema, demandProblems } from './config-gateway-tls.ts'
import { readTrustedProxies } from './forwarded.ts'

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/, 'expected a header name of letters, digits and hyphens')
const optionalHeader = headerName.nullable().default(null)

/** `identity.trustedHeader`. */
export const trustedHeaderSchema = z.strictObject({
  peers: z
    .array(z.string().max(64))
    .max(100)
    .describe('Addresses and ranges of the identity proxies, as their connections show them.'),
  secretHeader: headerName
    .default('X-Identity-Secret')
    .describe('The header in which they send the secret with every request.'),
  secret: z
    .string()
    .min(32, 'expected at least 32 characters')
    .max(256)
    .regex(/^[\x21-\x7e]+$/, 'expected visible ASCII without spaces')
    .nullable()
    .default(null)
    .describe(
      'That secret. None of these headers counts without it, and none ever goes on. `null`: only a certificate is asked for.',
    ),
  certificateNames: certificateNamesSchema.describe(
    'Names (`dns:…`, `uri:…`, `cn:…`), one of which the client certificate of their connection must carry (`gateway.tls`); empty: none is asked for.',
  ),
  user: headerName.describe('The header with the person’s id, one that never passes to somebody else.'),
  signedInAt: optionalHeader.describe(
    'The header with the time of their sign-in at the proxy, in whole seconds since the epoch. Without it a revocation refuses the person for 30 days, whatever the proxy says.',
  ),
  email: optionalHeader.describe('The header with the e-mail address.'),
  name: optionalHeader.describe('The header with the name people read, in UTF-8.'),
  practices: optionalHeader.describe(
    'The header with the person’s practices, ids with commas; `null`: the one in `practice.fixed`.',
  ),
  roles: optionalHeader.describe('The header with roles that hold in all of these, with commas.'),
})

/** `identity.trustedHeader` as read. */
export type TrustedHeaderRules = z.output<typeof trustedHeaderSchema>

/** What an upstream says of identity besides; only as far as it must be absent. */
type Beside = {
  readonly trustedHeader: TrustedHeaderRules | null
  readonly cookies: readonly string[]
  readonly login: readonly unknown[]
  readonly bearer: unknown
  readonly introspection: unknown
  readonly jwt: unknown
  readonly endSession: unknown
}

/** The headers that the rules name, with the key of each. */
const namedHeaders = (rules: TrustedHeaderRules): readonly (readonly [key: string, name: string])[] =>
  (['secretHeader', 'user', 'signedInAt', 'email', 'name', 'practices', 'roles'] as const).flatMap((key) => {
    const name = rules[key]
    return name === null ? [] : [[key, name] as const]
  })

/** Names as CGI-like back ends fold them. */
const folded = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '-')

/** Headers by which requests are read, judged or forwarded: they cannot carry a person too. */
const taken =
  /^(?:host|cookie|authorization|connection|upgrade|te|trailer|expect|keep-alive|forwarded|origin|referer|range|user-agent|date|via|x-gatehouse(?:-.*)?|x-forwarded-(?:for|host|port|proto|server|prefix|uri|method)|x-real-ip|(?:proxy|accept|content|sec|if|access-control|transfer)-.*|x-(?:http-method|original|rewrite)(?:-.*)?)$/

function nameProblems(rules: TrustedHeaderRules, path: string): readonly Problem[] {
  const named = namedHeaders(rules)
  return named.flatMap(([key, name], at) => {
    const first = named.findIndex(([, other]) => folded(other) === folded(name))
    if (taken.test(folded(name)))
      return [{ path: `${path}.${key}`, sentence: `${name} means something else already` }]
    return first === at
      ? []
      : [{ path: `${path}.${key}`, sentence: `is the header of ${path}.${named[first]?.[0]} too` }]
  })
}

/** Every Problem of `identity.trustedHeader` at `path` (`upstreams[0].identity`); empty where it is not given. */
export function trustedHeaderProblems(identity: Beside, path: string): readonly Problem[] {
  const { trustedHeader: rules } = identity
  if (rules === null) return []
  const own = `${path}.trustedHeader`
  const peers = readTrustedProxies(rules.peers, `${own}.peers`)
  const beside = (['introspection', 'jwt', 'endSession'] as const).filter((key) => identity[key] !== null)
  return [
    ...(peers.ok ? [] : peers.problems),
    ...(rules.peers.length > 0
      ? []
      : [{ path: `${own}.peers`, sentence: 'must name the proxies that may vouch' }]),
    ...demandProblems(rules, own),
    ...nameProblems(rules, own),
    ...beside.map((key) => ({
      path: `${path}.${key}`,
      sentence: 'is for credentials of the application: with trustedHeader the proxy says who asks',
    })),
    ...(identity.login.length === 0
      ? []
      : [
          { path: `${path}.login`, sentence: 'is for sign-ins seen here: with trustedHeader there are none' },
        ]),
  ]
}
