/**
 * The OIDC providers that own accounts may sign in with: configuration with its secrets read.
 *
 * It asks no provider (`own-sign-in/provider.ts` does). Invariant: a secret that cannot be read, or that others can, stops
 * the control plane before it listens, with every such problem at once.
 */
import type { Instant } from '../../policies/instant.ts'
import type { Checked, Problem } from '../../policies/problem.ts'
import type { AdminProviderRules } from '../../runtime/config-admin.ts'
import { readSecret } from '../../runtime/secret-file.ts'
import { createProvider, type Provider } from '../own-sign-in/provider.ts'

/** A provider with its secret; `null`: a public client. */
export type AdminProviderKey = { readonly rules: AdminProviderRules; readonly secret: string | null }

/** A provider to sign in with. `trustsFactor`: its word for a second factor counts. */
export type AdminProvider = Provider & Pick<AdminProviderRules, 'trustsFactor' | 'match'>

/** The configured providers with their secrets. Problems: of the secrets' files. */
export function readAdminProviders(
  providers: readonly AdminProviderRules[],
): Checked<readonly AdminProviderKey[]> {
  const problems: Problem[] = []
  const read = providers.map((rules): AdminProviderKey => {
    const { clientSecretFile: file } = rules
    if (file === null) return { rules, secret: null }
    const secret = readSecret(file)
    if (secret === null)
      problems.push({ path: file, sentence: 'is not there: the client secret belongs in it' })
    else if (!secret.ok) problems.push(...secret.problems)
    return { rules, secret: secret?.ok === true ? secret.value : null }
  })
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: read }
}

/** The providers as the admin origin `origin` asks them, by id. */
export const createAdminProviders = (
  keys: readonly AdminProviderKey[],
  origin: string,
  now: () => Instant,
): ReadonlyMap<string, AdminProvider> =>
  new Map(
    keys.map(({ rules, secret }) => {
      const redirectUri = `${origin}/sign-in/from/${rules.id}`
      const { trustsFactor, match } = rules
      return [rules.id, { ...createProvider({ rules, secret, redirectUri, now }), trustsFactor, match }]
    }),
  )
