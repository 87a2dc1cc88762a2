/**
 * Which upstreams' people sign in here, and by which providers: configuration with its secrets read.
 *
 * It asks no provider. Invariant: a secret that cannot be read, or that others can, stops the control plane before it
 * listens, with every such problem at once; a provider that worked yesterday does not silently become a public client.
 */
import type { Checked, Problem } from '../../policies/problem.ts'
import type { Config } from '../../runtime/config.ts'
import { readSecret } from '../../runtime/secret-file.ts'
import type { OwnUpstream } from './visits.ts'

/** Signing in here, by upstream. `secrets`: by `upstream provider`; absent: a public client. */
export type OwnUpstreams = {
  /** `null`: this upstream's people do not sign in here. */
  readonly find: (upstream: string) => OwnUpstream | null
  readonly secret: (upstream: string, provider: string) => string | null
  /** Whether people of any upstream may sign in with a password. */
  readonly takePasswords: boolean
}

/** Signing in here where no upstream has it. */
export const noOwnUpstreams: OwnUpstreams = { find: () => null, secret: () => null, takePasswords: false }

/** What `upstreams` say of signing in here. Problems: of the secrets' files. */
export function readOwnUpstreams(upstreams: Config['upstreams']): Checked<OwnUpstreams> {
  const found = new Map<string, OwnUpstream>()
  const secrets = new Map<string, string>()
  const problems: Problem[] = []
  for (const { id, identity, practice } of upstreams) {
    const own = identity?.mode === 'own' ? identity.own : null
    if (own === null) continue
    const { providers, password, passkey, unknown: provisioning } = own
    found.set(id, { providers, password, passkey, provisioning, practice: practice.fixed })
    for (const { id: provider, clientSecretFile: file } of providers) {
      if (file === null) continue
      const read = readSecret(file)
      if (read === null)
        problems.push({ path: file, sentence: 'is not there: the client secret belongs in it' })
      else if (read.ok) secrets.set(`${id} ${provider}`, read.value)
      else problems.push(...read.problems)
    }
  }
  if (problems.length > 0) return { ok: false, problems }
  return {
    ok: true,
    value: {
      find: (upstream) => found.get(upstream) ?? null,
      takePasswords: [...found.values()].some(({ password }) => password),
      secret: (upstream, provider) => secrets.get(`${upstream} ${provider}`) ?? null,
    },
  }
}
