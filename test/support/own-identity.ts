/**
 * The configuration of an upstream whose people sign in at the gateway, for tests: one provider, called “Work account”.
 */
import type { Config } from '../../runtime/config.ts'

type Upstream = Config['upstreams'][number]
type Own = NonNullable<NonNullable<Upstream['identity']>['own']>

/** A provider's rules; `change` overrides. */
export const providerRules = (
  issuer: string,
  change: Partial<Own['providers'][number]> = {},
): Own['providers'][number] => ({
  ...{ id: 'work', name: 'Work account', issuer, clientId: 'gatehouse', clientSecretFile: null },
  ...{ scopes: ['openid', 'email', 'profile'], match: 'email', allowedDomains: [], factorAcr: [] },
  ...change,
})

/** The same upstream, whose people sign in at the gateway with `providers`. */
export const withOwnSignIn = (
  upstream: Upstream,
  providers: Own['providers'],
  unknown: Own['unknown'] = 'deny',
  password = false,
): Upstream => {
  const { identity } = upstream
  if (identity === null) throw new Error('an upstream without identity')
  const none = { bearer: null, trustedHeader: null, introspection: null, jwt: null, endSession: null }
  return {
    ...upstream,
    identity: {
      ...{ ...identity, ...none, mode: 'own', cookies: [], login: [], returnParameter: null },
      ...{ signInPage: '/.gatehouse/sign-in', own: { providers, password, passkey: false, unknown } },
    },
  }
}
