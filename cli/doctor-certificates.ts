/**
 * What the doctor says of the certificates that gateways of this host are to show (`gateway.tls`), by their files.
 *
 * It asks nobody over the network (`doctor-ways.ts` does). Invariant: what a gateway would refuse at its start is a failure
 * here, by the same reading; a host that no certificate carries is told before a browser tells it.
 */
import { createNameLookup } from '../gateway/certificate-names.ts'
import { type Pair, readAuthorities, readPair } from '../gateway/listener-tls.ts'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { Config } from '../runtime/config.ts'
import { type Finding, fail, fine, warn } from './doctor-stores.ts'

const expiresSoonMs: DurationMs = 14 * 86_400_000

const dayOf = (at: Instant): string => new Date(at).toISOString().slice(0, 10)

const pairFinding = (check: string, { expiresAt, hostNames }: Pair, at: Instant): Finding => {
  const day = dayOf(expiresAt)
  if (expiresAt <= at)
    return fail(check, `ended on ${day}`, 'Renew it; gateways take the new one by themselves.')
  if (expiresAt - at < expiresSoonMs) return warn(check, `ends on ${day}`, 'Renew it before that.')
  return fine(check, `until ${day}, for ${hostNames.slice(0, 5).join(', ') || 'no host by name'}`)
}

/** Hosts of applications that no certificate carries; of the usual certificate an address may be the name. */
const hostFindings = (config: Config, pairs: readonly Pair[]): readonly Finding[] => {
  const find = createNameLookup(pairs.map(({ hostNames }) => ({ names: hostNames, value: true })))
  return config.upstreams
    .flatMap(({ hosts }) => hosts)
    .map((host) => host.replace(/:\d*$/, ''))
    .filter((host) => host !== '*' && find(host) === null)
    .map((host) =>
      warn(
        `certificate for ${host}`,
        'no certificate carries this host',
        'Browsers will warn: add one that does.',
      ),
    )
}

/** Of every file under `gateway.tls`; nothing where it names none. */
export function certificateFileFindings(config: Config, at: Instant): readonly Finding[] {
  const { certificateFile, keyFile, clientCaFile, certificates } = config.gateway.tls
  if (certificateFile === null || keyFile === null) return []
  const named = [
    { files: { certificateFile, keyFile }, path: 'gateway.tls' },
    ...certificates.map((files, index) => ({ files, path: `gateway.tls.certificates[${index}]` })),
  ]
  const pairs: Pair[] = []
  const findings: Finding[] = []
  const mend = 'A gateway would not start with it, and keeps the one of before while it runs.'
  for (const { files, path } of named) {
    const read = readPair(files, path)
    if (read.ok) {
      pairs.push(read.value)
      findings.push(pairFinding(path, read.value, at))
    } else for (const problem of read.problems) findings.push(fail(problem.path, problem.sentence, mend))
  }
  const authorities = clientCaFile === null ? null : readAuthorities(clientCaFile)
  if (authorities?.ok === false)
    for (const { path, sentence } of authorities.problems) findings.push(fail(path, sentence, mend))
  return [...findings, ...hostFindings(config, pairs)]
}
