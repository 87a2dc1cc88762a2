/**
 * The part of the configuration that is about TLS at the gateway: its own certificate, and those by which proxies show
 * who they are.
 *
 * It opens no file (`gateway/listener-tls.ts` does). Invariant: names of certificates stand only where an authority is
 * given that vouches for them, and an authority only where somebody is asked for a name; a name says what it is a name
 * of, so that the free text of a subject never passes for a host. Patterns of names were refused: one listed, one meant.
 */
import { z } from 'zod'
import type { Problem } from '../policies/problem.ts'

const fileName = z
  .string()
  .min(1)
  .max(1_000)
  .regex(/^\P{Cc}+$/u, 'expected the name of a file')
const file = fileName.nullable().default(null)

/** `gateway.tls`. */
export const gatewayTlsSchema = z.strictObject({
  certificateFile: file.describe(
    'A PEM file with the certificate, and behind it those that lead to its authority; `null`: plain HTTP, as behind another proxy.',
  ),
  keyFile: file.describe('A PEM file with its private key, without a passphrase.'),
  clientCaFile: file.describe(
    'A PEM file with the only authorities that may vouch for proxies (`certificateNames`); `null`: no certificate is asked for.',
  ),
  certificates: z
    .array(
      z.strictObject({
        certificateFile: fileName.describe(
          'As above; shown to clients that ask for a host that this certificate carries.',
        ),
        keyFile: fileName.describe('As above.'),
      }),
    )
    .max(100)
    .default([])
    .describe('Further certificates, by the names in them (docs/deploying.md, "Certificates").'),
  unknownNames: z
    .enum(['default', 'refuse'])
    .default('default')
    .describe(
      'Clients that ask for a host that no certificate carries: are shown `certificateFile`, or are hung up on.',
    ),
  lookMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(5_000)
    .describe('How often all these files are looked at; changed ones are taken at the look after that.'),
})

/** `gateway.tls` as read. */
export type GatewayTls = z.output<typeof gatewayTlsSchema>

/** Names as `gateway/peer-certificate.ts` reads them off certificates. */
export const certificateNamesSchema = z
  .array(
    z
      .string()
      .regex(
        /^(?:dns:[a-z0-9*._-]{1,253}|uri:[\x21-\x7e]{1,1000}|cn:\P{Cc}{1,64})$/u,
        'expected dns: and a host name in lower case, uri: and a URI, or cn: and the common name of the subject',
      ),
  )
  .max(100)
  .default([])

const problem = (path: string, sentence: string): Problem => ({ path, sentence })

/** What is demanded of a proxy besides its address. */
type Demand = { readonly secret: string | null; readonly certificateNames: readonly string[] }

/** An address alone proves too little: others may come to have it. */
export const demandProblems = ({ secret, certificateNames }: Demand, path: string): readonly Problem[] =>
  secret !== null || certificateNames.length > 0
    ? []
    : [problem(`${path}.secret`, 'must be given, or certificateNames, or both')]

type Beside = {
  readonly gateway: {
    readonly tls: GatewayTls
    readonly forwardAuth: Demand
    readonly http2: boolean
    readonly engine: 'own' | 'node'
  }
  readonly origins: { readonly application: string | null }
  readonly upstreams: readonly { readonly identity: { readonly trustedHeader: Demand | null } | null }[]
}

/** Every Problem between `gateway.tls`, whoever asks for names of certificates, and the application's origin. */
export function gatewayTlsProblems({ gateway, origins, upstreams }: Beside): readonly Problem[] {
  const { tls, forwardAuth, http2, engine } = gateway
  const asking = [
    ...(forwardAuth.certificateNames.length > 0 ? ['gateway.forwardAuth.certificateNames'] : []),
    ...upstreams.flatMap(({ identity }, at) =>
      (identity?.trustedHeader?.certificateNames ?? []).length > 0
        ? [`upstreams[${at}].identity.trustedHeader.certificateNames`]
        : [],
    ),
  ]
  const { certificateFile, keyFile, clientCaFile, certificates } = tls
  return [
    ...(certificateFile !== null && keyFile === null
      ? [problem('gateway.tls.keyFile', 'must be given with certificateFile')]
      : []),
    ...(certificateFile === null
      ? (['keyFile', 'clientCaFile'] as const)
          .filter((key) => tls[key] !== null)
          .map((key) => problem(`gateway.tls.${key}`, 'needs certificateFile: without it nothing speaks TLS'))
      : []),
    ...(certificateFile === null && certificates.length > 0
      ? [problem('gateway.tls.certificates', 'needs certificateFile, for clients that ask for no host')]
      : []),
    ...(http2 && (certificateFile === null || engine !== 'own')
      ? [
          problem(
            'gateway.http2',
            'needs gateway.tls.certificateFile and engine: own; browsers speak HTTP/2 over TLS only',
          ),
        ]
      : []),
    ...(clientCaFile === null
      ? asking.map((path) =>
          problem(path, 'needs gateway.tls.clientCaFile: nobody would vouch for these names'),
        )
      : []),
    ...(clientCaFile !== null && asking.length === 0
      ? [
          problem(
            'gateway.tls.clientCaFile',
            'would protect nothing: no certificateNames are given under gateway.forwardAuth or identity.trustedHeader',
          ),
        ]
      : []),
    ...(certificateFile !== null && origins.application?.startsWith('https:') === false
      ? [problem('origins.application', 'must begin with https:// where gateway.tls is given')]
      : []),
  ]
}
