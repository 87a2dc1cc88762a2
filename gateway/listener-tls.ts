/**
 * The gateway's own certificate and the authorities of its proxies, read once and checked against each other.
 *
 * It decides about no connection: people have no certificate and come through the same listener, so that one that is
 * missing or wrong is nobody's name and no refusal (`peer-certificate.ts`). Invariant: a gateway starts with a pair that
 * fits or not at all, and then keeps it whatever becomes of the files; a reload starts another one. Watching the files
 * was refused: a certificate and its key are not replaced in one step.
 */
import { constants, createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { DurationMs } from '../policies/instant.ts'
import type { Checked, Problem } from '../policies/problem.ts'
import type { GatewayTls } from '../runtime/config-gateway-tls.ts'
import { readCertificates, readText } from './certificate-file.ts'

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
}

const failed = (path: string, sentence: string): { readonly ok: false; readonly problems: Problem[] } => ({
  ok: false,
  problems: [{ path, sentence }],
})

/** A certificate with its chain, and its key: PEM. */
type Pair = { readonly cert: string; readonly key: string }

function readPair(certificateFile: string, keyFile: string): Checked<Pair> {
  const chain = readCertificates(certificateFile)
  const key = readText(keyFile)
  const problems = [
    ...(chain.ok
      ? []
      : [{ path: 'gateway.tls.certificateFile', sentence: `${certificateFile} ${chain.why}` }]),
    ...(key.ok ? [] : [{ path: 'gateway.tls.keyFile', sentence: `${keyFile} ${key.why}` }]),
  ]
  if (!chain.ok || !key.ok) return { ok: false, problems }
  const pair = { cert: chain.value.join('\n'), key: key.value }
  try {
    const own = createPrivateKey(pair.key)
    if (!new X509Certificate(chain.value[0] ?? '').checkPrivateKey(own))
      return failed(
        'gateway.tls.keyFile',
        `${keyFile} is not the key of the first certificate in ${certificateFile}`,
      )
  } catch {
    return failed('gateway.tls.keyFile', `${keyFile} holds no private key in PEM, or one with a passphrase`)
  }
  try {
    createSecureContext({ ...pair, minVersion: 'TLSv1.2' })
  } catch {
    return failed('gateway.tls.certificateFile', `${certificateFile} cannot be used, its key may be too weak`)
  }
  return { ok: true, value: pair }
}

/**
 * What `gateway.tls` names, for a listener, `null` where it names nothing; or every Problem of its files. `handshakeMs`:
 * how long a handshake may take.
 */
export function readListenerTls(tls: GatewayTls, handshakeMs: DurationMs): Checked<ListenerTls | null> {
  const { certificateFile, keyFile, clientCaFile } = tls
  if (certificateFile === null || keyFile === null) return { ok: true, value: null }
  const pair = readPair(certificateFile, keyFile)
  const authorities = clientCaFile === null ? null : readCertificates(clientCaFile)
  const problems = [
    ...(pair.ok ? [] : pair.problems),
    ...(authorities === null || authorities.ok
      ? []
      : [{ path: 'gateway.tls.clientCaFile', sentence: `${clientCaFile} ${authorities.why}` }]),
  ]
  if (!pair.ok || authorities?.ok === false) return { ok: false, problems }
  const asks = authorities !== null
  return {
    ok: true,
    value: {
      ...pair.value,
      // Without authorities of its own node would take those of the web for vouchers of proxies.
      ...(authorities?.ok ? { ca: [...authorities.value] } : {}),
      minVersion: 'TLSv1.2',
      requestCert: asks,
      rejectUnauthorized: false,
      // A resumed session brings no certificate to be verified, a renegotiated one another.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION | (asks ? constants.SSL_OP_NO_TICKET : 0),
      handshakeTimeout: handshakeMs,
    },
  }
}
