/**
 * The part of the configuration that is about telling people and machines: mail and webhooks.
 *
 * It opens nothing. Invariant: where Gatehouse sends anything is written here and never by an admin of a practice, so
 * that nobody makes the control plane call an address of their choice; secrets stay in files of their own; mail and
 * webhooks cross a network only encrypted. An address in practice policy was refused (SSRF).
 */
import { z } from 'zod'
import type { Problem } from '../policies/problem.ts'

const secretFile = z.string().min(1).max(1_000)

const smtpSchema = z.strictObject({
  host: z
    .string()
    .regex(/^[A-Za-z0-9.:-]{1,253}$/, 'expected a host name or an address')
    .nullable()
    .default(null)
    .describe('The mail server.'),
  port: z.number().int().min(1).max(65_535).default(587).describe('Its port.'),
  encryption: z
    .enum(['starttls', 'tls', 'none'])
    .default('starttls')
    .describe(
      '`starttls`: required after the greeting; `tls`: from the first byte (port 465); `none`: only on this machine.',
    ),
  user: z.string().min(1).max(200).nullable().default(null).describe('Who signs in there; `null`: nobody.'),
  passwordFile: secretFile
    .nullable()
    .default(null)
    .describe('A file with the password, readable by its owner only.'),
  from: z
    .string()
    .max(254)
    .regex(/^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$/, 'expected an address such as gatehouse@example.com')
    .nullable()
    .default(null)
    .describe('The sender’s address.'),
})

/** `notifications` of the configuration. */
export const notificationsSchema = z.strictObject({
  mail: z
    .enum(['off', 'smtp', 'console'])
    .default('off')
    .describe(
      'How mail goes out. `console`: into the log, with every link and code in it; for development only. `off`: what would be sent is dropped and counted.',
    ),
  smtp: smtpSchema.prefault({}).describe('The mail server of `mail: smtp`.'),
})

const isLoopback = (host: string): boolean => /^(?:localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/.test(host)

/** Every Problem of `notifications` whose single values are right. */
export function notificationProblems({
  mail,
  smtp,
}: z.output<typeof notificationsSchema>): readonly Problem[] {
  const problems: Problem[] = []
  const add = (key: string, sentence: string): void =>
    void problems.push({ path: `notifications.${key}`, sentence })
  if (mail === 'smtp' && smtp.host === null) add('smtp.host', 'must be given with mail: smtp')
  if (mail === 'smtp' && smtp.from === null) add('smtp.from', 'must be given with mail: smtp')
  if (smtp.encryption === 'none' && smtp.host !== null && !isLoopback(smtp.host))
    add('smtp.encryption', 'none is for a server on this machine: mails carry links that let people in')
  if ((smtp.user === null) !== (smtp.passwordFile === null))
    add(smtp.user === null ? 'smtp.user' : 'smtp.passwordFile', 'must be given too: both or neither')
  return problems
}
