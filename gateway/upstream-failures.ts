/**
 * What a browser is told when an application fails: one table from kinds of Fault to status, with the catalogue's words.
 *
 * The cause stays in the log. Invariant: a total table, so that no failure of an application ends as an empty page
 * or, worse, as its half answer. Passing error texts through was refused: they name hosts and ports.
 */
import type { Fault, FaultKind } from '../runtime/fault.ts'
import { applicationTexts, failureTexts } from '../runtime/pages/texts-failures.ts'
import type { Failure } from './refusal.ts'

const failures: Readonly<Record<FaultKind, Omit<Failure, 'title' | 'sentence'>>> = {
  unreachable: {
    status: 503,
    proxyError: 'connection_refused',
    retryAfterMs: 5_000,
  },
  timeout: {
    status: 504,
    proxyError: 'http_response_timeout',
  },
  refused: {
    status: 502,
    proxyError: 'connection_refused',
  },
  untrusted: {
    status: 502,
    proxyError: 'tls_certificate_error',
  },
  reset: {
    status: 502,
    proxyError: 'connection_terminated',
  },
  garbage: {
    status: 502,
    proxyError: 'http_protocol_error',
  },
  truncated: {
    status: 502,
    proxyError: 'http_response_incomplete',
  },
  full: {
    status: 502,
    proxyError: 'http_response_body_size',
  },
  closed: {
    status: 502,
    proxyError: 'connection_terminated',
  },
}

/** The failure a fault amounts to: the application's, or ours (500, no details). */
export const failureOf = (fault: Fault): Failure =>
  fault.source === 'upstream'
    ? { ...failures[fault.kind], ...applicationTexts[fault.kind] }
    : { status: 500, ...failureTexts.mistake }
