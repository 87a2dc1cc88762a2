/**
 * What a browser is told when an application fails: one table from kinds of Fault to status and public words.
 *
 * The cause stays in the log. Invariant: a total table, so that no failure of an application ends as an empty page
 * or, worse, as its half answer. Passing error texts through was refused: they name hosts and ports.
 */
import type { Fault, FaultKind } from '../runtime/fault.ts'
import type { Failure } from './refusal.ts'

const titles = { 502: 'The application gave no answer', 503: 'The application is not reachable' } as const

const failures: Readonly<Record<FaultKind, Failure>> = {
  unreachable: {
    status: 503,
    title: titles[503],
    sentence: 'The practice application cannot be reached at the moment.',
    proxyError: 'connection_refused',
    retryAfterMs: 5_000,
  },
  timeout: {
    status: 504,
    title: 'The application takes too long',
    sentence: 'The practice application did not answer in time.',
    proxyError: 'http_response_timeout',
  },
  refused: {
    status: 502,
    title: titles[502],
    sentence: 'The practice application refused the connection.',
    proxyError: 'connection_refused',
  },
  untrusted: {
    status: 502,
    title: titles[502],
    sentence: 'The practice application could not prove that it is the right one.',
    proxyError: 'tls_certificate_error',
  },
  reset: {
    status: 502,
    title: titles[502],
    sentence: 'The practice application closed the connection.',
    proxyError: 'connection_terminated',
  },
  garbage: {
    status: 502,
    title: titles[502],
    sentence: 'The practice application gave an answer that is not HTTP.',
    proxyError: 'http_protocol_error',
  },
  truncated: {
    status: 502,
    title: titles[502],
    sentence: 'The answer of the practice application broke off.',
    proxyError: 'http_response_incomplete',
  },
  full: {
    status: 502,
    title: titles[502],
    sentence: 'The answer of the practice application was too large here.',
    proxyError: 'http_response_body_size',
  },
  closed: {
    status: 502,
    title: titles[502],
    sentence: 'The connection to the practice application was closed.',
    proxyError: 'connection_terminated',
  },
}

/** The failure a fault amounts to: the application's, or ours (500, no details). */
export const failureOf = (fault: Fault): Failure =>
  fault.source === 'upstream'
    ? failures[fault.kind]
    : {
        status: 500,
        title: 'Something went wrong here',
        sentence: 'The gateway could not handle this request.',
      }
