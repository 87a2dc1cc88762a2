/**
 * What a room needs of a log, and that log as JSON lines (pino).
 *
 * One event, one line: JSON escapes every line break, so that no field can forge a second event. `error` means that
 * someone must act now. Never in a field: session tokens (`shortHash` names a session), cookies, codes, bodies,
 * queries; known names of secrets are censored as a last net. Logging is not audit (`admin/store`). Handing pino
 * itself around was refused: rooms would depend on its hundred options.
 */
import { hash } from 'node:crypto'
import { type DestinationStream, pino } from 'pino'
import type { Instant } from '../policies/instant.ts'

/** The facts of an event: bounded, flat, without secrets. An `Error` under `error` is written with its causes. */
export type LogFields = Readonly<Record<string, unknown>>

/** Writes events; never throws. */
export type Log = {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  /** Someone must act now. */
  error(fields: LogFields, message: string): void
  /** The same log with fields that every line of it carries. */
  with(fields: LogFields): Log
}

/** How much is written; `silent`: nothing. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** A log that says nothing: for tests, and for tools whose output is their own. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silentLog,
}

/** Names under which a secret would travel, should someone log a whole object after all. */
const secretNames = [
  'authorization',
  'bearer',
  'clusterKey',
  'code',
  'cookie',
  'cookies',
  'password',
  'secret',
  'set-cookie',
  'ticket',
  'token',
  'url',
] as const

const secretPaths = secretNames.flatMap((name) => {
  const step = /^\w+$/.test(name) ? name : `["${name}"]`
  return [step, step.startsWith('[') ? `*${step}` : `*.${step}`]
})

const textMax = 2_000

const cut = (text: string): string => (text.length > textMax ? `${text.slice(0, textMax)}…` : text)

/** An error as fields: its message with those of its causes, and its stack; at most five deep. */
function errorFields(error: unknown): LogFields {
  const messages: string[] = []
  let cause: unknown = error
  for (let depth = 0; depth < 5 && cause !== undefined; depth++) {
    messages.push(cause instanceof Error ? cause.message : String(cause))
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return {
    message: cut(messages.join(' ← ')),
    stack: error instanceof Error && error.stack !== undefined ? cut(error.stack) : undefined,
  }
}

/**
 * A log of JSON lines `{"level":"warn","at":…,"plane":…,…fields,"message":…}` on standard output or `stream`.
 * `at` is `now()` in ISO 8601 (absent: the machine's clock; a log decides nothing). About 9 µs a line: every refusal is worth one, not every permit.
 */
export function createLog(options: {
  readonly level: LogLevel
  readonly plane: string
  readonly now?: () => Instant
  readonly stream?: DestinationStream
}): Log {
  const { now = Date.now } = options
  const settings = {
    level: options.level,
    base: { plane: options.plane },
    messageKey: 'message',
    timestamp: () => `,"at":"${new Date(now()).toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: errorFields },
    redact: { paths: secretPaths, censor: '[secret]' },
  }
  const wrap = (lines: pino.Logger): Log => ({
    debug: (fields, message) => lines.debug(fields, message),
    info: (fields, message) => lines.info(fields, message),
    warn: (fields, message) => lines.warn(fields, message),
    error: (fields, message) => lines.error(fields, message),
    with: (fields) => wrap(lines.child(fields)),
  })
  return wrap(options.stream === undefined ? pino(settings) : pino(settings, options.stream))
}

/** Names a secret in logs without giving it away: the first 8 characters of its SHA-256 in base64url. */
export const shortHash = (secret: string): string => hash('sha256', secret, 'base64url').slice(0, 8)
