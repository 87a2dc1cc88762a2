/**
 * The way out for mail: an SMTP server, the log, or nowhere; chosen by configuration.
 *
 * It keeps and repeats nothing (`mail-delivery.ts` does). Invariant: mail crosses a network only encrypted, since links
 * and codes are in it; in the log it appears only where configuration says `console`, which is for development. Falling
 * back to the log where no server is named was refused: a production log would hold links that let people in.
 */
import { createTransport } from 'nodemailer'
import type { Instant } from '../../policies/instant.ts'
import type { Checked } from '../../policies/problem.ts'
import type { Config } from '../../runtime/config.ts'
import type { Log } from '../../runtime/log.ts'
import { readSecret } from '../../runtime/secret-file.ts'
import type { Mail } from './mail-queue.ts'

/** A mail on its way. `id`: stays the same however often it is tried. */
export type OutgoingMail = Mail & { readonly id: number; readonly queuedAt: Instant }

/**
 * What became of a mail. `dropped`: there is no way out; `refused`: the server will never take this one; `later`: try
 * again. `why` carries no address and no text of the mail.
 */
export type MailOutcome =
  | { readonly outcome: 'sent' }
  | { readonly outcome: 'dropped' }
  | { readonly outcome: 'refused'; readonly why: string }
  | { readonly outcome: 'later'; readonly why: string }

/** Sends one mail within a minute; never rejects. */
export type Mailer = (mail: OutgoingMail) => Promise<MailOutcome>

const connectMs = 10_000
const silenceMs = 20_000

type SmtpSettings = Config['notifications']['smtp']

const fieldOf = (error: unknown, name: string): unknown =>
  typeof error === 'object' && error !== null && name in error ? Reflect.get(error, name) : undefined

/** The server's words may repeat the recipient: only codes are told. */
function failureOf(error: unknown): MailOutcome {
  const code = String(fieldOf(error, 'code') ?? 'unknown')
  const status = Number(fieldOf(error, 'responseCode') ?? 0)
  const why = status > 0 ? `${code} ${status}` : code
  // A wrong password is the operator's to mend; a recipient that is refused for good is not.
  const isForGood = (code === 'EENVELOPE' || code === 'EMESSAGE') && status >= 500
  return { outcome: isForGood ? 'refused' : 'later', why }
}

function createSmtpMailer(smtp: SmtpSettings, from: string, password: string | null): Mailer {
  const transport = createTransport({
    host: smtp.host ?? '',
    port: smtp.port,
    secure: smtp.encryption === 'tls',
    requireTLS: smtp.encryption === 'starttls',
    ignoreTLS: smtp.encryption === 'none',
    ...(smtp.user === null || password === null ? {} : { auth: { user: smtp.user, pass: password } }),
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    dnsTimeout: connectMs,
    socketTimeout: silenceMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const domain = from.slice(from.lastIndexOf('@') + 1)
  return async ({ id, to, subject, text, queuedAt }) => {
    try {
      await transport.sendMail({
        from: { name: 'Gatehouse', address: from },
        to: { name: '', address: to },
        subject,
        text,
        date: new Date(queuedAt),
        // The same at every try: who gets one twice sees it once.
        messageId: `<${queuedAt}.${id}@${domain}>`,
        headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
      })
      return { outcome: 'sent' }
    } catch (error) {
      return failureOf(error)
    }
  }
}

const createConsoleMailer =
  (log: Log): Mailer =>
  ({ to, subject, text }) => {
    log.warn({ to, subject, text }, 'mail, written here because notifications.mail is console')
    return Promise.resolve({ outcome: 'sent' })
  }

/** The way out that configuration names. Problems: of the password's file. */
export function createMailer({ mail, smtp }: Config['notifications'], log: Log): Checked<Mailer> {
  if (mail === 'off') return { ok: true, value: () => Promise.resolve({ outcome: 'dropped' }) }
  if (mail === 'console') return { ok: true, value: createConsoleMailer(log) }
  if (smtp.from === null) throw new Error('invariant: mail by smtp has a sender')
  if (smtp.passwordFile === null) return { ok: true, value: createSmtpMailer(smtp, smtp.from, null) }
  const password = readSecret(smtp.passwordFile)
  if (password === null)
    return {
      ok: false,
      problems: [{ path: smtp.passwordFile, sentence: 'is not there: the mail password belongs in it' }],
    }
  return password.ok ? { ok: true, value: createSmtpMailer(smtp, smtp.from, password.value) } : password
}
