/**
 * The part of the configuration that is about signing in at the gateway itself: whether people have a password here, the
 * OIDC providers that say who they are, and whom of the directory their word means.
 *
 * It asks no provider (`admin/own-sign-in/provider.ts` does). Invariant: a provider is reached by https, or on this
 * machine; nobody is made a member by a provider's word unless configuration says so; secrets stay in files of their own.
 * Secrets in this file were refused: it is shown around when something does not work.
 */
import { z } from 'zod'
import type { Problem } from '../policies/problem.ts'

/** Where people of an application without a sign-in of its own are sent. */
export const ownSignInPath = '/.gatehouse/sign-in'

/** One OIDC provider. */
export const providerSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'expected 1 to 32 of a-z, 0-9 and -')
    .describe('Its id: in the address that it sends people back to, `PORTAL/sign-in/from/ID`.'),
  name: z.string().min(1).max(40).describe('Its name on the button: “Continue with …”.'),
  issuer: z
    .url({ protocol: /^https?$/, error: 'expected https:// with a host', abort: true })
    .refine((text) => !/[?#@]|\/$/.test(text), 'expected no query, no fragment and no / at the end')
    .describe('What `iss` must be; its keys and addresses are found below it (OpenID Connect Discovery).'),
  clientId: z.string().min(1).max(300).describe('What the provider calls this Gatehouse; `aud` must be it.'),
  clientSecretFile: z
    .string()
    .min(1)
    .max(1_000)
    .nullable()
    .default(null)
    .describe(
      'A file that only Gatehouse can read with the client secret; `null`: a public client (PKCE alone).',
    ),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/, 'expected a scope'))
    .max(20)
    .default(['openid', 'email', 'profile'])
    .describe('What is asked for; `openid` must be among them.'),
  match: z
    .enum(['email', 'sub'])
    .default('email')
    .describe(
      '`email`: people of the directory are found by their login name, which must be the address that the provider has verified; `sub`: by the provider’s own id alone.',
    ),
  allowedDomains: z
    .array(z.string().regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/, 'expected a domain in lower case'))
    .max(100)
    .default([])
    .describe('Domains that a verified address must be of; none: any.'),
  factorAcr: z
    .array(z.string().min(1).max(200))
    .max(20)
    .default([])
    .describe(
      'Values of `acr` by which the provider says that a second factor was shown, beside what `amr` says; both count only with `auth_time`, and only where the practice trusts them.',
    ),
})

/** `identity.own`. */
export const ownSignInSchema = z.strictObject({
  providers: z
    .array(providerSchema)
    .max(10)
    .default([])
    .describe('The OIDC providers that people may sign in with.'),
  password: z
    .boolean()
    .default(false)
    .describe(
      'People of the directory may sign in with their login name and a password that Gatehouse keeps; they set it by a link.',
    ),
  passkey: z
    .boolean()
    .default(false)
    .describe(
      'People may sign in with a passkey that they made at the portal, beside another way by which they come to make one.',
    ),
  unknown: z
    .enum(['deny', 'unassigned'])
    .default('deny')
    .describe(
      'What people become who are not in the directory: refused, or members of `practice.fixed` without a role. Takes the place of `provisioning`.',
    ),
})

/** One OIDC provider as read. */
export type ProviderRules = z.output<typeof providerSchema>
/** `identity.own` as read. */
export type OwnSignInRules = z.output<typeof ownSignInSchema>

/** What an upstream says of identity besides; only as far as it must be absent, or differs by mode. */
type Beside = {
  readonly mode: 'observe' | 'own'
  readonly own: OwnSignInRules | null
  readonly roles: 'directory' | 'app'
  readonly signInPage: string
  readonly cookies: readonly unknown[]
  readonly login: readonly unknown[]
  readonly bearer: unknown
  readonly trustedHeader: unknown
  readonly introspection: unknown
  readonly jwt: unknown
  readonly endSession: unknown
  readonly returnParameter: unknown
}

const isLoopback = (host: string): boolean => /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host)

/** What the sentences call one given key. */
const isGiven = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : value !== null)

/** Every Problem of a list of providers at `path`. */
export const providerListProblems = (providers: readonly ProviderRules[], path: string): readonly Problem[] =>
  providers.flatMap(({ id, issuer, scopes }, at): Problem[] => {
    const { protocol, hostname } = new URL(issuer)
    const own = `${path}[${at}]`
    return [
      ...(protocol === 'https:' || isLoopback(hostname)
        ? []
        : [
            {
              path: `${own}.issuer`,
              sentence: 'must begin with https://: its word is worth what its connection is',
            },
          ]),
      ...(scopes.includes('openid') ? [] : [{ path: `${own}.scopes`, sentence: 'must contain openid' }]),
      ...(providers.findIndex((one) => one.id === id) === at
        ? []
        : [{ path: `${own}.id`, sentence: `"${id}" is the id of another provider too` }]),
    ]
  })

function providerProblems({ providers, password }: OwnSignInRules, path: string): readonly Problem[] {
  const problems = providerListProblems(providers, path)
  return providers.length > 0 || password
    ? problems
    : [
        {
          path,
          sentence:
            'must name a provider, unless password is on: else nobody could sign in, not even to make a passkey',
        },
      ]
}

/** Every Problem of `identity.mode` and `identity.own` at `path` (`upstreams[0].identity`). `fixed`: `practice.fixed`. */
export function ownSignInProblems(identity: Beside, fixed: string | null, path: string): readonly Problem[] {
  const { mode, own, signInPage } = identity
  if (mode === 'observe')
    return [
      ...(own === null ? [] : [{ path: `${path}.own`, sentence: 'is for mode: own' }]),
      ...(signInPage === ownSignInPath
        ? [
            {
              path: `${path}.signInPage`,
              sentence: 'must be given: where people of this application sign in',
            },
          ]
        : []),
    ]
  if (own === null) return [{ path: `${path}.own`, sentence: 'must be given with mode: own' }]
  const beside = (
    [
      'cookies',
      'bearer',
      'trustedHeader',
      'introspection',
      'jwt',
      'login',
      'endSession',
      'returnParameter',
    ] as const
  ).filter((key) => isGiven(identity[key]))
  return [
    ...beside.map((key) => ({
      path: `${path}.${key}`,
      sentence: 'is for applications with a sign-in of their own: with mode: own there is none',
    })),
    ...(identity.roles === 'directory'
      ? []
      : [
          { path: `${path}.roles`, sentence: 'is the directory’s with mode: own: nobody else says anything' },
        ]),
    ...(signInPage === ownSignInPath
      ? []
      : [{ path: `${path}.signInPage`, sentence: `is ${ownSignInPath} with mode: own: leave it out` }]),
    ...providerProblems(own, `${path}.own.providers`),
    ...(own.unknown === 'deny' || fixed !== null
      ? []
      : [
          {
            path: `${path}.own.unknown`,
            sentence: 'needs practice.fixed: else unknown people belong nowhere',
          },
        ]),
  ]
}
