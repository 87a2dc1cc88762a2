/**
 * Security events as syslog messages (RFC 5424), octet-counted (RFC 6587) over TLS (RFC 5425): writing and sending them.
 *
 * It keeps no queue (`event-stream.ts` does) and takes no address from anybody but configuration. Syslog answers nothing,
 * so each batch has a connection of its own, which we end. Invariant: a batch counts as taken only once the receiver has
 * closed its side after ours, without an error, which it does once it has read to the end. Leaving the connection open was
 * refused: what lies in a socket's buffer when the receiver falls would be lost and nobody would know.
 */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { connect, type TLSSocket } from 'node:tls'
import type { DurationMs, Instant } from '../../policies/instant.ts'
import type { Checked, Problem } from '../../policies/problem.ts'
import type { Config } from '../../runtime/config.ts'
import type { WebhookOutcome } from './webhook-send.ts'

/** Where to. `ca`: PEM; `null`: the authorities that Node.js trusts. */
export type SyslogTarget = { readonly host: string; readonly port: number; readonly ca: string | null }

/** One message. `id`: what it is (an event's action); `data`: its structured data; `text`: JSON. */
export type SyslogMessage = {
  readonly at: Instant
  readonly severity: 'warning' | 'informational'
  readonly id: string
  readonly data: Readonly<Record<string, string>>
  readonly text: string
}

const sendMs: DurationMs = 10_000
const settleMinMs: DurationMs = 20
/** "Log audit". */
const facility = 13
const severities = { warning: 4, informational: 6 } as const
/** The number that RFC 5612 leaves to examples: there is none of our own. */
const dataName = 'gatehouse@32473'

const printable = (text: string, lengthMax: number): string =>
  text.replace(/[^\x21-\x7e]/g, '_').slice(0, lengthMax) || '-'

const escaped = (text: string): string => text.replace(/["\\\]]/g, '\\$&').replace(/\p{Cc}/gu, ' ')

/** A message as it goes out, its length in octets in front. */
export function writeSyslog({ at, severity, id, data, text }: SyslogMessage): Buffer {
  const priority = facility * 8 + severities[severity]
  const fields = Object.entries(data).map(([name, value]) => `${name}="${escaped(value)}"`)
  const head = [
    `<${priority}>1`,
    new Date(at).toISOString(),
    printable(hostname(), 255),
    ...['gatehouse', '-'],
    printable(id, 32),
    `[${[dataName, ...fields].join(' ')}]`,
  ].join(' ')
  // The mark says that the text is UTF-8.
  const message = Buffer.from(`${head} \ufeff${text}`)
  return Buffer.concat([Buffer.from(`${message.length} `), message])
}

const causeOf = (error: unknown): string =>
  (error instanceof Error && 'code' in error ? String(error.code) : 'not reached').slice(0, 100)

/** An error with a code that tells an operator what happened. */
const failed = (code: string): Error => Object.assign(new Error(code), { code })

/**
 * Resolves once the receiver closed its side after ours; rejects with what failed, or in 10 s. Before we close, it has the
 * time that connecting took, which is some round trips, to say that it is gone: a side that closes first has not read all.
 */
const deliver = (socket: TLSSocket, bytes: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    const begunAt = performance.now()
    const late = setTimeout(() => socket.destroy(failed('not closed in 10 s')), sendMs)
    let settling: NodeJS.Timeout | undefined
    let isOurEnd = false
    let isTheirs = false
    socket.on('error', reject)
    socket.once('end', () => {
      isTheirs = isOurEnd
    })
    socket.once('close', () => {
      clearTimeout(late)
      clearTimeout(settling)
      if (isTheirs) resolve()
      else reject(failed('closed before the end'))
    })
    socket.once('secureConnect', () => {
      const settleMs = Math.max(settleMinMs, performance.now() - begunAt)
      // Nothing is expected back; what comes is read so that the end is.
      socket.resume()
      socket.write(bytes, () => {
        settling = setTimeout(() => {
          isOurEnd = true
          socket.end()
        }, settleMs)
      })
    })
  })

/** Sends messages once, on a connection of their own, within 10 s. Never rejects. */
export async function sendSyslog(
  { host, port, ca }: SyslogTarget,
  messages: readonly SyslogMessage[],
): Promise<WebhookOutcome> {
  try {
    const options = {
      host,
      port,
      minVersion: 'TLSv1.2' as const,
      rejectUnauthorized: true,
      ...(ca === null ? {} : { ca }),
    }
    await deliver(connect(options), Buffer.concat(messages.map(writeSyslog)))
    return { outcome: 'delivered', answer: 'closed' }
  } catch (error) {
    return { outcome: 'later', answer: causeOf(error) }
  }
}

/** The configured servers by name. Problems: of the files with authorities, all at once. */
export function readSyslogTargets(
  syslog: Config['audit']['syslog'],
): Checked<ReadonlyMap<string, SyslogTarget>> {
  const targets = new Map<string, SyslogTarget>()
  const problems: Problem[] = []
  for (const { name, host, port, caFile } of syslog) {
    try {
      const ca = caFile === null ? null : readFileSync(caFile, 'utf8')
      if (ca?.includes('-----BEGIN CERTIFICATE-----') === false)
        problems.push({ path: caFile ?? '', sentence: 'holds no certificate in PEM' })
      targets.set(name, { host, port, ca })
    } catch {
      problems.push({
        path: caFile ?? '',
        sentence: 'cannot be read: authorities for a syslog server belong in it',
      })
    }
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: targets }
}
