/**
 * What went wrong between the gateway and an application, in the house's words.
 *
 * It answers nobody (`refusal.ts` does). Invariant: every error of node or undici becomes one of a few kinds, so
 * that status, metric label and `Proxy-Status` come from one table; an error nobody thought of is ours (500).
 */
import { type Fault, type FaultKind, fault, isFault } from '../runtime/fault.ts'

const unreachableCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EHOSTDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EADDRNOTAVAIL',
])
const timeoutCodes: ReadonlySet<string> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
])
const resetCodes: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'ECONNABORTED'])

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

/** OpenSSL's words for a certificate that does not hold, as node hands them on. */
const isOfCertificate = (code: string): boolean =>
  /CERT|TLS|SELF_SIGNED|UNABLE_TO|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH/.test(code)

const kindOf = (error: unknown, code: string): FaultKind | null => {
  if (unreachableCodes.has(code)) return 'unreachable'
  if (timeoutCodes.has(code)) return 'timeout'
  if (resetCodes.has(code)) return 'reset'
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return 'truncated'
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code.startsWith('HPE_')) return 'garbage'
  if (error instanceof Error && error.name === 'HTTPParserError') return 'garbage'
  if (code === 'UND_ERR_ABORTED' || code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return 'closed'
  if (/^ERR_SSL|^EPROTO$/.test(code)) return 'garbage'
  if (isOfCertificate(code)) return 'untrusted'
  return null
}

/** The error as a Fault of source `upstream`, or of `self` where the application has no part in it. */
export const upstreamFault = (error: unknown, what: string): Fault => {
  if (isFault(error)) return error
  const inner = error instanceof AggregateError ? error.errors[0] : error
  const code = codeOf(inner)
  const kind = kindOf(inner, code)
  if (kind === null) return fault('self', 'garbage', what, 'no', error)
  const why = kind === 'untrusted' ? `its certificate is not accepted (${code}; see tls.caFile)` : what
  return fault('upstream', kind, why, 'no', error)
}
