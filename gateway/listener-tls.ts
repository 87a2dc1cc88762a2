/**
 * The gateway's own certificates and the authorities of its proxies, read and checked against each other.
 *
 * It decides about no connection: people have no certificate and come through the same listener, so that one that is
 * missing or wrong is nobody's name and no refusal (`peer-certificate.ts`). Invariant: what is read fits or is a Problem,
 * a certificate with its key and every one of its chain. It does not look at files again (`live-certificates.ts`).
 */
import { constants, createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext, type Server } from 'node:tls'
import type { DurationMs, Instant } from '../policies/instant.ts'
import type { Checked, Problem } from '../policies/problem.ts'
import { readCertificates, readText } from './certificate-file.ts'
import { hostNamesOf } from './certificate-names.ts'

/** Options of a TLS server. */
export type ListenerTls = {
  readonly cert: string
  readonly key: string
  readonly ca?: string[]
  readonly minVersion: 'TLSv1.2'
  readonly requestCert: boolean
  readonly rejectUnauthorized: false
  readonly secureOptions: number
  readonly handshakeTimeout: DurationMs
  /** Whom to be for a name; absent: the same for all. */
  readonly SNICallback?: (name: string, done: (error: Error | null, context?: SecureContext) => void) => void
  /** To be called with each server that is made of these options, so that it gets those that come later. */
  readonly adopt?: (server: Server) => void
}

/** A certificate with its chain, and its key: PEM. */
export type Pair = {
  readonly cert: string
  readonly key: string
  /** In lower case; wildcards as in the certificate. */
  readonly hostNames: readonly string[]
  /** When the first of its chain runs out. */
  readonly expiresAt: Instant
}

/** Where a pair lies. */
export type PairFiles = { readonly certificateFile: string; readonly keyFile: string }

const failed = (path: string, sentence: string): { readonly ok: false; readonly problems: Problem[] } => ({
  ok: false,
  problems: [{ path, sentence }],
})

/** The pair in these files, or every Problem of them; `path`: where configuration names them. */
export function readPair({ certificateFile, keyFile }: PairFiles, path: string): Checked<Pair> {
  const chain = readCertificates(certificateFile)
  const key = readText(keyFile)
  const problems = [
    ...(chain.ok ? [] : [{ path: `${path}.certificateFile`, sentence: `${certificateFile} ${chain.why}` }]),
    ...(key.ok ? [] : [{ path: `${path}.keyFile`, sentence: `${keyFile} ${key.why}` }]),
  ]
  if (!chain.ok || !key.ok) return { ok: false, problems }
  const certificates = chain.value.map((pem) => new X509Certificate(pem))
  const pair = {
    cert: chain.value.join('\n'),
    key: key.value,
    hostNames: certificates.slice(0, 1).flatMap(hostNamesOf),
    expiresAt: Math.min(...certificates.map(({ validToDate }) => validToDate.getTime())),
  }
  try {
    const own = createPrivateKey(pair.key)
    if (certificates[0]?.checkPrivateKey(own) !== true)
      return failed(
        `${path}.keyFile`,
        `${keyFile} is not the key of the first certificate in ${certificateFile}`,
      )
  } catch {
    return failed(`${path}.keyFile`, `${keyFile} holds no private key in PEM, or one with a passphrase`)
  }
  try {
    createSecureContext({ cert: pair.cert, key: pair.key, minVersion: 'TLSv1.2' })
  } catch {
    return failed(`${path}.certificateFile`, `${certificateFile} cannot be used, its key may be too weak`)
  }
  return { ok: true, value: pair }
}

/** The authorities in this file. */
export function readAuthorities(clientCaFile: string): Checked<readonly string[]> {
  const read = readCertificates(clientCaFile)
  return read.ok
    ? { ok: true, value: read.value }
    : failed('gateway.tls.clientCaFile', `${clientCaFile} ${read.why}`)
}

/** A listener's options; `authorities: null`: nobody is asked for a certificate. `handshakeMs`: how long one may take. */
export const listenerTlsOf = (
  { cert, key }: Pick<Pair, 'cert' | 'key'>,
  authorities: readonly string[] | null,
  handshakeMs: DurationMs,
): ListenerTls => ({
  ...{ cert, key },
  // Without authorities of its own node would take those of the web for vouchers of proxies.
  ...(authorities === null ? {} : { ca: [...authorities] }),
  minVersion: 'TLSv1.2',
  requestCert: authorities !== null,
  rejectUnauthorized: false,
  // A resumed session brings no certificate to be verified, a renegotiated one another.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION | (authorities === null ? 0 : constants.SSL_OP_NO_TICKET),
  handshakeTimeout: handshakeMs,
})
